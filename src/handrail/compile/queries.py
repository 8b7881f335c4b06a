"""Queries: an audience as a question to an analytic store, in a form that no engine owns.

Every comparison asks one typed column, and whatever has to be decided before an engine sees it is decided here: `not`
stands at the leaves only, text is in NFC, dates are instants, windows are bounds. What is missing and what is of the
wrong type look the same, a column without a value, and `positive` says which way such a row falls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from handrail.compile.normal_form import Both, Either, Known, Leaf, Node, normal_form
from handrail.compile.patterns import why_not
from handrail.core.conditions.model import (
    DEFERRED,
    AttributeCondition,
    Condition,
    EventCondition,
    EventTimeCondition,
    ExperienceCondition,
    ExperienceFact,
    Not,
    UsersCondition,
)
from handrail.core.conditions.operators import ANSWERING, FOREVER, NEGATIVE, date_bounds, row_of
from handrail.core.values import day_of, day_start, double, normal

Owner: TypeAlias = Literal["user", "company", "event", "answer"]
Kind: TypeAlias = Literal["text", "number", "boolean", "date", "list"]
"""What a column holds: NFC text, doubles, booleans, instants in milliseconds, or the written elements of an array."""

Test: TypeAlias = Literal[
    "=", "<", "<=", ">", ">=", "between", "contains", "starts_with", "ends_with", "matches", "in", "has_any", "has_all"
]
Value: TypeAlias = str | int | float | bool


ANSWER = "answer"
"""The name by which a comparison asks for an answer's own value."""


class Column(msgspec.Struct, frozen=True):
    """One attribute's values of one kind, by the attribute's full name: `custom.plan`, `property.total`."""

    name: str
    kind: Kind

    @property
    def owner(self) -> Owner:
        """Whose attribute it is."""
        return owner_of(self.name)


class Compare(msgspec.Struct, frozen=True):
    """A test of one column. Not positive: the test fails, or there is no value to test."""

    column: Column
    test: Test
    values: tuple[Value, ...]
    positive: bool = True


class IsSet(msgspec.Struct, frozen=True):
    """Whether an attribute has a value of any type. With `empty`: none, or `""`, or `[]`."""

    name: str
    empty: bool = False
    positive: bool = True


class Counted(msgspec.Struct, frozen=True):
    """How often an event happened from one day to another, both included; None is without end."""

    event: str
    where: Expression | None
    operator: Literal["=", "!=", "<", "<=", ">", ">="]
    times: int
    first_day: int | None = None
    last_day: int | None = None


class Dated(msgspec.Struct, frozen=True):
    """Whether the first or the last day of an event lies between two days, both included; None is without end."""

    event: str
    where: Expression | None
    which: Literal["first", "last"]
    first_day: int | None
    last_day: int | None
    positive: bool = True


class Listed(msgspec.Struct, frozen=True):
    """Whether the user has one of these ids."""

    users: tuple[str, ...]
    positive: bool = True


class Experienced(msgspec.Struct, frozen=True):
    """Whether an experience's fact became true at an instant from `since` up to, not including, `until`."""

    experience: str
    fact: ExperienceFact
    question: str | None = None
    choices: tuple[str, ...] | None = None
    """Written elements (`element_text`) of which the answer has one; None asks for any answer."""
    answer: Compare | None = None
    """A comparison of the answer, its column named `answer`."""
    since: int | None = None
    until: int | None = None
    positive: bool = True


class AllOf(msgspec.Struct, frozen=True):
    """True when every member is."""

    members: tuple[Expression, ...]


class AnyOf(msgspec.Struct, frozen=True):
    """True when one member is."""

    members: tuple[Expression, ...]


class Fixed(msgspec.Struct, frozen=True):
    """The same for everyone."""

    verdict: bool


Expression: TypeAlias = Compare | IsSet | Counted | Dated | Listed | Experienced | AllOf | AnyOf | Fixed


class Scope(msgspec.Struct, frozen=True):
    """Whose rows a query may see. There is no query without it."""

    environment: str


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Users of one environment. `up_to`: a browser has the last word, so at most these are meant."""

    scope: Scope
    where: Expression
    up_to: bool = False


class Audience(msgspec.Struct, frozen=True):
    """Whom a condition may hold for, whom it fails for whatever a browser says, and whom it holds for likewise."""

    may: Expression
    may_not: Expression
    must: Expression

    @property
    def up_to(self) -> bool:
        """Whether a browser has the last word on somebody."""
        return self.may != self.must


def audience(
    condition: Condition | None, segments: Mapping[str, Condition], *, scope: Scope, today: int, zone: str
) -> Query:
    """The users whom a condition may hold for. Raises Invalid as `normal_form` does."""
    asked = audience_of(condition, segments, today=today, zone=zone)
    return Query(scope=scope, where=asked.may, up_to=asked.up_to)


def audience_of(
    condition: Condition | None, segments: Mapping[str, Condition], *, today: int, zone: str, nobody: bool = False
) -> Audience:
    """Whom a condition may hold for: None is everybody, or nobody where that is said. Raises Invalid likewise."""
    if condition is None:
        everybody = Fixed(not nobody)
        return Audience(everybody, Fixed(nobody), everybody)
    tree, opposite = normal_form(condition, segments), normal_form(Not(condition), segments)
    may, must = (_Asked(today, zone, deferred=deferred).expression(tree) for deferred in (True, False))
    return Audience(may, _Asked(today, zone, deferred=False).expression(opposite), must)


def difference(one: Audience, other: Audience, *, scope: Scope) -> Query:
    """The users whom one audience may have and another has not, whatever a browser says."""
    where = _group([one.may, other.may_not], stops_at=False)
    return Query(scope=scope, where=where, up_to=one.up_to or other.up_to)


def filter_of(condition: Condition | None, zone: str) -> Expression | None:
    """An event's filter as an expression over its properties."""
    if condition is None:
        return None
    # What a filter may not ask is false there, whichever way it is asked; so it is in `property_filter`.
    return _Filter(0, zone, deferred=False).expression(normal_form(condition, {}))


def owner_of(name: str) -> Owner:
    """Whose attribute a full name is."""
    return OWNERS.get(name.partition(".")[0], "user")


OWNERS: Mapping[str, Owner] = {"company": "company", "property": "event", ANSWER: "answer"}


def element_text(value: object) -> str:
    """An array's element as lists hold it: text after `s`, numbers after `n`, booleans after `b`."""
    match value:
        case bool():
            return "b1" if value else "b0"
        case int() | float():
            return f"n{float(double(value)) + 0.0!r}"
        case _:
            return "s" + normal(str(value))


class _Asked:
    """One condition on its way into an expression. `deferred`: what a leaf counts as that only a browser can answer."""

    owners: frozenset[Owner] = frozenset({"user", "company"})

    def __init__(self, today: int, zone: str, *, deferred: bool) -> None:
        self._today = today
        self._zone = zone
        self._deferred = deferred

    def expression(self, node: Node) -> Expression:
        """The node as an expression over columns, everything folded away that is the same for everyone."""
        match node:
            case Known(verdict):
                return Fixed(verdict)
            case Both(members):
                return _group([self.expression(each) for each in members], stops_at=False)
            case Either(members):
                return _group([self.expression(each) for each in members], stops_at=True)
            case Leaf(AttributeCondition() as condition, positive):
                asked = self._attribute(condition, positive)
                return asked if owner_of(condition.attribute) in self.owners else _without_values(asked)
            case Leaf(EventCondition() as condition, positive):
                return self._event(condition, positive)
            case Leaf(EventTimeCondition() as condition, positive):
                return self._event_time(condition, positive)
            case Leaf(UsersCondition(users), positive):
                return Listed(tuple(sorted(set(users))), positive) if users else Fixed(not positive)
            case Leaf(ExperienceCondition() as condition, positive):
                return self._experience(condition, positive)
            case Leaf(condition):
                assert isinstance(condition, DEFERRED)
                return Fixed(self._deferred)

    def _attribute(self, condition: AttributeCondition, positive: bool) -> Expression:
        name, operator, expected = condition.attribute, condition.operator, condition.value
        negative = operator in NEGATIVE
        row = row_of(condition)
        if row is None:
            return Fixed(negative is positive)
        if row == "any":
            return IsSet(name, operator == "is_empty", positive)
        holds = positive is not negative
        values = expected if isinstance(expected, tuple) else (expected,)
        match row, operator:
            case "text", "one_of" | "none_of":
                texts = tuple(sorted({normal(str(each)) for each in values}))
                return Compare(Column(name, "text"), "in", texts, holds) if texts else Fixed(not holds)
            case "text", "matches" if why_not(str(expected)):
                return Fixed(not holds)
            case "text", _:
                return Compare(Column(name, "text"), TEXT_TESTS[operator], (normal(str(expected)),), holds)
            case "number", _:
                numbers = tuple(double(each) for each in values if isinstance(each, int | float))
                return Compare(Column(name, "number"), NUMBER_TESTS.get(operator, "="), numbers, holds)
            case "boolean", _:
                return Compare(Column(name, "boolean"), "=", (expected is True,), holds)
            case "array", _:
                elements = tuple(sorted({element_text(each) for each in values}))
                if not elements and operator != "has_all":
                    return Fixed(not holds)
                return Compare(Column(name, "list"), "has_all" if operator == "has_all" else "has_any", elements, holds)
            case _:
                return self._date(condition, positive)

    def _date(self, condition: AttributeCondition, positive: bool) -> Expression:
        bounds = date_bounds(condition.operator, condition.value, self._today, self._zone)
        column = Column(condition.attribute, "date")
        if bounds is None or bounds[0] >= bounds[1]:
            return Fixed(not positive)
        low, high = bounds
        if low == -FOREVER:
            return Compare(column, "<", (high,), positive)
        if high == FOREVER:
            return Compare(column, ">=", (low,), positive)
        return Compare(column, "between", (low, high - 1), positive)

    def _event(self, condition: EventCondition, positive: bool) -> Expression:
        where = self._where(condition.where)
        operator = condition.operator if positive else OPPOSITE[condition.operator]
        if condition.within_days is None:
            return Counted(condition.event, where, operator, condition.value)
        first = self._today - condition.within_days + 1
        return Counted(condition.event, where, operator, condition.value, first, self._today)

    def _event_time(self, condition: EventTimeCondition, positive: bool) -> Expression:
        bounds = date_bounds(condition.operator, condition.value, self._today, self._zone)
        if bounds is None or bounds[0] >= bounds[1]:
            return Fixed(not positive)
        first = None if bounds[0] == -FOREVER else self._day_from(bounds[0])
        last = None if bounds[1] == FOREVER else day_of(bounds[1] - 1, self._zone)
        return Dated(condition.event_time, self._where(condition.where), condition.which, first, last, positive)

    def _day_from(self, instant: int) -> int:
        """The first day that starts at an instant or later."""
        day = day_of(instant, self._zone)
        return day if day_start(day, self._zone) >= instant else day + 1

    def _where(self, condition: Condition | None) -> Expression | None:
        return filter_of(condition, self._zone)

    def _experience(self, condition: ExperienceCondition, positive: bool) -> Expression:
        since = until = None
        if condition.within_days is not None:
            since = day_start(self._today - condition.within_days + 1, self._zone)
            until = day_start(self._today + 1, self._zone)
        choices, answer = None, None
        if condition.operator is not None and condition.question is not None:
            answer = self._answer(condition.operator, condition)
            if answer is None:
                return Fixed(not positive)
        elif condition.value is not None:
            values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            choices = tuple(sorted({element_text(each) for each in values}))
        return Experienced(
            condition.experience,
            condition.fact,
            condition.question,
            choices if condition.question is not None else None,
            answer,
            since,
            until,
            positive,
        )

    def _answer(self, operator: str, condition: ExperienceCondition) -> Compare | None:
        """The comparison of an answer, None where no answer can pass it."""
        if operator not in ANSWERING:
            return None
        asked = self._attribute(AttributeCondition(ANSWER, operator, condition.value), True)
        return asked if isinstance(asked, Compare) else None


class _Filter(_Asked):
    """The same over an event's properties, where nothing but attributes can be asked."""

    owners = frozenset({"event"})

    def expression(self, node: Node) -> Expression:
        if isinstance(node, Leaf) and not isinstance(node.condition, AttributeCondition):
            return Fixed(False)
        return super().expression(node)


def _without_values(expression: Expression) -> Expression:
    """What an expression answers where its column has no value."""
    match expression:
        case Compare(positive=positive):
            return Fixed(not positive)
        case IsSet(_, empty, positive):
            return Fixed(empty is positive)
        case _:
            return expression


def _group(parts: list[Expression], *, stops_at: bool) -> Expression:
    if any(isinstance(each, Fixed) and each.verdict is stops_at for each in parts):
        return Fixed(stops_at)
    left = tuple(each for each in parts if not isinstance(each, Fixed))
    if len(left) < 2:
        return left[0] if left else Fixed(not stops_at)
    return AnyOf(left) if stops_at else AllOf(left)


TEXT_TESTS: Mapping[str, Test] = {
    "is": "=",
    "is_not": "=",
    "contains": "contains",
    "not_contains": "contains",
    "starts_with": "starts_with",
    "ends_with": "ends_with",
    "matches": "matches",
}
NUMBER_TESTS: Mapping[str, Test] = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "between": "between"}
OPPOSITE: Mapping[str, Literal["=", "!=", "<", "<=", ">", ">="]] = {
    "=": "!=",
    "!=": "=",
    "<": ">=",
    ">=": "<",
    "<=": ">",
    ">": "<=",
}
