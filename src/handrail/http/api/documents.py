"""The API's routes about documents: publishing them, reading them back, seeing what an apply would change, pausing."""

from __future__ import annotations

from typing import cast

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Invalid
from handrail.core.experiences.codec import decode, encode_experience
from handrail.core.experiences.model import Experience
from handrail.core.experiences.themes import Theme
from handrail.core.segments import Segment
from handrail.http.api.admin import Admin
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.questions import analytics_of, asked_of
from handrail.http.api.showing import shown
from handrail.segmentio.destination.model import Destination
from handrail.workspace.apply import Applied, Document, Found, Placed, apply
from handrail.workspace.people.attributes import document_doubts
from handrail.workspace.plan import Effect, Plan, effects, planned

type_of_document = {"experience": Experience, "segment": Segment, "theme": Theme, "destination": Destination}


class SentDocument(msgspec.Struct, forbid_unknown_fields=True):
    """One document of an apply, as the command line sends it."""

    sort: str
    document: msgspec.Raw
    source: str = ""
    root: str = ""


class ApplyBody(msgspec.Struct, forbid_unknown_fields=True):
    """What to apply, where."""

    documents: list[SentDocument]
    environment: str = "production"
    base: int | None = None
    prune: bool = False


@post("/api/v1/apply", status_code=200, policy="experiences:publish", body=ApplyBody, answer=Applied)
async def apply_documents(request: ApiRequest) -> Response[bytes]:
    """Publish a set of documents: all of it or nothing."""
    admin = admin_of(request)
    body = decode(await request.body(), ApplyBody)
    documents = [placed(at, each) for at, each in enumerate(body.documents)]
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


def placed(at: int, sent: SentDocument) -> Placed:
    """A document as the workspace knows it. Raises Invalid that names where it is: in its file, or in the call."""
    kind = type_of_document.get(sent.sort)
    if kind is None:
        raise Invalid(f"There is no sort of document {sent.sort!r}.", path=f"documents[{at}].sort")
    root = sent.root if sent.source else f"documents[{at}].document"
    return Placed(cast("Document", decode(bytes(sent.document), cast("type", kind), root)), sent.source, root)


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


@post("/api/v1/plan", status_code=200, policy="experiences:read")
async def plan_documents(request: ApiRequest) -> Response[bytes]:
    """What an apply of these documents would change, and who would gain and lose each experience."""
    admin = admin_of(request)
    body = decode(await request.body(), ApplyBody)
    documents = [placed(at, each) for at, each in enumerate(body.documents)]
    project = await admin.project()
    made = await planned(
        admin.works, project, body.environment, documents, admin.now(), base=body.base, prune=body.prune
    )
    counted: list[Effect] = []
    if admin.analytics is not None:
        _, place = await asked_of(admin, body.environment)
        counted = await effects(made, place, await analytics_of(admin))
    return shown(Plan(made.revision, made.changes, made.warnings, counted))


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


document_routes = (apply_documents, plan_documents, pull_documents, pause_experience)
