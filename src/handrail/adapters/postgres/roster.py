"""People as members look for them, in PostgreSQL: pages of users, every id of one person, and erasing one."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from handrail.adapters.postgres.blocks import read_speaking, rewrite
from handrail.adapters.postgres.connection import Connection, Pool, Reading
from handrail.core.events import Event
from handrail.core.people import Listed, Subject
from handrail.ingest.blocks import cut_block, needles
from handrail.ingest.erasure import Cut, belongs

_PAGE = """
SELECT s.id, s.body FROM ingest.subjects AS s
WHERE s.environment = $1 AND s.id COLLATE "C" > $2
  AND NOT EXISTS (
    SELECT 1 FROM ingest.aliases AS a WHERE a.environment = $1 AND 'u:' || a.id = s.id AND a.canonical <> a.id)
  AND NOT (starts_with(s.id, 'a:') AND EXISTS (
    SELECT 1 FROM ingest.links AS l WHERE l.environment = $1 AND l.id = substr(s.id, 3)))
  AND ($3 = '' OR strpos(lower(substr(s.id, 3)), $3) > 0
    OR strpos(lower(s.body::json #>> '{native,email,0}'), $3) > 0
    OR strpos(lower(s.body::json #>> '{native,name,0}'), $3) > 0)
  AND ($5 OR starts_with(s.id, 'u:'))
ORDER BY s.id COLLATE "C" LIMIT $4
"""
_NAMED = """
WITH
  named (id) AS (
    SELECT coalesce($3::text, (SELECT user_id FROM ingest.links WHERE environment = $1 AND id = $2::text))
  ),
  users (id) AS (
    SELECT id FROM named WHERE id IS NOT NULL
    UNION
    SELECT other.id FROM named
    JOIN ingest.aliases AS mine ON mine.environment = $1 AND mine.id = named.id
    JOIN ingest.aliases AS other ON other.environment = $1 AND other.canonical = mine.canonical
  )
SELECT 'u:' || id FROM users
UNION ALL
SELECT 'a:' || l.id FROM users JOIN ingest.links AS l ON l.environment = $1 AND l.user_id = users.id
UNION ALL
SELECT 'a:' || $2::text FROM named WHERE id IS NULL
"""
_IDS = """
SELECT id COLLATE "C" AS id FROM (
  SELECT id FROM ingest.subjects WHERE environment = $1
  UNION SELECT 'a:' || id FROM ingest.links WHERE environment = $1
  UNION SELECT 'u:' || user_id FROM ingest.links WHERE environment = $1
  UNION SELECT 'u:' || id FROM ingest.aliases WHERE environment = $1
) AS known WHERE id COLLATE "C" > $2 ORDER BY 1 LIMIT $3
"""
_KNOWN = "SELECT id FROM ingest.subjects WHERE environment = $1 AND id = ANY ($2)"
_FORGET = tuple(
    f"DELETE FROM {place}.{what} = ANY ($2)"  # noqa: S608 both are named here
    for place in ("ingest", "ingest_base")
    for what in (
        "subjects WHERE environment = $1 AND id",
        "links WHERE environment = $1 AND 'u:' || user_id",
        "links WHERE environment = $1 AND 'a:' || id",
        "aliases WHERE environment = $1 AND 'u:' || id",
    )
)

_SUBJECT = msgspec.json.Decoder(Subject)


class PostgresRoster:
    """People of every environment."""

    def __init__(self, pool: Pool) -> None:
        self._rows = Reading(pool)

    async def page(self, environment: str, *, after: str, limit: int, search: str, anonymous: bool) -> list[Listed]:
        """People whose id, e-mail address or name holds `search`, in the order of their ids, from behind `after`."""
        rows = await self._rows.fetch(_PAGE, environment, after, search.lower(), limit, anonymous)
        return [Listed(row[0], _SUBJECT.decode(row[1])) for row in rows]

    async def ids(self, environment: str, *, after: str, limit: int) -> list[str]:
        """Every subject of which anything is known, in order, from behind `after`."""
        return [row[0] for row in await self._rows.fetch(_IDS, environment, after, limit)]

    async def known(self, environment: str, subjects: Collection[str]) -> set[str]:
        """Those of these subjects that did something, and were not forgotten."""
        return {row[0] for row in await self._rows.fetch(_KNOWN, environment, list(subjects))}

    async def subjects(self, environment: str, anonymous_id: str | None, user_id: str | None) -> list[str]:
        """Every subject (`u:`, `a:`) that is this person, known or not."""
        return sorted(row[0] for row in await self._rows.fetch(_NAMED, environment, anonymous_id, user_id))

    async def events(self, environment: str, subjects: Collection[str], *, limit: int | None) -> list[Event]:
        """Events of these subjects, the latest first."""
        found: list[Event] = []
        async for block in read_speaking(self._rows, environment, needles(subjects)):
            found += reversed([each for each in block.events() if belongs(each, environment, subjects)])
            if limit is not None and len(found) >= limit:
                break
        return found[:limit]


async def cut_events(connection: Connection, environment: str, subjects: Collection[str], cut: Cut) -> int:
    """Delete what is known of subjects and cut the events, in the caller's transaction. Returns how many were cut.

    Their ids stay, so that each is still a duplicate.
    """
    ids = list(subjects)
    for query in _FORGET:
        await connection.execute(query, environment, ids)
    total = 0
    async for block in read_speaking(connection, environment, needles(subjects)):
        text, changed = cut_block(block.text, cut)
        if changed:
            await rewrite(connection, block, text)
            total += changed
    return total
