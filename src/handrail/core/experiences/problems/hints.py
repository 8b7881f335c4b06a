"""Problems of a hint."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences.model import Hint
from handrail.core.experiences.problems.actions import stack_problems
from handrail.core.experiences.problems.blocks import blocks_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.targets import target_problems
from handrail.core.problems import Problem, key_problems


def hint_problems(hint: Hint, around: Surroundings) -> Iterator[Problem]:
    """All problems of a hint."""
    place = Place(hint, around, first_step=False)
    for at, mark in enumerate(hint.content.hints):
        path = f"content.hints[{at}]"
        yield from key_problems(mark.key, f"{path}.key")
        yield from target_problems(mark.target, f"{path}.target", place.locale)
        yield from blocks_problems(place, mark.blocks, f"{path}.blocks")
        yield from stack_problems(place, "cta_button", mark.actions, f"{path}.actions")
