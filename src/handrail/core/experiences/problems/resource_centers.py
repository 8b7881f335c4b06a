"""Problems of a resource center."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences.model import ResourceCenter
from handrail.core.experiences.problems.actions import stack_problems
from handrail.core.experiences.problems.launchers import launcher_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.resource_centers import (
    ActionCard,
    AgentCard,
    Card,
    FeedCard,
    HeadingCard,
    LinksCard,
    SearchCard,
)
from handrail.core.experiences.texts import text_problems, url_problems
from handrail.core.problems import Problem, key_problems

MAX_CARDS = 50
MAX_FEED = 20


def resource_center_problems(resource_center: ResourceCenter, around: Surroundings) -> Iterator[Problem]:
    """All problems of a resource center."""
    place = Place(resource_center, around, first_step=False)
    content = resource_center.content
    yield from text_problems(content.title, "content.title", place.locale, needed=True)
    yield from text_problems(content.text, "content.text", place.locale)
    if not content.cards:
        yield Problem("no_cards", "content.cards", "A resource center has at least one card.")
    if len(content.cards) > MAX_CARDS:
        yield Problem("too_many_cards", "content.cards", f"A resource center has at most {MAX_CARDS} cards.")
    keys: set[str] = set()
    searches = 0
    for at, card in enumerate(content.cards):
        path = f"content.cards[{at}]"
        if isinstance(card, ActionCard):
            if card.key in keys:
                yield Problem("duplicate_card", f"{path}.key", f"Two cards are called {card.key!r}.")
            keys.add(card.key)
        searches += isinstance(card, SearchCard)
        if isinstance(card, SearchCard) and searches > 1:
            yield Problem(
                "two_searches", path, "One search field looks through the whole panel; a second does nothing."
            )
        yield from _card_problems(place, card, path)
    yield from launcher_problems(content.launcher, "content.launcher", place.locale)


def _card_problems(place: Place, card: Card, path: str) -> Iterator[Problem]:
    match card:
        case ActionCard(key, title, text):
            yield from key_problems(key, f"{path}.key")
            yield from text_problems(title, f"{path}.title", place.locale, needed=True)
            yield from text_problems(text, f"{path}.text", place.locale)
            if not card.actions:
                yield Problem("no_action", f"{path}.actions", "A click on this card does nothing.", "warning")
            yield from stack_problems(place, "resource_center_block", card.actions, f"{path}.actions")
        case SearchCard(placeholder):
            yield from text_problems(placeholder, f"{path}.placeholder", place.locale)
        case FeedCard(most):
            if not 1 <= most <= MAX_FEED:
                yield Problem(
                    "feed_most", f"{path}.most", f"A feed shows 1 to {MAX_FEED} posts until more is asked for."
                )
        case AgentCard(title, message):
            yield from text_problems(title, f"{path}.title", place.locale)
            yield from text_problems(message, f"{path}.message", place.locale)
        case LinksCard(links, title):
            yield from text_problems(title, f"{path}.title", place.locale)
            if not links:
                yield Problem("no_links", f"{path}.links", "A list of links has at least one.")
            for at, link in enumerate(links):
                yield from text_problems(link.label, f"{path}.links[{at}].label", place.locale, needed=True)
                yield from url_problems(link.url, f"{path}.links[{at}].url")
        case HeadingCard(text):
            yield from text_problems(text, f"{path}.text", place.locale, needed=True)
        case _:
            pass
