"""What every log promises: the same class for the one in memory, SQLite's and PostgreSQL's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from tests.support.events import NOON, a_lifecycle_event, an_event
from tests.support.replica import history

from handrail.adapters.postgres import log as postgres_log
from handrail.adapters.postgres.log import PostgresLog
from handrail.adapters.sqlite import log as sqlite_log
from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.errors import Unavailable
from handrail.core.events import Event
from handrail.core.fold import FoldRules, facts, ids_of
from handrail.core.people import Subject
from handrail.ingest.ports import Log
from handrail.testing.log import MemoryLog

DAY = 86_400_000


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    match request.param:
        case "memory":
            yield MemoryLog()
        case "sqlite":
            opened = await SqliteLog.open(tmp_path)
            yield opened
            await opened.close()
        case _:
            many = await PostgresLog.open(request.getfixturevalue("postgres_dsn"))
            yield many
            await many.close()


async def said(log: Log, *events: Event) -> None:
    """Append, and wait for the state."""
    await log.folded((await log.append(events)).position)


async def kept(log: Log, after: int = 0, limit: int = 1000) -> list[str]:
    return [event.message_id async for _, event in log.read(after, limit)]


def custom(subject: Subject) -> dict[str, object]:
    return dict(facts(subject, None, 0, 0, "UTC").custom)


async def test_what_was_appended_is_read_back_in_order(log: Log) -> None:
    events = [an_event(f"m{number}", properties={"total": number}) for number in range(3)]
    appended = await log.append(events)
    assert (appended.stored, appended.duplicates) == (3, 0)
    # Whoever has a transaction open on the same server holds readers back.
    await log.folded(appended.position)
    found = [(position, event) async for position, event in log.read(0)]
    assert [event for _, event in found] == events
    assert sorted(position for position, _ in found) == [position for position, _ in found]
    assert found[-1][0] == appended.position
    assert await kept(log, after=found[0][0]) == ["m1", "m2"]
    assert await kept(log, limit=2) == ["m0", "m1"]


async def test_a_repeated_message_id_is_a_duplicate(log: Log) -> None:
    first = await log.append([an_event("m1"), an_event("m2"), an_event("m1")])
    assert (first.stored, first.duplicates) == (2, 1)
    again = await log.append([an_event("m2"), an_event("m3")])
    assert (again.stored, again.duplicates) == (1, 1)
    await log.folded(again.position)
    assert sorted(await kept(log)) == ["m1", "m2", "m3"]


async def test_a_batch_of_duplicates_answers_with_a_position_that_is_folded(log: Log) -> None:
    await said(log, an_event("m1"))
    again = await log.append([an_event("m1")])
    await log.folded(again.position)
    assert (again.stored, again.duplicates) == (0, 1)


async def test_the_same_message_id_in_two_environments_is_two_events(log: Log) -> None:
    both = await log.append([an_event("m1"), an_event("m1", environment="staging")])
    assert (both.stored, both.duplicates) == (2, 0)


async def test_an_empty_batch_keeps_nothing(log: Log) -> None:
    assert (await log.append([])).stored == 0


async def test_waiting_for_a_position_that_is_not_there_is_refused(log: Log) -> None:
    with pytest.raises(Unavailable):
        await log.folded((await log.append([an_event("m1")])).position + 1)


async def test_a_user_is_what_all_their_ids_said(log: Log) -> None:
    await said(
        log,
        an_event("m1", "identify", anonymous_id="phone", traits={"plan": "pro"}, at=NOON),
        an_event("m2", "identify", anonymous_id="phone", user_id="ann", traits={"seats": 3}, at=NOON + 1),
        an_event("m3", "identify", anonymous_id="laptop", user_id="ann", traits={"plan": "free"}, at=NOON + 2),
        an_event("m4", "identify", user_id="bob", traits={"plan": "trial"}, at=NOON + 3),
    )
    people = log.people("production")
    for anonymous, user in ((None, "ann"), ("phone", None), ("laptop", None), ("phone", "ann")):
        assert custom(await people.user(anonymous, user)) == {"plan": "free", "seats": 3}
    assert custom(await people.user("phone", "bob")) == {"plan": "trial"}
    assert await people.user("unknown", None) == Subject()
    assert await people.user(None, None) == Subject()
    assert await log.people("staging").user(None, "ann") == Subject(users=["ann"])


@pytest.mark.parametrize("seed", range(3))
async def test_many_users_are_read_in_one_go_as_one_by_one(log: Log, seed: int) -> None:
    await said(log, *history(Random(seed), 120))
    people = log.people("production")
    persons = ["u:ann", "u:bob", "u:cleo", "u:nobody", "a:x", "a:y", "a:unknown"]
    assert await people.users(persons) == {each: await people.user(*ids_of(each)) for each in persons}
    assert await people.users([]) == {}
    assert await log.people("staging").users(["u:ann", "a:x"]) == {"u:ann": Subject(users=["ann"]), "a:x": Subject()}


async def test_a_log_is_read_on_to_the_limit_a_little_at_a_time(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_log, "READ_CHARACTERS", 1)
    monkeypatch.setattr(postgres_log, "READ_AT_ONCE", 2)
    for number in range(7):
        await log.append([an_event(f"m{number}.{at}") for at in range(3)])
    whole = await kept(log)
    assert len(whole) == 21
    assert await kept(log, limit=20) == whole[:20]
    after = [position async for position, _ in log.read(0, 5)][-1]
    assert await kept(log, after, limit=4) == whole[5:9]


async def test_aliased_ids_are_one_user_however_they_were_joined(log: Log) -> None:
    await said(log, an_event("m1", "identify", user_id="d", traits={"plan": "pro"}))
    for number, (previous, user) in enumerate([("a", "b"), ("c", "d"), ("b", "c")]):
        await said(log, an_event(f"alias{number}", "alias", previous_id=previous, user_id=user))
    for user in "abcd":
        assert custom(await log.people("production").user(None, user)) == {"plan": "pro"}


async def test_an_alias_of_an_anonymous_id_links_it(log: Log) -> None:
    await said(
        log,
        an_event("m1", "identify", anonymous_id="anon", traits={"plan": "pro"}),
        an_event("m2", "alias", previous_id="anon", user_id="ann"),
    )
    assert custom(await log.people("production").user(None, "ann")) == {"plan": "pro"}


async def test_the_earliest_identify_decides_whose_an_anonymous_id_is_even_when_it_comes_late(log: Log) -> None:
    people = log.people("production")
    await said(
        log,
        an_event("m0", "identify", anonymous_id="anon", traits={"plan": "pro"}),
        an_event("m2", "identify", anonymous_id="anon", user_id="bob", at=NOON),
    )
    assert custom(await people.user(None, "bob")) == {"plan": "pro"}
    await said(log, an_event("m1", "identify", anonymous_id="anon", user_id="ann", at=NOON - DAY))
    assert custom(await people.user(None, "ann")) == {"plan": "pro"}
    assert custom(await people.user(None, "bob")) == {}


async def test_a_group_gives_a_user_a_company_and_the_company_its_attributes(log: Log) -> None:
    await said(log, an_event("m1", "group", group_id="acme", traits={"tier": "gold"}))
    user = await log.people("production").user(None, "ann")
    assert user.company is not None
    assert user.company.value == "acme"
    company = await log.people("production").company("acme")
    assert facts(user, company, 0, 0, "UTC").company == {"tier": "gold"}
    assert (await log.people("production").company("nobody")).custom == {}


@pytest.mark.parametrize(
    "odd", ["two\nlines", "\r\t\x01\x7f", 'a "quoted" \\ one', "\u2028\u0085é😀", "[1,2]", "{null}"]
)
async def test_ids_and_values_are_kept_to_the_character(log: Log, odd: str) -> None:
    """In a row that is new and in one that changes, beside rows of others."""
    for number in range(2):
        await said(
            log,
            an_event(f"a{number}", "identify", user_id="ann", traits={"number": number}),
            an_event(f"o{number}", "identify", user_id=odd, traits={odd: f"{odd}{number}"}),
            an_event(f"g{number}", "group", user_id=odd, group_id=odd, traits={odd: f"{odd}{number}"}),
        )
        people = log.people("production")
        user, company = await people.user(None, odd), await people.company(odd)
        assert custom(user) == facts(user, company, 0, 0, "UTC").company == {odd: f"{odd}{number}"}
        assert custom(await people.user(None, "ann")) == {"number": number}
    assert (await log.rebuild()).differences == ()


async def test_lifecycle_events_become_experience_state(log: Log) -> None:
    await said(
        log,
        a_lifecycle_event("m1", "experience_seen", "welcome", at=NOON),
        a_lifecycle_event("m2", "experience_snoozed", "welcome", at=NOON + 5, until=NOON + 9),
    )
    state = (await log.people("production").user(None, "ann")).experiences["welcome"]
    assert (state.first_seen, state.last_seen) == (NOON, NOON + 5)
    assert [(snoozed.at, snoozed.until) for snoozed in state.snoozes] == [(NOON + 5, NOON + 9)]


def counting(counter: str, zone: str = "UTC", above: int = 0) -> FoldRules:
    def holds(properties: object) -> bool:
        return isinstance(properties, dict) and properties.get("total", 0) > above

    return FoldRules(zone, {"Order Completed": [(counter, holds)]})


async def counts(log: Log, user: str = "ann") -> dict[str, dict[int, int]]:
    return (await log.people("production").user(None, user)).counters


async def test_a_counter_counts_days_in_the_project_s_zone(log: Log) -> None:
    await log.follow("production", counting("orders", "Pacific/Auckland"))
    await said(
        log,
        an_event("m1", at=NOON - DAY // 2, properties={"total": 5}),
        an_event("m2", at=NOON, properties={"total": 5}),
        an_event("m3", at=NOON, properties={"total": 0}),
        an_event("m4", at=NOON, name="Order Refunded", properties={"total": 5}),
    )
    # Noon in UTC is one in the morning of the next day in Auckland.
    assert sorted((await counts(log))["orders"].values()) == [1, 1]
    assert len((await counts(log))["orders"]) == 2


async def test_a_new_counter_counts_back_and_a_dropped_one_is_forgotten(log: Log) -> None:
    await said(log, an_event("m1", properties={"total": 5}), an_event("m2", properties={"total": 50}))
    await log.follow("production", counting("orders"))
    await said(log, an_event("m3", properties={"total": 50}))
    assert [sum(days.values()) for days in (await counts(log)).values()] == [3]
    await log.follow("production", counting("big", above=10))
    assert {counter: sum(days.values()) for counter, days in (await counts(log)).items()} == {"big": 2}
    await said(log, an_event("m4", properties={"total": 50}))
    await log.follow("production", counting("orders"))
    assert {counter: sum(days.values()) for counter, days in (await counts(log)).items()} == {"orders": 4}
    assert (await log.rebuild()).differences == ()


async def test_another_zone_counts_the_days_anew(log: Log) -> None:
    await log.follow("production", counting("orders"))
    await said(
        log, an_event("m1", properties={"total": 5}), an_event("m2", at=NOON - DAY // 2, properties={"total": 5})
    )
    assert sorted((await counts(log))["orders"].values()) == [2]
    await log.follow("production", counting("orders", "Pacific/Auckland"))
    assert sorted((await counts(log))["orders"].values()) == [1, 1]


async def test_a_rebuild_finds_no_difference(log: Log) -> None:
    await log.follow("production", counting("orders"))
    await said(
        log,
        an_event("m1", "identify", anonymous_id="anon", user_id="ann", traits={"plan": "pro"}),
        an_event("m2", "group", group_id="acme", traits={"tier": "gold"}),
        an_event("m3", "alias", previous_id="ann", user_id="bob"),
        an_event("m4", properties={"total": 1}, anonymous_id="anon"),
        an_event("m1", "identify", user_id="ann", traits={"plan": "repeated"}),
    )
    report = await log.rebuild()
    assert report.differences == ()
    assert (report.events, report.rows) == (4, 8)
