"""The few words of ours on a host page (Close, Next, 2 of 5), in the reader's language.

English stands in the browser packages where each word is used. Other languages are told by boot, so that a page loads
one language at most. `words.json` has them: language, then word, then text; `#` stands for a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import msgspec

Words = Mapping[str, str]


@lru_cache(maxsize=1)
def all_words() -> Mapping[str, Words]:
    """Every language but English."""
    return msgspec.json.decode((files("handrail.delivery") / "words.json").read_bytes(), type=dict[str, dict[str, str]])


def words_for(locale: str) -> Words:
    """Our words for a reader of `locale`: the language's own, or nothing where English is what we have."""
    return all_words().get(locale.partition("-")[0].lower(), {})
