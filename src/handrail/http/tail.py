"""Tail: what happens, as lines, for those who watch just now. Nobody watching costs one comparison."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Collection, Sequence

import msgspec

from handrail.core.errors import Unavailable
from handrail.core.events import Event
from handrail.delivery.boot import Decision
from handrail.ingest.accept import Rejection
from handrail.ingest.ports import Log

WAITING = 1000
"""Lines kept for a watcher who reads too slowly; the oldest go first."""
LOOK = 0.2
"""Seconds between two looks at a log that other processes append to, while somebody watches."""


class Tail:
    """Hands every event and decision to whoever listens."""

    def __init__(self, shared: Log | None = None) -> None:
        """`shared` is a log that other processes append to as well: their events are read from there."""
        self._listeners: dict[asyncio.Queue[bytes], frozenset[str]] = {}
        """Who watches, with the environments that each may see."""
        self._recent: deque[tuple[str, object]] = deque(maxlen=50)
        self._shared = shared

    @property
    def recent(self) -> list[dict[str, object]]:
        """The last lines, oldest first."""
        return [_line(what, thing) for what, thing in self._recent]

    def tell(self, what: str, things: Sequence[object], environment: str) -> None:
        """Take notice of an environment's events, rejections or decisions."""
        if what != "rejections":
            self._recent.extend([(what, each) for each in things[-50:]])
        if not self._listeners or (what == "events" and self._shared is not None):
            return
        lines = [_line(what, each) for each in things]
        for listener, environments in self._listeners.items():
            if environment in environments:
                _put(listener, lines)

    def forget(self) -> None:
        """Drop what happened last: somebody in it was erased."""
        self._recent.clear()

    async def listen(self, environments: Collection[str]) -> AsyncGenerator[bytes]:
        """JSON lines about these environments from now on; an empty one now and then shows that the line is alive."""
        mine: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        seen = frozenset(environments)
        self._listeners[mine] = seen
        reading: asyncio.Task[None] | None = None
        if self._shared is not None:
            told = f"events of every process, decisions of process {os.getpid()} only"
            _put(mine, [{"what": "note", "told": told}])
            reading = asyncio.create_task(_read_on(self._shared, await self._shared.end(), mine, seen))
        try:
            while True:
                try:
                    yield await asyncio.wait_for(mine.get(), 15)
                except TimeoutError:
                    yield b"\n"
        finally:
            del self._listeners[mine]
            if reading is not None:
                reading.cancel()


async def _read_on(log: Log, position: int, listener: asyncio.Queue[bytes], environments: frozenset[str]) -> None:
    """Hand on every event of these environments behind `position` for ever."""
    while True:
        try:
            events = [each async for each in log.read(position, WAITING)]
        except Unavailable:
            events = []
        if events:
            position = events[-1][0]
            _put(listener, [_line("event", event) for _, event in events if event.environment in environments])
        await asyncio.sleep(LOOK)


def _put(listener: asyncio.Queue[bytes], lines: Sequence[dict[str, object]]) -> None:
    for line in lines:
        if listener.full():
            listener.get_nowait()
        listener.put_nowait(msgspec.json.encode(line) + b"\n")


def _line(what: str, thing: object) -> dict[str, object]:
    match thing:
        case Event():
            who = thing.user_id or thing.anonymous_id
            return {"what": "event", "at": thing.received_at, "type": thing.type, "name": thing.name, "user": who}
        case Rejection():
            return {"what": "rejection", "path": thing.path, "code": thing.code, "told": thing.message}
        case Decision():
            return {
                "what": "decision",
                "at": thing.at,
                "user": thing.user,
                "url": thing.url,
                "candidates": thing.candidates,
            }
        case _:
            return {"what": what, "told": str(thing)}
