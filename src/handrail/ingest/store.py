"""What every analytic store does alike, whatever holds its tables: asking, filling, columns, and who is who."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence

from handrail.compile.queries import Column, Kind, Owner, Query, Scope, audience
from handrail.compile.sql import TABLES, Printer, Sql
from handrail.core.errors import Invalid
from handrail.core.events import Stamp
from handrail.core.fold import Key, State
from handrail.core.people import Link
from handrail.core.values import LARGEST_EXACT, MAX_CHARACTERS, Refused, check_attribute
from handrail.ingest.filler import BATCH, Filler
from handrail.ingest.ports import Log
from handrail.ingest.replica import Batch, ByColumn, typed

MAX_COLUMNS = 1000
"""Most columns of one table. Attributes past that are not kept here, and a question about one is refused.

Twice as many do not fit into DuckDB's memory while their rows are written, and a write key, which is public, names as
many as it likes.
"""


class Store(ABC):
    """An analytic store that follows the log (`ingest.filler`). Its tables are a subclass's."""

    refusals: tuple[type[Exception], ...] = ()

    def __init__(self, zone_of: Callable[[str], str]) -> None:
        """`zone_of` names an environment's zone."""
        self._zone_of = zone_of
        self._columns: dict[Column, str] = {}
        self._widths: dict[Owner, int] = dict.fromkeys(TABLES, 0)
        self._filler = Filler(self)

    @abstractmethod
    def open(self) -> None:
        """Make ready, unless it is. Raises Unavailable."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether it is ready."""

    @property
    @abstractmethod
    def position(self) -> int:
        """The position in the log that the store has reached."""

    @property
    @abstractmethod
    def described(self) -> int:
        """The position up to which everybody's row says what happened."""

    @property
    @abstractmethod
    def pending(self) -> int | None:
        """The position that an interrupted write was to reach; the next one must be over the same events."""

    @abstractmethod
    def write(self, batch: Batch) -> None:
        """Keep rows and the position they lead to."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything, to be filled anew from the log's start."""

    @abstractmethod
    async def ask(self, scope: Scope, write: Callable[[Printer], Sql]) -> Sequence[tuple[object, ...]]:
        """The rows of a statement, which `write` prints for one environment."""

    @abstractmethod
    def _among(self, table: str, column: str, keys: Iterable[Key]) -> Sequence[tuple[str, ...]]:
        """The rows of a table whose environment and `column` are one of `keys`: its columns in order, maybe more."""

    @abstractmethod
    def _make_column(self, owner: Owner, column: Column) -> str:
        """Make a column, and note which it is. Its name."""

    # Asking.

    async def count(self, query: Query) -> int:
        """How many users a query finds; at most that many when the query says `up_to`."""
        rows = await self.ask(query.scope, lambda printer: printer.count(query))
        return int(str(rows[0][0]))

    async def list(self, query: Query, *, after: str = "", limit: int = 1000) -> list[str]:
        """The users a query finds, in the order of their ids, from behind `after`."""
        rows = await self.ask(query.scope, lambda printer: printer.list(query, after, limit))
        return [str(row[0]) for row in rows]

    async def visitors(self, environment: str, *, after: str, limit: int) -> list[str]:
        """Persons without a user id (`a:` and an anonymous id), in order, from behind `after`."""
        everybody = audience(None, {}, scope=Scope(environment), today=0, zone="UTC")
        page = await self.list(everybody, after=max(after, "a:"), limit=limit)
        return [each for each in page if each.startswith("a:")]

    def column(self, column: Column) -> str | None:
        """The column that holds these values. Raises Invalid when the table had no room left for it."""
        name = self._columns.get(column)
        if name is None and self._widths[column.owner] >= MAX_COLUMNS:
            raise Invalid(f"The analytic store keeps {MAX_COLUMNS} columns, and {column.name!r} came after them.")
        return name

    # Filling.

    async def fill(self, log: Log, *, limit: int = BATCH) -> int:
        """Take the next events of the log, and people whose rows are due; see `ingest.filler`.

        Returns how many of both there were; 0 when the store is up to date.
        """
        return await self._filler.fill(log, limit=limit)

    @property
    def is_describing(self) -> bool:
        """Whether people are being written, a part with each call of `fill`."""
        return self._filler.is_describing

    async def refill(self) -> None:
        """Forget everything; `fill` begins at the log's start again."""
        await self._filler.clear()

    def by_column(self, rows: Iterable[tuple[str, Mapping[str, object]]], prefix: str = "") -> ByColumn:
        """The values of rows, told their environments and values by name; `prefix` and a name are the full name.

        What no attribute may hold is left out.
        """
        found: dict[tuple[str, Kind], dict[int, object]] = {}
        texts: dict[str, dict[int, object]] = {}
        numbers: dict[str, dict[int, object]] = {}
        for at, (environment, named) in enumerate(rows):
            for name, value in named.items():
                # Most are these, in columns that were met before: text that is no date and numbers, in both of which
                # `check_attribute` would find nothing to change.
                if type(value) is str:
                    known = texts.get(name)
                    if known is not None and value[4:5] != "-" and len(value) <= MAX_CHARACTERS and value.isascii():
                        known[at] = value
                        continue
                elif type(value) is int or type(value) is float:
                    known = numbers.get(name)
                    if known is not None and -LARGEST_EXACT <= value <= LARGEST_EXACT:
                        known[at] = float(value)
                        continue
                checked = check_attribute(value)
                if isinstance(checked, Refused):
                    continue
                for kind, kept in typed(checked, self._zone_of(environment)):
                    values = found.setdefault((prefix + name, kind), {})
                    values[at] = kept
                    if kind == "text":
                        texts[name] = values
                    elif kind == "number":
                        numbers[name] = values
        return found

    def _values(self, owner: Owner, found: ByColumn) -> dict[Column, Mapping[int, object]]:
        """Values by column, but for those that find no room; new columns are made."""
        columns = {Column(*key): values for key, values in found.items()}
        return {
            column: values
            for column, values in columns.items()
            if column in self._columns or self._has_room(owner, column)
        }

    def _has_room(self, owner: Owner, column: Column) -> bool:
        """Whether a new column could be made."""
        if self._widths[owner] >= MAX_COLUMNS:
            return False
        self._columns[column] = self._make_column(owner, column)
        self._widths[owner] += 1
        return True

    def _take_columns(self, found: Iterable[tuple[Owner, Column, str]]) -> None:
        """Know these columns and no others."""
        self._columns.clear()
        self._widths = dict.fromkeys(TABLES, 0)
        for owner, column, name in found:
            self._columns[column] = name
            self._widths[owner] += 1

    # Who is who.

    def links(self, links: Iterable[Key], aliases: Iterable[Key]) -> State:
        """The links of these anonymous ids, and the aliases of these user ids with the whole set of each."""
        state = State()
        for environment, anonymous, timestamp, message_id, user, *_ in self._among("links", "anonymous_id", links):
            state.links[environment, anonymous] = Link(Stamp(int(timestamp), message_id), user)
        sets = {(row[0], row[2]) for row in self._among("aliases", "user_id", aliases)}
        for environment, user, canonical, *_ in self._among("aliases", "canonical", sets):
            state.aliases[environment, user] = canonical
        return state

    def canonical(self, users: Iterable[Key]) -> dict[Key, str]:
        """The least id of each user's set, for users that have one."""
        return {(row[0], row[1]): row[2] for row in self._among("aliases", "user_id", users)}

    def linked_to(self, users: Iterable[Key]) -> dict[Key, str]:
        """The anonymous ids that belong to these users, with the user of each."""
        return {(row[0], row[1]): row[4] for row in self._among("links", "user_id", users)}

    def who(self, subjects: Iterable[Key]) -> dict[Key, str]:
        """Who these subjects are, for those that are not simply themselves."""
        return {(row[0], row[1]): row[2] for row in self._among("persons", "subject", subjects)}
