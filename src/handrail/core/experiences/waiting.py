"""Waiting: the conditions that a document's parts wait for, beside its audience. The server asks them at boot."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.conditions.model import Condition, ExperienceCondition
from handrail.core.experiences.model import Checklist, Experience, Tour
from handrail.core.experiences.triggers import SurveyAnswered


def waiting_in(document: Experience) -> Iterator[tuple[str, Condition]]:
    """Each by its name: a checklist's task by its key, a tour's condition as `step/trigger/condition`."""
    match document:
        case Checklist():
            yield from ((task.key, task.done_when) for task in document.content.tasks if task.done_when is not None)
        case Tour():
            for step in document.content.steps:
                for at, trigger in enumerate(step.triggers):
                    for number, asked in enumerate(trigger.when):
                        if isinstance(asked, SurveyAnswered):
                            yield f"{step.key}/{at}/{number}", answered(asked)
        case _:
            pass


def answered(asked: SurveyAnswered) -> Condition:
    """The condition that a trigger waits for when it waits for a survey."""
    return ExperienceCondition(
        asked.survey, "answered", question=asked.question, value=asked.value, operator=asked.operator
    )


def conditions_in(document: Experience) -> tuple[Condition, ...]:
    """The conditions a document asks of its user: its audience, and what its parts wait for."""
    audience = () if document.audience is None else (document.audience,)
    return (*audience, *(condition for _, condition in waiting_in(document)))
