"""The analytic store of a running server: kept behind the log by a moment, filled anew, asked how many users."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from handrail.adapters.control.publications import ControlPublications
from handrail.compile import queries
from handrail.core.conditions.model import Condition
from handrail.core.errors import Conflict, NotFound, Unavailable
from handrail.core.values import day_of
from handrail.http.api.admin import Counted, Filling
from handrail.ingest.filler import BATCH
from handrail.settings import NO_ANALYTICS
from handrail.storage import Storage

_logger = structlog.get_logger(__name__)


class Counts:
    """The analytic store and its filling. `store` is None in an installation that counts nothing."""

    def __init__(
        self,
        storage: Storage,
        publications: ControlPublications,
        zone_of: Callable[[str], str],
        now: Callable[[], int],
    ) -> None:
        self.store = storage.open_analytics(zone_of, lambda text: _logger.warning("analytics", message=text))
        self._storage = storage
        self._publications = publications
        self._now = now
        self._mine = False

    async def keep(self) -> None:
        """Keep the analytic store behind the log by a moment; what fails is tried again."""
        while self.store is not None:
            try:
                while await self.filled() and (self.store.is_describing or await self._waiting() >= BATCH):
                    pass
            except Exception:
                _logger.exception("analytics_fill_failed")
            # Steps of less than a second would write a person again for each few of their events.
            await asyncio.sleep(1)

    async def _waiting(self) -> int:
        """How many events the log has that the analytic store has not."""
        return 0 if self.store is None else await self._storage.log.end() - self.store.position

    async def filled(self) -> int:
        """Bring the analytic store a step further, where it is this process's turn; 0 when it is up to date."""
        if self.store is None:
            return 0
        turn = self._storage.turn
        mine = turn is None or await turn.mine()
        if mine and not self._mine and turn is not None:
            # Another process may have filled the store since this one looked.
            await asyncio.to_thread(self.store.close)
        self._mine = mine
        return await self.store.fill(self._storage.log) if mine else 0

    async def caught_up(self) -> None:
        """Return once the analytic store has what the log had when this was asked, where it is this process's turn."""
        if self.store is not None:
            end = await self._storage.log.end()
            # More may come for ever, but not of that.
            while await self.filled() and self.store.position < end:
                pass

    async def filling(self) -> Filling:
        """How far the analytic store has come. Raises Unavailable."""
        if self.store is None:
            raise Unavailable(f"This installation counts nothing: HANDRAIL_ANALYTICS is {NO_ANALYTICS!r}.")
        await asyncio.to_thread(self.store.open)
        return Filling(self.store.described, await self._storage.log.end())

    async def refill(self, insist: bool) -> Filling:
        """Empty the analytic store, which is then filled from the log's start. Raises Conflict and Unavailable.

        Refused unless `insist`ed on where the log no longer has its first events: they would be lost to counts.
        """
        await self.filling()
        turn = self._storage.turn
        if self.store is None or (turn is not None and not await turn.mine()):
            raise Conflict("Another process fills the analytic store; ask again, and it may be the one that answers.")
        if not insist and await self._storage.log.dropped():
            raise Conflict("The log no longer has its first events, and counts would lose them; insist on it.")
        await self.store.refill()
        return await self.filling()

    async def counted(self, environment: str, experience: str | None, segment: str | None) -> Counted:
        """How many users an experience's audience or a segment may hold for. Raises NotFound."""
        if self.store is None:
            raise Unavailable(f"This installation counts nothing: HANDRAIL_ANALYTICS is {NO_ANALYTICS!r}.")
        await self.filled()
        snapshot = await self._publications.snapshot(environment)
        condition: Condition | None = None
        if segment is not None:
            condition = snapshot.segments.get(segment)
            if condition is None:
                raise NotFound(f"There is no segment {segment!r}.")
        elif experience is not None:
            live = {each.document.key: each.document for each in snapshot.experiences}
            if experience not in live:
                raise NotFound(f"Nothing called {experience!r} is published here.")
            condition = live[experience].audience
        zone = snapshot.environment.zone
        today = day_of(self._now(), zone)
        query = queries.audience(condition, snapshot.segments, scope=queries.Scope(environment), today=today, zone=zone)
        return Counted(await self.store.count(query), query.up_to)

    def close(self) -> None:
        """Let go of the store."""
        if self.store is not None:
            self.store.close()
