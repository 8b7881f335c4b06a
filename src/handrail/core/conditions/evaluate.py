"""Asking a condition: a walk over the tree that keeps the reason for every line.

The predicate that boot runs is compiled from the same tree (`handrail.compile.predicates`); this walk is what
`explain` shows and what the compiled forms are tested against.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from handrail.core.conditions.counters import count, counted_by, counter_id, edge_day
from handrail.core.conditions.model import (
    DEFERRED,
    All,
    Any,
    AttributeCondition,
    Condition,
    Device,
    DeviceCondition,
    ElementCondition,
    EventCondition,
    EventTimeCondition,
    Expected,
    ExperienceCondition,
    Not,
    PageCondition,
    SegmentCondition,
    UsersCondition,
    ViewportCondition,
)
from handrail.core.conditions.operators import ANSWERING, Matcher, date_bounds, element_key, holds
from handrail.core.errors import Invalid
from handrail.core.pages import UrlRule, covers_rule
from handrail.core.people import AttributeValue, ExperienceState, Facts
from handrail.core.values import day_of, day_start, day_text


class Browser(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a browser adds to the facts. A server that does not know it passes None and gets *deferred*."""

    url: str = "about:blank"
    device: Device = "desktop"
    width: int = 0
    height: int = 0
    elements: dict[str, list[str]] = {}
    """What is known of elements: facts by the words that name them."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of an explanation: what was asked, the verdict (None is deferred), the value found, what is below."""

    text: str
    verdict: bool | None
    actual: AttributeValue = None
    note: str = ""
    lines: tuple[Line, ...] = ()


class World(msgspec.Struct, frozen=True):
    """What every line is asked against."""

    facts: Facts
    segments: Mapping[str, Condition]
    browser: Browser | None
    found: Matcher
    inside: tuple[str, ...] = ()
    """The segments that are being asked, outermost first."""


def evaluate(condition: Condition, world: World) -> Line:
    """The condition's verdict over those of the lines below it. A segment that asks for itself raises Invalid."""
    match condition:
        case All(members):
            lines = tuple(evaluate(each, world) for each in members)
            return Line("all of", kleene_all([line.verdict for line in lines]), lines=lines)
        case Any(members):
            lines = tuple(evaluate(each, world) for each in members)
            return Line("any of", kleene_any([line.verdict for line in lines]), lines=lines)
        case Not(member):
            line = evaluate(member, world)
            return Line("not", None if line.verdict is None else not line.verdict, lines=(line,))
        case AttributeCondition():
            return _attribute(condition, world)
        case EventCondition():
            return _event(condition, world.facts)
        case EventTimeCondition():
            return _event_time(condition, world.facts)
        case UsersCondition(users):
            listed = not world.facts.users.isdisjoint(users)
            return Line(f"one of {len(users)} listed users", listed, ", ".join(sorted(world.facts.users)) or None)
        case ExperienceCondition():
            return _experience(condition, world)
        case SegmentCondition(segment, member):
            if segment not in world.segments:
                return Line(f"segment {segment}", not member, note="no such segment")
            if segment in world.inside:
                shown = " > ".join((*world.inside, segment))
                raise Invalid(f"The segment {segment!r} asks for itself: {shown}")
            within = msgspec.structs.replace(world, inside=(*world.inside, segment))
            line = evaluate(world.segments[segment], within)
            verdict = None if line.verdict is None else line.verdict is member
            return Line(f"{'in' if member else 'not in'} segment {segment}", verdict, lines=(line,))
        case _:
            return _in_browser(condition, world)


def kleene_all(verdicts: list[bool | None]) -> bool | None:
    """False beats deferred, deferred beats true."""
    return False if False in verdicts else None if None in verdicts else True


def kleene_any(verdicts: list[bool | None]) -> bool | None:
    """True beats deferred, deferred beats false."""
    return True if True in verdicts else None if None in verdicts else False


def attribute_of(name: str, facts: Facts) -> AttributeValue:
    """The value an attribute's full name stands for, None when missing."""
    source, _, key = name.partition(".")
    match source:
        case "native":
            return facts.native.get(key)
        case "custom":
            return facts.custom.get(key)
        case "company":
            return facts.company.get(key)
        case _:
            return None


def _attribute(condition: AttributeCondition, world: World) -> Line:
    facts = world.facts
    actual = attribute_of(condition.attribute, facts)
    verdict = holds(condition, actual, today=facts.today, zone=facts.zone, found=world.found)
    wanted = "" if condition.value is None else f" {msgspec.json.encode(condition.value).decode()}"
    text = f"{condition.attribute} {condition.operator}{wanted}"
    return Line(text, verdict, actual, note="missing" if actual is None else "")


COMPARE = {
    "=": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}


def _event(condition: EventCondition, facts: Facts) -> Line:
    times = count(facts.events.get(counter_id(condition), {}), condition.within_days, facts.today)
    window = "" if condition.within_days is None else f" within {condition.within_days} days"
    filtered = "" if condition.where is None else " with its properties"
    text = f"event {condition.event!r}{filtered}{window} {condition.operator} {condition.value} times"
    return Line(text, COMPARE[condition.operator](times, condition.value), times)


def _event_time(condition: EventTimeCondition, facts: Facts) -> Line:
    counted = counted_by(condition)
    assert counted is not None
    day = edge_day(facts.events.get(counter_id(counted), {}), condition.which)
    filtered = "" if condition.where is None else " with its properties"
    wanted = msgspec.json.encode(condition.value).decode()
    text = f"{condition.which} time of event {condition.event_time!r}{filtered} {condition.operator} {wanted}"
    if day is None:
        return Line(text, False, note="never")
    return Line(text, is_within(condition, day, facts.today, facts.zone), day_text(day))


def is_within(condition: EventTimeCondition, day: int, today: int, zone: str) -> bool:
    """Whether a day satisfies the leaf, as an attribute that holds this date would."""
    bounds = date_bounds(condition.operator, condition.value, today, zone)
    return bounds is not None and bounds[0] <= day_start(day, zone) < bounds[1]


def experience_instant(state: ExperienceState, fact: str) -> int:
    """When the fact last became true, 0 for never."""
    match fact:
        case "seen":
            return state.last_seen
        case "completed":
            return state.completed
        case "dismissed":
            return state.dismissed
        case "answered":
            return state.answered
        case _:
            return state.snoozes[-1].at if state.snoozes else 0


def _experience(condition: ExperienceCondition, world: World) -> Line:
    facts = world.facts
    state = facts.experiences.get(condition.experience, ExperienceState())
    text = f"{condition.fact} {condition.experience}"
    if condition.question is not None:
        written = state.answers.get(condition.question)
        answer = None if written is None else written.value
        happened = answer is not None and _answer_holds(condition, answer, world)
        instant = written.stamp.timestamp if written is not None and happened else 0
        text += f" question {condition.question}"
        if condition.value is not None:
            text += f" {condition.operator or 'is'} {msgspec.json.encode(condition.value).decode()}"
    else:
        instant = experience_instant(state, condition.fact)
    verdict = instant > 0
    if condition.within_days is not None:
        text += f" within {condition.within_days} days"
        verdict = verdict and facts.today - condition.within_days < day_of(instant, facts.zone) <= facts.today
    return Line(text, verdict, instant or None, note="never" if not instant else "")


def _answer_holds(condition: ExperienceCondition, answer: AttributeValue, world: World) -> bool:
    if condition.operator is not None:
        compared = AttributeCondition("answer", condition.operator, condition.value)
        facts = world.facts
        return condition.operator in ANSWERING and holds(
            compared, answer, today=facts.today, zone=facts.zone, found=world.found
        )
    return condition.value is None or _answered(answer, condition.value)


def _answered(answer: AttributeValue, expected: Expected) -> bool:
    wanted = expected if isinstance(expected, tuple) else (expected,)
    given = answer if isinstance(answer, list) else [answer]
    return not {element_key(each) for each in given}.isdisjoint(map(element_key, wanted))


def _in_browser(condition: Condition, world: World) -> Line:
    assert isinstance(condition, DEFERRED)
    browser = world.browser
    text = msgspec.json.encode(condition).decode()
    if browser is None:
        return Line(text, None, note="only the browser can tell")
    match condition:
        case PageCondition(part, operator, value, name):
            return Line(text, covers_rule(UrlRule(part, operator, value, name), browser.url, world.found), browser.url)
        case ElementCondition(element, fact):
            facts = browser.elements.get(element, [])
            return Line(text, fact in facts)
        case DeviceCondition(devices):
            return Line(text, browser.device in devices, browser.device)
        case ViewportCondition(side, operator, value):
            actual = browser.width if side == "width" else browser.height
            return Line(text, COMPARE[operator](actual, value), actual)
