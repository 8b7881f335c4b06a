"""The API's routes. A handler translates and leaves: who, what, do, show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import cast

import msgspec
from litestar import Litestar, MediaType, Response, get, post
from litestar.config.app import AppConfig
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import HandrailError, Invalid, NotFound
from handrail.core.experiences.codec import decode, encode_experience
from handrail.core.experiences.model import Experience
from handrail.core.experiences.themes import Theme
from handrail.core.segments import Segment
from handrail.delivery.boot import known_of
from handrail.delivery.explain import Asked, as_text, explain
from handrail.http.api.admin import Admin, Counted, Filling
from handrail.http.api.jobs import job_routes
from handrail.http.api.members import member_routes
from handrail.http.api.openapi import describe, openapi
from handrail.http.api.page import status_page
from handrail.http.api.policy import ANYONE, CLI_SCOPE, ApiRequest, admin_of, allow, installation_of, obey
from handrail.http.api.showing import handrail_problem, http_problem, shown, unexpected_problem
from handrail.ingest.accounting import MINUTE
from handrail.ingest.ports import RebuildReport
from handrail.segmentio.destination.model import Destination
from handrail.workspace.apply import Applied, Document, Found, Placed, apply
from handrail.workspace.people.attributes import document_doubts

__all__ = ["CLI_SCOPE", "ApiRequest", "admin_of", "create_api", "require", "shown", "type_of_document"]

type_of_document = {"experience": Experience, "segment": Segment, "theme": Theme, "destination": Destination}


class SentDocument(msgspec.Struct):
    """One document of an apply, as the command line sends it."""

    sort: str
    document: msgspec.Raw
    source: str = ""
    root: str = ""


class ApplyBody(msgspec.Struct):
    """What to apply, where."""

    documents: list[SentDocument]
    environment: str = "production"
    base: int | None = None
    prune: bool = False


async def require(request: ApiRequest, scope: str) -> Admin:
    """The installation, for who may. Raises Forbidden."""
    await allow(request, scope)
    return admin_of(request)


@post("/api/v1/apply", status_code=200, policy="experiences:publish", body=ApplyBody, answer=Applied)
async def apply_documents(request: ApiRequest) -> Response[bytes]:
    """Publish a set of documents: all of it or nothing."""
    admin = admin_of(request)
    body = decode(await request.body(), ApplyBody)
    documents = [placed(each) for each in body.documents]
    async with admin.works(await admin.project()) as work:
        applied: Applied = await apply(work, body.environment, documents, admin.now(), base=body.base, prune=body.prune)
        place = await work.environment(body.environment)
    await admin.followed()
    return shown(
        msgspec.structs.replace(applied, warnings=[*applied.warnings, *await _doubts(admin, place, documents)])
    )


async def _doubts(admin: Admin, place: EnvironmentSettings, documents: list[Placed]) -> list[Found]:
    """Warnings for attributes that audiences name and nobody sent; none where nothing was ever sent."""
    await admin.desk.learner.catch_up()
    catalogue = await admin.desk.catalogues.of(place.id)
    if not catalogue.attributes:
        return []
    state = await admin.delivery.ready(place.id)
    return document_doubts(documents, state.snapshot.segments, catalogue)


def placed(sent: SentDocument) -> Placed:
    """A document as the workspace knows it. Raises Invalid naming file and path."""
    kind = type_of_document.get(sent.sort)
    if kind is None:
        raise Invalid(f"There is no sort of document {sent.sort!r}.", path="documents")
    document = cast("Document", decode(bytes(sent.document), cast("type", kind)))
    return Placed(document, sent.source, sent.root)


@get("/api/v1/documents", policy="experiences:read")
async def pull_documents(request: ApiRequest, environment: FromQuery[str] = "production") -> Response[bytes]:
    """Everything published in an environment, with its revision."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        place = await work.environment(environment)
        live = await work.live(place.id)
        segments, themes = await work.segments(), await work.themes()
        connected = await work.destinations(place.id)
        revision = await work.revision(place.id)
    documents = [SentDocument("experience", msgspec.Raw(encode_experience(each.document))) for each in live.values()]
    documents += [SentDocument("segment", msgspec.Raw(msgspec.json.encode(each))) for each in segments.values()]
    documents += [SentDocument("theme", msgspec.Raw(msgspec.json.encode(each))) for each in themes.values()]
    documents += [
        SentDocument("destination", msgspec.Raw(msgspec.json.encode(each.document)))
        for each in connected.values()
        if not each.paused
    ]
    paused = [key for key, each in live.items() if each.paused]
    return shown({"revision": revision, "documents": documents, "paused": paused})


@post("/api/v1/experiences/{key:str}/pause", status_code=200, policy="experiences:publish")
async def pause_experience(
    request: ApiRequest,
    key: FromPath[str],
    environment: FromQuery[str] = "production",
    resume: FromQuery[bool] = False,
) -> Response[bytes]:
    """Stop or resume an experience; open tabs hear of it within a minute."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        place = await work.environment(environment)
        await work.pause(place.id, key, not resume)
        revision = await work.announce(place.id)
    return shown({"key": key, "paused": not resume, "revision": revision})


@get("/api/v1/explain", policy="users:read")
async def explain_user(
    request: ApiRequest,
    url: FromQuery[str],
    user: FromQuery[str | None] = None,
    anonymous: FromQuery[str | None] = None,
    environment: FromQuery[str] = "production",
    experience: FromQuery[str | None] = None,
    at: FromQuery[int | None] = None,
    device: FromQuery[str] = "desktop",
    text: FromQuery[bool] = False,
) -> Response[bytes]:
    """Why each experience shows, or does not, for a user, a page and an instant (milliseconds)."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        place = await work.environment(environment)
    state = await admin.delivery.ready(place.id)
    people = admin.log.people(place.id)
    subject = await people.user(anonymous, user)
    company_id = subject.company.value if subject.company is not None else None
    company = await people.company(company_id) if isinstance(company_id, str) else None
    known = known_of(subject, company, at if at is not None else admin.now(), place.zone)
    asked = msgspec.convert({"url": url, "device": device}, Asked)
    explained = explain(state, subject, known, asked, experience)
    if experience is not None and not explained:
        raise NotFound(f"Nothing called {experience!r} is published to {environment!r}.")
    if text:
        return Response(as_text(explained).encode(), media_type=MediaType.TEXT)
    return shown(explained)


@get("/api/v1/count", policy="users:read", answer=Counted)
async def count_users(
    request: ApiRequest,
    environment: FromQuery[str] = "production",
    experience: FromQuery[str | None] = None,
    segment: FromQuery[str | None] = None,
) -> Response[bytes]:
    """How many users an experience's audience or a segment holds; `up_to` where a browser has the last word."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        place = await work.environment(environment)
    return shown(await admin.counted(place.id, experience, segment))


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
    async with admin.works(await admin.project()) as work:
        place = await work.environment(environment)
    account = admin.accounts.account(place.id, admin.now() - minutes * MINUTE)
    told = {"total": account.total, "minutes": account.minutes, "samples": account.samples}
    return shown(told | {"refused": admin.accounts.refused})


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


@get("/api/v1/project", policy="admin")
async def describe_project(request: ApiRequest) -> Response[bytes]:
    """The project and its environments: public id, write keys, origins. Told to operators only."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        places = [await work.environment(key) for key in ("production", "staging")]
    told = [{"name": each.name, "write_key": each.write_key, "origins": each.origins} for each in places]
    return shown({"public_id": places[0].public_id, "environments": told})


@get("/healthz", policy=ANYONE)
async def healthz() -> Response[bytes]:
    """Whether the process answers."""
    return shown({"status": "ok"})


@get("/readyz", policy=ANYONE)
async def readyz(request: ApiRequest) -> Response[bytes]:
    """Whether the databases answer."""
    await installation_of(request).project()
    return shown({"status": "ready"})


@get("/", media_type=MediaType.HTML, policy=ANYONE)
async def status(request: ApiRequest) -> Response[bytes]:
    """What is live and what happened last, for a person."""
    return Response(
        await status_page(installation_of(request)),
        media_type=MediaType.HTML,
        headers={
            "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        },
    )


@get("/status.css", policy=ANYONE)
async def style() -> Response[bytes]:
    """The status page's style sheet."""
    return Response((Path(__file__).parent / "status.css").read_bytes(), media_type="text/css")


def create_api(admin: Admin) -> Litestar:
    """The Litestar application."""
    from handrail.http.api.code import code_routes
    from handrail.http.api.people import people_routes
    from handrail.http.api.previews import preview_routes
    from handrail.http.api.questions import question_routes
    from handrail.http.api.segment import segment_routes

    handlers: list[HTTPRouteHandler] = [
        apply_documents,
        pull_documents,
        pause_experience,
        *preview_routes,
        explain_user,
        count_users,
        tail,
        show_accounting,
        rebuild,
        show_filling,
        refill_analytics,
        download_backup,
        describe_project,
        *question_routes,
        *segment_routes,
        *people_routes,
        *member_routes,
        *job_routes,
        *code_routes,
        openapi,
        healthz,
        readyz,
        status,
        style,
    ]

    def on_start(config: AppConfig) -> AppConfig:
        config.state.admin = admin
        config.state.describe = lru_cache(1)(lambda: describe(handlers, version("handrail")))
        return config

    return Litestar(
        route_handlers=handlers,
        guards=[obey],
        exception_handlers={
            HandrailError: handrail_problem,
            HTTPException: http_problem,
            Exception: unexpected_problem,
        },
        on_app_init=[on_start],
        openapi_config=None,
    )
