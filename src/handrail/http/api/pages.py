"""Lists that grow, in pages: a page has a cursor to the next one, which holds while rows come and go."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from handrail.core.errors import Invalid

MOST = 200
USUAL = 50

Item = TypeVar("Item")
START = (-1, "")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Some items in order; `next` is the cursor of those behind them, None at the end."""

    items: Sequence[Item]
    next: str | None = None


async def page(
    read: Callable[[tuple[int, str], int], Awaitable[Sequence[Item]]],
    place: Callable[[Item], tuple[int, str]],
    cursor: str | None,
    limit: int,
) -> Page[Item]:
    """One page. Raises Invalid for a cursor that no page had, or a limit that is none."""
    if not 1 <= limit <= MOST:
        raise Invalid(f"limit is 1 to {MOST}.", path="limit")
    # One more than asked tells whether there is a next page.
    found = await read(START if cursor is None else _read(cursor), limit + 1)
    items = found[:limit]
    return Page(items, _write(place(items[-1])) if len(found) > limit else None)


def _write(place: tuple[int, str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read(cursor: str) -> tuple[int, str]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        at, id = msgspec.json.decode(raw, type=tuple[int, str])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Invalid("This cursor is none that a page had.", path="cursor") from None
    if not -(2**63) <= at < 2**63 or "\0" in id:
        raise Invalid("This cursor is none that a page had.", path="cursor")
    return at, id
