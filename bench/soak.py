"""`make soak`: the long runs. Kills under load and other fault tests, answers and clicks by the hundred, and memory."""

from __future__ import annotations

import os
import subprocess
import sys

from bench import memory

LEAVING = "tests/journeys/test_triggers.py::test_what_a_click_did_before_its_link_left_is_recorded_every_time"
ANSWERS = "tests/journeys/test_surveys.py::test_an_answer_given_is_an_answer_kept_once"


def main() -> int:
    """Run the fault tests and two journeys with the long ones, then memory; 0 when all of it is well."""
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/faults", ANSWERS, LEAVING, "-v", "-s", *sys.argv[1:]],
        env={**os.environ, "HANDRAIL_SOAK": "1", "HANDRAIL_REQUIRE_ALL": "1"},
        check=False,
    ).returncode
    return memory.main() or tests


if __name__ == "__main__":
    raise SystemExit(main())
