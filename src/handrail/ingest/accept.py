"""Accept: what a door received, turned into events for the log, each on its own merits.

Never all or nothing: a browser cannot mend a batch, so one bad event costs only itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import TypeAlias, cast

import msgspec

from handrail.core.errors import Invalid
from handrail.core.events import Event, EventType
from handrail.core.values import MILLISECOND, START, Refused, check_user_id
from handrail.segmentio.wire import (
    MAX_EVENT,
    SMALL,
    TYPES,
    Batch,
    Call,
    Envelope,
    Shared,
    body_of,
    may_hold_poison,
    parse_batch,
    parse_call,
    parse_calls,
)

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


Hold: TypeAlias = Callable[[Call], None]
"""What one door asks of a call beyond what every door does: mends it, or raises Invalid."""


class _Common(msgspec.Struct, frozen=True):
    """What the calls of one batch have in common, ready for each of them."""

    sent_at: int | None = None
    context: bytes = b""
    integrations: bytes = b""


_ALONE = _Common()


def accept_call(body: bytes, kind: str, door: Door) -> Accepted:
    """The event of a single-call route. Raises Invalid when the body is no JSON object or the event is rejected."""
    accepted = Accepted()
    call = _checked(parse_call(body), kind, body, "", accepted)
    accepted.events.append(_event(call, kind, _ALONE, door, body_of(call), accepted))
    return accepted


def accept_batch(body: bytes, door: Door) -> Accepted:
    """The events of a batch. Raises Invalid for what is no batch at all."""
    clean = not may_hold_poison(body)
    return accept_parsed(parse_batch(body, clean=clean), door, clean=clean)


def accept_parsed(batch: Batch | Envelope, door: Door, *, clean: bool = False, hold: Hold | None = None) -> Accepted:
    """The events of a batch already parsed; `clean` is what `may_hold_poison` denied of the whole of it.

    `hold` looks at each call of an envelope first.
    """
    if isinstance(batch, Envelope):
        return _accept_closely(batch, door, clean=clean, hold=hold)
    accepted, common = Accepted(), _common(batch)
    keep = accepted.events.append
    bodies = batch.bodies
    if common.context or common.integrations:
        bodies = [_body(call, common) for call in batch.batch]
    for at, (call, body) in enumerate(zip(batch.batch, bodies, strict=True)):
        try:
            keep(_event(call, _kind(call), common, door, body, accepted, at))
        except Invalid as problem:
            accepted.rejections.append(_rejection(at, call, problem))
    return accepted


def _accept_closely(envelope: Envelope, door: Door, *, clean: bool, hold: Hold | None) -> Accepted:
    """The events of a batch whose calls may be too long, or hold what nobody bears."""
    accepted, common = Accepted(), _common(envelope)
    texts = list(map(bytes, envelope.batch))
    calls = parse_calls(texts) if clean else None
    keep = accepted.events.append
    for at, text in enumerate(texts):
        call = None
        try:
            call = parse_call(text, clean=clean) if calls is None else calls[at]
            if hold is not None:
                hold(call)
            kind = _kind(call)
            if len(text) > SMALL:
                _checked(call, kind, text, f"batch[{at}]", accepted)
            keep(_event(call, kind, common, door, _body(call, common), accepted, at))
        except Invalid as problem:
            accepted.rejections.append(_rejection(at, call, problem))
    return accepted


def _common(shared: Shared) -> _Common:
    context, integrations = bytes(shared.context), bytes(shared.integrations)
    return _Common(
        milliseconds(shared.sentAt),
        context if context[:1] == b"{" else b"",
        integrations if integrations[:1] == b"{" else b"",
    )


def _kind(call: Call) -> str:
    kind = call.type
    if not isinstance(kind, str) or kind not in TYPES:
        words = ", ".join(sorted(TYPES))
        raise Invalid(f"{kind!r:.60} is no type of event: {words} are.", code="unknown_type", path="type")
    return kind


def _rejection(at: int, call: Call | None, problem: Invalid) -> Rejection:
    path = f"batch[{at}].{problem.path}" if problem.path else f"batch[{at}]"
    message_id = call.messageId if call is not None and isinstance(call.messageId, str) else None
    return Rejection(path, problem.code, problem.message, message_id)


def _checked(call: Call, kind: str, text: bytes, path: str, accepted: Accepted) -> Call:
    """The call, held to the size of an event. Raises Invalid.

    Of traits the first thousand are kept and the rest told in one warning, before the size is taken.
    """
    size = len(text)
    if size > SMALL and kind in ("identify", "group") and (traits := bytes(call.traits))[:1] == b"{":
        members = _members.decode(traits)
        if len(members) > MAX_TRAITS:
            trimmed = msgspec.json.encode(dict(islice(members.items(), MAX_TRAITS)))
            size += len(trimmed) - len(traits)
            call.traits = msgspec.Raw(trimmed)
            left = len(members) - MAX_TRAITS
            shown = ", ".join(each[:40] for each in islice(members, MAX_TRAITS, MAX_TRAITS + 20))
            message = f"{len(members)} attributes, the first {MAX_TRAITS} kept; left out: {shown}"
            message += f" and {left - 20} more" if left > 20 else ""
            accepted.warnings.append(Rejection(f"{path}.traits".lstrip("."), "too_many_attributes", message))
    if size > MAX_EVENT:
        raise Invalid(f"An event holds at most {MAX_EVENT} bytes, this one {size}.", code="event_too_large")
    return call


def _event(
    call: Call, kind: str, common: _Common, door: Door, body: bytes, accepted: Accepted, at: int | None = None
) -> Event:
    """The event that a call is; `at` is its place in a batch. Raises Invalid."""
    if (key := call.writeKey) is not None and key != door.write_key and key != "":
        raise Invalid("This event carries another environment's write key.", code="foreign_key", path="writeKey")
    user_id = None if (user_id := call.userId) is None else _user_id(user_id, "userId")
    anonymous_id = None if (anonymous_id := call.anonymousId) is None else _user_id(anonymous_id, "anonymousId")
    if user_id is None and anonymous_id is None:
        raise Invalid("An event names a userId or an anonymousId.", code="no_user_anon_id", path="userId")
    name = group_id = previous_id = None
    match kind:
        case "track":
            name = _text(call.event, "event")
            if not name:
                raise Invalid("A track call names its event.", code="no_event", path="event")
        case "page" | "screen":
            name = _text(call.name, "name")
        case "group":
            if call.groupId is None:
                raise Invalid("A group call names its groupId.", code="no_group_id", path="groupId")
            group_id = _user_id(call.groupId, "groupId")
        case "alias":
            if user_id is None:
                raise Invalid("An alias call names the userId it points at.", code="no_user_id", path="userId")
            if call.previousId is None and anonymous_id is None:
                raise Invalid("An alias call names its previousId.", code="no_previous_id", path="previousId")
            previous_id = anonymous_id if call.previousId is None else _user_id(call.previousId, "previousId")
            if previous_id == user_id:
                raise Invalid("An alias cannot point at itself.", code="alias_cycle", path="previousId")
        case _:
            pass
    received_at = door.received_at
    said = None if call.originalTimestamp is None else milliseconds(call.originalTimestamp)
    if said is None:
        said = milliseconds(call.timestamp)
    if said is None:
        timestamp = received_at
        if call.timestamp is not None:
            accepted.warnings.append(_timeless(call, at))
    else:
        # By the server's clock: the error of the sender's is the difference between sent and received.
        sent = common.sent_at if call.sentAt is None else milliseconds(call.sentAt)
        timestamp = min(said if sent is None else received_at - (sent - said), received_at)
    message_id = call.messageId
    if message_id is None or message_id == "":
        who = (kind, user_id, anonymous_id, name, group_id, previous_id, said)
        message_id = _made_id(door.environment, msgspec.json.encode(who) + body)
    elif not isinstance(message_id, str) or len(message_id) > MAX_MESSAGE_ID:
        raise Invalid(
            f"messageId is text of at most {MAX_MESSAGE_ID} characters.", code="bad_message_id", path="messageId"
        )
    return Event(
        environment=door.environment,
        message_id=message_id,
        type=cast("EventType", kind),
        anonymous_id=anonymous_id,
        user_id=user_id,
        name=name,
        group_id=group_id,
        previous_id=previous_id,
        timestamp=timestamp,
        received_at=received_at,
        body=msgspec.Raw(body),
    )


def _user_id(value: object, path: str) -> str:
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


def _made_id(environment: str, content: bytes) -> str:
    """The same content again is the same event: that is what a retry without an id looks like."""
    return "made-" + hashlib.blake2b(content, digest_size=16, key=environment.encode()[:64]).hexdigest()


def _timeless(call: Call, at: int | None) -> Rejection:
    """That a call's timestamp says nothing, told once for each: backfilled events would all have happened now."""
    path = "timestamp" if at is None else f"batch[{at}].timestamp"
    message = f"{call.timestamp!r:.60} is no ISO-8601 text; the event has the time it came."
    return Rejection(path, "bad_timestamp", message, call.messageId if isinstance(call.messageId, str) else None)


def milliseconds(value: object) -> int | None:
    """An ISO-8601 text as milliseconds; None for anything else. Without an offset it is UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - START) // MILLISECOND


def _body(call: Call, common: _Common) -> bytes:
    """The body of a call with what its batch says of all calls."""
    if common.context:
        call.context = msgspec.Raw(_merged(common.context, bytes(call.context)))
    if common.integrations:
        call.integrations = msgspec.Raw(_merged(common.integrations, bytes(call.integrations)))
    return body_of(call)


def _merged(common: bytes, own: bytes) -> bytes:
    """The members of both objects; the call's own win."""
    if own[:1] != b"{" or own == b"{}":
        return common
    return msgspec.json.encode(_members.decode(common) | _members.decode(own))
