"""APSW as the rest of this folder uses it, with types: the package's own are partly unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

import apsw

Value: TypeAlias = int | float | str | bytes | None


class Rows(Protocol):
    """What a statement answers. `get`: the one value of the one row, None without a row."""

    @property
    def get(self) -> Any: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...
    def fetchone(self) -> tuple[Any, ...] | None: ...
    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...


class Connection(Protocol):
    """One connection; a transaction, as a context manager. A statement that answers rows is to be read to its end."""

    in_transaction: bool

    def total_changes(self) -> int: ...

    def execute(self, statements: str, bindings: Sequence[Value] = ..., /) -> Rows: ...
    def close(self, force: bool = False, /) -> None: ...
    def __enter__(self) -> object: ...
    def __exit__(self, *failure: object) -> bool | None: ...


def connect(path: Path) -> Connection:
    """A connection that writes; the file is made when missing."""
    connection = cast(Connection, apsw.Connection(str(path)))
    connection.execute("PRAGMA busy_timeout = 5000").fetchall()
    return connection


def connect_to_read(path: Path) -> Connection:
    """A connection that only reads. Raises apsw.CantOpenError when there is no file."""
    # SQLite writes the index of a WAL file even to read, so the file itself is opened for writing.
    connection = cast(Connection, apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE))
    connection.execute("PRAGMA busy_timeout = 5000").fetchall()
    connection.execute("PRAGMA query_only = ON").fetchall()
    return connection
