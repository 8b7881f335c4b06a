"""`make soak`: the long runs. Kills under load, every other fault test, ten thousand answers, and memory."""

from __future__ import annotations

import os
import subprocess
import sys

from bench import memory

ANSWERS = "tests/journeys/test_surveys.py::test_an_answer_given_is_an_answer_kept_once"


def main() -> int:
    """Run the fault tests and the survey's with the long ones, then memory; 0 when all of it is well."""
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/faults", ANSWERS, "-v", "-s", *sys.argv[1:]],
        env={**os.environ, "HANDRAIL_SOAK": "1", "HANDRAIL_REQUIRE_ALL": "1"},
        check=False,
    ).returncode
    return memory.main() or tests


if __name__ == "__main__":
    raise SystemExit(main())
