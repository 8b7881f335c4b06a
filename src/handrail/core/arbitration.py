"""Arbitration: which of several due experiences goes first, and what the project's rate limit lets through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

EntryClass: TypeAlias = Literal["user", "resume", "preview", "launched", "automatic"]
"""How an experience comes to its turn: the user's own action, a run resumed, a preview, a launch, by itself."""

CLASSES: tuple[EntryClass, ...] = ("user", "resume", "preview", "launched", "automatic")

UNITS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
"""A rate limit's units in milliseconds."""


class Contender(msgspec.Struct, frozen=True):
    """One due experience and what its turn depends on."""

    id: str
    entry: EntryClass = "automatic"
    respects_rate_limit: bool = True
    priority: int = 3
    published_at: int = 0


def turn(contender: Contender) -> tuple[int, bool, int, int, str]:
    """Sort key of RULES 20: entry class, exempt from the limit, priority (5 first), oldest publication, id."""
    return (
        CLASSES.index(contender.entry),
        contender.respects_rate_limit,
        -contender.priority,
        contender.published_at,
        contender.id,
    )


class Allowance(msgspec.Struct, frozen=True):
    """Whether one more interrupting experience may show, and when the next may."""

    allowed: bool
    again_at: int = 0


def within_limit(count: int, window: int, shown: Sequence[int], now: int) -> Allowance:
    """Whether fewer than `count` experiences were shown in the last `window` milliseconds."""
    recent = sorted(instant for instant in shown if now - window < instant <= now)
    if len(recent) < count:
        return Allowance(True)
    return Allowance(False, recent[-count] + window)
