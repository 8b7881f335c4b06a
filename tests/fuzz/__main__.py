"""`make fuzz`: a million generated questions (HANDRAIL_FUZZ_CASES), answered in Python and by the browser's engine."""

from __future__ import annotations

import os
import secrets
import sys
import time

from tests.fuzz.compare import Disagreement, compare

PART = 20_000


def main() -> int:
    """Run in parts, each with a seed of its own, so that a disagreement is quick to repeat."""
    count = int(os.environ.get("HANDRAIL_FUZZ_CASES", "1000000"))
    seed = int(os.environ.get("HANDRAIL_FUZZ_SEED") or secrets.randbits(32))
    started, asked = time.monotonic(), 0
    while asked < count:
        part = min(PART, count - asked)
        try:
            told = compare(seed, part)
        except Disagreement as disagreement:
            print(f"{disagreement}\nRepeat it with HANDRAIL_FUZZ_SEED={seed} HANDRAIL_FUZZ_CASES={part} ./dev fuzz")
            return 1
        asked += part
        verdicts = ", ".join(f"{verdict} {times}" for verdict, times in sorted(told.items()))
        print(f"seed {seed}: {asked:,} of {count:,} agree ({verdicts}); {time.monotonic() - started:.0f} s", flush=True)
        seed += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
