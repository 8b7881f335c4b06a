"""What PostgreSQL's log promises beyond every log: several processes, open transactions, lost connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import asyncpg
import msgspec
import pytest

from handrail.adapters.postgres import blocks, recent, retention
from handrail.adapters.postgres import hot as hot_events
from handrail.adapters.postgres import log as postgres_log
from handrail.adapters.postgres import state as postgres_state
from handrail.adapters.postgres.connection import Connection
from handrail.adapters.postgres.hot import Group, HotEvents
from handrail.adapters.postgres.log import PostgresLog
from handrail.adapters.postgres.recent import RecentIds
from handrail.adapters.postgres.schema import FOLD_LOCK
from handrail.core.errors import Conflict, Unavailable
from handrail.core.events import Event
from handrail.core.fold import DAY, FoldRules
from handrail.core.retention import day_at
from handrail.ingest.dedupe import dedupe_ids
from handrail.ingest.erasure import cutting
from handrail.ingest.ports import Appended
from tests.support.events import NOON, an_event
from tests.support.relay import relayed

ORDERS = {"production": FoldRules("UTC", {"Order Completed": [("orders", None)]})}


@asynccontextmanager
async def opened(address: str, rules: dict[str, FoldRules] | None = None) -> AsyncIterator[PostgresLog]:
    log = await PostgresLog.open(address, rules)
    try:
        yield log
    finally:
        await log.close()


async def kept(log: PostgresLog, after: int = 0, *, least: int = 0) -> list[tuple[int, Event]]:
    """What can be read; waits for `least`, because other tests' open transactions on the cluster hold readers back."""
    deadline = time.monotonic() + 10
    while True:
        found = [each async for each in log.read(after, 100_000)]
        if len(found) >= least or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.05)


async def orders(log: PostgresLog) -> int:
    counters = (await log.people("production").user(None, "ann")).counters
    return sum(counters.get("orders", {}).values())


async def test_a_reader_never_passes_a_transaction_that_is_still_open(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(postgres_dsn, ORDERS) as log:
        slow = await asyncpg.connect(postgres_dsn)
        held = slow.transaction()
        await held.start()
        early = an_event("early")
        await blocks.keep(cast("Connection", slow), {b"0" * 16: early})
        late = await log.append([an_event("late")])
        # The later event is kept, but shown to nobody: "early" may still appear in front of it.
        assert await kept(log) == []
        with monkeypatch.context() as patched:
            patched.setattr(postgres_log, "PATIENCE", 0.1)
            with pytest.raises(Unavailable):
                await log.folded(late.position)
        assert await orders(log) == 0
        await held.commit()
        await slow.close()
        found = await kept(log)
        assert [event.message_id for _, event in found] == ["early", "late"]
        await log.folded(late.position)
        assert await orders(log) == 2
        assert await kept(log, found[0][0]) == found[1:]


async def test_events_of_one_block_have_places_of_their_own(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stopped amid a block goes on there; days and environments have blocks apart."""
    monkeypatch.setattr(blocks, "BLOCK", 3)
    events = [an_event(f"m{number}", received_at=NOON + number // 7 * DAY) for number in range(14)]
    other = an_event("m0", environment="staging")
    async with opened(postgres_dsn) as log:
        await append_and_fold(log, *events, other)
        found = await kept(log, least=15)
        assert [event for _, event in found] == [*events, other]
        assert [position for position, _ in found] == sorted({position for position, _ in found})
        for at in range(15):
            assert [each async for each in log.read(found[at][0], 2)] == found[at + 1 : at + 3]
        assert await log.end() == found[-1][0]
        # Seven of the first day go, and may come again.
        assert await log.retain(day_at(NOON + 11 * DAY), 30, {"production": 10}) == 7
        assert (await log.append([*events, other])).stored == 7


async def test_what_is_past_its_time_goes_a_few_blocks_at_a_time(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody folds past a transaction that is open; and where one round ended, the next goes on."""
    monkeypatch.setattr(retention, "DROPPED_AT_ONCE", 2)
    left = 2

    async def stopped(*given: Any) -> tuple[int, blocks.Pair]:
        nonlocal left
        left -= 1
        if left < 0:
            raise Unavailable("The process ends here.")
        return await retention.drop(*given)

    events = [an_event(f"m{number}") for number in range(7)]
    other = an_event("other", environment="staging")
    async with opened(postgres_dsn, ORDERS) as log:
        await log.append([other])
        for event in events:
            await append_and_fold(log, event)
        today = day_at(NOON + 11 * DAY)
        with monkeypatch.context() as patched:
            patched.setattr(postgres_log, "drop", stopped)
            with pytest.raises(Unavailable):
                await log.retain(today, 30, {"production": 10})
        assert [event for _, event in await kept(log, least=4)] == [other, *events[4:]]
        assert await log.retain(today, 30, {"production": 10}) == 3
        assert await log.retain(today, 30, {"production": 10}) == 0
        assert [event for _, event in await kept(log, least=1)] == [other]
        again = await log.append([*events, other])
        assert (again.stored, again.duplicates) == (7, 1)
        await log.folded(again.position)
        assert (await log.rebuild()).differences == ()


async def test_two_processes_that_get_the_same_events_keep_each_once(postgres_dsn: str) -> None:
    async with opened(postgres_dsn, ORDERS) as one, opened(postgres_dsn, ORDERS) as other:
        events = [an_event(f"m{number}") for number in range(300)]
        answers = await asyncio.gather(
            *(one.append(events[at : at + 30]) for at in range(0, 300, 30)),
            *(other.append(events[at : at + 30][::-1]) for at in range(270, -30, -30)),
        )
        assert sum(answer.stored for answer in answers) == 300
        assert sum(answer.duplicates for answer in answers) == 300
        last = max(answer.position for answer in answers)
        await one.folded(last)
        await other.folded(last)
        assert await orders(one) == await orders(other) == 300
        assert (await one.rebuild()).differences == ()


async def test_a_repeat_costs_no_transaction_that_fails(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own a process knows; once it met another's, it looks everything up for a while."""
    tried: list[int] = []

    async def counted(connection: Connection, events: Mapping[bytes, Event]) -> int:
        tried.append(len(events))
        return await blocks.keep(connection, events)

    monkeypatch.setattr(postgres_log, "keep", counted)
    monkeypatch.setattr(recent, "DOUBTED", 2)
    events = [an_event(f"m{number}") for number in range(8)]
    async with opened(postgres_dsn, ORDERS) as one, opened(postgres_dsn, ORDERS) as other:
        assert (await one.append(events[:5])).stored == 5
        assert (await one.append(events[:6])).stored == 1
        assert tried == [5, 1]
        for taken, answer, tries in (
            (events[:2], 0, [2]),
            ([*events[:3], events[6]], 1, [1]),
            (events[3:4], 0, []),
            ([events[4], events[7]], 1, [2, 1]),
        ):
            tried.clear()
            appended = await other.append(taken)
            assert (appended.stored, appended.duplicates) == (answer, len(taken) - answer)
            assert tried == tries
        await one.folded(appended.position)
        assert await orders(one) == 8
        assert (await one.rebuild()).differences == ()


def test_lately_is_at_least_so_many_ids_and_at_most_twice_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "IDS", 4)
    lately = RecentIds()
    ids = {bytes([number]) * 16: an_event(f"m{number}") for number in range(20)}
    for count, each in enumerate(ids, 1):
        lately.add([each])
        found = set(lately.suspects(ids))
        assert set(list(ids)[max(count - 4, 0) : count]) <= found <= set(list(ids)[:count])
        assert len(found) <= 8


async def append_and_fold(log: PostgresLog, *events: Event) -> None:
    await log.folded((await log.append(events)).position)


async def test_processes_that_take_turns_at_one_person_lose_no_count(postgres_dsn: str) -> None:
    """Each holds the person as it left them, which is not as they are once the other has had its turn."""
    async with opened(postgres_dsn, ORDERS) as one, opened(postgres_dsn, ORDERS) as other:
        for number in range(3):
            await append_and_fold(one, an_event(f"one{number}"))
            await append_and_fold(other, an_event(f"other{number}"))
        assert await orders(one) == 6
        assert (await one.rebuild()).differences == ()


async def test_a_person_whom_another_process_erased_begins_anew(postgres_dsn: str) -> None:
    async with opened(postgres_dsn, ORDERS) as one, opened(postgres_dsn, ORDERS) as other:
        await append_and_fold(one, an_event("m1"), an_event("m2"))
        await other.erase("production", ["u:ann"], cutting("production", ["u:ann"]))
        await append_and_fold(one, an_event("m3"))
        assert await orders(one) == 1


WAITING = """
SELECT count(*) FROM pg_locks
WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def test_what_another_process_cuts_before_it_is_folded_is_not_folded(postgres_dsn: str) -> None:
    """The process that kept the events has them in memory, as they were."""
    async with opened(postgres_dsn, ORDERS) as one, opened(postgres_dsn, ORDERS) as other:
        await append_and_fold(one, an_event("m0", user_id="bob"))
        holder = await asyncpg.connect(postgres_dsn)
        async with holder.transaction():
            await holder.execute("SELECT pg_advisory_xact_lock($1)", FOLD_LOCK)
            erasing = asyncio.create_task(other.erase("production", ["u:ann"], cutting("production", ["u:ann"])))
            # It is in front of the folding, which waits for the same lock from the append on.
            while not await holder.fetchval(WAITING):
                pass
            appended = await one.append([an_event("m1")])
        await erasing
        await one.folded(appended.position)
        assert await orders(one) == 0
        await holder.close()


def test_a_group_that_is_folded_in_part_is_not_hot() -> None:
    hot = HotEvents()
    groups = [Group(number << 64 | 20, [an_event(f"m{number}")], 1) for number in range(1, 4)]
    for group in groups:
        hot.add(group)
    hot.forget(2 << 64 | 10)
    assert hot.below(9 << 64) == groups[2:]


async def test_what_finds_no_room_in_memory_is_read_back(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot_events, "EVENTS", 2)
    monkeypatch.setattr(postgres_log, "GROUP_EVENTS", 5)
    monkeypatch.setattr(postgres_log, "FOLDED_AT_ONCE", 3)
    monkeypatch.setattr(postgres_log, "HELD_SUBJECTS", 2)
    async with opened(postgres_dsn, ORDERS) as one, opened(postgres_dsn, ORDERS) as other:
        answers = await asyncio.gather(
            *(
                log.append([an_event(f"{name}{number}"), an_event(f"{name}{number}c", user_id=f"c{number}")])
                for number in range(20)
                for name, log in (("one", one), ("other", other))
            )
        )
        await one.folded(max(answer.position for answer in answers))
        assert await orders(other) == 40
        assert (await one.rebuild()).differences == ()


async def test_a_process_that_does_not_know_a_counter_leaves_the_folding_to_one_that_does(postgres_dsn: str) -> None:
    async with opened(postgres_dsn, ORDERS) as stale, opened(postgres_dsn, ORDERS) as current:
        big = FoldRules("UTC", {"Order Completed": [("orders", None), ("big", lambda properties: True)]})
        await current.follow("production", big)
        appended = await stale.append([an_event("m1")])
        await current.folded(appended.position)
        counters = (await stale.people("production").user(None, "ann")).counters
        assert {counter: sum(days.values()) for counter, days in counters.items()} == {"orders": 1, "big": 1}


async def test_ids_and_state_survive_a_restart(postgres_dsn: str) -> None:
    async with opened(postgres_dsn, ORDERS) as log:
        await log.append([an_event("m1")])
    async with opened(postgres_dsn, ORDERS) as log:
        again = await log.append([an_event("m1"), an_event("m2")])
        assert (again.stored, again.duplicates) == (1, 1)
        await log.folded(again.position)
        assert await orders(log) == 2


END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'handrail' AND datname = current_database()"
)


async def append_as_clients_do(log: PostgresLog, events: list[Event]) -> Appended:
    """Try again where the answer is 503."""
    for _ in range(20):
        with suppress(Unavailable):
            return await log.append(events)
    raise AssertionError("The log does not answer again.")


async def test_lost_connections_cost_answers_only_and_nothing_is_kept_twice(postgres_dsn: str) -> None:
    async with opened(postgres_dsn, ORDERS) as log:
        await log.append([an_event("m0")])
        killer = await asyncpg.connect(postgres_dsn)
        for number in range(1, 6):
            await killer.execute(END_ALL)
            await append_as_clients_do(log, [an_event(f"m{number}")])
        await killer.close()
        found = await kept(log, least=6)
        assert sorted(event.message_id for _, event in found) == [f"m{number}" for number in range(6)]
        await log.folded(found[-1][0])
        assert (await log.rebuild()).differences == ()


async def test_a_connection_that_was_told_of_its_end_between_two_queries_is_replaced(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's last word is no answer to anything; asyncpg then refuses queries in a way of its own."""
    async with relayed(postgres_dsn) as (relay, address), opened(address, ORDERS) as log:
        position = (await log.append([an_event("m0")])).position
        await log.folded(position)
        killer = await asyncpg.connect(postgres_dsn)
        for number in range(1, 4):
            await killer.execute(END_ALL)
            await relay.ended()
            with monkeypatch.context() as patched, suppress(Unavailable):
                # Nothing is there to fold, but folding is asked for, and meets such a connection first.
                patched.setattr(postgres_log, "PATIENCE", 0.1)
                await log.folded(position + 1)
            position = (await append_as_clients_do(log, [an_event(f"m{number}")])).position
            await log.folded(position)
        await killer.close()
    async with opened(postgres_dsn, ORDERS) as log:
        assert await orders(log) == 4


async def test_a_connection_may_be_lost_at_any_moment_of_an_append(postgres_dsn: str) -> None:
    """The backend is ended before each part that is sent in turn: within a query, between two, and amid the rows."""
    parts = count = 0
    async with relayed(postgres_dsn) as (relay, address), opened(address, ORDERS) as log:
        killer = await asyncpg.connect(postgres_dsn)
        cut = True
        while cut:
            events = [an_event(f"p{parts}m{number}", properties={"text": "x" * 2000}) for number in range(300)]
            count += len(events)
            relay.cut_after(parts, lambda: killer.execute(END_ALL))
            await append_as_clients_do(log, events)
            cut = relay.was_cut
            again = await append_as_clients_do(log, events)
            assert (again.stored, again.duplicates) == (0, len(events))
            await log.folded(again.position)
            parts += 1
        await killer.close()
    # 600 kB go in ten parts at least.
    assert parts > 10
    async with opened(postgres_dsn, ORDERS) as log:
        assert len(await kept(log, least=count)) == await orders(log) == count
        assert (await log.rebuild()).differences == ()


async def test_a_person_is_read_although_the_connection_is_lost(postgres_dsn: str) -> None:
    async with relayed(postgres_dsn) as (relay, address), opened(address, ORDERS) as log:
        await log.folded((await log.append([an_event("m0")])).position)
        people, roster = log.people("production"), log.roster()
        killer = await asyncpg.connect(postgres_dsn)
        for read in (lambda: people.user(None, "ann"), lambda: roster.subjects("production", None, "ann")) * 3:
            relay.cut_after(0, lambda: killer.execute(END_ALL))
            assert await read()
            assert relay.was_cut
        await killer.close()


async def test_a_person_is_read_by_key_also_while_the_table_counts_as_small(postgres_dsn: str) -> None:
    """Connections plan once; a plan that reads the whole environment would stay when the table has grown."""
    async with opened(postgres_dsn):
        connection = await asyncpg.connect(postgres_dsn)
        await connection.execute(
            f"SET plan_cache_mode = force_generic_plan; PREPARE person AS {postgres_state._PERSON}"
        )
        plan = await connection.fetch("EXPLAIN EXECUTE person ('production', 'laptop', 'ann', 200)")
        await connection.close()
    scans = [row[0] for row in plan if "Scan" in row[0] and "CTE" not in row[0]]
    assert len(scans) == 5
    assert all("Index Scan using" in scan for scan in scans), scans


async def test_rebuild_names_a_row_that_differs(postgres_dsn: str) -> None:
    async with opened(postgres_dsn) as log:
        await log.folded((await log.append([an_event("m1"), an_event("m2", user_id="bob")])).position)
        meddler = await asyncpg.connect(postgres_dsn)
        await meddler.execute("UPDATE ingest.subjects SET body = '{}' WHERE id = 'u:ann'")
        await meddler.execute("DELETE FROM ingest.subjects WHERE id = 'u:bob'")
        await meddler.close()
        assert (await log.rebuild()).differences == ("subjects production u:ann", "subjects production u:bob")


async def test_a_schema_of_a_newer_release_is_refused_by_name(postgres_dsn: str) -> None:
    async with opened(postgres_dsn):
        newer = await asyncpg.connect(postgres_dsn)
        await newer.execute("INSERT INTO ingest.migrations VALUES ('9999_later.sql')")
        await newer.close()
    with pytest.raises(Conflict, match="9999_later"):
        await PostgresLog.open(postgres_dsn)


EARLIER = """
CREATE TABLE ingest.events (
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(), sequence bigint GENERATED ALWAYS AS IDENTITY,
  id bytea NOT NULL UNIQUE, received_at bigint NOT NULL, name text, event text NOT NULL,
  PRIMARY KEY (transaction, sequence)
);
DROP TABLE ingest.blocks, ingest.ids;
ALTER TABLE ingest.followed DROP COLUMN changes;
ALTER TABLE ingest.subjects RESET (fillfactor);
DELETE FROM ingest.migrations WHERE name >= '0005';
"""
"""What the schema was before."""


async def test_a_log_of_the_schema_before_keeps_its_events_and_counts_on(postgres_dsn: str) -> None:
    """Each in its place, also those that were not folded yet, and the place of one that was cut."""
    events = [an_event("m1"), an_event("m2"), an_event("m3", received_at=NOON + DAY)]
    async with opened(postgres_dsn):
        older = await asyncpg.connect(postgres_dsn)
        await older.execute(EARLIER)
        for identity, event in zip(dedupe_ids(events), events, strict=True):
            text = "null" if event is events[1] else msgspec.json.encode(event).decode()
            await older.execute(
                "INSERT INTO ingest.events (id, received_at, event) VALUES ($1, $2, $3)",
                *(identity, event.received_at, text),
            )
        places = await older.fetch(
            "SELECT transaction::text, sequence FROM ingest.events AS e ORDER BY e.transaction, 2"
        )
        await older.close()
    async with opened(postgres_dsn, ORDERS) as log:
        first, _, third = (blocks.joined(row) for row in places)
        assert await kept(log, least=2) == [(first, events[0]), (third, events[2])]
        again = await log.append([*events, an_event("m4")])
        assert (again.stored, again.duplicates) == (1, 3)
        await log.folded(again.position)
        assert await orders(log) == 3
        assert (await log.rebuild()).differences == ()
        # Of the day before the third, two are past their time, and may come again.
        assert await log.retain(day_at(NOON + 11 * DAY), 10, {}) == 2
        again = await log.append(events)
        assert (again.stored, again.duplicates) == (2, 1)


async def test_processes_that_start_together_migrate_once(postgres_dsn: str) -> None:
    logs = await asyncio.gather(*(PostgresLog.open(postgres_dsn) for _ in range(3)))
    await asyncio.gather(*(log.close() for log in logs))


async def test_a_full_queue_refuses(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_log, "QUEUED_EVENTS", 10)
    async with opened(postgres_dsn) as log:
        batches = [[an_event(f"b{batch}m{number}") for number in range(4)] for batch in range(5)]
        results = await asyncio.gather(*map(log.append, batches), return_exceptions=True)
        assert [isinstance(result, Unavailable) for result in results] == [False, False, True, True, True]
        assert len(await kept(log, least=8)) == 8
