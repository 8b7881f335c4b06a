"""The little ASGI that the hot doors need: reading a body up to a limit, and answering."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from handrail.core.errors import Invalid
from handrail.segmentio.wire import MAX_BODY

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON = (b"content-type", b"application/json")


class Gone(Exception):
    """The client went away before its request was read."""


async def read_body(receive: Receive, limit: int = MAX_BODY) -> bytes:
    """The request's body. Raises Invalid as soon as it passes the limit, whatever its headers said."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False) and len(body) <= limit:
        if message["type"] == "http.disconnect":
            raise Gone
        return body
    parts = [body]
    size = len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            break
    if size > limit:
        raise Invalid(f"A request holds at most {limit} bytes.", code="too_large")
    return b"".join(parts)


def header(scope: Scope, name: bytes) -> str | None:
    """A request header's value, None when absent."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None


async def answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """One whole response."""
    await send(
        {"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


def query_of(scope: Scope) -> Mapping[str, str]:
    """The query's parameters, the last of each name."""
    from urllib.parse import parse_qsl

    return dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
