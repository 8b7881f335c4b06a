"""Cutting events out of the log's files. What is cut is overwritten, in the file and beside it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import msgspec

from handrail.adapters.sqlite.connection import Connection, connect
from handrail.core.events import Event
from handrail.ingest.erasure import Cut

NOTHING = msgspec.Raw(b"null")
"""Stands where an event was, so that the others keep their positions; whoever reads passes over it."""

_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_EVENT = msgspec.json.Decoder(Event)


def needles(subjects: Collection[str]) -> list[str]:
    """Texts of which one stands in every block that speaks of a subject (`u:` or `a:` and an id)."""
    return sorted({msgspec.json.encode(each[2:]).decode() for each in subjects})


def cut_day(path: Path, naming: Collection[str], cut: Cut) -> int:
    """Cut one file's events. Returns how many were changed or removed. Nobody else may write to the file meanwhile."""
    connection = connect(path)
    try:
        overwrite(connection)
        firsts = [
            first
            for first, events in connection.execute("SELECT first, events FROM blocks ORDER BY first")
            if any(each in events for each in naming)
        ]
        total = 0
        for first in firsts:
            text: str = connection.execute("SELECT events FROM blocks WHERE first = ?", (first,)).get
            kept, changed = cut_block(text, cut)
            if changed:
                with connection:
                    connection.execute("UPDATE blocks SET events = ? WHERE first = ?", (kept, first))
                total += changed
        if total:
            settle(connection)
        return total
    finally:
        connection.close(True)


def cut_block(text: str, cut: Cut) -> tuple[str, int]:
    """A block's events as they stay, and how many were changed."""
    raws = _RAWS.decode(text)
    changed = 0
    for at, raw in enumerate(raws):
        try:
            event = _EVENT.decode(raw)
        except msgspec.MsgspecError:
            continue
        left = cut(event)
        if left is not event:
            raws[at] = NOTHING if left is None else msgspec.Raw(msgspec.json.encode(left))
            changed += 1
    return msgspec.json.encode(raws).decode(), changed


def events_in(text: str) -> list[Event]:
    """A block's events; what was cut, or cannot be read, is not there."""
    found: list[Event] = []
    for raw in _RAWS.decode(text):
        with suppress(msgspec.MsgspecError):
            found.append(_EVENT.decode(raw))
    return found


def overwrite(connection: Connection) -> None:
    """Have what is deleted overwritten with zeros."""
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    connection.execute("PRAGMA synchronous = FULL").fetchall()


def settle(connection: Connection) -> None:
    """Copy the WAL into the file and empty it: old pages live on in it until then."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
