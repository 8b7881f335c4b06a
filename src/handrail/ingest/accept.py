"""Accept: what a door received, turned into events for the log, each on its own merits.

Never all or nothing: a browser cannot mend a batch, so one bad event costs only itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import cast

import msgspec

from handrail.core.errors import Invalid
from handrail.core.events import Event, EventType
from handrail.core.values import Refused, check_user_id
from handrail.segmentio.wire import MAX_EVENT, TYPES, Call, Envelope, parse_call, parse_envelope

MAX_MESSAGE_ID = 100
MAX_NAME = 200
MAX_TRAITS = 1000

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Rejection(msgspec.Struct, frozen=True):
    """Why one event was not kept: where it stood, a stable code, a sentence."""

    path: str
    code: str
    message: str
    message_id: str | None = None


class Accepted(msgspec.Struct):
    """Events to keep, rejections to report, and warnings about what was left out of kept events."""

    events: list[Event] = []
    rejections: list[Rejection] = []
    warnings: list[Rejection] = []


class Door(msgspec.Struct, frozen=True):
    """Which environment a request writes to, by whose key, and when it came (milliseconds)."""

    environment: str
    write_key: str
    received_at: int


def accept_call(body: bytes, kind: str, door: Door) -> Accepted:
    """The event of a single-call route. Raises Invalid when the body is no JSON object or the event is rejected."""
    accepted = Accepted()
    _accept(msgspec.Raw(body), "", kind, None, door, accepted)
    if accepted.rejections:
        why = accepted.rejections[0]
        raise Invalid(why.message, code=why.code, path=why.path)
    return accepted


def accept_batch(body: bytes, door: Door) -> Accepted:
    """The events of a batch. Raises Invalid for what is no batch at all."""
    return accept_envelope(parse_envelope(body), door)


def accept_envelope(envelope: Envelope, door: Door) -> Accepted:
    """The events of a batch already parsed."""
    accepted = Accepted()
    for at, raw in enumerate(envelope.batch):
        _accept(raw, f"batch[{at}]", None, envelope, door, accepted)
    return accepted


def _accept(
    raw: msgspec.Raw, path: str, kind: str | None, shared: Envelope | None, door: Door, accepted: Accepted
) -> None:
    message_id = None
    try:
        call = parse_call(raw)
        message_id = call.messageId if isinstance(call.messageId, str) else None
        if kind is None:
            if not isinstance(call.type, str) or call.type not in TYPES:
                raise Invalid(f"There is no event type {call.type!r}.", code="unknown_type", path="type")
            kind = call.type
        if len(bytes(raw)) > MAX_EVENT or (
            kind in ("identify", "group") and bytes(call.traits).count(b":") > MAX_TRAITS
        ):
            _trim(call, raw, path, accepted)
        accepted.events.append(_event(call, kind, shared, door, bytes(raw)))
    except Invalid as problem:
        inner = ".".join(part for part in (path, problem.path) if part)
        accepted.rejections.append(Rejection(inner, problem.code, problem.message, message_id))


def _trim(call: Call, raw: msgspec.Raw, path: str, accepted: Accepted) -> None:
    """Keep the first thousand traits, tell the rest in one warning, and hold what is left to the size of an event."""
    size = len(bytes(raw))
    if bytes(call.traits)[:1] == b"{":
        traits = _members.decode(call.traits)
        if len(traits) > MAX_TRAITS:
            kept = dict(islice(traits.items(), MAX_TRAITS))
            left = list(islice(traits, MAX_TRAITS, None))
            trimmed = msgspec.json.encode(kept)
            size += len(trimmed) - len(bytes(call.traits))
            call.traits = msgspec.Raw(trimmed)
            shown = ", ".join(left[:20]) + (" ..." if len(left) > 20 else "")
            message = f"{len(traits)} attributes, the first {MAX_TRAITS} kept; left out: {shown}"
            accepted.warnings.append(Rejection(f"{path}.traits".lstrip("."), "too_many_attributes", message))
    if size > MAX_EVENT:
        raise Invalid(f"An event holds at most {MAX_EVENT} bytes, this one {size}.", code="event_too_large")


def _event(call: Call, kind: str, shared: Envelope | None, door: Door, raw: bytes) -> Event:
    if call.writeKey is not None and call.writeKey != door.write_key:
        raise Invalid("This event carries another environment's write key.", code="foreign_key", path="writeKey")
    user_id = _user_id(call.userId, "userId")
    anonymous_id = _user_id(call.anonymousId, "anonymousId")
    previous_id = _user_id(call.previousId, "previousId")
    group_id = _user_id(call.groupId, "groupId")
    if user_id is None and anonymous_id is None:
        raise Invalid("An event names a userId or an anonymousId.", code="no_user_anon_id", path="userId")
    name: str | None = None
    match kind:
        case "track":
            name = _text(call.event, "event")
            if not name:
                raise Invalid("A track call names its event.", code="no_event", path="event")
        case "page" | "screen":
            name = _text(call.name, "name")
        case "group":
            if group_id is None:
                raise Invalid("A group call names its groupId.", code="no_group_id", path="groupId")
        case "alias":
            previous_id = previous_id or anonymous_id
            if previous_id is None:
                raise Invalid("An alias call names its previousId.", code="no_previous_id", path="previousId")
            if previous_id == user_id:
                raise Invalid("An alias cannot point at itself.", code="alias_cycle", path="previousId")
        case _:
            pass
    return Event(
        environment=door.environment,
        message_id=_message_id(call.messageId, door, raw),
        type=cast("EventType", kind),
        anonymous_id=anonymous_id,
        user_id=user_id,
        name=name,
        group_id=group_id,
        previous_id=previous_id,
        timestamp=_timestamp(call, shared, door.received_at),
        received_at=door.received_at,
        body=_body(call, shared),
    )


def _user_id(value: object, path: str) -> str | None:
    if value is None:
        return None
    checked = check_user_id(value)
    if isinstance(checked, Refused):
        raise Invalid(f"{path}: {checked.reason}", code="bad_id", path=path)
    return checked


def _text(value: object, path: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Invalid(f"{path} is text.", code="bad_event", path=path)
    if len(value) > MAX_NAME:
        raise Invalid(f"{path} has at most {MAX_NAME} characters.", code="long_name", path=path)
    return value


def _message_id(value: object, door: Door, raw: bytes) -> str:
    if value is None or value == "":
        # The same content again is the same event: that is what a retry without an id looks like.
        return "made-" + hashlib.blake2b(raw, digest_size=16, key=door.environment.encode()[:64]).hexdigest()
    if not isinstance(value, str) or len(value) > MAX_MESSAGE_ID:
        raise Invalid(
            f"messageId is text of at most {MAX_MESSAGE_ID} characters.", code="bad_message_id", path="messageId"
        )
    return value


def _timestamp(call: Call, shared: Envelope | None, received_at: int) -> int:
    """When it happened, by the server's clock: the sender's clock error is the difference between sent and received."""
    said = _milliseconds(call.originalTimestamp)
    if said is None:
        said = _milliseconds(call.timestamp)
    if said is None:
        return received_at
    sent = _milliseconds(call.sentAt)
    if sent is None and shared is not None:
        sent = _milliseconds(shared.sentAt)
    corrected = said if sent is None else received_at - (sent - said)
    return min(corrected, received_at)


def _milliseconds(value: object) -> int | None:
    """An ISO-8601 text as milliseconds; None for anything else. Without an offset it is UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


_OPENING: Sequence[bytes] = (b"{",)


def _body(call: Call, shared: Envelope | None) -> msgspec.Raw:
    parts: list[bytes] = []
    for name, raw in ((b'"traits":', call.traits), (b'"properties":', call.properties)):
        text = bytes(raw)
        if text[:1] in _OPENING:
            parts.append(name + text)
    for name, mine, common in (
        (b'"context":', call.context, shared.context if shared else None),
        (b'"integrations":', call.integrations, shared.integrations if shared else None),
    ):
        text, more = bytes(mine), bytes(common) if common is not None else b""
        if more[:1] == b"{" and text[:1] == b"{":
            text = msgspec.json.encode(_members.decode(more) | _members.decode(text))
        elif more[:1] == b"{":
            text = more
        if text[:1] == b"{" and text != b"{}":
            parts.append(name + text)
    return msgspec.Raw(b"{" + b",".join(parts) + b"}")


Clock = Callable[[], int]
"""Gives the present instant in milliseconds."""
