"""Events that this process has just committed and that state does not know yet: folding need not read them back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from handrail.core.events import Event

EVENTS = 50_000
BYTES = 32 * 1024 * 1024
"""So many wait before they are folded even while more come; twice as many find room meanwhile."""


class Group(msgspec.Struct, frozen=True, gc=False):
    """What one transaction kept: all of its events, in order, and the position of the last."""

    position: int
    events: Sequence[Event]
    size: int
    """Bytes of their bodies, at most."""


class HotEvents:
    """A few groups, by position. What finds no room is in the log."""

    def __init__(self) -> None:
        self._groups: deque[Group] = deque()
        self._count = 0
        self._size = 0

    @property
    def many(self) -> bool:
        """Whether it is time to fold them."""
        return self._count >= EVENTS or self._size >= BYTES

    def add(self, group: Group) -> None:
        """Remember a group, which is behind all that are here."""
        if self._count < 2 * EVENTS and self._size < 2 * BYTES:
            self._groups.append(group)
            self._count += len(group.events)
            self._size += group.size

    def forget(self, upto: int) -> None:
        """Drop what is folded up to a position, and a group that is folded in part."""
        while self._groups and self._groups[0].position >> 64 <= upto >> 64:
            gone = self._groups.popleft()
            self._count -= len(gone.events)
            self._size -= gone.size

    def clear(self) -> None:
        """Drop everything."""
        self._groups.clear()
        self._count = self._size = 0

    def below(self, end: int) -> list[Group]:
        """The groups in front of a position."""
        return [group for group in self._groups if group.position < end]
