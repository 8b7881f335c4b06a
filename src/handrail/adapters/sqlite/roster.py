"""People as members look for them: pages of users by id, and every id that one person has."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from handrail.adapters.sqlite.connection import connect_to_read
from handrail.adapters.sqlite.days import list_days
from handrail.core.events import Event
from handrail.core.people import Listed, Subject
from handrail.ingest.blocks import BLOCK, needles, read_block
from handrail.ingest.erasure import belongs

LOOKED_AT = 1_000_000 // BLOCK
"""Blocks that a look at recent events goes back."""

_PAGE = """
SELECT s.id, s.body FROM subjects AS s
WHERE s.environment = ?1 AND s.id > ?2
  AND NOT EXISTS (SELECT 1 FROM aliases AS a WHERE a.environment = ?1 AND 'u:' || a.id = s.id AND a.canonical <> a.id)
  AND NOT (s.id GLOB 'a:*' AND EXISTS (
    SELECT 1 FROM links AS l WHERE l.environment = ?1 AND l.anonymous_id = substr(s.id, 3)))
  AND (?3 = '' OR instr(lower(s.id), ?3) > 2
    OR instr(lower(s.body), ?3) AND (
      instr(lower(s.body ->> '$.native.email[0]'), ?3) OR instr(lower(s.body ->> '$.native.name[0]'), ?3)))
  AND (?5 OR s.id GLOB 'u:*')
ORDER BY s.id LIMIT ?4
"""
_IDS = """
SELECT id FROM subjects WHERE environment = ?1 AND id > ?2
UNION SELECT 'a:' || anonymous_id FROM links WHERE environment = ?1 AND 'a:' || anonymous_id > ?2
UNION SELECT 'u:' || user_id FROM links WHERE environment = ?1 AND 'u:' || user_id > ?2
UNION SELECT 'u:' || id FROM aliases WHERE environment = ?1 AND 'u:' || id > ?2
ORDER BY 1 LIMIT ?3
"""
_KNOWN = "SELECT s.id FROM json_each(?2) AS n JOIN subjects AS s ON s.environment = ?1 AND s.id = n.value"
_USERS = """
SELECT id FROM aliases WHERE environment = ?1
  AND canonical = (SELECT canonical FROM aliases WHERE environment = ?1 AND id = ?2)
"""

_SUBJECT = msgspec.json.Decoder(Subject)


class SqliteRoster:
    """Reads the state file through connections of its own, so that a long search holds nobody up."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.db"

    async def page(self, environment: str, *, after: str, limit: int, search: str, anonymous: bool) -> list[Listed]:
        """People whose id, e-mail address or name holds `search`, in the order of their ids, from behind `after`."""

        def read() -> list[Listed]:
            connection = connect_to_read(self._path)
            try:
                rows = connection.execute(_PAGE, (environment, after, search.lower(), limit, int(anonymous)))
                return [Listed(identity, _SUBJECT.decode(body)) for identity, body in rows]
            finally:
                connection.close(True)

        return await asyncio.to_thread(read)

    async def events(self, environment: str, subjects: Collection[str], *, limit: int | None) -> list[Event]:
        """Events of these subjects, the latest first; with a limit, no older than the last million events."""

        def read() -> list[Event]:
            found: list[Event] = []
            naming = needles(subjects)
            for text in self._blocks(None if limit is None else LOOKED_AT):
                if any(each in text for each in naming):
                    mine = [each for each in read_block(text) if each and belongs(each, environment, subjects)]
                    found += reversed(mine)
                if limit is not None and len(found) >= limit:
                    break
            return found[:limit]

        return await asyncio.to_thread(read)

    def _blocks(self, most: int | None) -> Iterator[str]:
        """Texts of blocks, the latest first."""
        for day in reversed(list_days(self._path.parent)):
            connection = connect_to_read(day.path)
            try:
                for (text,) in connection.execute("SELECT events FROM blocks ORDER BY first DESC"):
                    yield text
                    most = None if most is None else most - 1
                    if most == 0:
                        return
            finally:
                connection.close(True)

    async def ids(self, environment: str, *, after: str, limit: int) -> list[str]:
        """Every subject of which anything is known, in order, from behind `after`."""

        def read() -> list[str]:
            connection = connect_to_read(self._path)
            try:
                return [identity for (identity,) in connection.execute(_IDS, (environment, after, limit))]
            finally:
                connection.close(True)

        return await asyncio.to_thread(read)

    async def known(self, environment: str, subjects: Collection[str]) -> set[str]:
        """Those of these subjects that did something, and were not forgotten."""

        def read() -> set[str]:
            connection = connect_to_read(self._path)
            try:
                return {
                    identity
                    for (identity,) in connection.execute(
                        _KNOWN, (environment, msgspec.json.encode(list(subjects)).decode())
                    )
                }
            finally:
                connection.close(True)

        return await asyncio.to_thread(read)

    async def subjects(self, environment: str, anonymous_id: str | None, user_id: str | None) -> list[str]:
        """Every subject (`u:`, `a:`) that is this person, known or not."""

        def read() -> list[str]:
            connection = connect_to_read(self._path)
            run = connection.execute
            try:
                user = user_id
                if user is None:
                    link = "SELECT user_id FROM links WHERE environment = ? AND anonymous_id = ?"
                    user = run(link, (environment, anonymous_id)).get
                if user is None:
                    return [f"a:{anonymous_id}"]
                users = {user, *(each for (each,) in run(_USERS, (environment, user)))}
                linked = "SELECT anonymous_id FROM links WHERE environment = ? AND user_id = ?"
                devices = {each for one in users for (each,) in run(linked, (environment, one))}
                return [f"u:{each}" for each in sorted(users)] + [f"a:{each}" for each in sorted(devices)]
            finally:
                connection.close(True)

        return await asyncio.to_thread(read)
