"""`make soak`: the long runs. Two hundred kills under load, every other fault test, and ten thousand answers."""

from __future__ import annotations

import os
import subprocess
import sys

ANSWERS = "tests/journeys/test_surveys.py::test_an_answer_given_is_an_answer_kept_once"


def main() -> int:
    """Run the fault tests and the survey's with the long ones; the exit code is pytest's."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/faults", ANSWERS, "-v", "-s", *sys.argv[1:]],
        env={**os.environ, "HANDRAIL_SOAK": "1", "HANDRAIL_REQUIRE_ALL": "1"},
        check=False,
    ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
