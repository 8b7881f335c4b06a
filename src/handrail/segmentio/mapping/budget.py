"""What one run of a mapping may make: a small template over a small event can otherwise grow without end."""

from __future__ import annotations

from handrail.core.errors import Invalid

BUDGET = 1_000_000
"""Characters of made text and items of made lists, together, in one run."""


class MappingFailed(Invalid):
    """A mapping could not make its payload of an event; `path` is where in the mapping."""

    code = "mapping_failed"


class Budget:
    """How much one run has left."""

    def __init__(self) -> None:
        self.left = BUDGET

    def spend(self, amount: int) -> None:
        """Take `amount`. Raises MappingFailed when there is not that much left."""
        self.left -= amount
        if self.left < 0:
            raise MappingFailed(f"This mapping makes more than {BUDGET} characters and items of one event.")
