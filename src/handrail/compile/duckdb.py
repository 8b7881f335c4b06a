# ruff: noqa: S608 what an author wrote is a parameter; a test with hostile strings holds that
"""DuckDB's text for a query. Names of columns are ours, made by counting; whatever an author wrote is a parameter.

`not` has been pushed to the leaves, so a NULL may stay what it is: false. Only a leaf that holds for a missing value
says `IS NULL OR`, which is what keeps the engine's own shortcuts open everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import msgspec

from handrail.compile.queries import (
    OPPOSITE,
    AllOf,
    AnyOf,
    Column,
    Compare,
    Counted,
    Experienced,
    Expression,
    Fixed,
    IsSet,
    Kind,
    Owner,
    Query,
)

Parameter: TypeAlias = str | int | float | bool | list[str]

TABLES: Mapping[Owner, str] = {"user": "people", "company": "companies", "event": "events"}
ALIASES: Mapping[Owner, str] = {"user": "p", "company": "c", "event": "e"}
KINDS: tuple[Kind, ...] = ("text", "number", "boolean", "list")
"""What tells that there is a value. An instant stands beside the text that it was read from, so it is never alone."""


class Columns(Protocol):
    """Which columns a store has."""

    def column(self, column: Column) -> str | None:
        """The name of the column that holds these values, None when no value was ever kept."""
        ...


class Sql(msgspec.Struct, frozen=True):
    """A statement and the values of its `$1`, `$2`, ..."""

    text: str
    parameters: tuple[Parameter, ...]


def count_sql(query: Query, columns: Columns) -> Sql:
    """How many users a query finds."""
    printer = _Printer(query, columns)
    where = printer.where()
    return Sql(f"SELECT count(*) FROM {printer.source()} WHERE {where}", tuple(printer.parameters))


def list_sql(query: Query, columns: Columns, *, after: str = "", limit: int = 1000) -> Sql:
    """The users a query finds, in the order of their ids, from behind `after`."""
    printer = _Printer(query, columns)
    where = f"{printer.where()} AND p.person > {printer.value(after)}"
    text = f"SELECT p.person FROM {printer.source()} WHERE {where} ORDER BY p.person LIMIT {printer.value(limit)}"
    return Sql(text, tuple(printer.parameters))


class _Printer:
    def __init__(self, query: Query, columns: Columns) -> None:
        self._query = query
        self._columns = columns
        self._asks_company = False
        self.parameters: list[Parameter] = []
        self._environment = self.value(query.scope.environment)

    def where(self) -> str:
        return f"p.environment = {self._environment} AND {self._print(self._query.where)}"

    def source(self) -> str:
        """What `where` selects from; to be asked after it."""
        if not self._asks_company:
            return "people p"
        return "people p LEFT JOIN companies c ON c.environment = p.environment AND c.company = p.company"

    def value(self, value: Parameter) -> str:
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def _print(self, expression: Expression) -> str:
        match expression:
            case Fixed(verdict):
                return "true" if verdict else "false"
            case AllOf(members):
                return "(" + " AND ".join(self._print(each) for each in members) + ")"
            case AnyOf(members):
                return "(" + " OR ".join(self._print(each) for each in members) + ")"
            case Compare():
                return self._compare(expression)
            case IsSet():
                return self._is_set(expression)
            case Counted():
                return self._counted(expression)
            case Experienced():
                return self._experienced(expression)

    def _named(self, column: Column) -> str | None:
        name = self._columns.column(column)
        if name is None:
            return None
        self._asks_company |= column.owner == "company"
        return f"{ALIASES[column.owner]}.{name}"

    def _compare(self, leaf: Compare) -> str:
        name = self._named(leaf.column)
        if name is None:
            return "false" if leaf.positive else "true"
        test = self._test(name, leaf)
        return test if leaf.positive else f"({name} IS NULL OR NOT {test})"

    def _test(self, name: str, leaf: Compare) -> str:
        match leaf.test:
            case "=" | "<" | "<=" | ">" | ">=":
                return f"({name} {leaf.test} {self.value(leaf.values[0])})"
            case "between":
                low, high = (self.value(each) for each in leaf.values)
                return f"({name} BETWEEN {low} AND {high})"
            case "in":
                return f"({name} IN ({', '.join(self.value(each) for each in leaf.values)}))"
            case "contains" | "starts_with":
                return f"{leaf.test}({name}, {self.value(leaf.values[0])})"
            case "ends_with":
                return f"suffix({name}, {self.value(leaf.values[0])})"
            case "matches":
                return f"regexp_matches({name}, {self.value(leaf.values[0])})"
            case "has_any" | "has_all":
                wanted = self.value([str(each) for each in leaf.values])
                return f"list_{leaf.test}({name}, {wanted}::VARCHAR[])"

    def _is_set(self, leaf: IsSet) -> str:
        names = {kind: name for kind in KINDS if (name := self._named(Column(leaf.name, kind)))}
        if not names:
            return "true" if leaf.empty is leaf.positive else "false"
        missing = " AND ".join(f"{name} IS NULL" for name in names.values())
        if not leaf.empty:
            return f"(NOT ({missing}))" if leaf.positive else f"({missing})"
        empties = [f"coalesce({names['text']} = '', false)"] if "text" in names else []
        empties += [f"coalesce(len({names['list']}) = 0, false)"] if "list" in names else []
        test = " OR ".join([f"({missing})", *empties])
        return f"({test})" if leaf.positive else f"(NOT ({test}))"

    def _counted(self, leaf: Counted) -> str:
        # Whoever has no such event is in no group of the inner query; where zero will do, ask for the others instead.
        zero_will_do = _compares(0, leaf.operator, leaf.times)
        operator = OPPOSITE[leaf.operator] if zero_will_do else leaf.operator
        conditions = [f"e.environment = {self._environment}", f"e.name = {self.value(leaf.event)}"]
        if leaf.first_day is not None and leaf.last_day is not None:
            conditions.append(f"e.day BETWEEN {self.value(leaf.first_day)} AND {self.value(leaf.last_day)}")
        if leaf.where is not None:
            conditions.append(self._print(leaf.where))
        whose = (
            "SELECT coalesce(o.person, e.subject) FROM events e LEFT JOIN persons o"
            f" ON o.environment = e.environment AND o.subject = e.subject WHERE {' AND '.join(conditions)}"
        )
        if (operator, leaf.times) not in ((">=", 1), (">", 0), ("!=", 0)):
            whose += f" GROUP BY 1 HAVING count(*) {operator} {self.value(leaf.times)}"
        return f"(p.person {'NOT IN' if zero_will_do else 'IN'} ({whose}))"

    def _experienced(self, leaf: Experienced) -> str:
        conditions = [f"x.environment = {self._environment}", f"x.experience = {self.value(leaf.experience)}"]
        if leaf.question is None:
            table, instant = "experiences x", f"x.{leaf.fact}"
            conditions.append(f"{instant} > 0")
        else:
            table, instant = "answers x", "x.instant"
            conditions += [f"x.question = {self.value(leaf.question)}", "x.instant > 0"]
            if leaf.choices is not None:
                conditions.append(f"list_has_any(x.elements, {self.value(list(leaf.choices))}::VARCHAR[])")
        if leaf.since is not None and leaf.until is not None:
            conditions.append(f"{instant} >= {self.value(leaf.since)} AND {instant} < {self.value(leaf.until)}")
        found = f"SELECT x.person FROM {table} WHERE {' AND '.join(conditions)}"
        return f"(p.person {'IN' if leaf.positive else 'NOT IN'} ({found}))"


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
