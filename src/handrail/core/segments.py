"""Segments: saved conditions over users, used by audiences, filters and other segments."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from handrail.core.conditions.model import Condition, UsersCondition
from handrail.core.problems import Problem


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A segment as it is written: a stable key, a name, and who is in it.

    A dynamic segment has a `condition`; a manual one lists the user ids of its `users`. It is one or the other.
    """

    key: str
    condition: Condition | None = None
    users: tuple[str, ...] | None = None
    name: str = ""
    description: str = ""

    @property
    def asks(self) -> Condition:
        """The condition that members satisfy."""
        return UsersCondition(self.users or ()) if self.condition is None else self.condition


def segment_problems(segment: Segment) -> Iterator[Problem]:
    """Problems of the segment itself; those of its condition are `condition_problems`."""
    if (segment.condition is None) is (segment.users is None):
        yield Problem("segment_kind", "condition", "A segment has a condition, or it lists users: one of the two.")
