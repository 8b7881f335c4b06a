"""The API's routes about projects and their environments."""

from __future__ import annotations

import secrets
import uuid

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath

from handrail.core.experiences.codec import decode
from handrail.http.api.admin import Admin
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.workspace.projects import (
    EnvironmentChange,
    EnvironmentWanted,
    ProjectShown,
    ProjectWanted,
    change_environment,
    make_environment,
    make_project,
)


class EnvironmentShown(msgspec.Struct, frozen=True):
    """An environment as its operators see it."""

    key: str
    name: str
    write_key: str
    origins: tuple[str, ...]


class ProjectDescribed(msgspec.Struct, frozen=True):
    """A project with its environments. `public_id` is what a snippet carries."""

    id: str
    public_id: str
    environments: list[EnvironmentShown]


class ProjectList(msgspec.Struct, frozen=True):
    """Every project, oldest first."""

    projects: list[ProjectShown]


@get("/api/v1/projects", policy="admin", installation=True, answer=ProjectList)
async def list_projects(request: ApiRequest) -> Response[bytes]:
    """Every project of this installation."""
    return shown(ProjectList(await admin_of(request).projects.listed()))


@post("/api/v1/projects", policy="admin", installation=True, body=ProjectWanted, answer=ProjectDescribed)
async def create_project(request: ApiRequest) -> Response[bytes]:
    """Make a project with its environments. From the second one on, this is for the operator only."""
    admin = admin_of(request)
    wanted = decode(await request.body(), ProjectWanted)
    made = await make_project(
        admin.projects,
        wanted,
        id=f"p_{secrets.token_urlsafe(12)}",
        public_id=str(uuid.uuid4()),
        write_keys=[_write_key() for _ in wanted.environments],
        now=admin.now(),
    )
    await admin.followed()
    return shown(await _described(admin, made.id), 201)


@get("/api/v1/project", policy="admin", answer=ProjectDescribed)
async def describe_project(request: ApiRequest) -> Response[bytes]:
    """The project and its environments: public id, write keys, origins. Told to operators only."""
    admin = admin_of(request)
    return shown(await _described(admin, await admin.project()))


@post("/api/v1/environments", policy="admin", body=EnvironmentWanted, answer=ProjectDescribed)
async def create_environment(request: ApiRequest) -> Response[bytes]:
    """Give the project one more environment, with a write key of its own."""
    admin = admin_of(request)
    wanted = decode(await request.body(), EnvironmentWanted)
    await make_environment(admin.projects, await admin.project(), wanted, write_key=_write_key())
    await admin.followed()
    return shown(await _described(admin, await admin.project()), 201)


@put("/api/v1/environments/{environment:str}", policy="admin", body=EnvironmentChange, answer=ProjectDescribed)
async def settle_origins(request: ApiRequest, environment: FromPath[str]) -> Response[bytes]:
    """Rename an environment, or have it hold other origins; an origin belongs to one environment of a project."""
    admin = admin_of(request)
    change = decode(await request.body(), EnvironmentChange)
    await change_environment(admin.projects, await admin.project(), environment, change)
    return shown(await _described(admin, await admin.project()))


async def _described(admin: Admin, project: str) -> ProjectDescribed:
    known = await admin.projects.environments(project)
    [public_id] = {each.public_id for each in known.values()}
    told = [EnvironmentShown(key, each.name, each.write_key, each.origins) for key, each in known.items()]
    return ProjectDescribed(project, public_id, told)


def _write_key() -> str:
    return f"wk_{secrets.token_urlsafe(24)}"


project_routes = (list_projects, create_project, describe_project, create_environment, settle_origins)
