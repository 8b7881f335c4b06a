"""People are written less often than their events, and come out as if they were written with each of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.events import an_event
from tests.support.replica import CONDITIONS, ZONE, expected, history, listed, people_of, rules, scope

from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.compile.sql import Printer, Sql
from handrail.core.conditions.model import parse_condition
from handrail.core.events import Event
from handrail.core.people import Subject
from handrail.core.retention import Leaving
from handrail.ingest import filler as filling
from handrail.ingest.erasure import cutting
from handrail.ingest.filler import Filler
from handrail.ingest.replica import Batch, PersonRow
from handrail.testing.log import MemoryLog, MemoryPeople

ORDERED = parse_condition({"event": "Order Completed", "operator": ">=", "value": 1})


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def a_store(path: Path | None = None) -> DuckdbAnalytics:
    return DuckdbAnalytics(path, lambda environment: ZONE)


def orders(users: Sequence[str], prefix: str = "m") -> list[Event]:
    return [an_event(f"{prefix}{at}", user_id=user) for at, user in enumerate(users)]


async def caught_up(filler: Filler, log: MemoryLog) -> None:
    while await filler.fill(log):
        pass


async def rows(store: DuckdbAnalytics, table: str) -> int:
    def count(printer: Printer) -> Sql:
        return printer.sql(f"SELECT count(*) FROM {table} WHERE environment = {printer.environment}")

    ((found,),) = await store.ask(scope(), count)
    return int(str(found))


async def agrees(store: DuckdbAnalytics, log: MemoryLog) -> None:
    """Whether the store counts whom the log knows, and every event once."""
    assert await listed(store, None) == people_of(log)
    for condition in CONDITIONS:
        assert await listed(store, condition) == await expected(log, condition), condition
    assert await rows(store, "events") == sum(each.type == "track" for each in log.events)


@given(draw=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
async def test_whenever_people_are_written_and_the_store_is_killed_it_counts_whom_the_log_knows(draw: Random) -> None:
    log, store, clock = MemoryLog({"production": rules()}), a_store(), Clock()
    filler, events = Filler(store, clock), history(draw, 60)
    while events:
        for _ in range(draw.randrange(1, 8)):
            match draw.randrange(5):
                case 0:
                    await log.append(events[:10])
                    del events[:10]
                case 1:
                    clock.seconds += draw.choice((1, filling.STALE_SECONDS))
                case 2:
                    # All that a process knew is gone; what it wrote is there.
                    filler = Filler(store, clock)
                case 3:
                    with pytest.MonkeyPatch.context() as patched, suppress(Killed):
                        patched.setattr(Filler, "_write_people", fails)
                        while await filler.fill(log, limit=draw.randrange(1, 12)):
                            pass
                case _:
                    await filler.fill(log, limit=draw.randrange(1, 12))
    await caught_up(filler, log)
    assert store.described == store.position
    await agrees(store, log)
    store.close()


class Killed(Exception):
    """Nobody wrote what came next."""


async def fails(*told: object) -> None:
    raise Killed


async def test_a_store_that_was_killed_before_its_people_were_written_finds_them_again(tmp_path: Path) -> None:
    path, log = tmp_path / "analytics.duckdb", MemoryLog({"production": rules()})
    await log.append([*history(Random(4), 40), *orders(["ann", "bob", "x", "y"] * 5, "order")])
    store = a_store(path)
    filler = Filler(store, Clock())
    while store.position < 60:
        await filler.fill(log, limit=20)
    assert store.described == 40
    store.close()
    store = a_store(path)
    filler = Filler(store, Clock())
    assert await filler.fill(log) > 0, "there is nothing to take, and people to write"
    assert await filler.fill(log) == 0
    await agrees(store, log)
    store.close()


async def test_people_are_written_together_after_a_while_or_when_nothing_more_comes() -> None:
    log, store, clock = MemoryLog(), a_store(), Clock()
    filler = Filler(store, clock)
    await log.append(orders(["ann", "bob", "cid", "ann", "bob", "cid", "dan"]))
    await filler.fill(log, limit=2)
    await filler.fill(log, limit=2)
    assert (store.position, store.described, await rows(store, "events")) == (4, 0, 4)
    assert await listed(store, None) == set()
    clock.seconds += filling.STALE_SECONDS
    assert await filler.fill(log, limit=2) == 2 + 3
    assert (store.position, store.described) == (6, 6)
    assert await listed(store, ORDERED) == {"u:ann", "u:bob", "u:cid"}
    assert await filler.fill(log, limit=2) == 1 + 1, "all there was is taken"
    assert await listed(store, ORDERED) == {"u:ann", "u:bob", "u:cid", "u:dan"}
    assert await filler.fill(log) == 0
    store.close()


async def test_many_people_wait_while_events_come_and_are_written_when_none_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "PEOPLE", 2)
    log, store, clock = MemoryLog({"production": rules()}), a_store(), Clock()
    filler = Filler(store, clock)
    await log.append(orders(["ann", "bob", "cid"]))
    assert await filler.fill(log) == 3, "all there was is taken, and nobody written"
    await log.append(orders(["dan"], "more"))
    assert await filler.fill(log) == 1
    assert (store.position, store.described) == (4, 0)
    clock.seconds += filling.STALE_SECONDS
    await log.append(orders(["eve"], "last"))
    assert await filler.fill(log) == 1 + 2
    assert filler.is_describing
    await caught_up(filler, log)
    assert store.described == store.position == 5
    await agrees(store, log)
    store.close()


async def test_more_people_are_written_at_once_while_the_log_is_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "PEOPLE", 2)
    monkeypatch.setattr(filling, "HURRIED", 5)
    log, store, clock = MemoryLog({"production": rules()}), a_store(), Clock()
    filler = Filler(store, clock)
    await log.append(orders([f"user-{at}" for at in range(15)]))
    clock.seconds += filling.STALE_SECONDS
    assert await filler.fill(log, limit=10) == 10 + 5
    assert await filler.fill(log, limit=10) == 5 + 2, "it is not ahead any more"
    monkeypatch.setattr(filling, "STALE", 20)
    monkeypatch.setattr(filling, "CROWDED", 15)
    await log.append(orders([f"more-{at}" for at in range(25)], "more"))
    assert await filler.fill(log, limit=10) == 10 + 2, "others are stale, too many for that"
    await caught_up(filler, log)
    await agrees(store, log)
    store.close()


async def test_who_is_stale_is_bounded_and_written_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "STALE", 20)
    monkeypatch.setattr(filling, "PEOPLE", 8)
    log, store, written = MemoryLog(), a_store(), list[int]()
    whole = store.write

    def noted(batch: Batch) -> None:
        written.append(len(batch.people))
        whole(batch)

    monkeypatch.setattr(store, "write", noted)
    filler = Filler(store, Clock())
    await log.append(orders([f"user-{at}" for at in range(200)]))
    while store.position < 200:
        await filler.fill(log, limit=10)
        assert len(filler._stale) <= 20
    assert max(written) <= 8
    assert await rows(store, "people") >= 180
    pieces = 0
    while await filler.fill(log):
        pieces += 1
        assert filler.is_describing == bool(filler._stale)
    assert pieces >= 2
    assert await rows(store, "people") == 200
    store.close()


async def test_a_step_is_short_while_as_many_are_stale_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "STALE", 20)
    monkeypatch.setattr(filling, "CROWDED", 4)
    monkeypatch.setattr(filling, "PEOPLE", 2)
    log, store, taken = MemoryLog(), a_store(), [0]
    filler = Filler(store, Clock())
    await log.append(orders([f"user-{at}" for at in range(60)]))
    while store.position < 60:
        await filler.fill(log, limit=10)
        taken.append(store.position)
    assert [after - before for before, after in pairwise(taken)][:4] == [10, 10, 4, 4]
    await caught_up(filler, log)
    assert await rows(store, "people") == await rows(store, "events") == 60
    store.close()


async def test_who_turns_out_to_be_somebody_else_while_stale_changes_with_the_step() -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    filler = Filler(store, Clock())
    twice = parse_condition({"event": "Order Completed", "operator": ">=", "value": 2})
    await log.append([an_event("m1", user_id=None, anonymous_id="d"), an_event("m2", user_id="bob")])
    await log.append([an_event("m3", "identify", user_id="ann", anonymous_id="d"), an_event("m4")])
    await filler.fill(log, limit=2)
    assert await listed(store, None) == set()
    await filler.fill(log, limit=2)
    assert not store.is_settled(), "what the visitor did stands at somebody who never had a row"
    assert await listed(store, twice) == {"u:ann"}
    assert await listed(store, None) == {"u:ann"}, "bob is stale as before"
    await caught_up(filler, log)
    store.settle()
    assert await listed(store, twice) == {"u:ann"}
    await agrees(store, log)
    store.close()


async def test_who_is_touched_while_being_written_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    filler, read = Filler(store, Clock()), MemoryPeople.users
    more = [an_event("later", "identify", traits={"plan": "pro"})]

    async def users(self: MemoryPeople, persons: Sequence[str]) -> dict[str, Subject]:
        found = await read(self, persons)
        await log.append(more)
        return found

    monkeypatch.setattr(MemoryPeople, "users", users)
    await log.append([an_event("m1")])
    assert await filler.fill(log) == 2
    assert await listed(store, CONDITIONS[0]) == set()
    await caught_up(filler, log)
    assert await listed(store, CONDITIONS[0]) == {"u:ann"}
    store.close()


@pytest.mark.parametrize("letting", ["erase", "retain"])
async def test_who_is_erased_while_stale_does_not_come_back(letting: str, tmp_path: Path) -> None:
    log, store = MemoryLog(), a_store(tmp_path / "analytics.duckdb")
    filler = Filler(store, Clock())
    await log.append(orders(["ann", "bob"]))
    await filler.fill(log, limit=2)
    await log.erase("production", ["u:ann"], cutting("production", ["u:ann"]))
    if letting == "erase":
        await store.erase("production", ["u:ann"])
    else:
        await store.retain("production", Leaving(people=["u:ann"]))
    await caught_up(filler, log)
    assert await listed(store, None) == {"u:bob"}
    assert store.described == store.position == 2
    store.close()


async def test_who_is_erased_while_their_events_are_read_ahead_does_not_come_back(tmp_path: Path) -> None:
    log, store = MemoryLog(), a_store(tmp_path / "analytics.duckdb")
    filler = Filler(store, Clock())
    await log.append(orders(["bob", "ann", "ann", "bob"]))
    await filler.fill(log, limit=1)
    await log.erase("production", ["u:ann"], cutting("production", ["u:ann"]))
    while await filler.fill(log, limit=1):
        pass
    await store.erase("production", ["u:ann"])
    assert await listed(store, None) == {"u:bob"}
    assert await rows(store, "events") == 2
    assert await filler.fill(log) == 0
    store.close()


async def test_a_store_that_is_emptied_while_people_are_stale_is_filled_anew() -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    filler = Filler(store, Clock())
    await log.append(history(Random(11), 40))
    await filler.fill(log, limit=30)
    await filler.clear()
    assert (store.position, store.described) == (0, 0)
    await filler.fill(log, limit=10)
    await filler.clear()
    await caught_up(filler, log)
    await agrees(store, log)
    store.close()


async def test_a_person_who_cannot_be_kept_costs_only_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    log, store = MemoryLog(), a_store()
    whole = Filler._person

    def picky(self: Filler, environment: str, name: str, subject: Subject) -> PersonRow:
        if name == "u:bob":
            raise ValueError("no such thing")
        return whole(self, environment, name, subject)

    monkeypatch.setattr(Filler, "_person", picky)
    await log.append(orders(["ann", "bob", "cid"]))
    await caught_up(Filler(store), log)
    assert await listed(store, None) == {"u:ann", "u:cid"}
    assert await rows(store, "events") == 3
    assert store._connection.execute("FROM quarantine").fetchall() == [(3, "no such thing")]
    store.close()


async def test_a_disk_that_fails_people_keeps_their_events_and_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    log, store = MemoryLog({"production": rules()}), a_store()
    await log.append(history(Random(2), 30))

    def full(self: DuckdbAnalytics, people: Sequence[PersonRow]) -> None:
        if people:
            raise duckdb.IOException("No space left on device")

    filler = Filler(store, Clock())
    with monkeypatch.context() as patched:
        patched.setattr(DuckdbAnalytics, "_insert_experiences", full)
        for _ in range(3):
            with pytest.raises(duckdb.IOException):
                await filler.fill(log)
    await caught_up(filler, log)
    await agrees(store, log)
    store.close()
