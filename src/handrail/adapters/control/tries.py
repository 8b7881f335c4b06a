"""Tries to sign in, in the control database: they count over restarts, and over every process on one PostgreSQL."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.tables import sign_in_try as table
from handrail.workspace.guessing import KNOWN_FOR, WINDOW, Kind, Tries, next_try


class ControlTries:
    """See `workspace.guessing.SignInTries`."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    async def count(self, kind: Kind, name: str, now: int, free: int, most: int) -> int:
        mine = (table.c.kind == kind) & (table.c.name == name)
        async with self._database.transaction() as connection:
            # The row is there before it is read, so that of two tries at once the second waits for the first.
            await _insert(connection, kind, name, Tries())
            row = (await connection.execute(select(table).where(mine).with_for_update())).one()
            tries, waiting = next_try(Tries(row.since, row.wrong, row.last), now, free, most)
            values = {"since": tries.since, "wrong": tries.count, "last": tries.last}
            await connection.execute(update(table).where(mine).values(values))
        return waiting

    async def forgive(self, kind: Kind, name: str) -> None:
        mine = (table.c.kind == kind) & (table.c.name == name) & (table.c.wrong > 0)
        async with self._database.transaction() as connection:
            await connection.execute(update(table).where(mine).values(wrong=table.c.wrong - 1))

    async def know(self, name: str, now: int) -> None:
        mine = (table.c.kind == "known") & (table.c.name == name)
        async with self._database.transaction() as connection:
            await _insert(connection, "known", name, Tries(now, 0, now))
            await connection.execute(update(table).where(mine).values(last=now))

    async def is_known(self, name: str, now: int) -> bool:
        query = select(table.c.last).where(table.c.kind == "known", table.c.name == name)
        async with self._database.transaction() as connection:
            last = (await connection.execute(query)).scalar_one_or_none()
        return last is not None and now < last + KNOWN_FOR

    async def tidy(self, now: int) -> None:
        """Drop what counts no more."""
        async with self._database.transaction() as connection:
            over = (table.c.kind != "known") & (table.c.since <= now - WINDOW)
            await connection.execute(delete(table).where(over))
            await connection.execute(delete(table).where(table.c.kind == "known", table.c.last <= now - KNOWN_FOR))


async def _insert(connection: AsyncConnection, kind: Kind, name: str, tries: Tries) -> None:
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {"kind": kind, "name": name, "since": tries.since, "wrong": tries.count, "last": tries.last}
    await connection.execute(upsert(table).values(values).on_conflict_do_nothing(index_elements=["kind", "name"]))
