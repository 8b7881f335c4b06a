"""Problems of a post."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from handrail.core.experiences.model import OnElementClick, OnEvent, OnPageExit, Post
from handrail.core.experiences.problems.blocks import blocks_problems, button_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.texts import text_problems
from handrail.core.problems import Problem


def post_problems(post: Post, around: Surroundings) -> Iterator[Problem]:
    """All problems of a post."""
    place = Place(post, around, first_step=False)
    content = post.content
    if isinstance(post.show_on, OnEvent | OnElementClick | OnPageExit):
        message = "A post never opens by itself: it is in the feed. Leave show_on out."
        yield Problem("post_shows_itself", "show_on.on", message)
    yield from text_problems(content.title, "content.title", place.locale, needed=True)
    yield from text_problems(content.label, "content.label", place.locale)
    if content.cover is not None:
        for problem in blocks_problems(place, (content.cover,), "content.cover"):
            yield msgspec.structs.replace(problem, path=problem.path.replace("[0]", "", 1))
    if not content.blocks:
        yield Problem("empty_post", "content.blocks", "This post says nothing.", "warning")
    yield from blocks_problems(place, content.blocks, "content.blocks")
    if content.cta is not None:
        yield from button_problems(place, content.cta, "content.cta", "post_cta")
