"""Problems of a banner."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences.model import Banner
from handrail.core.experiences.problems.blocks import blocks_problems, cross_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.problems import Problem


def banner_problems(banner: Banner, around: Surroundings) -> Iterator[Problem]:
    """All problems of a banner."""
    place = Place(banner, around, first_step=True)
    yield from blocks_problems(place, banner.content.blocks, "content.blocks")
    yield from cross_problems(place, banner.content.cross, "content.cross")
