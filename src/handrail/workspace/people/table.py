"""A CSV file of users: its bytes into rows, its columns onto attributes, and back again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Literal, TypeAlias, cast

import msgspec

from handrail.core.errors import Invalid
from handrail.core.people import AttributeValue
from handrail.core.values import Refused, check_attribute, check_user_id, instant_of

Target: TypeAlias = str
"""`id`, `native.email`, `custom.plan`, or `custom.seats:number` with a type; empty leaves a column out."""

NATIVE = ("email", "name", "language")
TYPES = ("text", "number", "boolean", "array", "date")
IDS = ("user_id", "userid", "user id", "id")
MAX_COLUMNS = 1000
MAX_LINE = 1_000_000
"""Longest line, in characters; a file of one endless line is not read into memory."""
NUMBER = re.compile(r"[+-]?(?:\d+(?P<point>\.\d*)?|(?P<bare>\.\d+))(?P<power>[eE][+-]?\d+)?")
TRUE, FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
LEADS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the start of a formula."""


class BadRow(msgspec.Struct, frozen=True):
    """A line of the file that is left out, or a cell of it."""

    line: int
    column: str
    message: str


class ReadRow(msgspec.Struct, frozen=True):
    """One user: the line it ends on, what is to be said of them, and which cells were left out."""

    line: int
    user_id: str
    native: dict[str, AttributeValue]
    custom: dict[str, AttributeValue]
    problems: tuple[BadRow, ...] = ()


class Column(msgspec.Struct, frozen=True):
    """Where one column goes."""

    header: str
    source: Literal["id", "native", "custom", ""]
    name: str = ""
    type: str = "text"


def open_text(file: IO[bytes]) -> io.TextIOWrapper:
    """The file as text, its BOM skipped. Raises Invalid for what is UTF-16 or no text at all."""
    start = file.read(4)
    file.seek(0)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Invalid("The file is in UTF-16; save it as CSV in UTF-8.", code="bad_encoding")
    if b"\0" in start:
        raise Invalid("The file is no text; save it as CSV in UTF-8.", code="bad_encoding")
    if start[:4] == b"PK\x03\x04":
        raise Invalid("The file is a spreadsheet or an archive; save it as CSV in UTF-8.", code="bad_encoding")
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def columns_of(headers: Sequence[str], mapping: Mapping[str, Target], known: Mapping[str, str]) -> list[Column]:
    """Where each column goes: as `mapping` says, else by its name; types from the mapping, else as `known`.

    `known` holds the type of each attribute that was received. Raises Invalid naming the column.
    """
    if len(headers) > MAX_COLUMNS:
        raise Invalid(f"A file has at most {MAX_COLUMNS} columns, this one {len(headers)}.", path="columns")
    twice = {header for header in headers if headers.count(header) > 1}
    if twice:
        raise Invalid(f"Two columns are called {min(twice)!r}.", path=f"columns.{min(twice)}")
    if missing := [header for header in mapping if header not in headers]:
        raise Invalid(f"There is no column {missing[0]!r} in the file.", path=f"map.{missing[0]}")
    has_id = any(target == "id" for target in mapping.values())
    columns: list[Column] = []
    for header in headers:
        target = mapping.get(header)
        if target is None:
            guess = "id" if header.strip().lower() in IDS and not has_id else None
            has_id = has_id or guess == "id"
            lower = header.strip().lower()
            target = guess or (f"native.{lower}" if lower in NATIVE else f"custom.{header.strip()}")
            target = "" if not header.strip() else target
        columns.append(_column(header, target, known))
    identifiers = [column.header for column in columns if column.source == "id"]
    if len(identifiers) != 1:
        told = "No column is" if not identifiers else f"{len(identifiers)} columns are"
        raise Invalid(f"{told} mapped to the user's id; map exactly one column to 'id'.", path="map")
    return columns


def _column(header: str, target: Target, known: Mapping[str, str]) -> Column:
    if target == "id":
        return Column(header, "id")
    if not target:
        return Column(header, "")
    name, colon, kind = target.rpartition(":") if target.rpartition(":")[2] in TYPES else (target, "", "")
    source, _, key = name.partition(".")
    if source == "native" and key in NATIVE:
        return Column(header, "native", key)
    if source != "custom" or not key or len(key) > 200:
        raise Invalid(
            f"{target!r} is no target: id, native.email, native.name, native.language, or custom.NAME with a type.",
            path=f"map.{header}",
        )
    return Column(header, "custom", key, kind if colon else known.get(name, "text"))


def read_rows(
    text: io.TextIOBase, mapping: Mapping[str, Target], known: Mapping[str, str]
) -> Iterator[ReadRow | BadRow]:
    """The file's users and its bad lines, one after the other: the whole is never in memory.

    Raises Invalid for a file whose first line maps to no users, and for one that is not UTF-8.
    """
    try:
        yield from _read(text, mapping, known)
    except UnicodeDecodeError as problem:
        # The decoder counts from where its own chunk begins.
        read = cast("IO[bytes]", text.buffer).tell() if isinstance(text, io.TextIOWrapper) else len(problem.object)
        raise Invalid(
            f"The file is not UTF-8 at byte {read - len(problem.object) + problem.start} "
            f"(0x{problem.object[problem.start]:02x}); "
            "save it as CSV in UTF-8.",
            code="bad_encoding",
        ) from None


def _read(text: io.TextIOBase, mapping: Mapping[str, Target], known: Mapping[str, str]) -> Iterator[ReadRow | BadRow]:
    lines = _lines(text)
    first = next(lines, "")
    if not first.strip():
        raise Invalid("The file's first line names no columns.", code="no_columns", path="columns")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(_with(first, lines), delimiter=separator, strict=True)
    try:
        headers = next(reader)
    except csv.Error as problem:
        raise Invalid(f"The file's first line cannot be read: {problem}.", code="no_columns", path="columns") from None
    columns = columns_of(headers, mapping, known)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield BadRow(reader.line_num, "", f"This line cannot be read: {problem}.")
            continue
        if cells:
            yield _row(reader.line_num, cells, columns)


def _lines(text: io.TextIOBase) -> Iterator[str]:
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and line[-1] not in "\r\n":
            raise Invalid(f"Line {number} has more than {MAX_LINE} characters.", code="long_line")
        yield line


def _with(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _row(line: int, cells: Sequence[str], columns: Sequence[Column]) -> ReadRow | BadRow:
    if len(cells) != len(columns):
        return BadRow(line, "", f"{len(cells)} cells, where the first line names {len(columns)} columns.")
    user_id = ""
    custom: dict[str, AttributeValue] = {}
    native: dict[str, AttributeValue] = {}
    problems: list[BadRow] = []
    for column, cell in zip(columns, cells, strict=True):
        if column.source == "id":
            checked = check_user_id(cell)
            if isinstance(checked, Refused):
                return BadRow(line, column.header, f"{checked.reason}.")
            user_id = checked
        elif column.source and cell != "":
            value = _value(cell, column.type)
            if isinstance(value, Refused):
                problems.append(BadRow(line, column.header, f"{value.reason}; the cell is left out."))
            else:
                (native if column.source == "native" else custom)[column.name] = value
    return ReadRow(line, user_id, native, custom, tuple(problems))


def _value(cell: str, kind: str) -> AttributeValue | Refused:
    """A cell as a value of a type. Nothing is guessed: text that is no number is refused where a number is wanted."""
    match kind:
        case "number":
            found = NUMBER.fullmatch(cell.strip())
            if found is None:
                return Refused(f"{cell!r:.60} is no number")
            # A double holds whatever a cell spells; a whole number stays one.
            return check_attribute(float(cell) if any(found.groups()) or len(cell) > 300 else int(cell))
        case "boolean":
            word = cell.strip().lower()
            return word in TRUE if word in TRUE | FALSE else Refused(f"{cell!r:.60} is neither true nor false")
        case "array":
            if not cell.startswith("["):
                return check_attribute([part.strip() for part in cell.split(",") if part.strip()])
            try:
                return check_attribute(msgspec.json.decode(cell))
            except (msgspec.DecodeError, RecursionError):
                return Refused(f"{cell!r:.60} is no list")
        case "date":
            return check_attribute(cell) if instant_of(cell, "UTC") is not None else Refused(f"{cell!r:.60} is no date")
        case _:
            return check_attribute(cell)


def write_row(values: Sequence[AttributeValue]) -> str:
    """One line of a CSV file in which no cell is a formula, whatever a spreadsheet makes of it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([inert(_text(value)) for value in values])
    return line.getvalue()


def inert(cell: str) -> str:
    """The cell with an apostrophe before what would start a formula; a plain number stays a number."""
    if not cell.startswith(LEADS):
        return cell
    try:
        float(cell)
    except ValueError:
        return "'" + cell
    return cell


def _text(value: AttributeValue) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)
