"""People read lately, kept until an event touches what they were read from.

Exact, not timed: whoever waits for a fold (`Log.folded`) reads what that fold left. It belongs to the loop's thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from handrail.core.fold import Key, Keys, State
from handrail.core.people import Person

KEPT = 5_000
"""A person is a few kilobytes; a page that is open asks again within minutes or not for hours."""

Asked: TypeAlias = tuple[str, str | None, str | None]
"""Environment, anonymous id, user id."""


class _Kept(msgspec.Struct, frozen=True):
    person: Person
    rows: tuple[Key, ...]


class KnownPersons:
    """Persons by how they were asked for, with the rows whose change makes them stale.

    Rows are named as subjects are (`a:`, `u:`), a company as `c:` and a set of aliases, by its canonical id, as `s:`.
    """

    def __init__(self) -> None:
        self._persons: dict[Asked, _Kept] = {}
        self._readers: dict[Key, set[Asked]] = {}

    def get(self, asked: Asked) -> Person | None:
        """The person, if nothing has touched them since they were kept."""
        kept = self._persons.get(asked)
        return None if kept is None else kept.person

    def keep(self, asked: Asked, person: Person, rows: Iterable[Key]) -> None:
        """Keep a person just read from `rows`, there or not."""
        if len(self._persons) >= KEPT:
            self._drop(next(iter(self._persons)))
        self._drop(asked)
        kept = self._persons[asked] = _Kept(person, tuple(rows))
        for row in kept.rows:
            self._readers.setdefault(row, set()).add(asked)

    def forget(self, touched: Iterable[Key]) -> None:
        """Forget whoever was read from one of these rows."""
        if not self._readers:
            return
        for row in self._readers.keys() & touched:
            for asked in tuple(self._readers.get(row, ())):
                self._drop(asked)

    def clear(self) -> None:
        """Forget everyone."""
        self._persons.clear()
        self._readers.clear()

    def _drop(self, asked: Asked) -> None:
        gone = self._persons.pop(asked, None)
        if gone is None:
            return
        for row in gone.rows:
            readers = self._readers[row]
            readers.discard(asked)
            if not readers:
                del self._readers[row]


def rows_touched(state: State, changed: Keys) -> set[Key]:
    """The rows that a fold changed, in the names that readers know them by."""
    rows = set(changed.subjects)
    rows.update((environment, "c:" + group) for environment, group in changed.companies)
    for environment, anonymous in changed.links:
        rows.add((environment, "a:" + anonymous))
        rows.add((environment, "u:" + state.links[environment, anonymous].user_id))
    for environment, user in changed.aliases:
        rows.add((environment, "u:" + user))
        # Members of the set that keep their canonical id are joined by new ones all the same.
        rows.add((environment, "s:" + state.aliases[environment, user]))
    return rows
