"""Problems of blocks, and of the closing cross beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handrail.core.actions import Context
from handrail.core.experiences.blocks import Block, Button, Columns, Heading, Image, ListBlock, Paragraph, Video
from handrail.core.experiences.problems.actions import stack_problems
from handrail.core.experiences.problems.place import Place
from handrail.core.experiences.texts import text_problems, url_problems
from handrail.core.experiences.tours import Cross
from handrail.core.problems import Problem


def cross_problems(place: Place, cross: Cross, path: str) -> Iterator[Problem]:
    yield from stack_problems(place, "closing_cross", (cross.action,), f"{path}.action")


def blocks_problems(place: Place, blocks: Sequence[Block], path: str) -> Iterator[Problem]:
    for at, block in enumerate(blocks):
        here = f"{path}[{at}]"
        match block:
            case Button():
                yield from button_problems(place, block, here)
            case Heading(text) | Paragraph(text):
                yield from text_problems(text, f"{here}.text", place.locale)
            case ListBlock(lines):
                for number, line in enumerate(lines):
                    yield from text_problems(line, f"{here}.lines[{number}]", place.locale)
            case Image(src, alt):
                yield from url_problems(src, f"{here}.src", schemes=("http", "https"))
                yield from text_problems(alt, f"{here}.alt", place.locale)
            case Video(src, title, poster):
                yield from url_problems(src, f"{here}.src", schemes=("http", "https"))
                yield from text_problems(title, f"{here}.title", place.locale, needed=True)
                if poster is not None:
                    yield from url_problems(poster, f"{here}.poster", schemes=("http", "https"))
            case Columns(columns):
                for number, column in enumerate(columns):
                    yield from blocks_problems(place, column, f"{here}.columns[{number}]")
            case _:
                pass


def button_problems(place: Place, button: Button, path: str, context: Context = "cta_button") -> Iterator[Problem]:
    """Problems of one button."""
    yield from text_problems(button.label, f"{path}.label", place.locale, needed=True)
    if not button.actions:
        yield Problem("no_action", f"{path}.actions", "This button does nothing.", "warning")
    yield from stack_problems(place, context, button.actions, f"{path}.actions")
