"""Problems: what keeps a document from being published, each at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong: a stable code, the path it sits at (`content.steps[2].target`), a sentence."""

    code: str
    path: str
    message: str
    severity: Literal["error", "warning"] = "error"


def key_problems(key: str, path: str = "key") -> Iterator[Problem]:
    """Why a key cannot be one: it names files, addresses and events, so it is plain."""
    if KEY.fullmatch(key) is None:
        yield Problem("key", path, f"{key!r} is no key: letters, digits, _ . and -, at most 100, the first no sign.")
