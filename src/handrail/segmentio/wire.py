"""Segment's tracking protocol on the wire: what a body may be, and the calls it holds.

Facts of the protocol come from Segment's public HTTP API; what it leaves open is decided in RULES 9, 38 and 40.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import cast

import msgspec
import re2  # pyright: ignore[reportMissingTypeStubs]

from handrail.core.errors import Invalid
from handrail.core.experiences.codec import message_and_path
from handrail.core.scrub import SCRUBBED

MAX_BODY = 500 * 1024
"""Bytes of one request after unpacking."""
MAX_EVENT = 32 * 1024
MAX_EVENTS = 2500
SMALL = 5000
"""Bytes below which an event cannot hold more traits than are kept."""
AT_ONCE = 128 * 1024
"""Bytes of a batch beyond which its calls' lengths are in doubt anyway."""
MAX_DEPTH = 64
BEYOND_DOUBLE = 2**1024 - 2**970
"""The least whole number that no double holds, not even rounded."""
TYPES = frozenset({"identify", "track", "page", "screen", "group", "alias"})
ROUTES = {
    "i": "identify",
    "t": "track",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
    "b": "batch",
    "m": "batch",
}
"""Short routes that browser libraries use, and what they stand for."""

# Read by RE2, which is done with a batch of a hundred in the time that Python's own `re` takes for seven of them.
_NUMBERS = rb"[:,\[\s]-?\d+(?:\.\d+)?[eE][+-]?\d{3}|\d{200}"
_SUSPECT = re2.compile(rb"\\u0000|" + _NUMBERS)  # pyright: ignore[reportUnknownMemberType]
_NOT_PLAIN = re2.compile(SCRUBBED + b"|" + _NUMBERS)  # pyright: ignore[reportUnknownMemberType]
_OPEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_MAY_BE_HALF = re2.compile(rb"\\u[dD][89a-fA-F]")  # pyright: ignore[reportUnknownMemberType]
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""An escape; the group is one half of a character without its other half."""


_OPENS, _CLOSES = b"{}"

NOTHING = msgspec.Raw()
"""What a raw member is when it is missing, and nothing else is."""


class Call(msgspec.Struct, gc=False):
    """One tracking call as sent. Members that need no reading stay raw."""

    type: object = None
    event: object = None
    name: object = None
    category: object = None
    userId: object = None
    anonymousId: object = None
    groupId: object = None
    previousId: object = None
    messageId: object = None
    timestamp: object = None
    originalTimestamp: object = None
    sentAt: object = None
    writeKey: object = None
    traits: msgspec.Raw = NOTHING
    properties: msgspec.Raw = NOTHING
    context: msgspec.Raw = NOTHING
    integrations: msgspec.Raw = NOTHING
    signature: object = None
    """Ours, not Segment's: proves that the caller may speak for `userId`."""


class Shared(msgspec.Struct, kw_only=True):
    """What the calls of one batch have in common."""

    writeKey: object = None
    sentAt: object = None
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    signature: object = None
    """Ours: stands for every call of the batch that has none of its own."""


class Envelope(Shared, kw_only=True):
    """A batch whose calls are read one by one."""

    batch: list[msgspec.Raw]


class Batch(Shared, kw_only=True):
    """A batch whose calls were read in one pass, and are all small enough for whatever they may hold."""

    batch: list[Call]
    bodies: list[bytes]
    """`body_of` each call."""


class _Calls(Shared, kw_only=True):
    """A batch as it is read in one pass."""

    batch: list[Call]


_call = msgspec.json.Decoder(Call)
_calls = msgspec.json.Decoder(list[Call])
_batch = msgspec.json.Decoder(_Calls)
_envelope = msgspec.json.Decoder(Envelope)
_anything = msgspec.json.Decoder()


def unpack(body: bytes, limit: int = MAX_BODY) -> bytes:
    """The body as sent or, when its first bytes say gzip, inflated; stops at the limit. Raises Invalid.

    Half a character, which a browser sends where a text was cut inside an emoji, becomes U+FFFD: JSON's grammar allows
    it, no reader of ours does, and the other events of the batch have no part in it.
    """
    if body[:2] == b"\x1f\x8b":
        stream = zlib.decompressobj(wbits=31)
        try:
            body = stream.decompress(body, limit + 1)
        except zlib.error:
            raise Invalid("The body says gzip and is not.", code="bad_gzip") from None
        if len(body) <= limit and not stream.eof:
            raise Invalid("The gzip body ends too early.", code="bad_gzip")
    if len(body) > limit:
        raise Invalid(f"A request holds at most {limit} bytes unpacked.", code="too_large")
    try:
        # Raw members are never decoded here, so the whole body is held to UTF-8 once.
        body.decode()
    except UnicodeDecodeError as problem:
        raise Invalid(f"The body is not UTF-8 at byte {problem.start}.", code="bad_encoding") from None
    if _MAY_BE_HALF.search(body) is not None:  # pyright: ignore[reportUnknownMemberType]
        return _ESCAPE.sub(lambda found: found[0] if found[1] is None else rb"\ufffd", body)
    return body


def parse_batch(body: bytes, *, clean: bool) -> Batch | Envelope:
    """A batch, its calls read where one pass can do it; raises as `parse_envelope` does.

    `clean` is what `may_hold_poison` denied. One pass leaves no call's own length, so it holds for calls of which none
    can be too long even if all that no raw member holds were its own.
    """
    if clean and len(body) <= AT_ONCE:
        try:
            read = _batch.decode(body)
            bodies = list(map(body_of, read.batch))
        except (msgspec.MsgspecError, RecursionError, Invalid):
            return parse_envelope(body)
        sizes = list(map(len, bodies))
        most = max(sizes, default=0)
        if most <= SMALL and most + len(body) - sum(sizes) <= MAX_EVENT and not any(map(is_too_deep, bodies)):
            check_count(read.batch)
            return Batch(
                writeKey=read.writeKey,
                sentAt=read.sentAt,
                context=read.context,
                integrations=read.integrations,
                signature=read.signature,
                batch=read.batch,
                bodies=bodies,
            )
    return parse_envelope(body)


def parse_envelope(body: bytes) -> Envelope:
    """A batch. Raises Invalid for what is no JSON object with a list `batch`, and for more than 2,500 calls."""
    try:
        envelope = _envelope.decode(body)
    except msgspec.ValidationError as problem:
        message, path = message_and_path(str(problem))
        raise Invalid(f"This is no batch: {message}", code="bad_batch", path=path) from None
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Invalid(f"The body is not JSON: {problem}", code="bad_json") from None
    check_count(envelope.batch)
    return envelope


def check_count(batch: list[msgspec.Raw] | list[Call]) -> None:
    """Raises Invalid for more events than one request may bring."""
    if len(batch) > MAX_EVENTS:
        raise Invalid(f"A request holds at most {MAX_EVENTS} events, this one {len(batch)}.", code="too_many_events")


def is_plain(text: bytes) -> bool:
    """Whether JSON text certainly holds nothing that has to be scrubbed, nor what `may_hold_poison` looks for."""
    return _NOT_PLAIN.search(text) is None  # pyright: ignore[reportUnknownMemberType]


def may_hold_poison(text: bytes) -> bool:
    """Whether JSON text may hold a NUL or a number that no reader bears. Quick, and never wrong when it says no."""
    return _SUSPECT.search(text) is not None  # pyright: ignore[reportUnknownMemberType]


def parse_calls(texts: Sequence[bytes]) -> list[Call] | None:
    """The calls of a batch that `may_hold_poison` denied, in one pass; None when one of them needs a closer look."""
    try:
        calls = _calls.decode(b"[%b]" % b",".join(texts))
    except (msgspec.MsgspecError, RecursionError):
        return None
    return None if any(map(is_too_deep, map(held, calls))) else calls


def parse_call(text: bytes, *, clean: bool = False) -> Call:
    """One call. Raises Invalid for what is no JSON object, is nested too deep, or holds what no later reader bears.

    `clean` says that the text was part of one that `may_hold_poison` already knows to hold none.
    """
    try:
        if not clean and may_hold_poison(text):
            refuse_poison(text)
        call = _call.decode(text)
    except msgspec.ValidationError as problem:
        if "out of range" in str(problem):
            raise Invalid("A number is out of range.", code="bad_number") from None
        raise Invalid("An event is a JSON object.", code="bad_event") from None
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Invalid(f"The event is not JSON: {problem}", code="bad_json") from None
    if is_too_deep(held(call)):
        raise Invalid(f"An event is nested at most {MAX_DEPTH} levels deep.", code="too_deep")
    return call


def held(call: Call) -> bytes:
    """The members of a call that stay raw, end to end."""
    return b"".join((call.traits, call.properties, call.context, call.integrations))


def body_of(call: Call) -> bytes:
    """The members of a call that are kept, as one JSON object, put together without decoding them.

    What is no object is left out, and so is an empty context. Raises Invalid when something left out nests too deep.
    """
    traits, properties, integrations = call.traits, call.properties, call.integrations
    if (traits is NOTHING or properties is NOTHING) and (integrations is NOTHING or bytes(integrations) == b"{}"):
        # Two objects, as in most calls: one that is neither missing nor empty stands where these braces are.
        head, told = (b'{"properties":', properties) if traits is NOTHING else (b'{"traits":', traits)
        body = b"".join((head, told, b',"context":', call.context, b"}"))
        if body[len(head)] == _OPENS and body[-2] == _CLOSES and body[-3] != _OPENS:
            return body
    parts: list[bytes] = []
    for name, raw, kept_empty in (
        (b'"traits":', traits, True),
        (b'"properties":', properties, True),
        (b'"context":', call.context, False),
        (b'"integrations":', integrations, False),
    ):
        text = bytes(raw)
        if text[:1] == b"{":
            if kept_empty or text != b"{}":
                parts.append(name + text)
        elif is_too_deep(text):
            raise Invalid(f"An event is nested at most {MAX_DEPTH} levels deep.", code="too_deep")
    return b"{%b}" % b",".join(parts)


def refuse_poison(text: bytes) -> None:
    """Raise Invalid for a NUL or a number beyond a double's range, wherever in a JSON text it hides."""
    waiting: list[object] = [_anything.decode(text)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and "\0" in value:
            raise Invalid("An event may not hold the character NUL.", code="nul")
        if isinstance(value, int) and not -BEYOND_DOUBLE < value < BEYOND_DOUBLE:
            raise Invalid("A number is out of range.", code="bad_number")
        if isinstance(value, dict):
            members = cast("dict[object, object]", value)
            waiting += [*members, *members.values()]
        elif isinstance(value, list):
            waiting += cast("list[object]", value)


def is_too_deep(text: bytes) -> bool:
    """Whether JSON text nests deeper than an event may; brackets inside strings do not count."""
    if text.count(b"{") + text.count(b"[") <= MAX_DEPTH:
        return False
    depth = deepest = 0
    for found in _OPEN.finditer(text):
        first = text[found.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest > MAX_DEPTH
