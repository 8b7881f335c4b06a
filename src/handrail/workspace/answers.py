"""Answers to requests that may be repeated: what is needed of wherever they are kept."""

from __future__ import annotations

from typing import Protocol

import msgspec

RUNNING = 0
"""The status of a request that has no answer yet."""


class Kept(msgspec.Struct, frozen=True):
    """An earlier request's digest and its answer."""

    request: str
    status: int
    content_type: str
    body: str


class Answers(Protocol):
    """Answers to requests by caller and key."""

    async def begin(self, caller: str, key: str, request: str, now: int, /) -> Kept | None:
        """None when this request is the first with the key, which it now holds; else what is kept of the earlier."""
        ...

    async def keep(self, caller: str, key: str, status: int, content_type: str, body: str, /) -> None:
        """Keep the answer."""
        ...

    async def forget(self, caller: str, key: str, /) -> None:
        """Let the key be used again."""
        ...
