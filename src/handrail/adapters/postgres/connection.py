"""asyncpg as the rest of this folder uses it, with types: the package's own are partly unknown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Literal, Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from handrail.core.errors import Unavailable

MOST = 10
"""Connections that a process has at a time."""
TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What a query raises that the database did not answer.

A server that ends a connection says so first. Where that word comes while no query runs, asyncpg takes it for an answer
out of turn and refuses the next query with InternalClientError ("cannot switch to state 15; another operation (2) is in
progress"), until it hears that the connection is gone.
"""
LOST = (
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    ConnectionResetError,
)
"""Those of them that say so much: this connection is gone, and another one may do."""

KNOWN = asyncpg.UniqueViolationError
"""What inserting raises when one of the rows is there."""


class Row(Protocol):
    """One row: a value by column or place."""

    def __getitem__(self, column: str | int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...


class Source(Protocol):
    """What answers queries: a connection, or a pool that lends one for each."""

    async def fetch(self, query: str, /, *values: object) -> list[Row]: ...
    async def fetchrow(self, query: str, /, *values: object) -> Row | None: ...
    async def fetchval(self, query: str, /, *values: object) -> Any: ...
    async def execute(self, query: str, /, *values: object) -> str: ...
    async def executemany(self, query: str, rows: Iterable[Iterable[object]], /) -> None: ...


class Connection(Source, Protocol):
    """One connection."""

    def transaction(
        self, *, isolation: Literal["read_committed", "repeatable_read"] | None = None
    ) -> AbstractAsyncContextManager[object]: ...
    def cursor(self, query: str, /, *values: object) -> AsyncIterator[Row]: ...
    async def copy_records_to_table(
        self, table: str, /, *, schema_name: str, columns: Sequence[str], records: Iterable[Sequence[object]]
    ) -> str: ...
    async def copy_to_table(
        self, table: str, /, *, schema_name: str, source: memoryview, format: Literal["binary"]
    ) -> str: ...


class Pool(Source, Protocol):
    """A few connections, lent one at a time."""

    def acquire(self) -> AbstractAsyncContextManager[Connection]: ...
    async def close(self) -> None: ...


class Reading:
    """Queries that only read: one that met a lost connection is asked again, over another."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def fetch(self, query: str, /, *values: object) -> list[Row]:
        """The rows. Raises Unavailable."""
        try:
            for _ in range(MOST):
                with suppress(*LOST):
                    return await self._pool.fetch(query, *values)
            return await self._pool.fetch(query, *values)
        except TROUBLE as problem:
            raise Unavailable(f"The database could not be read: {problem}") from problem


async def connect_pool(address: str) -> Pool:
    """Connect. Raises what asyncpg and the system raise when there is no such server."""
    return await _connected(address, 2, MOST, {})


async def connect_writer(address: str) -> Pool:
    """One connection, made when it is needed, that finds rows by index however few the planner takes them for."""
    plans = {"enable_seqscan": "off", "enable_bitmapscan": "off", "plan_cache_mode": "force_generic_plan"}
    return await _connected(address, 0, 1, plans)


async def _connected(address: str, least: int, most: int, settings: Mapping[str, str]) -> Pool:
    # An answer means "on disk", whatever the server's own default is.
    said = {"synchronous_commit": "on", "application_name": "handrail", **settings}
    pool = asyncpg.create_pool(address, min_size=least, max_size=most, server_settings=said, reset=_leave)  # pyright: ignore[reportUnknownMemberType]
    return cast(Pool, await pool)


async def _leave(connection: object) -> None:
    """Nothing to put back: whatever is set or locked here, is so for one transaction."""
