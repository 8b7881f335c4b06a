"""Retention settings and the clock in the control database."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from handrail.adapters.control.database import ControlDatabase, tell_others
from handrail.adapters.control.tables import clock, retention
from handrail.core.changes import PROJECTS
from handrail.workspace.retention import Clock, Retention

_NAME = "server"


class ControlRetention:
    """See `workspace.retention.RetentionSettings`."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    async def of(self, project: str) -> Retention:
        """What a project keeps things for."""
        query = select(retention.c.settings).where(retention.c.project_id == project)
        async with self._database.transaction() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
        return Retention() if found is None else msgspec.json.decode(found, type=Retention)

    async def put(self, project: str, settings: Retention) -> None:
        """Keep settings in place of others."""
        await self._change(project, settings=msgspec.json.encode(settings).decode())

    async def answers_from(self, project: str) -> int:
        """The instant before which no answer is kept any more."""
        query = select(retention.c.answers_from).where(retention.c.project_id == project)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar_one_or_none() or 0

    async def move_answers(self, project: str, instant: int) -> None:
        """Keep no answer from before an instant, in any process."""
        await self._change(project, answers_from=instant)

    async def clock(self) -> Clock | None:
        """The clock as it was last read."""
        async with self._database.transaction() as connection:
            return await _clock(connection)

    async def read_clock(self, read: Callable[[Clock | None], Clock]) -> Clock:
        """Keep what `read` makes of the clock. One process at a time."""
        async with self._database.alone() as connection:
            made = read(await _clock(connection))
            values = {"name": _NAME} | msgspec.structs.asdict(made)
            upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            statement = upsert(clock).values(values)
            await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
        return made

    async def _change(self, project: str, **values: object) -> None:
        whole = {"project_id": project, "settings": "{}", "answers_from": 0}
        async with self._database.transaction() as connection:
            upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            await connection.execute(
                upsert(retention).values(whole).on_conflict_do_nothing(index_elements=["project_id"])
            )
            await connection.execute(update(retention).where(retention.c.project_id == project).values(values))
            await tell_others(connection, PROJECTS)


async def _clock(connection: AsyncConnection) -> Clock | None:
    row = (await connection.execute(select(clock).where(clock.c.name == _NAME))).one_or_none()
    return None if row is None else Clock(row.steady_since, row.read_at, row.jumped)
