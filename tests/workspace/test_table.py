"""CSV files of users: what every odd file gives, and that nothing written is a formula."""

from __future__ import annotations

import csv
import io
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.errors import Invalid
from handrail.workspace.people.importing import ImportReport, batches, calls_of, message_id
from handrail.workspace.people.table import LEADS, MAX_LINE, BadRow, ReadRow, inert, open_text, read_rows, write_row


def read(content: str | bytes, mapping: dict[str, str] | None = None, **known: str) -> list[ReadRow | BadRow]:
    data = content if isinstance(content, bytes) else content.encode()
    return list(read_rows(open_text(io.BytesIO(data)), mapping or {}, known))


def users(
    content: str | bytes, mapping: dict[str, str] | None = None, **known: str
) -> list[tuple[str, dict[str, Any]]]:
    rows = read(content, mapping, **known)
    assert all(isinstance(each, ReadRow) for each in rows), rows
    return [(each.user_id, each.native | each.custom) for each in rows if isinstance(each, ReadRow)]


def test_columns_find_their_place_by_name() -> None:
    (row,) = read("User ID,Email,name,Plan\n1,a@example.com,Ann,pro\n")
    assert isinstance(row, ReadRow)
    assert (row.line, row.user_id, row.native, row.custom) == (
        2,
        "1",
        {"email": "a@example.com", "name": "Ann"},
        {"Plan": "pro"},
    )


def test_a_mapping_goes_before_the_names_and_types_are_said_or_known() -> None:
    mapping = {"mail": "id", "n": "custom.seats:number", "paid": "custom.paid:boolean", "skip": ""}
    content = "mail,n,paid,skip,known,id\na@example.com,3,yes,x,2.5,7\n"
    assert users(content, mapping, **{"custom.known": "number"}) == [
        ("a@example.com", {"seats": 3, "paid": True, "known": 2.5, "id": "7"})
    ]


def test_a_cell_is_text_unless_a_type_is_said() -> None:
    assert users("id,n,b,d\n1,15,true,2026-01-01\n") == [("1", {"n": "15", "b": "true", "d": "2026-01-01"})]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfid,name\n1,Ann\n", [("1", {"name": "Ann"})]),
        ("id,name\r\n1,Ann\r\n", [("1", {"name": "Ann"})]),
        ("id,name\r1,Ann\r", [("1", {"name": "Ann"})]),
        ("id;name\n1;Ann, the first\n", [("1", {"name": "Ann, the first"})]),
        ("id\tname\n1\tAnn\n", [("1", {"name": "Ann"})]),
        ('id,name\n1,"Ann ""the"" first, of\nher name"\n', [("1", {"name": 'Ann "the" first, of\nher name'})]),
        ('"id","name"\n"1","Ann"', [("1", {"name": "Ann"})]),
        ("id,name\n1,=cmd|' /c calc'!A0\n", [("1", {"name": "=cmd|' /c calc'!A0"})]),
        ("id,name\n1,\n\n2,Bob\n", [("1", {}), ("2", {"name": "Bob"})]),
        ("id,name,\n1,Zoë 漢字 🧭,x\n", [("1", {"name": "Zoë 漢字 🧭"})]),
        ("id\n1\n", [("1", {})]),
        ("id,x\n1,__proto__\n", [("1", {"x": "__proto__"})]),
    ],
)
def test_files_as_programs_write_them(content: str | bytes, expected: list[tuple[str, dict[str, Any]]]) -> None:
    assert users(content) == expected


def test_two_hundred_columns() -> None:
    names = [f"c{number}" for number in range(199)]
    ((user, values),) = users("id," + ",".join(names) + "\n1," + ",".join(map(str, range(199))) + "\n")
    assert (user, len(values), values["c198"]) == ("1", 199, "198")


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ("id,name\n1,Ann\n".encode("utf-16"), "bad_encoding", "UTF-16"),
        ("id,name\n1,Ann\n".encode("utf-16-be"), "bad_encoding", "no text"),
        ("id,name\n1,Zoë\n".encode("latin-1"), "bad_encoding", "not UTF-8 at byte"),
        (b"PK\x03\x04" + b"x" * 50, "bad_encoding", "spreadsheet"),
        (b"", "no_columns", "no columns"),
        (b"\n\n", "no_columns", "no columns"),
        (b"name,plan\nAnn,pro\n", "invalid", "No column is mapped"),
        (b"id,id\n1,2\n", "invalid", "Two columns"),
        (b"id," + b",".join(b"c%d" % number for number in range(1000)) + b"\n", "invalid", "at most 1000 columns"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_in_one_sentence(content: bytes, code: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(content)
    assert (refused.value.code, told in refused.value.message) == (code, True), refused.value.message


@pytest.mark.parametrize(
    "mapping",
    [{"x": "id"}, {"name": "native.phone"}, {"name": "company.x"}, {"id": "id", "name": "id"}, {"name": "custom."}],
)
def test_a_mapping_that_cannot_be_meant_is_refused(mapping: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        read("id,name\n1,Ann\n", mapping)
    assert refused.value.path.startswith("map")


def test_bad_rows_are_told_by_line_and_cost_only_themselves() -> None:
    content = 'id,n\n1,1\n,2\nundefined,3\n5\n6,7,8\n7,x\n"8\n8",9\n9,10\n'
    rows = read(content, {"n": "custom.n:number"})
    bad = [(each.line, each.column) for each in rows if isinstance(each, BadRow)]
    assert bad == [(3, "id"), (4, "id"), (5, ""), (6, "")]
    good = [(each.line, each.user_id, each.custom) for each in rows if isinstance(each, ReadRow)]
    assert good == [(2, "1", {"n": 1}), (7, "7", {}), (9, "8\n8", {"n": 9}), (10, "9", {"n": 10})]
    (left,) = [each.problems for each in rows if isinstance(each, ReadRow) and each.problems]
    assert (left[0].line, left[0].column) == (7, "n")


def test_a_quote_that_never_closes_is_told_and_the_rest_is_not_guessed() -> None:
    rows = read('id,name\n1,Ann\n2,"open\n3,Bob\n')
    assert [type(each) for each in rows] == [ReadRow, BadRow]


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("number", "12", 12),
        ("number", "-1.5e3", -1500.0),
        ("boolean", "No", False),
        ("array", "a, b", ["a", "b"]),
        ("array", "[1,2]", [1, 2]),
        ("date", "2026-01-31", "2026-01-31"),
        ("number", " +12. ", 12.0),
        ("number", ".5", 0.5),
        ("number", "1,5", None),
        ("number", "1_000", None),
        ("number", "1_0.5", None),
        ("number", "9" * 5000, None),
        ("number", "1e999", None),
        ("number", "", None),
        ("number", "nan", None),
        ("number", "١", 1),
        ("boolean", "maybe", None),
        ("array", "[1", None),
        ("array", "[" * 20_000, None),
        ("date", "31.01.2026", None),
        ("text", "x" * 701, None),
    ],
)
def test_a_cell_of_a_type_is_that_or_left_out(kind: str, cell: str, value: object) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["id", "v"], ["1", cell]])
    (row,) = read(buffer.getvalue(), {"v": f"custom.v:{kind}"})
    assert isinstance(row, ReadRow)
    assert (row.custom.get("v"), len(row.problems)) == (value, 0 if value is not None or not cell else 1)


@given(cells=st.lists(st.text() | st.floats(allow_nan=False) | st.integers() | st.booleans() | st.none(), min_size=2))
def test_no_cell_that_is_written_starts_a_formula_and_none_is_lost(cells: list[Any]) -> None:
    (line,) = list(csv.reader(io.StringIO(write_row(cells), newline="")))
    assert len(line) == len(cells)
    for cell, written in zip(cells, line, strict=True):
        assert not written.startswith(LEADS) or isinstance(cell, int | float) or float(written) is not None
        if isinstance(cell, str):
            assert written in (cell, "'" + cell)


def test_formulas_of_the_usual_spellings_are_inert() -> None:
    for cell in (
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        '=HYPERLINK("http://x")',
        "-2+3+cmd|' /C calc'!A0",
    ):
        assert inert(cell) == "'" + cell
    assert [inert(cell) for cell in ("-5", "+4.5", "1e5", "a=b", "")] == ["-5", "+4.5", "1e5", "a=b", ""]


def test_a_million_rows_stream_in_constant_memory() -> None:
    import tracemalloc

    class Lines(io.TextIOBase):
        """A file that is never in memory."""

        def __init__(self) -> None:
            self._at = -1

        def readline(self, size: int = -1, /) -> str:
            self._at += 1
            return (
                ""
                if self._at > 1_000_000
                else "id,email,plan\n"
                if not self._at
                else f"u{self._at},u{self._at}@x.example,pro\n"
            )

        def __next__(self) -> str:
            if not (line := self.readline()):
                raise StopIteration
            return line

    report = ImportReport(dry_run=True)
    tracemalloc.start()
    count = early = late = 0
    for number, rows in enumerate(batches(read_rows(Lines(), {}, {}), report)):
        count += len(rows)
        if number == 20:
            tracemalloc.stop()
            tracemalloc.start()
            early = tracemalloc.get_traced_memory()[1]
        if number == 60:
            late = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert count == report.rows == 1_000_000
    assert late < early + 4_000_000


@pytest.mark.parametrize(("rows", "at"), [(0, 3), (3_000, 24_003)])
def test_the_byte_that_is_no_utf_8_is_named_by_its_place_in_the_file(rows: int, at: int) -> None:
    with pytest.raises(Invalid, match=rf"at byte {at} \(0xe9\)"):
        read(b"id\n" + b"1234567\n" * rows + b"\xe9\n")


def test_a_line_without_an_end_is_not_read_into_memory() -> None:
    asked: list[int] = []

    class Endless(io.TextIOBase):
        def readline(self, size: int = -1, /) -> str:
            asked.append(size)
            return "x" * size

    with pytest.raises(Invalid, match="Line 1 has more than"):
        next(read_rows(Endless(), {}, {}))
    assert asked == [MAX_LINE]


def test_of_two_rows_about_one_user_the_later_holds() -> None:
    rows = [each for each in read("id\n" + "1\n" * 1_200) if isinstance(each, ReadRow)]
    ids = [message_id("spring", each.line) for each in rows]
    assert ids == sorted(ids)


def test_the_same_import_gives_the_same_message_ids() -> None:
    rows = [each for each in read("id,n\n1,x\n2,y\n") if isinstance(each, ReadRow)]
    choose = random.Random(1)
    assert calls_of(rows, "spring") == calls_of(choose.sample(rows, 2)[:0] + rows, "spring")
    assert calls_of(rows, "spring") != calls_of(rows, "summer")
