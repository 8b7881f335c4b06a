"""What an installation does with people, put together: identities, erasure, the catalogue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import structlog

from handrail.adapters.control.catalogue import ControlCatalogues
from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.privacy import ControlPrivacy
from handrail.adapters.files.ledger import FILE, FileLedger
from handrail.adapters.vault import Vault
from handrail.http.api.desk import Desk
from handrail.ingest.erasure import cutting
from handrail.ingest.guard import Guard
from handrail.ingest.learning import Learner
from handrail.ingest.ports import Log
from handrail.ingest.suppression import Suppression
from handrail.workspace.people.erase import replay, resume
from handrail.workspace.people.ports import Erasure, Noted

ROSTER_PAGE = 5_000
_logger = structlog.get_logger(__name__)


class Analytics(Protocol):
    """The analytic store as erasure needs it."""

    async def erase(self, environment: str, subjects: Collection[str]) -> int: ...


@runtime_checkable
class OwnAnalytics(Analytics, Protocol):
    """An analytic store that this process keeps for itself, as others on the same database keep theirs."""

    async def subjects(self, environment: str, wanted: Callable[[str], bool]) -> list[str]: ...
    async def erasures(self) -> frozenset[str]: ...
    async def note_erasures(self, erasures: Collection[str]) -> None: ...


class Stores:
    """Everything that holds something of a person: the log with its state, and the analytic store."""

    def __init__(
        self, log: Log, analytics: Analytics | None, caught_up: Callable[[], Awaitable[None]], suppression: Suppression
    ) -> None:
        """`caught_up` returns once the analytic store has what the log has."""
        self._caught_up = caught_up
        self._log = log
        self._analytics = analytics
        self._suppression = suppression

    async def subjects(self, environment: str, anonymous_id: str | None, user_id: str | None) -> list[str]:
        """Every subject that is this person."""
        return await self._log.roster().subjects(environment, anonymous_id, user_id)

    async def named(self, environment: str, digests: Collection[str]) -> list[str]:
        """Every subject of which one of these hashes stayed."""
        gone = self._hashed_among(environment, frozenset(digests))
        named, after = list[str](), ""
        while page := await self._log.roster().ids(environment, after=after, limit=ROSTER_PAGE):
            named += filter(gone, page)
            after = page[-1]
        return named

    def digest(self, environment: str, subject: str) -> str:
        """The keyed hash that stays of a subject."""
        return self._suppression.digest((environment, subject))

    def suppress(self, digests: Collection[str]) -> None:
        """Drop what is sent of these from now on."""
        self._suppression.add(digests)

    def _hashed_among(self, environment: str, digests: Collection[str]) -> Callable[[str], bool]:
        return lambda subject: self.digest(environment, subject) in digests

    async def erase_log(self, environment: str, subjects: Collection[str]) -> int:
        """Erase from log and state."""
        return await self._log.erase(environment, subjects, cutting(environment, subjects))

    async def erase_analytics(self, made: Erasure) -> int:
        """Erase from the analytic store, once it has taken in what the log held before."""
        if self._analytics is None:
            return 0
        await self._caught_up()
        rows = await self._analytics.erase(made.environment, made.subjects)
        if isinstance(self._analytics, OwnAnalytics):
            await self._analytics.note_erasures([made.id])
        return rows

    async def catch_up(self, finished: Callable[[], Awaitable[Sequence[Noted]]]) -> int:
        """Erase whom another process erased from the store that this one keeps for itself. Returns how many rows went.

        Where there is no such store `finished` is not asked. Of those only hashes are left, so every subject of the
        store is hashed once.
        """
        store = self._analytics
        if not isinstance(store, OwnAnalytics):
            return 0
        known = await store.erasures()
        waiting = [each for each in await finished() if each.id not in known]
        if not waiting:
            return 0
        await self._caught_up()
        rows = 0
        for environment in sorted({each.environment for each in waiting}):
            gone = frozenset(digest for each in waiting if each.environment == environment for digest in each.digests)
            if subjects := await store.subjects(environment, self._hashed_among(environment, gone)):
                rows += await store.erase(environment, subjects)
        await store.note_erasures([each.id for each in waiting])
        return rows


async def open_desk(
    folder: Path,
    keys: str,
    control: ControlDatabase,
    log: Log,
    analytics: Analytics | None,
    caught_up: Callable[[], Awaitable[None]],
    clock: Callable[[], int],
    erasures: str,
) -> Desk:
    """The desk of an installation, with its ledger at `erasures`, the folder's own when that is empty.

    Erasures that a stopped server left are finished first, and those that a restored backup does not know are repeated.
    """
    vault = Vault.open(folder, keys)
    privacy = ControlPrivacy(control, vault)
    suppression = Suppression(vault.named_key("suppression"), await privacy.digests())
    stores = Stores(log, analytics, caught_up, suppression)
    catalogues = ControlCatalogues(control)
    ledger = FileLedger(Path(erasures) if erasures else folder / FILE)
    await resume(stores, privacy, clock)
    await log.settled()
    for receipt in await replay(stores, privacy, ledger, clock):
        _logger.warning("erased_again", erasure=receipt.id, events=receipt.events)
    return Desk(
        log=log,
        guard=Guard(log, suppression, privacy.of),
        privacy=privacy,
        ledger=ledger,
        stores=stores,
        catalogues=catalogues,
        learner=Learner(log, catalogues),
        suppression=suppression,
    )
