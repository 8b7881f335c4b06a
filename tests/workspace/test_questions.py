"""Every question has one answer: DuckDB's, ClickHouse's, and that of going through every event in Python."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from handrail.adapters.clickhouse import ClickhouseAnalytics
from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.compile.filters import property_filter
from handrail.core.conditions.model import Condition, parse_condition
from handrail.core.events import Stamp
from handrail.core.people import AttributeValue, ExperienceState, Written
from handrail.core.values import day_of
from handrail.ingest.replica import Batch, EventRow, PersonRow
from handrail.workspace.questions.ask import Place, ask
from handrail.workspace.questions.model import (
    BreakdownByProperty,
    CountUsers,
    Did,
    FunnelOfSteps,
    ListUsers,
    PercentileTimes,
    RetentionOfUsers,
    SurveyAnswers,
    UniquesPerDay,
)
from tests.support import oracle
from tests.support.clickhouse import clickhouse_or_skip
from tests.support.oracle import Deed

Store = DuckdbAnalytics | ClickhouseAnalytics
ZONE = "Europe/Berlin"
NOON = 1_795_600_000_000
DAY = 86_400_000
TODAY = day_of(NOON, ZONE)
PLACE = Place("production", {}, TODAY, ZONE)
NAMES = ("Signed Up", "Saved", "Exported")
PLANS = ("pro", "trial", "it's", None)
LARGE = parse_condition({"attribute": "property.total", "operator": ">=", "value": 5})
PRO = parse_condition({"attribute": "custom.plan", "operator": "is", "value": "pro"})


class World:
    """People and what they did, as rows of a store and as deeds."""

    def __init__(self, seed: int) -> None:
        draw = Random(seed)
        self.people = [f"u:p{number}" for number in range(12)]
        self.plans = {person: draw.choice(PLANS) for person in self.people}
        self.scores: dict[str, AttributeValue] = {}
        self.persons = {("production", f"a:d{number}"): f"u:p{number}" for number in range(6)}
        self.deeds: list[Deed] = []
        self.events: list[EventRow] = []
        for _ in range(90):
            number = draw.randrange(12)
            # Half of the people did some things before they were known.
            subject = f"a:d{number}" if number < 6 and draw.random() < 0.4 else f"u:p{number}"
            instant = NOON - draw.randrange(9) * DAY // 2 - draw.choice((0, 0, 1, 2, 3_600_000, DAY // 3))
            properties: dict[str, AttributeValue] = {
                "total": draw.choice((1, 5, 5.5, 1e21)),
                "mixed": draw.choice(("a", "A", 1, True, None, ["x"])),
            }
            kept: dict[str, AttributeValue] = {name: value for name, value in properties.items() if value is not None}
            name = draw.choice(NAMES)
            self.deeds.append(Deed(f"u:p{number}", name, day_of(instant, ZONE), instant, kept))
            self.events.append(EventRow("production", subject, name, instant, kept))
        for person in self.people:
            if draw.random() < 0.8:
                self.scores[person] = draw.choice((0, 6, 7, 9, 10))
        self.events.append(EventRow("staging", "u:p1", "Saved", NOON, {"total": 5}))

    def batch(self) -> Batch:
        rows: list[PersonRow] = []
        for person in self.people:
            answers = {"score": Written(self.scores[person], Stamp(NOON, "m"))} if person in self.scores else {}
            known = {} if self.plans[person] is None else {"custom.plan": self.plans[person]}
            state = {"nps": ExperienceState(answered=NOON, answers=answers)} if answers else {}
            rows.append(PersonRow("production", person, known, None, state))
        return Batch(people=rows, events=self.events, persons=self.persons, named=self.persons)

    def pros(self) -> list[Deed]:
        return [each for each in self.deeds if self.plans[each.person] == "pro"]


SEEDS = range(6)


@pytest.fixture(scope="module", params=["duckdb", "clickhouse"])
def stores(request: pytest.FixtureRequest) -> Iterator[list[tuple[World, Store]]]:
    """A store for each world."""
    server = clickhouse_or_skip() if request.param == "clickhouse" else None
    made: list[tuple[World, Store]] = []
    for seed in SEEDS:
        store = (
            DuckdbAnalytics(None, lambda environment: ZONE)
            if server is None
            else ClickhouseAnalytics(server.address(), lambda environment: ZONE)
        )
        world = World(seed)
        store.write(world.batch())
        made.append((world, store))
    yield made
    for _, store in made:
        store.close()
    if server is not None:
        server.close()


def passing(name: str, where: Condition | None = None) -> oracle.Passes:
    keeps = property_filter(where, ZONE)
    return lambda deed: deed.name == name and keeps(deed.properties)


async def test_uniques_per_day(stores: list[tuple[World, Store]]) -> None:
    for world, store in stores:
        for audience, deeds in ((None, world.deeds), (PRO, world.pros())):
            for days, where in ((3, None), (30, LARGE)):
                question = UniquesPerDay(event="Saved", where=where, days=days, audience=audience)
                expected = oracle.uniques(deeds, passing("Saved", where), TODAY - days + 1, TODAY)
                table = await ask(question, PLACE, store)
                assert [row[1:] for row in table.rows] == [row[1:] for row in expected]


@pytest.mark.parametrize("hours", [None, 1, 12, 48])
@pytest.mark.parametrize("names", [NAMES, ("Saved", "Saved", "Saved"), ("Exported", "Signed Up")])
async def test_funnels(hours: float | None, names: tuple[str, ...], stores: list[tuple[World, Store]]) -> None:
    limit = None if hours is None else round(hours * 3_600_000)
    for world, store in stores:
        for audience, deeds in ((None, world.deeds), (PRO, world.pros())):
            wheres = [None, LARGE, None][: len(names)]
            steps = tuple(Did(name, where) for name, where in zip(names, wheres, strict=True))
            question = FunnelOfSteps(steps=steps, within_hours=hours, days=7, audience=audience)
            passes = [passing(step.event, step.where) for step in steps]
            expected = oracle.funnel(deeds, passes, TODAY - 6, TODAY, limit)
            assert [row[2] for row in (await ask(question, PLACE, store)).rows] == expected


async def test_breakdowns(stores: list[tuple[World, Store]]) -> None:
    for world, store in stores:
        for name in ("total", "mixed", "unknown"):
            question = BreakdownByProperty(event="Saved", property=name, days=5)
            table = await ask(question, PLACE, store)
            expected = oracle.breakdown(world.deeds, passing("Saved"), name, TODAY - 4, TODAY)
            found = {
                None if value is None else (type(value) is bool, value): (times, people)
                for value, times, people in table.rows
            }
            assert found == expected
            counts = [int(str(times)) for _, times, _ in table.rows]
            assert counts == sorted(counts, reverse=True)


async def test_retention(stores: list[tuple[World, Store]]) -> None:
    for world, store in stores:
        for size in (1, 2):
            question = RetentionOfUsers(
                start=Did("Saved"), back=Did("Exported", LARGE), every_days=size, stretches=3, days=5
            )
            back = passing("Exported", LARGE)
            expected = oracle.retention(world.deeds, passing("Saved"), back, TODAY - 4, TODAY, size, 3)
            table = await ask(question, PLACE, store)
            cohorts = sorted({cohort for cohort, _ in expected})
            assert [row[1:] for row in table.rows] == [
                tuple(expected.get((cohort, stretch), 0) for stretch in (-1, 0, 1, 2)) for cohort in cohorts
            ]


async def test_percentile_times(stores: list[tuple[World, Store]]) -> None:
    for world, store in stores:
        question = PercentileTimes(start=Did("Signed Up"), end=Did("Saved"), percentiles=(0, 50, 90, 100), days=9)
        took = oracle.times(world.deeds, passing("Signed Up"), passing("Saved"), TODAY - 8, TODAY)
        table = await ask(question, PLACE, store)
        assert table.facts["users"] == len(took)
        ranks = [max(1, -(-percentile * len(took) // 100)) for percentile in (0, 50, 90, 100)]
        assert [row[1] for row in table.rows] == [round(took[rank - 1] / 1000, 3) for rank in ranks if took]


async def test_answers(stores: list[tuple[World, Store]]) -> None:
    for world, store in stores:
        table = await ask(SurveyAnswers(experience="nps", key="score"), PLACE, store)
        scores = [int(str(score)) for score in world.scores.values()]
        assert [row[:2] for row in table.rows] == [(float(score), scores.count(score)) for score in sorted(set(scores))]
        promoters, detractors = sum(score > 8 for score in scores), sum(score < 7 for score in scores)
        assert table.facts["nps"] == round(100 * (promoters - detractors) / len(scores), 1)
        assert table.facts["answers"] == len(scores)
        assert table.facts["mean"] == round(sum(scores) / len(scores), 4)
        older = await ask(SurveyAnswers(experience="nps", key="score", until="2026-01-01"), PLACE, store)
        assert older.facts["answers"] == 0


async def test_who_and_how_many(stores: list[tuple[World, Store]]) -> None:
    for world, store in stores:
        pros = sorted(person for person, plan in world.plans.items() if plan == "pro")
        assert (await ask(CountUsers(audience=PRO), PLACE, store)).rows == ((len(pros),),)
        assert [row[0] for row in (await ask(ListUsers(audience=PRO), PLACE, store)).rows] == pros
        first = await ask(ListUsers(limit=5), PLACE, store)
        rest = await ask(ListUsers(after=str(first.facts["next"])), PLACE, store)
        assert [row[0] for row in (*first.rows, *rest.rows)] == sorted(world.people)


async def test_nothing_happened(stores: list[tuple[World, Store]]) -> None:
    _, store = stores[0]
    nothing = Did("Never")
    assert (await ask(UniquesPerDay(event="Never"), PLACE, store)).rows == ()
    assert [row[2] for row in (await ask(FunnelOfSteps(steps=(nothing, nothing)), PLACE, store)).rows] == [0, 0]
    timed = FunnelOfSteps(steps=(nothing, nothing), within_hours=1)
    assert [row[2] for row in (await ask(timed, PLACE, store)).rows] == [0, 0]
    assert (await ask(PercentileTimes(start=nothing, end=nothing), PLACE, store)).rows == ()
    assert (await ask(SurveyAnswers(experience="x", key="y"), PLACE, store)).facts == {"answers": 0}
    assert (await ask(RetentionOfUsers(start=nothing, back=nothing), PLACE, store)).rows == ()
    assert (await ask(BreakdownByProperty(event="Never", property="x"), PLACE, store)).rows == ()
