"""Problems of a post."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences.model import Post
from handrail.core.experiences.problems.blocks import blocks_problems, button_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.texts import text_problems
from handrail.core.problems import Problem


def post_problems(post: Post, around: Surroundings) -> Iterator[Problem]:
    """All problems of a post."""
    place = Place(post, around, first_step=False)
    yield from text_problems(post.content.title, "content.title", place.locale, needed=True)
    yield from blocks_problems(place, post.content.blocks, "content.blocks")
    if post.content.cta is not None:
        yield from button_problems(place, post.content.cta, "content.cta", "post_cta")
