"""Retention in PostgreSQL: events that are past their time are folded into the base, then deleted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeAlias

from handrail.adapters.postgres.connection import Connection, Source

BASE: Literal["ingest_base"] = "ingest_base"
OTHERS = ""
"""The name under which environments that nobody named are dropped."""
SOME = 2_000
"""Rows of state that one transaction looks at."""

# Searched from where the last round ended: what is in front of that is gone, or is kept for other environments.
_PAST = """
WITH kept AS (
  SELECT transaction, sequence FROM ingest.events AS e
  WHERE received_at >= $1 AND received_at < $2 AND (e.transaction, e.sequence) > ($3::text::xid8, $4)
  ORDER BY e.transaction, e.sequence LIMIT 1
)
SELECT e.transaction::text AS transaction, e.sequence FROM ingest.events AS e
WHERE received_at < $1 AND (e.transaction, e.sequence) > ($3::text::xid8, $4)
  AND e.transaction < pg_snapshot_xmin(pg_current_snapshot())
  AND (NOT EXISTS (SELECT FROM kept) OR (e.transaction, e.sequence) < (SELECT transaction, sequence FROM kept))
ORDER BY e.transaction DESC, e.sequence DESC LIMIT 1
"""
_DROP = """
DELETE FROM ingest.events AS e
WHERE (e.transaction, e.sequence) > ($1::text::xid8, $2) AND (e.transaction, e.sequence) <= ($3::text::xid8, $4)
  AND CASE WHEN $5 = '' THEN NOT coalesce(event::json ->> 'environment', '') = ANY ($6)
    ELSE event::json ->> 'environment' = $5 END
"""
_DROPPED = "SELECT transaction::text, sequence FROM ingest.dropped WHERE environment = $1"
_NOTE_DROPPED = """
INSERT INTO ingest.dropped VALUES ($1, $2::text::xid8, $3)
ON CONFLICT (environment) DO UPDATE SET transaction = excluded.transaction, sequence = excluded.sequence
"""
_EXPIRE = """
WITH idle AS (
  SELECT s.id FROM ingest_base.subjects AS b JOIN ingest.subjects AS s USING (environment, id)
  WHERE environment = $1 AND starts_with(id, 'a:') AND (b.body::json ->> 'last_seen')::bigint < $2
    AND s.body::jsonb = b.body::jsonb
    AND NOT EXISTS (SELECT FROM ingest.links AS l WHERE l.environment = $1 AND l.id = substr(s.id, 3))
  LIMIT $3
), base AS (
  DELETE FROM ingest_base.subjects AS b USING idle WHERE b.environment = $1 AND b.id = idle.id
)
DELETE FROM ingest.subjects AS s USING idle WHERE s.environment = $1 AND s.id = idle.id RETURNING s.id
"""

Position: TypeAlias = tuple[str, int]
"""A transaction, as text, and a sequence."""


async def find_past(source: Source, today: date, kept: int, after: Position) -> Position | None:
    """The last event behind `after` that is past its time (`ingest.retention.count_past`), None when none is."""
    oldest, ahead = _start(today - timedelta(days=kept)), _start(today + timedelta(days=2))
    row = await source.fetchrow(_PAST, oldest, ahead, *after)
    return None if row is None else (row["transaction"], row["sequence"])


async def find_dropped(source: Source, environment: str) -> Position:
    """Up to where an environment's events were dropped."""
    row = await source.fetchrow(_DROPPED, environment)
    return ("0", 0) if row is None else (row["transaction"], row["sequence"])


async def drop(
    connection: Connection, environment: str, after: Position, upto: Position, named: Collection[str]
) -> int:
    """Delete an environment's events in (after, upto], or those of all but the `named`. Returns how many."""
    done = await connection.execute(_DROP, *after, *upto, environment, list(named))
    await connection.execute(_NOTE_DROPPED, environment, *upto)
    return int(done.rpartition(" ")[2])


async def expire(connection: Connection, environment: str, before: int) -> list[str]:
    """Delete some visitors who were last seen before an instant, and of whom the log has no event. Returns them."""
    return [row["id"] for row in await connection.fetch(_EXPIRE, environment, before, SOME)]


def _start(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
