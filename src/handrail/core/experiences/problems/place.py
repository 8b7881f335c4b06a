"""Places: where in a document something stands, and what the document is checked against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from handrail.core.conditions.model import Condition
from handrail.core.experiences.model import Experience
from handrail.core.problems import Problem

MAX_SECONDS = 3600


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a document is checked against: what else is live (or comes with the same apply), by key.

    `check_pattern` says why an RE2 pattern may not be used, or None. `check_code` says the same of a run_js action's
    code, as a problem's code and message.
    """

    experiences: frozenset[str] = frozenset()
    posts: frozenset[str] = frozenset()
    segments: Mapping[str, Condition] = {}
    themes: frozenset[str] = frozenset()
    run_js: bool = False
    check_pattern: Callable[[str], str | None] = lambda pattern: None
    check_code: Callable[[str], tuple[str, str] | None] = lambda code: None


class Place(msgspec.Struct, frozen=True):
    """Where in a document something stands. `steps` are the keys to go to, None where there is nowhere to go."""

    document: Experience
    around: Surroundings
    first_step: bool
    steps: tuple[str, ...] | None = None

    @property
    def kind(self) -> str:
        return str(self.document.__struct_config__.tag)

    @property
    def locale(self) -> str:
        return self.document.default_locale


def seconds_problems(seconds: float, path: str) -> Iterator[Problem]:
    if not 0 <= seconds <= MAX_SECONDS:
        yield Problem("seconds", path, f"A wait takes 0 to {MAX_SECONDS} seconds.")
