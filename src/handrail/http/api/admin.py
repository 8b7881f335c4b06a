"""What the API is handed: the installation as its operators see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from handrail.core.environments import EnvironmentSettings
from handrail.delivery.boot import Delivery
from handrail.http.api.desk import Desk
from handrail.http.tail import Tail
from handrail.ingest.accounting import Bookkeeper
from handrail.ingest.destinations import Destinations
from handrail.ingest.ports import Log
from handrail.workspace.access import Access, Passwords
from handrail.workspace.guessing import SignInTries
from handrail.workspace.jobs import Jobs
from handrail.workspace.ports import Works
from handrail.workspace.projects import Projects
from handrail.workspace.questions.ask import Analytics
from handrail.workspace.retention import RetentionSettings


class Counted(msgspec.Struct, frozen=True):
    """How many users; `up_to` when a line of the question can only be answered by a browser."""

    users: int
    up_to: bool


class Filling(msgspec.Struct, frozen=True):
    """How far the analytic store has come: the position it has reached, and the log's last one."""

    position: int
    end: int


class Admin(msgspec.Struct, frozen=True, kw_only=True):
    """Ports and use cases of the API. `followed` returns once the fold counts what a publication newly asks."""

    works: Works
    delivery: Delivery
    log: Log
    destinations: Destinations
    books: Bookkeeper
    desk: Desk
    tail: Tail
    now: Callable[[], int]
    project: Callable[[], Awaitable[str]]
    """The project that is asked about: in a route the caller's, elsewhere the installation's first."""
    projects: Projects
    access: Access
    passwords: Passwords
    tries: SignInTries
    retention: RetentionSettings
    log_days: int = 30
    """What a project that says nothing keeps its log for."""
    trusted_proxies: int = 0
    jobs: Jobs
    followed: Callable[[], Awaitable[None]]
    counted: Callable[[str, str | None, str | None], Awaitable[Counted]]
    """How many users an experience's audience or a segment may hold for: environment, experience key, segment key."""
    analytics: Analytics | None = None
    """The analytic store; None in an installation that counts nothing."""
    filled: Callable[[], Awaitable[object]]
    """Returns once the analytic store is up to date, as far as this process may bring it there."""
    filling: Callable[[], Awaitable[Filling]]
    """How far the analytic store has come."""
    refill: Callable[[bool], Awaitable[Filling]]
    """Empties the analytic store, to be filled anew; True where events that the log lost may be lost to counts."""
    backed_up: Callable[[], Awaitable[Path]]
    """Makes a backup; its file is the caller's to remove."""
    demo_address: str = ""

    async def place(self, environment: str) -> EnvironmentSettings:
        """An environment of that project. Raises NotFound."""
        async with self.works(await self.project()) as work:
            return await work.environment(environment)
