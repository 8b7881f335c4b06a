"""Problems of a checklist."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.conditions.model import All, Any, Condition, ExperienceCondition, Not
from handrail.core.conditions.problems import condition_problems
from handrail.core.experiences.blocks import Button
from handrail.core.experiences.checklists import Completion, Task
from handrail.core.experiences.model import Checklist
from handrail.core.experiences.problems.actions import stack_problems
from handrail.core.experiences.problems.blocks import blocks_problems, button_problems
from handrail.core.experiences.problems.launchers import launcher_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.texts import text_problems
from handrail.core.problems import Problem, key_problems

MAX_TASKS = 50


def checklist_problems(checklist: Checklist, around: Surroundings) -> Iterator[Problem]:
    """All problems of a checklist."""
    place = Place(checklist, around, first_step=False)
    content = checklist.content
    yield from text_problems(content.title, "content.title", place.locale, needed=True)
    yield from text_problems(content.text, "content.text", place.locale)
    if not content.tasks:
        yield Problem("no_tasks", "content.tasks", "A checklist has at least one task.")
    if len(content.tasks) > MAX_TASKS:
        yield Problem("too_many_tasks", "content.tasks", f"A checklist has at most {MAX_TASKS} tasks.")
    if content.order == "in_order" and len(content.tasks) == 1:
        yield Problem("unused_order", "content.order", "One task alone is in every order.", "warning")
    keys = [task.key for task in content.tasks]
    for at, task in enumerate(content.tasks):
        path = f"content.tasks[{at}]"
        if task.key in keys[:at]:
            yield Problem("duplicate_task", f"{path}.key", f"Two tasks are called {task.key!r}.")
        yield from _task_problems(place, task, path)
    if content.completion is not None:
        yield from _completion_problems(place, content.completion, "content.completion.blocks")
    yield from launcher_problems(content.launcher, "content.launcher", place.locale)


def _task_problems(place: Place, task: Task, path: str) -> Iterator[Problem]:
    yield from key_problems(task.key, f"{path}.key")
    yield from text_problems(task.title, f"{path}.title", place.locale, needed=True)
    yield from text_problems(task.text, f"{path}.text", place.locale)
    if task.action is not None:
        yield from stack_problems(place, "checklist_task", (task.action,), f"{path}.action")
    elif task.done_when is None and task.primary is None and not task.skippable:
        message = "Nothing gets this task done: give it an action, a primary button or done_when."
        yield Problem("endless_task", path, message)
    else:
        yield Problem("task_without_action", path, "A click on this task does nothing.", "warning")
    for name, button in (("primary", task.primary), ("secondary", task.secondary)):
        if button is not None:
            yield from button_problems(place, button, f"{path}.{name}")
    if task.done_when is not None:
        yield from condition_problems(task.done_when, f"{path}.done_when", place.around)
        yield from _named_problems(place, task.done_when, f"{path}.done_when")


def _named_problems(place: Place, condition: Condition, path: str) -> Iterator[Problem]:
    """Experiences that a condition asks for and that nobody can have met."""
    match condition:
        case All(members) | Any(members):
            word = "all" if isinstance(condition, All) else "any"
            for at, member in enumerate(members):
                yield from _named_problems(place, member, f"{path}.{word}[{at}]")
        case Not(member):
            yield from _named_problems(place, member, f"{path}.not")
        case ExperienceCondition(experience, fact):
            if experience == place.document.key and fact == "completed":
                message = "A task cannot wait for its own checklist to be completed."
                yield Problem("own_completion", f"{path}.experience", message)
            elif experience not in (place.document.key, *place.around.experiences, *place.around.posts):
                message = f"No experience {experience!r} is live or comes with it."
                yield Problem("unknown_experience", f"{path}.experience", message)
        case _:
            pass


def _completion_problems(place: Place, completion: Completion, path: str) -> Iterator[Problem]:
    if not completion.blocks:
        yield Problem("empty_completion", path, "This completion shows nothing.", "warning")
    if sum(isinstance(block, Button) for block in completion.blocks) > 1:
        yield Problem("many_buttons", path, "A completion has one button at most.")
    yield from blocks_problems(place, completion.blocks, path)
