"""Learning the catalogue: a reader of the log of its own, so that no door and no fold waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Protocol

from handrail.core.catalogue import Catalogue, observe
from handrail.core.events import Event
from handrail.ingest.ports import Log

BATCH = 2000
REST = 4
"""Times as long as a batch took that the reader rests after it, when more is waiting: a fifth of one core at most."""


class Catalogues(Protocol):
    """Where catalogues are kept."""

    async def position(self) -> int: ...
    async def of(self, environment: str, /) -> Catalogue: ...
    async def keep(self, learnt: Mapping[str, Catalogue], before: int, position: int, /) -> None: ...


class Learner:
    """Follows the log by position, exactly once for each event."""

    def __init__(self, log: Log, catalogues: Catalogues) -> None:
        self._log = log
        self._catalogues = catalogues
        self._one_at_a_time = asyncio.Lock()

    async def learn(self) -> int:
        """Take in the next events. Returns how many there were. Raises Conflict when another process did."""
        async with self._one_at_a_time:
            before = await self._catalogues.position()
            read = [each async for each in self._log.read(before, BATCH)]
            if not read:
                return 0
            by_environment: dict[str, list[Event]] = {}
            for _, event in read:
                by_environment.setdefault(event.environment, []).append(event)
            learnt: dict[str, Catalogue] = {}
            for environment, events in by_environment.items():
                catalogue = await self._catalogues.of(environment)
                await asyncio.to_thread(observe, catalogue, events)
                learnt[environment] = catalogue
            await self._catalogues.keep(learnt, before, read[-1][0])
            return len(read)

    async def catch_up(self) -> None:
        """Learn all there is."""
        while await self.learn():
            pass

    async def follow(self) -> None:
        """Learn for ever, resting between batches."""
        while True:
            began = time.monotonic()
            count = await self.learn()
            await asyncio.sleep(1 if count < BATCH else REST * (time.monotonic() - began))
