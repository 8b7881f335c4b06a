# ruff: noqa: S608 tables are named in this file, columns by counting; every value is a parameter
"""The analytic store of one process: people, what they did and saw, in typed columns of one DuckDB file.

It follows the log by position (`handrail.ingest.filler`). Rows and the position they came from are one transaction, so
a store that was killed goes on where it stood and counts nothing twice. One process owns the file; a second one is
refused in one sentence. A file that cannot be read any more is put aside and filled anew.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import duckdb
import msgspec

from handrail.compile.duckdb import DuckdbPrinter
from handrail.compile.queries import Column, Kind, Owner, Scope
from handrail.compile.sql import ANSWERS, KINDS, TABLES, Printer, Sql
from handrail.core.errors import Unavailable
from handrail.core.fold import Key
from handrail.core.retention import Leaving
from handrail.core.values import day_of
from handrail.ingest.erasure import rows_of
from handrail.ingest.filler import BATCH
from handrail.ingest.ports import Log
from handrail.ingest.replica import (
    ANSWERED,
    FACTS,
    PROPERTY,
    Batch,
    PersonRow,
    answer_rows,
    experience_rows,
)
from handrail.ingest.store import Store

VERSION = 6
UNCLUSTERED = 200_000
"""How many events may stand in the order they came before they are put in the order of people, at the least."""

MEMORY = "256MB"
"""How much memory DuckDB takes for questions and for putting events in order."""
ROWS_AT_ONCE = 8192
"""How many rows are written by one statement; their text is in memory several times meanwhile."""
SUBJECTS_AT_ONCE = 50_000
"""How many subjects are looked at in one go, whoever is to be found among them."""
LATE = 1000
"""How many subjects may have turned out to be somebody else before what they did is put in its place."""

SCHEMA = """
CREATE TABLE meta (
  version INTEGER NOT NULL, position HUGEINT NOT NULL, clustered BIGINT NOT NULL, described HUGEINT NOT NULL
);
CREATE TABLE columns (owner VARCHAR NOT NULL, attribute VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL);
CREATE TABLE people (environment VARCHAR NOT NULL, person VARCHAR NOT NULL, company VARCHAR);
CREATE TABLE companies (environment VARCHAR NOT NULL, company VARCHAR NOT NULL);
CREATE TABLE events (
  environment VARCHAR NOT NULL, person VARCHAR NOT NULL, subject VARCHAR NOT NULL, name VARCHAR NOT NULL,
  instant BIGINT NOT NULL, day INTEGER NOT NULL
);
CREATE TABLE late (environment VARCHAR NOT NULL, subject VARCHAR NOT NULL, person VARCHAR NOT NULL);
CREATE TABLE persons (environment VARCHAR NOT NULL, subject VARCHAR NOT NULL, person VARCHAR NOT NULL);
CREATE TABLE experiences (
  environment VARCHAR NOT NULL, person VARCHAR NOT NULL, experience VARCHAR NOT NULL,
  seen BIGINT NOT NULL, completed BIGINT NOT NULL, dismissed BIGINT NOT NULL, snoozed BIGINT NOT NULL,
  answered BIGINT NOT NULL
);
CREATE TABLE answers (
  environment VARCHAR NOT NULL, person VARCHAR NOT NULL, experience VARCHAR NOT NULL, question VARCHAR NOT NULL,
  instant BIGINT NOT NULL, elements VARCHAR[] NOT NULL, words VARCHAR, number DOUBLE, truth BOOLEAN, choices VARCHAR[]
);
CREATE TABLE links (
  environment VARCHAR NOT NULL, anonymous_id VARCHAR NOT NULL, timestamp BIGINT NOT NULL, message_id VARCHAR NOT NULL,
  user_id VARCHAR NOT NULL
);
CREATE TABLE aliases (environment VARCHAR NOT NULL, user_id VARCHAR NOT NULL, canonical VARCHAR NOT NULL);
CREATE TABLE quarantine (position HUGEINT NOT NULL, reason VARCHAR NOT NULL);
CREATE TABLE erasures (id VARCHAR NOT NULL);
CREATE TABLE strays (environment VARCHAR NOT NULL, person VARCHAR NOT NULL);
"""

ROWS = (
    *("people", "companies", "events", "late", "persons", "experiences", "answers", "links", "aliases", "quarantine"),
    "strays",
)
"""Every table that holds what came from the log. Strays are persons who left and of whom there are events."""

TYPES: Mapping[Kind, str] = {
    "text": "VARCHAR",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "BIGINT",
    "list": "VARCHAR[]",
}

MIGRATIONS: Mapping[int, str] = {
    1: """
ALTER TABLE meta ALTER COLUMN position TYPE HUGEINT;
ALTER TABLE quarantine ALTER COLUMN position TYPE HUGEINT;
""",
    2: """
ALTER TABLE meta ADD COLUMN clustered BIGINT DEFAULT 0;
ALTER TABLE answers ADD COLUMN words VARCHAR;
ALTER TABLE answers ADD COLUMN number DOUBLE;
ALTER TABLE answers ADD COLUMN truth BOOLEAN;
ALTER TABLE answers ADD COLUMN choices VARCHAR[];
UPDATE answers SET
  words = CASE WHEN len(elements) = 1 AND elements[1][1] = 's' THEN elements[1][2:] END,
  number = CASE WHEN len(elements) = 1 AND elements[1][1] = 'n' THEN TRY_CAST(elements[1][2:] AS DOUBLE) END,
  truth = CASE WHEN len(elements) = 1 AND elements[1][1] = 'b' THEN elements[1] = 'b1' END,
  choices = CASE WHEN len(elements) <> 1 THEN elements END;
""",
    3: """
CREATE TABLE late (environment VARCHAR NOT NULL, subject VARCHAR NOT NULL, person VARCHAR NOT NULL);
CREATE TABLE resolved AS
  SELECT e.environment, coalesce(o.person, e.subject) AS person, e.* EXCLUDE (environment)
  FROM events e LEFT JOIN persons o ON o.environment = e.environment AND o.subject = e.subject
  ORDER BY e.environment, 2, e.instant;
DROP TABLE events;
ALTER TABLE resolved RENAME TO events;
UPDATE meta SET clustered = (SELECT count(*) FROM events);
""",
    4: """
CREATE TABLE erasures (id VARCHAR NOT NULL);
CREATE TABLE strays (environment VARCHAR NOT NULL, person VARCHAR NOT NULL);
INSERT INTO strays SELECT environment, person FROM events EXCEPT SELECT environment, person FROM people;
""",
    5: """
ALTER TABLE meta ADD COLUMN described HUGEINT;
UPDATE meta SET described = position;
""",
}
"""From each earlier version to the next. Raw events leave the log, so a file is brought forward, not filled anew."""


class DuckdbAnalytics(Store):
    """The analytic store of one installation."""

    refusals: tuple[type[Exception], ...] = (
        duckdb.DataError,
        duckdb.InvalidInputException,
        UnicodeError,
        ValueError,
    )

    def __init__(
        self, path: Path | None, zone_of: Callable[[str], str], tell: Callable[[str], None] | None = None
    ) -> None:
        """Open the store, or make it; None keeps it in memory. `zone_of` names an environment's zone.

        `tell` hears of a file that cannot be read any more and was put aside. Raises Unavailable when another process
        has the file.
        """
        super().__init__(zone_of)
        self._path = path
        self._writing = threading.RLock()
        """One change at a time; `_lock`, the shorter one, also holds up whoever begins to read."""
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._reading = 0
        """Cursors that are reading; the file is not changed for another one under them."""
        try:
            self._connection = _connect(path)
            self._prepare(path)
        except (duckdb.Error, UnicodeDecodeError) as problem:
            if path is None or not path.exists() or "lock" in str(problem).lower():
                raise Unavailable(
                    f"Another process has the analytic store, or it cannot be read: {_first_line(problem)}"
                ) from None
            aside = _put_aside(path)
            if tell is not None:
                tell(
                    f"The analytic store {str(path)!r} cannot be read ({_first_line(problem)}); it was put aside as "
                    f"{aside.name!r} and is filled again from the log. Events that the log no longer has are missing."
                )
            self._connection = _connect(path)
            self._prepare(path)

    def _prepare(self, path: Path | None) -> None:
        run = self._connection.execute
        if run("SELECT 1 FROM duckdb_tables() WHERE table_name = 'meta'").fetchone() is None:
            run(f"BEGIN; {SCHEMA} INSERT INTO meta VALUES ({VERSION}, 0, 0, 0); COMMIT")
        (version,) = self._row("SELECT version FROM meta")
        if version > VERSION:
            raise Unavailable(
                f"The analytic store {path} was written by a newer Handrail; run that one, or a later one."
            )
        for older in range(version, VERSION):
            run(f"BEGIN; {MIGRATIONS[older]} UPDATE meta SET version = {older + 1}; COMMIT")
        self._position, self._described, self._clustered = self._row("SELECT position, described, clustered FROM meta")
        (self._kept,) = self._row("SELECT count(*) FROM events")
        (self._late,) = self._row("SELECT count(*) FROM late")
        (self._strays,) = self._row("SELECT count(*) FROM strays")
        columns = run("FROM columns").fetchall()
        self._take_columns((owner, Column(attribute, kind), name) for owner, attribute, kind, name in columns)

    def _row(self, sql: str) -> tuple[int, ...]:
        row = self._connection.execute(sql).fetchone()
        assert row is not None
        return row

    def open(self) -> None:
        """Nothing to do: the file is open."""

    @property
    def is_open(self) -> bool:
        """True: it is, from the start."""
        return True

    @property
    def position(self) -> int:
        """The position in the log that the store has reached."""
        return self._position

    @property
    def described(self) -> int:
        """The position up to which everybody's row says what happened."""
        return self._described

    @property
    def pending(self) -> int | None:
        """None: a write that was interrupted left nothing behind."""
        return None

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._connection.close()

    # Asking.

    async def ask(self, scope: Scope, write: Callable[[Printer], Sql]) -> Sequence[tuple[object, ...]]:
        """The rows of a statement, which `write` prints for one environment."""
        return await asyncio.to_thread(self._ask, scope, write)

    def _ask(self, scope: Scope, write: Callable[[Printer], Sql]) -> Sequence[tuple[object, ...]]:
        with self._lock:
            sql = write(DuckdbPrinter(scope, self))
            cursor = self._connection.cursor()
            # From its first statement on a transaction reads one moment of the store: the one printed for.
            cursor.execute("BEGIN").execute("SELECT version FROM meta").fetchall()
            self._reading += 1
        try:
            return cursor.execute(sql.text, sql.parameters).fetchall()
        finally:
            cursor.close()
            with self._idle:
                self._reading -= 1
                self._idle.notify_all()

    def is_settled(self) -> bool:
        """Whether every event stands at the person whom its subject is today."""
        return not self._late

    # Filling.

    async def fill(self, log: Log, *, limit: int = BATCH) -> int:
        """Take the next events of the log, and people whose rows are due. Returns how many; 0 when up to date."""
        count = await super().fill(log, limit=limit)
        if self._late > (LATE if count else 0):
            await asyncio.to_thread(self.settle)
        if not count and self._kept - self._clustered > max(UNCLUSTERED, self._clustered // 2):
            await asyncio.to_thread(self.cluster)
        return count

    def clear(self) -> None:
        """Forget every row. Columns stay: they are of attributes, not of anybody."""
        with self._writing, self._lock:
            deletes = "; ".join(f"DELETE FROM {table}" for table in ROWS)
            self._connection.execute(
                f"BEGIN; {deletes}; UPDATE meta SET position = 0, described = 0, clustered = 0; COMMIT"
            )
            self._position = self._described = self._clustered = self._kept = self._late = self._strays = 0

    def settle(self) -> None:
        """Put what late subjects did at the persons whom they turned out to be."""
        self._change(
            "UPDATE events SET person = l.person FROM late l WHERE l.environment = events.environment"
            " AND l.subject = events.subject AND l.person <> events.person",
            "DELETE FROM late",
        )

    def cluster(self) -> None:
        """Put events in the order of people and time: what one person did is then read in one piece."""
        self.settle()
        self._change(
            "CREATE TABLE ordered AS FROM events ORDER BY environment, person, instant",
            "DROP TABLE events",
            "ALTER TABLE ordered RENAME TO events",
            "UPDATE meta SET clustered = (SELECT count(*) FROM events)",
        )

    def _change(self, *statements: str) -> None:
        """One transaction over rows that stay what they say. Whoever asks meanwhile reads what was there before."""
        with self._writing:
            cursor = self._connection.cursor()
            try:
                cursor.execute("BEGIN")
                for each in statements:
                    cursor.execute(each)
                with self._lock:
                    cursor.execute("COMMIT")
                    self._clustered, self._late = self._row("SELECT clustered, (SELECT count(*) FROM late) FROM meta")
            finally:
                # A transaction that was not committed goes with its cursor.
                cursor.close()

    def _among(self, table: str, column: str, keys: Iterable[Key]) -> Sequence[tuple[str, ...]]:
        wanted = list(keys)
        if not wanted:
            return []
        with self._lock:
            return self._connection.execute(
                f"FROM {table} AS t SEMI JOIN ({KEYS}) AS k ON t.environment = k.environment AND t.{column} = k.id",
                [_keys(wanted)],
            ).fetchall()

    def write(self, batch: Batch) -> None:
        """Write rows and their position as one transaction."""
        with self._writing, self._lock:
            made = dict(self._columns), dict(self._widths)
            position = self._position if batch.position is None else batch.position
            described = self._described if batch.described is None else batch.described
            self._connection.execute("BEGIN")
            try:
                self._write(batch)
                # Each statement that is run by itself waits for the interpreter's lock once more.
                self._connection.execute(f"UPDATE meta SET position = {position}, described = {described}; COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._columns, self._widths = made
                raise
            self._position, self._described = position, described
            self._kept += len(batch.events)
            if batch.persons:
                (self._late,) = self._row("SELECT count(*) FROM late")

    async def erase(self, environment: str, subjects: Collection[str]) -> int:
        """Delete these subjects and people, and write the file anew without them. Returns how many rows went."""
        return await asyncio.to_thread(self._erase, environment, subjects)

    def _erase(self, environment: str, subjects: Collection[str]) -> int:
        with self._writing, self._lock:
            rows = 0
            self._connection.execute("BEGIN")
            for table, column, gone in rows_of(subjects):
                query = f"DELETE FROM {table} WHERE environment = $1 AND {column} IN (SELECT unnest($2::VARCHAR[]))"
                found = self._connection.execute(query, [environment, gone]).fetchone()
                rows += 0 if found is None else int(found[0])
            for table, column in (("late", "subject"), ("strays", "person")):
                self._delete(table, column, [(environment, each) for each in subjects])
            self._connection.execute("COMMIT")
            self._rewrite()
            return rows

    async def subjects(self, environment: str, wanted: Callable[[str], bool]) -> list[str]:
        """Every subject of which there is a row and for which `wanted` holds."""
        found, after = list[str](), ""
        while page := await self.ask(Scope(environment), partial(_subjects, after=after)):
            names = [str(name) for (name,) in page]
            found += await asyncio.to_thread(list, filter(wanted, names))
            after = names[-1]
        return found

    async def erasures(self) -> frozenset[str]:
        """The erasures that these rows went through."""
        with self._lock:
            rows = self._connection.execute("SELECT id FROM erasures").fetchall()
        return frozenset(str(each) for (each,) in rows)

    async def note_erasures(self, erasures: Collection[str]) -> None:
        """Note that these rows went through erasures."""
        await asyncio.to_thread(self._note_erasures, list(erasures))

    def _note_erasures(self, erasures: list[str]) -> None:
        with self._writing, self._lock:
            self._connection.execute("INSERT INTO erasures SELECT unnest($1::VARCHAR[])", [erasures])

    async def retain(self, environment: str, leaving: Leaving) -> None:
        """Let go of what is past its time. Its space is filled anew."""
        statements = [
            ("DELETE FROM events WHERE environment = $1 AND instant < $2", leaving.events_before),
            ("DELETE FROM answers WHERE environment = $1 AND instant < $2", leaving.answers_before),
            (
                f"DELETE FROM events WHERE environment = $1 AND instant < $2 AND name = '{ANSWERED}'",
                leaving.answers_before,
            ),
            *(
                (f"DELETE FROM {table} WHERE environment = $1 AND person IN (SELECT unnest($2::VARCHAR[]))", people)
                for table in ("people", "experiences", "answers", "strays")
                if (people := list(leaving.people))
            ),
            (
                "INSERT INTO strays SELECT DISTINCT environment, person FROM events"
                " WHERE environment = $1 AND person IN (SELECT unnest($2::VARCHAR[]))",
                list(leaving.people),
            ),
        ]
        await asyncio.to_thread(self._retain, environment, [each for each in statements if each[1]])

    def _retain(self, environment: str, statements: Sequence[tuple[str, object]]) -> None:
        if not statements:
            return
        with self._writing, self._lock:
            self._connection.execute("BEGIN")
            for statement, value in statements:
                self._connection.execute(statement, [environment, value])
            self._connection.execute("UPDATE meta SET clustered = least(clustered, (SELECT count(*) FROM events))")
            self._connection.execute("COMMIT")
            (self._kept,) = self._row("SELECT count(*) FROM events")
            self._clustered, self._strays = self._row("SELECT clustered, (SELECT count(*) FROM strays) FROM meta")

    def _rewrite(self) -> None:
        """Copy what is left into a new file: what DuckDB deletes stays in the old one's free blocks."""
        if self._path is None:
            return
        self._idle.wait_for(lambda: not self._reading)
        fresh = self._path.with_suffix(".fresh")
        # A file that was put aside as damaged holds whoever it held; it goes with the first who is erased.
        aside = f"{self._path}.damaged"
        for each in (fresh, Path(f"{fresh}.wal"), Path(aside), Path(f"{aside}.wal")):
            each.unlink(missing_ok=True)
        name = self._connection.execute("SELECT current_database()").fetchone()
        assert name is not None
        quoted = str(fresh).replace("'", "''")
        self._connection.execute(f"ATTACH '{quoted}' AS fresh; COPY FROM DATABASE \"{name[0]}\" TO fresh; DETACH fresh")
        self._connection.close()
        Path(f"{self._path}.wal").unlink(missing_ok=True)
        fresh.replace(self._path)
        self._connection = _connect(self._path)
        (self._kept,) = self._row("SELECT count(*) FROM events")
        (self._late,) = self._row("SELECT count(*) FROM late")
        self._clustered = min(self._clustered, self._kept)

    def _write(self, batch: Batch) -> None:
        people = [(each.environment, each.person) for each in batch.people]
        self._note_late(batch.persons, batch.rowless)
        for table in ("people", "experiences", "answers"):
            self._delete(table, "person", [*people, *batch.gone])
        if self._strays:
            self._delete("strays", "person", people)
        self._delete("companies", "company", [(each.environment, each.company) for each in batch.companies])
        self._delete("persons", "subject", batch.persons)
        self._delete("links", "anonymous_id", batch.links)
        self._delete("aliases", "user_id", batch.aliases)

        text = "VARCHAR"
        self._insert(
            "people",
            {"environment": text, "person": text, "company": text},
            [
                [each.environment for each in batch.people],
                [each.person for each in batch.people],
                [each.company for each in batch.people],
            ],
            self._values("user", self.by_column((each.environment, each.attributes) for each in batch.people)),
        )
        self._insert(
            "companies",
            {"environment": text, "company": text},
            [[each.environment for each in batch.companies], [each.company for each in batch.companies]],
            self._values("company", self.by_column((each.environment, each.attributes) for each in batch.companies)),
        )
        events, named, values = batch.events, batch.named, batch.values
        subjects = [each.subject for each in events]
        zones = {environment: self._zone_of(environment) for environment in {each.environment for each in events}}
        if values is None:
            values = self.by_column(((each.environment, each.properties) for each in events), PROPERTY)
        self._insert(
            "events",
            dict.fromkeys(("environment", "person", "subject", "name"), text) | {"instant": "BIGINT", "day": "INTEGER"},
            [
                [each.environment for each in events],
                [named.get((each.environment, each.subject), each.subject) for each in events] if named else subjects,
                subjects,
                [each.name for each in events],
                [each.instant for each in events],
                [day_of(each.instant, zones[each.environment]) for each in events],
            ],
            self._values("event", values),
        )
        self._insert_experiences(batch.people)
        self._insert_rows(
            "persons",
            {"environment": text, "subject": text, "person": text},
            [(*key, person) for key, person in batch.persons.items()],
        )
        self._insert_rows(
            "links",
            {"environment": text, "anonymous_id": text, "timestamp": "BIGINT", "message_id": text, "user_id": text},
            [(*key, each.stamp.timestamp, each.stamp.message_id, each.user_id) for key, each in batch.links.items()],
        )
        self._insert_rows(
            "aliases",
            {"environment": text, "user_id": text, "canonical": text},
            [(*key, canonical) for key, canonical in batch.aliases.items()],
        )
        self._insert_rows("quarantine", {"position": "HUGEINT", "reason": text}, list(batch.quarantined.items()))

    def _note_late(self, persons: Mapping[Key, str], rowless: Collection[Key]) -> None:
        """Note who of these subjects may have events that stand at somebody else."""
        if not persons:
            return
        # Whoever was a person, or belonged to another one, has been here before.
        self._connection.execute(
            f"""
CREATE OR REPLACE TEMP TABLE moved AS
WITH k AS ({_unnested(dict.fromkeys(("environment", "subject", "person"), "VARCHAR") | {"rowless": "BOOLEAN"})})
SELECT k.* EXCLUDE (rowless) FROM k
WHERE k.rowless OR (k.environment, k.subject) IN (SELECT (environment, person) FROM people)
  OR (k.environment, k.subject) IN (SELECT (environment, subject) FROM late)
  OR EXISTS (FROM persons o WHERE o.environment = k.environment AND o.subject = k.subject AND o.person <> k.person)
""",
            [
                _text(
                    {
                        "environment": [key[0] for key in persons],
                        "subject": [key[1] for key in persons],
                        "person": list(persons.values()),
                        "rowless": [key in rowless for key in persons],
                    }
                )
            ],
        )
        self._connection.execute(
            "DELETE FROM late WHERE (environment, subject) IN (SELECT (environment, subject) FROM moved)"
        )
        self._connection.execute("INSERT INTO late FROM moved")

    def _insert_experiences(self, people: Sequence[PersonRow]) -> None:
        text, instant = "VARCHAR", "BIGINT"
        self._insert_rows(
            "experiences",
            {"environment": text, "person": text, "experience": text} | dict.fromkeys(FACTS, instant),
            experience_rows(people),
        )
        self._insert_rows(
            "answers",
            {"environment": text, "person": text, "experience": text, "question": text}
            | {"instant": instant, "elements": "VARCHAR[]"}
            | {ANSWERS[kind]: TYPES[kind] for kind in KINDS},
            [msgspec.structs.astuple(row) for row in answer_rows(people)],
        )

    def _delete(self, table: str, column: str, keys: Iterable[Key]) -> None:
        if wanted := list(keys):
            same = f"t.environment = k.environment AND t.{column} = k.id"
            self._connection.execute(f"DELETE FROM {table} AS t USING ({KEYS}) AS k WHERE {same}", [_keys(wanted)])

    def _insert_rows(self, table: str, fixed: Mapping[str, str], rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            self._insert(table, fixed, list(zip(*rows, strict=True)), {})

    def _insert(
        self,
        table: str,
        fixed: Mapping[str, str],
        values: Sequence[Sequence[object]],
        typed: Mapping[Column, Mapping[int, object]],
    ) -> None:
        """Add rows, given as the values of each fixed column, and of typed ones those that are there."""
        types = dict(fixed) | {self._columns[column]: TYPES[column.kind] for column in typed}
        insert = f"INSERT INTO {table} ({', '.join(types)}) {_unnested(types)}"
        for start in range(0, len(values[0]), ROWS_AT_ONCE):
            at = range(start, min(start + ROWS_AT_ONCE, len(values[0])))
            part = [each[at.start : at.stop] for each in values]
            part += [list(map(kept.get, at)) for kept in typed.values()]
            self._connection.execute(insert, [_text(dict(zip(types, part, strict=True)))])

    def _make_column(self, owner: Owner, column: Column) -> str:
        name = f"v{len(self._columns)}"
        self._connection.execute(f"ALTER TABLE {TABLES[owner]} ADD COLUMN {name} {TYPES[column.kind]}")
        self._connection.execute("INSERT INTO columns VALUES ($1, $2, $3, $4)", [owner, column.name, column.kind, name])
        return name


def _subjects(printer: Printer, after: str) -> Sql:
    """Some subjects of which there is a row, in order, from behind `after`."""
    named = [
        f"SELECT {form} AS subject FROM {table} WHERE environment = {printer.environment}"
        for table, form in (
            *((table, "person") for table in ("people", "experiences", "answers", "events")),
            *((table, "subject") for table in ("events", "persons")),
            ("links", "'a:' || anonymous_id"),
            ("links", "'u:' || user_id"),
            ("aliases", "'u:' || user_id"),
        )
    ]
    which = f"subject > {printer.value(after)} ORDER BY subject LIMIT {SUBJECTS_AT_ONCE}"
    return printer.sql(f"SELECT DISTINCT subject FROM ({' UNION ALL '.join(named)}) WHERE {which}")


def _connect(path: Path | None) -> duckdb.DuckDBPyConnection:
    # What does not fit goes to files beside the store's own; a store in memory has none.
    return duckdb.connect(":memory:") if path is None else duckdb.connect(str(path), config={"memory_limit": MEMORY})


def _put_aside(path: Path) -> Path:
    """Rename a file that cannot be read, and what was still to be written to it."""
    aside = path.with_name(path.name + ".damaged")
    path.replace(aside)
    pending = path.with_name(path.name + ".wal")
    if pending.exists():
        pending.replace(aside.with_name(aside.name + ".wal"))
    return aside


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0].partition(" See also ")[0]


def _unnested(types: Mapping[str, str]) -> str:
    """A question for the rows of a JSON text `$1`, which holds a list for each column.

    DuckDB reads such a text by itself, while other threads run; Python lists it would take over value by value.
    """
    form = {name: [[kind.removesuffix("[]")] if kind.endswith("[]") else kind] for name, kind in types.items()}
    columns = ", ".join(f"unnest(j.{name}) AS {name}" for name in types)
    return f"SELECT {columns} FROM (SELECT from_json_strict($1, '{_text(form)}') AS j)"


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


KEYS = _unnested({"environment": "VARCHAR", "id": "VARCHAR"})


def _keys(keys: Sequence[Key]) -> str:
    return _text({"environment": [key[0] for key in keys], "id": [key[1] for key in keys]})
