"""The API's routes about Segment destinations: what they did, and what they would do with an event."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from handrail.core.errors import NotFound
from handrail.core.experiences.codec import decode
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.ingest.accept import Door
from handrail.ingest.trying import Tried, try_event
from handrail.segmentio.destination.model import Destination
from handrail.workspace.apply import NotPublishable, Placed, check


class TestBody(msgspec.Struct, forbid_unknown_fields=True):
    """An event as a Segment library sends it; with `destination`, one that is not saved yet takes the others' place."""

    event: msgspec.Raw
    environment: str = "production"
    key: str | None = None
    """Only the destination with this key."""
    destination: msgspec.Raw = msgspec.Raw()


@post("/api/v1/segment/test", status_code=200, policy="experiences:read")
async def try_mappings(request: ApiRequest) -> Response[bytes]:
    """Which mappings an event matches, what each makes of it, each error with its path. Nothing is kept."""
    admin = admin_of(request)
    body = decode(await request.body(), TestBody)
    place = await admin.place(body.environment)
    destinations = await admin.destinations.documents(place.id)
    if document := bytes(body.destination):
        destinations = (_unsaved(document),)
    elif body.key is not None:
        destinations = tuple(each for each in destinations if each.key == body.key)
        if not destinations:
            raise NotFound(f"There is no destination {body.key!r} in {body.environment!r}.")
    door = Door(place.id, place.write_key, admin.now())
    tried: Tried = try_event(bytes(body.event), destinations, door)
    return shown(tried)


def _unsaved(document: bytes) -> Destination:
    destination = decode(document, Destination, "destination")
    found = check([Placed(destination, root="destination")], live={}, segments={}, themes={})
    if any(each.severity == "error" for each in found):
        raise NotPublishable(found)
    return destination


@get("/api/v1/segment/destinations", policy="events:read")
async def report_destinations(request: ApiRequest, environment: FromQuery[str] = "production") -> Response[bytes]:
    """What each destination did in the last days, by mapping, and each mapping's last failures."""
    admin = admin_of(request)
    place = await admin.place(environment)
    await admin.books.enter()
    return shown({"destinations": await admin.destinations.report(place.id)})


segment_routes = (try_mappings, report_destinations)
