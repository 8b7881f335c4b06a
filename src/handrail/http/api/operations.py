"""The API's routes for whoever runs an installation: what happens, what became of events, rebuilds, a backup."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import Stream

from handrail.core.errors import Invalid
from handrail.http.api.admin import Filling
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.ingest.accounting import MINUTE
from handrail.ingest.ports import RebuildReport

MOST_MINUTES = 60 * 24 * 7
"""A week: as long as the books keep a minute."""


@get("/api/v1/tail", policy="events:read")
async def tail(request: ApiRequest) -> Stream:
    """Events and decisions as they happen, one JSON document a line."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        seen = [each.id for each in await work.environments()]

    async def lines() -> AsyncIterator[bytes]:
        async for line in admin.tail.listen(seen):
            yield line

    return Stream(lines(), media_type="application/x-ndjson")


@get("/api/v1/accounting", policy="events:read")
async def show_accounting(
    request: ApiRequest, environment: FromQuery[str] = "production", minutes: FromQuery[int] = 60
) -> Response[bytes]:
    """What became of every event of the last minutes, the latest rejections, and requests refused whole by reason."""
    admin = admin_of(request)
    if not 1 <= minutes <= MOST_MINUTES:
        raise Invalid(f"The books are asked for 1 to {MOST_MINUTES} minutes.", path="minutes")
    place = await admin.place(environment)
    await admin.books.enter()
    since = admin.now() - minutes * MINUTE
    account = await admin.books.account(place.id, since)
    told = {"total": account.total, "minutes": account.minutes, "samples": account.samples}
    return shown(told | {"refused": await admin.books.refused(since)})


@post("/api/v1/rebuild", status_code=200, policy="admin", installation=True, answer=RebuildReport)
async def rebuild(request: ApiRequest) -> Response[bytes]:
    """Fold the whole log anew, beside the state that serves, and report every difference."""
    admin = admin_of(request)
    return shown(await admin.log.rebuild())


@get("/api/v1/analytics", policy="admin", installation=True, answer=Filling)
async def show_filling(request: ApiRequest) -> Response[bytes]:
    """How far the analytic store has come behind the log."""
    return shown(await admin_of(request).filling())


@post("/api/v1/analytics/rebuild", status_code=200, policy="admin", installation=True, answer=Filling)
async def refill_analytics(request: ApiRequest, insist: FromQuery[bool] = False) -> Response[bytes]:
    """Empty the analytic store; it is filled again from the log, and until then counts are too low."""
    return shown(await admin_of(request).refill(insist))


@get("/api/v1/backup", policy="admin", installation=True)
async def download_backup(request: ApiRequest) -> Stream:
    """Everything this installation keeps, as one file for `handrail restore`."""
    file = await admin_of(request).backed_up()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            with file.open("rb") as opened:
                while piece := await asyncio.to_thread(opened.read, 1 << 20):
                    yield piece
        finally:
            file.unlink()

    return Stream(pieces(), media_type="application/x-tar")


operation_routes = (
    tail,
    show_accounting,
    rebuild,
    show_filling,
    refill_analytics,
    download_backup,
)
