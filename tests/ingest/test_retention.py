"""Retention on SQLite's and PostgreSQL's log: what goes, what stays folded, and a clock that jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.events import NOON, a_lifecycle_event, an_event

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.projects import ControlProjects
from handrail.adapters.control.retention import ControlRetention
from handrail.adapters.postgres.log import PostgresLog
from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Conflict
from handrail.core.fold import FoldRules
from handrail.core.retention import count_past, day_at
from handrail.ingest.erasure import cutting
from handrail.storage import OpenLog
from handrail.workspace.retention import Clock, Retention, confirmed, is_trusted, kept_by, let_go, read_clock, settle
from handrail.workspace.seed import NewEnvironment, NewProject

DAY = 86_400_000
ORDERS = FoldRules("UTC", {"Order Completed": [("orders", None)]})
PLACES = ("production", "staging")


class Place:
    """Where a log lies, to be opened again and again."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder, self._address = folder, address

    @asynccontextmanager
    async def opened(self, answers_from: int = 0) -> AsyncIterator[OpenLog]:
        rules = {each: FoldRules(ORDERS.zone, ORDERS.counters, answers_from) for each in PLACES}
        opening = PostgresLog.open(self._address, rules) if self._address else SqliteLog.open(self._folder, rules)
        log = await opening
        try:
            await log.settled()
            yield log
        finally:
            await log.close()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path / "log", request.getfixturevalue("postgres_dsn") if request.param == "postgres" else "")


async def a_month(log: OpenLog, days: int = 30) -> None:
    """Each day an order of `ann`'s and one in staging."""
    for day in range(days):
        at = NOON + day * DAY
        await log.append([an_event(f"p{day}", at=at), an_event(f"s{day}", at=at, environment="staging")])
    await log.settled()


async def kept(log: OpenLog) -> list[str]:
    return [event.message_id async for _, event in log.read(0, 100_000)]


async def orders(log: OpenLog, environment: str = "production") -> int:
    counters = (await log.people(environment).user(None, "ann")).counters
    return sum(counters.get("orders", {}).values())


def named(letter: str, first: int, last: int = 29) -> list[str]:
    return [f"{letter}{day}" for day in range(first, last + 1)]


async def test_each_environment_keeps_its_days_exactly_and_what_went_stays_folded(place: Place) -> None:
    today = day_at(NOON + 29 * DAY)
    async with place.opened() as log:
        await a_month(log)
        assert await log.dropped() == 0
        assert await log.retain(today, 20, {"production": 20, "staging": 10}) > 0
        assert sorted(await kept(log)) == sorted([*named("p", 9), *named("s", 19)])
        assert await log.retain(today, 20, {"production": 20, "staging": 10}) == 0, "a second round finds nothing"
        assert await log.dropped() > 0
    async with place.opened() as log:
        assert [await orders(log, each) for each in PLACES] == [30, 30]
        assert (await log.rebuild()).differences == ()
        # An id is known as long as its event is kept.
        again = await log.append([an_event("p9", at=NOON + 29 * DAY), an_event("p8", at=NOON + 29 * DAY)])
        assert (again.stored, again.duplicates) == (1, 1)
        await log.folded(again.position)
        # A counter that is new counts what is still there, in a rebuild as well.
        more = FoldRules("UTC", {"Order Completed": [("orders", None), ("other", None)]})
        for each in PLACES:
            await log.follow(each, more)
        counted = (await log.people("production").user(None, "ann")).counters["other"]
        assert sum(counted.values()) == 22
        assert (await log.rebuild()).differences == ()
        # A longer period later brings nothing back, and drops nothing early.
        assert await log.retain(today, 29, {"production": 29, "staging": 29}) == 0


async def test_what_the_analytic_store_has_not_taken_stays(place: Place) -> None:
    today = day_at(NOON + 29 * DAY)
    async with place.opened() as log:
        await a_month(log)
        positions = [position async for position, _ in log.read(0, 100_000)]
        assert await log.retain(today, 10, {}, 0) == 0
        await log.retain(today, 10, {}, positions[5])
        assert (await kept(log))[0] == "p3"
        await log.retain(today, 10, {}, positions[-1])
        assert (await kept(log))[0] == "p19"


@pytest.mark.parametrize("jump", [400, -400])
async def test_events_that_a_wrong_clock_stamped_stay_with_their_neighbours(place: Place, jump: int) -> None:
    async with place.opened() as log:
        await a_month(log, 20)
        await log.append([an_event("jumped", at=NOON + (19 + jump) * DAY)])
        await log.append([an_event("back", at=NOON + 19 * DAY)])
        await log.settled()
        await log.retain(day_at(NOON + 19 * DAY), 7, {})
        assert await kept(log) == [f"{letter}{day}" for day in range(12, 20) for letter in "ps"] + ["jumped", "back"]
        # Once what came before and after it is past its time, it is.
        await log.append([an_event("much later", at=NOON + 40 * DAY)])
        # Another test's open transaction on the same server holds readers back until then.
        await log.settled()
        await log.retain(day_at(NOON + 40 * DAY), 7, {})
        assert await kept(log) == ["much later"]
        assert (await log.rebuild()).differences == ()


async def test_less_than_a_week_is_never_dropped(place: Place) -> None:
    async with place.opened() as log:
        for usual, days in ((6, {}), (7, {"production": 6})):
            with pytest.raises(ValueError, match="at least 7"):
                await log.retain(day_at(NOON), usual, days)


async def test_idle_visitors_go_and_whoever_came_back_or_signed_in_stays(place: Place) -> None:
    async with place.opened() as log:
        first = [an_event(f"v-{who}", "page", anonymous_id=who) for who in ("idle", "back", "signed", "late")]
        await log.append([*first, an_event("in", "identify", user_id="ann", anonymous_id="signed")])
        for day in range(1, 40):
            await log.append([an_event(f"p{day}", at=NOON + day * DAY)])
        await log.append([an_event("v2", "page", anonymous_id="back", at=NOON + 39 * DAY)])
        # Said long ago and received today: the log still has it, so a rebuild would bring the visitor back.
        await log.append([an_event("v3", "page", anonymous_id="late", at=NOON + DAY, received_at=NOON + 39 * DAY)])
        await log.settled()
        before = NOON + 9 * DAY
        assert await log.expire("production", before) == [], "the log still has their events"
        await log.retain(day_at(NOON + 39 * DAY), 30, {})
        assert await log.expire("staging", before) == []
        assert await log.expire("production", before) == ["a:idle"]
        assert await log.expire("production", before) == []
        people = log.people("production")
        seen = {who: bool((await people.user(who, None)).first_seen) for who in ("idle", "back", "signed", "late")}
        assert seen == {"idle": False, "back": True, "signed": True, "late": True}
        assert (await log.rebuild()).differences == ()
    async with place.opened() as log:
        assert (await log.rebuild()).differences == ()
        # Whoever comes back after that is new.
        await log.append([an_event("v4", "page", anonymous_id="idle", at=NOON + 39 * DAY)])
        await log.settled()
        assert (await log.people("production").user("idle", None)).first_seen == NOON + 39 * DAY


async def test_old_answers_go_and_that_they_were_given_stays(place: Place) -> None:
    def answers(day: int) -> list[object]:
        said = a_lifecycle_event(f"a{day}", "question_answered", "nps", at=NOON + day * DAY, step=f"q{day}", answer=day)
        return [said]

    async with place.opened() as log:
        for day in (0, 20):
            await log.append(answers(day))  # pyright: ignore[reportArgumentType]
        await log.append([an_event("last", at=NOON + 29 * DAY)])
        await log.settled()
        await log.retain(day_at(NOON + 29 * DAY), 15, {})
    async with place.opened(answers_from=NOON + 10 * DAY) as log:
        await log.forget_answers("production", NOON + 10 * DAY)
        state = (await log.people("production").user(None, "ann")).experiences["nps"]
        assert list(state.answers) == ["q20"]
        assert state.answered == NOON + 20 * DAY
        assert (await log.rebuild()).differences == ()
        # One that arrives late is held to the same.
        await log.append(answers(5))  # pyright: ignore[reportArgumentType]
        await log.settled()
        state = (await log.people("production").user(None, "ann")).experiences["nps"]
        assert list(state.answers) == ["q20"]
        assert (await log.rebuild()).differences == ()


async def test_who_is_erased_goes_from_what_dropped_events_said_as_well(place: Place) -> None:
    async with place.opened() as log:
        await a_month(log)
        await log.retain(day_at(NOON + 29 * DAY), 10, {})
        await log.erase("production", ["u:ann"], cutting("production", ["u:ann"]))
        assert await orders(log) == 0
        assert await orders(log, "staging") == 30
        assert (await log.rebuild()).differences == ()


def test_a_part_goes_only_with_everything_in_front_of_it() -> None:
    days = [day_at(NOON + day * DAY) for day in (0, 1, 400, 2, 20, -400, 21)]
    today = day_at(NOON + 21 * DAY)
    assert count_past(days, today, 7) == 4
    assert count_past(days[:3], today, 7) == 2, "of a day that has not come, nobody knows when it was"
    assert count_past(days, today, 30) == 0
    assert count_past([], today, 7) == 0


def test_a_clock_is_believed_after_three_steady_days() -> None:
    clock = read_clock(None, NOON)
    assert not is_trusted(clock)
    assert not clock.jumped
    for day in range(1, 5):
        clock = read_clock(clock, NOON + day * DAY)
    assert is_trusted(clock)
    for jump in (400, 4, -1, -400):
        jumped = read_clock(clock, clock.read_at + jump * DAY)
        assert not is_trusted(jumped)
        assert jumped.jumped == jump * DAY
        back = read_clock(jumped, clock.read_at)
        assert not is_trusted(back), "which of the two was right nobody knows"
        assert not is_trusted(read_clock(jumped, jumped.read_at + DAY))
    assert is_trusted(confirmed(NOON))
    # A small step is none, and a weekend off is none either.
    assert is_trusted(read_clock(clock, clock.read_at - 1000))
    assert is_trusted(read_clock(clock, clock.read_at + 60 * 3_600_000))


async def test_no_clock_that_jumped_deletes_anything(place: Place, tmp_path: Path) -> None:
    control = ControlDatabase(str(tmp_path / "control.db"))
    await control.open()
    made = NewProject(id="p", public_id="x", name="P", environments=(NewEnvironment("production", "P", (), "wk"),))
    await ControlProjects(control).add(made, 0)
    settings = ControlRetention(control)
    there = EnvironmentSettings(id="production", name="P", project="p", public_id="x", write_key="wk", origins=())

    async with place.opened() as log:
        await a_month(log)

        async def night(day: float) -> None:
            async def followed() -> None:
                return

            now = int(NOON + day * DAY)
            await let_go(settings, log, [there], followed, now=now, log_days=10, taken=None)

        before = await kept(log)
        for day in (29, 30, 31):
            await night(day)
            assert await kept(log) == before, "a new installation has no clock to believe yet"
        await night(32)
        right = await kept(log)
        assert right[0] == "p22"
        for jump in (432, 434, -368):
            with pytest.raises(Conflict, match="clock moved"):
                await night(jump)
        for day in (33, 34, 35.5):
            with pytest.raises(Conflict, match="clock moved"):
                await night(day)
            assert await kept(log) == right
        await night(36)
        assert (await kept(log))[0] == "p26"
        # Off for a month: refused, until somebody says that the date is right.
        with pytest.raises(Conflict, match="confirm-date"):
            await night(66)
        await settings.read_clock(lambda _: confirmed(NOON + 66 * DAY))
        await night(66)
        assert await kept(log) == []
        assert (await log.rebuild()).differences == ()
    await control.close()


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        (Retention(log_days=6), ["log_days"]),
        (Retention(log_days=4000), ["log_days", "anonymous_days"]),
        (Retention(event_days=-1, answer_days=29), ["event_days", "answer_days"]),
        (Retention(log_days=90, anonymous_days=60), ["anonymous_days"]),
    ],
)
async def test_settings_that_contradict_are_refused_with_every_path(
    settings: Retention, paths: list[str], tmp_path: Path
) -> None:
    from handrail.workspace.retention import NotKept

    database = ControlDatabase(str(tmp_path / "control.db"))
    with pytest.raises(NotKept) as refused:
        await settle(ControlRetention(database), "p", settings, 30)
    assert [each.path for each in refused.value.problems] == paths


def test_what_is_not_said_follows_the_installation() -> None:
    assert kept_by(Retention(), 30) == kept_by(Retention(30, 0, 0, 30), 30)
    assert kept_by(Retention(log_days=90), 30).anonymous_days == 90
    assert not read_clock(Clock(NOON, NOON), NOON).jumped
