"""The API's routes about retention: how long a project keeps things, and whether the clock is believed."""

from __future__ import annotations

from litestar import Response, get, post, put

from handrail.core.experiences.codec import decode
from handrail.http.api.admin import Admin
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.workspace.retention import Retention, RetentionShown, confirmed, settle, show


@get("/api/v1/retention", policy="identity:read", answer=RetentionShown)
async def show_retention(request: ApiRequest) -> Response[bytes]:
    """How long the project keeps things, and whether the clock is believed."""
    return shown(await _shown(admin_of(request)))


@put("/api/v1/retention", policy="identity:write", body=Retention, answer=RetentionShown)
async def settle_retention(request: ApiRequest) -> Response[bytes]:
    """Say how long the project keeps things; what is past its time goes the next night."""
    admin = admin_of(request)
    settings = decode(await request.body(), Retention)
    await settle(admin.retention, await admin.project(), settings, admin.log_days)
    return shown(await _shown(admin))


@post(
    "/api/v1/retention/confirm-date",
    status_code=200,
    policy="admin",
    installation=True,
    answer=RetentionShown,
)
async def confirm_date(request: ApiRequest) -> Response[bytes]:
    """Say that the server's date is right, after its clock jumped: what waited for that may be deleted."""
    admin = admin_of(request)
    now = admin.now()
    await admin.retention.read_clock(lambda _before: confirmed(now))
    return shown(await _shown(admin))


async def _shown(admin: Admin) -> RetentionShown:
    return await show(admin.retention, await admin.project(), admin.log_days)


retention_routes = (show_retention, settle_retention, confirm_date)
