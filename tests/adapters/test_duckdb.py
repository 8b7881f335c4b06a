"""The analytic store follows the log: whoever it counts is who the log's people say, in any order, after any stop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.events import NOON, a_lifecycle_event, an_event

from handrail.adapters import duckdb as adapter
from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.compile.filters import property_filter
from handrail.compile.patterns import found
from handrail.compile.queries import Scope, audience
from handrail.core.conditions.counters import counter_id, counters_in
from handrail.core.conditions.evaluate import World, evaluate
from handrail.core.conditions.model import Condition, parse_condition
from handrail.core.errors import Invalid, Unavailable
from handrail.core.events import Event
from handrail.core.fold import FoldRules, facts
from handrail.core.values import day_of
from handrail.ingest.replica import EventRow, Filler
from handrail.testing.log import MemoryLog

ZONE = "Europe/Berlin"
TODAY = day_of(NOON, ZONE)
DAY = 86_400_000
CONDITIONS: list[Condition] = [
    parse_condition(each)
    for each in (
        {"attribute": "custom.plan", "operator": "is", "value": "pro"},
        {"attribute": "custom.plan", "operator": "is_not", "value": "pro"},
        {"attribute": "custom.seats", "operator": ">", "value": 2},
        {"attribute": "custom.plan", "operator": "is_set"},
        {"attribute": "native.email", "operator": "ends_with", "value": "@acme.example"},
        {"attribute": "native.first_seen", "operator": "within_last", "value": 2},
        {"attribute": "native.visits", "operator": ">=", "value": 1},
        {"attribute": "company.tier", "operator": "is", "value": "gold"},
        {"not": {"attribute": "company.tier", "operator": "is", "value": "gold"}},
        {"event": "Order Completed", "operator": ">=", "value": 2},
        {"event": "Order Completed", "operator": "=", "value": 1, "within_days": 2},
        {
            "event": "Order Completed",
            "operator": "<",
            "value": 2,
            "where": {"attribute": "property.total", "operator": ">=", "value": 10},
        },
        {"experience": "welcome", "fact": "completed"},
        {"not": {"experience": "welcome", "fact": "seen", "within_days": 1}},
        {"experience": "welcome", "fact": "snoozed"},
    )
]


def rules() -> FoldRules:
    """The counters that the conditions ask for."""
    counters: dict[str, list[Any]] = {}
    for condition in CONDITIONS:
        for leaf in counters_in(condition, {}).values():
            keeps = None if leaf.where is None else property_filter(leaf.where, ZONE)
            if all(identity != counter_id(leaf) for identity, _ in counters.setdefault(leaf.event, [])):
                counters[leaf.event].append((counter_id(leaf), keeps))
    return FoldRules(ZONE, counters)


def a_store(path: Path | None = None) -> DuckdbAnalytics:
    return DuckdbAnalytics(path, lambda environment: ZONE)


def scope() -> Scope:
    return Scope("production")


async def fill(store: DuckdbAnalytics, log: MemoryLog, limit: int = 1000) -> None:
    while await store.fill(log, limit=limit):
        pass


async def listed(store: DuckdbAnalytics, condition: Condition | None) -> set[str]:
    query = audience(condition, {}, scope=scope(), today=TODAY, zone=ZONE)
    people = await store.list(query)
    assert await store.count(query) == len(people) == len(set(people))
    return set(people)


def people_of(log: MemoryLog) -> set[str]:
    """Everybody the log knows, by the name the store gives them."""
    found: set[str] = set()
    for environment, subject in log.state.subjects:
        kind, _, identity = subject.partition(":")
        if kind == "a" and (link := log.state.links.get((environment, identity))) is not None:
            kind, identity = "u", link.user_id
        if kind == "u":
            identity = log.state.aliases.get((environment, identity), identity)
        found.add(f"{kind}:{identity}")
    return found


async def expected(log: MemoryLog, condition: Condition) -> set[str]:
    """Who satisfies a condition by the log's own people and the walk."""
    found_people: set[str] = set()
    people = log.people("production")
    for person in people_of(log):
        kind, _, identity = person.partition(":")
        subject = await people.user(*((None, identity) if kind == "u" else (identity, None)))
        company = None if subject.company is None else await people.company(str(subject.company.value))
        known = facts(subject, company, TODAY, NOON, ZONE)
        if evaluate(condition, World(known, {}, None, found)).verdict is True:
            found_people.add(person)
    return found_people


def history(draw: Random, count: int) -> list[Event]:
    """Events of a handful of people who turn out to be each other."""
    anonymous, users, companies = ("x", "y", "z"), ("ann", "bob", "cleo"), ("acme", "globex")
    events: list[Event] = []
    for number in range(count):
        at = NOON - draw.choice((0, 1, DAY, 2 * DAY, 9 * DAY)) + draw.randrange(1000)
        who: dict[str, str | None] = draw.choice(
            ({"user_id": draw.choice(users)}, {"user_id": None, "anonymous_id": draw.choice(anonymous)})
        )
        common: dict[str, Any] = {"at": at, **who}
        match draw.randrange(8):
            case 0 | 1 | 2:
                events.append(an_event(f"m{number}", properties={"total": draw.randrange(20)}, **common))
            case 3:
                traits = {"plan": draw.choice(("pro", "trial", None, 3)), "seats": draw.randrange(5)}
                traits |= {"email": draw.choice(("jo@acme.example", "jo@globex.example"))}
                events.append(an_event(f"m{number}", "identify", traits=traits, **common))
            case 4:
                both: dict[str, Any] = {"user_id": draw.choice(users), "anonymous_id": draw.choice(anonymous)}
                events.append(an_event(f"m{number}", "identify", at=at, traits={}, **both))
            case 5:
                pair: dict[str, Any] = {"user_id": draw.choice(users), "previous_id": draw.choice((*users, *anonymous))}
                events.append(an_event(f"m{number}", "alias", at=at, **pair))
            case 6:
                tier = {"tier": draw.choice(("gold", "tin"))}
                events.append(an_event(f"m{number}", "group", traits=tier, group_id=draw.choice(companies), **common))
            case _:
                name = draw.choice(("experience_seen", "experience_completed", "experience_snoozed"))
                events.append(a_lifecycle_event(f"m{number}", name, "welcome", at=at, until=at + DAY))
    return events


@given(draw=st.randoms(use_true_random=False), limit=st.integers(1, 30))
@settings(max_examples=25, deadline=None)
async def test_the_store_counts_whom_the_log_knows(draw: Random, limit: int) -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    events = history(draw, 30)
    # Filled in between, so that people are linked before and behind what the store has seen.
    for part in (events[:10], events[10:20], events[20:]):
        await log.append(part)
        await fill(store, log, limit)
    assert await listed(store, None) == people_of(log)
    for condition in CONDITIONS:
        assert await listed(store, condition) == await expected(log, condition), condition
    store.close()


async def test_a_store_that_is_opened_again_goes_on_where_it_stood(tmp_path: Path) -> None:
    log, path = MemoryLog({"production": rules()}), tmp_path / "analytics.duckdb"
    events = history(Random(7), 60)
    await log.append(events[:40])
    store = a_store(path)
    await store.fill(log, limit=25)
    assert store.position == 25
    store.close()
    await log.append(events[40:])
    store = a_store(path)
    assert store.position == 25
    await fill(store, log)
    for condition in CONDITIONS:
        assert await listed(store, condition) == await expected(log, condition)
    store.close()


async def test_a_write_that_fails_half_way_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    await log.append(history(Random(3), 30))
    broken = DuckdbAnalytics._insert_experiences

    def fails(self: DuckdbAnalytics, people: object) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(DuckdbAnalytics, "_insert_experiences", fails)
    with pytest.raises(duckdb.IOException):
        await store.fill(log)
    assert store.position == 0
    monkeypatch.setattr(DuckdbAnalytics, "_insert_experiences", broken)
    assert await listed(store, None) == set()
    await fill(store, log)
    for condition in CONDITIONS:
        assert await listed(store, condition) == await expected(log, condition)


async def test_an_event_that_cannot_be_kept_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    await log.append([an_event(f"m{at}", properties={"total": at}) for at in range(20)])
    whole = Filler._event

    def picky(self: Filler, event: Event, position: int) -> EventRow:
        if event.message_id == "m13":
            raise ValueError("no such thing")
        return whole(self, event, position)

    monkeypatch.setattr(Filler, "_event", picky)
    await fill(store, log)
    assert store.position == 20
    condition = parse_condition({"event": "Order Completed", "operator": "=", "value": 19})
    assert await listed(store, condition) == {"u:ann"}


async def test_environments_do_not_see_each_other() -> None:
    log, store = MemoryLog(), a_store()
    await log.append([an_event("m1", environment="production"), an_event("m2", environment="staging", user_id="bob")])
    await fill(store, log)
    assert await listed(store, None) == {"u:ann"}
    query = audience(None, {}, scope=Scope("staging"), today=TODAY, zone=ZONE)
    assert await store.list(query) == ["u:bob"]


async def test_a_long_list_comes_in_pages() -> None:
    log, store = MemoryLog(), a_store()
    await log.append([an_event(f"m{at}", user_id=f"user{at:03}") for at in range(50)])
    await fill(store, log)
    query = audience(None, {}, scope=scope(), today=TODAY, zone=ZONE)
    pages: list[str] = []
    while page := await store.list(query, after=pages[-1] if pages else "", limit=20):
        assert len(page) <= 20
        pages += page
    assert pages == [f"u:user{at:03}" for at in range(50)]


async def test_an_attribute_past_the_last_column_is_refused_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MAX_COLUMNS", 6)
    log, store = MemoryLog(), a_store()
    await log.append([an_event("m1", "identify", traits={f"trait{at}": at for at in range(10)})])
    await fill(store, log)
    asked = {at: parse_condition({"attribute": f"custom.trait{at}", "operator": "=", "value": at}) for at in (0, 9)}
    assert await listed(store, asked[0]) == {"u:ann"}
    with pytest.raises(Invalid, match=r"custom\.trait9"):
        await listed(store, asked[9])


def test_a_second_process_is_refused_in_one_sentence(tmp_path: Path) -> None:
    store = a_store(tmp_path / "analytics.duckdb")
    program = (
        "import sys, pathlib\n"
        "from handrail.adapters.duckdb import DuckdbAnalytics\n"
        "from handrail.core.errors import Unavailable\n"
        "try:\n"
        "    DuckdbAnalytics(pathlib.Path(sys.argv[1]), lambda environment: 'UTC')\n"
        "except Unavailable as problem:\n"
        "    print(problem.message)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "analytics.duckdb")], capture_output=True, text=True, check=True
    )
    store.close()
    assert "Another process has the analytic store" in told.stdout


def test_a_store_of_another_version_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "analytics.duckdb"
    a_store(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE meta SET version = 99")
    with pytest.raises(Unavailable, match="newer Handrail"):
        a_store(path)
