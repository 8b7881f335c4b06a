"""Idempotency-Key: a POST that is sent again is answered as it was, and done once.

An answer is kept for a day, by whoever asked and their key. What a route shows once (a secret) is not kept: its repeat
is told that it was done. The same key on another request is refused, and on one that still runs, told to wait.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from typing import Any, Protocol

import msgspec

from handrail.http.api.policy import CLI_SCOPE, ONCE
from handrail.http.asgi import Application, Receive, Scope, Send, answer, header
from handrail.workspace.answers import RUNNING, Answers, Kept

KEPT = 24 * 3_600_000
PATIENCE = 60_000
"""Milliseconds after which a request without an answer is taken for lost with its process."""
LARGEST = 8 * 1024 * 1024


class Repeats:
    """Answers repeated POSTs of the API; passes everything else on."""

    def __init__(self, application: Application, answers: Answers, now: Clock) -> None:
        self._application = application
        self._answers = answers
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = header(scope, b"idempotency-key") if scope["type"] == "http" else None
        if key is None or scope["method"] != "POST":
            await self._application(scope, receive, send)
        elif not 1 <= len(key) <= 200 or not key.isprintable():
            await _refuse(send, 422, "invalid", "Idempotency-Key has 1 to 200 printable characters.")
        elif (body := await _read(receive)) is None:
            await _refuse(send, 422, "too_large", f"A request with an Idempotency-Key holds at most {LARGEST} bytes.")
        else:
            await self._once(scope, body, send, key)

    async def _once(self, scope: Scope, body: bytes, send: Send, key: str) -> None:
        who = "operator" if CLI_SCOPE in scope else (header(scope, b"authorization") or "nobody")
        caller = hashlib.sha256(who.encode()).hexdigest()
        place = scope["path"].encode() + b"?" + scope.get("query_string", b"")
        request = hashlib.sha256(place + b"\0" + body).hexdigest()
        kept = await self._answers.begin(caller, key, request, self._now())
        if kept is not None:
            await _repeat(send, kept, request)
            return
        heard = _Heard(send, body)
        try:
            await self._application(scope, heard.receive, heard.send)
        except BaseException:
            await self._answers.forget(caller, key)
            raise
        if heard.status == RUNNING or heard.status >= 500 or heard.status in (401, 403):
            # It may come out otherwise next time.
            await self._answers.forget(caller, key)
            return
        text = "" if ONCE in scope else heard.body.decode("utf-8", "replace")
        await self._answers.keep(caller, key, heard.status, heard.content_type, text)


class _Heard:
    """Hands a request's body over, and notes its answer on the way out."""

    def __init__(self, send: Send, body: bytes) -> None:
        self._send = send
        self._request: bytes | None = body
        self.status = RUNNING
        self.content_type = ""
        self.body = b""

    async def receive(self) -> MutableMapping[str, Any]:
        body, self._request = self._request, None
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: dict[bytes, bytes] = dict(message.get("headers", ()))
            self.content_type = headers.get(b"content-type", b"").decode()
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
        await self._send(message)


class Clock(Protocol):
    """The present instant in milliseconds."""

    def __call__(self) -> int: ...


async def _repeat(send: Send, kept: Kept, request: str) -> None:
    if kept.request != request:
        await _refuse(send, 422, "key_reused", "This Idempotency-Key was used for another request.")
    elif kept.status == RUNNING:
        await _refuse(send, 409, "in_progress", "The first request with this key has no answer yet.")
    elif not kept.body and kept.status != 204:
        await _refuse(send, 409, "shown_once", "This was done, and its answer is shown once only.")
    else:
        headers = [(b"idempotency-replayed", b"true")]
        headers += [(b"content-type", kept.content_type.encode())] if kept.content_type else []
        await answer(send, kept.status, kept.body.encode(), headers)


async def _refuse(send: Send, status: int, code: str, title: str) -> None:
    body = msgspec.json.encode({"type": f"urn:handrail:{code}", "title": title, "status": status})
    await answer(send, status, body, [(b"content-type", b"application/problem+json")])


async def _read(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > LARGEST:
            return None
    return b"".join(parts)
