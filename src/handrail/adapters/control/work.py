"""One project's documents in the control database, inside one transaction."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from handrail.adapters.control.code import ControlCode
from handrail.adapters.control.database import ControlDatabase, tell_others
from handrail.adapters.control.jobs import enqueue
from handrail.adapters.control.tables import destination as destinations
from handrail.adapters.control.tables import environment, experience, preview, project, publication, segment, version
from handrail.adapters.control.tables import theme as themes
from handrail.core.environments import EnvironmentSettings, RateLimit
from handrail.core.errors import NotFound
from handrail.core.experiences.codec import decode, decode_experience, encode_experience
from handrail.core.experiences.model import Experience
from handrail.core.experiences.themes import Theme
from handrail.core.previews import Persona
from handrail.core.segments import Segment
from handrail.segmentio.destination.model import Destination
from handrail.workspace.jobs import NewJob
from handrail.workspace.ports import Connected, Environment, Live


def settings_query() -> Select[*tuple[Any, ...]]:
    """Environments with what they need of their project."""
    return select(
        environment, project.c.public_id, project.c.zone, project.c.alias, project.c.rate_limit, project.c.run_js
    ).join_from(environment, project, environment.c.project_id == project.c.id)


def settings_of(row: Row[Any]) -> EnvironmentSettings:
    """A row of `settings_query` as delivery knows it."""
    return EnvironmentSettings(
        id=row.id,
        name=row.name,
        project=row.project_id,
        public_id=row.public_id,
        write_key=row.write_key,
        origins=tuple(msgspec.json.decode(row.origins)),
        zone=row.zone,
        alias=row.alias,
        rate_limit=None if row.rate_limit is None else msgspec.json.decode(row.rate_limit, type=RateLimit),
        run_js=row.run_js,
    )


def live_query() -> Select[*tuple[Any, ...]]:
    """Published versions with their documents."""
    return (
        select(
            experience.c.id,
            experience.c.key,
            version.c.id.label("version"),
            version.c.number,
            version.c.definition,
            version.c.theme,
            publication.c.published_at,
            publication.c.paused,
        )
        .join_from(publication, version, publication.c.version_id == version.c.id)
        .join(experience, publication.c.experience_id == experience.c.id)
        .order_by(publication.c.published_at, experience.c.id)
    )


def theme_in(row: Row[Any]) -> Theme:
    """The theme frozen with a version."""
    return decode(row.theme.encode(), Theme)


class ControlWork:
    """One project. It is fixed here, so no query can forget it."""

    def __init__(self, connection: AsyncConnection, project_id: str) -> None:
        self._connection = connection
        self._project = project_id
        self.announced: list[str] = []
        self.code = ControlCode(connection, project_id)

    async def claim(self) -> None:
        # SQLite's transactions have the whole file alone anyhow, and know no row locks.
        mine = select(project.c.id).where(project.c.id == self._project)
        await self._connection.execute(mine.with_for_update())

    async def environment(self, key: str) -> EnvironmentSettings:
        query = settings_query().where(environment.c.project_id == self._project, environment.c.key == key)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"There is no environment {key!r}.")
        return settings_of(row)

    async def environments(self) -> list[Environment]:
        query = select(environment.c.id, environment.c.key).where(environment.c.project_id == self._project)
        rows = await self._connection.execute(query.order_by(environment.c.key))
        return [Environment(row.id, row.key) for row in rows]

    async def revision(self, environment_id: str) -> int:
        query = select(environment.c.revision).where(
            environment.c.project_id == self._project, environment.c.id == environment_id
        )
        return (await self._connection.execute(query)).scalar_one()

    async def live(self, environment_id: str) -> dict[str, Live]:
        query = live_query().where(
            publication.c.project_id == self._project, publication.c.environment_id == environment_id
        )
        rows = await self._connection.execute(query)
        return {
            row.key: Live(
                row.id,
                row.version,
                row.number,
                row.published_at,
                row.paused,
                decode_experience(row.definition.encode()),
                theme_in(row),
            )
            for row in rows
        }

    async def segments(self) -> dict[str, Segment]:
        rows = await self._connection.execute(select(segment.c.definition).where(segment.c.project_id == self._project))
        found = [decode(row.definition.encode(), Segment) for row in rows]
        return {each.key: each for each in found}

    async def themes(self) -> dict[str, Theme]:
        rows = await self._connection.execute(select(themes.c.definition).where(themes.c.project_id == self._project))
        found = [decode(row.definition.encode(), Theme) for row in rows]
        return {each.key: each for each in found}

    async def put_segment(self, document: Segment) -> None:
        mine = (segment.c.project_id == self._project) & (segment.c.key == document.key)
        await self._connection.execute(delete(segment).where(mine))
        values = {
            "project_id": self._project,
            "key": document.key,
            "definition": msgspec.json.encode(document).decode(),
        }
        await self._connection.execute(insert(segment).values(values))

    async def delete_segment(self, key: str) -> None:
        mine = (segment.c.project_id == self._project) & (segment.c.key == key)
        await self._connection.execute(delete(segment).where(mine))

    async def put_theme(self, document: Theme) -> None:
        mine = (themes.c.project_id == self._project) & (themes.c.key == document.key)
        await self._connection.execute(delete(themes).where(mine))
        values = {
            "project_id": self._project,
            "key": document.key,
            "definition": msgspec.json.encode(document).decode(),
        }
        await self._connection.execute(insert(themes).values(values))

    async def destinations(self, environment_id: str) -> dict[str, Connected]:
        query = select(destinations).where(
            destinations.c.project_id == self._project, destinations.c.environment_id == environment_id
        )
        rows = await self._connection.execute(query.order_by(destinations.c.key))
        return {row.key: Connected(decode(row.definition.encode(), Destination), row.paused) for row in rows}

    async def put_destination(self, environment_id: str, document: Destination, paused: bool) -> None:
        mine = (
            (destinations.c.project_id == self._project)
            & (destinations.c.environment_id == environment_id)
            & (destinations.c.key == document.key)
        )
        await self._connection.execute(delete(destinations).where(mine))
        values = {
            "project_id": self._project,
            "environment_id": environment_id,
            "key": document.key,
            "definition": msgspec.json.encode(document).decode(),
            "paused": paused,
        }
        await self._connection.execute(insert(destinations).values(values))

    async def _experience(self, key: str) -> str | None:
        query = select(experience.c.id).where(experience.c.project_id == self._project, experience.c.key == key)
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def add_version(self, document: Experience, theme: Theme, now: int) -> str:
        experience_id = await self._experience(document.key)
        if experience_id is None:
            experience_id = f"x_{secrets.token_urlsafe(12)}"
            values = {"id": experience_id, "project_id": self._project, "key": document.key}
            await self._connection.execute(insert(experience).values(values))
        latest = select(func.max(version.c.number)).where(version.c.experience_id == experience_id)
        number = ((await self._connection.execute(latest)).scalar_one() or 0) + 1
        version_id = f"v_{secrets.token_urlsafe(16)}"
        values = {
            "id": version_id,
            "project_id": self._project,
            "experience_id": experience_id,
            "number": number,
            "definition": encode_experience(document).decode(),
            "theme": msgspec.json.encode(theme).decode(),
            "created_at": now,
        }
        await self._connection.execute(insert(version).values(values))
        return version_id

    async def add_preview(
        self, environment_id: str, digest: str, version_id: str, persona: Persona, expires_at: int
    ) -> None:
        values = {
            "digest": digest,
            "project_id": self._project,
            "environment_id": environment_id,
            "version_id": version_id,
            "persona": msgspec.json.encode(persona).decode(),
            "expires_at": expires_at,
        }
        await self._connection.execute(insert(preview).values(values))

    async def end_previews(self, environment_id: str, key: str) -> int:
        of_it = select(version.c.id).where(version.c.experience_id == await self._experience(key))
        mine = (preview.c.project_id == self._project) & (preview.c.environment_id == environment_id)
        ended = await self._connection.execute(delete(preview).where(mine & preview.c.version_id.in_(of_it)))
        return ended.rowcount

    async def publish(self, environment_id: str, key: str, version_id: str, now: int) -> None:
        experience_id = await self._experience(key)
        mine = (publication.c.environment_id == environment_id) & (publication.c.experience_id == experience_id)
        before = (await self._connection.execute(select(publication.c.published_at).where(mine))).scalar_one_or_none()
        await self._connection.execute(delete(publication).where(mine))
        values = {
            "project_id": self._project,
            "environment_id": environment_id,
            "experience_id": experience_id,
            "version_id": version_id,
            # Arbitration prefers the oldest publication; a new version of the same experience keeps its place.
            "published_at": before or now,
            "paused": False,
        }
        await self._connection.execute(insert(publication).values(values))

    async def pause(self, environment_id: str, key: str, paused: bool) -> None:
        experience_id = await self._experience(key)
        mine = (publication.c.environment_id == environment_id) & (publication.c.experience_id == experience_id)
        changed = await self._connection.execute(update(publication).where(mine).values(paused=paused))
        if changed.rowcount != 1:
            raise NotFound(f"{key!r} is not published here.")

    async def enqueue(self, id: str, job: NewJob, now: int) -> bool:
        return await enqueue(self._connection, id, job, now)

    async def announce(self, environment_id: str) -> int:
        mine = (environment.c.project_id == self._project) & (environment.c.id == environment_id)
        await self._connection.execute(update(environment).where(mine).values(revision=environment.c.revision + 1))
        self.announced.append(environment_id)
        await tell_others(self._connection, environment_id)
        return await self.revision(environment_id)


class ControlWorks:
    """Opens transactions; tells `announced` the environments that were published to, once the change is kept."""

    def __init__(self, database: ControlDatabase, announced: Callable[[str], None]) -> None:
        self._database = database
        self._announced = announced

    @asynccontextmanager
    async def __call__(self, project_id: str) -> AsyncGenerator[ControlWork]:
        """A transaction on one project."""
        async with self._database.transaction() as connection:
            work = ControlWork(connection, project_id)
            yield work
        for each in work.announced:
            self._announced(each)
