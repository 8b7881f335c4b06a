"""The desk: what the routes about people are handed."""

from __future__ import annotations

from typing import Protocol

import msgspec

from handrail.core.catalogue import Catalogue
from handrail.ingest.guard import Guard
from handrail.ingest.learning import Learner
from handrail.ingest.ports import Log
from handrail.ingest.suppression import Suppression
from handrail.workspace.people.erase import Stores
from handrail.workspace.people.ports import Ledger, PrivacySettings


class Catalogues(Protocol):
    """What every environment received."""

    async def of(self, environment: str, /) -> Catalogue: ...


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Ports of the routes about people."""

    log: Log
    guard: Guard
    privacy: PrivacySettings
    ledger: Ledger
    stores: Stores
    catalogues: Catalogues
    learner: Learner
    suppression: Suppression

    async def refresh(self) -> None:
        """Take in what another process changed: settings, and who was erased."""
        self.privacy.forget()
        self.suppression.add(await self.privacy.digests())

    async def catch_up(self) -> None:
        """Erase from this process's own analytic store whom another process erased."""
        await self.stores.catch_up(self.privacy.finished)
