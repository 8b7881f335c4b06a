"""Whose turn it is to do what one process at a time may do: an advisory lock, gone with its connection."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from handrail.adapters.postgres.connection import TROUBLE

PATIENCE = 5
"""Seconds to wait for the database."""


class _Held(Protocol):
    async def fetchval(self, query: str, /, *values: object) -> object: ...
    async def close(self, *, timeout: float) -> None: ...  # noqa: ASYNC109 asyncpg's own name


class PostgresTurn:
    """A turn by name. Whoever has it keeps it until its connection ends; the others ask again now and then."""

    def __init__(self, address: str, name: str) -> None:
        self._address = address
        self._name = name
        self._connection: _Held | None = None
        self._held = False

    async def mine(self) -> bool:
        """Whether it is this process's turn. False also when the database does not answer."""
        try:
            if self._connection is None:
                connecting = asyncpg.connect(self._address, timeout=PATIENCE)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
                self._connection = cast("_Held", await connecting)
            if self._held:
                await self._connection.fetchval("SELECT 1")
            else:
                asked = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
                self._held = await self._connection.fetchval(asked, self._name) is True
        except TROUBLE:
            await self.close()
        return self._held

    async def close(self) -> None:
        """Let the turn go."""
        connection, self._connection, self._held = self._connection, None, False
        if connection is not None:
            with suppress(*TROUBLE):
                await connection.close(timeout=PATIENCE)
