"""`make soak`: the long runs. Kills under load and other fault tests, answers and clicks by the hundred, and memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from bench import ingest, memory, sustained

LONG = (
    "tests/faults",
    *(
        f"tests/journeys/test_{each}.py"
        for each in ("hostile", "hostile_world", "races", "run_js", "surveys", "triggers")
    ),
)
"""The tests that `tests.support.soak` makes longer."""


def main(words: list[str]) -> int:
    """Run the parts named, or all; 0 when all of it is well."""
    if words[:1] == ["tests"]:
        return tests(words[1:])
    parts: dict[str, Callable[[], int]] = {
        "tests": lambda: tests([]),
        "steady": lambda: int(not memory.steady(memory.MINUTES)),
        "giant": lambda: int(not memory.giant(memory.USERS, memory.EXPERIENCES)),
        "sustained": sustained.main,
        "ids": ids,
    }
    if unknown := set(words) - set(parts):
        print(f"There is no part {sorted(unknown)}; there are {', '.join(parts)}.", file=sys.stderr)
        return 2
    return max([parts[part]() for part in words or parts])


def tests(words: list[str]) -> int:
    """Faults and journeys, each as often as its promise says."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *LONG, "-v", "-s", *words],
        env={**os.environ, "HANDRAIL_SOAK": "1", "HANDRAIL_REQUIRE_ALL": "1"},
        check=False,
    ).returncode


def ids() -> int:
    """An event's cost with twenty million ids counted, at most a quarter more than with none."""
    found = ingest.size_row()
    print(f"ids: {found['what']}: {found['ours']:.1f} beside {found['limit']:.1f}, {found['ratio_to_limit']:.2f} times")
    return int(found["met"] is False)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
