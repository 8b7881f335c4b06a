"""Who may call a route. Each declares it (`policy=`), and one that forgot is open to nobody."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from handrail.core.errors import Forbidden, Invalid, NotFound
from handrail.http.api.admin import Admin
from handrail.workspace.access import SCOPES, Actor, digest_of

ApiRequest: TypeAlias = Request[Any, Any, State]

CLI_SCOPE = "handrail.trusted"
"""Set on requests that came through the data folder's socket: who can open it owns the installation."""

ACTOR = "handrail.actor"
ONCE = "handrail.once"
"""Set on requests whose answer is shown once and kept nowhere."""

PROJECT = "handrail-project"
"""The header by which the operator names a project; with one project it is that one."""

ANYONE = "anyone"
"""The policy of a route that asks for nothing."""
OPERATOR = "the operator"
POLICIES = frozenset({ANYONE, *SCOPES})


def installation_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Admin:
    """The installation behind the routes."""
    return cast("Admin", connection.app.state.admin)


def admin_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Admin:
    """The installation as whoever asks sees it: its project is theirs, so that no route can take another."""

    async def project() -> str:
        return (await actor_of(connection)).project

    return msgspec.structs.replace(installation_of(connection), project=project)


async def actor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    """Whoever asks. Raises Forbidden (401) without a credential, or with an unknown one."""
    scope = cast("dict[str, object]", connection.scope)
    kept = scope.get(ACTOR)
    if isinstance(kept, Actor):
        return kept
    admin = installation_of(connection)
    if CLI_SCOPE in connection.scope:
        said = connection.headers.get(PROJECT)
        if said is None and connection.route_handler.opt.get("installation"):
            # About every project alike, so none has to be named.
            said = await admin.project()
        actor = Actor(await _named(admin, said), OPERATOR, frozenset(SCOPES))
    else:
        given = connection.headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            raise Forbidden("An API key is needed: Authorization: Bearer hk_...", code="no_key")
        found = await admin.access.actor(digest_of(given), admin.now())
        if found is None:
            raise Forbidden("There is no such key or sign-in, or it has expired.", code="unknown_key")
        actor = found
    scope[ACTOR] = actor
    return actor


async def _named(admin: Admin, project: str | None) -> str:
    """The project that the operator means. Raises NotFound, and Invalid where it has to be said."""
    known = await admin.projects.all()
    if project is None:
        if len(known) > 1:
            raise Invalid(f"There are several projects; name one with {PROJECT!r}: {', '.join(known)}.", path=PROJECT)
        return await admin.project()
    if project not in known:
        raise NotFound(f"There is no project {project!r}.")
    return project


async def obey(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard before every route. Raises Forbidden."""
    policy = handler.opt.get("policy")
    if policy not in POLICIES:
        # Litestar answers OPTIONS by handlers of its own, which tell no more than which methods there are.
        if not handler.opt and cast("dict[str, object]", connection.scope)["method"] == "OPTIONS":
            return
        raise Forbidden(f"{connection.url.path} declares no policy, so it is open to nobody.", code="no_policy")
    if handler.opt.get("secret"):
        cast("dict[str, object]", connection.scope)[ONCE] = True
    if policy != ANYONE:
        await allow(connection, str(policy))
        if handler.opt.get("installation") and CLI_SCOPE not in connection.scope and await _shared(connection):
            raise Forbidden("This is about every project here, so only the operator may.", code="no_scope")


async def _shared(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    return len(await installation_of(connection).projects.all()) > 1


async def allow(connection: ASGIConnection[Any, Any, Any, Any], scope: str) -> Actor:
    """Whoever asks, when they have this scope. Raises Forbidden."""
    actor = await actor_of(connection)
    if scope not in actor.scopes:
        raise Forbidden(f"This needs {scope!r}, which {actor.name} does not have.", code="no_scope")
    return actor
