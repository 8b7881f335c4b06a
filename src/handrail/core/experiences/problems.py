"""Problems: everything that keeps a document from being published, and what its author should look at again.

`find_problems` lists them all, each with the path of the member it sits in. What decodes at all has the right shape;
what is checked here is meaning: references, reachability, the contract's tables and what this release can run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

import msgspec

from handrail.core.actions import (
    Action,
    Context,
    GoToStep,
    LaunchExperience,
    NavigateTo,
    Snooze,
    type_of,
    validate_stack,
)
from handrail.core.conditions.model import Condition
from handrail.core.conditions.problems import condition_problems, rule_problems
from handrail.core.experiences.blocks import Block, Button, Columns, Heading, Image, ListBlock, Paragraph, Span, Video
from handrail.core.experiences.model import Banner, EveryDays, Experience, Tour
from handrail.core.experiences.targets import Target
from handrail.core.experiences.tours import Cross, Step, UrlMatches
from handrail.core.problems import Problem
from handrail.core.templates import CHIP, NoAddress, chips, is_safe, render_url

RUNS = {"tour", "banner"}
"""Kinds that this release runs (RULES 35)."""
RUNS_FORMS = {"tooltip", "modal", "snippet"}
RUNS_ACTIONS = {"go_to_step", "launch_experience", "dismiss", "snooze", "navigate_to"}
RUNS_SHOW_ON = {"page_opening", "event", "manual", "none"}
MAX_STEPS = 50
MAX_TEXT = 4000
SOURCES = ("native.", "custom.", "company.")


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a document is checked against: what else is live (or comes with the same apply), by key.

    `check_pattern` says why an RE2 pattern may not be used, or None.
    """

    experiences: frozenset[str] = frozenset()
    segments: Mapping[str, Condition] = {}
    themes: frozenset[str] = frozenset()
    run_js: bool = False
    check_pattern: Callable[[str], str | None] = lambda pattern: None


def find_problems(document: Experience, around: Surroundings) -> list[Problem]:
    """All problems of a document, errors and warnings, in document order."""
    return list(_problems(document, around))


def _problems(document: Experience, around: Surroundings) -> Iterator[Problem]:
    kind = document.__struct_config__.tag
    if kind not in RUNS:
        yield Problem("unsupported_kind", "kind", f"This release cannot run a {kind}; it runs {_and(RUNS)}.")
    show_on = document.show_on.__struct_config__.tag
    if show_on not in RUNS_SHOW_ON:
        yield Problem(
            "unsupported_show_on",
            "show_on.on",
            f"This release cannot show on {show_on}; it knows {_and(RUNS_SHOW_ON)}.",
        )
    if document.audience is not None:
        yield from condition_problems(document.audience, "audience", around)
    for list_name in ("include", "exclude"):
        for at, rule in enumerate(getattr(document.where, list_name)):
            yield from rule_problems(rule, f"where.{list_name}[{at}]", around)
    yield from _when_problems(document)
    if isinstance(document.frequency, EveryDays) and document.frequency.days < 1:
        yield Problem("days", "frequency.days", "A frequency in days starts at 1.")
    if document.theme is not None and document.theme not in around.themes:
        yield Problem("unknown_theme", "theme", f"There is no theme {document.theme!r}.")
    match document:
        case Tour():
            yield from _tour_problems(document, around)
        case Banner():
            yield from _blocks_problems(
                document, document.content.blocks, "content.blocks", around, first_step=True, steps=None
            )
            yield from _cross_problems(document, document.content.cross, "content.cross", around, first_step=True)
        case _:
            pass


def _and(words: set[str]) -> str:
    return ", ".join(sorted(words))


def _when_problems(document: Experience) -> Iterator[Problem]:
    edges: dict[str, datetime] = {}
    for edge in ("start", "end"):
        text = getattr(document.when, edge)
        if text is None:
            continue
        try:
            edges[edge] = datetime.fromisoformat(text)
        except ValueError:
            yield Problem("date", f"when.{edge}", f"{text!r} is no local date-time such as 2026-12-01T09:00.")
    if len(edges) == 2 and edges["end"].replace(tzinfo=None) <= edges["start"].replace(tzinfo=None):
        yield Problem("end_before_start", "when.end", "The end is not after the start.")
    try:
        ZoneInfo(document.when.zone)
    except (KeyError, ValueError, OSError):
        yield Problem("zone", "when.zone", f"There is no time zone {document.when.zone!r}.")


def _tour_problems(tour: Tour, around: Surroundings) -> Iterator[Problem]:
    steps = tour.content.steps
    if not steps:
        yield Problem("no_steps", "content.steps", "A tour has at least one step.")
    if len(steps) > MAX_STEPS:
        yield Problem("too_many_steps", "content.steps", f"A tour has at most {MAX_STEPS} steps.")
    seen: set[str] = set()
    keys = [step.key for step in steps]
    for at, step in enumerate(steps):
        path = f"content.steps[{at}]"
        if step.key in seen:
            yield Problem("duplicate_step", f"{path}.key", f"Two steps are called {step.key!r}.")
        seen.add(step.key)
        if step.key in ("next", "previous", "complete"):
            yield Problem(
                "reserved_step",
                f"{path}.key",
                f"A step cannot be called {step.key!r}: go_to_step gives the word a meaning.",
            )
        yield from _step_problems(tour, step, path, around, first_step=at == 0, steps=keys)
    yield from _reach_problems(steps)


def _step_problems(
    tour: Tour, step: Step, path: str, around: Surroundings, *, first_step: bool, steps: list[str]
) -> Iterator[Problem]:
    if step.form not in RUNS_FORMS:
        yield Problem(
            "unsupported_form", f"{path}.form", f"This release cannot draw a {step.form}; it draws {_and(RUNS_FORMS)}."
        )
    if step.form == "tooltip" and step.target is None:
        yield Problem("missing_target", f"{path}.target", "A tooltip needs a target to point at.")
    if step.target is not None:
        yield from _target_problems(step.target, f"{path}.target")
    if step.missing.then == "go_to_step" and step.missing.step not in steps:
        yield Problem("unknown_step", f"{path}.missing.step", f"There is no step {step.missing.step!r}.")
    yield from _blocks_problems(tour, step.blocks, f"{path}.blocks", around, first_step=first_step, steps=steps)
    for at, trigger in enumerate(step.triggers):
        here = f"{path}.triggers[{at}]"
        if not trigger.when:
            yield Problem("empty_trigger", f"{here}.when", "A trigger without conditions never fires.")
        for number, asked in enumerate(trigger.when):
            if isinstance(asked, UrlMatches):
                yield from rule_problems(asked.rule, f"{here}.when[{number}].rule", around)
        yield from _stack_problems(
            tour, "progress_trigger", trigger.then, f"{here}.then", around, first_step=first_step, steps=steps
        )
    yield from _cross_problems(tour, step.cross, f"{path}.cross", around, first_step=first_step)


def _target_problems(target: Target, path: str) -> Iterator[Problem]:
    if not any((target.css, target.test_id, target.id, target.role, target.name, target.text)):
        yield Problem("target_signals", path, "A target needs a signal: test_id, id, css, role, name or text.")


def _cross_problems(
    document: Experience, cross: Cross, path: str, around: Surroundings, *, first_step: bool
) -> Iterator[Problem]:
    yield from _stack_problems(
        document, "closing_cross", (cross.action,), f"{path}.action", around, first_step=first_step, steps=None
    )


def _blocks_problems(
    document: Experience,
    blocks: tuple[Block, ...],
    path: str,
    around: Surroundings,
    *,
    first_step: bool,
    steps: list[str] | None,
) -> Iterator[Problem]:
    for at, block in enumerate(blocks):
        here = f"{path}[{at}]"
        match block:
            case Button():
                yield from _text_problems(block.label, f"{here}.label")
                if not block.actions:
                    yield Problem("no_action", f"{here}.actions", "This button does nothing.", "warning")
                yield from _stack_problems(
                    document, "cta_button", block.actions, f"{here}.actions", around, first_step=first_step, steps=steps
                )
            case Heading(text) | Paragraph(text):
                yield from _text_problems(text, f"{here}.text")
            case ListBlock(lines):
                for number, line in enumerate(lines):
                    yield from _text_problems(line, f"{here}.lines[{number}]")
            case Image(src, alt):
                yield from _url_problems(src, f"{here}.src", schemes=("http", "https"))
                yield from _text_problems(alt, f"{here}.alt")
            case Video(src, title):
                yield from _url_problems(src, f"{here}.src", schemes=("http", "https"))
                yield from _text_problems(title, f"{here}.title")
            case Columns(columns):
                for number, column in enumerate(columns):
                    yield from _blocks_problems(
                        document, column, f"{here}.columns[{number}]", around, first_step=first_step, steps=steps
                    )
            case _:
                pass


def _text_problems(text: object, path: str) -> Iterator[Problem]:
    match text:
        case str():
            yield from _string_problems(text, path)
        case dict():
            if not text:
                yield Problem("no_text", path, "A text in several languages needs at least one.")
            for locale, words in cast("dict[str, str]", text).items():
                yield from _string_problems(words, f"{path}.{locale}")
        case list():
            for at, span in enumerate(cast("list[object]", text)):
                if isinstance(span, Span):
                    yield from _text_problems(span.text, f"{path}[{at}].text")
                    if span.link is not None:
                        yield from _url_problems(span.link, f"{path}[{at}].link")
        case _:
            pass


def _string_problems(text: str, path: str) -> Iterator[Problem]:
    if len(text) > MAX_TEXT:
        yield Problem("long_text", path, f"This text has {len(text)} characters, at most {MAX_TEXT}.")
    for chip in chips(text):
        if not chip.name.startswith(SOURCES):
            hint = " (write native.)" if chip.name.startswith("user.") else ""
            yield Problem(
                "attribute_source", path, f"The chip {chip.name!r} does not say where its attribute comes from{hint}."
            )
    if "{{" in CHIP.sub("", text):
        yield Problem("chip", path, "A chip is written {{native.name|there}}.", "warning")


def _url_problems(
    url: str, path: str, *, schemes: tuple[str, ...] = ("http", "https", "mailto", "tel")
) -> Iterator[Problem]:
    sample = render_url(url, {chip.name: "x" for chip in chips(url, "url")})
    if (
        isinstance(sample, NoAddress)
        or not is_safe(sample)
        or (":" in sample.split("/")[0] and sample.split(":")[0].lower() not in schemes)
    ):
        yield Problem(
            "unsafe_url",
            path,
            f"{url!r} is not followed: use {', '.join(schemes)} or a relative address, chips only behind the host.",
        )


def _stack_problems(
    document: Experience,
    context: Context,
    actions: tuple[Action, ...],
    path: str,
    around: Surroundings,
    *,
    first_step: bool,
    steps: list[str] | None,
) -> Iterator[Problem]:
    kind = str(document.__struct_config__.tag)
    for refusal in validate_stack(kind, context, first_step, actions, run_js=around.run_js):
        here = path if context == "closing_cross" else f"{path}[{refusal.at}]"
        yield Problem(refusal.code, here, refusal.message, refusal.severity)
    for at, action in enumerate(actions):
        here = path if context == "closing_cross" else f"{path}[{at}]"
        word = type_of(action)
        if word not in RUNS_ACTIONS:
            yield Problem(
                "unsupported_action", f"{here}.type", f"This release cannot run {word}; it runs {_and(RUNS_ACTIONS)}."
            )
        match action:
            case GoToStep(step) if (
                step not in ("next", "previous", "complete") and steps is not None and step not in steps
            ):
                yield Problem("unknown_step", f"{here}.step", f"There is no step {step!r}.")
            case GoToStep("previous") if context != "cta_button":
                yield Problem("previous_outside_cta", f"{here}.step", "Only a button can go to the previous step.")
            case GoToStep() if kind == "banner":
                yield Problem("no_other_step", here, "A banner has one step; there is none to go to.")
            case LaunchExperience(experience) if experience == document.key:
                yield Problem("self_launch", f"{here}.experience", "An experience cannot launch itself.")
            case LaunchExperience(experience) if experience not in around.experiences:
                yield Problem(
                    "unknown_experience",
                    f"{here}.experience",
                    f"No experience {experience!r} is live or comes with it.",
                )
            case NavigateTo(url):
                yield from _url_problems(url, f"{here}.url")
            case Snooze(hours, up_to):
                if hours < 1:
                    yield Problem("snooze_hours", f"{here}.hours", "A snooze lasts at least one hour.")
                if not 1 <= up_to <= 5:
                    yield Problem("snooze_times", f"{here}.up_to", "A snooze may be used 1 to 5 times.")
            case _:
                pass


def _reach_problems(steps: tuple[Step, ...]) -> Iterator[Problem]:
    """Steps that nothing leads to, and rings of steps that nothing leads out of."""
    if not steps:
        return
    keys = [step.key for step in steps]
    ways = {step.key: _ways(step, at, keys) for at, step in enumerate(steps)}
    reached, waiting = {keys[0]}, [keys[0]]
    while waiting:
        for target in ways[waiting.pop()]:
            if target in ways and target not in reached:
                reached.add(target)
                waiting.append(target)
    for at, step in enumerate(steps):
        if step.key not in reached:
            yield Problem("unreachable_step", f"content.steps[{at}]", f"Nothing leads to the step {step.key!r}.")
    leaving = {key for key, targets in ways.items() if "complete" in targets}
    while grown := {key for key in reached - leaving if ways[key] & leaving}:
        leaving |= grown
    for at, step in enumerate(steps):
        if step.key in reached and step.key not in leaving and not step.cross.show:
            yield Problem(
                "no_exit",
                f"content.steps[{at}]",
                f"From {step.key!r} nothing leads to the end, and its cross is hidden.",
            )


def _ways(step: Step, at: int, keys: list[str]) -> set[str]:
    """Where a step may lead: step keys, and `complete` for any way out."""
    following = keys[at + 1] if at + 1 < len(keys) else "complete"
    found: set[str] = set()
    stacks = [*_stacks(step.blocks), *(trigger.then for trigger in step.triggers)]
    for action in (each for stack in stacks for each in stack):
        match action:
            case GoToStep("next"):
                found.add(following)
            case GoToStep("previous"):
                pass
            case GoToStep(target):
                found.add(target)
            case NavigateTo():
                pass
            case _:
                found.add("complete")
    if step.on_target == "advance" or not stacks:
        found.add(following)
    if step.missing.then == "skip":
        found.add(following)
    if step.missing.then == "go_to_step" and step.missing.step:
        found.add(step.missing.step)
    return found


def _stacks(blocks: tuple[Block, ...]) -> Iterator[tuple[Action, ...]]:
    for block in blocks:
        match block:
            case Button(actions=actions) if actions:
                yield actions
            case Columns(columns):
                for column in columns:
                    yield from _stacks(column)
            case _:
                pass
