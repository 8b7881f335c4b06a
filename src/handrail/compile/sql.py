# ruff: noqa: S608 what an author wrote is a parameter; a test with hostile strings holds that
"""SQL for a query, as far as analytic stores agree. Names of columns are ours; whatever an author wrote is a parameter.

`not` has been pushed to the leaves, so a NULL may stay what it is: false. Only a leaf that holds for a missing value
says `IS NULL OR`, which is what keeps an engine's own shortcuts open everywhere else. What the dialects word in
different ways is a method that each of them has; `handrail.compile.duckdb` and `handrail.compile.clickhouse`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from handrail.compile.queries import (
    OPPOSITE,
    AllOf,
    AnyOf,
    Column,
    Compare,
    Counted,
    Dated,
    Experienced,
    Expression,
    Fixed,
    IsSet,
    Kind,
    Listed,
    Owner,
    Query,
    Scope,
)

Parameter: TypeAlias = str | int | float | bool | list[str]

TABLES: Mapping[Owner, str] = {"user": "people", "company": "companies", "event": "events"}
ALIASES: Mapping[Owner, str] = {"user": "p", "company": "c", "event": "e", "answer": "x"}
KINDS: tuple[Kind, ...] = ("text", "number", "boolean", "list")
"""What tells that there is a value. An instant stands beside the text that it was read from, so it is never alone."""

ANSWERS: Mapping[Kind, str] = {"text": "words", "number": "number", "boolean": "truth", "list": "choices"}
"""The columns of an answer's value by its kind; `elements` holds it whatever its kind."""


class Columns(Protocol):
    """Which columns a store has."""

    def column(self, column: Column) -> str | None:
        """The name of the column that holds these values, None when no value was ever kept."""
        ...

    def is_settled(self) -> bool:
        """Whether every event stands at the person whom its subject is today."""
        ...


class Sql(msgspec.Struct, frozen=True):
    """A statement and the values of its parameters, in the order of their numbers from 1."""

    text: str
    parameters: tuple[Parameter, ...]


class Printer(ABC):
    """Prints one statement: every value met on the way becomes the next parameter."""

    def __init__(self, scope: Scope, columns: Columns) -> None:
        self._columns = columns
        self._asks_company = False
        self.parameters: list[Parameter] = []
        self.environment = self.value(scope.environment)

    # What a dialect says in its own words.

    @abstractmethod
    def value(self, value: Parameter) -> str:
        """A place for a value."""

    @abstractmethod
    def table(self, name: str, alias: str) -> str:
        """A table to select from, rows that were replaced left out."""

    @abstractmethod
    def test(self, name: str, leaf: Compare) -> str:
        """A comparison of a column that has a value."""

    @abstractmethod
    def is_missing(self, name: str, kind: Kind) -> str:
        """Whether a column has no value."""

    @abstractmethod
    def is_empty_list(self, name: str) -> str:
        """Whether a column holds an array without elements."""

    @abstractmethod
    def one_of(self, name: str, values: Sequence[str]) -> str:
        """Whether a text is in a list that may be long."""

    @abstractmethod
    def elements(self, name: str) -> str:
        """One row for each element of an array, in a SELECT list."""

    @abstractmethod
    def divided(self, left: str, right: str) -> str:
        """The whole part of a quotient of two numbers that are not negative."""

    def is_current(self, alias: str) -> str:
        """Whether a row of a person's own table is of the person as they are now."""
        return "true"

    def stands_for(self, alias: str) -> str:
        """What a row of a person's own table is found by."""
        return f"{alias}.person"

    # What they share.

    def count(self, query: Query) -> Sql:
        """How many users a query finds."""
        where = self._people_where(query.where)
        return self.sql(f"SELECT count(*) FROM {self._people()} WHERE {where}")

    def list(self, query: Query, after: str, limit: int) -> Sql:
        """The users a query finds, in the order of their ids, from behind `after`."""
        where = f"{self._people_where(query.where)} AND p.person > {self.value(after)}"
        return self.sql(
            f"SELECT p.person FROM {self._people()} WHERE {where} ORDER BY p.person LIMIT {self.value(limit)}"
        )

    def sql(self, text: str) -> Sql:
        """The finished statement."""
        return Sql(text, tuple(self.parameters))

    def audience(self, where: Expression) -> str:
        """A SELECT of the persons for whom an expression holds."""
        before, self._asks_company = self._asks_company, False
        asked = self._people_where(where)
        text = f"SELECT p.person FROM {self._people()} WHERE {asked}"
        self._asks_company = before
        return text

    def _people_where(self, where: Expression) -> str:
        return f"p.environment = {self.environment} AND {self.print(where)}"

    def _people(self) -> str:
        """What a question about people selects from; to be asked after its condition was printed."""
        people = self.table("people", "p")
        if not self._asks_company:
            return people
        return (
            f"{people} LEFT JOIN {self.table('companies', 'c')}"
            " ON c.environment = p.environment AND c.company = p.company"
        )

    def print(self, expression: Expression) -> str:
        """An expression over the aliases of `ALIASES`."""
        match expression:
            case Fixed(verdict):
                return "true" if verdict else "false"
            case AllOf(members):
                return "(" + " AND ".join(self.print(each) for each in members) + ")"
            case AnyOf(members):
                return "(" + " OR ".join(self.print(each) for each in members) + ")"
            case Compare():
                return self._compare(expression)
            case IsSet():
                return self._is_set(expression)
            case Counted():
                return self._counted(expression)
            case Dated():
                return self._dated(expression)
            case Listed():
                return self._listed(expression)
            case Experienced():
                return self._experienced(expression)

    def named(self, column: Column) -> str | None:
        """A column with its table's alias; None where no value was ever kept."""
        owner = column.owner
        name = ANSWERS.get(column.kind) if owner == "answer" else self._columns.column(column)
        if name is None:
            return None
        self._asks_company |= owner == "company"
        return f"{ALIASES[owner]}.{name}"

    def _compare(self, leaf: Compare) -> str:
        name = self.named(leaf.column)
        if name is None:
            return "false" if leaf.positive else "true"
        test = self.test(name, leaf)
        if leaf.positive:
            return test
        return f"({self.is_missing(name, leaf.column.kind)} OR NOT {test})"

    def _is_set(self, leaf: IsSet) -> str:
        names: dict[Kind, str] = {kind: name for kind in KINDS if (name := self.named(Column(leaf.name, kind)))}
        if not names:
            return "true" if leaf.empty is leaf.positive else "false"
        missing = " AND ".join(self.is_missing(name, kind) for kind, name in names.items())
        if not leaf.empty:
            return f"(NOT ({missing}))" if leaf.positive else f"({missing})"
        empties = [f"coalesce({names['text']} = '', false)"] if "text" in names else []
        empties += [self.is_empty_list(names["list"])] if "list" in names else []
        test = " OR ".join([f"({missing})", *empties])
        return f"({test})" if leaf.positive else f"(NOT ({test}))"

    def event_where(
        self, event: str, where: Expression | None, first_day: int | None = None, last_day: int | None = None
    ) -> str:
        """The events of one name that pass a filter, from one day to another, both included."""
        conditions = [f"e.environment = {self.environment}", f"e.name = {self.value(event)}"]
        if first_day is not None:
            conditions.append(f"e.day >= {self.value(first_day)}")
        if last_day is not None:
            conditions.append(f"e.day <= {self.value(last_day)}")
        if where is not None:
            conditions.append(self.print(where))
        return " AND ".join(conditions)

    def events(self) -> str:
        """What a question about events selects from, as `e`."""
        return self.table("events", "e")

    def subject(self) -> str:
        """What `by_person` is given of each event."""
        return "e.subject"

    def joined(self) -> tuple[str, str]:
        """Events event by event: what to select from, and each one's person."""
        persons = self.table("persons", "o")
        on = f"o.environment = {self.environment} AND o.subject = e.subject"
        return f"{self.events()} LEFT JOIN {persons} ON {on}", "coalesce(o.person, e.subject)"

    def by_person(self, subjects: str, *aggregates: str) -> str:
        """A SELECT from `subjects` (itself a SELECT of `subject` and more) with the person whom each subject is."""
        persons = self.table("persons", "o")
        columns = ", ".join(("coalesce(o.person, s.subject) AS person", *aggregates))
        return (
            f"SELECT {columns} FROM ({subjects}) s LEFT JOIN {persons}"
            f" ON o.environment = {self.environment} AND o.subject = s.subject"
        )

    def totals(self, how: str, again: str, where: str) -> str:
        """A SELECT of `person` and `total`: `how` over their events, where `again` joins what several subjects have."""
        # By subject first: there are far fewer subjects to look up than events.
        subjects = (
            f"SELECT {self.subject()} AS subject, {how} AS part FROM {self.events()} WHERE {where} GROUP BY e.subject"
        )
        return f"{self.by_person(subjects, f'{again}(s.part) AS total')} GROUP BY 1"

    def _counted(self, leaf: Counted) -> str:
        return f"(p.person {'NOT IN' if is_for_none(leaf) else 'IN'} ({self.whose(leaf)}))"

    def whose(self, leaf: Counted) -> str:
        """A SELECT of each `person` who did something so often; of each other one where none will do."""
        # Whoever has no such event is in no group of the inner query.
        operator = OPPOSITE[leaf.operator] if is_for_none(leaf) else leaf.operator
        where = self.event_where(leaf.event, leaf.where, leaf.first_day, leaf.last_day)
        if (operator, leaf.times) in ((">=", 1), (">", 0), ("!=", 0)):
            return self.by_person(f"SELECT DISTINCT {self.subject()} AS subject FROM {self.events()} WHERE {where}")
        totals = self.totals("count(*)", "sum", where)
        return f"SELECT person FROM ({totals}) t WHERE total {operator} {self.value(leaf.times)}"

    def _dated(self, leaf: Dated) -> str:
        edge = "min" if leaf.which == "first" else "max"
        where = self.event_where(leaf.event, leaf.where)
        totals = self.totals(f"{edge}(e.day)", edge, where)
        bounds = [f"total >= {self.value(leaf.first_day)}"] if leaf.first_day is not None else []
        bounds += [f"total <= {self.value(leaf.last_day)}"] if leaf.last_day is not None else []
        whose = f"SELECT person FROM ({totals}) t WHERE {' AND '.join(bounds or ['true'])}"
        return f"(p.person {'IN' if leaf.positive else 'NOT IN'} ({whose}))"

    def _listed(self, leaf: Listed) -> str:
        subjects = [f"u:{user}" for user in leaf.users]
        others = (
            f"SELECT o.person FROM {self.table('persons', 'o')} WHERE o.environment = {self.environment}"
            f" AND {self.one_of('o.subject', subjects)}"
        )
        test = f"({self.one_of('p.person', subjects)} OR p.person IN ({others}))"
        return test if leaf.positive else f"(NOT {test})"

    def _experienced(self, leaf: Experienced) -> str:
        conditions = [f"x.environment = {self.environment}", f"x.experience = {self.value(leaf.experience)}"]
        if leaf.question is None:
            table, instant = "experiences", f"x.{leaf.fact}"
            conditions.append(f"{instant} > 0")
        else:
            table, instant = "answers", "x.instant"
            conditions += [f"x.question = {self.value(leaf.question)}", "x.instant > 0"]
            if leaf.choices is not None:
                conditions.append(self.has_any("x.elements", leaf.choices))
            if leaf.answer is not None:
                conditions.append(self._compare(leaf.answer))
        if leaf.since is not None and leaf.until is not None:
            conditions.append(f"{instant} >= {self.value(leaf.since)} AND {instant} < {self.value(leaf.until)}")
        found = f"SELECT {self.stands_for('x')} FROM {self.table(table, 'x')} WHERE {' AND '.join(conditions)}"
        return f"({self._mine()} {'IN' if leaf.positive else 'NOT IN'} ({found}))"

    def _mine(self) -> str:
        found = self.stands_for("p")
        return f"({found})" if "," in found else found

    @abstractmethod
    def has_any(self, name: str, elements: Sequence[str]) -> str:
        """Whether an array has one of these elements."""


def is_for_none(leaf: Counted) -> bool:
    """Whether a count holds for whoever never did it."""
    return _compares(0, leaf.operator, leaf.times)


def _compares(count: int, operator: str, times: int) -> bool:
    match operator:
        case "=":
            return count == times
        case "!=":
            return count != times
        case "<":
            return count < times
        case "<=":
            return count <= times
        case ">":
            return count > times
        case _:
            return count >= times
