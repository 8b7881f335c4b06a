"""What ingest needs from the outside: a log to append to, and the state that follows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from handrail.core.events import Event
from handrail.core.people import Company, Subject


class Appended(msgspec.Struct, frozen=True):
    """What became of one batch: its events' last position, and which of them had been counted before."""

    position: int
    stored: int
    duplicates: int


class Log(Protocol):
    """The append-only log of one installation; positions grow, and a returned position is on disk."""

    async def append(self, events: Sequence[Event]) -> Appended:
        """Keep new events, synced, and fold them. Joins the group commit under way. Raises LogUnavailable."""
        ...

    def read(self, after: int, limit: int = 1000) -> AsyncIterator[tuple[int, Event]]:
        """Events behind position `after`, in order."""
        ...

    async def folded(self, position: int) -> None:
        """Return once state has caught up with `position`."""
        ...


class People(Protocol):
    """Folded state of one environment's users. The environment is fixed when the port is made."""

    async def user(self, anonymous_id: str | None, user_id: str | None) -> Subject:
        """Everything known of this person: the subjects that belong together, merged."""
        ...

    async def company(self, group_id: str) -> Company:
        """A company's attributes."""
        ...
