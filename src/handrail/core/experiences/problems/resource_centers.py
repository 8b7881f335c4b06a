"""Problems of a resource center."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences.model import ResourceCenter
from handrail.core.experiences.problems.actions import stack_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.resource_centers import ActionCard
from handrail.core.problems import Problem


def resource_center_problems(resource_center: ResourceCenter, around: Surroundings) -> Iterator[Problem]:
    """All problems of a resource center."""
    place = Place(resource_center, around, first_step=False)
    for at, card in enumerate(resource_center.content.cards):
        if isinstance(card, ActionCard):
            path = f"content.cards[{at}]"
            yield from stack_problems(place, "resource_center_block", card.actions, f"{path}.actions")
