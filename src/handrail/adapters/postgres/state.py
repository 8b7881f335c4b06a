"""Folded state in PostgreSQL tables: loading the rows a fold needs, saving those it changed, reading a person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence, Set
from typing import Literal, TypeAlias

import msgspec

from handrail.adapters.postgres.connection import Connection, Pool, Reading, Row
from handrail.core.events import Event, Stamp
from handrail.core.fold import (
    FoldRules,
    Key,
    Keys,
    State,
    company_id,
    count_back,
    forget_answers,
    ids_of,
    merge,
    needed,
    person,
    users_among,
)
from handrail.core.people import Company, Link, Person, Subject

LINKED = 200
"""How many anonymous ids of one user are read, the latest first: a shared test account must not slow its page."""

PUT_AT_ONCE = 2_000
"""Subjects that are encoded at once, while everybody else waits."""

Place: TypeAlias = Literal["ingest", "ingest_base", "pg_temp"]
"""Where the tables are: `ingest_base` holds what dropped events said, `pg_temp` a state that is rebuilt to compare."""

_SUBJECT = msgspec.json.Decoder(Subject)
_COMPANY = msgspec.json.Decoder(Company)
_encode = msgspec.json.encode


_FIND = """
SELECT s.* FROM {place}.{table} AS s
JOIN unnest($1::text[], $2::text[]) AS k (environment, id) USING (environment, id)
"""
_FIND_SETS = """
SELECT DISTINCT s.* FROM {place}.{table} AS one
JOIN unnest($1::text[], $2::text[]) AS k (environment, id) USING (environment, id)
JOIN {place}.{table} AS s ON s.environment = one.environment AND s.canonical = one.canonical
"""
# Keys as JSON and bodies as lines, because the driver asks of each member of an array whether it is one itself.
_BODIES = """
ROWS FROM (
  json_array_elements_text($1::text::json), json_array_elements_text($2::text::json),
  unnest(string_to_array($3::text, E'\\n'))
) AS k (environment, id, body)
"""
_ADD = "INSERT INTO {place}.{table} SELECT * FROM {bodies}"
_PUT = _ADD + "ON CONFLICT (environment, id) DO UPDATE SET body = excluded.body"
_CHANGE = """
UPDATE {place}.{table} AS s SET body = k.body FROM {bodies} WHERE s.environment = k.environment AND s.id = k.id
"""
_PUT_LINKS = """
INSERT INTO {place}.{table} SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
ON CONFLICT (environment, id) DO UPDATE
SET user_id = excluded.user_id, timestamp = excluded.timestamp, message_id = excluded.message_id
"""
_PUT_ALIASES = """
INSERT INTO {place}.{table} SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (environment, id) DO UPDATE SET canonical = excluded.canonical
"""
_NAMING = "SELECT id, body FROM {place}.subjects WHERE environment = $1 AND strpos(body, $2) > 0"
_FROM_BASE = "INSERT INTO pg_temp.{table} SELECT * FROM ingest_base.{table}"
_ANSWERED = """
SELECT id, body FROM {place}.subjects WHERE environment = $1 AND id > $2 AND strpos(body, '"answers"') > 0
ORDER BY id LIMIT $3
"""
_ALL = 'SELECT * FROM {place}.{table} ORDER BY environment COLLATE "C", id COLLATE "C"'


class StateRows:
    """The state tables of one place, through one connection, which holds the transaction."""

    def __init__(self, connection: Connection, place: Place = "ingest") -> None:
        self._connection = connection
        self._place = place

    async def create(self) -> None:
        """Make tables like the serving ones, with what the base holds, gone with the transaction."""
        for table in ("subjects", "companies", "links", "aliases"):
            await self._connection.execute(
                f"CREATE TEMP TABLE {table} (LIKE ingest.{table} INCLUDING ALL) ON COMMIT DROP"
            )
            await self._connection.execute(_FROM_BASE.format(table=table))

    async def load(self, keys: Keys) -> State:
        """The rows that a fold of events with these `needed` keys reads."""
        state = State()
        for row in await self._find(_FIND, "subjects", keys.subjects):
            state.subjects[row[0], row[1]] = _SUBJECT.decode(row[2])
        for row in await self._find(_FIND, "companies", keys.companies):
            state.companies[row[0], row[1]] = _COMPANY.decode(row[2])
        for row in await self._find(_FIND, "links", keys.links):
            state.links[row[0], row[1]] = Link(Stamp(row[3], row[4]), row[2])
        for row in await self._find(_FIND_SETS, "aliases", keys.aliases):
            state.aliases[row[0], row[1]] = row[2]
        return state

    async def save(self, state: State, changed: Keys, new: Set[Key] | None = None) -> None:
        """Write the rows that a fold changed. `new` are the subjects without a row; None: nobody knows which."""
        for statement, keys in (
            [(_PUT, changed.subjects)]
            if new is None
            else [(_ADD, changed.subjects & new), (_CHANGE, changed.subjects - new)]
        ):
            for some in _in_parts(sorted(keys)):
                await self._put_bodies(statement, "subjects", some, [state.subjects[key] for key in some])
        companies = sorted(changed.companies)
        await self._put_bodies(_PUT, "companies", companies, [state.companies[key] for key in companies])
        links = [(key, state.links[key]) for key in changed.links]
        await self._put(
            _PUT_LINKS,
            "links",
            [(*key, link.user_id, link.stamp.timestamp, link.stamp.message_id) for key, link in links],
        )
        await self._put(_PUT_ALIASES, "aliases", [(*key, state.aliases[key]) for key in changed.aliases])

    async def count_back(self, events: Sequence[Event], rules: FoldRules) -> None:
        """Count events that were folded before their counters existed."""
        keys = Keys(subjects=needed(events).subjects)
        state = await self.load(keys)
        for event in events:
            count_back(state, event, rules)
        await self.save(state, Keys(subjects=keys.subjects & state.subjects.keys()))

    async def forget_counter(self, environment: str, counter: str) -> None:
        """Drop what was counted under this id."""
        state = State()
        for row in await self._connection.fetch(
            _NAMING.format(place=self._place),
            environment,
            f'"{counter}"',
        ):
            subject = _SUBJECT.decode(row["body"])
            if subject.counters.pop(counter, None) is not None:
                state.subjects[environment, row["id"]] = subject
        await self.save(state, Keys(subjects=set(state.subjects)))

    async def forget_answers(self, environment: str, before: int, after: str, limit: int) -> str:
        """Take old answers out of the next subjects behind `after`. The last one's id, "" at the end."""
        rows = await self._connection.fetch(_ANSWERED.format(place=self._place), environment, after, limit)
        state = State()
        for row in rows:
            subject = _SUBJECT.decode(row["body"])
            if forget_answers(subject, before):
                state.subjects[environment, row["id"]] = subject
        await self.save(state, Keys(subjects=set(state.subjects)))
        return rows[-1]["id"] if len(rows) == limit else ""

    async def rows(self) -> AsyncIterator[tuple[str, str, str, object]]:
        """Every row as (table, environment, id, value), ordered by the first three; values compare by meaning."""
        for table in ("aliases", "companies", "links", "subjects"):
            async for row in self._connection.cursor(_ALL.format(place=self._place, table=table)):
                environment, identity, *value = tuple(row)
                match table:
                    case "companies":
                        yield table, environment, identity, _COMPANY.decode(value[0])
                    case "subjects":
                        yield table, environment, identity, _SUBJECT.decode(value[0])
                    case _:
                        yield table, environment, identity, tuple(value)

    async def _find(self, query: str, table: str, keys: Collection[Key]) -> Sequence[Row]:
        if not keys:
            return ()
        environments, ids = zip(*keys, strict=True)
        return await self._connection.fetch(query.format(place=self._place, table=table), environments, ids)

    async def _put_bodies(
        self, statement: str, table: str, keys: Sequence[Key], bodies: Sequence[Subject | Company]
    ) -> None:
        if keys:
            # JSON breaks no line within a text.
            lines = b"\n".join(map(_encode, bodies)).decode()
            environments, ids = (_encode(column).decode() for column in zip(*keys, strict=True))
            query = statement.format(place=self._place, table=table, bodies=_BODIES)
            await self._connection.execute(query, environments, ids, lines)

    async def _put(self, statement: str, table: str, rows: Sequence[tuple[str | int, ...]]) -> None:
        if rows:
            # In one order for everybody, so that two transactions never wait for each other.
            columns = zip(*sorted(rows), strict=True)
            await self._connection.execute(statement.format(place=self._place, table=table), *columns)


def _in_parts(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[at : at + PUT_AT_ONCE] for at in range(0, len(keys), PUT_AT_ONCE))


class PostgresPeople:
    """Folded state of one environment."""

    def __init__(self, pool: Pool, environment: str) -> None:
        self._rows = Reading(pool)
        self._environment = environment

    async def user(self, anonymous_id: str | None, user_id: str | None) -> Subject:
        """Everything known of this person, merged."""
        if anonymous_id is None and user_id is None:
            return Subject()
        rows = await self._rows.fetch(_PERSON, self._environment, anonymous_id, user_id, LINKED)
        users = users_among(row["id"] for row in rows)
        return merge((_SUBJECT.decode(row["body"]) for row in rows if row["body"] is not None), users)

    async def users(self, persons: Sequence[str]) -> dict[str, Subject]:
        """`user` for many."""
        found: dict[str, list[Row]] = {each: [] for each in persons}
        devices, users = zip(*map(ids_of, found), strict=True) if found else ((), ())
        for row in await self._rows.fetch(_PERSONS, self._environment, list(found), devices, users, LINKED):
            found[row["person"]].append(row)
        return {
            each: merge(
                (_SUBJECT.decode(row["body"]) for row in rows if row["body"] is not None),
                users_among(row["id"] for row in rows),
            )
            for each, rows in found.items()
        }

    async def company(self, group_id: str) -> Company:
        """A company's attributes."""
        rows = await self._rows.fetch(
            "SELECT body FROM ingest.companies WHERE environment = $1 AND id = $2", self._environment, group_id
        )
        return _COMPANY.decode(rows[0]["body"]) if rows else Company()

    async def person(self, anonymous_id: str | None, user_id: str | None) -> Person:
        """A user and their company in one."""
        subject = await self.user(anonymous_id, user_id)
        group_id = company_id(subject)
        return person(subject, None if group_id is None else await self.company(group_id))


# Each row is asked for by its key: joins read the whole environment while the planner takes a table for small.
_FOUND = """
WITH
  named (id) AS (
    SELECT coalesce({user}, (SELECT user_id FROM ingest.links WHERE environment = $1 AND id = {device}))
  ),
  users (id) AS (
    SELECT id FROM named WHERE id IS NOT NULL
    UNION
    SELECT id FROM ingest.aliases WHERE environment = $1 AND canonical = (
      SELECT canonical FROM ingest.aliases WHERE environment = $1 AND id = (SELECT id FROM named)
    )
  ),
  keys (id) AS (
    SELECT 'u:' || id FROM users
    UNION ALL
    SELECT 'a:' || linked.id FROM users CROSS JOIN LATERAL (
      SELECT id FROM ingest.links WHERE environment = $1 AND user_id = users.id
      ORDER BY timestamp DESC, message_id DESC LIMIT {linked}
    ) AS linked
    UNION ALL
    SELECT 'a:' || {device} FROM named WHERE named.id IS NULL AND {device} IS NOT NULL
  )
SELECT keys.id, s.body FROM keys
LEFT JOIN LATERAL (SELECT body FROM ingest.subjects WHERE environment = $1 AND id = keys.id LIMIT 1) AS s ON true
"""
_PERSON = _FOUND.format(device="$2::text", user="$3::text", linked="$4")
_PERSONS = """
SELECT asked.person, found.id, found.body
FROM unnest($2::text[], $3::text[], $4::text[]) AS asked (person, device, named)
CROSS JOIN LATERAL ({found}) AS found
""".format(found=_FOUND.format(device="asked.device", user="asked.named", linked="$5"))
