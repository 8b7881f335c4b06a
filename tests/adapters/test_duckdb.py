"""The analytic store follows the log: whoever it counts is who the log's people say, in any order, after any stop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.adapters import duckdb as adapter
from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.compile.queries import Column, Kind, Scope, audience
from handrail.core.conditions.model import parse_condition
from handrail.core.errors import Invalid, Unavailable
from handrail.core.events import Event
from handrail.core.retention import Leaving
from handrail.ingest import filler as filling
from handrail.ingest import store as columns
from handrail.ingest.filler import Filler
from handrail.ingest.replica import EventRow
from handrail.testing.log import MemoryLog
from tests.support.earlier import first_analytics
from tests.support.events import NOON, an_event
from tests.support.replica import (
    CONDITIONS,
    TODAY,
    ZONE,
    expected,
    fill,
    history,
    listed,
    people_of,
    rules,
    scope,
)


def a_store(path: Path | None = None) -> DuckdbAnalytics:
    return DuckdbAnalytics(path, lambda environment: ZONE)


@given(draw=st.randoms(use_true_random=False), limit=st.integers(1, 30))
@settings(max_examples=25)
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
    whole = filling.event_row

    def picky(event: Event, position: int, subject: str) -> EventRow:
        if event.message_id == "m13":
            raise ValueError("no such thing")
        return whole(event, position, subject)

    monkeypatch.setattr(filling, "event_row", picky)
    await fill(store, log)
    assert store.position == 20
    condition = parse_condition({"event": "Order Completed", "operator": "=", "value": 19})
    assert await listed(store, condition) == {"u:ann"}


async def test_a_step_ends_where_its_events_are_long_and_writes_its_rows_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filling, "BATCH_BYTES", 1500)
    monkeypatch.setattr(adapter, "ROWS_AT_ONCE", 3)
    log, store = MemoryLog({"production": rules()}), a_store()
    await log.append([an_event(f"m{at}", user_id=f"u{at % 9}", properties={"note": "x" * 500}) for at in range(20)])
    await store.fill(log)
    assert 0 < store.position < 5
    await fill(store, log)
    found = store._connection.execute("SELECT count(*), count(DISTINCT person) FROM events").fetchone()
    assert found == (20, 9)
    assert await listed(store, None) == people_of(log)


async def test_values_are_kept_to_the_letter_and_the_last_bit() -> None:
    words = ["", "a\0b", "\u007f\ue000", "\U0001f600", "'\"\\\n", "é", "null", "1"]
    numbers = [0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 2.0**53 + 2, -1e22]
    log, store = MemoryLog(), a_store()
    await log.append([an_event(f"w{at}", properties={"word": word}) for at, word in enumerate(words)])
    await log.append([an_event(f"n{at}", properties={"number": number}) for at, number in enumerate(numbers)])
    await log.append([an_event("b", properties={"truth": False}), an_event("l", properties={"many": ["a\0", "é"]})])
    await log.append([an_event("e", properties={"many": []}), an_event("huge", properties={"number": 10**400})])
    await log.append([an_event("words", "identify", user_id="\0 '\U0001f600", traits={"plan": "a\0b"})])
    await fill(store, log)

    def kept(name: str, kind: Kind) -> list[object]:
        column = store.column(Column(f"property.{name}", kind))
        rows = store._connection.execute(f"SELECT {column} FROM events WHERE {column} IS NOT NULL").fetchall()
        return [row[0] for row in rows]

    assert kept("word", "text") == words
    assert [repr(each) for each in kept("number", "number")] == [repr(each) for each in numbers]
    assert kept("truth", "boolean") == [False]
    assert kept("many", "list") == [["sa\0", "sé"], []]
    assert await listed(store, parse_condition({"attribute": "custom.plan", "operator": "is", "value": "a\0b"})) == {
        "u:\0 '\U0001f600"
    }


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
    monkeypatch.setattr(columns, "MAX_COLUMNS", 6)
    log, store = MemoryLog(), a_store()
    await log.append([an_event("m1", "identify", traits={f"trait{at}": at for at in range(10)})])
    await fill(store, log)
    asked = {at: parse_condition({"attribute": f"custom.trait{at}", "operator": "=", "value": at}) for at in (0, 9)}
    assert await listed(store, asked[0]) == {"u:ann"}
    with pytest.raises(Invalid, match=r"custom\.trait9"):
        await listed(store, asked[9])


async def test_names_that_somebody_made_up_do_not_stop_the_store(tmp_path: Path) -> None:
    """Within the memory that DuckDB is given: all three tables at their widest, and rows written over."""
    log, store = MemoryLog(), a_store(tmp_path / "analytics.duckdb")
    for number in range(3):
        names = {f"n{number}_{at}": "v" for at in range(columns.MAX_COLUMNS)}
        who = f"wide{number}"
        await log.append(
            [
                an_event(f"i{number}", "identify", traits=names, user_id=who),
                an_event(f"g{number}", "group", group_id=f"g{number}", traits=names, user_id=who),
                an_event(f"t{number}", properties=names, user_id=who),
            ]
        )
        await fill(store, log)
    await log.append(
        [an_event(f"again{at}", "identify", at=NOON + 1, user_id=f"wide{at}", traits={"n0_0": "w"}) for at in range(3)]
    )
    await fill(store, log)
    assert await listed(store, parse_condition({"attribute": "custom.n0_0", "operator": "is", "value": "w"})) == {
        "u:wide0", "u:wide1", "u:wide2",
    }  # fmt: skip
    store.close()


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


async def test_two_fills_at_once_count_once() -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    await log.append([an_event(f"m{at}") for at in range(20)])
    await asyncio.gather(*(store.fill(log, limit=7) for _ in range(6)))
    await fill(store, log)
    assert await listed(store, parse_condition({"event": "Order Completed", "operator": "=", "value": 20})) == {"u:ann"}
    store.close()


@pytest.mark.parametrize("kept", [0, 100, 20_000])
async def test_a_file_that_was_cut_short_is_put_aside_and_filled_again(kept: int, tmp_path: Path) -> None:
    log, path = MemoryLog({"production": rules()}), tmp_path / "analytics.duckdb"
    await log.append(history(Random(5), 40))
    store = a_store(path)
    await fill(store, log)
    store.close()
    path.write_bytes(path.read_bytes()[:kept])
    told: list[str] = []
    store = DuckdbAnalytics(path, lambda environment: ZONE, told.append)
    if kept:
        assert "put aside as 'analytics.duckdb.damaged'" in told[0]
        assert (tmp_path / "analytics.duckdb.damaged").exists()
    await fill(store, log)
    assert await listed(store, None) == people_of(log)
    for condition in CONDITIONS:
        assert await listed(store, condition) == await expected(log, condition), condition
    store.close()


@given(draw=st.randoms(use_true_random=False), limit=st.integers(1, 30))
@settings(max_examples=25)
async def test_what_late_subjects_did_counts_as_theirs_before_and_after_it_is_put_there(
    draw: Random, limit: int
) -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    events = history(draw, 30)
    for part in (events[:15], events[15:]):
        await log.append(part)
        # The filler alone: the store itself would settle when it is up to date.
        filler = Filler(store)
        while await filler.fill(log, limit=limit):
            pass
    found = [await listed(store, each) for each in CONDITIONS]
    assert found == [await expected(log, each) for each in CONDITIONS]
    store.settle()
    assert store.is_settled()
    assert found == [await listed(store, each) for each in CONDITIONS]
    store.close()


async def test_a_late_link_is_noted_answered_and_settled() -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    twice = parse_condition({"event": "Order Completed", "operator": ">=", "value": 2})
    await log.append([an_event("m1", user_id=None, anonymous_id="d"), an_event("m2")])
    await fill(store, log)
    assert store.is_settled()
    await log.append([an_event("m3", "identify", user_id="ann", anonymous_id="d")])
    await Filler(store).fill(log)
    assert not store.is_settled()
    assert await listed(store, twice) == {"u:ann"}
    assert await store.fill(log) == 0
    assert store.is_settled()
    assert await listed(store, twice) == {"u:ann"}
    await log.append([an_event("m4", "identify", user_id="bob", anonymous_id="fresh")])
    await Filler(store).fill(log)
    assert store.is_settled(), "who has done nothing yet is not late"
    store.close()


async def test_who_left_is_counted_no_more_until_they_are_back() -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    orders = [
        an_event(f"{who}-{number}", user_id=None, anonymous_id=who)
        for who in ("idle", "once", "here")
        for number in range(1 if who == "once" else 3)
    ]
    await log.append(orders)
    await fill(store, log)
    twice, ever = (parse_condition({"event": "Order Completed", "operator": ">=", "value": value}) for value in (2, 1))
    assert await listed(store, twice) == {"a:idle", "a:here"}
    await store.retain("production", Leaving(people=["a:idle", "a:once", "a:nobody"]))
    assert await listed(store, twice) == {"a:here"}
    assert await listed(store, ever) == {"a:here"}
    never = parse_condition({"not": {"event": "Order Completed", "operator": ">=", "value": 1}})
    assert await listed(store, never) == set()
    await log.append([an_event("back", user_id=None, anonymous_id="idle")])
    await fill(store, log)
    assert await listed(store, twice) == {"a:idle", "a:here"}
    assert store._row("SELECT count(*) FROM strays") == (1,)
    await store.erase("production", ["a:once"])
    assert store._row("SELECT count(*) FROM strays") == (0,)
    store.close()


async def test_a_store_that_is_emptied_while_it_is_filled_counts_everything_once() -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    await log.append(history(Random(9), 60))
    await asyncio.gather(store.fill(log, limit=20), store.refill(), store.fill(log, limit=20), store.refill())
    assert store.position == 0
    assert await listed(store, None) == set()
    await fill(store, log, limit=20)
    for condition in CONDITIONS:
        assert await listed(store, condition) == await expected(log, condition), condition
    store.close()


async def test_events_in_the_order_of_people_answer_the_same(tmp_path: Path) -> None:
    log, path = MemoryLog({"production": rules()}), tmp_path / "analytics.duckdb"
    await log.append(history(Random(6), 60))
    store = a_store(path)
    await fill(store, log, limit=10)
    store.cluster()
    await log.append(history(Random(8), 30, "later"))
    await fill(store, log)
    store.close()
    store = a_store(path)
    for condition in CONDITIONS:
        assert await listed(store, condition) == await expected(log, condition), condition
    store.close()


def test_a_store_of_the_first_version_is_brought_forward(tmp_path: Path) -> None:
    path = tmp_path / "analytics.duckdb"
    with first_analytics(path, 7) as connection:
        connection.execute("INSERT INTO events VALUES ('e', 'a:d', 'Saved', 5, 1), ('e', 'u:bob', 'Saved', 5, 1)")
        connection.execute("INSERT INTO persons VALUES ('e', 'a:d', 'u:ann')")
        for question, elements in (("score", ["n9.0"]), ("why", ["sslow"]), ("yes", ["b1"]), ("uses", ["sa", "sb"])):
            connection.execute("INSERT INTO answers VALUES ('e', 'u:ann', 'nps', $1, 5, $2)", [question, elements])
    store = a_store(path)
    assert store.position == 7
    store.close()
    with duckdb.connect(str(path)) as connection:
        people = connection.execute("SELECT person, subject FROM events ORDER BY person").fetchall()
        rows = connection.execute("SELECT words, number, truth, choices FROM answers ORDER BY question").fetchall()
    assert people == [("u:ann", "a:d"), ("u:bob", "u:bob")]
    assert rows == [(None, 9.0, None, None), (None, None, None, ["sa", "sb"]), ("slow", None, None, None),
                    (None, None, True, None)]  # fmt: skip
