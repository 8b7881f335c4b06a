"""A way to a PostgreSQL server that can be cut where a test wants it cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

PART = 64 * 1024
"""Bytes that are handed on at once, at most."""
READY = b"Z\0\0\0\5"
"""How the server says that it waits for the next query; one more byte tells whether a transaction is open."""


class Relay:
    """Hands on what both sides say.

    When the server ends a connection, a client that waits for an answer hears of it at once. One that does not has the
    server's last word, and hears that the connection is gone only when it next says something: on a busy machine there
    is such a moment, and here it lasts.
    """

    def __init__(self, server: str) -> None:
        self._server = urlsplit(server)
        self._left = 0
        self._cut: Callable[[], Awaitable[object]] | None = None
        self._links: set[_Link] = set()

    def cut_after(self, parts: int, cut: Callable[[], Awaitable[object]]) -> None:
        """Call `cut` once, before the client's next part but `parts` is handed on."""
        self._left, self._cut = parts, cut

    @property
    def was_cut(self) -> bool:
        """Whether it was called."""
        return self._cut is None

    async def ended(self) -> None:
        """Return when the server has ended every connection there is."""
        for link in list(self._links):
            await link.ended.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand on one client's connection."""
        link = _Link(writer, *await asyncio.open_connection(self._server.hostname, self._server.port))
        self._links.add(link)
        back = asyncio.create_task(link.hand_back())
        with suppress(ConnectionError):
            while part := await reader.read(PART):
                await self._count()
                if link.ended.is_set():
                    break
                await link.hand_on(part)
        self._links.discard(link)
        link.close()
        await back

    async def _count(self) -> None:
        if self._cut is not None:
            if self._left == 0:
                cut, self._cut = self._cut, None
                await cut()
            self._left -= 1


class _Link:
    """One connection to the server, and the client it belongs to."""

    def __init__(
        self, client: asyncio.StreamWriter, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.ended = asyncio.Event()
        self._client, self._reader, self._writer = client, reader, writer
        self._waits = False
        """Whether the client has said something that the server has not answered to the end."""

    async def hand_on(self, part: bytes) -> None:
        self._waits = True
        self._writer.write(part)
        await self._writer.drain()

    async def hand_back(self) -> None:
        with suppress(ConnectionError):
            while part := await self._reader.read(PART):
                if part[-6:-1] == READY:
                    self._waits = False
                self._client.write(part)
                await self._client.drain()
        self.ended.set()
        if self._waits:
            self._client.close()

    def close(self) -> None:
        self._writer.close()
        self._client.close()


@asynccontextmanager
async def relayed(address: str) -> AsyncIterator[tuple[Relay, str]]:
    """A relay to the database at an address, and the address through it. Close what uses it first."""
    relay = Relay(address)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    there = urlsplit(address)
    try:
        yield relay, urlunsplit(there._replace(netloc=there.netloc.replace(f":{there.port}", f":{port}")))
    finally:
        server.close()
