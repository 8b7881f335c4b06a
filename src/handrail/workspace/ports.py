"""What the workspace needs from the outside: one project's documents, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from handrail.core.audit import AuditEntry
from handrail.core.environments import EnvironmentSettings
from handrail.core.experiences.model import Experience
from handrail.core.experiences.themes import Theme
from handrail.core.previews import Persona
from handrail.core.segments import Segment
from handrail.segmentio.destination.model import Destination
from handrail.workspace.jobs import NewJob


class Live(msgspec.Struct, frozen=True):
    """What one environment shows of one experience."""

    experience: str
    version: str
    number: int
    published_at: int
    paused: bool
    document: Experience
    theme: Theme


class Connected(msgspec.Struct, frozen=True):
    """A Segment destination in one environment."""

    document: Destination
    paused: bool


class Environment(msgspec.Struct, frozen=True):
    """One environment of the project."""

    id: str
    key: str


class Proposal(msgspec.Struct, frozen=True):
    """Code as it was proposed. `approved_by` is empty until somebody has approved it."""

    hash: str
    code: str
    proposed_by: str
    proposed_at: int
    approved_by: str = ""
    approved_at: int = 0


class CodeWork(Protocol):
    """What a project keeps of its code, in the transaction that it was opened in."""

    async def is_on(self) -> bool:
        """Whether the agreement holds."""
        ...

    async def turn(self, on: bool, /) -> None:
        """Let the agreement hold, or no longer."""
        ...

    async def members(self) -> Mapping[str, str]:
        """The roles of the project's members, by address."""
        ...

    async def approved(self) -> frozenset[str]:
        """The hashes of approved code; none while the agreement is off."""
        ...

    async def proposals(self) -> list[Proposal]:
        """All code, the latest first."""
        ...

    async def proposal(self, hash: str, /) -> Proposal | None:
        """The code with this hash."""
        ...

    async def put(self, proposal: Proposal, /) -> None:
        """Keep a proposal, in place of one with the same hash."""
        ...

    async def note(self, at: int, who: str, what: str, detail: Mapping[str, str], /) -> None:
        """Add to the audit record."""
        ...

    async def noted(self) -> list[AuditEntry]:
        """The audit record, in order."""
        ...


class Work(Protocol):
    """One project in one transaction: everything is kept at the end, or nothing."""

    @property
    def code(self) -> CodeWork:
        """The project's code of run_js actions, in the same transaction."""
        ...

    async def claim(self) -> None:
        """Have the project's documents alone until the transaction ends; whoever else asks for that waits."""
        ...

    async def environment(self, key: str, /) -> EnvironmentSettings:
        """The environment with this key. Raises NotFound."""
        ...

    async def environments(self) -> list[Environment]:
        """The project's environments, by key."""
        ...

    async def revision(self, environment: str, /) -> int:
        """How often this environment was published to."""
        ...

    async def live(self, environment: str, /) -> dict[str, Live]:
        """What is published in an environment, paused ones included, by key."""
        ...

    async def segments(self) -> dict[str, Segment]:
        """The project's segments by key."""
        ...

    async def themes(self) -> dict[str, Theme]:
        """The project's themes by key."""
        ...

    async def put_segment(self, segment: Segment, /) -> None:
        """Keep a segment, in place of one with the same key."""
        ...

    async def delete_segment(self, key: str, /) -> None:
        """Delete the segment with this key, if there is one."""
        ...

    async def put_theme(self, theme: Theme, /) -> None:
        """Keep a theme, in place of one with the same key."""
        ...

    async def destinations(self, environment: str, /) -> dict[str, Connected]:
        """The environment's Segment destinations, paused ones included, by key."""
        ...

    async def put_destination(self, environment: str, destination: Destination, paused: bool, /) -> None:
        """Keep a destination in an environment, in place of one with the same key."""
        ...

    async def add_version(self, document: Experience, theme: Theme, now: int, /) -> str:
        """Freeze a document and its theme as its experience's next version; gives the version's id."""
        ...

    async def add_preview(
        self, environment: str, digest: str, version: str, persona: Persona, expires_at: int, /
    ) -> None:
        """Keep a preview of a version until an instant; `digest` is its token's."""
        ...

    async def end_previews(self, environment: str, key: str, /) -> int:
        """Take back every preview of an experience; gives how many there were."""
        ...

    async def publish(self, environment: str, key: str, version: str, now: int, /) -> None:
        """Point an environment at a version; a paused experience goes on."""
        ...

    async def pause(self, environment: str, key: str, paused: bool, /) -> None:
        """Stop or resume an experience in an environment. Raises NotFound."""
        ...

    async def enqueue(self, id: str, job: NewJob, now: int, /) -> bool:
        """Have a job done once the transaction is kept. False when its key was used before."""
        ...

    async def announce(self, environment: str, /) -> int:
        """Count the environment's revision up; delivery learns of it once the transaction is kept."""
        ...


class Works(Protocol):
    """Opens transactions on one project."""

    def __call__(self, project: str, /) -> AbstractAsyncContextManager[Work]:
        """A transaction on the project with this id."""
        ...
