# ruff: noqa: S608 as in `handrail.compile.sql`
"""DuckDB's own words for a query; the rest is `handrail.compile.sql`."""

from __future__ import annotations

from collections.abc import Sequence

from handrail.compile.queries import Compare, Counted, Kind, Query
from handrail.compile.sql import Columns, Parameter, Printer, Sql, is_for_none


def count_sql(query: Query, columns: Columns) -> Sql:
    """How many users a query finds."""
    return DuckdbPrinter(query.scope, columns).count(query)


def list_sql(query: Query, columns: Columns, *, after: str = "", limit: int = 1000) -> Sql:
    """The users a query finds, in the order of their ids, from behind `after`."""
    return DuckdbPrinter(query.scope, columns).list(query, after, limit)


class DuckdbPrinter(Printer):
    """Prints with `$1`, `$2`, ... where values stand."""

    def value(self, value: Parameter) -> str:
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def count(self, query: Query) -> Sql:
        where = query.where
        if not isinstance(where, Counted) or is_for_none(where):
            return super().count(query)
        # Whoever did something is there, but for those who left: they are fewer to look among than everybody.
        left = f"SELECT person FROM strays WHERE environment = {self.environment}"
        return self.sql(f"SELECT count(*) FROM ({self.whose(where)}) d WHERE d.person NOT IN ({left})")

    def table(self, name: str, alias: str) -> str:
        return f"{name} {alias}"

    def events(self) -> str:
        # Few subjects are late at a time, so that asking for them costs little even event by event.
        late = f" LEFT JOIN late l ON l.environment = {self.environment} AND l.subject = e.subject"
        return "events e" if self._columns.is_settled() else f"events e{late}"

    def subject(self) -> str:
        return "e.person" if self._columns.is_settled() else "coalesce(l.person, e.person)"

    def joined(self) -> tuple[str, str]:
        return self.events(), self.subject()

    def by_person(self, subjects: str, *aggregates: str) -> str:
        return f"SELECT {', '.join(('s.subject AS person', *aggregates))} FROM ({subjects}) s"

    def totals(self, how: str, again: str, where: str) -> str:
        return f"SELECT {self.subject()} AS person, {how} AS total FROM {self.events()} WHERE {where} GROUP BY 1"

    def test(self, name: str, leaf: Compare) -> str:
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
            case "has_any":
                return self.has_any(name, [str(each) for each in leaf.values])
            case "has_all":
                return f"list_has_all({name}, {self.value([str(each) for each in leaf.values])}::VARCHAR[])"

    def is_missing(self, name: str, kind: Kind) -> str:
        return f"{name} IS NULL"

    def is_empty_list(self, name: str) -> str:
        return f"coalesce(len({name}) = 0, false)"

    def has_any(self, name: str, elements: Sequence[str]) -> str:
        return f"list_has_any({name}, {self.value(list(elements))}::VARCHAR[])"

    def one_of(self, name: str, values: Sequence[str]) -> str:
        return f"{name} IN (SELECT unnest({self.value(list(values))}::VARCHAR[]))"

    def elements(self, name: str) -> str:
        return f"unnest({name})"

    def divided(self, left: str, right: str) -> str:
        return f"(({left}) // ({right}))"
