"""Problems of booking an interview: where the action stands, and whose page it opens (RULES 31)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from handrail.core.actions import BookInterview
from handrail.core.experiences.blocks import Block, Button, Columns
from handrail.core.experiences.problems.place import Place
from handrail.core.experiences.surveys import BookInterviewStep, Provider, SurveyStep
from handrail.core.experiences.texts import url_problems
from handrail.core.problems import Problem

# Written out from the scheme on: no user, port or backslash, which parsers and browsers read differently.
LINKS: Mapping[Provider, tuple[re.Pattern[str], str]] = {
    "calendly": (re.compile(r"https://calendly\.com/[^/?#\\\s][^\\\s]*"), "https://calendly.com/you/meeting"),
    "google_calendar": (
        re.compile(
            r"https://calendar\.google\.com/calendar/(?:u/\d+/)?appointments/[^/?#\\\s][^\\\s]*"
            r"|https://calendar\.app\.google/[^/?#\\\s][^\\\s]*"
        ),
        "https://calendar.google.com/calendar/appointments/... or https://calendar.app.google/...",
    ),
    "zcal": (re.compile(r"https://zcal\.co/[^/?#\\\s][^\\\s]*"), "https://zcal.co/you/meeting"),
}
"""What a scheduling page of each provider looks like."""


def booking_problems(place: Place, step: SurveyStep, path: str) -> Iterator[Problem]:
    """Problems of `book_interview` in one step: the first action of its own step's primary button, nowhere else."""
    primary = None
    buttons = list(_buttons(step.blocks, f"{path}.blocks"))
    if isinstance(step, BookInterviewStep):
        primary = next((here for here, button in buttons if button.style == "primary"), None)
        yield from _link_problems(step, f"{path}.link")
    for here, button in buttons:
        for at, action in enumerate(button.actions):
            if isinstance(action, BookInterview) and (here != primary or at):
                message = "book_interview is the first action of the primary button of a book_interview step."
                yield Problem("booking_elsewhere", f"{here}.actions[{at}]", message)
        if here == primary and (not button.actions or not isinstance(button.actions[0], BookInterview)):
            message = "The primary button of a book_interview step holds book_interview first."
            yield Problem("booking_missing", f"{here}.actions", message)
    if isinstance(step, BookInterviewStep) and primary is None:
        message = "A book_interview step has a primary button that holds book_interview."
        yield Problem("booking_missing", f"{path}.blocks", message)


def _link_problems(step: BookInterviewStep, path: str) -> Iterator[Problem]:
    pattern, example = LINKS[step.provider]
    if pattern.fullmatch(step.link) is None:
        message = f"{step.link!r} is no page of {step.provider.replace('_', ' ')}: write {example}."
        yield Problem("booking_link", path, message)
    else:
        yield from url_problems(step.link, path, schemes=("https",))


def _buttons(blocks: Sequence[Block], path: str) -> Iterator[tuple[str, Button]]:
    for at, block in enumerate(blocks):
        here = f"{path}[{at}]"
        match block:
            case Button():
                yield here, block
            case Columns(columns):
                for number, column in enumerate(columns):
                    yield from _buttons(column, f"{here}.columns[{number}]")
            case _:
                pass
