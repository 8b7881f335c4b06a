"""What the doors are handed: ports, a clock, and who listens to what happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from handrail.core.environments import EnvironmentSettings
from handrail.delivery.boot import Delivery
from handrail.delivery.ports import Publications
from handrail.http.limits import Limits
from handrail.ingest.accounting import Accounting
from handrail.ingest.destinations import Destinations
from handrail.ingest.guard import Guard
from handrail.ingest.ports import Log


class Deps(msgspec.Struct, frozen=True, kw_only=True):
    """One installation, as its doors see it.

    `tell` hands a line to whoever tails; `static` holds the built SDK, `kept` the files of earlier builds.
    """

    publications: Publications
    delivery: Delivery
    log: Log
    destinations: Destinations
    guard: Guard
    server_key: Callable[[str | None, str], Awaitable[EnvironmentSettings]]
    """The environment, by its key, that a secret key may send events to. Raises Forbidden."""
    now: Callable[[], int]
    tell: Callable[[str, Sequence[object], str], None]
    static: Path
    kept: Path | None = None
    accounts: Accounting = msgspec.field(default_factory=Accounting)
    limits: Limits = msgspec.field(default_factory=Limits)
