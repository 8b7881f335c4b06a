"""Checklists: how far a user is. `spec/cases/checklists` is the authority."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.experiences.checklists import ChecklistContent
from handrail.core.people import ExperienceState

TaskState: TypeAlias = Literal["done", "skipped", "open", "locked"]
"""A locked task waits for the ones before it. Done goes before skipped: what got done stays done."""


class Progress(msgspec.Struct, frozen=True):
    """The state of each task in document order, how many are settled (done or skipped), and whether all are."""

    tasks: tuple[TaskState, ...]
    settled: int
    complete: bool


def progress_of(content: ChecklistContent, state: ExperienceState) -> Progress:
    """How far the user with this state is."""
    states: list[TaskState] = []
    settled = 0
    for at, task in enumerate(content.tasks):
        if task.key in state.done:
            states.append("done")
        elif task.key in state.skipped:
            states.append("skipped")
        else:
            states.append("locked" if content.order == "in_order" and settled < at else "open")
            continue
        settled += 1
    return Progress(tuple(states), settled, 0 < len(states) == settled)
