"""Opening what an installation keeps: files in its data folder, or one PostgreSQL database for many processes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Protocol

import msgspec

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.adapters.postgres.changes import PostgresChanges
from handrail.adapters.postgres.log import PostgresLog
from handrail.adapters.sqlite.directory import DataDirectory
from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.errors import Conflict
from handrail.ingest.ports import Log
from handrail.settings import NO_ANALYTICS, Settings


class OpenLog(Log, Protocol):
    """A log that is to be closed by whoever opened it."""

    async def retain(self, today: date, days: int, /) -> int:
        """Drop days of the log that are past their time. Returns how many."""
        ...

    async def close(self) -> None:
        """Keep what is queued, then let go."""
        ...


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one process keeps open. `changes` tells what other processes publish; None: there are none."""

    control: ControlDatabase
    log: OpenLog
    analytics: Path | None
    """The file of the analytic store, None for an installation without one."""
    changes: PostgresChanges | None = None
    directory: DataDirectory | None = None
    """The hold on the data folder; None in a worker, whose supervisor has it."""

    def open_analytics(self, zone_of: Callable[[str], str]) -> DuckdbAnalytics | None:
        """The analytic store; `zone_of` names an environment's zone."""
        return None if self.analytics is None else DuckdbAnalytics(self.analytics, zone_of)

    async def close(self) -> None:
        """Let go of everything, the data folder last."""
        if self.changes is not None:
            await self.changes.close()
        await self.log.close()
        await self.control.close()
        if self.directory is not None:
            self.directory.close()


def check_workers(settings: Settings, workers: int) -> None:
    """Raise Conflict when what the settings name belongs to one process and `workers` are more."""
    if workers == 1:
        return
    if not settings.database:
        raise Conflict(
            f"SQLite's files belong to one process, so {workers} workers cannot share them; "
            "name a PostgreSQL database with HANDRAIL_DATABASE."
        )
    if settings.analytics != NO_ANALYTICS:
        raise Conflict(
            f"DuckDB's file belongs to one process, so {workers} workers cannot share it; "
            f"serve without counts with HANDRAIL_ANALYTICS={NO_ANALYTICS}, or run one worker."
        )


async def open_storage(settings: Settings, *, worker: bool = False) -> Storage:
    """Open what the settings name, its schemas brought up to date.

    A `worker` leaves the data folder's lock to its supervisor. Raises Conflict for a folder in use or a schema from
    the future, Unavailable for a database that does not answer, OSError for a folder that cannot be written.
    """
    directory = None if worker else DataDirectory(settings.folder)
    control: ControlDatabase | None = None
    try:
        control = ControlDatabase(settings.control_address)
        await control.open()
        return await _with_log(settings, control, directory)
    except BaseException:
        if control is not None:
            await control.close()
        if directory is not None:
            directory.close()
        raise


async def _with_log(settings: Settings, control: ControlDatabase, directory: DataDirectory | None) -> Storage:
    counts = settings.analytics != NO_ANALYTICS
    if not settings.database:
        log = await SqliteLog.open(settings.folder)
        file = settings.folder / "analytics.duckdb" if counts else None
        return Storage(control=control, log=log, analytics=file, directory=directory)
    many = await PostgresLog.open(settings.database)
    # The store follows one log by position; another database's would make it skip events or mix users.
    file = settings.folder / f"analytics-{many.identity}.duckdb" if counts else None
    changes = PostgresChanges(settings.database)
    return Storage(control=control, log=many, analytics=file, changes=changes, directory=directory)
