"""Problems of experiences: what keeps a document from being published, and what its author should look at again.

`find_problems` lists them all, each with the path of the member it sits in. What decodes at all has the right shape;
what is checked here is meaning: references, reachability, the contract's tables and what this release can run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
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
from handrail.core.experiences import release
from handrail.core.experiences.blocks import Block, Button, Columns, Heading, Image, ListBlock, Paragraph, Video
from handrail.core.experiences.model import Banner, EveryDays, Experience, OnEvent, OnPageOpening, Tour
from handrail.core.experiences.reach import reach_problems
from handrail.core.experiences.targets import Target, target_problems
from handrail.core.experiences.texts import LOCALE, text_problems, url_problems
from handrail.core.experiences.tours import (
    Cross,
    DelayPassed,
    ElementClicked,
    ElementState,
    EventTracked,
    ProgressTrigger,
    Step,
    UrlMatches,
)
from handrail.core.problems import Problem, key_problems

MAX_STEPS = 50
MAX_SECONDS = 3600
MAX_SNOOZES = 5
LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?", re.ASCII)
WORDS_OF_GO_TO_STEP = ("next", "previous", "complete")


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a document is checked against: what else is live (or comes with the same apply), by key.

    `check_pattern` says why an RE2 pattern may not be used, or None.
    """

    experiences: frozenset[str] = frozenset()
    segments: Mapping[str, Condition] = {}
    themes: frozenset[str] = frozenset()
    run_js: bool = False
    check_pattern: Callable[[str], str | None] = lambda pattern: None


class _Place(msgspec.Struct, frozen=True):
    """Where in a document something stands. `steps` are the keys to go to, None where there is nowhere to go."""

    document: Experience
    around: Surroundings
    first_step: bool
    steps: tuple[str, ...] | None = None

    @property
    def kind(self) -> str:
        return str(self.document.__struct_config__.tag)

    @property
    def locale(self) -> str:
        return self.document.default_locale


def find_problems(document: Experience, around: Surroundings) -> list[Problem]:
    """All problems of a document, errors and warnings, in document order."""
    return list(_problems(document, around))


def _problems(document: Experience, around: Surroundings) -> Iterator[Problem]:
    kind = str(document.__struct_config__.tag)
    if kind not in release.KINDS:
        message = f"This release cannot run a {kind}; it runs {release.listed(release.KINDS)}."
        yield Problem("unsupported_kind", "kind", message)
    yield from key_problems(document.key)
    if not document.name.strip():
        yield Problem("no_name", "name", "An experience needs a name that people know it by.")
    if document.audience is not None:
        yield from condition_problems(document.audience, "audience", around)
    for which, rules in (("include", document.where.include), ("exclude", document.where.exclude)):
        for at, rule in enumerate(rules):
            yield from rule_problems(rule, f"where.{which}[{at}]", around)
    yield from _show_on_problems(document)
    yield from _when_problems(document)
    if isinstance(document.frequency, EveryDays) and document.frequency.days < 1:
        yield Problem("days", "frequency.days", "A frequency in days starts at 1.")
    if document.theme is not None and document.theme not in around.themes:
        yield Problem("unknown_theme", "theme", f"There is no theme {document.theme!r}.")
    if LOCALE.fullmatch(document.default_locale) is None:
        message = f"{document.default_locale!r} is no language; write en, fr, pt-BR."
        yield Problem("locale", "default_locale", message)
    match document:
        case Tour():
            yield from _tour_problems(document, around)
        case Banner():
            place = _Place(document, around, first_step=True)
            yield from _blocks_problems(place, document.content.blocks, "content.blocks")
            yield from _cross_problems(place, document.content.cross, "content.cross")
        case _:
            pass


def _show_on_problems(document: Experience) -> Iterator[Problem]:
    word = str(document.show_on.__struct_config__.tag)
    if word not in release.SHOW_ON:
        message = f"This release cannot show on {word}; it knows {release.listed(release.SHOW_ON)}."
        yield Problem("unsupported_show_on", "show_on.on", message)
    match document.show_on:
        case OnEvent(event) if not event.strip():
            yield Problem("empty_name", "show_on.event", "An event has a name.")
        case OnPageOpening(seconds):
            yield from _seconds_problems(seconds, "show_on.delay_seconds")
        case _:
            pass


def _seconds_problems(seconds: float, path: str) -> Iterator[Problem]:
    if not 0 <= seconds <= MAX_SECONDS:
        yield Problem("seconds", path, f"A wait takes 0 to {MAX_SECONDS} seconds.")


def _when_problems(document: Experience) -> Iterator[Problem]:
    edges: dict[str, datetime] = {}
    for edge, text in (("start", document.when.start), ("end", document.when.end)):
        if text is None:
            continue
        try:
            if LOCAL.fullmatch(text) is None:
                raise ValueError(text)
            edges[edge] = datetime.fromisoformat(text)
        except ValueError:
            message = f"{text!r} is no local date-time such as 2026-12-01T09:00; `zone` says whose."
            yield Problem("date", f"when.{edge}", message)
    if len(edges) == 2 and edges["end"] <= edges["start"]:
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
    keys = tuple(step.key for step in steps)
    for at, step in enumerate(steps):
        path = f"content.steps[{at}]"
        yield from key_problems(step.key, f"{path}.key")
        if step.key in keys[:at]:
            yield Problem("duplicate_step", f"{path}.key", f"Two steps are called {step.key!r}.")
        if step.key in WORDS_OF_GO_TO_STEP:
            message = f"A step cannot be called {step.key!r}: go_to_step gives the word a meaning."
            yield Problem("reserved_step", f"{path}.key", message)
        yield from _step_problems(_Place(tour, around, first_step=at == 0, steps=keys), step, path)
    yield from reach_problems(steps)


def _step_problems(place: _Place, step: Step, path: str) -> Iterator[Problem]:
    if step.form not in release.FORMS:
        message = f"This release cannot draw a {step.form}; it draws {release.listed(release.FORMS)}."
        yield Problem("unsupported_form", f"{path}.form", message)
    if step.form in release.POINTING and step.target is None:
        yield Problem("missing_target", f"{path}.target", f"A {step.form} needs a target to point at.")
    if step.target is not None:
        yield from target_problems(step.target, f"{path}.target", place.locale)
        if step.form in release.STANDING:
            message = f"A {step.form} stands alone; its target does nothing."
            yield Problem("unused_target", f"{path}.target", message, "warning")
    yield from _seconds_problems(step.missing.wait_seconds, f"{path}.missing.wait_seconds")
    if step.missing.then == "go_to_step" and step.missing.step not in (place.steps or ()):
        yield Problem("unknown_step", f"{path}.missing.step", f"There is no step {step.missing.step!r}.")
    if not step.blocks:
        yield Problem("empty_step", f"{path}.blocks", "This step shows nothing.", "warning")
    yield from _blocks_problems(place, step.blocks, f"{path}.blocks")
    for at, trigger in enumerate(step.triggers):
        yield from _trigger_problems(place, trigger, f"{path}.triggers[{at}]", own_target=step.target is not None)
    yield from _cross_problems(place, step.cross, f"{path}.cross")


def _trigger_problems(place: _Place, trigger: ProgressTrigger, path: str, *, own_target: bool) -> Iterator[Problem]:
    if not trigger.when:
        yield Problem("empty_trigger", f"{path}.when", "A trigger without conditions never fires.")
    for at, asked in enumerate(trigger.when):
        here = f"{path}.when[{at}]"
        match asked:
            case UrlMatches(rule):
                yield from rule_problems(rule, f"{here}.rule", place.around)
            case EventTracked(event) if not event.strip():
                yield Problem("empty_name", f"{here}.event", "An event has a name.")
            case DelayPassed(seconds):
                yield from _seconds_problems(seconds, f"{here}.seconds")
            case ElementClicked(None) if not own_target:
                yield Problem("missing_target", f"{here}.target", "This step has no target of its own; name one.")
            case ElementClicked(Target() as target) | ElementState(target):
                yield from target_problems(target, f"{here}.target", place.locale)
            case _:
                pass
    if not trigger.then:
        yield Problem("no_action", f"{path}.then", "This trigger does nothing.", "warning")
    yield from _stack_problems(place, "progress_trigger", trigger.then, f"{path}.then")


def _cross_problems(place: _Place, cross: Cross, path: str) -> Iterator[Problem]:
    yield from _stack_problems(place, "closing_cross", (cross.action,), f"{path}.action")


def _blocks_problems(place: _Place, blocks: tuple[Block, ...], path: str) -> Iterator[Problem]:
    for at, block in enumerate(blocks):
        here = f"{path}[{at}]"
        match block:
            case Button(label, actions):
                yield from text_problems(label, f"{here}.label", place.locale, needed=True)
                if not actions:
                    yield Problem("no_action", f"{here}.actions", "This button does nothing.", "warning")
                yield from _stack_problems(place, "cta_button", actions, f"{here}.actions")
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
                    yield from _blocks_problems(place, column, f"{here}.columns[{number}]")
            case _:
                pass


def _stack_problems(place: _Place, context: Context, actions: tuple[Action, ...], path: str) -> Iterator[Problem]:
    """Problems of a stack. A cross carries one action without a list around it."""
    paths = [path if context == "closing_cross" else f"{path}[{at}]" for at in range(len(actions))]
    run_js = place.around.run_js
    for refusal in validate_stack(place.kind, context, place.first_step, actions, run_js=run_js):
        yield Problem(refusal.code, paths[refusal.at], refusal.message, refusal.severity)
    for action, here in zip(actions, paths, strict=True):
        word = type_of(action)
        if word not in release.ACTIONS:
            message = f"This release cannot run {word}; it runs {release.listed(release.ACTIONS)}."
            yield Problem("unsupported_action", f"{here}.type", message)
        yield from _action_problems(place, context, action, here)


def _action_problems(place: _Place, context: Context, action: Action, path: str) -> Iterator[Problem]:
    match action:
        case GoToStep("previous") if context != "cta_button":
            yield Problem("previous_outside_cta", f"{path}.step", "Only a button can go to the previous step.")
        case GoToStep(step) if place.steps is None:
            if step != "complete":
                message = f"A {place.kind} has one step: only `complete` is a place to go to."
                yield Problem("no_other_step", f"{path}.step", message)
        case GoToStep(step) if step not in (*WORDS_OF_GO_TO_STEP, *(place.steps or ())):
            yield Problem("unknown_step", f"{path}.step", f"There is no step {step!r}.")
        case LaunchExperience(experience) if experience == place.document.key:
            yield Problem("self_launch", f"{path}.experience", "An experience cannot launch itself.")
        case LaunchExperience(experience) if experience not in place.around.experiences:
            message = f"No experience {experience!r} is live or comes with it."
            yield Problem("unknown_experience", f"{path}.experience", message)
        case NavigateTo(url):
            yield from url_problems(url, f"{path}.url")
        case Snooze(hours, up_to):
            if hours < 1:
                yield Problem("snooze_hours", f"{path}.hours", "A snooze lasts at least one hour.")
            if not 1 <= up_to <= MAX_SNOOZES:
                yield Problem("snooze_times", f"{path}.up_to", f"A snooze may be used 1 to {MAX_SNOOZES} times.")
        case _:
            pass
