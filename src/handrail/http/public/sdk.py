"""The SDK's door: boot, published content, the revision, and the SDK's own files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec

from handrail.compile.code import module_text
from handrail.core.conditions.model import decode_hook
from handrail.core.errors import Forbidden, HandrailError, Invalid, NotFound
from handrail.core.experiences.codec import message_and_path
from handrail.core.previews import NOBODY
from handrail.core.values import day_of
from handrail.delivery.boot import checked, known_now
from handrail.delivery.published import code_name, content_of
from handrail.delivery.wire import BootRequest, ClaimRequest, Revision
from handrail.http.asgi import JSON, Receive, Scope, Send, answer, header, read_body
from handrail.http.deps import Deps
from handrail.http.errors import door_error
from handrail.http.public.claims import claimed
from handrail.http.public.cors import ANYONE, cors, preflight
from handrail.http.public.intake import keep
from handrail.ingest.accept import Door, accept_parsed
from handrail.segmentio.wire import Envelope, unpack

FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
SHORTLY = (b"cache-control", b"public, max-age=300, stale-while-revalidate=3600")
NOSNIFF = (b"x-content-type-options", b"nosniff")
MOMENT = (b"cache-control", b"public, max-age=5")
TYPES = {".js": b"text/javascript; charset=utf-8", ".json": b"application/json", ".css": b"text/css; charset=utf-8"}

ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""What a browser may accept, best first, and the ending of the file made for it."""

MAX_CONTENTS = 50
"""Contents in one answer."""

_boot = msgspec.json.Decoder(BootRequest, dec_hook=decode_hook)
_claim = msgspec.json.Decoder(ClaimRequest)

_Asked = TypeVar("_Asked", BootRequest, ClaimRequest)


class Sdk:
    """`/sdk/v1/*`."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"].removeprefix("/sdk/v1/")
        if method == "OPTIONS":
            return await preflight(scope, send)
        try:
            if path == "boot" and method == "POST":
                body = await self._boot(scope, receive)
                return await answer(send, 200, body, [JSON, (b"cache-control", b"no-store"), *cors(scope)])
            if path == "claim" and method == "POST":
                body = await self._claim(scope, receive)
                return await answer(send, 200, body, [JSON, (b"cache-control", b"no-store"), *cors(scope)])
            if method not in ("GET", "HEAD"):
                raise NotFound("There is no such door.")
            if path.startswith("content/"):
                body = await self._content(path.removeprefix("content/").removesuffix(".json"))
                return await answer(send, 200, body, [JSON, FOR_EVER, *ANYONE])
            if path.startswith("contents/"):
                body = await self._contents(path.removeprefix("contents/").removesuffix(".json"))
                return await answer(send, 200, body, [JSON, FOR_EVER, *ANYONE])
            if path.startswith("revision/"):
                body = await self._revision(path.removeprefix("revision/").removesuffix(".json"))
                return await self._tagged(scope, send, body, [JSON, MOMENT, *ANYONE])
            if path.startswith("code/"):
                body = await self._code(path.removeprefix("code/").removesuffix(".js"))
                headers = [(b"content-type", TYPES[".js"]), FOR_EVER, NOSNIFF, *ANYONE]
                return await answer(send, 200, body, headers)
            return await self._file(scope, send, path)
        except HandrailError as error:
            self._deps.accounts.deny(self._deps.now(), error.code)
            status, body, more = door_error(error)
            return await answer(send, status, body, [JSON, *more, *(cors(scope) or ANYONE)])

    async def _boot(self, scope: Scope, receive: Receive) -> bytes:
        """Accept what the browser brings, wait until it is folded, then decide."""
        deps = self._deps
        now = deps.now()
        request = await self._read(scope, receive, _boot, now)
        settings = await deps.delivery.environment(request, header(scope, b"origin"))
        deps.limits.user(settings.id, str(request.user_id or request.anonymous_id or ""), 1, now)
        if request.preview:
            return await self._preview(request, settings.id, request.preview, now)
        anonymous_id, user_id = await deps.guard.reader(
            settings.id, request.anonymous_id, _text(request.user_id), now=now, signature=request.signature
        )
        kept: list[str] = []
        refused: dict[str, str] = {}
        if request.batch:
            envelope = Envelope(batch=request.batch, sentAt=request.sent_at)
            accepted = accept_parsed(envelope, Door(settings.id, settings.write_key, now))
            accepted = await deps.guard.check(accepted, settings.id, now=now, signature=request.signature)
            refused = {each.message_id: each.code for each in accepted.rejections if each.message_id}
            appended = await keep(deps, settings.id, now, accepted, accepted.events)
            if accepted.events:
                await deps.log.folded(appended.position)
                kept = [event.message_id for event in accepted.events]
        state = await deps.delivery.ready(settings.id)
        person = await deps.log.people(settings.id).person(anonymous_id, user_id)
        known = known_now(person, now, settings.zone)
        return deps.delivery.reply(request, state, person.subject, known, accepted=kept, rejected=refused)

    async def _claim(self, scope: Scope, receive: Receive) -> bytes:
        """Let one browser of the user draw what is shown strictly once."""
        now = self._deps.now()
        request = await self._read(scope, receive, _claim, now)
        return msgspec.json.encode(await claimed(self._deps, request, header(scope, b"origin"), now))

    async def _read(self, scope: Scope, receive: Receive, decoder: msgspec.json.Decoder[_Asked], now: int) -> _Asked:
        """What a browser asks, within its address's limits. Raises Invalid."""
        self._deps.limits.address(scope, now)
        body = unpack(await read_body(receive))
        try:
            return checked(decoder.decode(body))
        except msgspec.ValidationError as problem:
            word = "boot" if decoder is _boot else "claim"
            message, path = message_and_path(str(problem))
            raise Invalid(f"This is no {word}: {message}", code=f"bad_{word}", path=path) from None
        except (msgspec.DecodeError, RecursionError) as problem:
            raise Invalid(f"The body is not JSON: {problem}", code="bad_json") from None

    async def _preview(self, request: BootRequest, environment: str, token: str, now: int) -> bytes:
        """What the persona of a preview meets. What the browser brings is not looked at."""
        state, shown = await self._deps.delivery.previewed(token, now)
        if shown.environment != environment:
            raise Forbidden("This preview belongs to another environment.", code="preview_ended")
        zone = state.snapshot.environment.zone
        known = shown.persona.facts(day_of(now, zone), now, zone)
        key = shown.published.document.key
        return self._deps.delivery.reply(request, state, NOBODY, known, accepted=[], rejected={}, preview=key)

    async def _contents(self, joined: str) -> bytes:
        """Several contents in one answer, by version, named in the address with commas between them."""
        versions = joined.split(",")
        if len(versions) > MAX_CONTENTS:
            raise Invalid(f"One request is for at most {MAX_CONTENTS} versions.")
        found = [b'"%s":%s' % (each.encode(), await self._content(each)) for each in dict.fromkeys(versions)]
        return b"{%s}" % b",".join(found)

    async def _content(self, version: str) -> bytes:
        published = await self._deps.publications.content(version)
        if published is None:
            raise NotFound("There is no such version.")
        return content_of(published)

    async def _code(self, hash: str) -> bytes:
        """An approved module. What is sent is what its name says, or nothing is."""
        kept = await self._deps.publications.module(hash)
        if kept is None or code_name(kept) != hash:
            raise NotFound("There is no such code, or it may not run.")
        return module_text(kept).encode()

    async def _revision(self, environment: str) -> bytes:
        state = await self._deps.delivery.ready(environment)
        return msgspec.json.encode(
            Revision(state.snapshot.revision, [entry.published.version for entry in state.entries])
        )

    async def _tagged(
        self, scope: Scope, send: Send, body: bytes, headers: list[tuple[bytes, bytes]], tag: bytes | None = None
    ) -> None:
        tag = tag or b'"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
        if header(scope, b"if-none-match") == tag.decode():
            return await answer(send, 304, b"", [(b"etag", tag), *headers[1:]])
        return await answer(send, 200, body, [(b"etag", tag), *headers])

    async def _file(self, scope: Scope, send: Send, name: str) -> None:
        """A built file: names that carry their content's hash are kept for ever, the rest for minutes."""
        safe = name.replace("\\", "/")
        if ".." in safe or safe.startswith("/") or Path(safe).suffix not in TYPES:
            raise NotFound("There is no such file.")
        accepts = header(scope, b"accept-encoding") or ""
        paths = [self._deps.static / "sdk" / safe]
        if safe.startswith("assets/") and self._deps.kept is not None:
            paths.append(self._deps.kept / safe.removeprefix("assets/"))
        ways = [(word, ending) for word, ending in ENCODINGS if word in accepts]
        files = ((word, path.with_name(path.name + ending)) for path in paths for word, ending in [*ways, ("", "")])
        found = next((each for each in files if each[1].is_file()), None)
        if found is None and safe.startswith("assets/"):
            message = f"No build of the SDK that is served or kept here has {safe!r}; reload the page."
            raise NotFound(message, code="unknown_build")
        if found is None:
            raise NotFound("There is no such file; was the SDK built (./dev build)?")
        encoding, file = found
        headers = [
            (b"content-type", TYPES[Path(safe).suffix]),
            FOR_EVER if safe.startswith("assets/") else SHORTLY,
            *ANYONE,
        ]
        headers.append((b"vary", b"accept-encoding"))
        headers.append(NOSNIFF)
        if encoding:
            headers.append((b"content-encoding", encoding.encode()))
        await self._tagged(scope, send, file.read_bytes(), headers)


def _text(user_id: str | int | None) -> str | None:
    return None if user_id is None else str(user_id)
