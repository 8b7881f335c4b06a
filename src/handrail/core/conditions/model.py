"""The condition: a yes/no question over attributes, events, experiences and the page.

A condition is a tree. Groups (`all`, `any`, `not`) hold conditions; every leaf answers true or false, and the
operator table (`spec/tables/operators.json`) says what each leaf makes of missing data. Leaves that only a browser
can answer (`page`, `element`, `device`, `viewport`) are *deferred* on the server, never guessed.

In documents a condition is a mapping recognised by its first word:

    {"all": [{"attribute": "custom.plan", "operator": "is", "value": "pro"},
             {"event": "Order Completed", "operator": ">=", "value": 3, "within_days": 7}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

Scalar: TypeAlias = str | int | float | bool
Expected: TypeAlias = Scalar | tuple[Scalar, ...] | None
"""What a leaf compares with: nothing (`is_set`), one value, or a list (`one_of`, `between`, `has_any`)."""

ExperienceFact: TypeAlias = Literal["seen", "completed", "dismissed", "snoozed", "answered"]
PagePart: TypeAlias = Literal["url", "host", "path", "query", "hash"]
ElementFact: TypeAlias = Literal["present", "visible", "clicked", "hovered", "filled"]
Device: TypeAlias = Literal["desktop", "tablet", "mobile"]


class Condition:
    """Any node of a condition tree. Decode one with `parse_condition`."""

    __slots__ = ()


class All(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """True when every member is; an empty group is true."""

    all: tuple[Condition, ...]


class Any(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """True when one member is; an empty group is false."""

    any: tuple[Condition, ...]


class Not(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"member": "not"}):
    """True when its member is false."""

    member: Condition


class AttributeCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A comparison of one attribute, named with its source: `native.email`, `custom.plan`, `company.tier`.

    The operator and the type of `value` pick the row of the operator table: `is "pro"` is a text row, `is true` a
    boolean one, `between [1, 5]` a number row, `between ["2026-01-01", "2026-02-01"]` a date row.
    """

    attribute: str
    operator: str
    value: Expected = None


class EventCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How often an event happened: `operator` and `value` compare the count (default: at least once).

    `within_days` counts whole days in the project's zone, today included; absent means ever. `where` filters by the
    event's properties: a condition whose attributes are written `property.total`.
    """

    event: str
    operator: Literal["=", "!=", "<", "<=", ">", ">="] = ">="
    value: int = 1
    within_days: int | None = None
    where: Condition | None = None


class EventTimeCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """On which day an event happened for the first or the last time, asked as a date: whole days in the project's zone.

    The operators are the date row's, and the value is a day (`2026-11-24`) or, for the windows, a number of days. An
    event that never happened has no such day, so every operator is false. `where` as for events.
    """

    event_time: str
    which: Literal["first", "last"]
    operator: Literal["before", "after", "between", "within_last", "more_than_ago"]
    value: Expected
    where: Condition | None = None


class ExperienceCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whether the user has seen, completed, dismissed, snoozed or answered an experience, named by its key.

    `within_days` as for events. `question` and `value` narrow `answered` to one answer: without `operator` the answer
    is `value`, or has one of them; with it, the answer compares as an attribute of its type does, so that
    `between [9, 10]` asks for promoters. Whoever did not answer is never meant.
    """

    experience: str
    fact: ExperienceFact
    within_days: int | None = None
    question: str | None = None
    value: Expected = None
    operator: str | None = None


class SegmentCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whether the user is in a segment, named by its key. `member: false` asks for users outside it."""

    segment: str
    member: bool = True


class UsersCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the user is one of these, by any user id that is theirs. Nobody is in an empty list."""

    users: tuple[str, ...]


class PageCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rule on one part of the page's URL. Deferred on the server. `name` is the parameter when part is `query`."""

    page: PagePart
    operator: Literal["equals", "contains", "starts_with", "ends_with", "glob", "matches"]
    value: str
    name: str | None = None


class ElementCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whether an element is there, visible, or was used. Deferred on the server."""

    element: str
    fact: ElementFact = "present"


class DeviceCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the browser runs on one of these devices. Deferred on the server."""

    device: tuple[Device, ...]


class ViewportCondition(Condition, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A comparison of the viewport's width or height in CSS pixels. Deferred on the server."""

    viewport: Literal["width", "height"]
    operator: Literal["<", "<=", ">", ">="]
    value: int


KINDS: Mapping[str, type[Condition]] = {
    "all": All,
    "any": Any,
    "not": Not,
    "attribute": AttributeCondition,
    "event": EventCondition,
    "event_time": EventTimeCondition,
    "experience": ExperienceCondition,
    "segment": SegmentCondition,
    "users": UsersCondition,
    "page": PageCondition,
    "element": ElementCondition,
    "device": DeviceCondition,
    "viewport": ViewportCondition,
}
"""The word that marks each kind of node."""


def members_of(node: Condition) -> tuple[Condition, ...] | None:
    """The members of an `all` or `any`, or None for every other node."""
    match node:
        case All(all=members) | Any(any=members):
            return members
        case _:
            return None


DEFERRED = (PageCondition, ElementCondition, DeviceCondition, ViewportCondition)
"""Leaves that only a browser can answer."""


def decode_hook(expected: type, value: object) -> object:
    """msgspec's `dec_hook` for every document that holds conditions. Raises ValueError with the inner path."""
    if expected is not Condition:
        raise NotImplementedError(expected)
    if not isinstance(value, Mapping):
        raise ValueError("Expected a condition")
    for word, kind in KINDS.items():
        if word in value:
            try:
                return msgspec.convert(value, kind, dec_hook=decode_hook)
            except msgspec.ValidationError as problem:
                # msgspec adds the outer path only to ValueError; `join_path` puts the two together for people.
                raise ValueError(str(problem)) from None
            except RecursionError:
                raise ValueError("A condition is nested too deeply") from None
    raise ValueError(f"A condition has one of {', '.join(map(repr, KINDS))}")


def parse_condition(value: object) -> Condition:
    """The condition that plain data describes. Raises msgspec.ValidationError or ValueError naming the path."""
    found = decode_hook(Condition, value)
    assert isinstance(found, Condition)
    return found
