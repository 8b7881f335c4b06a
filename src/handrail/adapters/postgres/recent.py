"""Ids that this process met lately, by which it guesses what the log holds already: nearly every repeat is a retry."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from handrail.core.events import Event

IDS = 65_536
"""At least so many are remembered, at most twice as many: 100 bytes each."""
DOUBTED = 100
"""Groups that are looked up whole after a guess was wrong, which cost a transaction."""


class RecentIds:
    """Guesses which ids are known. Only the database knows: who is told of none may still find one there."""

    def __init__(self) -> None:
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()
        self._doubted = 0

    def suspects(self, group: Mapping[bytes, Event]) -> Collection[bytes]:
        """The ids of a group that have to be looked up."""
        if self._doubted:
            self._doubted -= 1
            return group.keys()
        return (group.keys() & self._young) | (group.keys() & self._old)

    def add(self, ids: Collection[bytes]) -> None:
        """Remember ids that the log holds."""
        self._young.update(ids)
        if len(self._young) >= IDS:
            self._old, self._young = self._young, set()

    def doubt(self) -> None:
        """Have all ids looked up for a while: one was known that was not suspected."""
        self._doubted = DOUBTED
