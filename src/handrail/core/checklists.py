"""Checklists: how far a user is. `spec/cases/checklists` is the authority."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.conditions.model import Condition
from handrail.core.experiences.checklists import ChecklistContent
from handrail.core.experiences.model import Checklist, Experience
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


def conditions_in(document: Experience) -> tuple[Condition, ...]:
    """The conditions a document asks of its user: its audience, and what gets a checklist's tasks done."""
    audience = () if document.audience is None else (document.audience,)
    if not isinstance(document, Checklist):
        return audience
    return (*audience, *(task.done_when for task in document.content.tasks if task.done_when is not None))
