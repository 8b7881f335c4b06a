"""Projects in the control database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from handrail.adapters.control.database import ControlDatabase, tell_others
from handrail.adapters.control.tables import environment, project
from handrail.adapters.control.work import settings_of, settings_query
from handrail.core.changes import PROJECTS
from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Conflict
from handrail.workspace.projects import ProjectShown
from handrail.workspace.seed import NewEnvironment, NewProject

_OLDEST = select(project.c.id).order_by(project.c.created_at, project.c.id).limit(1)


class ControlProjects:
    """Every project of this installation; see `workspace.projects.Projects`."""

    def __init__(self, database: ControlDatabase, changed: Callable[[], None] = lambda: None) -> None:
        """`changed` hears of every change, once it is kept."""
        self._database = database
        self._changed = changed

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
            await tell_others(connection, PROJECTS)
        self._changed()

    async def listed(self) -> list[ProjectShown]:
        """All projects, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.execute(select(project).order_by(project.c.created_at, project.c.id))
            return [ProjectShown(row.id, row.public_id, row.name, row.zone) for row in rows]

    async def environments(self, project_id: str) -> Mapping[str, EnvironmentSettings]:
        """The project's environments by key."""
        query = settings_query().where(environment.c.project_id == project_id).order_by(environment.c.key)
        async with self._database.transaction() as connection:
            return {row.key: settings_of(row) for row in await connection.execute(query)}

    async def add_environment(self, project_id: str, made: NewEnvironment) -> None:
        """Keep one more environment. Raises Conflict when its key is taken."""
        public = select(project.c.public_id).where(project.c.id == project_id)
        try:
            async with self._database.transaction() as connection:
                public_id = (await connection.execute(public)).scalar_one()
                await connection.execute(insert(environment).values(_row(made, project_id, public_id)))
                await tell_others(connection, PROJECTS)
        except IntegrityError:
            raise Conflict(f"There is an environment {made.key!r} already.") from None
        self._changed()

    async def change_environment(self, project_id: str, key: str, name: str, origins: Sequence[str]) -> None:
        """Keep another name and other origins."""
        mine = (environment.c.project_id == project_id) & (environment.c.key == key)
        values = {"name": name, "origins": msgspec.json.encode(origins).decode()}
        async with self._database.transaction() as connection:
            await connection.execute(update(environment).where(mine).values(values))
            await tell_others(connection, PROJECTS)
        self._changed()


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
    rows = [_row(each, made.id, made.public_id) for each in made.environments]
    await connection.execute(insert(project).values(row))
    await connection.execute(insert(environment).values(rows))


def _row(made: NewEnvironment, project_id: str, public_id: str) -> dict[str, object]:
    return {
        "id": f"e_{made.key}_{public_id[:8]}",
        "project_id": project_id,
        "key": made.key,
        "name": made.name,
        "origins": msgspec.json.encode(made.origins).decode(),
        "write_key": made.write_key,
        "revision": 0,
    }
