"""Problems of a hint."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences.hints import HintMark
from handrail.core.experiences.model import Hint
from handrail.core.experiences.problems.actions import stack_problems
from handrail.core.experiences.problems.blocks import blocks_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.targets import target_problems
from handrail.core.experiences.texts import text_problems
from handrail.core.problems import Problem, key_problems

MAX_MARKS = 20
"""Marks of one hint: each watches for its element for as long as the page is open."""


def hint_problems(hint: Hint, around: Surroundings) -> Iterator[Problem]:
    """All problems of a hint."""
    place = Place(hint, around, first_step=False)
    marks = hint.content.hints
    keys = [mark.key for mark in marks]
    if not marks:
        yield Problem("no_marks", "content.hints", "A hint has at least one mark.")
    if len(marks) > MAX_MARKS:
        yield Problem("too_many_marks", "content.hints", f"A hint has at most {MAX_MARKS} marks.")
    for at, mark in enumerate(marks):
        path = f"content.hints[{at}]"
        yield from key_problems(mark.key, f"{path}.key")
        if mark.key in keys[:at]:
            yield Problem("duplicate_mark", f"{path}.key", f"Two marks are called {mark.key!r}.")
        yield from target_problems(mark.target, f"{path}.target", place.locale)
        yield from text_problems(mark.label, f"{path}.label", place.locale, needed=mark.mark == "label")
        yield from _what_it_does(place, mark, path)
        yield from blocks_problems(place, mark.blocks, f"{path}.blocks")
        yield from stack_problems(place, "cta_button", mark.actions, f"{path}.actions")


def _what_it_does(place: Place, mark: HintMark, path: str) -> Iterator[Problem]:
    if not mark.blocks and not mark.actions:
        yield Problem("no_action", path, "This mark opens no card and does nothing.", "warning")
    if mark.blocks and mark.actions:
        yield Problem("unused_actions", f"{path}.actions", "A mark that opens a card does nothing beside it.")
    if not mark.label and not any(block.__struct_config__.tag == "heading" for block in mark.blocks):
        message = "Nothing names this mark to a screen reader; give it a label, or its card a heading."
        yield Problem("unnamed_mark", f"{path}.label", message, "warning")
