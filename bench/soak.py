"""`make soak`: the long runs. Two hundred kills under load, and every other fault test beside them."""

from __future__ import annotations

import os
import subprocess
import sys


def main() -> int:
    """Run the fault tests with the long ones; the exit code is pytest's."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/faults", "-v", "-s", *sys.argv[1:]],
        env={**os.environ, "HANDRAIL_SOAK": "1", "HANDRAIL_REQUIRE_ALL": "1"},
        check=False,
    ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
