"""Asking: a question as it was written, turned into one for the analytic store, and its rows into a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Protocol

import msgspec

from handrail.compile import questions as asked
from handrail.compile.queries import Expression, Query, Scope, audience, filter_of
from handrail.compile.sql import Printer, Sql
from handrail.core.conditions.model import Condition
from handrail.core.errors import Invalid
from handrail.core.problems import Problem
from handrail.core.values import day_start, day_text
from handrail.workspace.questions.model import (
    BreakdownByProperty,
    Cell,
    CountUsers,
    Did,
    FunnelOfSteps,
    ListUsers,
    PercentileTimes,
    Question,
    RetentionOfUsers,
    SurveyAnswers,
    Table,
    UniquesPerDay,
)

HOUR = 3_600_000
Row = Sequence[object]


class Analytics(Protocol):
    """An analytic store, as far as questions go."""

    async def count(self, query: Query, /) -> int:
        """How many users a query finds."""
        ...

    async def list(self, query: Query, /, *, after: str = "", limit: int = 1000) -> list[str]:
        """The users a query finds, in the order of their ids, from behind `after`."""
        ...

    async def ask(self, scope: Scope, write: Callable[[Printer], Sql], /) -> Sequence[tuple[object, ...]]:
        """The rows of a statement, which `write` prints for one environment."""
        ...


class Unaskable(Invalid):
    """A question has problems; each names the field it sits in."""

    code = "unaskable"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{problems[0].path}: {problems[0].message}", path=problems[0].path)
        self.problems = list(problems)


class Place(msgspec.Struct, frozen=True):
    """Where and when a question is asked: an environment, its segments, its zone and its day today."""

    environment: str
    segments: Mapping[str, Condition]
    today: int
    zone: str


async def ask(question: Question, place: Place, analytics: Analytics) -> Table:
    """The answer. The question was checked (`question_problems`) before."""
    scope = Scope(place.environment)
    query = audience(question.audience, place.segments, scope=scope, today=place.today, zone=place.zone)
    match question:
        case CountUsers():
            return Table(("users",), ((await analytics.count(query),),), up_to=query.up_to)
        case ListUsers(after=after, limit=limit):
            people = await analytics.list(query, after=after, limit=limit)
            facts: dict[str, Cell] = {"next": people[-1] if len(people) == limit else None}
            return Table(("user",), tuple((person,) for person in people), facts, query.up_to)
        case _:
            pass
    among, period = query.where, _period(question, place)
    match question:
        case UniquesPerDay(event=event, where=where):
            stored: asked.Question = asked.Uniques(_happenings(Did(event, where), place), period, among)
            shape = _days
        case FunnelOfSteps(steps=steps, within_hours=within):
            steps_done = tuple(_happenings(step, place) for step in steps)
            stored = asked.Funnel(steps_done, period, None if within is None else round(within * HOUR), among)

            def shape(rows: Sequence[Row]) -> Table:
                return _funnel([step.event for step in steps], rows)

        case BreakdownByProperty(event=event, where=where, property=name, limit=limit):
            stored = asked.Breakdown(_happenings(Did(event, where), place), name, period, limit, among)
            shape = _breakdown
        case RetentionOfUsers(start=start, back=back, every_days=every, stretches=stretches):
            begun, returned = _happenings(start, place), _happenings(back, place)
            stored = asked.Retention(begun, returned, period, every, stretches, among)

            def shape(rows: Sequence[Row]) -> Table:
                return _retention(rows, period.first_day, every, stretches)

        case SurveyAnswers(experience=experience, key=key):
            since, until = day_start(period.first_day, place.zone), day_start(period.last_day + 1, place.zone)
            stored = asked.Answers(experience, key, since, until, among)
            shape = _answers
        case PercentileTimes(start=start, end=end, percentiles=percentiles):
            begun, ended = _happenings(start, place), _happenings(end, place)
            stored = asked.Times(begun, ended, period, percentiles, among)

            def shape(rows: Sequence[Row]) -> Table:
                return _times(rows, percentiles)

    rows = await analytics.ask(scope, asked.question_sql(stored))
    return msgspec.structs.replace(shape(rows), up_to=query.up_to)


def _period(
    question: UniquesPerDay | FunnelOfSteps | BreakdownByProperty | RetentionOfUsers | SurveyAnswers | PercentileTimes,
    place: Place,
) -> asked.Period:
    last = place.today if question.until is None else date.fromisoformat(question.until).toordinal()
    return asked.Period(last - question.days + 1, last)


def _happenings(did: Did, place: Place) -> asked.Happenings:
    where: Expression | None = filter_of(did.where, place.zone)
    return asked.Happenings(did.event, where)


def _whole(value: object) -> int:
    return int(str(value))


def _days(rows: Sequence[Row]) -> Table:
    return Table(
        ("day", "users", "times"),
        tuple((day_text(_whole(day)), _whole(people), _whole(times)) for day, people, times in rows),
    )


def _funnel(names: Sequence[str], rows: Sequence[Row]) -> Table:
    counts = [_whole(count) for count in rows[0]]
    return Table(
        ("step", "event", "users", "of_first", "of_previous"),
        tuple(
            (at + 1, name, count, _share(count, counts[0]), _share(count, counts[at - 1] if at else count))
            for at, (name, count) in enumerate(zip(names, counts, strict=True))
        ),
    )


def _share(part: int, whole: int) -> float | None:
    return None if not whole else round(part / whole, 4)


def _breakdown(rows: Sequence[Row]) -> Table:
    def value(row: Row) -> Cell:
        text, number, boolean = row[:3]
        if isinstance(text, str):
            return text
        return number if isinstance(number, float) else boolean if isinstance(boolean, bool) else None

    return Table(("value", "times", "users"), tuple((value(row), _whole(row[3]), _whole(row[4])) for row in rows))


def _retention(rows: Sequence[Row], first_day: int, every: int, stretches: int) -> Table:
    found = {(_whole(cohort), _whole(stretch)): _whole(people) for cohort, stretch, people in rows}
    cohorts = sorted({cohort for cohort, _ in found})
    return Table(
        ("from", "users", *(f"stretch_{number}" for number in range(stretches))),
        tuple(
            (
                day_text(first_day + cohort * every),
                found.get((cohort, -1), 0),
                *(found.get((cohort, stretch), 0) for stretch in range(stretches)),
            )
            for cohort in cohorts
        ),
    )


PROMOTER, DETRACTOR = 9, 6
"""The least score of a promoter, and the greatest of a detractor."""


def _answers(rows: Sequence[Row]) -> Table:
    counts = {str(element): _whole(people) for element, people in rows}
    people = counts.pop("", 0)
    values = sorted(((_value(element), times) for element, times in counts.items()), key=_order)
    facts: dict[str, Cell] = {"answers": people}
    numbers = [(value, times) for value, times in values if isinstance(value, float)]
    given = sum(times for _, times in numbers)
    if numbers:
        facts["mean"] = round(sum(value * times for value, times in numbers) / given, 4)
    if numbers and all(value.is_integer() and 0 <= value <= 10 for value, _ in numbers):
        promoters = sum(times for value, times in numbers if value >= PROMOTER)
        detractors = sum(times for value, times in numbers if value <= DETRACTOR)
        facts |= {"promoters": promoters, "passives": given - promoters - detractors, "detractors": detractors}
        facts["nps"] = round(100 * (promoters - detractors) / given, 1)
    return Table(("answer", "users", "share"), tuple((value, n, _share(n, people)) for value, n in values), facts)


def _order(counted: tuple[Cell, int]) -> tuple[int, float, str]:
    value = counted[0]
    return (0, value, "") if isinstance(value, float) else (1, 0.0, str(value))


def _value(element: str) -> Cell:
    """The answer that an element was written from (`element_text`)."""
    match element[:1]:
        case "n":
            return float(element[1:])
        case "b":
            return element == "b1"
        case _:
            return element[1:]


def _times(rows: Sequence[Row], percentiles: Sequence[int]) -> Table:
    took = {_whole(rank): _whole(milliseconds) for rank, _, milliseconds in rows}
    people = _whole(rows[0][1]) if rows else 0
    ranks = {percentile: max(1, (people * percentile + 99) // 100) for percentile in percentiles}
    return Table(
        ("percentile", "seconds"),
        tuple((each, round(took[ranks[each]] / 1000, 3)) for each in percentiles if people),
        {"users": people},
    )
