"""What keeps a question from being asked, each problem at its place."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.conditions.model import Condition, EventCondition
from handrail.core.conditions.problems import Around, condition_problems
from handrail.core.problems import Problem
from handrail.core.values import is_date_only
from handrail.workspace.questions.model import (
    BreakdownByProperty,
    CountUsers,
    Did,
    FunnelOfSteps,
    ListUsers,
    PercentileTimes,
    Question,
    RetentionOfUsers,
    SurveyAnswers,
    UniquesPerDay,
)

MOST_DAYS = 3_660
MOST_STEPS = 12
MOST_ROWS = 10_000
MOST_STRETCHES = 366


def question_problems(question: Question, around: Around) -> Iterator[Problem]:
    """Every problem of a question."""
    if question.audience is not None:
        yield from condition_problems(question.audience, "audience", around)
    if not isinstance(question, CountUsers | ListUsers):
        yield from _between(question.days, 1, MOST_DAYS, "days")
        if question.until is not None and not is_date_only(question.until):
            yield Problem("not_a_day", "until", f"{question.until!r} is no day: write YYYY-MM-DD.")
    match question:
        case ListUsers(limit=limit):
            yield from _between(limit, 1, MOST_ROWS, "limit")
        case UniquesPerDay(event=event, where=where):
            yield from _did_problems(event, where, "", around)
        case FunnelOfSteps(steps=steps, within_hours=within):
            yield from _between(len(steps), 2, MOST_STEPS, "steps")
            for at, step in enumerate(steps):
                yield from _did_problems(step.event, step.where, f"steps[{at}].", around)
            if within is not None and not 0 < within <= MOST_DAYS * 24:
                yield Problem("out_of_range", "within_hours", f"Hours are more than 0 and at most {MOST_DAYS * 24}.")
        case BreakdownByProperty(event=event, where=where, property=name, limit=limit):
            yield from _did_problems(event, where, "", around)
            yield from _between(limit, 1, MOST_ROWS, "limit")
            if not name:
                yield Problem("empty_name", "property", "A property has a name.")
        case RetentionOfUsers(start=start, back=back, every_days=every, stretches=stretches):
            yield from _dids(("start", start), ("back", back), around=around)
            yield from _between(every, 1, MOST_DAYS, "every_days")
            yield from _between(stretches, 1, MOST_STRETCHES, "stretches")
        case PercentileTimes(start=start, end=end, percentiles=percentiles):
            yield from _dids(("start", start), ("end", end), around=around)
            yield from _between(len(percentiles), 1, 20, "percentiles")
            for at, percentile in enumerate(percentiles):
                yield from _between(percentile, 0, 100, f"percentiles[{at}]")
        case SurveyAnswers(experience=experience, key=key):
            for path, name in (("experience", experience), ("key", key)):
                if not name:
                    yield Problem("empty_name", path, "A survey and its question are named by their keys.")
        case CountUsers():
            pass


def _dids(*named: tuple[str, Did], around: Around) -> Iterator[Problem]:
    for path, did in named:
        yield from _did_problems(did.event, did.where, f"{path}.", around)


def _did_problems(event: str, where: Condition | None, path: str, around: Around) -> Iterator[Problem]:
    for problem in condition_problems(EventCondition(event, where=where), "", around):
        yield Problem(problem.code, path + problem.path.lstrip("."), problem.message, problem.severity)


def _between(value: int, least: int, most: int, path: str) -> Iterator[Problem]:
    if not least <= value <= most:
        yield Problem("out_of_range", path, f"{value} is not from {least} to {most}.")
