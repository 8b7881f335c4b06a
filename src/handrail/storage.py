"""Opening what an installation keeps: files in its data folder, or one PostgreSQL database for many processes."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import apsw
import msgspec

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.adapters.files.archive import Manifest, read_archive, write_archive
from handrail.adapters.files.ledger import FILE as erasures_file
from handrail.adapters.postgres.changes import PostgresChanges
from handrail.adapters.postgres.log import PostgresLog
from handrail.adapters.postgres.turn import PostgresTurn
from handrail.adapters.sqlite.directory import DataDirectory
from handrail.adapters.sqlite.log import SqliteLog
from handrail.adapters.vault import FILE as secrets_file
from handrail.core.errors import Conflict, Invalid, Unavailable
from handrail.ingest.ports import Log
from handrail.settings import NO_ANALYTICS, Settings

if TYPE_CHECKING:
    from handrail.adapters.clickhouse import ClickhouseAnalytics

Analytics: TypeAlias = "DuckdbAnalytics | ClickhouseAnalytics"


class OpenLog(Log, Protocol):
    """A log that is to be closed by whoever opened it."""

    async def retain(self, today: date, usual: int, days: Mapping[str, int], upto: int | None = None, /) -> int:
        """Drop what was received more than its environment's `days` before `today`, `usual` for all others.

        With `upto`, the position that whoever reads the log has reached, no event behind it goes. What was dropped
        stays folded. Returns how many days' files, or events, went.
        """
        ...

    async def expire(self, environment: str, before: int, /) -> list[str]:
        """Forget visitors without a user who were last seen before an instant and of whom the log has no event.

        Returns them (`a:` and an anonymous id).
        """
        ...

    async def forget_answers(self, environment: str, before: int, /) -> None:
        """Take out of the state what was answered before an instant; the rules must say the same (`FoldRules`)."""
        ...

    async def received(self, since: int, until: int, /) -> dict[tuple[str, int], int]:
        """How many events it holds that were received in [since, until), by environment and minute."""
        ...

    async def dropped(self) -> int:
        """The position up to which events may be missing; 0 when every event that ever came is there."""
        ...

    async def close(self) -> None:
        """Keep what is queued, then let go."""
        ...


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one process keeps open. `changes` tells what other processes publish; None: there are none."""

    control: ControlDatabase
    log: OpenLog
    analytics: Path | str | None
    """The file of the analytic store or the address of its server, None for an installation without one."""
    log_name: str = ""
    """Tells the log apart from others that fill stores on the same server."""
    turn: PostgresTurn | None = None
    """Who fills the store, where several processes could; None: this one does."""
    changes: PostgresChanges | None = None
    directory: DataDirectory | None = None
    """The hold on the data folder; None in a worker, whose supervisor has it."""

    def open_analytics(self, zone_of: Callable[[str], str], tell: Callable[[str], None]) -> Analytics | None:
        """The analytic store; `zone_of` names an environment's zone, `tell` hears of a file that had to be put aside.

        Raises Invalid where ClickHouse is named and its client is not installed.
        """
        match self.analytics:
            case None:
                return None
            case Path() as path:
                return DuckdbAnalytics(path, zone_of, tell)
            case address:
                try:
                    from handrail.adapters.clickhouse import ClickhouseAnalytics
                except ImportError:
                    raise Invalid("ClickHouse needs one more package: pip install 'handrail[clickhouse]'.") from None
                return ClickhouseAnalytics(address, zone_of, log=self.log_name)

    async def close(self) -> None:
        """Let go of everything, the data folder last."""
        if self.changes is not None:
            await self.changes.close()
        if self.turn is not None:
            await self.turn.close()
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
    if not settings.analytics:
        raise Conflict(
            f"DuckDB's file belongs to one process, so {workers} workers cannot share it; "
            f"name a ClickHouse with HANDRAIL_ANALYTICS=http://host:8123/handrail, serve without counts with "
            f"HANDRAIL_ANALYTICS={NO_ANALYTICS}, or run one worker."
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


async def back_up(storage: Storage, settings: Settings, target: Path, now: int) -> None:
    """Write a backup of everything to a file, while the server goes on. Raises Conflict on PostgreSQL."""
    if not isinstance(storage.log, SqliteLog):
        raise Conflict("This installation lies in PostgreSQL: back it up with pg_dump, which knows it whole.")
    with tempfile.TemporaryDirectory(dir=settings.folder, prefix="backup-") as name:
        folder = Path(name)
        # Control last: it names every experience that events of the copied log may speak of.
        await storage.log.copy_to(folder)
        await storage.control.copy_to(folder / "control.db")
        await asyncio.to_thread(write_archive, folder, target, handrail=version("handrail"), now=now)


CARRIED = (secrets_file, erasures_file)
"""What an installation keeps beside its databases, and no backup holds: the keys, and who was erased."""


def restore(settings: Settings, source: Path, carry: Path | None = None) -> Manifest:
    """Make the data folder from a backup: all of it or nothing. `carry` is a folder to take the `CARRIED` files from.

    Raises Conflict when there is something in the folder already, Invalid when a byte of the backup changed.
    """
    folder = settings.folder
    with DataDirectory(folder):
        if there := sorted(each.name for each in folder.iterdir() if each.name != "lock"):
            raise Conflict(f"The data folder {folder} holds {there[0]}; name an empty one with HANDRAIL_DATA.")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        made = Path(name) / "data"
        made.mkdir(mode=0o700)
        manifest = read_archive(source, made)
        if carry is not None:
            for each in CARRIED:
                if (carry / each).exists():
                    shutil.copy2(carry / each, made / each)
        (folder / "lock").unlink(missing_ok=True)
        # A folder takes an empty one's place in one step.
        made.rename(folder)
    return manifest


async def _with_log(settings: Settings, control: ControlDatabase, directory: DataDirectory | None) -> Storage:
    counts, address = settings.analytics != NO_ANALYTICS, settings.analytics
    if not settings.database:
        try:
            log = await SqliteLog.open(settings.folder)
        except apsw.Error as problem:
            raise Unavailable(f"The log in {settings.folder} cannot be opened: {problem}.") from problem
        file = (address or settings.folder / "analytics.duckdb") if counts else None
        return Storage(control=control, log=log, analytics=file, directory=directory)
    many = await PostgresLog.open(settings.database)
    # The store follows one log by position; another database's would make it skip events or mix users.
    file = (address or settings.folder / f"analytics-{many.identity}.duckdb") if counts else None
    return Storage(
        control=control,
        log=many,
        analytics=file,
        log_name=str(many.identity),
        turn=PostgresTurn(settings.database, "handrail analytics") if address and counts else None,
        changes=PostgresChanges(settings.database),
        directory=directory,
    )
