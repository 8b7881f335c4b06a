"""Retention in PostgreSQL: what is past its time is folded into the base, then deleted with its ids."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Literal

from handrail.adapters.postgres.blocks import Pair
from handrail.adapters.postgres.connection import Connection, Source

BASE: Literal["ingest_base"] = "ingest_base"
OTHERS = ""
"""The name under which environments that nobody named are dropped."""
SOME = 2_000
"""Rows of state that one transaction looks at."""
DROPPED_AT_ONCE = 20
"""Blocks that one transaction deletes: nobody folds past one that is still open."""

# Searched from where the last round ended: what is in front of that is gone, or is kept for other environments.
_PAST = """
WITH kept AS (
  SELECT transaction, sequence FROM ingest.blocks AS b
  WHERE day >= $1 AND day < $2 AND (b.transaction, b.sequence) > ($3::text::xid8, $4)
  ORDER BY b.transaction, b.sequence LIMIT 1
)
SELECT b.transaction::text AS transaction, b.sequence FROM ingest.blocks AS b
WHERE day < $1 AND (b.transaction, b.sequence) > ($3::text::xid8, $4)
  AND b.transaction < pg_snapshot_xmin(pg_current_snapshot())
  AND (NOT EXISTS (SELECT FROM kept) OR (b.transaction, b.sequence) < (SELECT transaction, sequence FROM kept))
ORDER BY b.transaction DESC, b.sequence DESC LIMIT 1
"""
# Ids as an array, because that is always looked up in the index; a join may read the table of all.
_DROP = """
WITH found AS (
  SELECT b.transaction, b.sequence FROM ingest.blocks AS b
  WHERE (b.transaction, b.sequence) > ($1::text::xid8, $2) AND (b.transaction, b.sequence) <= ($3::text::xid8, $4)
    AND CASE WHEN $5 = '' THEN NOT environment = ANY ($6) ELSE environment = $5 END
  ORDER BY b.transaction, b.sequence LIMIT $7
), gone AS (
  DELETE FROM ingest.blocks AS b USING found
  WHERE b.transaction = found.transaction AND b.sequence = found.sequence RETURNING ids
), named AS (
  SELECT substr(ids, place, 16) AS id FROM gone CROSS JOIN generate_series(1, octet_length(ids), 16) AS place
), forgotten AS (
  DELETE FROM ingest.ids WHERE id = ANY (ARRAY(SELECT id FROM named))
)
SELECT (SELECT count(*) FROM named) AS count, last.transaction::text, last.sequence
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT * FROM found ORDER BY found.transaction, found.sequence OFFSET $7 - 1
) AS last ON true
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


async def find_past(source: Source, today: date, kept: int, after: Pair) -> Pair | None:
    """The last block behind `after` that is past its time (`ingest.retention.count_past`), None when none is."""
    oldest, ahead = today - timedelta(days=kept), today + timedelta(days=2)
    row = await source.fetchrow(_PAST, oldest, ahead, *after)
    return None if row is None else (row["transaction"], row["sequence"])


async def find_dropped(source: Source, environment: str) -> Pair:
    """Up to where an environment's events were dropped."""
    row = await source.fetchrow(_DROPPED, environment)
    return ("0", 0) if row is None else (row["transaction"], row["sequence"])


async def drop(
    connection: Connection, environment: str, after: Pair, upto: Pair, named: Collection[str]
) -> tuple[int, Pair]:
    """Delete some of an environment's events in (after, upto], or of those of all but the `named`.

    Returns how many, and up to where none is left.
    """
    row = await connection.fetchrow(_DROP, *after, *upto, environment, list(named), DROPPED_AT_ONCE)
    assert row is not None
    reached = upto if row["sequence"] is None else (row["transaction"], row["sequence"])
    await connection.execute(_NOTE_DROPPED, environment, *reached)
    return row["count"], reached


async def expire(connection: Connection, environment: str, before: int) -> list[str]:
    """Delete some visitors who were last seen before an instant, and of whom the log has no event. Returns them."""
    return [row["id"] for row in await connection.fetch(_EXPIRE, environment, before, SOME)]
