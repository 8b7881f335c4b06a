"""The API's routes about proving who people are, and about what an environment takes and keeps of them."""

from __future__ import annotations

import secrets

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, FromQuery

from handrail.core.environments import EnvironmentSettings
from handrail.core.experiences.codec import decode
from handrail.http.api.admin import Admin
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.workspace.people.identity import (
    IdentityShown,
    KeyWanted,
    PrivacyWanted,
    make_key,
    settle_privacy,
    show_identity,
)


@get("/api/v1/identity", policy="identity:read")
async def show_identity_settings(request: ApiRequest, environment: FromQuery[str] = "production") -> Response[bytes]:
    """How identities are checked, and the share of calls that were signed in the last days."""
    admin = admin_of(request)
    return shown(await _identity(admin, await admin.place(environment)))


async def _identity(admin: Admin, place: EnvironmentSettings) -> IdentityShown:
    await admin.desk.learner.catch_up()
    coverage = (await admin.desk.catalogues.of(place.id)).coverage(admin.now())
    return await show_identity(admin.desk.privacy, place.project, place.id, coverage)


@post("/api/v1/identity/keys", status_code=201, policy="identity:write", secret=True)
async def make_identity_key(request: ApiRequest) -> Response[bytes]:
    """A new key for signatures. A secret that we make is told in this answer and never again."""
    admin = admin_of(request)
    wanted = decode(await request.body(), KeyWanted)
    made = await make_key(
        admin.desk.privacy,
        await admin.project(),
        wanted,
        key_id=f"ik_{secrets.token_urlsafe(12)}",
        secret=secrets.token_urlsafe(32),
        now=admin.now(),
    )
    return shown(made, 201)


@delete("/api/v1/identity/keys/{key:str}", status_code=200, policy="identity:write")
async def delete_identity_key(request: ApiRequest, key: FromPath[str]) -> Response[bytes]:
    """Let a key go."""
    admin = admin_of(request)
    await admin.desk.privacy.delete_key(await admin.project(), key)
    return shown({"id": key, "deleted": True})


@put("/api/v1/environments/{environment:str}/privacy", policy="identity:write")
async def settle_environment(request: ApiRequest, environment: FromPath[str]) -> Response[bytes]:
    """Change what an environment takes and keeps: signed identities only, and what is cut off events."""
    admin = admin_of(request)
    wanted = decode(await request.body(), PrivacyWanted)
    place = await admin.place(environment)
    await admin.desk.learner.catch_up()
    coverage = (await admin.desk.catalogues.of(place.id)).coverage(admin.now())
    await settle_privacy(admin.desk.privacy, place.project, place.id, wanted, coverage)
    return shown(await _identity(admin, place))


identity_routes = (show_identity_settings, make_identity_key, delete_identity_key, settle_environment)
