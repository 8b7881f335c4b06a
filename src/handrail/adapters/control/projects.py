"""Projects in the control database."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.tables import environment, project
from handrail.workspace.seed import NewProject

_OLDEST = select(project.c.id).order_by(project.c.created_at, project.c.id).limit(1)


class ControlProjects:
    """Every project of this installation."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    async def first(self) -> str | None:
        """The id of the oldest project, None when there is none."""
        async with self._database.transaction() as connection:
            return (await connection.execute(_OLDEST)).scalar_one_or_none()

    async def all(self) -> list[str]:
        """The ids of all projects, oldest first."""
        async with self._database.transaction() as connection:
            found = await connection.execute(select(project.c.id).order_by(project.c.created_at, project.c.id))
            return list(found.scalars())

    async def add_first(self, made: NewProject, now: int) -> str:
        """The id of the oldest project; without one, that of `made`, kept with its environments."""
        async with self._database.alone() as connection:
            # Two processes that start on an empty database both come here; the second finds the first one's.
            if (found := (await connection.execute(_OLDEST)).scalar_one_or_none()) is not None:
                return found
            await _add(connection, made, now)
        return made.id

    async def add(self, made: NewProject, now: int) -> None:
        """Keep a project with its environments."""
        async with self._database.alone() as connection:
            await _add(connection, made, now)


async def _add(connection: AsyncConnection, made: NewProject, now: int) -> None:
    limit = None if made.rate_limit is None else msgspec.json.encode(made.rate_limit).decode()
    row = {
        "id": made.id,
        "public_id": made.public_id,
        "name": made.name,
        "zone": made.zone,
        "alias": True,
        "rate_limit": limit,
        "run_js": False,
        "created_at": now,
    }
    rows = [
        {
            "id": f"e_{each.key}_{made.public_id[:8]}",
            "project_id": made.id,
            "key": each.key,
            "name": each.name,
            "origins": msgspec.json.encode(each.origins).decode(),
            "write_key": each.write_key,
            "revision": 0,
        }
        for each in made.environments
    ]
    await connection.execute(insert(project).values(row))
    await connection.execute(insert(environment).values(rows))
