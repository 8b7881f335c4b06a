"""Server-side events as Jimo sends them: `POST /sse/webhook`, one identify or track, or a list of them.

The caller brings a secret API key in `x-api-key`, so what it says of a user needs no signature.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from handrail.core.errors import HandrailError, Invalid
from handrail.http.asgi import JSON, Receive, Scope, Send, answer, header, query_of, read_body
from handrail.http.deps import Deps
from handrail.http.errors import door_error
from handrail.http.public.intake import keep
from handrail.http.public.tracking import told
from handrail.ingest.accept import Door, Rejection, accept_parsed, milliseconds
from handrail.segmentio.wire import Call, Envelope, check_count, unpack

KINDS = ("identify", "track")

_list = msgspec.json.Decoder(list[msgspec.Raw])


class ServerEvents:
    """`/sse/webhook`. The key's project is written to; `?environment=` names which part, `production` by default."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] != "POST":
                raise Invalid("Server-side events are sent with POST.", code="unknown_route")
            status, body, more = 200, await self._take(scope, receive), []
        except HandrailError as error:
            status, body, more = door_error(error)
        await answer(send, status, body, [JSON, *more])

    async def _take(self, scope: Scope, receive: Receive) -> bytes:
        deps = self._deps
        environment = query_of(scope).get("environment", "production")
        settings = await deps.server_key(header(scope, b"x-api-key"), environment)
        body = unpack(await read_body(receive))
        now = deps.now()
        alone = body.lstrip()[:1] != b"["
        envelope = _envelope_of(body, alone=alone)
        accepted = accept_parsed(envelope, Door(settings.id, settings.write_key, now), hold=_hold)
        accepted.rejections = [_renamed(each, alone=alone) for each in accepted.rejections]
        accepted = await deps.guard.check(accepted, settings.id, now=now, trusted=True)
        await keep(deps, settings.id, now, accepted, accepted.events)
        if alone and accepted.rejections and (first := accepted.rejections[0]).code != "suppressed":
            raise Invalid(first.message, code=first.code, path=first.path)
        return told(accepted)


def _envelope_of(body: bytes, *, alone: bool) -> Envelope:
    """The calls in the form of a batch. Raises Invalid for what is neither an event nor a list of them."""
    if alone:
        return Envelope(batch=[msgspec.Raw(body)])
    try:
        envelope = Envelope(batch=_list.decode(body))
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Invalid(f"The body is no event and no list of events: {problem}", code="bad_json") from None
    check_count(envelope.batch)
    return envelope


def _hold(call: Call) -> None:
    """Hold a call to what Jimo asks of server-side events: a user id, a time, traits of an identify. Raises Invalid."""
    if call.type not in KINDS:
        raise Invalid(
            f"Server-side events are of type identify or track, not {call.type!r:.60}.",
            code="unknown_type",
            path="type",
        )
    call.anonymousId = None
    said = call.timestamp
    if isinstance(said, int | float) and not isinstance(said, bool):
        call.timestamp = _moment(said)
    if milliseconds(call.timestamp) is None:
        raise Invalid(
            f"A timestamp is an instant as ISO-8601, or in milliseconds, not {said!r:.60}.",
            code="bad_timestamp",
            path="timestamp",
        )
    if call.type == "identify" and bytes(call.traits)[:1] != b"{":
        raise Invalid("An identify has traits, an object.", code="bad_traits", path="traits")


def _moment(milliseconds: float) -> str:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def _renamed(rejection: Rejection, *, alone: bool) -> Rejection:
    """The rejection with its place as the sender wrote it: `userId` of the one event, `[3].userId` in a list."""
    path = rejection.path.removeprefix("batch[0]").lstrip(".") if alone else rejection.path.removeprefix("batch")
    return msgspec.structs.replace(rejection, path=path)
