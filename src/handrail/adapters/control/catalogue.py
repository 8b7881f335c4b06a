"""The catalogue in the control database: one document an environment, and the position of the log it stands at."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import delete, insert, select, update

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.tables import catalogue, environment, follower
from handrail.core.catalogue import Catalogue
from handrail.core.errors import Conflict

FOLLOWER = "catalogue"

_CATALOGUE = msgspec.json.Decoder(Catalogue)


class ControlCatalogues:
    """Every environment's catalogue. Documents and position change in one transaction."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    async def position(self) -> int:
        """How far the log was read."""
        query = select(follower.c.position).where(follower.c.name == FOLLOWER)
        async with self._database.transaction() as connection:
            return int((await connection.execute(query)).scalar_one_or_none() or 0)

    async def of(self, environment_id: str) -> Catalogue:
        """What an environment received."""
        query = select(catalogue.c.body).where(catalogue.c.environment_id == environment_id)
        async with self._database.transaction() as connection:
            body = (await connection.execute(query)).scalar_one_or_none()
        return Catalogue() if body is None else _CATALOGUE.decode(body)

    async def keep(self, learnt: Mapping[str, Catalogue], before: int, position: int) -> None:
        """Keep what was learnt from `before` to `position`. Raises Conflict when another process was there first."""
        mine = follower.c.name == FOLLOWER
        async with self._database.transaction() as connection:
            moved = await connection.execute(
                update(follower).where(mine, follower.c.position == str(before)).values(position=str(position))
            )
            if moved.rowcount == 0:
                if before or (await connection.execute(select(follower.c.name).where(mine))).first():
                    raise Conflict("Another process has learnt this part of the log.")
                await connection.execute(insert(follower).values(name=FOLLOWER, position=str(position)))
            known = select(environment.c.id, environment.c.project_id).where(environment.c.id.in_(list(learnt)))
            for row in (await connection.execute(known)).all():
                await connection.execute(delete(catalogue).where(catalogue.c.environment_id == row.id))
                values = {
                    "project_id": row.project_id,
                    "environment_id": row.id,
                    "body": msgspec.json.encode(learnt[row.id]).decode(),
                }
                await connection.execute(insert(catalogue).values(values))
