# ruff: noqa: S608 tables are named in this file, columns by counting; every value is a parameter
"""The analytic store of one process: people, what they did and saw, in typed columns of one DuckDB file.

It follows the log by position. Rows and the position they came from are one transaction, so a store that was killed
goes on where it stood and counts nothing twice. One process owns the file; a second one is refused in one sentence.

An attribute gets a column for each kind of value that was ever kept for it, made when the first such value arrives.
Events keep the subject they came with; `persons` says who that is today, so nothing moves when people are linked.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import duckdb
import msgspec

from handrail.compile.duckdb import TABLES, Sql, count_sql, list_sql
from handrail.compile.queries import Column, Kind, Owner, Query, element_text
from handrail.core.conditions.evaluate import experience_instant
from handrail.core.conditions.model import ExperienceFact
from handrail.core.errors import Invalid, Unavailable
from handrail.core.events import Event, Stamp
from handrail.core.fold import FoldRules, Key, State, facts, fold, needed, subject_key
from handrail.core.people import AttributeValue, ExperienceState, Link, Subject
from handrail.core.values import Refused, check_attribute, day_of, instant_of
from handrail.ingest.ports import Log

VERSION = 2
MAX_COLUMNS = 2000
"""Most columns of one table. Attributes past that are not kept here, and a question about one is refused."""
BATCH = 1000

SCHEMA = """
CREATE TABLE meta (version INTEGER NOT NULL, position HUGEINT NOT NULL);
CREATE TABLE columns (owner VARCHAR NOT NULL, attribute VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL);
CREATE TABLE people (environment VARCHAR NOT NULL, person VARCHAR NOT NULL, company VARCHAR);
CREATE TABLE companies (environment VARCHAR NOT NULL, company VARCHAR NOT NULL);
CREATE TABLE events (
  environment VARCHAR NOT NULL, subject VARCHAR NOT NULL, name VARCHAR NOT NULL, instant BIGINT NOT NULL,
  day INTEGER NOT NULL
);
CREATE TABLE persons (environment VARCHAR NOT NULL, subject VARCHAR NOT NULL, person VARCHAR NOT NULL);
CREATE TABLE experiences (
  environment VARCHAR NOT NULL, person VARCHAR NOT NULL, experience VARCHAR NOT NULL,
  seen BIGINT NOT NULL, completed BIGINT NOT NULL, dismissed BIGINT NOT NULL, snoozed BIGINT NOT NULL,
  answered BIGINT NOT NULL
);
CREATE TABLE answers (
  environment VARCHAR NOT NULL, person VARCHAR NOT NULL, experience VARCHAR NOT NULL, question VARCHAR NOT NULL,
  instant BIGINT NOT NULL, elements VARCHAR[] NOT NULL
);
CREATE TABLE links (
  environment VARCHAR NOT NULL, anonymous_id VARCHAR NOT NULL, timestamp BIGINT NOT NULL, message_id VARCHAR NOT NULL,
  user_id VARCHAR NOT NULL
);
CREATE TABLE aliases (environment VARCHAR NOT NULL, user_id VARCHAR NOT NULL, canonical VARCHAR NOT NULL);
CREATE TABLE quarantine (position HUGEINT NOT NULL, reason VARCHAR NOT NULL);
"""

TYPES: Mapping[Kind, str] = {
    "text": "VARCHAR",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "BIGINT",
    "list": "VARCHAR[]",
}

Attributes: TypeAlias = Mapping[str, AttributeValue]
"""Values by full name: `custom.plan`, `property.total`."""


class PersonRow(msgspec.Struct, frozen=True):
    """One person as they are now. `person` is `u:` and the canonical user id, or `a:` and an anonymous id."""

    environment: str
    person: str
    attributes: Attributes
    company: str | None = None
    experiences: Mapping[str, ExperienceState] = {}


class CompanyRow(msgspec.Struct, frozen=True):
    """One company as it is now."""

    environment: str
    company: str
    attributes: Attributes


class EventRow(msgspec.Struct, frozen=True):
    """One event, with the subject it came with."""

    environment: str
    subject: str
    name: str
    instant: int
    attributes: Attributes


class Batch(msgspec.Struct):
    """What one transaction writes. People and companies replace their earlier rows."""

    people: Sequence[PersonRow] = ()
    companies: Sequence[CompanyRow] = ()
    events: Sequence[EventRow] = ()
    persons: Mapping[Key, str] = {}
    """Who a subject is today, by environment and subject."""
    gone: Iterable[Key] = ()
    """People who turned out to be somebody else."""
    links: Mapping[Key, Link] = {}
    aliases: Mapping[Key, str] = {}
    quarantined: Mapping[int, str] = {}
    position: int | None = None


class DuckdbAnalytics:
    """The analytic store of one installation."""

    def __init__(self, path: Path | None, zone_of: Callable[[str], str]) -> None:
        """Open the store, or make it; None keeps it in memory. `zone_of` names an environment's zone."""
        self._zone_of = zone_of
        self._lock = threading.Lock()
        try:
            self._connection = duckdb.connect(":memory:" if path is None else str(path))
        except duckdb.IOException as problem:
            reason = str(problem).partition("\n")[0].partition(" See also ")[0]
            raise Unavailable(f"Another process has the analytic store, or it cannot be read: {reason}") from None
        self._columns: dict[Column, str] = {}
        self._widths: dict[Owner, int] = dict.fromkeys(TABLES, 0)
        self._prepare(path)

    def _prepare(self, path: Path | None) -> None:
        known = self._connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'meta'").fetchone()
        if known is None:
            self._connection.execute(f"BEGIN; {SCHEMA} INSERT INTO meta VALUES ({VERSION}, 0); COMMIT")
        version, self._position = self._row("SELECT version, position FROM meta")
        if version != VERSION:
            raise Unavailable(
                f"The analytic store {path} has version {version}, not {VERSION}; delete it to refill it."
            )
        for owner, attribute, kind, name in self._connection.execute("FROM columns").fetchall():
            self._columns[Column(attribute, kind)] = name
            self._widths[owner] += 1

    def _row(self, sql: str) -> tuple[int, int]:
        row = self._connection.execute(sql).fetchone()
        assert row is not None
        return row[0], row[1]

    @property
    def position(self) -> int:
        """The position in the log that the store has reached."""
        return self._position

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._connection.close()

    # Asking.

    async def count(self, query: Query) -> int:
        """How many users a query finds; at most that many when the query says `up_to`."""
        rows = await asyncio.to_thread(self._ask, lambda: count_sql(query, self))
        return int(str(rows[0][0]))

    async def list(self, query: Query, *, after: str = "", limit: int = 1000) -> list[str]:
        """The users a query finds, in the order of their ids, from behind `after`."""
        rows = await asyncio.to_thread(self._ask, lambda: list_sql(query, self, after=after, limit=limit))
        return [str(row[0]) for row in rows]

    def _ask(self, make: Callable[[], Sql]) -> Sequence[tuple[object, ...]]:
        with self._lock:
            sql = make()
            return self._connection.execute(sql.text, sql.parameters).fetchall()

    def column(self, column: Column) -> str | None:
        """The column that holds these values. Raises Invalid when the table had no room left for it."""
        name = self._columns.get(column)
        if name is None and self._widths[column.owner] >= MAX_COLUMNS:
            raise Invalid(f"The analytic store keeps {MAX_COLUMNS} columns, and {column.name!r} came after them.")
        return name

    # Filling.

    async def fill(self, log: Log, *, limit: int = BATCH) -> int:
        """Take the next events of the log. Returns how many there were; 0 when the store is up to date."""
        events = [each async for each in log.read(self._position, limit)]
        if events:
            await log.folded(events[-1][0])
            await self._fill(log, events)
        return len(events)

    async def follow(self, log: Log, pause: Callable[[], Awaitable[None]]) -> None:
        """Fill the store for ever, pausing whenever it is up to date."""
        while True:
            if not await self.fill(log):
                await pause()

    async def _fill(self, log: Log, events: Sequence[tuple[int, Event]]) -> None:
        try:
            batch = await self._batch(log, events)
            await asyncio.to_thread(self.write, batch)
        except (duckdb.DataError, duckdb.InvalidInputException, UnicodeError, ValueError) as problem:
            if len(events) > 1:
                middle = len(events) // 2
                await self._fill(log, events[:middle])
                await self._fill(log, events[middle:])
                return
            # One event that cannot be kept costs only itself; the log still has it.
            position = events[0][0]
            await asyncio.to_thread(self.write, Batch(quarantined={position: str(problem)[:500]}, position=position))

    async def _batch(self, log: Log, events: Sequence[tuple[int, Event]]) -> Batch:
        happened = [event for _, event in events]
        state, persons, gone = await asyncio.to_thread(self._linked, happened)
        named = await asyncio.to_thread(self._who, {key for each in happened if (key := subject_key(each))}, persons)
        # Whoever a subject belonged to before has lost what it did.
        before = await asyncio.to_thread(self._who, persons, {})
        touched = {(key[0], person) for known in (named, persons, before) for key, person in known.items()}
        touched -= gone
        batch = Batch(persons=persons, gone=gone, links=state.links, aliases=state.aliases, position=events[-1][0])
        companies = {(each.environment, each.group_id) for each in happened if each.type == "group" and each.group_id}
        people: list[PersonRow] = []
        for environment, person in sorted(touched):
            kind, _, identity = person.partition(":")
            user = await log.people(environment).user(*((None, identity) if kind == "u" else (identity, None)))
            people.append(self._person(environment, person, user))
            if people[-1].company is not None:
                companies.add((environment, people[-1].company))
        batch.people = people
        batch.companies = [await self._company(log, environment, company) for environment, company in sorted(companies)]
        batch.events = [self._event(each) for each in happened if each.type == "track" and subject_key(each)]
        return batch

    def _person(self, environment: str, person: str, subject: Subject) -> PersonRow:
        known = facts(subject, None, today=0, now=0, zone="UTC")
        attributes = {f"native.{name}": value for name, value in known.native.items()}
        attributes |= {f"custom.{name}": value for name, value in known.custom.items()}
        company = None if subject.company is None else subject.company.value
        return PersonRow(
            environment, person, attributes, company if isinstance(company, str) else None, known.experiences
        )

    async def _company(self, log: Log, environment: str, company: str) -> CompanyRow:
        known = facts(Subject(), await log.people(environment).company(company), today=0, now=0, zone="UTC")
        return CompanyRow(environment, company, {f"company.{name}": value for name, value in known.company.items()})

    def _event(self, event: Event) -> EventRow:
        key = subject_key(event)
        assert key is not None
        return EventRow(event.environment, key[1], event.name or "", max(event.timestamp, 1), properties(event))

    def _linked(self, events: Sequence[Event]) -> tuple[State, dict[Key, str], set[Key]]:
        """What the events say about who is who: links and aliases that changed, who subjects are now, who is gone."""
        joining = [each for each in events if each.type in ("identify", "alias")]
        if not joining:
            return State(), {}, set()
        with self._lock:
            state = self._links(needed(joining).links, needed(joining).aliases)
        changed = fold(state, joining, lambda environment: FoldRules())
        users = {(environment, state.links[environment, anonymous].user_id) for environment, anonymous in changed.links}
        state.links = {key: state.links[key] for key in changed.links}
        state.aliases = {key: state.aliases[key] for key in changed.aliases}
        with self._lock:
            canonical = self._canonical(users) | state.aliases
            linked = self._linked_to(changed.aliases)
        persons = {
            (environment, f"a:{anonymous}"): f"u:{canonical.get((environment, user), user)}"
            for (environment, anonymous), user in (
                linked | {key: link.user_id for key, link in state.links.items()}
            ).items()
        }
        persons |= {(environment, f"u:{user}"): f"u:{least}" for (environment, user), least in state.aliases.items()}
        gone = {key for key, person in persons.items() if key[1] != person}
        return state, persons, gone

    def _links(self, links: Iterable[Key], aliases: Iterable[Key]) -> State:
        state = State()
        for environment, anonymous, timestamp, message_id, user in self._among("links", "anonymous_id", links):
            state.links[environment, anonymous] = Link(Stamp(int(timestamp), message_id), user)
        sets = {(row[0], row[2]) for row in self._among("aliases", "user_id", aliases)}
        for environment, user, canonical in self._among("aliases", "canonical", sets):
            state.aliases[environment, user] = canonical
        return state

    def _canonical(self, users: Iterable[Key]) -> dict[Key, str]:
        return {(row[0], row[1]): row[2] for row in self._among("aliases", "user_id", users)}

    def _linked_to(self, users: Iterable[Key]) -> dict[Key, str]:
        return {(row[0], row[1]): row[4] for row in self._among("links", "user_id", users)}

    def _who(self, subjects: Iterable[Key], persons: Mapping[Key, str]) -> dict[Key, str]:
        """Who these subjects are, with what this batch says of them before what the store knew."""
        asked = list(subjects)
        with self._lock:
            known = {(row[0], row[1]): row[2] for row in self._among("persons", "subject", asked)}
        return {key: persons.get(key) or known.get(key) or key[1] for key in asked}

    def _among(self, table: str, column: str, keys: Iterable[Key]) -> Sequence[tuple[str, ...]]:
        wanted = list(keys)
        if not wanted:
            return []
        return self._connection.execute(
            f"SELECT t.* FROM {table} t WHERE (t.environment, t.{column}) IN"
            " (SELECT (unnest($1::VARCHAR[]), unnest($2::VARCHAR[])))",
            _pairs(wanted),
        ).fetchall()

    def write(self, batch: Batch) -> None:
        """Write rows and their position as one transaction."""
        with self._lock:
            made = dict(self._columns), dict(self._widths)
            self._connection.execute("BEGIN")
            try:
                self._write(batch)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._columns, self._widths = made
                raise
            if batch.position is not None:
                self._position = batch.position

    def _write(self, batch: Batch) -> None:
        people = [(each.environment, each.person) for each in batch.people]
        for table in ("people", "experiences", "answers"):
            self._delete(table, "person", [*people, *batch.gone])
        self._delete("companies", "company", [(each.environment, each.company) for each in batch.companies])
        self._delete("persons", "subject", batch.persons)
        self._delete("links", "anonymous_id", batch.links)
        self._delete("aliases", "user_id", batch.aliases)

        self._insert(
            "people",
            {"environment": "VARCHAR", "person": "VARCHAR", "company": "VARCHAR"},
            [(each.environment, each.person, each.company) for each in batch.people],
            self._typed("user", [(each.environment, each.attributes) for each in batch.people]),
        )
        self._insert(
            "companies",
            {"environment": "VARCHAR", "company": "VARCHAR"},
            [(each.environment, each.company) for each in batch.companies],
            self._typed("company", [(each.environment, each.attributes) for each in batch.companies]),
        )
        self._insert(
            "events",
            {"environment": "VARCHAR", "subject": "VARCHAR", "name": "VARCHAR", "instant": "BIGINT", "day": "INTEGER"},
            [
                (
                    each.environment,
                    each.subject,
                    each.name,
                    each.instant,
                    day_of(each.instant, self._zone_of(each.environment)),
                )
                for each in batch.events
            ],
            self._typed("event", [(each.environment, each.attributes) for each in batch.events]),
        )
        self._insert_experiences(batch.people)
        text = "VARCHAR"
        self._insert(
            "persons",
            {"environment": text, "subject": text, "person": text},
            [(*key, person) for key, person in batch.persons.items()],
        )
        self._insert(
            "links",
            {"environment": text, "anonymous_id": text, "timestamp": "BIGINT", "message_id": text, "user_id": text},
            [(*key, each.stamp.timestamp, each.stamp.message_id, each.user_id) for key, each in batch.links.items()],
        )
        self._insert(
            "aliases",
            {"environment": text, "user_id": text, "canonical": text},
            [(*key, canonical) for key, canonical in batch.aliases.items()],
        )
        self._insert("quarantine", {"position": "HUGEINT", "reason": text}, list(batch.quarantined.items()))
        if batch.position is not None:
            self._connection.execute("UPDATE meta SET position = $1", [batch.position])

    def _insert_experiences(self, people: Sequence[PersonRow]) -> None:
        states = [
            (each.environment, each.person, key, state) for each in people for key, state in each.experiences.items()
        ]
        text, instant = "VARCHAR", "BIGINT"
        self._insert(
            "experiences",
            {"environment": text, "person": text, "experience": text}
            | dict.fromkeys(("seen", "completed", "dismissed", "snoozed", "answered"), instant),
            [
                (environment, person, key, *(experience_instant(state, fact) for fact in FACTS))
                for environment, person, key, state in states
            ],
        )
        self._insert(
            "answers",
            {"environment": text, "person": text, "experience": text, "question": text}
            | {"instant": instant, "elements": "VARCHAR[]"},
            [
                (environment, person, key, question, written.stamp.timestamp, _elements(written.value))
                for environment, person, key, state in states
                for question, written in state.answers.items()
                if written.value is not None
            ],
        )

    def _delete(self, table: str, column: str, keys: Iterable[Key]) -> None:
        if wanted := list(keys):
            self._connection.execute(
                f"DELETE FROM {table} WHERE (environment, {column}) IN"
                " (SELECT (unnest($1::VARCHAR[]), unnest($2::VARCHAR[])))",
                _pairs(wanted),
            )

    def _insert(
        self,
        table: str,
        fixed: Mapping[str, str],
        rows: Sequence[tuple[object, ...]],
        typed: Mapping[Column, Mapping[int, object]] | None = None,
    ) -> None:
        if not rows:
            return
        names, types = list(fixed), list(fixed.values())
        values: list[list[object]] = [[row[at] for row in rows] for at in range(len(fixed))]
        for column, kept in (typed or {}).items():
            names.append(self._columns[column])
            types.append(TYPES[column.kind])
            values.append([kept.get(at) for at in range(len(rows))])
        unnested = ", ".join(f"unnest(${at}::{kind}[])" for at, kind in enumerate(types, start=1))
        self._connection.execute(f"INSERT INTO {table} ({', '.join(names)}) SELECT {unnested}", values)

    def _typed(self, owner: Owner, rows: Sequence[tuple[str, Attributes]]) -> dict[Column, dict[int, object]]:
        """The rows' values by column, making the columns that are new."""
        found: dict[Column, dict[int, object]] = {}
        for at, (environment, attributes) in enumerate(rows):
            zone = self._zone_of(environment)
            for name, value in attributes.items():
                for kind, kept in typed(value, zone):
                    column = Column(name, kind)
                    if column in self._columns or self._add(owner, column):
                        found.setdefault(column, {})[at] = kept
        return found

    def _add(self, owner: Owner, column: Column) -> bool:
        if self._widths[owner] >= MAX_COLUMNS:
            return False
        name = f"v{len(self._columns)}"
        self._connection.execute(f"ALTER TABLE {TABLES[owner]} ADD COLUMN {name} {TYPES[column.kind]}")
        self._connection.execute("INSERT INTO columns VALUES ($1, $2, $3, $4)", [owner, column.name, column.kind, name])
        self._columns[column] = name
        self._widths[owner] += 1
        return True


FACTS: tuple[ExperienceFact, ...] = ("seen", "completed", "dismissed", "snoozed", "answered")


class _Properties(msgspec.Struct):
    properties: object = None


_PROPERTIES = msgspec.json.Decoder(_Properties)


def properties(event: Event) -> dict[str, AttributeValue]:
    """An event's properties by full name, as a filter asks them; what no attribute may hold is not there."""
    try:
        found = _PROPERTIES.decode(event.body).properties
    except msgspec.DecodeError:
        return {}
    kept: dict[str, AttributeValue] = {}
    if isinstance(found, dict):
        for name, value in cast("dict[str, object]", found).items():
            checked = check_attribute(value)
            if checked is not None and not isinstance(checked, Refused):
                kept[f"property.{name}"] = checked
    return kept


def typed(value: AttributeValue, zone: str) -> list[tuple[Kind, object]]:
    """A value as the columns that keep it: text that is a date has its instant beside it."""
    match value:
        case None:
            return []
        case bool():
            return [("boolean", value)]
        case str():
            instant = instant_of(value, zone)
            return [("text", value)] if instant is None else [("text", value), ("date", instant)]
        case int() | float():
            return [("number", float(value))]
        case list():
            return [("list", _elements(value))]


def _elements(value: AttributeValue) -> list[str]:
    return [element_text(each) for each in (value if isinstance(value, list) else [value])]


def _pairs(keys: Sequence[Key]) -> list[list[str]]:
    return [[key[0] for key in keys], [key[1] for key in keys]]
