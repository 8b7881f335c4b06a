# ruff: noqa: S608 as in `handrail.compile.sql`
"""ClickHouse's own words for a query; the rest is `handrail.compile.sql`.

Statements expect `join_use_nulls = 1`. An array cannot be NULL there: a column of arrays holds `[]` where there is no
value, and an array that is there has `PRESENT` in front of its elements. Tables whose rows are replaced are read FINAL;
what an experience is to a person counts only in the version that the person's own row has.
"""

from __future__ import annotations

from collections.abc import Sequence

from handrail.compile.queries import Compare, Kind, Query
from handrail.compile.sql import Columns, Parameter, Printer, Sql

PRESENT = ""
"""What an array that is there begins with. No element is written like this (`element_text`)."""

REPLACED = frozenset({"people", "companies", "persons", "experiences", "answers"})


def count_sql(query: Query, columns: Columns) -> Sql:
    """How many users a query finds."""
    return ClickhousePrinter(query.scope, columns).count(query)


def list_sql(query: Query, columns: Columns, *, after: str = "", limit: int = 1000) -> Sql:
    """The users a query finds, in the order of their ids, from behind `after`."""
    return ClickhousePrinter(query.scope, columns).list(query, after, limit)


class ClickhousePrinter(Printer):
    """Prints with `{p1:String}`, `{p2:Int64}`, ... where values stand."""

    def value(self, value: Parameter) -> str:
        self.parameters.append(value)
        match value:
            case bool():
                kind = "Bool"
            case int():
                kind = "Int64"
            case float():
                kind = "Float64"
            case str():
                kind = "String"
            case list():
                kind = "Array(String)"
        return f"{{p{len(self.parameters)}:{kind}}}"

    def table(self, name: str, alias: str) -> str:
        return f"{name} AS {alias}{' FINAL' if name in REPLACED else ''}"

    def is_current(self, alias: str) -> str:
        current = f"SELECT q.person, q.version FROM people AS q FINAL WHERE q.environment = {self.environment}"
        return f"({alias}.person, {alias}.version) IN ({current})"

    def stands_for(self, alias: str) -> str:
        return f"{alias}.person, {alias}.version"

    def test(self, name: str, leaf: Compare) -> str:
        values = leaf.values
        match leaf.test:
            case "=" | "<" | "<=" | ">" | ">=":
                return f"({name} {leaf.test} {self._typed(leaf, values[0])})"
            case "between":
                low, high = (self._typed(leaf, each) for each in values)
                return f"({name} >= {low} AND {name} <= {high})"
            case "in":
                return self.one_of(name, [str(each) for each in values])
            case "contains":
                return f"(position({name}, {self.value(values[0])}) > 0)"
            case "starts_with":
                return f"startsWith({name}, {self.value(values[0])})"
            case "ends_with":
                return f"endsWith({name}, {self.value(values[0])})"
            case "matches":
                # Unless it is told otherwise, ClickHouse lets `.` find a line's end.
                return f"match({name}, {self.value(f'(?-s){values[0]}')})"
            case "has_any":
                return self.has_any(name, [str(each) for each in values])
            case "has_all":
                wanted = self.value([PRESENT, *(str(each) for each in values)])
                return f"hasAll({name}, {wanted})"

    def _typed(self, leaf: Compare, value: str | int | float | bool) -> str:
        return self.value(float(value) if leaf.column.kind == "number" else value)

    def is_missing(self, name: str, kind: Kind) -> str:
        return f"empty({name})" if kind == "list" else f"{name} IS NULL"

    def is_empty_list(self, name: str) -> str:
        return f"(length({name}) = 1)"

    def has_any(self, name: str, elements: Sequence[str]) -> str:
        return f"hasAny({name}, {self.value(list(elements))})"

    def one_of(self, name: str, values: Sequence[str]) -> str:
        return f"has({self.value(list(values))}, {name})"

    def elements(self, name: str) -> str:
        return f"arrayJoin({name})"

    def divided(self, left: str, right: str) -> str:
        return f"intDiv({left}, {right})"
