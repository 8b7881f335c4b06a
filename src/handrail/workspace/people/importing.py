"""Importing users: rows into identify calls, which go the way of every other event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from handrail.workspace.people.table import BadRow, ReadRow

BATCH = 1000
REPORTED = 1000
"""Bad lines that a report lists; all are counted."""


class ImportReport(msgspec.Struct):
    """How far an import is, and at its end how it went."""

    dry_run: bool
    rows: int = 0
    imported: int = 0
    refused: int = 0
    cells_left_out: int = 0
    problems: list[BadRow] = msgspec.field(default_factory=list[BadRow])
    attributes: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """How many rows set each attribute."""
    done: bool = False

    def refuse(self, line: int, message: str) -> None:
        """Count a line that the door refused after it had been read."""
        self.refused += 1
        self.imported -= 1
        if len(self.problems) < REPORTED:
            self.problems.append(BadRow(line, "", message))

    def note(self, read: ReadRow | BadRow) -> ReadRow | None:
        """Count a line; gives it back when it is to be imported."""
        self.rows += 1
        problems: Sequence[BadRow] = (read,) if isinstance(read, BadRow) else read.problems
        self.problems += problems[: REPORTED - len(self.problems)]
        if isinstance(read, BadRow):
            self.refused += 1
            return None
        self.cells_left_out += len(problems)
        for source, held in (("native", read.native), ("custom", read.custom)):
            for name in held:
                attribute = f"{source}.{name}"
                self.attributes[attribute] = self.attributes.get(attribute, 0) + 1
        return read


def batches(rows: Iterable[ReadRow | BadRow], report: ImportReport) -> Iterator[list[ReadRow]]:
    """The rows to be imported, a batch at a time, everything counted into `report`. A batch may be empty."""
    batch: list[ReadRow] = []
    seen = 0
    for read in rows:
        kept = report.note(read)
        if kept is not None:
            batch.append(kept)
        seen += 1
        if seen >= BATCH:
            yield batch
            batch, seen = [], 0
    yield batch


def message_id(import_id: str, line: int) -> str:
    """What the row on a line is known by. Of two rows about one user the later has the greater id, and so holds."""
    return f"import-{import_id}-{line:09}"


def calls_of(rows: Sequence[ReadRow], import_id: str) -> bytes:
    """The rows as a batch of identify calls. The same import sent twice counts once."""
    calls = [
        {
            "type": "identify",
            "userId": row.user_id,
            "messageId": message_id(import_id, row.line),
            "traits": row.custom,
            "context": {"handrail": {"native": row.native, "visit": False}},
        }
        for row in rows
    ]
    return msgspec.json.encode({"batch": calls})
