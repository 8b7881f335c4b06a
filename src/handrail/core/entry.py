"""Entry: the ways into an experience, and what each of them obeys. `spec/tables/entry.json` is the authority."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from handrail.core.arbitration import EntryClass

Entry: TypeAlias = Literal[
    "page_opening",
    "element_click",
    "page_exit",
    "event",
    "manual",
    "link",
    "launch_experience",
    "agent",
    "resume",
    "preview",
]
Check: TypeAlias = Literal["start_end", "audience", "where", "frequency", "rate_limit", "arbitration"]

CHECKS: tuple[Check, ...] = ("start_end", "audience", "where", "frequency", "rate_limit", "arbitration")
"""In the order they are told: the first that refuses is the reason."""

_EVERYTHING = frozenset(CHECKS)
_ASKED_FOR: frozenset[Check] = frozenset({"start_end", "audience", "where", "arbitration"})
OBEYS: Mapping[Entry, frozenset[Check]] = {
    "page_opening": _EVERYTHING,
    "element_click": _EVERYTHING,
    "page_exit": _EVERYTHING,
    "event": _EVERYTHING,
    "manual": _ASKED_FOR,
    "link": frozenset({"arbitration"}),
    "launch_experience": _ASKED_FOR - {"arbitration"},
    "agent": _ASKED_FOR,
    "resume": _ASKED_FOR - {"where"},
    "preview": frozenset({"arbitration"}),
}

CLASS_OF: Mapping[Entry, EntryClass] = {
    "page_opening": "automatic",
    "element_click": "automatic",
    "page_exit": "automatic",
    "event": "automatic",
    "manual": "user",
    "link": "user",
    "launch_experience": "launched",
    "agent": "user",
    "resume": "resume",
    "preview": "preview",
}


def refusal(entry: Entry, failed: Mapping[Check, str]) -> str | None:
    """The reason code for which this way in does not show it, or None. `failed` has a reason for each failed check."""
    return next((failed[check] for check in CHECKS if check in failed and check in OBEYS[entry]), None)
