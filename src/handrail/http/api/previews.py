"""Preview links by API."""

from __future__ import annotations

import secrets

import msgspec
from litestar import Response, post
from litestar.params import FromPath, FromQuery

from handrail.core.experiences.codec import decode, decode_experience
from handrail.core.previews import Persona
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.workspace import previews


class PreviewBody(msgspec.Struct, forbid_unknown_fields=True):
    """A document to look at, where, and as whom."""

    document: msgspec.Raw
    url: str
    environment: str = "production"
    persona: Persona = Persona()
    days: int = 1


@post("/api/v1/previews", status_code=201, policy="experiences:publish")
async def create_preview(request: ApiRequest) -> Response[bytes]:
    """Make a link that shows a version before it is live; nothing in the preview is counted."""
    admin = admin_of(request)
    body = decode(await request.body(), PreviewBody)
    document = decode_experience(bytes(body.document), "document")
    asked = previews.NewPreview(document=document, url=body.url, persona=body.persona, days=body.days)
    async with admin.works(await admin.project()) as work:
        made = await previews.create(work, body.environment, asked, admin.now(), lambda: secrets.token_urlsafe(24))
    return shown(made, 201)


@post("/api/v1/experiences/{key:str}/end-previews", status_code=200, policy="experiences:publish")
async def end_previews(
    request: ApiRequest, key: FromPath[str], environment: FromQuery[str] = "production"
) -> Response[bytes]:
    """Take back every preview link of an experience."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        place = await work.environment(environment)
        ended = await work.end_previews(place.id, key)
    return shown({"key": key, "ended": ended})


preview_routes = (create_preview, end_previews)
