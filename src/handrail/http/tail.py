"""Tail: what happens, as lines, for those who watch just now. Nobody watching costs one comparison."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import cast

import msgspec

from handrail.core.events import Event
from handrail.delivery.boot import Decision

WAITING = 1000
"""Lines kept for a watcher who reads too slowly; the oldest go first."""


class Tail:
    """Hands every event and decision to whoever listens."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[bytes]] = set()
        self._recent: deque[tuple[str, object]] = deque(maxlen=50)

    @property
    def recent(self) -> list[dict[str, object]]:
        """The last lines, oldest first."""
        return [_line(what, thing) for what, thing in self._recent]

    def tell(self, what: str, things: object) -> None:
        """Take notice of events or a decision."""
        each_thing = cast("Sequence[object]", things if isinstance(things, Sequence) else (things,))
        self._recent.extend([(what, each) for each in each_thing[-50:]])
        if not self._listeners:
            return
        lines = [msgspec.json.encode(_line(what, each)) + b"\n" for each in each_thing]
        for listener in self._listeners:
            for line in lines:
                if listener.full():
                    listener.get_nowait()
                listener.put_nowait(line)

    async def listen(self) -> AsyncIterator[bytes]:
        """JSON lines from now on; an empty line now and then, so that a dead connection is noticed."""
        mine: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        self._listeners.add(mine)
        try:
            while True:
                try:
                    yield await asyncio.wait_for(mine.get(), 15)
                except TimeoutError:
                    yield b"\n"
        finally:
            self._listeners.discard(mine)


def _line(what: str, thing: object) -> dict[str, object]:
    match thing:
        case Event():
            who = thing.user_id or thing.anonymous_id
            return {"what": "event", "at": thing.received_at, "type": thing.type, "name": thing.name, "user": who}
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
