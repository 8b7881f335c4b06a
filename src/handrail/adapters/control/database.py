"""The control database: opening it, bringing its schema up to date, and transactions on it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from handrail.core.changes import CHANNEL
from handrail.core.errors import Conflict, Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x68616E66
"""Held on PostgreSQL by whoever migrates or makes the first project."""


def configuration(connection: Connection) -> Config:
    """How Alembic reaches the database, for migrations and their tests."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.attributes["connection"] = connection
    return made


def migrate(connection: Connection) -> None:
    """Bring the schema up to this release. Raises Conflict when a newer release wrote it."""
    reached = configuration(connection)
    known = {script.revision for script in ScriptDirectory.from_config(reached).walk_revisions()}
    found = set(MigrationContext.configure(connection).get_current_heads())
    if found - known:
        raise Conflict(
            f"The database was written by a newer Handrail (schema {', '.join(sorted(found - known))}); "
            "upgrade this one, or restore a backup made before."
        )
    command.upgrade(reached, "heads")


class ControlDatabase:
    """One engine. SQLite takes one writer at a time and waits for it; PostgreSQL isolates transactions itself."""

    def __init__(self, address: str) -> None:
        """`address` is a path to a SQLite file, or a `postgresql://` address."""
        if address.startswith("postgresql://"):
            # A connection that died while it was idle is noticed before it is used.
            target = address.replace("postgresql://", "postgresql+asyncpg://", 1)
            self._engine = create_async_engine(target, pool_pre_ping=True)
        else:
            self._engine = create_async_engine(f"sqlite+aiosqlite:///{address}")
            event.listen(self._engine.sync_engine, "connect", _set_up_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_immediate)

    @property
    def engine(self) -> AsyncEngine:
        """The engine itself, for tests and migrations."""
        return self._engine

    async def open(self) -> None:
        """Connect and migrate. Raises Conflict for a schema from the future, Unavailable without an answer."""
        try:
            async with self.alone() as connection:
                await connection.run_sync(migrate)
        except (DBAPIError, SQLAlchemyError, OSError) as problem:
            raise self._unavailable(problem) from problem

    async def answering(self) -> str:
        """The name and version of a PostgreSQL that answers; nothing is changed there. Raises Unavailable."""
        try:
            async with self._engine.connect() as connection:
                return f"PostgreSQL {await connection.scalar(text('SHOW server_version'))}"
        except (DBAPIError, SQLAlchemyError, OSError) as problem:
            raise self._unavailable(problem) from problem

    def _unavailable(self, problem: Exception) -> Unavailable:
        url = self._engine.url
        where = url.database if url.drivername.startswith("sqlite") else url.set(drivername="postgresql")
        reason = str(getattr(problem, "orig", None) or problem).partition("\n")[0]
        return Unavailable(f"The control database {where} cannot be used: {reason}.")

    async def close(self) -> None:
        """Give every connection back."""
        await self._engine.dispose()

    async def copy_to(self, target: Path) -> None:
        """Copy a SQLite database into a file, as of one moment."""

        def copy(path: str) -> None:
            # The driver's own library: a second one must not open the file in this process.
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as made:
                source.backup(made)
                made.execute("PRAGMA journal_mode = DELETE")

        path = self._engine.url.database
        assert path is not None
        await asyncio.to_thread(copy, path)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection]:
        """One transaction: all of it or nothing."""
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[AsyncConnection]:
        """One transaction that no other process's `alone` runs beside."""
        async with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection


async def tell_others(connection: AsyncConnection, said: str) -> None:
    """Say what changed (`core.changes`) to PostgreSQL's other processes, once the transaction is kept."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_notify(:channel, :said)"), {"channel": CHANNEL, "said": said})


def _set_up_sqlite(connection: object, record: object) -> None:
    # The driver's own transaction handling is switched off; `_begin_immediate` starts ours.
    connection.isolation_level = None  # pyright: ignore[reportAttributeAccessIssue]
    cursor = connection.cursor()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnknownMemberType]
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")  # pyright: ignore[reportUnknownMemberType]
    cursor.close()  # pyright: ignore[reportUnknownMemberType]


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that writes later may find that another writer came first; this one waits instead.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
