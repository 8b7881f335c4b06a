"""Projects and their environments as the installation's owner makes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from handrail.compile.patterns import why_not
from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Invalid, NotFound
from handrail.core.problems import Problem, key_problems
from handrail.workspace.seed import NewEnvironment, NewProject

LONGEST_NAME = 200
LONGEST_KEY = 20
MAX_ENVIRONMENTS = 50
MAX_ORIGINS = 200
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?", re.ASCII)


class EnvironmentWanted(msgspec.Struct, forbid_unknown_fields=True):
    """An environment to be made. `origins` are hosts as `app.example.com`, `*.example.com` or `re:PATTERN`."""

    key: str
    name: str
    origins: list[str] = []


class EnvironmentChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be another one; None leaves it."""

    name: str | None = None
    origins: list[str] | None = None


def _usual() -> list[EnvironmentWanted]:
    return [EnvironmentWanted("production", "Production"), EnvironmentWanted("staging", "Staging")]


class ProjectWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A project to be made; with a production and a staging environment when nothing else is said."""

    name: str
    zone: str = "UTC"
    environments: list[EnvironmentWanted] = msgspec.field(default_factory=_usual)


class ProjectShown(msgspec.Struct, frozen=True):
    """A project as it is listed. `public_id` is what a snippet carries."""

    id: str
    public_id: str
    name: str
    zone: str


class NotMade(Invalid):
    """What was asked for has problems; every one is listed with its path."""

    code = "invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message, path=problems[0].path)
        self.problems = list(problems)


class Projects(Protocol):
    """Every project of an installation. A change reaches every process."""

    async def all(self) -> list[str]:
        """The ids of all projects, oldest first."""
        ...

    async def listed(self) -> list[ProjectShown]:
        """All projects, oldest first."""
        ...

    async def add(self, made: NewProject, now: int, /) -> None:
        """Keep a project with its environments."""
        ...

    async def environments(self, project: str, /) -> Mapping[str, EnvironmentSettings]:
        """The project's environments by key."""
        ...

    async def add_environment(self, project: str, made: NewEnvironment, /) -> None:
        """Keep one more environment. Raises Conflict when its key is taken."""
        ...

    async def change_environment(self, project: str, key: str, name: str, origins: Sequence[str], /) -> None:
        """Keep another name and other origins."""
        ...


async def make_project(
    projects: Projects, wanted: ProjectWanted, *, id: str, public_id: str, write_keys: Sequence[str], now: int
) -> NewProject:
    """Make a project; `write_keys` are at least as many as its environments. Raises NotMade with every problem."""
    if problems := list(_project_problems(wanted)):
        raise NotMade(problems)
    environments = tuple(
        NewEnvironment(each.key, each.name, tuple(each.origins), key)
        for each, key in zip(wanted.environments, write_keys, strict=False)
    )
    made = NewProject(id=id, public_id=public_id, name=wanted.name, environments=environments, zone=wanted.zone)
    await projects.add(made, now)
    return made


async def make_environment(projects: Projects, project: str, wanted: EnvironmentWanted, *, write_key: str) -> None:
    """Give a project one more environment. Raises NotMade, and Conflict for a key that is taken."""
    known = await projects.environments(project)
    if len(known) >= MAX_ENVIRONMENTS:
        raise Invalid(f"A project has at most {MAX_ENVIRONMENTS} environments.", path="key")
    _check(wanted, known)
    await projects.add_environment(project, NewEnvironment(wanted.key, wanted.name, tuple(wanted.origins), write_key))


async def change_environment(projects: Projects, project: str, key: str, change: EnvironmentChange) -> None:
    """Rename an environment, or have it hold other origins. Raises NotFound and NotMade."""
    others = dict(await projects.environments(project))
    own = others.pop(key, None)
    if own is None:
        raise NotFound(f"There is no environment {key!r}.")
    name = own.name if change.name is None else change.name
    origins = list(own.origins) if change.origins is None else change.origins
    _check(EnvironmentWanted(key, name, origins), others)
    await projects.change_environment(project, key, name, origins)


def why_no_origin(origin: str) -> str | None:
    """Why this names no host (RULES 7), or None when it does."""
    if origin.startswith("re:"):
        return why_not(origin[3:])
    if _HOST.fullmatch(origin) is None:
        return f"{origin!r} is no host: app.example.com, localhost:8000, *.example.com or re:PATTERN, in lower case."
    return None


def _check(wanted: EnvironmentWanted, others: Mapping[str, EnvironmentSettings]) -> None:
    taken = {origin: key for key, each in others.items() for origin in each.origins}
    if problems := list(_environment_problems(wanted, "", taken)):
        raise NotMade(problems)


def _project_problems(wanted: ProjectWanted) -> Iterator[Problem]:
    yield from _name_problems(wanted.name, "name")
    try:
        ZoneInfo(wanted.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Problem("zone", "zone", f"{wanted.zone!r} is no IANA time zone, such as 'Europe/Paris'.")
    if not 1 <= len(wanted.environments) <= MAX_ENVIRONMENTS:
        yield Problem("environments", "environments", f"A project has 1 to {MAX_ENVIRONMENTS} environments.")
    taken: dict[str, str] = {}
    keys: set[str] = set()
    for at, each in enumerate(wanted.environments):
        place = f"environments[{at}]."
        yield from _environment_problems(each, place, taken)
        if each.key in keys:
            yield Problem("key", f"{place}key", f"Two environments have the key {each.key!r}.")
        keys.add(each.key)
        taken |= dict.fromkeys(each.origins, each.key)


def _environment_problems(wanted: EnvironmentWanted, place: str, taken: Mapping[str, str]) -> Iterator[Problem]:
    """`taken` names the environment that has an origin already."""
    yield from key_problems(wanted.key, f"{place}key")
    if len(wanted.key) > LONGEST_KEY:
        yield Problem("key", f"{place}key", f"An environment's key has at most {LONGEST_KEY} characters.")
    yield from _name_problems(wanted.name, f"{place}name")
    if len(wanted.origins) > MAX_ORIGINS:
        yield Problem("origins", f"{place}origins", f"An environment has at most {MAX_ORIGINS} origins.")
    for at, origin in enumerate(wanted.origins):
        reason = why_no_origin(origin)
        if reason is None and origin in taken:
            reason = f"{origin!r} belongs to {taken[origin]!r} already."
        if reason is not None:
            yield Problem("origin", f"{place}origins[{at}]", reason)


def _name_problems(name: str, path: str) -> Iterator[Problem]:
    if not name.strip() or len(name) > LONGEST_NAME:
        yield Problem("name", path, f"A name has 1 to {LONGEST_NAME} characters.")
