"""Problems of a checklist."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences.model import Checklist
from handrail.core.experiences.problems.actions import stack_problems
from handrail.core.experiences.problems.blocks import blocks_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.texts import text_problems
from handrail.core.problems import Problem, key_problems


def checklist_problems(checklist: Checklist, around: Surroundings) -> Iterator[Problem]:
    """All problems of a checklist."""
    place = Place(checklist, around, first_step=False)
    for at, task in enumerate(checklist.content.tasks):
        path = f"content.tasks[{at}]"
        yield from key_problems(task.key, f"{path}.key")
        yield from text_problems(task.title, f"{path}.title", place.locale, needed=True)
        if task.action is not None:
            yield from stack_problems(place, "checklist_task", (task.action,), f"{path}.action")
    if checklist.content.completion is not None:
        yield from blocks_problems(place, checklist.content.completion.blocks, "content.completion.blocks")
