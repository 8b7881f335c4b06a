"""A server for fault tests: the log behind one tracking route, nothing else.

    python -m tests.faults.server --data FOLDER --port PORT [--mutant]

`--mutant` takes the protection away (no sync before an answer); the checks must notice.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from handrail.adapters.sqlite import log as sqlite_log
from handrail.adapters.sqlite.days import Day, DayWriter
from handrail.adapters.sqlite.directory import DataDirectory
from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.errors import Unavailable
from handrail.core.events import Event

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Item(msgspec.Struct, rename="camel"):
    """One event of a batch, as little of Segment's as these tests send."""

    message_id: str
    user_id: str
    event: str
    properties: msgspec.Raw = msgspec.Raw(b"{}")


class Batch(msgspec.Struct, rename="camel"):
    """A batch; the write key is the environment here."""

    write_key: str
    batch: list[Item]


class App:
    """POST /v1/batch answers 200 once the events are kept, 503 when they cannot be."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status = 200
        if scope["path"] == "/v1/batch":
            now = time.time_ns() // 1_000_000
            said = msgspec.json.decode(body, type=Batch)
            try:
                await self._log.append(
                    [
                        Event(
                            environment=said.write_key,
                            message_id=item.message_id,
                            type="track",
                            user_id=item.user_id,
                            name=item.event,
                            timestamp=now,
                            received_at=now,
                            body=msgspec.Raw(b'{"properties":%s}' % bytes(item.properties)),
                        )
                        for item in said.batch
                    ]
                )
            except Unavailable:
                status = 503
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


async def serve(data: Path, port: int) -> None:
    """Serve until told to stop."""
    with DataDirectory(data):
        log = await SqliteLog.open(data)
        server = uvicorn.Server(
            uvicorn.Config(App(log), host="127.0.0.1", port=port, loop="none", lifespan="off", log_level="warning")
        )
        try:
            await server.serve()
        finally:
            await log.close()


class Unsynced(DayWriter):
    """A day's file that answers before anything is synced."""

    def __init__(self, day: Day) -> None:
        super().__init__(day)
        self._connection.execute("PRAGMA synchronous = OFF")


def main() -> None:
    """Parse arguments and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mutant", action="store_true")
    arguments = parser.parse_args()
    if arguments.mutant:
        sqlite_log.DayWriter = Unsynced
    asyncio.run(serve(arguments.data, arguments.port))


if __name__ == "__main__":
    main()
