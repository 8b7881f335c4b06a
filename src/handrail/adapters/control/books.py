"""The books in the control database: rows by environment and time, to whose numbers every process adds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.tables import account, sample, tally
from handrail.ingest.accounting import Account, Entries, Key, Kind, Minute, Sample, Tallies, summed

NUMBERS = ("received", "made", "stored", "duplicate")
REJECTED, REFUSED = "rejected:", "refused:"
NOBODY = ""
"""Stands for the environment of requests that were refused before one was known."""
AT_ONCE = 1_000
"""Rows of one statement."""

_Row = tuple[str | int, ...]
"""The values of a table's columns in order, of which the last is how many."""


class ControlBooks:
    """See `ingest.accounting.Books`."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    async def add(self, entries: Entries) -> None:
        async with self._database.transaction() as connection:
            await _add(connection, account, _rows(entries))
            await _add(connection, tally, [(*key, number) for key, number in entries.tallies.items()])
            for each in entries.samples:
                values = {"environment": each.environment, "kind": each.kind, "name": each.name, "at": each.at}
                await connection.execute(insert(sample).values(values | {"body": each.body.decode()}))
            for environment, kind, name, most in {
                (each.environment, each.kind, each.name, each.most) for each in entries.samples
            }:
                mine = (sample.c.environment == environment) & (sample.c.kind == kind) & (sample.c.name == name)
                oldest = select(sample.c.id).where(mine).order_by(sample.c.id.desc()).offset(most).limit(1)
                await connection.execute(delete(sample).where(mine, sample.c.id <= oldest.scalar_subquery()))

    async def account(self, environment: str, since: int) -> Account:
        query = (
            select(account)
            .where(account.c.environment == environment, account.c.minute + 60_000 > since)
            .order_by(account.c.minute)
        )
        minutes: dict[int, Minute] = {}
        async with self._database.transaction() as connection:
            for row in await connection.execute(query):
                minute = minutes.setdefault(row.minute, Minute(row.minute))
                if row.what in NUMBERS:
                    setattr(minute, row.what, row.number)
                else:
                    minute.rejected[row.what.removeprefix(REJECTED)] = row.number
        samples = [msgspec.json.decode(each, type=Sample) for each in await self.samples(environment, "rejection", "")]
        found = list(minutes.values())
        return Account(summed(since, found), found, [each for each in samples if each.at >= since])

    async def refused(self, since: int) -> dict[str, int]:
        query = (
            select(account.c.what, func.sum(account.c.number))
            .where(account.c.environment == NOBODY, account.c.minute + 60_000 > since)
            .group_by(account.c.what)
        )
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return {what.removeprefix(REFUSED): int(number) for what, number in rows}

    async def tallies(self, environment: str) -> dict[str, Tallies]:
        query = (
            select(tally.c.name, tally.c.outcome, func.min(tally.c.hour), func.sum(tally.c.number))
            .where(tally.c.environment == environment)
            .group_by(tally.c.name, tally.c.outcome)
        )
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        since: dict[str, int] = {}
        counts: dict[str, dict[str, int]] = {}
        for name, outcome, first, number in rows:
            since[name] = min(since.get(name, first), first)
            counts.setdefault(name, {})[outcome] = int(number)
        return {name: Tallies(since[name], found) for name, found in counts.items()}

    async def samples(self, environment: str, kind: Kind, name: str) -> list[bytes]:
        mine = (sample.c.environment == environment) & (sample.c.kind == kind) & (sample.c.name == name)
        async with self._database.transaction() as connection:
            found = await connection.execute(select(sample.c.body).where(mine).order_by(sample.c.id.desc()))
            return [body.encode() for body in found.scalars()]

    async def mend(self, stored: Mapping[Key, int]) -> int:
        mended = 0
        # Alone: of two processes that mend the same minute, the second finds it done.
        async with self._database.alone() as connection:
            for (environment, minute), number in sorted(stored.items()):
                mine = (account.c.environment == environment) & (account.c.minute == minute)
                query = select(account.c.number).where(mine, account.c.what == "stored")
                missing = number - ((await connection.execute(query)).scalar_one_or_none() or 0)
                if missing > 0:
                    rows = [(environment, minute, what, missing) for what in ("received", "stored")]
                    await _add(connection, account, rows)
                    mended += missing
        return mended

    async def latest(self) -> int:
        """The latest minute that anything was entered for; 0 when nothing was."""
        async with self._database.transaction() as connection:
            return (await connection.execute(select(func.max(account.c.minute)))).scalar_one() or 0

    async def tidy(self, before: int) -> None:
        """Drop the minutes, tallies and samples from before an instant."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(account).where(account.c.minute < before))
            await connection.execute(delete(tally).where(tally.c.hour < before))
            await connection.execute(delete(sample).where(sample.c.at < before))


def _rows(entries: Entries) -> Iterator[_Row]:
    for (environment, at), minute in entries.minutes.items():
        for what in NUMBERS:
            if number := getattr(minute, what):
                yield environment, at, what, number
        for code, number in minute.rejected.items():
            yield environment, at, f"{REJECTED}{code}"[:200], number
    for (at, code), number in entries.refused.items():
        yield NOBODY, at, f"{REFUSED}{code}"[:200], number


async def _add(connection: AsyncConnection, table: Table, rows: Iterable[_Row]) -> None:
    """Add to the numbers of rows that may be there."""
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # In one order for everybody, so that two processes never wait for each other.
    ordered = sorted(rows)
    for start in range(0, len(ordered), AT_ONCE):
        values = [dict(zip(table.c.keys(), row, strict=True)) for row in ordered[start : start + AT_ONCE]]
        statement = upsert(table).values(values)
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(table.primary_key),
                set_={"number": table.c.number + statement.excluded.number},
            )
        )
