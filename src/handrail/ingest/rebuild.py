"""Comparing a rebuilt state with the one that serves: two ordered streams of rows, walked side by side."""

from __future__ import annotations

from typing import TypeAlias

StateRow: TypeAlias = tuple[str, str, str, object]
"""Table, environment, id and what it says; streams are ordered by the first three."""


class Comparison:
    """What two streams have in common. Ask `moves` which of them goes on, until neither does."""

    def __init__(self) -> None:
        self.rows = 0
        """How many rows the serving state has."""
        self.differences: list[str] = []

    def moves(self, serving: StateRow | None, rebuilt: StateRow | None) -> tuple[bool, bool]:
        """Note how these two compare, and which stream's next row comes beside what is left."""
        if serving is not None and rebuilt is not None and serving[:3] == rebuilt[:3]:
            self.rows += 1
            if serving[3] != rebuilt[3]:
                self.differences.append(" ".join(serving[:3]))
            return True, True
        if serving is not None and (rebuilt is None or serving[:3] < rebuilt[:3]):
            self.rows += 1
            self.differences.append(" ".join(serving[:3]))
            return True, False
        if rebuilt is not None:
            self.differences.append(" ".join(rebuilt[:3]))
            return False, True
        return False, False
