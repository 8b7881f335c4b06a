"""Joined writes: an answer's head and its body leave together.

The server writes them one after the other, and to write is not only a system call: on an idle line each write is a
packet of its own, and wakes a reader that cannot do anything with a head alone.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Joined:
    """A connection on which two writes in one turn of the loop become one. Nothing waits longer than that turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._later = loop.call_soon
        self._held = b""
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write what is held together with `data`; hold `data` when nothing is."""
        if self._held:
            joined, self._held = self._held + data, b""
            self._transport.write(joined)
        else:
            self._held = data
            self._later(self._flush)

    def close(self) -> None:
        """Write what is held, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held and not self.is_closing():
            self._transport.write(self._held)
        self._held = b""


class JoinedProtocol(HttpToolsProtocol):
    """Uvicorn's own, over joined writes."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin a connection."""
        super().connection_made(Joined(transport, self.loop))  # pyright: ignore[reportArgumentType]
