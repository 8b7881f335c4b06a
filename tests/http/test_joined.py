"""An answer leaves in one write, and nothing waits for a second one that does not come."""

from __future__ import annotations

import asyncio

import uvicorn
from uvicorn.server import ServerState

from handrail.http.asgi import Receive, Scope, Send, answer
from handrail.http.joined import Joined, JoinedProtocol


class Line(asyncio.Transport):
    """A connection that keeps each write."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.7", 1)})
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def test_a_head_and_its_body_leave_in_one_write() -> None:
    line, joined = joined_line()
    joined.write(b"head ")
    joined.write(b"body")
    assert line.writes == [b"head body"]
    await asyncio.sleep(0)
    assert line.writes == [b"head body"]


async def test_an_empty_body_is_no_reason_to_wait() -> None:
    line, joined = joined_line()
    joined.write(b"head")
    joined.write(b"")
    assert line.writes == [b"head"]


async def test_a_head_alone_leaves_before_the_turn_is_over() -> None:
    line, joined = joined_line()
    joined.write(b"head")
    await asyncio.sleep(0)
    joined.write(b"the first line, later")
    await asyncio.sleep(0)
    assert line.writes == [b"head", b"the first line, later"]


async def test_what_is_written_keeps_its_order() -> None:
    line, joined = joined_line()
    for at in range(5):
        joined.write(b"%d" % at)
    await asyncio.sleep(0)
    assert b"".join(line.writes) == b"01234"


async def test_closing_says_what_is_held_first() -> None:
    line, joined = joined_line()
    joined.write(b"goodbye")
    joined.close()
    assert (line.writes, line.closed) == ([b"goodbye"], True)


async def test_nothing_is_said_on_a_line_that_went_away() -> None:
    line, joined = joined_line()
    joined.write(b"head")
    line.close()
    await asyncio.sleep(0)
    joined.close()
    assert line.writes == []


async def test_everything_else_is_the_connection_s_own() -> None:
    _, joined = joined_line()
    assert joined.get_extra_info("peername") == ("192.0.2.7", 1)


def joined_line() -> tuple[Line, Joined]:
    """A connection, and joined writes over it."""
    line = Line()
    return line, Joined(line, asyncio.get_running_loop())


async def test_a_request_is_answered_in_one_write() -> None:
    answered = asyncio.Event()

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, 200, b"body", [])
        answered.set()

    config = uvicorn.Config(application, lifespan="off", log_level="critical")
    protocol, line = JoinedProtocol(config, ServerState(), {}), Line()
    protocol.connection_made(line)
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await answered.wait()
    [whole] = line.writes
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert whole.endswith(b"\r\n\r\nbody")
    protocol.connection_lost(None)
