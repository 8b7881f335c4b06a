"""The log's rows: blocks of one environment's events of one day that one transaction kept, and each event's id.

A block stands at the position of its last event, and the others in front of it: sequence numbers grow by as many as a
block may hold. So whoever has read up to somewhere finds what is left by the blocks behind that place.
"""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeAlias

import msgspec

from handrail.adapters.postgres.connection import Connection, Reading, Row, Source
from handrail.core.events import Event
from handrail.core.fold import DAY
from handrail.core.retention import day_at
from handrail.ingest.blocks import BLOCK, read_block, write_block
from handrail.ingest.dedupe import ID_SIZE

SEQUENCE = (1 << 63) - 1
END = (((1 << 63) - 1) << 64) | SEQUENCE
"""Behind every position. A position is a transaction and a sequence, as one number."""
SPEAKING_AT_ONCE = 20

Pair: TypeAlias = tuple[str, int]
"""A position in two: a transaction, as text, and a sequence."""


class Block(msgspec.Struct, frozen=True):
    """A row of the log."""

    position: int
    text: str

    def decode(self) -> Iterator[tuple[int, Event]]:
        """Its events with their positions."""
        events = read_block(self.text)
        for position, event in enumerate(events, self.position + 1 - len(events)):
            if event is not None:
                yield position, event

    def events(self) -> list[Event]:
        """Its events."""
        return [event for event in read_block(self.text) if event is not None]


def pair(position: int) -> Pair:
    """A position in two."""
    return str(position >> 64), position & SEQUENCE


def joined(found: Pair | Row) -> int:
    """The position that the first two columns of a row say."""
    return int(found[0]) << 64 | found[1]


async def find_known(source: Source, ids: Collection[bytes]) -> set[bytes]:
    """Those of these ids that the log holds."""
    return {row[0] for row in await source.fetch(_KNOWN, b"".join(ids))}


async def keep(connection: Connection, events: Mapping[bytes, Event]) -> int:
    """Keep events by their ids, in the caller's transaction. The last one's position."""
    copy = connection.copy_records_to_table
    copying = connection.copy_to_table("ids", schema_name="ingest", source=_as_rows(events), format="binary")
    # Written here while the database is busy with the ids.
    _, written = await asyncio.gather(copying, _written(events))
    await copy("blocks", schema_name="ingest", columns=_COLUMNS, records=written)
    kept = await connection.fetchrow("SELECT pg_current_xact_id()::text, lastval()")
    assert kept is not None
    return joined(kept)


def _as_rows(ids: Iterable[bytes]) -> memoryview:
    """Ids as COPY reads them, in one order for everybody, so that two transactions never wait for each other."""
    # The driver takes `bytes` for a path.
    return memoryview(b"".join([_COPY_HEAD, _ROW_HEAD, _ROW_HEAD.join(sorted(ids)), _COPY_END]))


async def _written(events: Mapping[bytes, Event]) -> list[tuple[str, date, bytes, str]]:
    written: list[tuple[str, date, bytes, str]] = []
    for block in _in_blocks(events):
        written.append(block)
        await asyncio.sleep(0)
    return written


def _in_blocks(events: Mapping[bytes, Event]) -> Iterator[tuple[str, date, bytes, str]]:
    together: dict[tuple[str, int], list[tuple[bytes, Event]]] = defaultdict(list)
    for each in events.items():
        together[each[1].environment, each[1].received_at // DAY].append(each)
    for (environment, day), found in together.items():
        for at in range(0, len(found), BLOCK):
            ids, some = zip(*found[at : at + BLOCK], strict=True)
            yield environment, day_at(day * DAY), b"".join(ids), write_block(some)


async def find_last(rows: Reading, *, settled: bool) -> int | None:
    """The log's last position; when `settled`, the last that nothing can appear in front of any more."""
    found = await rows.fetch(_LAST, settled)
    return joined(found[0]) if found else None


async def read_blocks(
    source: Source | Reading, after: int, most: int, upto: int = END, environment: str | None = None
) -> list[Block]:
    """Blocks with an event behind `after` and none behind `upto`, in order: so many that hold `most` events, or all.

    None of which anything can still appear in front of.
    """
    rows = await source.fetch(_READ, *pair(after), *pair(upto), most, environment)
    return [Block(joined(row), row[2]) for row in rows]


async def read_between(
    source: Source, starts: Sequence[int], ends: Sequence[int], most: int
) -> tuple[list[Block], bool]:
    """Blocks behind one of these positions and below the transaction beside it, as `read_blocks` gives them.

    Second, whether there may be more.
    """
    transactions, sequences = zip(*map(pair, starts), strict=True)
    rows = await source.fetch(_BETWEEN, transactions, sequences, list(map(str, ends)), most)
    return [Block(joined(row), row[2]) for row in rows], bool(rows) and rows[-1][3] >= most


async def read_latest(source: Source, most: int) -> AsyncIterator[Block]:
    """Every block, the latest first."""
    before = END
    while rows := await source.fetch(_LATEST, *pair(before), most):
        for row in rows:
            yield Block(before := joined(row), row[2])


async def read_speaking(source: Source | Reading, environment: str, naming: Sequence[str]) -> AsyncIterator[Block]:
    """An environment's blocks with one of these texts in them, the latest first."""
    before = END
    while rows := await source.fetch(_SPEAKING, environment, naming, *pair(before), SPEAKING_AT_ONCE):
        for row in rows:
            yield Block(before := joined(row), row[2])


async def rewrite(connection: Connection, block: Block, text: str) -> None:
    """Put another text into a block."""
    await connection.execute(_REWRITE, *pair(block.position), text)


_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_ROW_HEAD = struct.pack(">hi", 1, ID_SIZE)
_COPY_END = struct.pack(">h", -1)
# One value instead of an array: the driver asks of each member of an array whether it is one itself.
_KNOWN = """
SELECT id FROM ingest.ids
WHERE id = ANY (ARRAY(SELECT substr($1, place, 16) FROM generate_series(1, octet_length($1::bytea), 16) AS place))
"""
_COLUMNS = ("environment", "day", "ids", "events")
_LAST = """
SELECT transaction::text, sequence FROM ingest.blocks AS b
WHERE NOT $1 OR b.transaction < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY b.transaction DESC, sequence DESC LIMIT 1
"""
_SO_MANY = """
SELECT transaction::text, sequence, events, total::bigint FROM (
  SELECT *, sum(count) OVER (ORDER BY transaction, sequence) AS total FROM ({found}) AS found
) AS counted WHERE total - count < {most} ORDER BY counted.transaction, sequence
"""
_READ = _SO_MANY.format(
    most="$5",
    found="""
    SELECT transaction, sequence, octet_length(ids) / 16 AS count, events FROM ingest.blocks AS b
    WHERE (b.transaction, sequence) > ($1::text::xid8, $2)
      AND (b.transaction, sequence) <= ($3::text::xid8, $4)
      AND b.transaction < pg_snapshot_xmin(pg_current_snapshot())
      AND ($6::text IS NULL OR environment = $6)
    ORDER BY transaction, sequence LIMIT $5
""",
)
_BETWEEN = _SO_MANY.format(
    most="$4",
    found="""
    SELECT one.* FROM unnest($1::text[], $2::bigint[], $3::text[]) AS gap (after, place, before)
    CROSS JOIN LATERAL (
      SELECT transaction, sequence, octet_length(ids) / 16 AS count, events FROM ingest.blocks AS b
      WHERE (b.transaction, sequence) > (gap.after::xid8, gap.place) AND b.transaction < gap.before::xid8
      ORDER BY transaction, sequence LIMIT $4
    ) AS one
""",
)
_LATEST = """
SELECT transaction::text, sequence, events FROM ingest.blocks AS b
WHERE (b.transaction, sequence) < ($1::text::xid8, $2) ORDER BY b.transaction DESC, sequence DESC LIMIT $3
"""
_SPEAKING = """
SELECT transaction::text, sequence, events FROM ingest.blocks AS b
WHERE environment = $1 AND EXISTS (SELECT FROM unnest($2::text[]) AS n WHERE strpos(events, n) > 0)
  AND (b.transaction, sequence) < ($3::text::xid8, $4)
ORDER BY b.transaction DESC, sequence DESC LIMIT $5
"""
_REWRITE = "UPDATE ingest.blocks SET events = $3 WHERE transaction = $1::text::xid8 AND sequence = $2"
