"""The ClickHouse store follows the log as DuckDB's does, through cuts between its statements and hours of downtime."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.adapters import clickhouse as adapter
from handrail.adapters.clickhouse import ClickhouseAnalytics
from handrail.compile.queries import audience
from handrail.compile.sql import Printer, Sql
from handrail.core.conditions.model import parse_condition
from handrail.core.errors import Unavailable
from handrail.testing.log import MemoryLog
from tests.support.clickhouse import ClickhouseServer, clickhouse_or_skip
from tests.support.events import an_event
from tests.support.replica import CONDITIONS, TODAY, ZONE, expected, fill, history, listed, people_of, rules, scope


@pytest.fixture(scope="module")
def server() -> Iterator[ClickhouseServer]:
    """One server for the tests of this file."""
    server = clickhouse_or_skip()
    yield server
    server.close()


def a_store(server: ClickhouseServer) -> ClickhouseAnalytics:
    return ClickhouseAnalytics(server.address(), lambda environment: ZONE)


async def events_kept(store: ClickhouseAnalytics) -> int:
    def count(printer: Printer) -> Sql:
        return printer.sql(f"SELECT count(*) FROM events WHERE environment = {printer.environment}")

    ((kept,),) = await store.ask(scope(), count)
    return int(str(kept))


async def agrees(store: ClickhouseAnalytics, log: MemoryLog) -> None:
    """Whether the store counts whom the log knows, and every event once."""
    assert await listed(store, None) == people_of(log)
    for condition in CONDITIONS:
        assert await listed(store, condition) == await expected(log, condition), condition
    tracked = [each for each in log.events if each.type == "track"]
    assert await events_kept(store) == len(tracked)


@given(draw=st.randoms(use_true_random=False), limit=st.integers(5, 30))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_store_counts_whom_the_log_knows(draw: Random, limit: int, server: ClickhouseServer) -> None:
    log, store = MemoryLog({"production": rules()}), a_store(server)
    events = history(draw, 30)
    for part in (events[:10], events[10:20], events[20:]):
        await log.append(part)
        await fill(store, log, limit)
    await agrees(store, log)
    store.close()


class Cut(Exception):
    """The power went."""


INSERTS = 16
"""More statements than a step and its people have."""


@pytest.mark.parametrize("lost", [False, True], ids=["before", "behind"])
async def test_a_step_that_was_cut_anywhere_is_counted_once(
    lost: bool, server: ClickhouseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`before` and `behind`: the statement did not arrive, or it did and its answer was lost."""
    log, store = MemoryLog({"production": rules()}), a_store(server)
    draw, cuts = Random(7), 0
    for at in range(INSERTS):
        await log.append([*history(draw, 12, f"{at}-"), an_event(f"{at}-dora", user_id="dora")])
        with monkeypatch.context() as patched:
            patched.setattr(adapter, "_insert", cutting(adapter._insert, at, lost))
            try:
                await fill(store, log)
            except Cut:
                cuts += 1
        # The next process knows only what the server has.
        store = ClickhouseAnalytics(store.address, lambda environment: ZONE)
        await fill(store, log)
        await agrees(store, log)
    assert cuts >= 10


def cutting(insert: Callable[..., None], at: int, lost: bool) -> Callable[..., None]:
    """`insert`, failing at the statement with this number."""
    count = iter(range(1000))

    def cut(client: object, table: str, columns: Mapping[str, str], rows: object, *, token: str | None = None) -> None:
        if rows and next(count) == at:
            if lost:
                insert(client, table, columns, rows, token=token)
            raise Cut
        insert(client, table, columns, rows, token=token)

    return cut


async def test_people_who_were_not_written_are_found_again_by_the_next_process(server: ClickhouseServer) -> None:
    log, store = MemoryLog({"production": rules()}), a_store(server)
    kinds = ("identify", "track", "track")
    await log.append([an_event(f"m{at}", kinds[at % 3], user_id=f"u{at % 7}") for at in range(40)])
    for _ in range(4):
        await store.fill(log, limit=10)
    assert store.position == 40
    assert store.described < 40, "people wait"
    store.close()
    store = a_store(server)
    await fill(store, log)
    assert store.described == 40
    await agrees(store, log)
    store.close()


async def test_an_hour_without_clickhouse_is_caught_up_exactly(server: ClickhouseServer) -> None:
    log, store = MemoryLog({"production": rules()}), a_store(server)
    await log.append([an_event(f"before{at}", user_id=f"u{at % 5}") for at in range(50)])
    await fill(store, log)
    minutes, problems = 0, list[Exception]()

    async def a_minute() -> None:
        """A minute of the simulated clock: events arrive, and at the end of the hour ClickHouse is back."""
        nonlocal minutes
        minutes += 1
        if minutes == 1:
            server.stop()
        elif minutes == 61:
            assert store.position == 50
            with pytest.raises(Unavailable, match="does not answer"):
                await listed(store, None)
            server.start()
        elif minutes == 64:
            raise asyncio.CancelledError
        await log.append([an_event(f"{minutes}-{at}", user_id=f"u{at % 7}") for at in range(5)])

    with pytest.raises(asyncio.CancelledError):
        await store.follow(log, a_minute, problems.append)
    assert len(problems) >= 59
    assert all(isinstance(each, Unavailable) for each in problems)
    await fill(store, log)
    assert store.position == 50 + 63 * 5
    await agrees(store, log)
    store.close()


async def test_a_store_is_filled_anew_while_events_arrive(server: ClickhouseServer) -> None:
    log, store = MemoryLog({"production": rules()}), a_store(server)
    events = history(Random(3), 60)
    await log.append(events[:30])
    await fill(store, log)
    store.clear()
    for at in range(30, 60, 5):
        await store.fill(log, limit=7)
        await log.append(events[at : at + 5])
    await fill(store, log)
    await agrees(store, log)
    store.close()


async def test_a_row_that_cannot_be_kept_costs_only_itself(server: ClickhouseServer) -> None:
    log, store = MemoryLog(), a_store(server)
    await log.append([an_event(f"m{at}", user_id="\udcff" if at == 3 else "ann") for at in range(8)])
    await fill(store, log)
    assert store.position == 8
    condition = parse_condition({"event": "Order Completed", "operator": "=", "value": 7})
    assert await store.count(audience(condition, {}, scope=scope(), today=TODAY, zone=ZONE)) == 1
    store.close()


async def test_environments_do_not_see_each_other(server: ClickhouseServer) -> None:
    log, store = MemoryLog(), a_store(server)
    await log.append([an_event("m1", environment="production"), an_event("m2", environment="staging", user_id="bob")])
    await fill(store, log)
    assert await listed(store, None) == {"u:ann"}
    store.close()
