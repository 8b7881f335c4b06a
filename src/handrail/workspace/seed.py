"""Seeding: a first project with its environments, so that there is something to publish to."""

from __future__ import annotations

from typing import Protocol

import msgspec

from handrail.core.environments import RateLimit


class NewEnvironment(msgspec.Struct, frozen=True):
    """An environment to be made."""

    key: str
    name: str
    origins: tuple[str, ...]
    write_key: str


class NewProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project to be made, with its environments."""

    id: str
    public_id: str
    name: str
    environments: tuple[NewEnvironment, ...]
    zone: str = "UTC"
    rate_limit: RateLimit | None = RateLimit()


class Projects(Protocol):
    """Projects of an installation."""

    async def first(self) -> str | None:
        """The id of the oldest project, None when there is none."""
        ...

    async def add_first(self, project: NewProject, now: int, /) -> str:
        """The id of the oldest project; without one, that of `project`, kept with its environments."""
        ...


async def seed(projects: Projects, project: NewProject, now: int) -> str:
    """The installation's first project; made from `project` when there is none yet."""
    return await projects.first() or await projects.add_first(project, now)
