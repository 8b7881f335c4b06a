"""The tracking door: Segment's HTTP API. A 200 means that every event it does not name is on disk."""

from __future__ import annotations

import base64
import binascii

import msgspec

from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Forbidden, HandrailError, Invalid, NotFound
from handrail.http.asgi import JSON, Receive, Scope, Send, answer, header, read_body
from handrail.http.deps import Deps
from handrail.http.errors import door_error
from handrail.http.public.cors import cors, preflight
from handrail.http.public.intake import keep, refuse_one
from handrail.ingest.accept import Accepted, Door, accept_call, accept_parsed
from handrail.segmentio.destination.actions import NAME
from handrail.segmentio.destination.model import Destination, subscriptions
from handrail.segmentio.wire import ROUTES, TYPES, is_plain, may_hold_poison, parse_batch, parse_call, unpack

SUCCESS = b'{"success":true}'


class Tracking:
    """`POST /v1/{identify,track,page,screen,group,alias,batch}` and their short forms."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            await preflight(scope, send)
            return
        headers = [JSON, *cors(scope)]
        try:
            if method == "GET":
                status, body = 200, await self._settings(scope, path)
            elif method == "POST":
                status, body = 200, await self._track(scope, receive, path)
            else:
                raise Invalid("Calls are sent with POST.", code="unknown_route")
        except HandrailError as error:
            self._deps.accounts.deny(self._deps.now(), error.code)
            status, body, more = door_error(error)
            headers += more
        await answer(send, status, body, headers)

    async def _settings(self, scope: Scope, path: str) -> bytes:
        """The settings documents that browser libraries fetch before their first event."""
        if path.startswith("/v1/projects/") and path.endswith("/settings"):
            key = path.removeprefix("/v1/projects/").removesuffix("/settings")
            settings = await self._environment(key)
            host = header(scope, b"host") or ""
            documents = await self._deps.destinations.documents(settings.id)
            remote = [remote_plugin(each, host, key) for each in documents if each.enabled]
            return msgspec.json.encode(
                {
                    "integrations": {
                        "Segment.io": {"apiKey": key, "unbundledIntegrations": [], "addBundledMetadata": True}
                    },
                    "plan": {"track": {"__default": {"enabled": True}}, "identify": {"__default": {"enabled": True}}},
                    "edgeFunction": {},
                    "analyticsNextEnabled": True,
                    "middlewareSettings": {},
                    "enabledMiddleware": {},
                    "metrics": {"sampleRate": 0},
                    "legacyVideoPluginsEnabled": False,
                    "remotePlugins": remote,
                }
            )
        if path.startswith("/sourceConfig"):
            return b'{"source":{"enabled":true,"destinations":[]}}'
        raise NotFound("There is no such document.")

    async def _track(self, scope: Scope, receive: Receive, path: str) -> bytes:
        kind, plain = kind_of(path), False
        self._deps.limits.address(scope, self._deps.now())
        body = unpack(await read_body(receive))
        if kind == "batch":
            plain = is_plain(body)
            clean = plain or not may_hold_poison(body)
            batch = parse_batch(body, clean=clean)
            door = await self._door(scope, batch.writeKey)
            signature = batch.signature
            accepted = accept_parsed(batch, door, clean=clean)
        else:
            call = parse_call(body)
            door = await self._door(scope, call.writeKey)
            signature = call.signature
            try:
                accepted = accept_call(body, kind, door)
            except Invalid as problem:
                refuse_one(self._deps, door.environment, door.received_at, problem)
                raise
        guard, now = self._deps.guard, door.received_at
        sent = b"" if plain else body
        accepted = await guard.check(accepted, door.environment, now=now, signature=signature, sent=sent)
        events = await self._deps.destinations.route(door.environment, accepted.events)
        if events is not accepted.events:
            # A destination may speak of another user than the event it was given, and is held to the same proof.
            proven = frozenset(each.user_id for each in accepted.events if each.verified is not None)
            made = Accepted(events)
            made = await guard.check(made, door.environment, now=now, signature=signature, proven=proven)
            events = made.events
        await keep(self._deps, door.environment, now, accepted, events)
        return told(accepted)

    async def _door(self, scope: Scope, said: object) -> Door:
        settings = await self._environment(said if isinstance(said, str) and said else basic_user(scope))
        return Door(settings.id, settings.write_key, self._deps.now())

    async def _environment(self, key: str | None) -> EnvironmentSettings:
        if not key:
            raise Forbidden("A write key is needed, in the body or as Basic user name.", code="no_key")
        settings = await self._deps.publications.environment_by_key(key)
        if settings is None:
            raise Forbidden("There is no such write key.", code="unknown_key")
        return settings


def remote_plugin(destination: Destination, host: str, key: str) -> dict[str, object]:
    """How analytics.js is told of a destination: whose script to load, and what to hand to the function it defines."""
    return {
        "name": NAME,
        "creationName": NAME,
        "libraryName": "handrailDestination",
        # Whoever fetched this document reached us by this host; the page's own scheme is right for both.
        "url": f"//{host}/sdk/v1/segment.js",
        "settings": {
            **msgspec.to_builtins(destination.settings),
            "key": key,
            "subscriptions": [
                {
                    "partnerAction": each.action,
                    "name": each.name,
                    "enabled": each.enabled,
                    "subscribe": each.trigger,
                    "mode": each.mode,
                    "mapping": each.mapping,
                }
                for each in subscriptions(destination)
            ],
        },
    }


def kind_of(path: str) -> str:
    """The call type that a route stands for. Raises Invalid for a route that is none."""
    name = path.removeprefix("/v1/").strip("/")
    word = ROUTES.get(name, name)
    if word == "batch" or word in TYPES:
        return word
    short, _, form = name.partition("/")
    if form in ("b", "m") and short in ROUTES:
        return "batch"
    raise Invalid(f"There is no call {name!r}.", code="unknown_route")


def told(accepted: Accepted) -> bytes:
    """`{"success":true}`, and what was refused or trimmed where something was."""
    if not accepted.rejections and not accepted.warnings:
        return SUCCESS
    return msgspec.json.encode({"success": True, "rejected": accepted.rejections, "warnings": accepted.warnings})


def basic_user(scope: Scope) -> str | None:
    """The user name of HTTP Basic authentication, where Segment's libraries put the write key."""
    value = header(scope, b"authorization")
    if value is None or not value.lower().startswith("basic "):
        return None
    try:
        return base64.b64decode(value[6:]).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None
