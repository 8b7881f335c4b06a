"""What is published, as delivery reads it: a snapshot per environment, kept until the next publication."""

from __future__ import annotations

import hashlib

import msgspec
from sqlalchemy import select

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.tables import code, environment, experience, project, publication, version
from handrail.adapters.control.tables import preview as previews
from handrail.adapters.control.work import ControlWork, live_query, settings_of, settings_query, theme_in
from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import NotFound
from handrail.core.experiences.codec import decode_experience
from handrail.core.previews import Persona
from handrail.delivery.ports import Previewed, Published, Snapshot
from handrail.segmentio.destination.model import Destination


class ControlPublications:
    """Delivery's view of the control database. Reads are cached; `forget` drops what a publication changed."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database
        self._by_key: dict[str, EnvironmentSettings] = {}
        self._by_project: dict[str, tuple[EnvironmentSettings, ...]] = {}
        self._snapshots: dict[str, Snapshot] = {}
        self._contents: dict[str, Published] = {}
        self._destinations: dict[str, tuple[Destination, ...]] = {}
        self._forgotten = 0
        """How often something was forgotten: what was read before that is not kept behind it."""

    def forget(self, environment_id: str | None = None) -> None:
        """Read an environment (all of them without an id) anew at its next use."""
        self._forgotten += 1
        if environment_id is None:
            self._by_key.clear()
            self._by_project.clear()
            self._snapshots.clear()
            self._destinations.clear()
        else:
            self._destinations.pop(environment_id, None)
            # Segments and themes belong to the project, so its other environments may have changed as well.
            self._snapshots.clear()

    async def environment_by_key(self, write_key: str) -> EnvironmentSettings | None:
        if write_key not in self._by_key:
            async with self._database.transaction() as connection:
                row = (
                    await connection.execute(settings_query().where(environment.c.write_key == write_key))
                ).one_or_none()
            if row is None:
                return None
            self._by_key[write_key] = settings_of(row)
        return self._by_key[write_key]

    async def environments(self, public_id: str) -> tuple[EnvironmentSettings, ...]:
        if public_id not in self._by_project:
            query = settings_query().where(project.c.public_id == public_id).order_by(environment.c.id)
            async with self._database.transaction() as connection:
                rows = (await connection.execute(query)).all()
            if not rows:
                return ()
            self._by_project[public_id] = tuple(settings_of(row) for row in rows)
        return self._by_project[public_id]

    async def all_environments(self) -> tuple[EnvironmentSettings, ...]:
        """Every environment of this installation."""
        async with self._database.transaction() as connection:
            rows = (await connection.execute(settings_query().order_by(environment.c.id))).all()
        return tuple(settings_of(row) for row in rows)

    async def snapshot(self, environment_id: str) -> Snapshot:
        if (kept := self._snapshots.get(environment_id)) is not None:
            return kept
        forgotten = self._forgotten
        async with self._database.transaction() as connection:
            row = (await connection.execute(settings_query().where(environment.c.id == environment_id))).one_or_none()
            if row is None:
                raise NotFound(f"There is no environment {environment_id!r}.")
            settings = settings_of(row)
            work = ControlWork(connection, settings.project)
            live = await work.live(environment_id)
            segments = await work.segments()
            approved = await work.code.approved()
        made = Snapshot(
            environment=settings,
            revision=f"r{row.revision}",
            experiences=tuple(
                Published(
                    id=each.experience,
                    version=each.version,
                    published_at=each.published_at,
                    paused=each.paused,
                    document=each.document,
                    theme=each.theme,
                )
                for each in live.values()
            ),
            segments={key: segment.asks for key, segment in segments.items()},
            approved=approved,
        )
        if forgotten == self._forgotten:
            self._snapshots[environment_id] = made
        return made

    async def destinations(self, environment_id: str) -> tuple[Destination, ...]:
        """The environment's Segment destinations that are not paused; the same object until they change."""
        if (kept := self._destinations.get(environment_id)) is not None:
            return kept
        forgotten = self._forgotten
        async with self._database.transaction() as connection:
            owner = select(environment.c.project_id).where(environment.c.id == environment_id)
            project_id = (await connection.execute(owner)).scalar_one_or_none()
            if project_id is None:
                raise NotFound(f"There is no environment {environment_id!r}.")
            found = await ControlWork(connection, project_id).destinations(environment_id)
        made = tuple(each.document for each in found.values() if not each.paused)
        if forgotten == self._forgotten:
            self._destinations[environment_id] = made
        return made

    async def module(self, hash: str) -> str | None:
        query = (
            select(code.c.code)
            .join(project, project.c.id == code.c.project_id)
            .where(code.c.hash == hash, code.c.approved_by != "", project.c.run_js)
        )
        async with self._database.transaction() as connection:
            return (await connection.execute(query.limit(1))).scalar_one_or_none()

    async def preview(self, token: str) -> Previewed | None:
        query = select(previews).where(previews.c.digest == hashlib.sha256(token.encode()).hexdigest())
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        published = None if row is None else await self.content(row.version_id)
        if row is None or published is None:
            return None
        persona = msgspec.json.decode(row.persona, type=Persona)
        live = msgspec.structs.replace(published, paused=False)
        return Previewed(row.environment_id, live, persona, row.expires_at)

    async def content(self, version_id: str) -> Published | None:
        if version_id in self._contents:
            return self._contents[version_id]
        query = live_query().where(publication.c.version_id == version_id).limit(1)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                # A version that was published once stays readable: open tabs still show it.
                known = select(version, experience.c.id.label("owner")).join(
                    experience, version.c.experience_id == experience.c.id
                )
                old = (await connection.execute(known.where(version.c.id == version_id))).first()
                if old is None:
                    return None
                return Published(
                    id=old.owner,
                    version=version_id,
                    published_at=0,
                    paused=True,
                    document=decode_experience(old.definition.encode()),
                    theme=theme_in(old),
                )
        made = Published(
            id=row.id,
            version=row.version,
            published_at=row.published_at,
            paused=row.paused,
            document=decode_experience(row.definition.encode()),
            theme=theme_in(row),
        )
        self._contents[version_id] = made
        return made
