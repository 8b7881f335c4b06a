"""How often: `make test` does a few times what `make soak` does as often as the promise says."""

from __future__ import annotations

import os

SOAK = os.environ.get("HANDRAIL_SOAK") == "1"
"""Whether this is the long run."""


def times(usual: int, soak: int) -> int:
    """`usual`, or `soak` in the long run."""
    return soak if SOAK else usual
