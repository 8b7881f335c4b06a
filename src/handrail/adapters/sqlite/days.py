"""The log's files: one a day, append-only, each a table of blocks.

A block is what one group commit kept: up to `BLOCK` events as one JSON text, with their dedupe ids beside it. One row
for many events keeps the writer out of the interpreter's lock (a statement a row would wait for it a row), and the
events stay readable to anything that knows SQL: `SELECT value ->> 'name' FROM blocks, json_each(events)`.

A file is named by its first position and its day. Where two files overlap, the later one holds: after a failed sync
the writer leaves the file it cannot trust and goes on in a new one from the last position it acknowledged.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import apsw
import msgspec

from handrail.adapters.sqlite.connection import connect, connect_to_read
from handrail.core.errors import Conflict
from handrail.core.events import Event
from handrail.ingest.blocks import BLOCK, read_block, write_block

FORMAT = 1
SUFFIX = ".log"
_LAST = (1 << 63) - 1

_SCHEMA = f"""
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE blocks (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  ids BLOB NOT NULL,
  events TEXT NOT NULL
) STRICT;
PRAGMA user_version = {FORMAT};
COMMIT;
"""


class Day(msgspec.Struct, frozen=True, order=True):
    """One file of the log. Ordered by position, which is the order of the log."""

    first: int
    day: date
    path: Path

    @staticmethod
    def named(folder: Path, first: int, day: date) -> Day:
        """The file that starts at `first`."""
        return Day(first, day, folder / f"{first:016d}.{day.isoformat()}{SUFFIX}")


class Block(msgspec.Struct, frozen=True):
    """A run of events at positions `first` to `last`."""

    first: int
    last: int
    ids: bytes
    events: str

    def decode(self) -> Iterator[tuple[int, Event]]:
        """Its events with their positions."""
        for position, event in enumerate(read_block(self.events), self.first):
            if event is not None:
                yield position, event


def list_days(folder: Path) -> list[Day]:
    """The log's files in order."""
    days: list[Day] = []
    for path in folder.glob(f"*{SUFFIX}"):
        first, _, day = path.name.removesuffix(SUFFIX).partition(".")
        days.append(Day(int(first), date.fromisoformat(day), path))
    return sorted(days)


def read_blocks(days: Sequence[Day], after: int, upto: int, naming: str | None = None) -> Iterator[Block]:
    """Blocks with positions in (after, upto], in order, out of `days`, which must be every file there is.

    With `naming`, only blocks whose text contains it.
    """
    for index, day in enumerate(days):
        # A later file's first position ends this one, whatever rows lie behind it.
        end = min(days[index + 1].first - 1 if index + 1 < len(days) else upto, upto)
        if end <= after or day.first > upto:
            continue
        connection = connect_to_read(day.path)
        try:
            found = connection.execute(
                "SELECT first, last, ids, events FROM blocks WHERE first > ? AND last <= ?"
                " AND (?3 IS NULL OR instr(events, ?3)) ORDER BY first",
                (after - BLOCK, end, naming),
            )
            for first, last, ids, events in found:
                if last > after:
                    yield Block(first, last, ids, events)
        finally:
            connection.close()


def count_received(folder: Path, since: int, until: int) -> dict[tuple[str, int], int]:
    """Events received in [since, until), by environment and minute. Read from the end on, as far as it takes."""
    counts: Counter[tuple[str, int]] = Counter()
    end = _LAST
    for day in reversed(list_days(folder)):
        connection = connect_to_read(day.path)
        try:
            blocks = "SELECT first, last, ids, events FROM blocks WHERE last < ? ORDER BY first DESC"
            for row in connection.execute(blocks, (end,)):
                found = [event for _, event in Block(*row).decode()]
                for event in found:
                    if since <= event.received_at < until:
                        counts[event.environment, event.received_at // 60_000 * 60_000] += 1
                if found and max(event.received_at for event in found) < since:
                    return dict(counts)
        finally:
            connection.close(True)
        end = day.first
    return dict(counts)


class DayWriter:
    """The one connection that appends to a day's file. `append` returns once the rows are synced."""

    def __init__(self, day: Day) -> None:
        """Open or create. Whatever the file holds is synced when this returns."""
        self.day = day
        self._connection = connect(day.path)
        try:
            run = self._connection.execute
            version = run("PRAGMA user_version").get
            if version > FORMAT:
                raise Conflict(f"{str(day.path)!r} was written by a newer Handrail; run that one, or a later one.")
            if version == 0:
                run(_SCHEMA).fetchall()
            run("PRAGMA synchronous = FULL")
            run("PRAGMA fullfsync = ON")
            run("PRAGMA wal_autocheckpoint = 1000")
            # Rows that a dead process wrote but never synced are visible here. Copied into the database file and
            # synced there, they are as good as acknowledged before anyone is told that they are duplicates.
            (busy, _, _) = run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() or (1, 0, 0)
            if busy:
                raise apsw.BusyError(f"{str(day.path)!r} is held by another process.")
            _sync_folder(day.path.parent)
        except BaseException:
            self._connection.close(True)
            raise

    def last(self) -> int:
        """The last position in the file; one before its first when it is empty."""
        return self._connection.execute("SELECT coalesce(max(last), ?) FROM blocks", (self.day.first - 1,)).get

    def append(self, first: int, events: Sequence[Event], ids: Sequence[bytes]) -> None:
        """Keep `events` at `first` and on, synced. Raises apsw.Error; then nothing here may be trusted any more."""
        blocks: list[tuple[int, int, bytes, str]] = []
        for start in range(0, len(events), BLOCK):
            block = events[start : start + BLOCK]
            joined = b"".join(ids[start : start + BLOCK])
            blocks.append((first + start, first + start + len(block) - 1, joined, write_block(block)))
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        for block in blocks:
            run("INSERT INTO blocks VALUES (?, ?, ?, ?)", block)
        run("COMMIT")

    def rollback(self) -> None:
        """Undo a transaction that failed before its commit."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file, whatever state it is in."""
        self._connection.close(True)


def delete_day(day: Day) -> None:
    """Remove a file and what SQLite keeps beside it. The database goes last: without it the rest is not found."""
    for suffix in ("-shm", "-wal", ""):
        Path(f"{day.path}{suffix}").unlink(missing_ok=True)
    _sync_folder(day.path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
