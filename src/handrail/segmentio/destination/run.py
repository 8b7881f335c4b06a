"""A destination at work on the server: an event in, the events that its mappings make of it out.

What an action does to a person is what our SDK does when Segment's device-mode destination drives it:

- Send User Data identifies the person of the event, sets the native email and, apart from it, the custom attributes.
- Send Track Event tracks under the mapped message id, so the browser's copy and the server's count once.
- Send Group Data puts the person of the event into a company.

With `manualInit` nothing is known of a person before a user id (RULES 15): what names none is held back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, TypeAlias, TypeGuard, cast

import msgspec

from handrail.core.errors import Invalid
from handrail.core.events import Event
from handrail.core.values import Refused, check_user_id, instant_of, unkept
from handrail.segmentio.destination.actions import ACCEPTS, ActionKey, is_switched_on
from handrail.segmentio.destination.fields import FieldProblem, checked, fitting
from handrail.segmentio.destination.model import Destination, Subscription, subscriptions
from handrail.segmentio.fql.triggers import Predicate, compile_trigger
from handrail.segmentio.mapping.budget import MappingFailed
from handrail.segmentio.mapping.transform import Transform, compile_mapping
from handrail.segmentio.wire import MAX_DEPTH, is_too_deep, may_hold_poison, refuse_poison

MAX_MESSAGE_ID = 100
MAX_NAME = 200
MAX_PAYLOAD = 32 * 1024
"""Bytes of what one mapping may make of one event: as much as an event may have."""

Payload: TypeAlias = "dict[str, object]"
Outcome: TypeAlias = Literal["sent", "held", "blocked", "failed"]

Perform: TypeAlias = "Callable[[Destination, int, Event, Payload, Payload], Event]"
"""An action: by which destination, which of its mappings, for which event, with which fields."""

_body = msgspec.json.Decoder(dict[str, object])


class Made(msgspec.Struct, frozen=True):
    """What one mapping made of one event: an event to keep, or why none. `payload` is what the mapping gave."""

    mapping: int
    outcome: Outcome
    event: Event | None = None
    payload: object = None
    problems: tuple[FieldProblem, ...] = ()


class Route(msgspec.Struct, frozen=True):
    """One enabled mapping, compiled."""

    at: int
    subscription: Subscription
    fires: Predicate
    transform: Transform
    fits: Callable[[object], TypeGuard[Payload]]
    perform: Perform


class Instance(msgspec.Struct, frozen=True):
    """A destination, compiled."""

    destination: Destination
    routes: tuple[Route, ...]


class _Refuses(Exception):
    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.problem = FieldProblem(path, message)


class _Holds(Exception):
    """There is no user id yet, and the instance waits for one."""


def compile_destination(destination: Destination) -> Instance:
    """The destination ready to run. Raises Invalid for one that has problems."""
    routes = tuple(
        Route(
            at,
            each,
            compile_trigger(each.trigger, each.mode),
            compile_mapping(each.mapping),
            fitting(each.action),
            PERFORM[each.action],
        )
        for at, each in enumerate(subscriptions(destination))
        if each.enabled and destination.enabled
    )
    return Instance(destination, routes)


def payload_of(event: Event) -> Payload:
    """An accepted event as mappings see it: Segment's members, ids as text, `timestamp` by the server's clock."""
    payload = _read(event.body)
    payload["type"] = event.type
    payload["messageId"] = event.message_id
    payload["timestamp"] = iso(event.timestamp)
    if event.user_id is not None:
        payload["userId"] = event.user_id
    if event.anonymous_id is not None:
        payload["anonymousId"] = event.anonymous_id
    if event.name is not None:
        payload["event" if event.type == "track" else "name"] = event.name
    if event.group_id is not None:
        payload["groupId"] = event.group_id
    if event.previous_id is not None:
        payload["previousId"] = event.previous_id
    return payload


def _read(body: msgspec.Raw) -> Payload:
    try:
        return _body.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return {}


def run(instance: Instance, event: Event, payload: Payload) -> list[Made]:
    """What each mapping that matches makes of an event, in their order."""
    made: list[Made] = []
    if event.type not in ACCEPTS:
        return made
    integrations = payload.get("integrations")
    for route in instance.routes:
        if not route.fires(payload):
            continue
        if integrations and not is_switched_on(integrations, route.subscription.action):
            made.append(Made(route.at, "blocked"))
            continue
        made.append(_made(instance, route, event, payload))
    return made


def _made(instance: Instance, route: Route, event: Event, payload: Payload) -> Made:
    value: object = None
    try:
        value = route.transform(payload)
        if route.fits(value):
            fields = value
        else:
            fields = checked(route.subscription.action, value)
            if isinstance(fields, list):
                return Made(route.at, "failed", None, value, tuple(fields))
        kept = route.perform(instance.destination, route.at, event, payload, fields)
        return Made(route.at, "sent", kept, value)
    except _Holds:
        return Made(route.at, "held", None, value)
    except _Refuses as refused:
        return Made(route.at, "failed", None, value, (refused.problem,))
    except MappingFailed as problem:
        return Made(route.at, "failed", None, None, (FieldProblem(problem.path, problem.message),))
    except RecursionError:
        # Text that a mapping decodes may nest deeper than any event.
        return Made(route.at, "failed", None, None, (FieldProblem("", "What a mapping reads is nested too deep."),))


def _message_id(event: Event, destination: Destination, at: int) -> str:
    """An id for what one mapping makes of one event: the same whenever the event comes again."""
    said = f"{event.message_id}\0{destination.key}\0{at}"
    return "made-" + blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _send_user_data(destination: Destination, at: int, event: Event, payload: Payload, fields: Payload) -> Event:
    user_id = _id(fields.get("userId"), "userId", event.user_id)
    if user_id is None and destination.settings.manualInit:
        raise _Holds
    traits: object = fields.get("traits") or {}
    email = fields.get("email")
    native = {} if email is None else {"email": email}
    # `visit: false`: a server that identifies somebody does not put them on a page.
    body: Payload = {"traits": traits, "context": _context(payload, {"handrail": {"native": native, "visit": False}})}
    message_id = _message_id(event, destination, at)
    return _event(event, "identify", message_id, user_id, event.anonymous_id, _encoded(body))


def _send_track_event(destination: Destination, at: int, event: Event, payload: Payload, fields: Payload) -> Event:
    user_id = _id(fields.get("userId"), "userId", event.user_id)
    if user_id is None and destination.settings.manualInit:
        raise _Holds
    name = _text(str(fields["event_name"]), "event_name", event.name)
    message_id = _text(str(fields["messageId"]), "messageId", event.message_id)
    said = fields["timestamp"]
    if not name or len(name) > MAX_NAME:
        raise _Refuses("event_name", f"event_name has 1 to {MAX_NAME} characters.")
    if not message_id or len(message_id) > MAX_MESSAGE_ID:
        raise _Refuses("messageId", f"messageId has 1 to {MAX_MESSAGE_ID} characters.")
    timestamp = event.timestamp
    if said is not payload["timestamp"]:
        found = instant_of(said, "UTC")
        if found is None:
            raise _Refuses("timestamp", f"{said!r} is no ISO-8601 instant.")
        timestamp = min(found, event.received_at)
    properties = fields.get("properties")
    same = properties is payload.get("properties") and event.type == "track"
    if same:
        body = event.body
    else:
        kept: Payload = {"properties": properties, "context": _context(payload, {})}
        body = _encoded({key: value for key, value in kept.items() if value})
    anonymous_id = _id(fields.get("anonymousId"), "anonymousId", event.anonymous_id)
    return _event(event, "track", message_id, user_id, anonymous_id, body, name, None, timestamp)


def _send_group_data(destination: Destination, at: int, event: Event, payload: Payload, fields: Payload) -> Event:
    if event.user_id is None and destination.settings.manualInit:
        raise _Holds
    group_id = _id(fields["groupId"], "groupId", event.group_id)
    body = _encoded({"traits": fields.get("traits") or {}, "context": _context(payload, {})})
    message_id = _message_id(event, destination, at)
    return _event(event, "group", message_id, event.user_id, event.anonymous_id, body, None, group_id)


PERFORM: Mapping[ActionKey, Perform] = {
    "sendUserData": _send_user_data,
    "sendTrackEvent": _send_track_event,
    "sendGroupData": _send_group_data,
}


def _context(payload: Payload, more: Payload) -> Payload:
    """The event's own context, so that what it proves of its user goes along, and what an action adds to it."""
    context = payload.get("context")
    return {**cast("Payload", context), **more} if isinstance(context, dict) else more


def _event(
    event: Event,
    kind: Literal["identify", "track", "group"],
    message_id: str,
    user_id: str | None,
    anonymous_id: str | None,
    body: msgspec.Raw,
    name: str | None = None,
    group_id: str | None = None,
    timestamp: int | None = None,
) -> Event:
    if user_id is None and anonymous_id is None:
        raise _Refuses("userId", "There is nobody to write to: neither a user id nor an anonymous id.")
    return Event(
        environment=event.environment,
        message_id=message_id,
        type=kind,
        anonymous_id=anonymous_id,
        user_id=user_id,
        name=name,
        group_id=group_id,
        timestamp=event.timestamp if timestamp is None else timestamp,
        received_at=event.received_at,
        body=body,
    )


def _id(value: object, path: str, known: str | None) -> str | None:
    # What the event itself says was checked at the door.
    if value is None or value is known:
        return known if value is known else None
    checked_id = check_user_id(value)
    if isinstance(checked_id, Refused):
        raise _Refuses(path, f"{path}: {checked_id.reason}.")
    return checked_id


def _text(text: str, path: str, known: str | None) -> str:
    """Text that a mapping made, held to what the door holds an event to. Raises _Refuses."""
    if text is not known and (problem := unkept(text)) is not None:
        raise _Refuses(path, f"{path} holds {problem}.")
    return text


def _encoded(body: Payload) -> msgspec.Raw:
    """What a mapping made, held to what the door holds an event to. Raises _Refuses."""
    try:
        made = msgspec.json.encode(body)
    except (UnicodeEncodeError, RecursionError, ValueError, TypeError):
        raise _Refuses("", "What this mapping makes is no JSON that can be kept.") from None
    if len(made) > MAX_PAYLOAD:
        raise _Refuses("", f"What a mapping makes has at most {MAX_PAYLOAD} bytes, this has {len(made)}.")
    if is_too_deep(made):
        raise _Refuses("", f"What a mapping makes nests at most {MAX_DEPTH} levels deep.")
    if may_hold_poison(made):
        try:
            refuse_poison(made)
        except Invalid as problem:
            raise _Refuses("", problem.message) from None
    return msgspec.Raw(made)


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    return moment.isoformat(timespec="seconds").removesuffix("+00:00")


def iso(instant: int) -> str:
    """An instant in milliseconds as ISO-8601 in UTC."""
    second, milliseconds = divmod(instant, 1000)
    try:
        return f"{_second(second)}.{milliseconds:03}Z"
    except (OverflowError, ValueError):
        return "1970-01-01T00:00:00.000Z" if instant < 0 else "9999-12-31T23:59:59.999Z"


def is_our_own(event: Event) -> bool:
    """Whether our SDK sent it: what the browser has mapped already is not mapped again."""
    if b'"handrail"' not in bytes(event.body):
        return False
    context = _read(event.body).get("context")
    return isinstance(context, dict) and "handrail" in context


def each_kept(made: list[Made]) -> Iterator[Event]:
    """The events to keep."""
    return (each.event for each in made if each.event is not None)
