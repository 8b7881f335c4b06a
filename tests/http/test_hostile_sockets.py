"""What no client would send, on raw sockets at the public doors: never a 5xx, and the next request is fine."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
import uvicorn

from handrail.http.joined import JoinedProtocol
from tests.support.installation import KEY, PUBLIC_ID, Running, running
from tests.support.network import find_free_port

DOORS = ("/v1/batch", "/v1/track", "/sdk/v1/boot")
BOMB = gzip.compress(bytes(100 << 20), 9)


class Listening(msgspec.Struct, frozen=True):
    """A server on a port, and the installation behind it."""

    port: int
    door: Running


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncGenerator[Listening]:
    """Both doors behind the HTTP server that is served with."""
    async with running(tmp_path) as door:
        port = find_free_port()
        application = door.client._transport.app  # type: ignore[attr-defined]
        common = {"lifespan": "off", "log_level": "critical", "http": JoinedProtocol}
        config = uvicorn.Config(application, host="127.0.0.1", port=port, **common)
        serving = uvicorn.Server(config)
        task = asyncio.create_task(serving.serve())
        while not serving.started:  # noqa: ASYNC110 nothing tells when it has
            await asyncio.sleep(0.01)
        yield Listening(port, door)
        serving.should_exit = True
        await task


async def said(port: int, *parts: bytes, close: bool = False) -> int:
    """Send bytes as they are; the status that comes back, 0 when the connection ends without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            with suppress(ConnectionError):
                await writer.drain()
        if close:
            writer.write_eof()
        head = await asyncio.wait_for(reader.readline(), 10)
        return int(head.split(b" ")[1]) if head else 0
    except (ConnectionError, asyncio.IncompleteReadError):
        return 0
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def a_post(path: str, body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    size = b"content-length: %d\r\n" % (len(body) if length is None else length)
    lines = b"".join(each + b"\r\n" for each in headers)
    return b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\n%b%b\r\n%b" % (path.encode(), size, lines, body)


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


BODIES = {
    "nothing": b"",
    "a brace": b"{",
    "a number": b"7",
    "null": b"null",
    "a list": b"[]",
    "no utf-8": b'{"batch":["\xff\xfe"]}',
    "half a surrogate": b'{"batch":["\\ud800"],"writeKey":"\\ud800"}',
    "utf-16": '{"batch":[]}'.encode("utf-16"),
    "100,000 open brackets": b"[" * 100_000,
    "100,000 levels": b'{"batch":' + deep(100_000) + b"}",
    "a number without end": b'{"batch":[' + b"9" * 100_000 + b"]}",
    "a huge exponent": b'{"batch":[{"x":1e99999}]}',
    "a broken gzip": b"\x1f\x8b\x08\x00broken",
    "half a gzip": gzip.compress(b'{"batch":[]}')[:-9],
    "a bomb": BOMB,
    "a bomb in a bomb": gzip.compress(BOMB),
    "600 KB": b" " * 600_000,
    "a batch that is a map": b'{"batch":{"a":1}}',
    "2,501 events": b'{"batch":[' + b",".join([b"{}"] * 2501) + b"]}",
    "prototype names": b'{"__proto__":{"a":1},"constructor":[],"batch":[{"__proto__":null}]}',
    "a key that is a list": b'{"writeKey":[1],"batch":[]}',
    "control characters": b'{"batch":["\x00\x01\x1f"]}',
}


@pytest.mark.parametrize("path", DOORS)
async def test_a_body_that_means_nothing_is_a_4xx_and_costs_little(server: Listening, path: str) -> None:
    for name, body in BODIES.items():
        started = time.process_time()
        status = await said(server.port, a_post(path, body))
        assert 400 <= status < 500, (name, status)
        assert time.process_time() - started < 0.5, name
        assert await said(server.port, a_good_one()) == 200, name


def a_good_one(number: int = 0) -> bytes:
    event = {"type": "track", "event": "E", "userId": "ann", "messageId": f"m{number}"}
    return a_post("/v1/batch", json.dumps({"writeKey": KEY, "batch": [event]}).encode())


@pytest.mark.parametrize("path", DOORS)
async def test_lengths_that_lie_and_requests_that_break_off_are_no_fault_of_ours(server: Listening, path: str) -> None:
    good = b'{"batch":[]}'
    raw = path.encode()
    wrong = {
        "longer than it is, then gone": (a_post(path, good, length=1000), True, (0, 400)),
        "shorter than it is": (a_post(path, good, length=3), False, (400,)),
        "negative": (a_post(path, good, length=-1), False, (0, 400)),
        "no number": (b"POST %b HTTP/1.1\r\nhost: a\r\ncontent-length: ten\r\n\r\n" % raw, False, (0, 400)),
        "two of them": (a_post(path, good, b"content-length: 5"), False, (0, 400)),
        "a broken chunk": (
            b"POST %b HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" % raw, False, (0, 400)),
        "no host, no version": (b"POST %b\r\n\r\n" % raw, True, (0, 400)),
        "binary": (bytes(range(256)) * 4, True, (0, 400)),
        "a header of 100 KB": (a_post(path, good, b"x: " + b"y" * 100_000), False, (0, 400, 401, 431)),
        "a body of a terabyte": (a_post(path, b" " * 600_000, length=1 << 40), False, (400,)),
    }  # fmt: skip
    for name, (sent, close, allowed) in wrong.items():
        status = await said(server.port, sent, close=close)
        assert status in allowed, (name, status)
    assert await said(server.port, a_good_one()) == 200


async def test_a_slow_body_holds_up_nobody(server: Listening) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    good = a_good_one(1)
    writer.write(good[:-20])
    await writer.drain()
    for number in range(2, 50):
        assert await said(server.port, a_good_one(number)) == 200
    writer.write(good[-20:])
    head = await asyncio.wait_for(reader.readline(), 10)
    assert b" 200 " in head
    writer.close()
    assert len(await server.door.kept()) == 49


async def test_a_boot_with_a_hostile_batch_keeps_what_is_good(server: Listening) -> None:
    good = {"type": "track", "event": "E", "anonymousId": "a1", "messageId": "m1"}
    hostile = [7, None, [], {"type": "track"}, {"type": "track", "event": "\0", "anonymousId": "a1"}, good]
    said_boot = {"project": PUBLIC_ID, "key": KEY, "sdk": "0.1.0", "page": {"url": "javascript:alert(1)"}}
    body = json.dumps(said_boot | {"anonymousId": "a1", "batch": hostile}).encode()
    assert await said(server.port, a_post("/sdk/v1/boot", body)) == 200
    assert [event.message_id for event in await server.door.kept()] == ["m1"]
