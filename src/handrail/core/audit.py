"""The audit record: what was done to a project's most powerful switches, each entry sealed with the one before it.

Whoever changes, removes or moves an entry breaks the chain from there on, and `broken` says where. Entries cut off at
the end leave a whole chain behind: compare the last seal with one that was noted elsewhere to see that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

START = "0" * 64
"""What the first entry is sealed with."""


class AuditEntry(msgspec.Struct, frozen=True):
    """One thing that was done: its number from 1, when (milliseconds), by whom, what, and the particulars."""

    number: int
    at: int
    who: str
    what: str
    detail: Mapping[str, str]
    seal: str


def seal_of(project: str, number: int, at: int, who: str, what: str, detail: Mapping[str, str], before: str) -> str:
    """The seal of an entry that follows the one sealed `before`."""
    told = msgspec.json.encode([project, number, at, who, what, sorted(detail.items()), before])
    return hashlib.sha256(told).hexdigest()


def broken(project: str, entries: Iterable[AuditEntry]) -> int | None:
    """The number at which the chain breaks, None when it is whole. Entries in order."""
    before = START
    for expected, each in enumerate(entries, start=1):
        seal = seal_of(project, expected, each.at, each.who, each.what, each.detail, before)
        if each.number != expected or each.seal != seal:
            return expected
        before = each.seal
    return None
