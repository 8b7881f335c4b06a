"""Operators: how one attribute value compares. `spec/tables/operators.json` is the authority.

No value is converted. A missing value, and one of another type than the row asks for, answer alike: true for the
negative operators, false for every other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from handrail.core.conditions.model import AttributeCondition, Expected
from handrail.core.people import AttributeValue
from handrail.core.values import DAY, day_of, day_start, double, instant_of, is_date_only, kind_of, normal

NEGATIVE = frozenset({"is_not", "not_contains", "none_of", "has_none", "!="})
"""Operators that hold for a user without the attribute."""

ROWS: Mapping[str, tuple[str, ...]] = {
    "text": ("is", "is_not", "contains", "not_contains", "starts_with", "ends_with", "matches", "one_of", "none_of"),
    "number": ("=", "!=", "<", "<=", ">", ">=", "between"),
    "boolean": ("is",),
    "array": ("has_any", "has_all", "has_none"),
    "date": ("before", "after", "between", "within_last", "more_than_ago"),
    "any": ("is_set", "is_empty"),
}
"""The operators of each type, in the table's order."""

ANSWERING = frozenset(
    operator for row in ("text", "number", "boolean", "array") for operator in ROWS[row] if operator not in NEGATIVE
)
"""Operators that may compare a survey's answer. Whoever did not answer is not meant, so the negative ones mislead."""

MAX_DAYS = 36_600
"""Longest window, in days."""

Matcher: TypeAlias = Callable[[str, str], bool]
"""Whether an RE2 pattern is found in a text: `(pattern, text)`. An argument, because core imports no RE2."""


def row_of(condition: AttributeCondition) -> str | None:
    """The type whose row of the operator table this leaf asks; None when the operator cannot compare with its value.

    Such a leaf is refused at publish (`condition_problems`); asked anyway, it answers as for a missing value.
    """
    operator, expected = condition.operator, condition.value
    return next(
        (row for row, operators in ROWS.items() if operator in operators and _fits(row, operator, expected)), None
    )


def _fits(row: str, operator: str, expected: Expected) -> bool:
    match row, operator:
        case "any", _:
            return expected is None
        case "text", "one_of" | "none_of":
            return isinstance(expected, tuple) and all(isinstance(each, str) for each in expected)
        case "text", _:
            return isinstance(expected, str)
        case "boolean", _:
            return isinstance(expected, bool)
        case "number", "between":
            return isinstance(expected, tuple) and len(expected) == 2 and all(map(_is_number, expected))
        case "number", _:
            return _is_number(expected)
        case "array", _:
            return isinstance(expected, tuple) and all(
                isinstance(each, str | bool) or _is_number(each) for each in expected
            )
        case _, "between":
            return isinstance(expected, tuple) and len(expected) == 2 and all(map(_is_date, expected))
        case _, "within_last" | "more_than_ago":
            least = 1 if operator == "within_last" else 0
            return isinstance(expected, int) and not isinstance(expected, bool) and least <= expected <= MAX_DAYS
        case _:
            return _is_date(expected)


def _is_number(value: object) -> bool:
    return kind_of(value) == "number" and math.isfinite(double(value))  # pyright: ignore[reportArgumentType] it is one


def _is_date(value: object) -> bool:
    return instant_of(value, "UTC") is not None


def holds(condition: AttributeCondition, actual: AttributeValue, *, today: int, zone: str, found: Matcher) -> bool:
    """Whether the attribute's value satisfies the leaf. `today` is a day number in `zone`."""
    operator, expected = condition.operator, condition.value
    match row_of(condition):
        case "any":
            present = actual is not None
            return present if operator == "is_set" else not present or actual == "" or actual == []
        case "text" if isinstance(actual, str):
            return _text(operator, normal(actual), expected, found)
        case "number" if kind_of(actual) == "number":
            return _number(operator, actual, expected)
        case "boolean" if isinstance(actual, bool):
            return actual is expected
        case "array" if isinstance(actual, list):
            return _array(operator, actual, expected)
        case "date":
            return _date(operator, instant_of(actual, zone), expected, today, zone)
        case _:
            return operator in NEGATIVE


def _text(operator: str, actual: str, expected: Expected, found: Matcher) -> bool:
    if isinstance(expected, tuple):
        inside = actual in {normal(str(each)) for each in expected}
        return inside if operator == "one_of" else not inside
    wanted = normal(str(expected))
    match operator:
        case "is":
            return actual == wanted
        case "is_not":
            return actual != wanted
        case "contains":
            return wanted in actual
        case "not_contains":
            return wanted not in actual
        case "starts_with":
            return actual.startswith(wanted)
        case "ends_with":
            return actual.endswith(wanted)
        case _:
            return found(wanted, actual)


def _number(operator: str, actual: AttributeValue, expected: Expected) -> bool:
    assert isinstance(actual, int | float)
    if isinstance(expected, tuple):
        low, high = expected
        assert isinstance(low, int | float)
        assert isinstance(high, int | float)
        return double(low) <= actual <= double(high)
    assert isinstance(expected, int | float)
    actual, expected = double(actual), double(expected)
    match operator:
        case "=":
            return actual == expected
        case "!=":
            return actual != expected
        case "<":
            return actual < expected
        case "<=":
            return actual <= expected
        case ">":
            return actual > expected
        case _:
            return actual >= expected


def element_key(value: object) -> tuple[str, object]:
    """An array element as it compares: its kind beside it, so that `true` is not 1, and text in NFC."""
    if isinstance(value, str):
        return ("text", normal(value))
    kind = kind_of(value)
    return (kind, double(value) if kind == "number" else value)  # pyright: ignore[reportArgumentType] it is one


def _array(operator: str, actual: Sequence[object], expected: Expected) -> bool:
    assert isinstance(expected, tuple)
    have, wanted = {element_key(each) for each in actual}, {element_key(each) for each in expected}
    match operator:
        case "has_any":
            return not have.isdisjoint(wanted)
        case "has_all":
            return wanted <= have
        case _:
            return have.isdisjoint(wanted)


def _date(operator: str, actual: int | None, expected: Expected, today: int, zone: str) -> bool:
    bounds = date_bounds(operator, expected, today, zone)
    return actual is not None and bounds is not None and bounds[0] <= actual < bounds[1]


FOREVER = 1 << 62


def date_bounds(operator: str, expected: Expected, today: int, zone: str) -> tuple[int, int] | None:
    """The instants from (inclusive) and to (exclusive) between which a date leaf holds; None holds for no instant."""
    match operator, expected:
        case "within_last", int(days):
            return day_start(today - days + 1, zone), day_start(today + 1, zone)
        case "more_than_ago", int(days):
            return -FOREVER, day_start(today - days + 1, zone)
        case "before", str():
            edge = instant_of(expected, zone)
            return None if edge is None else (-FOREVER, edge)
        case "after", str():
            edge = instant_of(expected, zone)
            return None if edge is None else (edge + 1, FOREVER)
        case "between", (low, high):
            start, end = instant_of(low, zone), _end_of(high, zone)
            return None if start is None or end is None else (start, end)
        case _:
            return None


def _end_of(text: object, zone: str) -> int | None:
    """The first instant after what a date text names: the next day's start, or the next millisecond."""
    instant = instant_of(text, zone)
    if instant is None:
        return None
    return day_start(day_of(instant + DAY // 2, zone) + 1, zone) if is_date_only(text) else instant + 1
