"""The programs that other languages need to ask the case files' patterns: `spec/cases/programs.json`.

Written anew by `python -m tests.support.programs`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from handrail.compile.patterns import BadPattern, compile_pattern
from tests.support.cases import SPEC

PROGRAMS = SPEC / "cases" / "programs.json"


def patterns(folder: Path) -> Iterator[str]:
    """Every pattern that a case file names: the value of a `matches`, or a member called `pattern`."""
    for path in sorted(folder.rglob("*.json")):
        if path != PROGRAMS:
            yield from _within(json.loads(path.read_text()))


def _within(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        if members.get("operator") == "matches" and isinstance(found := members.get("value"), str):
            yield found
        if isinstance(found := members.get("pattern"), str):
            yield found
        for each in members.values():
            yield from _within(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _within(each)


def programs() -> dict[str, dict[str, object]]:
    """The program of each pattern that may be used."""
    made: dict[str, dict[str, object]] = {}
    for pattern in sorted(set(patterns(SPEC / "cases"))):
        try:
            made[pattern] = compile_pattern(pattern)
        except BadPattern:
            continue  # found nowhere, and so it has no program
    return made


def written() -> str:
    """The file's text: one pattern on each line."""
    lines = (f"  {json.dumps(pattern)}: {json.dumps(program)}" for pattern, program in programs().items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    PROGRAMS.write_text(written())
