"""Problems of a condition: everything that keeps it from being asked, each at its place in the tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import ada_url

from handrail.core.conditions.model import (
    All,
    Any,
    AttributeCondition,
    Condition,
    DeviceCondition,
    ElementCondition,
    EventCondition,
    EventTimeCondition,
    ExperienceCondition,
    Not,
    PageCondition,
    SegmentCondition,
    UsersCondition,
)
from handrail.core.conditions.operators import ANSWERING, MAX_DAYS, ROWS, row_of
from handrail.core.pages import UrlRule
from handrail.core.problems import Problem
from handrail.core.values import LARGEST_EXACT, Refused, check_user_id, is_date_only

MAX_DEPTH = 16
MAX_NODES = 500
"""Bounds of a tree, the segments it asks for included. What stands within them compiles."""

SOURCES = ("native.", "custom.", "company.")
WINDOWS = ("within_last", "more_than_ago")
OPERATORS = frozenset(operator for operators in ROWS.values() for operator in operators)


class Around(Protocol):
    """What a condition is checked against."""

    @property
    def segments(self) -> Mapping[str, Condition]:
        """The segments there are, by key."""
        ...

    @property
    def check_pattern(self) -> Callable[[str], str | None]:
        """Why an RE2 pattern may not be used, or None."""
        ...


def condition_problems(
    condition: Condition, path: str, around: Around, *, inside: tuple[str, ...] = ()
) -> Iterator[Problem]:
    """All problems of a condition at `path`. `inside` names the segments that it is part of."""
    yield from _size_problems(condition, path, around, inside)
    yield from _problems(condition, path, around, inside)


def _size_problems(condition: Condition, path: str, around: Around, inside: tuple[str, ...]) -> Iterator[Problem]:
    nodes, too_deep = 0, False
    waiting: list[tuple[Condition, int, tuple[str, ...]]] = [(condition, 0, inside)]
    while waiting:
        node, depth, within = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            yield Problem("too_large", path, f"A condition has at most {MAX_NODES} nodes, its segments included.")
            return
        if depth > MAX_DEPTH and not too_deep:
            too_deep = True
            yield Problem("too_deep", path, f"A condition is at most {MAX_DEPTH} levels deep, its segments included.")
        if too_deep:
            continue
        match node:
            case All(members) | Any(members):
                waiting += [(member, depth + 1, within) for member in members]
            case (
                Not(member)
                | EventCondition(where=Condition() as member)
                | EventTimeCondition(where=Condition() as member)
            ):
                # A filter is a tree of its own.
                waiting.append((member, depth + 1 if isinstance(node, Not) else 0, within))
            case SegmentCondition(segment) if segment in around.segments and segment not in within:
                waiting.append((around.segments[segment], depth + 1, (*within, segment)))
            case _:
                pass


def _problems(condition: Condition, path: str, around: Around, inside: tuple[str, ...]) -> Iterator[Problem]:
    match condition:
        case All(members) | Any(members):
            word = "all" if isinstance(condition, All) else "any"
            for at, member in enumerate(members):
                yield from _problems(member, f"{path}.{word}[{at}]", around, inside)
        case Not(member):
            yield from _problems(member, f"{path}.not", around, inside)
        case AttributeCondition():
            yield from _attribute_problems(condition, path, around, sources=SOURCES)
        case EventCondition(event, _, value, within_days, where):
            if not event:
                yield Problem("empty_name", f"{path}.event", "An event has a name.")
            if value < 0:
                yield Problem("count", f"{path}.value", "Nothing happens less often than never; write 0 or more.")
            if value > LARGEST_EXACT:
                yield Problem("count", f"{path}.value", f"No store counts beyond {LARGEST_EXACT}.")
            yield from _window_problems(within_days, path)
            if where is not None:
                yield from _filter_problems(where, f"{path}.where", around)
        case EventTimeCondition():
            yield from _event_time_problems(condition, path, around)
        case UsersCondition(users):
            yield from _users_problems(users, f"{path}.users")
        case ExperienceCondition(_, fact, within_days, question, value, operator):
            yield from _window_problems(within_days, path)
            if question is not None and fact != "answered":
                yield Problem("answer", f"{path}.question", f"Only `answered` asks for a question, not {fact!r}.")
            if value is not None and question is None:
                yield Problem("answer", f"{path}.value", "An answer's value needs the question that it answers.")
            if operator is not None:
                yield from _answer_problems(condition, path, around)
        case SegmentCondition(segment):
            yield from _segment_problems(segment, path, around, inside)
        case PageCondition(part, operator, value, name):
            yield from rule_problems(UrlRule(part, operator, value, name), path, around)
        case ElementCondition(element):
            if not element.strip():
                yield Problem("empty_name", f"{path}.element", "An element is named by its selector.")
        case DeviceCondition(devices):
            if not devices:
                yield Problem("devices", f"{path}.device", "No device is in an empty list; name one.")
        case _:
            pass


def _event_time_problems(condition: EventTimeCondition, path: str, around: Around) -> Iterator[Problem]:
    if not condition.event_time:
        yield Problem("empty_name", f"{path}.event_time", "An event has a name.")
    compared = AttributeCondition("day", condition.operator, condition.value)
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if row_of(compared) != "date":
        message = f"The operator {condition.operator!r} cannot compare with {condition.value!r}."
        yield Problem("operator_value", f"{path}.value", message)
    elif any(isinstance(each, str) and not is_date_only(each) for each in values):
        message = "First and last times are known as days: write YYYY-MM-DD, without a time of day."
        yield Problem("not_a_day", f"{path}.value", message)
    if condition.where is not None:
        yield from _filter_problems(condition.where, f"{path}.where", around)


MAX_LISTED = 10_000
"""Most users that a list may name; more people than that are found by what they have in common."""


def _users_problems(users: tuple[str, ...], path: str) -> Iterator[Problem]:
    if len(users) > MAX_LISTED:
        yield Problem("too_many_users", path, f"A list names at most {MAX_LISTED} users, and this one {len(users)}.")
    for at, user in enumerate(users[:MAX_LISTED]):
        if isinstance(checked := check_user_id(user), Refused):
            yield Problem("user_id", f"{path}[{at}]", f"No user has this id: {checked.reason}.")


def _answer_problems(condition: ExperienceCondition, path: str, around: Around) -> Iterator[Problem]:
    operator, value = str(condition.operator), condition.value
    if condition.question is None:
        yield Problem("answer", f"{path}.operator", "An answer's comparison needs the question that it answers.")
    if operator not in ANSWERING:
        why = "write `not` around the condition" if operator in OPERATORS else "there is none of that name"
        yield Problem("answer_operator", f"{path}.operator", f"An answer cannot be asked by {operator!r}: {why}.")
    elif row_of(AttributeCondition("answer", operator, value)) is None:
        yield Problem("operator_value", f"{path}.value", f"The operator {operator!r} cannot compare with {value!r}.")
    elif operator == "matches" and (why_not := around.check_pattern(str(value))):
        yield Problem("pattern", f"{path}.value", why_not)


def _segment_problems(segment: str, path: str, around: Around, inside: tuple[str, ...]) -> Iterator[Problem]:
    if segment in inside:
        yield Problem("segment_cycle", f"{path}.segment", f"The segment {segment!r} asks for itself.")
    elif segment not in around.segments:
        yield Problem("unknown_segment", f"{path}.segment", f"There is no segment {segment!r}.")
    elif (circle := _circle(segment, around, inside)) is not None:
        shown = " > ".join(circle)
        yield Problem("segment_cycle", f"{path}.segment", f"The segment {circle[-1]!r} asks for itself: {shown}.")


def _circle(segment: str, around: Around, inside: tuple[str, ...]) -> tuple[str, ...] | None:
    """The way from a segment to one that it is part of, or None. Each segment is entered once."""
    waiting, entered = [(*inside, segment)], set[str]()
    while waiting:
        way = waiting.pop()
        for name in segments_in(around.segments[way[-1]]):
            if name in way:
                return (*way, name)
            if name in around.segments and name not in entered:
                entered.add(name)
                waiting.append((*way, name))
    return None


def segments_in(condition: Condition) -> list[str]:
    """The segments that a condition itself names, without those that they name."""
    found: list[str] = []
    waiting = [condition]
    while waiting:
        match waiting.pop():
            case All(members) | Any(members):
                waiting += members
            case Not(member):
                waiting.append(member)
            case SegmentCondition(segment):
                found.append(segment)
            case _:
                pass
    return found


def _window_problems(within_days: int | None, path: str) -> Iterator[Problem]:
    if within_days is not None and not 1 <= within_days <= MAX_DAYS:
        yield Problem("days", f"{path}.within_days", f"A window has 1 to {MAX_DAYS} days, today included.")


def _filter_problems(condition: Condition, path: str, around: Around) -> Iterator[Problem]:
    match condition:
        case All(members) | Any(members):
            word = "all" if isinstance(condition, All) else "any"
            for at, member in enumerate(members):
                yield from _filter_problems(member, f"{path}.{word}[{at}]", around)
        case Not(member):
            yield from _filter_problems(member, f"{path}.not", around)
        case AttributeCondition(_, operator) if operator in WINDOWS:
            # An event is counted once, when it arrives; a window would have to move it out again.
            yield Problem(
                "filter_window",
                f"{path}.operator",
                f"A filter cannot ask for {operator!r}: its answer would change from day to day. Use `within_days`.",
            )
        case AttributeCondition():
            yield from _attribute_problems(condition, path, around, sources=("property.",))
        case _:
            yield Problem("filter_leaf", path, "A filter asks about the event's properties only.")


def _attribute_problems(
    condition: AttributeCondition, path: str, around: Around, *, sources: tuple[str, ...]
) -> Iterator[Problem]:
    if not condition.attribute.startswith(sources) or condition.attribute in sources:
        yield Problem(
            "attribute_source",
            f"{path}.attribute",
            f"{condition.attribute!r} names no source: write {' or '.join(each + 'NAME' for each in sources)}.",
        )
    if condition.operator not in OPERATORS:
        yield Problem("unknown_operator", f"{path}.operator", f"There is no operator {condition.operator!r}.")
    elif row_of(condition) is None:
        yield Problem(
            "operator_value",
            f"{path}.value",
            f"The operator {condition.operator!r} cannot compare with {condition.value!r}.",
        )
    elif condition.operator == "matches" and (why := around.check_pattern(str(condition.value))):
        yield Problem("pattern", f"{path}.value", why)


def rule_problems(rule: UrlRule, path: str, around: Around) -> Iterator[Problem]:
    """All problems of a rule on a page's address."""
    if (rule.part == "query") is not (rule.name is not None):
        yield Problem("query_name", f"{path}.name", "A rule on the query names its parameter, and only that one does.")
    if rule.operator == "matches":
        if why := around.check_pattern(rule.value):
            yield Problem("pattern", f"{path}.value", why)
        return
    if rule.operator == "glob":
        yield from _glob_problems(rule.value, f"{path}.value")
    if rule.part == "host":
        yield from _host_problems(rule.value, f"{path}.value")


def _glob_problems(glob: str, path: str) -> Iterator[Problem]:
    if not glob:
        yield Problem("glob", path, "An empty glob covers no page; * covers every one.")
    if signs := sorted(set(glob) & set("[]{}!()|")):
        message = f"In a glob only * and ? mean something: {' '.join(signs)} is looked for as written."
        yield Problem("glob_sign", path, message, "warning")


def _host_problems(host: str, path: str) -> Iterator[Problem]:
    if not host.isascii():
        try:
            written = ada_url.idna_to_ascii(host).decode()
        except ValueError:
            written = ""
        hint = f": write {written}" if written else ""
        yield Problem("host", path, f"Browsers have hosts in ASCII{hint}.")
    elif set(host) & set("/#@") or re.search(r":\d*$", host.rpartition("]")[2]):
        yield Problem("host", path, f"{host!r} is more than a host: use a rule on the whole URL for ports and paths.")
