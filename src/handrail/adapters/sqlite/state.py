"""Folded state in a file that follows the log: rows and the position they stand at change in one transaction.

Commits are not synced one by one. After a power cut the file is whole but may be behind; the log has the rest, and
the writer folds it again from the file's position.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

from handrail.adapters.sqlite.connection import connect, connect_to_read
from handrail.adapters.sqlite.persons import KnownPersons, rows_touched
from handrail.core.errors import Conflict
from handrail.core.events import Event, Stamp
from handrail.core.fold import (
    FoldRules,
    Key,
    Keys,
    State,
    company_id,
    count_back,
    fold,
    forget_answers,
    ids_of,
    merge,
    needed,
    person,
    users_among,
)
from handrail.core.people import Company, Link, Person, Subject

FORMAT = 1
CACHED = 20_000
LINKED = 200
"""How many anonymous ids of one user are read, the latest first: a shared test account must not slow its page."""

_SCHEMA = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE subjects (
  environment TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (environment, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE companies (
  environment TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (environment, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE links (
  environment TEXT NOT NULL, anonymous_id TEXT NOT NULL, user_id TEXT NOT NULL,
  timestamp INTEGER NOT NULL, message_id TEXT NOT NULL, PRIMARY KEY (environment, anonymous_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_user ON links (environment, user_id);
CREATE TABLE aliases (
  environment TEXT NOT NULL, id TEXT NOT NULL, canonical TEXT NOT NULL, PRIMARY KEY (environment, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_canonical ON aliases (environment, canonical);
CREATE TABLE counters (
  environment TEXT NOT NULL, id TEXT NOT NULL, zone TEXT NOT NULL, PRIMARY KEY (environment, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE followed (position INTEGER NOT NULL) STRICT;
INSERT INTO followed VALUES (0);
PRAGMA user_version = 1;
COMMIT;
"""

# One row in, one row out: a statement that steps once takes the interpreter's lock once, not once a row. Bodies are put
# together as the JSON they are, which no function of SQLite has to read again.
_FIND = """
SELECT '{{' || coalesce(group_concat(json_quote(s.id) || ':' || s.body), '') || '}}'
FROM json_each(?2) AS k CROSS JOIN {table} AS s ON s.environment = ?1 AND s.id = k.value
"""
_FIND_LINKS = """
SELECT json_group_array(json_array(s.environment, s.anonymous_id, s.user_id, s.timestamp, s.message_id))
FROM json_each(?) AS k CROSS JOIN links AS s ON s.environment = k.value ->> 0 AND s.anonymous_id = k.value ->> 1
"""
_FIND_ALIASES = """
SELECT json_group_array(DISTINCT json_array(s.environment, s.id, s.canonical))
FROM json_each(?) AS k
CROSS JOIN aliases AS one ON one.environment = k.value ->> 0 AND one.id = k.value ->> 1
CROSS JOIN aliases AS s ON s.environment = one.environment AND s.canonical = one.canonical
"""
_OWNERS = """
SELECT json_group_array(json_array(s.anonymous_id, s.user_id))
FROM json_each(?2) AS k CROSS JOIN links AS s ON s.environment = ?1 AND s.anonymous_id = k.value
"""
_SETS = """
SELECT json_group_array(json_array(one.id, s.id))
FROM json_each(?2) AS k
CROSS JOIN aliases AS one ON one.environment = ?1 AND one.id = k.value
CROSS JOIN aliases AS s ON s.environment = ?1 AND s.canonical = one.canonical
"""
_DEVICES = """
SELECT json_group_array(json_array(user_id, json(devices))) FROM (
  SELECT k.value AS user_id, (
    SELECT json_group_array(anonymous_id) FROM (
      SELECT anonymous_id FROM links WHERE environment = ?1 AND user_id = k.value
      ORDER BY timestamp DESC, message_id DESC LIMIT ?3
    )
  ) AS devices
  FROM json_each(?2) AS k
) WHERE devices <> '[]'
"""
_PUT = """
INSERT INTO {table} SELECT ?1, key, value FROM json_each(?2) WHERE true
ON CONFLICT DO UPDATE SET body = excluded.body
"""
_PUT_LINKS = """
INSERT INTO links SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) WHERE true
ON CONFLICT DO UPDATE SET user_id = excluded.user_id, timestamp = excluded.timestamp, message_id = excluded.message_id
"""
_PUT_ALIASES = """
INSERT INTO aliases SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
ON CONFLICT DO UPDATE SET canonical = excluded.canonical
"""

_SUBJECT = msgspec.json.Decoder(Subject)
_COMPANY = msgspec.json.Decoder(Company)
_SUBJECTS = msgspec.json.Decoder(dict[str, Subject])
_COMPANIES = msgspec.json.Decoder(dict[str, Company])
_LINKS = msgspec.json.Decoder(list[tuple[str, str, str, int, str]])
_ALIASES = msgspec.json.Decoder(list[tuple[str, str, str]])
_PAIRS = msgspec.json.Decoder(list[tuple[str, str]])
_LISTS = msgspec.json.Decoder(list[tuple[str, list[str]]])
_encode = msgspec.json.encode

Rules: TypeAlias = Callable[[str], FoldRules]
_Row = TypeVar("_Row", Subject, Company)


class StateWriter:
    """The connection that folds. One thread at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._state = State()
        """Rows as they are with what was joined: subjects met lately, and of the others what a save will write."""
        self._changed = Keys()
        try:
            run = self._connection.execute
            version = run("PRAGMA user_version").get
            if version > FORMAT:
                raise Conflict(f"{str(path)!r} was written by a newer Handrail; run that one, or a later one.")
            if version == 0:
                run(_SCHEMA).fetchall()
            run("PRAGMA synchronous = NORMAL")
            run("PRAGMA fullfsync = ON")
            run("PRAGMA cache_size = -32768")
            self.position: int = run("SELECT position FROM followed").get
            """Of the last event in the file."""
            self.joined = self.position
            """Of the last event joined; the same once it is saved."""
        except BaseException:
            self._connection.close(True)
            raise

    def fold(self, events: Sequence[Event], position: int, rules: Rules) -> set[Key]:
        """`join` and `save` in one."""
        self.join(events, position, rules)
        return self.save()

    def join(self, events: Sequence[Event], position: int, rules: Rules) -> None:
        """Join events, of which the last stands at `position`, into rows in memory; `save` writes them.

        On an error nothing is left of what was joined since the last save.
        """
        try:
            self._load(needed(events, self._state.subjects))
            self._changed.update(fold(self._state, events, rules))
        except BaseException:
            self._forget()
            raise
        self.joined = position

    def save(self) -> set[Key]:
        """Write what was joined. All of it or, on apsw.Error, nothing, and nothing is left of it in memory either.

        Returns the rows that changed, as `persons` names them.
        """
        state, changed = self._state, self._changed
        try:
            with self._connection:
                self._save(state, changed)
                self._connection.execute("UPDATE followed SET position = ?", (self.joined,))
        except BaseException:
            self._forget()
            raise
        self.position = self.joined
        subjects = state.subjects
        if len(subjects) > CACHED:
            for key in list(islice(subjects, len(subjects) - CACHED)):
                del subjects[key]
        self._state, self._changed = State(subjects), Keys()
        return rows_touched(state, changed)

    def unsaved(self) -> int:
        """How many subjects a save would write."""
        return len(self._changed.subjects)

    def known_counters(self, environment: str, zone: str) -> frozenset[str]:
        """The counters whose counts are complete, their days in `zone`."""
        found = self._connection.execute(
            "SELECT id FROM counters WHERE environment = ? AND zone = ?", (environment, zone)
        )
        return frozenset(counter for (counter,) in found)

    def counts_by(self, environment: str, rules: FoldRules) -> bool:
        """Whether the counts are exactly those that `rules` name."""
        total: int = self._connection.execute("SELECT count(*) FROM counters WHERE environment = ?", (environment,)).get
        wanted = rules.counter_ids()
        return total == len(wanted) and wanted == self.known_counters(environment, rules.zone)

    def counted_environments(self) -> set[str]:
        """The environments that have counters."""
        return {environment for (environment,) in self._connection.execute("SELECT DISTINCT environment FROM counters")}

    def change_counters(self, environment: str, rules: FoldRules, events: Iterator[Event]) -> None:
        """Forget counts that `rules` no longer names, and count new ones over `events`: all of this state's."""
        known, wanted = self.known_counters(environment, rules.zone), rules.counter_ids()
        new = FoldRules(
            rules.zone,
            {
                name: fresh
                for name, counters in rules.counters.items()
                if (fresh := [counter for counter in counters if counter[0] not in known])
            },
        )
        self._forget()
        with self._connection:
            run = self._connection.execute
            for (counter,) in run("SELECT id FROM counters WHERE environment = ?", (environment,)).fetchall():
                if counter not in known & wanted:
                    self._forget_counter(environment, counter)
                    run("DELETE FROM counters WHERE environment = ? AND id = ?", (environment, counter))
            counted: list[Event] = []
            for event in events:
                if event.environment == environment and event.name in new.counters:
                    counted.append(event)
                if len(counted) >= 2000:
                    self._count_back(counted, new)
                    counted = []
            self._count_back(counted, new)
            for counter in wanted - known:
                run("INSERT INTO counters VALUES (?, ?, ?)", (environment, counter, rules.zone))

    def adopt_counters(self, environment: str, rules: FoldRules) -> None:
        """Note that this state counts by `rules` from its first event on. For a state that is still empty."""
        with self._connection:
            for counter in rules.counter_ids():
                self._connection.execute(
                    "INSERT OR IGNORE INTO counters VALUES (?, ?, ?)", (environment, counter, rules.zone)
                )

    def erase(self, environment: str, subjects: Collection[str]) -> int:
        """Delete these subjects' rows, their links and aliases, overwriting what was there. Returns how many."""
        run = self._connection.execute
        run("PRAGMA secure_delete = ON").fetchall()
        self._forget()
        users = [each[2:] for each in subjects if each.startswith("u:")]
        devices = [each[2:] for each in subjects if each.startswith("a:")]
        before = self._connection.total_changes()
        with self._connection:
            for query, ids in (
                (
                    "DELETE FROM subjects WHERE environment = ?1 AND id IN (SELECT value FROM json_each(?2))",
                    [*subjects],
                ),
                ("DELETE FROM links WHERE environment = ?1 AND user_id IN (SELECT value FROM json_each(?2))", users),
                (
                    "DELETE FROM links WHERE environment = ?1 AND anonymous_id IN (SELECT value FROM json_each(?2))",
                    devices,
                ),
                ("DELETE FROM aliases WHERE environment = ?1 AND id IN (SELECT value FROM json_each(?2))", users),
            ):
                run(query, (environment, _encode(ids).decode()))
        run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return self._connection.total_changes() - before

    def idle(self, environment: str, before: int, after: str, limit: int) -> dict[str, Subject]:
        """Visitors last seen before an instant and linked to nobody, by id, from behind `after`."""
        found = self._connection.execute(
            "SELECT id, body FROM subjects AS s WHERE environment = ?1 AND id > max('a:', ?3) AND id < 'a;'"
            " AND body ->> 'last_seen' < ?2 AND NOT EXISTS (SELECT 1 FROM links AS l"
            " WHERE l.environment = ?1 AND l.anonymous_id = substr(s.id, 3)) ORDER BY id LIMIT ?4",
            (environment, before, after, limit),
        )
        return {identity: _SUBJECT.decode(body) for identity, body in found}

    def unchanged(self, environment: str, subjects: Mapping[str, Subject]) -> list[str]:
        """Those of these visitors who are here just so, and linked to nobody here either."""
        run = self._connection.execute
        same: list[str] = []
        for identity, subject in subjects.items():
            body = run("SELECT body FROM subjects WHERE environment = ? AND id = ?", (environment, identity)).get
            linked = run(
                "SELECT user_id FROM links WHERE environment = ? AND anonymous_id = ?", (environment, identity[2:])
            ).get
            if body is not None and linked is None and _SUBJECT.decode(body) == subject:
                same.append(identity)
        return same

    def forget_answers(self, environment: str, before: int, after: str, limit: int) -> str:
        """Take old answers out of the next subjects behind `after`. The last one's id, "" at the end."""
        self._forget()
        run = self._connection.execute
        rows = run(
            "SELECT id, body FROM subjects WHERE environment = ? AND id > ? AND instr(body, '\"answers\"')"
            " ORDER BY id LIMIT ?",
            (environment, after, limit),
        ).fetchall()
        with self._connection:
            for identity, body in rows:
                subject = _SUBJECT.decode(body)
                if forget_answers(subject, before):
                    told = (_encode(subject).decode(), environment, identity)
                    run("UPDATE subjects SET body = ? WHERE environment = ? AND id = ?", told)
        return rows[-1][0] if len(rows) == limit else ""

    def copy_to(self, path: Path) -> None:
        """Write this state to a new file."""
        self._connection.execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        """Close the file."""
        self._connection.close(True)

    def _forget(self) -> None:
        """Drop what is in memory: rows are read anew, and what was joined and not saved is to be joined again."""
        self._state, self._changed, self.joined = State(), Keys(), self.position

    def _load(self, keys: Keys) -> None:
        """Have these rows in memory, where they exist. What is there already may be ahead of the file, and stays.

        `keys` names no subject that is there: a set of names and the thousands that are there are slow to compare.
        """
        state = self._state
        for environment, found in self._found("subjects", keys.subjects):
            for identity, subject in _SUBJECTS.decode(found).items():
                state.subjects[environment, identity] = subject
        for environment, found in self._found("companies", keys.companies):
            for identity, company in _COMPANIES.decode(found).items():
                state.companies.setdefault((environment, identity), company)
        for environment, anonymous, user, at, message in _LINKS.decode(self._find(_FIND_LINKS, keys.links)):
            state.links.setdefault((environment, anonymous), Link(Stamp(at, message), user))
        # A set that grew since the last save is in memory whole, so rows of the file never undo that.
        for environment, identity, canonical in _ALIASES.decode(self._find(_FIND_ALIASES, keys.aliases)):
            state.aliases.setdefault((environment, identity), canonical)

    def _found(self, table: str, keys: Collection[Key]) -> Iterator[tuple[str, str]]:
        """Of each environment, the rows with these keys: one JSON object of bodies by id."""
        asked: dict[str, list[str]] = {}
        for environment, identity in keys:
            asked.setdefault(environment, []).append(identity)
        for environment, ids in asked.items():
            query = _FIND.format(table=table)
            yield environment, self._connection.execute(query, (environment, _encode(ids).decode())).get

    def _find(self, query: str, keys: set[Key]) -> str:
        if not keys:
            return "[]"
        return self._connection.execute(query, (_encode(list(keys)).decode(),)).get

    def _save(self, state: State, changed: Keys) -> None:
        self._put_bodies("subjects", state.subjects, changed.subjects)
        self._put_bodies("companies", state.companies, changed.companies)
        if changed.links:
            self._put(
                _PUT_LINKS,
                [
                    (*key, (link := state.links[key]).user_id, link.stamp.timestamp, link.stamp.message_id)
                    for key in changed.links
                ],
            )
        if changed.aliases:
            self._put(_PUT_ALIASES, [(*key, state.aliases[key]) for key in changed.aliases])

    def _put_bodies(self, table: str, rows: Mapping[Key, _Row], keys: Collection[Key]) -> None:
        changed: dict[str, dict[str, _Row]] = {}
        for key in keys:
            changed.setdefault(key[0], {})[key[1]] = rows[key]
        for environment, bodies in changed.items():
            self._connection.execute(_PUT.format(table=table), (environment, _encode(bodies).decode()))

    def _put(self, statement: str, rows: Sequence[tuple[str | int, ...]]) -> None:
        self._connection.execute(statement, (_encode(rows).decode(),))

    def _count_back(self, events: Sequence[Event], rules: FoldRules) -> None:
        keys = needed(events).subjects
        self._load(Keys(subjects={key for key in keys if key not in self._state.subjects}))
        for event in events:
            count_back(self._state, event, rules)
        self._save(self._state, Keys(subjects=keys & self._state.subjects.keys()))

    def _forget_counter(self, environment: str, counter: str) -> None:
        self._connection.execute(
            "UPDATE subjects SET body = json_remove(body, ?1) WHERE environment = ?2 AND json_type(body, ?1) NOT NULL",
            (f'$.counters."{counter}"', environment),
        )


class StateReader:
    """A connection for reading beside the writer; see `begin` for answers of one moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect_to_read(path)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close(True)

    def subjects(
        self, environment: str, anonymous_id: str | None, user_id: str | None
    ) -> tuple[list[Subject], set[str]]:
        """The subjects that are this person (`core.fold.subjects_of`), and the rows read, as `persons` names them.

        A few small look-ups, each four times as quick as its part of one large statement. A commit between two of
        them does no harm: rows only ever gain.
        """
        run = self._connection.execute
        if user_id is None:
            if anonymous_id is None:
                return [], set()
            user_id = run(
                "SELECT user_id FROM links WHERE environment = ? AND anonymous_id = ?", (environment, anonymous_id)
            ).get
            if user_id is None:
                keys = ["a:" + anonymous_id]
                return self._named(environment, keys), {*keys}
        users = [user_id]
        canonical = run("SELECT canonical FROM aliases WHERE environment = ? AND id = ?", (environment, user_id)).get
        if canonical is not None:
            users = [
                user
                for (user,) in run(
                    "SELECT id FROM aliases WHERE environment = ? AND canonical = ?", (environment, canonical)
                )
            ]
        keys = ["u:" + user for user in users]
        for user in users:
            keys += [
                "a:" + anonymous
                for (anonymous,) in run(
                    "SELECT anonymous_id FROM links WHERE environment = ? AND user_id = ?"
                    " ORDER BY timestamp DESC, message_id DESC LIMIT ?",
                    (environment, user, LINKED),
                )
            ]
        read = {*keys}
        if anonymous_id is not None:
            read.add("a:" + anonymous_id)
        if canonical is not None:
            read.add("s:" + canonical)
        return self._named(environment, keys), read

    def _named(self, environment: str, keys: list[str]) -> list[Subject]:
        run = self._connection.execute
        found = (
            run("SELECT body FROM subjects WHERE environment = ? AND id = ?", (environment, key)).get for key in keys
        )
        return [_SUBJECT.decode(body) for body in found if body is not None]

    def users(self, environment: str, persons: Sequence[str]) -> dict[str, Subject]:
        """Each of these persons as `subjects` finds them, merged. A statement for all takes the lock once."""

        def found(query: str, keys: Iterable[str], *more: int) -> str:
            return self._connection.execute(query, (environment, _encode(list(keys)).decode(), *more)).get

        asked = {each: ids_of(each) for each in persons}
        owners = dict(_PAIRS.decode(found(_OWNERS, [device for device, _ in asked.values() if device is not None])))
        users = {each: user if device is None else owners.get(device) for each, (device, user) in asked.items()}
        sets: dict[str, list[str]] = {}
        for user, member in _PAIRS.decode(found(_SETS, {user for user in users.values() if user is not None})):
            sets.setdefault(user, []).append(member)
        members = {each: [] if user is None else sets.get(user, [user]) for each, user in users.items()}
        devices = dict(_LISTS.decode(found(_DEVICES, {user for each in members.values() for user in each}, LINKED)))
        keys = {
            each: [f"u:{user}" for user in mine] + [f"a:{device}" for user in mine for device in devices.get(user, ())]
            or [each]
            for each, mine in members.items()
        }
        subjects = _SUBJECTS.decode(
            found(_FIND.format(table="subjects"), {key for mine in keys.values() for key in mine})
        )
        return {
            each: merge((subjects[key] for key in mine if key in subjects), members[each])
            for each, mine in keys.items()
        }

    def company(self, environment: str, group_id: str) -> Company | None:
        """A company, if any event spoke of it."""
        found = self._connection.execute(
            "SELECT body FROM companies WHERE environment = ? AND id = ?", (environment, group_id)
        ).get
        return None if found is None else _COMPANY.decode(found)

    def position(self) -> int:
        """The position of the log that the state stands at."""
        return self._connection.execute("SELECT position FROM followed").get

    def begin(self) -> int:
        """Hold this moment until `end`. Returns its position."""
        self._connection.execute("BEGIN")
        return self.position()

    def end(self) -> None:
        """Let go of the moment."""
        self._connection.execute("ROLLBACK")

    def counters(self) -> list[tuple[str, str]]:
        """Environment and id of every counter."""
        return [(row[0], row[1]) for row in self._connection.execute("SELECT environment, id FROM counters")]

    def rows(self) -> Iterator[tuple[str, str, str, object]]:
        """Every row as (table, environment, id, value), ordered by the first three; values compare by meaning."""
        run = self._connection.execute
        for environment, identity, canonical in run("SELECT * FROM aliases ORDER BY environment, id"):
            yield "aliases", environment, identity, canonical
        for environment, identity, body in run("SELECT * FROM companies ORDER BY environment, id"):
            yield "companies", environment, identity, _COMPANY.decode(body)
        for environment, anonymous, *link in run("SELECT * FROM links ORDER BY environment, anonymous_id"):
            yield "links", environment, anonymous, tuple(link)
        for environment, identity, body in run("SELECT * FROM subjects ORDER BY environment, id"):
            yield "subjects", environment, identity, _SUBJECT.decode(body)


class SqlitePeople:
    """Folded state of one environment, read where it is asked: a few tens of microseconds, less than a thread hop."""

    def __init__(self, reader: StateReader, environment: str, known: KnownPersons) -> None:
        self._reader = reader
        self._environment = environment
        self._known = known

    async def user(self, anonymous_id: str | None, user_id: str | None) -> Subject:
        """Everything known of this person, merged."""
        subjects, read = self._reader.subjects(self._environment, anonymous_id, user_id)
        return merge(subjects, users_among(read))

    async def users(self, persons: Sequence[str]) -> dict[str, Subject]:
        """`user` for many; read in a thread, by a connection of its own."""
        return await asyncio.to_thread(self._users, persons)

    def _users(self, persons: Sequence[str]) -> dict[str, Subject]:
        reader = StateReader(self._reader.path)
        try:
            return reader.users(self._environment, persons)
        finally:
            reader.close()

    async def company(self, group_id: str) -> Company:
        """A company's attributes."""
        return self._reader.company(self._environment, group_id) or Company()

    async def person(self, anonymous_id: str | None, user_id: str | None) -> Person:
        """A user and their company in one, kept until an event touches them."""
        environment = self._environment
        asked = (environment, anonymous_id, user_id)
        if (known := self._known.get(asked)) is not None:
            return known
        subjects, read = self._reader.subjects(environment, anonymous_id, user_id)
        subject = merge(subjects, users_among(read))
        company = None
        if (group_id := company_id(subject)) is not None:
            company = self._reader.company(environment, group_id)
            read.add("c:" + group_id)
        known = person(subject, company)
        self._known.keep(asked, known, ((environment, row) for row in read))
        return known
