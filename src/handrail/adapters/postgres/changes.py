"""What other processes change, heard over LISTEN: ids only, never bodies, which may be long or secret.

The control database sends within its transaction, so nobody hears of a change that is not kept. Whatever was said
while the connection was down is unknown; after it is back, everything counts as changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]
import structlog

from handrail.adapters.postgres.connection import TROUBLE
from handrail.core.changes import CHANNEL

PULSE = 5
"""Seconds between two looks at whether the connection lives."""
PAUSE = 0.2
"""Seconds before the first try to connect again; each further one waits twice as long, up to `PULSE`."""

_log = structlog.get_logger(__name__)


class _Listening(Protocol):
    async def add_listener(self, channel: str, callback: Callable[..., None], /) -> None: ...
    async def execute(self, query: str, /) -> str: ...
    def add_termination_listener(self, callback: Callable[..., None], /) -> None: ...
    async def close(self, *, timeout: float) -> None: ...  # noqa: ASYNC109 asyncpg's own name


class PostgresChanges:
    """Listens from `follow` to `close`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._task: asyncio.Task[None] | None = None
        self._connection: _Listening | None = None
        self._lost = asyncio.Event()

    async def follow(self, heard: Callable[[str | None], None]) -> None:
        """Call `heard` with each id that is said from now on; with None when anything may have changed unheard."""
        await self._connect(heard)
        self._task = asyncio.create_task(self._keep_listening(heard))

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._disconnect()

    async def _connect(self, heard: Callable[[str | None], None]) -> None:
        lost = self._lost = asyncio.Event()
        named = {"application_name": "handrail"}
        connecting = asyncpg.connect(self._address, timeout=PULSE, server_settings=named)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        connection = cast("_Listening", await connecting)
        self._connection = connection

        def said(_connection: object, _pid: int, _channel: str, payload: str) -> None:
            heard(payload)

        def gone(_connection: object) -> None:
            lost.set()

        connection.add_termination_listener(gone)
        await connection.add_listener(CHANNEL, said)

    async def _keep_listening(self, heard: Callable[[str | None], None]) -> None:
        pause = PAUSE
        while True:
            try:
                if self._connection is None:
                    await self._connect(heard)
                    heard(None)
                    pause = PAUSE
                await self._watch()
            except TROUBLE as problem:
                _log.warning("changes_unheard", reason=str(problem))
                await asyncio.sleep(pause)
                pause = min(pause * 2, PULSE)
            await self._disconnect()

    async def _watch(self) -> None:
        """Return when the connection is gone; a query now and then finds one that died without a word."""
        assert self._connection is not None
        while not self._lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PULSE):
                    await self._lost.wait()
                    return
            async with asyncio.timeout(PULSE):
                await self._connection.execute("SELECT 1")

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*TROUBLE):
                await connection.close(timeout=1.0)
