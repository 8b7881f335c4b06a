# ruff: noqa: S608 tables are named in this file, columns by digest; every value is a parameter or a row
"""The analytic store of many processes: the same tables as DuckDB's, in a ClickHouse that others may read too.

ClickHouse has no transaction over tables, so exactly once is made of three things. Each step writes down which
positions it will cover before it writes anything else, and a step that was interrupted is repeated over the same ones.
Rows that describe people replace earlier ones by a version that every step raises, so writing them twice changes
nothing. Events of a step are one block: either all of them are there or none, and a repeated step looks before it sends
them, with a deduplication token besides.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, cast
from urllib.parse import urlsplit

import clickhouse_connect
import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError, OperationalError

from handrail.compile.clickhouse import PRESENT, ClickhousePrinter
from handrail.compile.queries import Column, Kind, Owner, Scope
from handrail.compile.sql import ANSWERS, KINDS, TABLES, Printer, Sql
from handrail.core.errors import Unavailable
from handrail.core.fold import Key
from handrail.core.retention import Leaving
from handrail.core.values import day_of
from handrail.ingest.erasure import rows_of
from handrail.ingest.ports import Log
from handrail.ingest.replica import (
    ANSWERED,
    FACTS,
    PROPERTY,
    Batch,
    ByColumn,
    answer_rows,
    experience_rows,
)
from handrail.ingest.store import Store

PERSONAL = ("people", "experiences", "answers")
"""Tables that describe persons."""

TYPES: Mapping[Kind, str] = {
    "text": "Nullable(String)",
    "number": "Nullable(Float64)",
    "boolean": "Nullable(Bool)",
    "date": "Nullable(Int64)",
    "list": "Array(String)",
}

_REPLACING = "ENGINE = ReplacingMergeTree(version) ORDER BY"
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS steps (id UInt8, version UInt64, after Int128, upto Int128, done Bool)"
    f" {_REPLACING} id",
    "ALTER TABLE steps ADD COLUMN IF NOT EXISTS described Int128 DEFAULT if(done, upto, after)",
    "CREATE TABLE IF NOT EXISTS columns (owner String, attribute String, kind String, name String)"
    " ENGINE = ReplacingMergeTree ORDER BY name",
    "CREATE TABLE IF NOT EXISTS people (environment LowCardinality(String), person String, company Nullable(String),"
    " version UInt64, gone UInt8) ENGINE = ReplacingMergeTree(version, gone) ORDER BY (environment, person)",
    "CREATE TABLE IF NOT EXISTS companies (environment LowCardinality(String), company String, version UInt64)"
    f" {_REPLACING} (environment, company)",
    "CREATE TABLE IF NOT EXISTS events (environment LowCardinality(String), subject String,"
    " name LowCardinality(String), instant Int64, day Int32, position Int128)"
    " ENGINE = MergeTree ORDER BY (environment, subject, instant)"
    " SETTINGS non_replicated_deduplication_window = 1000",
    "CREATE TABLE IF NOT EXISTS persons (environment LowCardinality(String), subject String, person String,"
    f" version UInt64) {_REPLACING} (environment, subject)",
    "CREATE TABLE IF NOT EXISTS experiences (environment LowCardinality(String), person String, experience String,"
    f" {', '.join(f'{fact} Int64' for fact in FACTS)}, version UInt64) {_REPLACING} (environment, person, experience)",
    "CREATE TABLE IF NOT EXISTS answers (environment LowCardinality(String), person String, experience String,"
    " question String, instant Int64, elements Array(String),"
    f" {', '.join(f'{ANSWERS[kind]} {TYPES[kind]}' for kind in KINDS)}, version UInt64)"
    f" {_REPLACING} (environment, person, experience, question)",
    "CREATE TABLE IF NOT EXISTS links (environment String, anonymous_id String, timestamp Int64, message_id String,"
    f" user_id String, version UInt64) {_REPLACING} (environment, anonymous_id)",
    "CREATE TABLE IF NOT EXISTS aliases (environment String, user_id String, canonical String, version UInt64)"
    f" {_REPLACING} (environment, user_id)",
    "CREATE TABLE IF NOT EXISTS quarantine (position Int128, reason String) ENGINE = ReplacingMergeTree"
    " ORDER BY position",
)
ALL_TABLES = ("steps", "people", "companies", "events", "persons", "experiences", "answers", "links", "aliases",
              "quarantine")  # fmt: skip
SETTINGS: Mapping[str, object] = {"join_use_nulls": 1, "precise_float_parsing": 1, "date_time_input_format": "basic"}

Rows: TypeAlias = Sequence[Sequence[object]]


class Result(Protocol):
    """What a question was answered."""

    @property
    def result_rows(self) -> Sequence[Sequence[object]]:
        """The rows."""
        ...


class Client(Protocol):
    """What we use of the library's client."""

    def command(self, cmd: str, /, parameters: dict[str, object] = ..., *, settings: dict[str, object] = ...) -> object:
        """Run a statement that answers no rows."""
        ...

    def query(self, query: str, /, *, parameters: Mapping[str, object] | None = None) -> Result:
        """Ask."""
        ...

    def insert(
        self,
        table: str,
        data: Rows,
        /,
        *,
        column_names: Sequence[str],
        column_type_names: Sequence[str],
        settings: Mapping[str, object],
    ) -> object:
        """Send rows."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...


class Step(msgspec.Struct, frozen=True, array_like=True):
    """What one write covers: events behind `after` up to `upto`. Not done: it was begun and may have come half-way."""

    version: int = 0
    after: int = 0
    upto: int = 0
    done: bool = True
    described: int = 0
    """The position up to which everybody's row says what happened."""


class ClickhouseAnalytics(Store):
    """The analytic store in one database of a ClickHouse server. Connects when it is first asked or filled."""

    refusals: tuple[type[Exception], ...] = (DataError, UnicodeError, ValueError, OverflowError)

    def __init__(self, address: str, zone_of: Callable[[str], str], *, log: str = "") -> None:
        """`address` is `http[s]://user:password@host:port/database`. `zone_of` names an environment's zone.

        `log` tells apart the databases of several logs: a store follows one log by position.
        """
        self.address = address
        self._log = log
        super().__init__(zone_of)
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._step = Step()

    def open(self) -> None:
        """Connect, make the tables, read how far the store has come. Raises Unavailable when nothing answers."""
        with self._lock:
            self._open()

    def _open(self) -> Client:
        if self._client is not None:
            return self._client
        try:
            client = _connect(self.address, self._log)
            for statement in SCHEMA:
                client.command(statement)
            self._read_step(client)
            self._read_columns(client)
        except (ClickHouseError, OSError) as problem:
            raise _unavailable(problem) from None
        self._client = client
        return client

    def _read_step(self, client: Client) -> None:
        rows = client.query(
            "SELECT version, after, upto, done, described FROM steps FINAL ORDER BY version DESC LIMIT 1"
        ).result_rows
        self._step = msgspec.convert(rows[0], Step) if rows else Step()

    def _read_columns(self, client: Client) -> None:
        found = client.query("SELECT owner, attribute, kind, name FROM columns FINAL").result_rows
        columns = msgspec.convert(found, list[tuple[Owner, str, Kind, str]])
        self._take_columns((owner, Column(attribute, kind), name) for owner, attribute, kind, name in columns)

    @property
    def is_open(self) -> bool:
        """Whether the server answered since it was last let go."""
        return self._client is not None

    @property
    def position(self) -> int:
        """The position in the log that the store has reached."""
        return self._step.upto if self._step.done else self._step.after

    @property
    def described(self) -> int:
        """The position up to which everybody's row says what happened."""
        return self._step.described

    @property
    def pending(self) -> int | None:
        """The position that an interrupted step was to reach; one of people alone is written anew, whoever they are."""
        return None if self._step.done or self._step.upto == self._step.after else self._step.upto

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    # Asking.

    async def ask(self, scope: Scope, write: Callable[[Printer], Sql]) -> Sequence[tuple[object, ...]]:
        """The rows of a statement, which `write` prints for one environment. Raises Unavailable."""
        return await asyncio.to_thread(self._ask, scope, write)

    def _ask(self, scope: Scope, write: Callable[[Printer], Sql]) -> Sequence[tuple[object, ...]]:
        with self._lock:
            client = self._open()
            try:
                # Another process may be the one that fills, and makes columns.
                self._read_columns(client)
            except (OperationalError, OSError) as problem:
                self._client = None
                raise _unavailable(problem) from None
            sql = write(ClickhousePrinter(scope, self))
        parameters = {f"p{number}": value for number, value in enumerate(sql.parameters, start=1)}
        try:
            return [tuple(row) for row in client.query(sql.text, parameters=parameters).result_rows]
        except (OperationalError, OSError) as problem:
            raise _unavailable(problem) from None

    def is_settled(self) -> bool:
        """False: events are asked for by subject here, and subjects looked up."""
        return False

    # Filling.

    async def follow(self, log: Log, pause: Callable[[], Awaitable[None]], failed: Callable[[Exception], None]) -> None:
        """Fill the store for ever, pausing whenever it is up to date or does not answer. `failed` is told why."""
        await self._filler.follow(log, pause, failed)

    def clear(self) -> None:
        """Forget everything, to be filled anew from the log's start."""
        with self._lock:
            client = self._open()
            for table in ALL_TABLES:
                client.command(f"TRUNCATE TABLE {table}")
            self._step = Step()

    def _among(self, table: str, column: str, keys: Iterable[Key]) -> Sequence[tuple[str, ...]]:
        wanted = list(keys)
        if not wanted:
            return []
        text = (
            f"SELECT * FROM {table} FINAL WHERE (environment, {column}) IN"
            " (SELECT arrayJoin(arrayZip({p1:Array(String)}, {p2:Array(String)})))"
        )
        parameters = {"p1": [key[0] for key in wanted], "p2": [key[1] for key in wanted]}
        with self._lock:
            client = self._open()
        try:
            rows = client.query(text, parameters=parameters).result_rows
            return [tuple(map(str, row)) for row in rows]
        except (OperationalError, OSError) as problem:
            raise _unavailable(problem) from None

    async def erase(self, environment: str, subjects: Collection[str]) -> int:
        """Delete these subjects and people, and have the parts that held them written anew. Returns how many rows."""
        return await asyncio.to_thread(self._erase, environment, subjects)

    def _erase(self, environment: str, subjects: Collection[str]) -> int:
        with self._lock:
            client = self._open()
            total = 0
            try:
                for table, column, gone in rows_of(subjects):
                    which = f"environment = {{p1:String}} AND {column} IN {{p2:Array(String)}}"
                    total += self._delete(client, table, which, [environment, gone])
            except (OperationalError, OSError) as problem:
                self._client = None
                raise _unavailable(problem) from None
            return total

    async def retain(self, environment: str, leaving: Leaving) -> None:
        """Let go of what is past its time, as soon as ClickHouse has written the parts anew."""
        await asyncio.to_thread(self._retain, environment, leaving)

    def _retain(self, environment: str, leaving: Leaving) -> None:
        older = "instant < {p2:Int64}"
        wanted: list[tuple[str, str, object]] = [
            ("events", older, leaving.events_before),
            ("answers", older, leaving.answers_before),
            ("events", f"{older} AND name = '{ANSWERED}'", leaving.answers_before),
            *((table, "person IN {p2:Array(String)}", list(leaving.people)) for table in PERSONAL),
        ]
        with self._lock:
            client = self._open()
            try:
                for table, which, value in wanted:
                    if value:
                        self._delete(client, table, f"environment = {{p1:String}} AND {which}", [environment, value])
            except (OperationalError, OSError) as problem:
                self._client = None
                raise _unavailable(problem) from None

    def _delete(self, client: Client, table: str, which: str, values: Sequence[object]) -> int:
        """Delete rows, if there are any, by a mutation that is waited for. Returns how many."""
        parameters = {f"p{number}": value for number, value in enumerate(values, start=1)}
        rows = client.query(f"SELECT count() FROM {table} WHERE {which}", parameters=parameters).result_rows
        if count := int(str(rows[0][0])):
            # It leaves nothing behind in the parts that serve.
            statement = f"ALTER TABLE {table} DELETE WHERE {which}"
            client.command(statement, parameters=parameters, settings={"mutations_sync": 2})
        return count

    def write(self, batch: Batch) -> None:
        """Write rows and the position they lead to, so that a repeated write leaves what one leaves."""
        with self._lock:
            client = self._open()
            try:
                self._write(client, batch)
            except (OperationalError, OSError) as problem:
                # What came of it only the server knows: the step stands as begun, and is repeated.
                self._client = None
                raise _unavailable(problem) from None

    def _write(self, client: Client, batch: Batch) -> None:
        repeated = not self._step.done
        after = self.position
        upto = after if batch.position is None else batch.position
        step = Step(self._step.version + 1, after, upto, done=False, described=self.described)
        self._note(client, step)
        version = step.version
        _insert(
            client,
            "persons",
            {"environment": "String", "subject": "String", "person": "String", "version": "UInt64"},
            [(*key, person, version) for key, person in batch.persons.items()],
        )
        gone = [(*key, None, version, 1) for key in batch.gone]
        people = [(each.environment, each.person, each.company, version, 0) for each in batch.people]
        fixed = {
            "environment": "String",
            "person": "String",
            "company": "Nullable(String)",
            "version": "UInt64",
            "gone": "UInt8",
        }
        _insert(client, "experiences", _EXPERIENCES, [(*row, version) for row in experience_rows(batch.people)])
        _insert(
            client,
            "answers",
            _ANSWERS,
            [_answer(row, version) for row in map(msgspec.structs.astuple, answer_rows(batch.people))],
        )
        self._insert_typed(
            client, "user", fixed, people, self.by_column((each.environment, each.attributes) for each in batch.people)
        )
        _insert(client, "people", fixed, gone)
        self._insert_typed(
            client,
            "company",
            {"environment": "String", "company": "String", "version": "UInt64"},
            [(each.environment, each.company, version) for each in batch.companies],
            self.by_column((each.environment, each.attributes) for each in batch.companies),
        )
        # Links and aliases come after the people they join: a repeated step that finds them has nothing more to join.
        _insert(
            client,
            "links",
            _LINKS,
            [
                (*key, each.stamp.timestamp, each.stamp.message_id, each.user_id, version)
                for key, each in batch.links.items()
            ],
        )
        _insert(client, "aliases", _ALIASES, [(*key, canonical, version) for key, canonical in batch.aliases.items()])
        _insert(client, "quarantine", {"position": "Int128", "reason": "String"}, list(batch.quarantined.items()))
        if batch.events and not (repeated and self._has_events(client, after, upto)):
            self._insert_events(client, batch, f"{after}-{upto}" if batch.position is not None else None)
        described = step.described if batch.described is None else batch.described
        self._note(client, msgspec.structs.replace(step, version=version + 1, done=True, described=described))

    def _note(self, client: Client, step: Step) -> None:
        positions = dict.fromkeys(("after", "upto"), "Int128")
        columns = {"id": "UInt8", "version": "UInt64", **positions, "done": "Bool", "described": "Int128"}
        _insert(client, "steps", columns, [(1, *msgspec.structs.astuple(step))])
        self._step = step

    def _has_events(self, client: Client, after: int, upto: int) -> bool:
        text = "SELECT count() FROM events WHERE position > {p1:Int128} AND position <= {p2:Int128}"
        return client.query(text, parameters={"p1": after, "p2": upto}).result_rows[0][0] != 0

    def _insert_events(self, client: Client, batch: Batch, token: str | None) -> None:
        self._insert_typed(
            client,
            "event",
            {
                "environment": "String",
                "subject": "String",
                "name": "String",
                "instant": "Int64",
                "day": "Int32",
                "position": "Int128",
            },
            [
                (
                    each.environment,
                    each.subject,
                    each.name,
                    each.instant,
                    day_of(each.instant, self._zone_of(each.environment)),
                    each.position,
                )
                for each in batch.events
            ],
            self.by_column(((each.environment, each.properties) for each in batch.events), PROPERTY)
            if batch.values is None
            else batch.values,
            token=token,
        )

    def _insert_typed(
        self,
        client: Client,
        owner: Owner,
        fixed: Mapping[str, str],
        rows: Sequence[tuple[object, ...]],
        values: ByColumn,
        *,
        token: str | None = None,
    ) -> None:
        """Rows with their attributes' values in columns; new columns are made."""
        if not rows:
            return
        kept = {
            column: {at: _present(stored) for at, stored in values.items()}
            for column, values in self._values(owner, values).items()
        }
        columns = dict(fixed) | {self._columns[column]: TYPES[column.kind] for column in kept}
        absent: list[list[str] | None] = [[] if column.kind == "list" else None for column in kept]
        wide = [
            (*row, *(values.get(at, none) for values, none in zip(kept.values(), absent, strict=True)))
            for at, row in enumerate(rows)
        ]
        _insert(client, TABLES[owner], columns, wide, token=token)

    def _make_column(self, owner: Owner, column: Column) -> str:
        client = self._client
        assert client is not None
        # The name follows from the attribute, so a column that was made without being noted is simply found again.
        digest = hashlib.blake2b(column.name.encode(), digest_size=12).hexdigest()
        name = f"{column.kind}_{digest}"
        client.command(f"ALTER TABLE {TABLES[owner]} ADD COLUMN IF NOT EXISTS {name} {TYPES[column.kind]}")
        _insert(
            client,
            "columns",
            dict.fromkeys(("owner", "attribute", "kind", "name"), "String"),
            [(owner, column.name, column.kind, name)],
        )
        return name


_EXPERIENCES = (
    dict.fromkeys(("environment", "person", "experience"), "String")
    | dict.fromkeys(FACTS, "Int64")
    | {"version": "UInt64"}
)
_ANSWERS = (
    dict.fromkeys(("environment", "person", "experience", "question"), "String")
    | {"instant": "Int64", "elements": "Array(String)"}
    | {ANSWERS[kind]: TYPES[kind] for kind in KINDS}
    | {"version": "UInt64"}
)
_LINKS = {
    "environment": "String",
    "anonymous_id": "String",
    "timestamp": "Int64",
    "message_id": "String",
    "user_id": "String",
    "version": "UInt64",
}
_ALIASES = {"environment": "String", "user_id": "String", "canonical": "String", "version": "UInt64"}


def _answer(row: tuple[object, ...], version: int) -> tuple[object, ...]:
    """An answer with its list of choices as this store holds arrays; the list stands last."""
    *others, choices = row
    return (*others, [] if choices is None else _present(choices), version)


def _present(stored: object) -> object:
    """A value as its column holds it."""
    return [PRESENT, *cast("list[str]", stored)] if isinstance(stored, list) else stored


def _insert(client: Client, table: str, columns: Mapping[str, str], rows: Rows, *, token: str | None = None) -> None:
    if not rows:
        return
    client.insert(
        table,
        rows,
        column_names=list(columns),
        column_type_names=list(columns.values()),
        settings={} if token is None else {"insert_deduplication_token": token},
    )


def _connect(address: str, log: str) -> Client:
    parts = urlsplit(address)
    database = (parts.path.strip("/") or "handrail") + (f"_{log}" if log else "")
    common: dict[str, object] = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or (8443 if parts.scheme == "https" else 8123),
        "username": parts.username or "default",
        "password": parts.password or "",
        "secure": parts.scheme == "https",
        "connect_timeout": 5,
        "send_receive_timeout": 60,
        "autogenerate_session_id": False,
        "form_encode_query_params": True,
        "query_retries": 0,
    }
    get_client = cast("Callable[..., Client]", clickhouse_connect.get_client)
    first = get_client(**common)
    try:
        first.command(f"CREATE DATABASE IF NOT EXISTS `{database.replace('`', '')}`")
    finally:
        first.close()
    return get_client(database=database, settings=dict(SETTINGS), **common)


def _unavailable(problem: Exception) -> Unavailable:
    reason = str(problem).partition("\n")[0][:200]
    return Unavailable(f"The analytic store does not answer: {reason}")
