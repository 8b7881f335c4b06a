"""What delivery needs from the outside: what is published, and whose page it is."""

from __future__ import annotations

from typing import Protocol

import msgspec

from handrail.core.conditions.model import Condition
from handrail.core.environments import EnvironmentSettings
from handrail.core.experiences.model import Experience
from handrail.core.experiences.themes import Theme
from handrail.core.previews import Persona


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """One experience live in one environment, or paused there. Its theme is frozen with it: content never changes."""

    id: str
    version: str
    published_at: int
    paused: bool
    document: Experience
    theme: Theme


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything published in one environment at one revision."""

    environment: EnvironmentSettings
    revision: str
    experiences: tuple[Published, ...]
    segments: dict[str, Condition]
    approved: frozenset[str] = frozenset()
    """The hashes of approved code of run_js actions; none while the owner's agreement is off."""


class Previewed(msgspec.Struct, frozen=True):
    """What a preview's token stands for."""

    environment: str
    published: Published
    persona: Persona
    expires_at: int


class Publications(Protocol):
    """What is published, read from the control database and kept until `changed` says otherwise."""

    async def environment_by_key(self, write_key: str, /) -> EnvironmentSettings | None:
        """The environment a write key belongs to."""
        ...

    async def environments(self, public_id: str, /) -> tuple[EnvironmentSettings, ...]:
        """The environments of the project with this public id."""
        ...

    async def snapshot(self, environment: str, /) -> Snapshot:
        """What is published in this environment now. Cached until the next publication."""
        ...

    async def preview(self, token: str, /) -> Previewed | None:
        """What a preview's token stands for; None for one that is unknown or was taken back."""
        ...

    async def module(self, hash: str, /) -> str | None:
        """The approved code with this hash, as it was written, of a project whose agreement holds. Never cached."""
        ...

    async def content(self, version: str, /) -> Published | None:
        """One published version, whatever its environment; None for drafts and unknown ids."""
        ...
