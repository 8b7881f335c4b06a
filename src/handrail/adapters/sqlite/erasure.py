"""Cutting events out of the log's files. What is cut is overwritten, in the file and beside it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from handrail.adapters.sqlite.connection import Connection, connect
from handrail.ingest.blocks import cut_block
from handrail.ingest.erasure import Cut


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


def overwrite(connection: Connection) -> None:
    """Have what is deleted overwritten with zeros."""
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    connection.execute("PRAGMA synchronous = FULL").fetchall()


def settle(connection: Connection) -> None:
    """Copy the WAL into the file and empty it: old pages live on in it until then."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
