"""Projects, their documents and what is published, in memory: the twin that the control database is tested beside."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import msgspec

from handrail.core.audit import START, AuditEntry, seal_of
from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import NotFound
from handrail.core.experiences.codec import decode_experience, encode_experience
from handrail.core.experiences.model import Experience
from handrail.core.experiences.themes import Theme
from handrail.core.previews import Persona
from handrail.core.segments import Segment
from handrail.delivery.ports import Previewed, Published, Snapshot
from handrail.segmentio.destination.model import Destination
from handrail.workspace.jobs import NewJob
from handrail.workspace.ports import Connected, Environment, Live, Proposal
from handrail.workspace.seed import NewProject


class _Version(msgspec.Struct, frozen=True):
    project: str
    experience: str
    number: int
    document: bytes
    theme: Theme

    def read(self) -> Experience:
        """The document, as a reader of its bytes would have it."""
        return decode_experience(self.document)


class _Publication(msgspec.Struct, frozen=True):
    version: str
    published_at: int
    paused: bool


class _Tables(msgspec.Struct):
    projects: list[tuple[int, str]] = []
    environments: dict[tuple[str, str], EnvironmentSettings] = {}
    """By project and key."""
    revisions: dict[str, int] = {}
    jobs: dict[str, NewJob] = {}
    members: dict[str, str] = {}
    """Roles by address, of every project."""
    code: dict[tuple[str, str], Proposal] = {}
    """By project and hash."""
    audit: dict[str, list[AuditEntry]] = {}
    experiences: dict[tuple[str, str], str] = {}
    """Ids by project and key."""
    versions: dict[str, _Version] = {}
    publications: dict[tuple[str, str], _Publication] = {}
    """By environment and experience."""
    segments: dict[tuple[str, str], Segment] = {}
    themes: dict[tuple[str, str], Theme] = {}
    destinations: dict[tuple[str, str], Connected] = {}
    """By environment and key."""
    previews: dict[str, tuple[str, str, Persona, int]] = {}
    """Environment, version, persona and end, by the digest of the token."""


class MemoryCode:
    """A project's code and audit record; see `workspace.ports.CodeWork`."""

    def __init__(self, tables: _Tables, project: str) -> None:
        self._tables = tables
        self._project = project

    async def is_on(self) -> bool:
        """Whether some environment says so; they all say the same."""
        return any(each.run_js for each in self._tables.environments.values() if each.project == self._project)

    async def turn(self, on: bool) -> None:
        """Let the agreement hold, or no longer."""
        for place, each in self._tables.environments.items():
            if each.project == self._project:
                self._tables.environments[place] = msgspec.structs.replace(each, run_js=on)

    async def members(self) -> Mapping[str, str]:
        """The roles of `MemoryWorkspace.members`."""
        return dict(self._tables.members)

    async def approved(self) -> frozenset[str]:
        """The hashes of approved code; none while the agreement is off."""
        if not await self.is_on():
            return frozenset()
        return frozenset(each.hash for each in await self.proposals() if each.approved_by)

    async def proposals(self) -> list[Proposal]:
        """All code, the latest first."""
        mine = [each for (project, _), each in self._tables.code.items() if project == self._project]
        return sorted(mine, key=lambda each: (-each.proposed_at, each.hash))

    async def proposal(self, hash: str) -> Proposal | None:
        """The code with this hash."""
        return self._tables.code.get((self._project, hash))

    async def put(self, proposal: Proposal) -> None:
        """Keep a proposal."""
        self._tables.code[self._project, proposal.hash] = proposal

    async def note(self, at: int, who: str, what: str, detail: Mapping[str, str]) -> None:
        """Add to the audit record."""
        mine = self._tables.audit.setdefault(self._project, [])
        seal = seal_of(self._project, len(mine) + 1, at, who, what, detail, mine[-1].seal if mine else START)
        mine.append(AuditEntry(len(mine) + 1, at, who, what, dict(detail), seal))

    async def noted(self) -> list[AuditEntry]:
        """The audit record."""
        return list(self._tables.audit.get(self._project, []))


class MemoryWorkspace:
    """One installation: its projects, transactions on them, and what delivery reads. Lives as long as the object."""

    def __init__(self) -> None:
        self._tables = _Tables()

    @property
    def jobs(self) -> dict[str, NewJob]:
        """What transactions enqueued, by id."""
        return dict(self._tables.jobs)

    @property
    def members(self) -> dict[str, str]:
        """Who the members are: roles by address."""
        return self._tables.members

    async def first(self) -> str | None:
        """The id of the oldest project, None when there is none."""
        return min(self._tables.projects)[1] if self._tables.projects else None

    async def add_first(self, made: NewProject, now: int) -> str:
        """The id of the oldest project; without one, that of `made`, kept with its environments."""
        if (found := await self.first()) is not None:
            return found
        self._tables.projects.append((now, made.id))
        for each in made.environments:
            settings = EnvironmentSettings(
                id=f"e_{each.key}_{made.public_id[:8]}",
                name=each.name,
                project=made.id,
                public_id=made.public_id,
                write_key=each.write_key,
                origins=each.origins,
                zone=made.zone,
                rate_limit=made.rate_limit,
            )
            self._tables.environments[made.id, each.key] = settings
            self._tables.revisions[settings.id] = 0
        return made.id

    @asynccontextmanager
    async def __call__(self, project: str) -> AsyncGenerator[MemoryWork]:
        """A transaction on the project with this id."""
        kept = copy.deepcopy(self._tables)
        try:
            yield MemoryWork(self._tables, project)
        except BaseException:
            self._tables = kept
            raise

    async def environment_by_key(self, write_key: str) -> EnvironmentSettings | None:
        """The environment a write key belongs to."""
        return next((each for each in self._tables.environments.values() if each.write_key == write_key), None)

    async def environments(self, public_id: str) -> tuple[EnvironmentSettings, ...]:
        """The environments of the project with this public id."""
        return tuple(each for each in await self.all_environments() if each.public_id == public_id)

    async def all_environments(self) -> tuple[EnvironmentSettings, ...]:
        """Every environment of this installation."""
        return tuple(sorted(self._tables.environments.values(), key=lambda each: each.id))

    async def snapshot(self, environment: str) -> Snapshot:
        """What is published in this environment now."""
        settings = next((each for each in self._tables.environments.values() if each.id == environment), None)
        if settings is None:
            raise NotFound(f"There is no environment {environment!r}.")
        work = MemoryWork(self._tables, settings.project)
        live = await work.live(environment)
        return Snapshot(
            environment=settings,
            revision=f"r{self._tables.revisions[environment]}",
            experiences=tuple(_published(each) for each in live.values()),
            segments={key: segment.asks for key, segment in (await work.segments()).items()},
            approved=await work.code.approved(),
        )

    async def module(self, hash: str) -> str | None:
        """The approved code with this hash, of a project whose agreement holds."""
        for (project, name), each in self._tables.code.items():
            if name == hash and name in await MemoryCode(self._tables, project).approved():
                return each.code
        return None

    async def preview(self, token: str) -> Previewed | None:
        """What a preview's token stands for; None for one that is unknown or was taken back."""
        found = self._tables.previews.get(hashlib.sha256(token.encode()).hexdigest())
        published = None if found is None else await self.content(found[1])
        if found is None or published is None:
            return None
        return Previewed(found[0], msgspec.structs.replace(published, paused=False), found[2], found[3])

    async def content(self, version: str) -> Published | None:
        """One published version, whatever its environment; None for unknown ids."""
        found = self._tables.versions.get(version)
        if found is None:
            return None
        publication = next((each for each in self._tables.publications.values() if each.version == version), None)
        return Published(
            id=found.experience,
            version=version,
            published_at=publication.published_at if publication else 0,
            paused=publication.paused if publication else True,
            document=found.read(),
            theme=found.theme,
        )


class MemoryWork:
    """One project in one transaction."""

    def __init__(self, tables: _Tables, project: str) -> None:
        self._tables = tables
        self._project = project
        self.code = MemoryCode(tables, project)

    async def claim(self) -> None:
        """Nothing runs beside it."""

    async def environment(self, key: str) -> EnvironmentSettings:
        """The environment with this key. Raises NotFound."""
        found = self._tables.environments.get((self._project, key))
        if found is None:
            raise NotFound(f"There is no environment {key!r}.")
        return found

    async def environments(self) -> list[Environment]:
        """The project's environments, by key."""
        mine = sorted(
            (key, each.id) for (project, key), each in self._tables.environments.items() if project == self._project
        )
        return [Environment(identity, key) for key, identity in mine]

    async def revision(self, environment: str) -> int:
        """How often this environment was published to."""
        return self._tables.revisions[environment]

    async def live(self, environment: str) -> dict[str, Live]:
        """What is published in an environment, paused ones included, by key."""
        found: list[tuple[int, str, Live]] = []
        for (where, experience), each in self._tables.publications.items():
            version = self._tables.versions[each.version]
            if where == environment and version.project == self._project:
                live = Live(
                    experience,
                    each.version,
                    version.number,
                    each.published_at,
                    each.paused,
                    version.read(),
                    version.theme,
                )
                found.append((each.published_at, experience, live))
        return {live.document.key: live for _, _, live in sorted(found, key=lambda each: each[:2])}

    async def segments(self) -> dict[str, Segment]:
        """The project's segments by key."""
        return {key: each for (project, key), each in self._tables.segments.items() if project == self._project}

    async def themes(self) -> dict[str, Theme]:
        """The project's themes by key."""
        return {key: each for (project, key), each in self._tables.themes.items() if project == self._project}

    async def destinations(self, environment: str) -> dict[str, Connected]:
        """The environment's Segment destinations, paused ones included, by key."""
        return {key: each for (where, key), each in sorted(self._tables.destinations.items()) if where == environment}

    async def put_destination(self, environment: str, destination: Destination, paused: bool) -> None:
        """Keep a destination in an environment, in place of one with the same key."""
        self._tables.destinations[environment, destination.key] = Connected(destination, paused)

    async def put_segment(self, segment: Segment) -> None:
        """Keep a segment, in place of one with the same key."""
        self._tables.segments[self._project, segment.key] = segment

    async def delete_segment(self, key: str) -> None:
        """Delete the segment with this key, if there is one."""
        self._tables.segments.pop((self._project, key), None)

    async def put_theme(self, theme: Theme) -> None:
        """Keep a theme, in place of one with the same key."""
        self._tables.themes[self._project, theme.key] = theme

    async def add_version(self, document: Experience, theme: Theme, now: int) -> str:
        """Freeze a document and its theme as its experience's next version; gives the version's id."""
        name = (self._project, document.key)
        experience = self._tables.experiences.setdefault(name, f"x_{len(self._tables.experiences)}")
        number = sum(each.experience == experience for each in self._tables.versions.values()) + 1
        made = f"v_{len(self._tables.versions)}"
        self._tables.versions[made] = _Version(
            self._project, experience, number, bytes(encode_experience(document)), theme
        )
        return made

    async def add_preview(self, environment: str, digest: str, version: str, persona: Persona, expires_at: int) -> None:
        """Keep a preview of a version until an instant; `digest` is its token's."""
        self._tables.previews[digest] = (environment, version, persona, expires_at)

    async def end_previews(self, environment: str, key: str) -> int:
        """Take back every preview of an experience; gives how many there were."""
        experience = self._tables.experiences.get((self._project, key))
        ended = [
            digest
            for digest, (where, version, _, _) in self._tables.previews.items()
            if where == environment and self._tables.versions[version].experience == experience
        ]
        for digest in ended:
            del self._tables.previews[digest]
        return len(ended)

    async def publish(self, environment: str, key: str, version: str, now: int) -> None:
        """Point an environment at a version; a paused experience goes on."""
        place = (environment, self._tables.experiences[self._project, key])
        before = self._tables.publications.get(place)
        self._tables.publications[place] = _Publication(version, before.published_at if before else now, False)

    async def pause(self, environment: str, key: str, paused: bool) -> None:
        """Stop or resume an experience in an environment. Raises NotFound."""
        place = (environment, self._tables.experiences.get((self._project, key), ""))
        before = self._tables.publications.get(place)
        if before is None:
            raise NotFound(f"{key!r} is not published here.")
        self._tables.publications[place] = _Publication(before.version, before.published_at, paused)

    async def enqueue(self, id: str, job: NewJob, now: int) -> bool:
        """Keep a job in the list of `MemoryWorkspace.jobs`."""
        if job.key is not None and any(each.key == job.key for each in self._tables.jobs.values()):
            return False
        self._tables.jobs[id] = job
        return True

    async def announce(self, environment: str) -> int:
        """Count the environment's revision up."""
        self._tables.revisions[environment] += 1
        return self._tables.revisions[environment]


def _published(live: Live) -> Published:
    return Published(
        id=live.experience,
        version=live.version,
        published_at=live.published_at,
        paused=live.paused,
        document=live.document,
        theme=live.theme,
    )
