"""Jobs in the control database.

On PostgreSQL a claim skips the rows that another one's claim holds; on SQLite a transaction has the file alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, insert, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.tables import job as table
from handrail.workspace.jobs import Job, NewJob, Status

LOST = "its worker said nothing until the lease ended"


async def enqueue(connection: AsyncConnection, id: str, made: NewJob, now: int) -> bool:
    """Keep a job within a transaction: it is there once that is kept, or never was."""
    values = {
        "id": id,
        "kind": made.kind,
        "payload": bytes(made.payload).decode(),
        "status": "waiting",
        "run_at": made.run_at,
        "attempts": 0,
        "tries": made.tries,
        "created_at": now,
        "lease_until": 0,
        "worker": "",
        "error": "",
        "finished_at": 0,
        "key": made.key,
    }
    if made.key is None:
        await connection.execute(insert(table).values(values))
        return True
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = upsert(table).values(values).on_conflict_do_nothing(index_elements=["key"])
    return (await connection.execute(statement)).rowcount == 1


class ControlJobs:
    """The queue of one installation; see `workspace.jobs.Jobs`."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    async def enqueue(self, id: str, job: NewJob, now: int) -> bool:
        async with self._database.transaction() as connection:
            return await enqueue(connection, id, job, now)

    async def claim(self, worker: str, kinds: Sequence[str], now: int, lease: int) -> Job | None:
        silent = (table.c.status == "running") & (table.c.lease_until <= now)
        spent = table.c.attempts >= table.c.tries
        due = (table.c.status == "waiting") & (table.c.run_at <= now)
        first = (
            select(table.c.id)
            .where(table.c.kind.in_(kinds), or_(due, silent & ~spent))
            .order_by(table.c.run_at, table.c.created_at, table.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        async with self._database.transaction() as connection:
            await connection.execute(
                update(table).where(silent, spent).values(status="dead", worker="", error=LOST, finished_at=now)
            )
            found = (await connection.execute(first)).scalar_one_or_none()
            if found is None:
                return None
            taken = (
                update(table)
                .where(table.c.id == found)
                .values(status="running", worker=worker, attempts=table.c.attempts + 1, lease_until=now + lease)
                .returning(table)
            )
            return _job((await connection.execute(taken)).one())

    async def beat(self, job: Job, now: int, lease: int) -> bool:
        return await self._change(_held(job, now), lease_until=now + lease)

    async def finish(self, job: Job, now: int) -> bool:
        return await self._change(_held(job, now), status="done", worker="", lease_until=0, finished_at=now)

    async def fail(self, job: Job, error: str, now: int, again_at: int) -> bool:
        over = {"status": "dead", "finished_at": now} if job.attempts >= job.tries else {"status": "waiting"}
        return await self._change(_held(job, now), error=error, worker="", lease_until=0, run_at=again_at, **over)

    async def replay(self, id: str, now: int) -> bool:
        ended = (table.c.id == id) & table.c.status.in_(("dead", "done"))
        return await self._change(ended, status="waiting", run_at=now, attempts=0, finished_at=0)

    async def jobs(self, status: Status | None, after: tuple[int, str], limit: int) -> list[Job]:
        query = select(table).where(tuple_(table.c.created_at, table.c.id) > tuple_(*after))
        if status is not None:
            query = query.where(table.c.status == status)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query.order_by(table.c.created_at, table.c.id).limit(limit))
        return [_job(row) for row in rows]

    async def tidy(self, before: int) -> None:
        """Drop jobs that were done before an instant; dead letters stay until somebody has seen to them."""
        async with self._database.transaction() as connection:
            await connection.execute(table.delete().where(table.c.status == "done", table.c.finished_at < before))

    async def _change(self, where: ColumnElement[bool], **values: object) -> bool:
        async with self._database.transaction() as connection:
            return (await connection.execute(update(table).where(where).values(values))).rowcount == 1


def _held(job: Job, now: int) -> ColumnElement[bool]:
    """Whether this claim still holds: nobody took the job since, and its lease has not run out."""
    return (
        (table.c.id == job.id)
        & (table.c.status == "running")
        & (table.c.worker == job.worker)
        & (table.c.attempts == job.attempts)
        & (table.c.lease_until > now)
    )


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        payload=msgspec.Raw(row.payload.encode()),
        status=row.status,
        run_at=row.run_at,
        attempts=row.attempts,
        tries=row.tries,
        created_at=row.created_at,
        lease_until=row.lease_until,
        worker=row.worker,
        error=row.error,
        finished_at=row.finished_at,
        key=row.key,
    )
