"""Server-side events as Jimo sends them: `POST /sse/webhook`, one identify or track, or a list of them.

The caller brings a secret API key in `x-api-key`, so what it says of a user needs no signature.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from handrail.core.errors import HandrailError, Invalid
from handrail.http.asgi import JSON, Receive, Scope, Send, answer, header, query_of, read_body
from handrail.http.deps import Deps
from handrail.http.errors import door_error
from handrail.http.public.intake import keep
from handrail.http.public.tracking import told
from handrail.ingest.accept import Door, Rejection, accept_batch
from handrail.segmentio.wire import MAX_BODY, MAX_EVENTS, unpack

KINDS = ("identify", "track")

_Body: TypeAlias = list[dict[str, object]] | dict[str, object]
_body: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)


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
        body = unpack(await read_body(receive, MAX_BODY + 1))
        now = deps.now()
        accepted = accept_batch(_as_batch(body), Door(settings.id, settings.write_key, now))
        alone = body.lstrip()[:1] == b"{"
        accepted.rejections = [_renamed(each, alone=alone) for each in accepted.rejections]
        accepted = await deps.guard.check(accepted, settings.id, now=now, trusted=True)
        await keep(deps, settings.id, now, accepted, accepted.events)
        if alone and accepted.rejections and (first := accepted.rejections[0]).code != "suppressed":
            raise Invalid(first.message, code=first.code, path=first.path)
        return told(accepted)


def _as_batch(body: bytes) -> bytes:
    """The calls in the form of a batch. Raises Invalid for what is neither an event nor a list of them."""
    try:
        read = _body.decode(body)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Invalid(f"The body is no event and no list of events: {problem}", code="bad_json") from None
    events: list[dict[str, object]] = read if isinstance(read, list) else [read]
    if len(events) > MAX_EVENTS:
        raise Invalid(f"A request holds at most {MAX_EVENTS} events.", code="too_many_events")
    for event in events:
        if event.get("type") not in KINDS:
            event["type"] = f"{event.get('type')!r:.60} (here: identify or track)"
        if isinstance(said := event.get("timestamp"), int | float):
            event["timestamp"] = _moment(said)
        event.pop("anonymousId", None)
    return msgspec.json.encode({"batch": events})


def _moment(milliseconds: float) -> str:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def _renamed(rejection: Rejection, *, alone: bool) -> Rejection:
    """The rejection with its place as the sender wrote it: `userId` of the one event, `[3].userId` in a list."""
    path = rejection.path.removeprefix("batch[0]").lstrip(".") if alone else rejection.path.removeprefix("batch")
    return msgspec.structs.replace(rejection, path=path)
