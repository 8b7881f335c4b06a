# ruff: noqa: S608 what an author wrote is a parameter, as in `handrail.compile.sql`
"""Questions to an analytic store beyond who and how many: uniques, funnels, breakdowns, retention, answers, times.

Each is a value with everything an engine would otherwise have to decide (days are numbers, filters are expressions),
and one function prints it by whichever dialect it is given. Persons are counted, not subjects: what somebody did
before they identified counts as theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from handrail.compile.queries import Column, Expression, Fixed
from handrail.compile.sql import Printer, Sql


class Happenings(msgspec.Struct, frozen=True):
    """Events of one name that pass a filter."""

    event: str
    where: Expression | None = None


class Period(msgspec.Struct, frozen=True):
    """Days (proleptic ordinals in the project's zone), both included."""

    first_day: int
    last_day: int


class Uniques(msgspec.Struct, frozen=True):
    """How many persons did something, and how often, on each day. Rows: day, people, times."""

    happenings: Happenings
    period: Period
    among: Expression = Fixed(True)


class Funnel(msgspec.Struct, frozen=True):
    """How many persons did the first thing, then the second later than it, and so on. One row: a count for each step.

    With `within` (milliseconds) the last of the steps reached came at most so long after the first.
    """

    steps: tuple[Happenings, ...]
    period: Period
    within: int | None = None
    among: Expression = Fixed(True)


class Breakdown(msgspec.Struct, frozen=True):
    """How often something happened by the value of one property. Rows: text, number, boolean, times, people.

    Ordered by times; a value that is a list, or is missing, has none of the three.
    """

    happenings: Happenings
    property: str
    period: Period
    limit: int
    among: Expression = Fixed(True)


class Retention(msgspec.Struct, frozen=True):
    """Of the persons whose first `start` ever fell into a stretch of `size` days, how many came back in later ones.

    Stretches of a person count from their own first day. Rows: cohort, stretch (-1: the cohort's own size), people.
    """

    start: Happenings
    back: Happenings
    period: Period
    size: int
    stretches: int
    among: Expression = Fixed(True)


class Answers(msgspec.Struct, frozen=True):
    """What persons answered last to a question. Rows: element (`element_text`), people; '' is all who answered."""

    experience: str
    question: str
    since: int | None = None
    until: int | None = None
    among: Expression = Fixed(True)


class Times(msgspec.Struct, frozen=True):
    """How long it took persons from the first `start` of the period to the next `end`, in milliseconds.

    Rows: place in the order (from 1), persons, milliseconds, for the nearest rank of each percentile asked.
    """

    start: Happenings
    end: Happenings
    period: Period
    percentiles: tuple[int, ...]
    among: Expression = Fixed(True)


Question: TypeAlias = Uniques | Funnel | Breakdown | Retention | Answers | Times


def question_sql(question: Question) -> Callable[[Printer], Sql]:
    """What prints a question, given a dialect."""
    match question:
        case Uniques():
            return lambda printer: _uniques(question, printer)
        case Funnel():
            return lambda printer: _funnel(question, printer)
        case Breakdown():
            return lambda printer: _breakdown(question, printer)
        case Retention():
            return lambda printer: _retention(question, printer)
        case Answers():
            return lambda printer: _answers(question, printer)
        case Times():
            return lambda printer: _times(question, printer)


def _among(printer: Printer, person: str, among: Expression) -> str:
    """What keeps persons outside the audience away."""
    return "true" if among == Fixed(True) else f"{person} IN ({printer.audience(among)})"


def _events(printer: Printer, happenings: Happenings, period: Period | None) -> str:
    first, last = (None, None) if period is None else (period.first_day, period.last_day)
    return printer.event_where(happenings.event, happenings.where, first, last)


def _uniques(question: Uniques, printer: Printer) -> Sql:
    # Event by event: grouping by subject first would make nearly as many groups as there are events.
    where = _events(printer, question.happenings, question.period)
    source, person = printer.joined()
    return printer.sql(
        f"SELECT e.day, count(DISTINCT {person}) AS people, count(*) AS times"
        f" FROM {source} WHERE {where} AND {_among(printer, person, question.among)} GROUP BY e.day ORDER BY e.day"
    )


def _done(printer: Printer, question: Funnel) -> str:
    """Every event that is some step's: its person, its instant, and which steps it is (`m1`, `m2`, ...)."""
    marks = [_events(printer, step, None) for step in question.steps]
    days = (
        f"e.environment = {printer.environment} AND e.day >= {printer.value(question.period.first_day)}"
        f" AND e.day <= {printer.value(question.period.last_day)}"
    )
    columns = ", ".join(f"({mark}) AS m{number}" for number, mark in enumerate(marks, start=1))
    names = ", ".join(printer.value(name) for name in sorted({step.event for step in question.steps}))
    subjects = (
        f"SELECT {printer.subject()} AS subject, e.instant AS t, {columns} FROM {printer.events()}"
        f" WHERE {days} AND e.name IN ({names})"
    )
    kept = ("s.t AS t", *(f"s.m{number} AS m{number}" for number in range(1, len(marks) + 1)))
    persons = printer.by_person(subjects, *kept)
    if question.among == Fixed(True):
        return persons
    return f"SELECT * FROM ({persons}) d WHERE {_among(printer, 'd.person', question.among)}"


def _funnel(question: Funnel, printer: Printer) -> Sql:
    count = len(question.steps)
    done = _done(printer, question)
    if question.within is None:
        return printer.sql(_open_funnel(done, count))
    return printer.sql(_timed_funnel(done, count, printer.value(question.within)))


def _open_funnel(done: str, count: int) -> str:
    """Without a limit the earliest way through is the best: the first event of a step behind the one before."""
    parts = [f"d AS ({done})", "f1 AS (SELECT person, min(t) AS t FROM d WHERE m1 GROUP BY person)"]
    parts += [
        f"f{at} AS (SELECT d.person AS person, min(d.t) AS t FROM d JOIN f{at - 1} f ON d.person = f.person"
        f" WHERE d.m{at} AND d.t > f.t GROUP BY d.person)"
        for at in range(2, count + 1)
    ]
    counts = ", ".join(f"(SELECT count(*) FROM f{at}) AS n{at}" for at in range(1, count + 1))
    return f"WITH {', '.join(parts)} SELECT {counts}"


def _timed_funnel(done: str, count: int, within: str) -> str:
    """With a limit the latest start that reaches a step is the best: the most time is left from there.

    `b2` of an event is the latest start of a way that reached step 2 before the event; `c3` is that of a way that
    reaches step 3 with it.
    """
    window = "OVER (PARTITION BY person ORDER BY t RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    layer = f"SELECT *, CASE WHEN m1 THEN t END AS c1 FROM ({done}) d1"
    for at in range(2, count + 1):
        layer = (
            f"SELECT *, CASE WHEN m{at} AND t <= b{at - 1} + {within} THEN b{at - 1} END AS c{at}"
            f" FROM (SELECT *, max(c{at - 1}) {window} AS b{at - 1} FROM ({layer}) w{at}) d{at}"
        )
    reached = ", ".join(f"max(CASE WHEN c{at} IS NULL THEN 0 ELSE 1 END) AS r{at}" for at in range(1, count + 1))
    counts = ", ".join(f"coalesce(sum(r{at}), 0) AS n{at}" for at in range(1, count + 1))
    return f"SELECT {counts} FROM (SELECT person, {reached} FROM ({layer}) r GROUP BY person) n"


def _breakdown(question: Breakdown, printer: Printer) -> Sql:
    where = _events(printer, question.happenings, question.period)
    kinds = ("text", "number", "boolean")
    names = {kind: printer.named(Column(f"property.{question.property}", kind)) or "NULL" for kind in kinds}
    values = ", ".join(f"{name} AS v_{kind}" for kind, name in names.items())
    grouped = ", ".join(f"v_{kind}" for kind in kinds)
    subjects = (
        f"SELECT subject, {grouped}, count(*) AS times FROM (SELECT {printer.subject()} AS subject, {values}"
        f" FROM {printer.events()} WHERE {where}) g GROUP BY subject, {grouped}"
    )
    persons = printer.by_person(subjects, *(f"s.v_{kind} AS v_{kind}" for kind in kinds), "s.times AS times")
    order = ", ".join(f"v_{kind} ASC NULLS LAST" for kind in kinds)
    return printer.sql(
        f"SELECT {grouped}, sum(u.times) AS total, count(DISTINCT u.person) AS people FROM ({persons}) u"
        f" WHERE {_among(printer, 'u.person', question.among)} GROUP BY {grouped}"
        f" ORDER BY total DESC, {order} LIMIT {printer.value(question.limit)}"
    )


def _retention(question: Retention, printer: Printer) -> Sql:
    table = printer.events()
    starts = printer.by_person(
        f"SELECT {printer.subject()} AS subject, min(e.day) AS day FROM {table}"
        f" WHERE {_events(printer, question.start, None)} GROUP BY 1",
        "s.day AS day",
    )
    back = printer.by_person(
        f"SELECT DISTINCT {printer.subject()} AS subject, e.day AS day FROM {table}"
        f" WHERE {printer.event_where(question.back.event, question.back.where, question.period.first_day)}",
        "s.day AS day",
    )
    first, last = printer.value(question.period.first_day), printer.value(question.period.last_day)
    size, stretches = printer.value(question.size), printer.value(question.stretches)
    cohort = printer.divided(f"p.begun - {first}", size)
    stretch = printer.divided("b.day - p.begun", size)
    return printer.sql(
        f"WITH p AS (SELECT person, min(day) AS begun FROM ({starts}) a GROUP BY person"
        f" HAVING min(day) >= {first} AND min(day) <= {last} AND {_among(printer, 'person', question.among)}),"
        f" b AS (SELECT DISTINCT person, day FROM ({back}) c)"
        f" SELECT {cohort} AS cohort, -1 AS stretch, count(*) AS people FROM p GROUP BY 1, 2"
        f" UNION ALL SELECT {cohort} AS cohort, {stretch} AS stretch, count(DISTINCT p.person) AS people"
        f" FROM p JOIN b ON p.person = b.person WHERE b.day >= p.begun AND {stretch} < {stretches} GROUP BY 1, 2"
        " ORDER BY 1, 2"
    )


def _answers(question: Answers, printer: Printer) -> Sql:
    conditions = [
        f"x.environment = {printer.environment}",
        f"x.experience = {printer.value(question.experience)}",
        f"x.question = {printer.value(question.question)}",
        printer.is_current("x"),
        _among(printer, "x.person", question.among),
    ]
    if question.since is not None:
        conditions.append(f"x.instant >= {printer.value(question.since)}")
    if question.until is not None:
        conditions.append(f"x.instant < {printer.value(question.until)}")
    given = f"SELECT x.elements AS elements FROM {printer.table('answers', 'x')} WHERE {' AND '.join(conditions)}"
    return printer.sql(
        f"WITH g AS ({given}) SELECT '' AS element, count(*) AS people FROM g"
        " UNION ALL SELECT element, count(*) AS people"
        f" FROM (SELECT {printer.elements('elements')} AS element FROM g) h GROUP BY element ORDER BY 1"
    )


def _times(question: Times, printer: Printer) -> Sql:
    table = printer.events()
    persons = [
        printer.by_person(
            f"SELECT {printer.subject()} AS subject, e.instant AS t FROM {table}"
            f" WHERE {_events(printer, each, question.period)}",
            "s.t AS t",
        )
        for each in (question.start, question.end)
    ]
    ranks = [printer.divided(f"n * {percentile} + 99", "100") for percentile in question.percentiles]
    wanted = " OR ".join(f"r = greatest(1, {rank})" for rank in ranks)
    return printer.sql(
        f"WITH a AS (SELECT person, min(t) AS t FROM ({persons[0]}) i"
        f" WHERE {_among(printer, 'i.person', question.among)} GROUP BY person),"
        f" z AS (SELECT j.person AS person, min(j.t - a.t) AS took FROM ({persons[1]}) j JOIN a ON j.person = a.person"
        " WHERE j.t >= a.t GROUP BY j.person),"
        " o AS (SELECT took, row_number() OVER (ORDER BY took) AS r, count(*) OVER () AS n FROM z)"
        f" SELECT r, n, took FROM o WHERE {wanted} ORDER BY r"
    )
