"""What ingest needs from the outside: a log to append to, and the state that follows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

import msgspec

from handrail.core.events import Event
from handrail.core.fold import FoldRules
from handrail.core.people import Company, Listed, Person, Subject
from handrail.ingest.erasure import Cut


class Appended(msgspec.Struct, frozen=True):
    """What became of one batch: its events' last position, and which of them had been counted before."""

    position: int
    stored: int
    duplicates: int


class Progress(msgspec.Struct, frozen=True):
    """How far something long has come: so much of so much, in whatever it counts."""

    done: int
    total: int


class RebuildReport(msgspec.Struct, frozen=True):
    """What refolding the log from the start gave, beside the state that serves. No differences: the two are equal."""

    events: int
    rows: int
    differences: tuple[str, ...]
    """Each row that differs, as `table environment id`."""


class Log(Protocol):
    """The append-only log of one installation; positions grow, and a returned position is on disk.

    An event whose (environment, message id) the log already holds is a duplicate: acknowledged, counted, not kept.
    """

    async def append(self, events: Sequence[Event]) -> Appended:
        """Keep new events, synced, and fold them. Joins the group commit under way. Raises Unavailable: retry later.

        An append that raised may still have been kept, as with any answer that is lost; a repeat is then a duplicate.
        """
        ...

    def read(self, after: int, limit: int = 1000) -> AsyncIterator[tuple[int, Event]]:
        """Events behind position `after`, in order."""
        ...

    async def end(self) -> int:
        """The position of the last event that can be read now."""
        ...

    async def folded(self, position: int) -> None:
        """Return once state has caught up with `position`. Raises Unavailable when it cannot just now."""
        ...

    async def settled(self) -> None:
        """Return once state has caught up with everything that is acknowledged by now. Raises Unavailable."""
        ...

    async def follow(self, environment: str, rules: FoldRules) -> None:
        """Fold this environment by these rules from now on; counters that are new are counted back over the log."""
        ...

    async def counting(self, environment: str) -> Progress | None:
        """How far new counters have been counted back, in whichever process; None when none is being counted."""
        ...

    async def erase(self, environment: str, subjects: Collection[str], cut: Cut) -> int:
        """Delete what is known of `subjects` and, of every event, what `cut` leaves out. Returns how many were cut.

        Nothing of them is read any more when this returns, and nothing of them is left in the files. May run again.
        """
        ...

    def roster(self) -> Roster:
        """People of every environment, as members look for them."""
        ...

    def people(self, environment: str) -> People:
        """Folded state of one environment."""
        ...

    async def rebuild(self) -> RebuildReport:
        """Fold the whole log into a fresh state and compare it with the one that serves."""
        ...


class Roster(Protocol):
    """People as members look for them."""

    async def page(self, environment: str, *, after: str, limit: int, search: str, anonymous: bool) -> list[Listed]:
        """People whose id, e-mail address or name holds `search`, in the order of their ids, from behind `after`.

        Users, and with `anonymous` those who belong to no user; one line a person, by their canonical id.
        """
        ...

    async def ids(self, environment: str, *, after: str, limit: int) -> list[str]:
        """Every subject of which anything is known, also that it is somebody else's, in order, from behind `after`."""
        ...

    async def known(self, environment: str, subjects: Collection[str]) -> set[str]:
        """Those of these subjects that did something, and were not forgotten."""
        ...

    async def subjects(self, environment: str, anonymous_id: str | None, user_id: str | None) -> list[str]:
        """Every subject (`u:`, `a:`) that is this person, known or not."""
        ...

    async def events(self, environment: str, subjects: Collection[str], *, limit: int | None) -> list[Event]:
        """Events of these subjects, the latest first. With a limit, one that is long ago may be passed over."""
        ...


class People(Protocol):
    """Folded state of one environment's users. The environment is fixed when the port is made."""

    async def user(self, anonymous_id: str | None, user_id: str | None) -> Subject:
        """Everything known of this person: the subjects that belong together, merged."""
        ...

    async def users(self, persons: Sequence[str]) -> dict[str, Subject]:
        """`user` for many in one go: by `u:` and a user id, or `a:` and an anonymous id."""
        ...

    async def company(self, group_id: str) -> Company:
        """A company's attributes."""
        ...

    async def person(self, anonymous_id: str | None, user_id: str | None) -> Person:
        """`user` and their `company` in one, ready to be asked."""
        ...
