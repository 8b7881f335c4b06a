"""Problems of a survey."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences.model import Survey
from handrail.core.experiences.problems.blocks import blocks_problems, cross_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.problems.tours import step_key_problems
from handrail.core.problems import Problem


def survey_problems(survey: Survey, around: Surroundings) -> Iterator[Problem]:
    """All problems of a survey."""
    keys = tuple(step.key for step in survey.content.steps)
    if not keys:
        yield Problem("no_steps", "content.steps", "A survey has at least one step.")
    yield from step_key_problems(keys)
    for at, step in enumerate(survey.content.steps):
        place = Place(survey, around, first_step=at == 0, steps=keys)
        yield from blocks_problems(place, step.blocks, f"content.steps[{at}].blocks")
        yield from cross_problems(place, step.cross, f"content.steps[{at}].cross")
