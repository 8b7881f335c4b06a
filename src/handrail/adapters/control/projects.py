"""Projects in the control database."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.tables import environment, project
from handrail.workspace.seed import NewProject


class ControlProjects:
    """Every project of this installation."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    async def first(self) -> str | None:
        """The id of the oldest project, None when there is none."""
        query = select(project.c.id).order_by(project.c.created_at, project.c.id).limit(1)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def add(self, made: NewProject, now: int) -> None:
        """Keep a new project and its environments."""
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
        async with self._database.transaction() as connection:
            await connection.execute(insert(project).values(row))
            await connection.execute(insert(environment).values(rows))
