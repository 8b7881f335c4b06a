"""`make soak`: the long runs. Kills under load and other fault tests, answers and clicks by the hundred, and memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from bench import ingest, memory, sustained

LEAVING = "tests/journeys/test_triggers.py::test_what_a_click_did_before_its_link_left_is_recorded_every_time"
ANSWERS = "tests/journeys/test_surveys.py::test_an_answer_given_is_an_answer_kept_once"


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
    """The fault tests and the survey's, with the long ones."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/faults", ANSWERS, "-v", "-s", *words],
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
