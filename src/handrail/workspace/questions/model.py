"""Questions as members write them: one kind each, recognised by `question`.

    {"question": "funnel", "days": 30, "within_hours": 72,
     "steps": [{"event": "Signed Up"}, {"event": "Order Completed", "where": {...}}]}

`days` are the last so many whole days in the project's zone, through the day `until` (today when left out). `audience`
narrows every kind to users for whom a condition holds.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from handrail.core.conditions.model import Condition


class Did(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Events of one name, of those with certain properties when `where` says so."""

    event: str
    where: Condition | None = None


class _Asked(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, tag_field="question"
):
    audience: Condition | None = None


class _OverDays(_Asked, frozen=True, kw_only=True):
    days: int = 30
    until: str | None = None


class CountUsers(_Asked, frozen=True, kw_only=True, tag="count"):
    """How many users the audience has."""


class ListUsers(_Asked, frozen=True, kw_only=True, tag="list"):
    """Users of the audience in the order of their ids, a page at a time: from behind `after`."""

    after: str = ""
    limit: int = 100


class UniquesPerDay(_OverDays, frozen=True, kw_only=True, tag="uniques"):
    """How many users did something on each day, and how often."""

    event: str
    where: Condition | None = None


class FunnelOfSteps(_OverDays, frozen=True, kw_only=True, tag="funnel"):
    """How many users did one thing after the other, each later than the one before it.

    With `within_hours` the last step reached came at most so long after the first.
    """

    steps: tuple[Did, ...]
    within_hours: float | None = None


class BreakdownByProperty(_OverDays, frozen=True, kw_only=True, tag="breakdown"):
    """How often something happened by the value of a property, the most frequent values first."""

    event: str
    property: str
    where: Condition | None = None
    limit: int = 20


class RetentionOfUsers(_OverDays, frozen=True, kw_only=True, tag="retention"):
    """Of the users who first did something in a stretch of days, how many came back in the following ones."""

    start: Did
    back: Did
    every_days: int = 7
    stretches: int = 8


class SurveyAnswers(_OverDays, frozen=True, kw_only=True, tag="answers"):
    """What users answered to a survey's question; of numbers also the mean, of 0 to 10 the net promoter score."""

    experience: str
    key: str


class PercentileTimes(_OverDays, frozen=True, kw_only=True, tag="times"):
    """How long it took from the first of one thing to the next of another, at percentiles (nearest rank)."""

    start: Did
    end: Did
    percentiles: tuple[int, ...] = (50, 75, 90, 95)


Question: TypeAlias = (
    CountUsers
    | ListUsers
    | UniquesPerDay
    | FunnelOfSteps
    | BreakdownByProperty
    | RetentionOfUsers
    | SurveyAnswers
    | PercentileTimes
)

Cell: TypeAlias = str | int | float | bool | None


class Table(msgspec.Struct, frozen=True):
    """An answer: rows under named columns, and what is said of all of them together in `facts`.

    `up_to`: the audience has lines that only a browser can answer, so at most these users are meant.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    facts: dict[str, Cell] = {}
    up_to: bool = False
