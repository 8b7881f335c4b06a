"""Counts, funnels and uniques beside hand-written DuckDB SQL over the same rows, and one user in 200 segments.

Both sides stand in one DuckDB file that is made once and kept under `bench/.cache`. Ours are the store's own tables,
asked through the printed SQL; the hand-written side has typed columns without environments, and events by user with
anonymous subjects resolved beforehand, which is what somebody would make for just these questions. Answers are
compared before anything is timed; rounds alternate, medians are of CPU time of the whole process unless a row says
wall.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from handrail.adapters.duckdb import LATE, DuckdbAnalytics
from handrail.compile.predicates import compile_audiences
from handrail.core.conditions.counters import counter_id
from handrail.core.conditions.model import Condition, EventCondition, parse_condition
from handrail.core.people import ExperienceState, Facts
from handrail.core.values import day_of, day_start
from handrail.ingest.replica import Batch, EventRow, PersonRow
from handrail.workspace.questions.ask import Place, ask
from handrail.workspace.questions.model import CountUsers, Did, FunnelOfSteps, Question, UniquesPerDay

CACHE = Path(__file__).parent / ".cache"
ZONE = "UTC"
NOON = 1_795_600_000_000
TODAY = day_of(NOON, ZONE)
MONTH = day_start(TODAY - 29, ZONE)
PLACE = Place("production", {}, TODAY, ZONE)
USERS, MANY_USERS, EVENTS, ACTIVE = 1_000_000, 10_000_000, 10_000_000, 400_000
ROUNDS = 5
DAY = 86_400_000

AUDIENCE = parse_condition(
    {
        "all": [
            {"attribute": "custom.plan", "operator": "one_of", "value": ["pro", "enterprise"]},
            {
                "any": [
                    {"attribute": "custom.country", "operator": "is", "value": "C07"},
                    {"attribute": "custom.seats", "operator": ">=", "value": 100},
                ]
            },
            {"attribute": "native.last_seen", "operator": "within_last", "value": 30},
        ]
    }
)
AUDIENCE_SQL = f"""
SELECT count(*) FROM hand_users
WHERE plan IN ('pro', 'enterprise') AND (country = 'C07' OR seats >= 100)
  AND last_seen >= {MONTH} AND last_seen < {day_start(TODAY + 1, ZONE)}
"""
REGULARS = parse_condition({"event": "e03", "operator": ">=", "value": 3, "within_days": 30})
REGULARS_SQL = f"""
SELECT count(*) FROM (SELECT person FROM hand_events WHERE name = 'e03' AND day BETWEEN {TODAY - 29} AND {TODAY}
                      GROUP BY person HAVING count(*) >= 3)
"""
STEPS = ("e01", "e02", "e03", "e04")
FUNNEL = FunnelOfSteps(steps=tuple(Did(each) for each in STEPS), days=90)
FUNNEL_SQL = f"""
WITH f1 AS (SELECT person, min(instant) t FROM hand_events WHERE name = 'e01' AND day > {TODAY - 90} GROUP BY person),
{
    ", ".join(
        f'''f{at} AS (SELECT e.person, min(e.instant) t FROM hand_events e JOIN f{at - 1} f USING (person)
  WHERE e.name = 'e0{at}' AND e.day > {TODAY - 90} AND e.instant > f.t GROUP BY e.person)'''
        for at in (2, 3, 4)
    )
}
SELECT (SELECT count(*) FROM f1), (SELECT count(*) FROM f2), (SELECT count(*) FROM f3), (SELECT count(*) FROM f4)
"""
WEEK = 7 * DAY
TIMED = FunnelOfSteps(steps=FUNNEL.steps, days=90, within_hours=7 * 24)
_OVER = "OVER (PARTITION BY person ORDER BY instant RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
TIMED_SQL = f"""
WITH s AS (SELECT person, instant, name FROM hand_events
           WHERE day > {TODAY - 90} AND name IN ('e01', 'e02', 'e03', 'e04')),
a AS (SELECT *, max(CASE WHEN name = 'e01' THEN instant END) {_OVER} b FROM s),
b AS (SELECT person, instant, name, CASE WHEN name = 'e02' AND instant <= b + {WEEK} THEN b END c2 FROM a),
c AS (SELECT *, max(c2) {_OVER} b FROM b),
d AS (SELECT person, instant, name, c2, CASE WHEN name = 'e03' AND instant <= b + {WEEK} THEN b END c3 FROM c),
e AS (SELECT *, max(c3) {_OVER} b FROM d),
f AS (SELECT person, bool_or(name = 'e01') r1, bool_or(c2 IS NOT NULL) r2, bool_or(c3 IS NOT NULL) r3,
             bool_or(name = 'e04' AND instant <= b + {WEEK} AND b IS NOT NULL) r4 FROM e GROUP BY person)
SELECT count(*) FILTER (r1), count(*) FILTER (r2), count(*) FILTER (r3), count(*) FILTER (r4) FROM f
"""
UNIQUES = UniquesPerDay(event="e00", days=90)
UNIQUES_SQL = f"""
SELECT day, count(DISTINCT person) FROM hand_events WHERE name = 'e00' AND day > {TODAY - 90} GROUP BY day ORDER BY day
"""


def rows() -> list[dict[str, object]]:
    """The table's rows."""
    return asyncio.run(_rows())


async def _rows() -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    store = made("users", lambda connection, names: make_users(connection, names, USERS))
    found.append(
        await _beside(store, f"audience count, {USERS:,} users, CPU ms", CountUsers(audience=AUDIENCE), AUDIENCE_SQL)
    )
    found.append(await _live(store))
    store.close()
    store = made("events", make_events)
    asked: list[tuple[str, Question, str]] = [
        ("users with an event 3 times in 30 days", CountUsers(audience=REGULARS), REGULARS_SQL),
        ("four-step funnel", FUNNEL, FUNNEL_SQL),
        ("four-step funnel within 7 days", TIMED, TIMED_SQL),
        ("exact daily uniques, 90 days", UNIQUES, UNIQUES_SQL),
    ]
    for what, question, sql in asked:
        found.append(await _beside(store, f"{what}, {EVENTS:,} events, CPU ms", question, sql))
    connection_of(store).execute(
        f"INSERT INTO late SELECT 'production', subject, person FROM persons ORDER BY subject LIMIT {LATE}"
    )
    store.close()
    store = made("events", make_events)
    for what, question, sql in asked:
        late = f"{what}, {LATE:,} subjects late, CPU ms"
        found.append(await _beside(store, late, question, sql) | {"goal": "", "met": None})
    connection_of(store).execute("DELETE FROM late")
    store.close()
    store = made("many-users", lambda connection, names: make_users(connection, names, MANY_USERS))
    found.append(await _many(store))
    store.close()
    found.append(_membership())
    return found


async def _beside(store: DuckdbAnalytics, what: str, question: Question, sql: str) -> dict[str, object]:
    """Ours beside hand-written SQL: milliseconds of CPU."""
    connection = connection_of(store)

    async def ours() -> list[int]:
        table = await ask(question, PLACE, store)
        at = 2 if "step" in table.columns else table.columns.index("users")
        return [int(str(row[at])) for row in table.rows]

    async def by_hand() -> list[int]:
        answer = await asyncio.to_thread(lambda: connection.cursor().execute(sql).fetchall())
        return [int(row[-1]) for row in answer] if len(answer) > 1 else [int(each) for each in answer[0]]

    assert await ours() == await by_hand(), what
    mine, theirs = [], []
    for _ in range(ROUNDS):
        for asked, times in ((ours, mine), (by_hand, theirs)):
            before = time.process_time()
            await asked()
            times.append((time.process_time() - before) * 1000)
    one, other = statistics.median(mine), statistics.median(theirs)
    return _row(what + " (limit: SQL by hand)", one, other, "<= 1.2x by hand", one <= 1.2 * other)


def _row(what: str, ours: float, limit: float | None, goal: str, met: bool) -> dict[str, object]:
    return {
        "bench": "analytics",
        "what": what,
        "ours": round(ours, 2),
        "limit": None if limit is None else round(limit, 2),
        "ratio_to_limit": None if limit is None else round(ours / limit, 2),
        "goal": goal,
        "met": met,
    }


async def _live(store: DuckdbAnalytics) -> dict[str, object]:
    """What an editor waits for, each time with another number in the condition."""
    walls: list[float] = []
    for seats in range(40):
        value = {"all": [{"attribute": "custom.seats", "operator": ">=", "value": seats}]}
        both = parse_condition({"any": [value, {"attribute": "custom.role", "operator": "is_not", "value": "viewer"}]})
        started = time.perf_counter()
        await ask(CountUsers(audience=both), PLACE, store)
        walls.append((time.perf_counter() - started) * 1000)
    p95 = statistics.quantiles(walls, n=20)[-1]
    return _row(f"live count while typing, {USERS:,} users, p95 wall ms", p95, 100, "<= 100 ms", p95 <= 100)


async def _many(store: DuckdbAnalytics) -> dict[str, object]:
    walls: list[float] = []
    for _ in range(2 * ROUNDS):
        started = time.perf_counter()
        await ask(CountUsers(audience=AUDIENCE), PLACE, store)
        walls.append((time.perf_counter() - started) * 1000)
    wall = statistics.median(walls)
    return _row(f"audience count, {MANY_USERS:,} users, wall ms", wall, 200, "< 200 ms", wall < 200)


SEGMENTS = 200


def _membership() -> dict[str, object]:
    """One user's membership in 200 segments, as a boot asks it: CPU microseconds."""
    draw = random.Random(11)
    segments: dict[str, Condition] = {}
    counted: dict[str, dict[int, int]] = {}
    for number in range(SEGMENTS):
        leaves: list[dict[str, object]] = [
            {"attribute": "custom.plan", "operator": "is", "value": draw.choice(("pro", "team", "trial"))},
            {"attribute": "custom.seats", "operator": ">=", "value": draw.randrange(100)},
            {"attribute": "native.last_seen", "operator": "within_last", "value": draw.choice((7, 30, 90))},
            {
                "attribute": "custom.country",
                "operator": "one_of",
                "value": [f"C{draw.randrange(30):02}" for _ in "abc"],
            },
            {"event": f"e{draw.randrange(20):02}", "operator": ">=", "value": 2, "within_days": draw.choice((7, 30))},
            {"experience": f"x{draw.randrange(10)}", "fact": "seen"},
        ]
        if number:
            leaves.append({"segment": f"s{draw.randrange(min(number, 20))}", "member": draw.random() < 0.5})
        word = draw.choice(("all", "any", "any"))
        segments[f"s{number}"] = parse_condition({word: draw.sample(leaves, 4) if number >= 20 else leaves[:4]})
    for name in range(20):
        for condition in segments.values():
            for leaf in getattr(condition, "all", getattr(condition, "any", ())):
                if isinstance(leaf, EventCondition) and leaf.event == f"e{name:02}":
                    counted[counter_id(leaf)] = {TODAY - draw.randrange(60): draw.randrange(1, 4) for _ in range(12)}
    predicate = compile_audiences(list(segments.values()), segments, ZONE)
    users = [
        Facts(
            native={"last_seen": f"2026-11-{draw.randrange(1, 25):02}T10:00:00.000Z"},
            custom={
                "plan": draw.choice(("pro", "team", "trial")),
                "seats": float(draw.randrange(200)),
                "country": f"C{draw.randrange(30):02}",
            },
            experiences={f"x{at}": ExperienceState(first_seen=1, last_seen=1) for at in draw.sample(range(10), 3)},
            events=counted,
            today=TODAY,
            now=NOON,
            zone=ZONE,
        )
        for _ in range(500)
    ]
    taken: list[float] = []
    for _ in range(7):
        before = time.process_time()
        for user in users:
            predicate(user)
        taken.append((time.process_time() - before) / len(users) * 1e6)
    each = statistics.median(taken)
    return _row(f"one user in {SEGMENTS} segments, CPU us", each, 150, "<= 150 us", each <= 150)


# What is asked.

Names = Callable[[str], str]


def made(name: str, make: Callable[[duckdb.DuckDBPyConnection, Names], None]) -> DuckdbAnalytics:
    """The store of this name, made the first time."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"{name}.duckdb"
    if not path.exists():
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        store = DuckdbAnalytics(part, lambda environment: ZONE)
        known: dict[str, object] = {
            "native.last_seen": "2026-11-24T10:00:00.000Z",
            "native.first_seen": "2026-11-24T10:00:00.000Z",
            "custom.plan": "pro",
            "custom.country": "C01",
            "custom.role": "viewer",
            "custom.team": "T1",
            "custom.seats": 1.0,
            "custom.score": 1.0,
            "custom.is_admin": True,
            "custom.tags": ["beta"],
        }
        # One row makes the columns; it goes again with its environment.
        event = EventRow("columns", "u:x", "x", NOON, {"total": 1.0})
        person = PersonRow("columns", "u:x", known)  # pyright: ignore[reportArgumentType] attribute values all
        store.write(Batch(people=[person], events=[event]))
        connection = connection_of(store)
        names: dict[tuple[str, str], str] = {
            (attribute, kind): column
            for attribute, kind, column in connection.execute("SELECT attribute, kind, name FROM columns").fetchall()
        }
        for table in ("people", "events"):
            connection.execute(f"DELETE FROM {table}")

        def named(words: str) -> str:
            attribute, kind = words.split(" ")
            return names[attribute, kind]

        # Making rows in one go wants more than asking about them.
        connection.execute("SET memory_limit = '4GB'")
        make(connection, named)
        connection.execute("CHECKPOINT")
        store.close()
        part.rename(path)
    return DuckdbAnalytics(path, lambda environment: ZONE)


def connection_of(store: DuckdbAnalytics) -> duckdb.DuckDBPyConnection:
    """The store's connection: the bench makes rows faster than the log could."""
    return store._connection  # pyright: ignore[reportPrivateUsage]


DRAW = "CREATE OR REPLACE TEMP MACRO draw(i, salt, n) AS CAST(hash(i * 32 + salt) % n AS BIGINT)"


def make_users(connection: duckdb.DuckDBPyConnection, named: Names, count: int) -> None:
    """Users with ten attributes, in the store's columns and in a table made by hand."""
    connection.execute(DRAW)
    connection.execute(
        f"""
CREATE TEMP TABLE drawn AS SELECT
  'u:' || i AS person,
  ['trial', 'pro', 'team', 'enterprise'][1 + draw(i, 1, 4)] AS plan,
  'C' || lpad(CAST(draw(i, 2, 30) AS VARCHAR), 2, '0') AS country,
  ['viewer', 'editor', 'admin', 'owner'][1 + draw(i, 3, 4)] AS role,
  'T' || CAST(draw(i, 4, 50) AS VARCHAR) AS team,
  CAST(draw(i, 5, 200) AS DOUBLE) AS seats,
  CAST(draw(i, 6, 1000) AS DOUBLE) / 10 AS score,
  CAST({NOON} - draw(i, 7, {120 * DAY}) AS BIGINT) AS last_seen,
  CAST({NOON} - draw(i, 8, {700 * DAY}) AS BIGINT) AS first_seen,
  draw(i, 9, 10) = 0 AS is_admin,
  CASE draw(i, 10, 3) WHEN 0 THEN ['sbeta'] WHEN 1 THEN ['sbeta', 'svip'] ELSE ['sold'] END AS tags
FROM range({count}) r(i)"""
    )
    connection.execute("CREATE TABLE hand_users AS FROM drawn")
    columns = {
        "custom.plan text": "plan",
        "custom.country text": "country",
        "custom.role text": "role",
        "custom.team text": "team",
        "custom.seats number": "seats",
        "custom.score number": "score",
        "native.last_seen date": "last_seen",
        "native.last_seen text": "strftime(make_timestamp(last_seen * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')",
        "native.first_seen date": "first_seen",
        "native.first_seen text": "strftime(make_timestamp(first_seen * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')",
        "custom.is_admin boolean": "is_admin",
        "custom.tags list": "tags",
    }
    targets = ", ".join(named(each) for each in columns)
    connection.execute(
        f"INSERT INTO people (environment, person, {targets})"
        f" SELECT 'production', person, {', '.join(columns.values())} FROM drawn"
    )


def make_events(connection: duckdb.DuckDBPyConnection, named: Names) -> None:
    """Ten million events of 400,000 users over 90 days; one in twenty came before its user was known."""
    connection.execute(DRAW)
    connection.execute(
        f"""
CREATE TEMP TABLE drawn AS SELECT
  CAST(draw(i, 1, {ACTIVE}) AS BIGINT) AS who,
  draw(i, 2, 20) = 0 AS unknown,
  'e' || lpad(CAST(greatest(0, CAST(draw(i, 3, 30) AS INTEGER) - 10) AS VARCHAR), 2, '0') AS name,
  CAST({NOON} - draw(i, 4, {90 * DAY}) AS BIGINT) AS instant,
  CAST(draw(i, 5, 500) AS DOUBLE) AS total
FROM range({EVENTS}) r(i)"""
    )
    day = f"CAST(instant // {DAY} + {day_of(0, ZONE)} AS INTEGER)"
    connection.execute(
        f"CREATE TABLE hand_events AS SELECT 'u:' || who AS person, name, instant, {day} AS day, total"
        " FROM drawn ORDER BY person, instant"
    )
    connection.execute(
        f"INSERT INTO events (environment, person, subject, name, instant, day, {named('property.total number')})"
        f" SELECT 'production', 'u:' || who AS person, CASE WHEN unknown THEN 'a:' ELSE 'u:' END || who, name, instant,"
        f" {day}, total FROM drawn ORDER BY person, instant"
    )
    connection.execute(
        "INSERT INTO persons SELECT DISTINCT 'production', 'a:' || who, 'u:' || who FROM drawn WHERE unknown"
    )
    connection.execute(
        f"INSERT INTO people (environment, person) SELECT 'production', 'u:' || i FROM range({ACTIVE}) r(i)"
    )


__all__: Sequence[str] = ("rows",)
