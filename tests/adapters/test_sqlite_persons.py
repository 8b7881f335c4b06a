"""A person kept in memory is what a fresh read would give, whatever was folded in between."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from handrail.adapters.sqlite.log import SqliteLog
from handrail.adapters.sqlite.persons import KnownPersons
from handrail.core.events import Event
from handrail.core.fold import FoldRules, company_id, person
from handrail.core.people import Person, Subject
from handrail.ingest.ports import People
from tests.support.events import NOON, a_lifecycle_event, an_event

ANONYMOUS = [None, "phone", "laptop", "tablet"]
USERS = [None, "ann", "bob", "cleo", "dan"]


async def read_anew(people: People, anonymous: str | None, user: str | None) -> Person:
    """Straight from the rows: neither of the two calls keeps anything."""
    subject = await people.user(anonymous, user)
    group = company_id(subject)
    return person(subject, None if group is None else await people.company(group))


def any_event(draw: random.Random, number: int) -> Event:
    user, anonymous, at = draw.choice(USERS[1:]), draw.choice(ANONYMOUS[1:]), NOON + draw.randrange(1000)
    match draw.randrange(5):
        case 0:
            return an_event(f"m{number}", "identify", user_id=user, anonymous_id=anonymous, traits={"n": number}, at=at)
        case 1:
            return an_event(f"m{number}", "alias", user_id=user, previous_id=draw.choice(USERS[1:]), at=at)
        case 2:
            return an_event(
                f"m{number}", "group", user_id=user, group_id=draw.choice("xy"), traits={"n": number}, at=at
            )
        case 3:
            return an_event(f"m{number}", "identify", user_id=None, anonymous_id=anonymous, traits={"n": number}, at=at)
        case _:
            return a_lifecycle_event(f"m{number}", "experience_seen", draw.choice("pq"), at=at)


@pytest.mark.parametrize("seed", range(5))
async def test_whoever_waits_for_a_fold_reads_what_it_left(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    log = await SqliteLog.open(tmp_path)
    people = log.people("production")
    for round_ in range(60):
        events = [any_event(draw, round_ * 10 + number) for number in range(draw.randrange(1, 4))]
        await log.folded((await log.append(events)).position)
        for anonymous in ANONYMOUS:
            for user in USERS:
                assert await people.person(anonymous, user) == await read_anew(people, anonymous, user)
    await log.close()


async def test_a_person_is_read_once_until_something_of_theirs_changes(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path)
    people = log.people("production")
    await log.folded((await log.append([an_event("m1", "identify", user_id="ann", traits={"plan": "pro"})])).position)
    ann = await people.person(None, "ann")
    await log.folded((await log.append([an_event("m2", user_id="bob")])).position)
    assert await people.person(None, "ann") is ann
    await log.folded((await log.append([an_event("m3", user_id="ann")])).position)
    assert await people.person(None, "ann") is not ann
    await log.close()


async def test_counters_that_come_or_go_are_seen_at_once(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path)
    await log.folded((await log.append([an_event("m1", user_id="ann")])).position)
    people = log.people("production")
    assert (await people.person(None, "ann")).subject.counters == {}
    await log.follow("production", FoldRules("UTC", {"Order Completed": [("orders", None)]}))
    assert list((await people.person(None, "ann")).subject.counters) == ["orders"]
    await log.close()


def test_as_many_are_kept_as_fit_and_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handrail.adapters.sqlite.persons.KEPT", 2)
    known = KnownPersons()
    someone = person(Subject(), None)
    for user in ("ann", "bob", "cleo"):
        known.keep(("production", None, user), someone, [("production", "u:" + user), ("production", "c:acme")])
    assert [known.get(("production", None, user)) is not None for user in ("ann", "bob", "cleo")] == [False, True, True]
    known.forget({("production", "c:acme")})
    assert known.get(("production", None, "bob")) is None
