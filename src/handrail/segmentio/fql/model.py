"""A strict trigger, parsed: one group of conditions and groups, in the words of Segment's own syntax tree."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Subject: TypeAlias = Literal["event-type", "event", "name", "userId", "event-property", "event-trait", "event-context"]


class Comparison(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition. `name` is the path inside properties, traits or context."""

    type: Subject
    operator: str
    name: str | None = None
    value: str | float | bool | None = None


class Group(msgspec.Struct, frozen=True, tag="group", tag_field="type"):
    """Conditions joined by the last and/or that was read at their level. None: a member that Segment fails at."""

    operator: str
    children: tuple[Comparison | Group | None, ...]


class Failed(msgspec.Struct, frozen=True):
    """A trigger that Segment's parser fails at; it never matches. `error` is what Segment's parser says."""

    error: str


Trigger: TypeAlias = Group | Failed
