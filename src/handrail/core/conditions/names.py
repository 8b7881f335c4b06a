"""Names: what a condition looks at, so that a browser knows which change could flip its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from handrail.core.conditions.counters import counted_by, leaves
from handrail.core.conditions.model import (
    AttributeCondition,
    Condition,
    EventCondition,
    EventTimeCondition,
    ExperienceCondition,
    SegmentCondition,
)


class Names(msgspec.Struct, frozen=True):
    """What conditions look at, sorted: attributes with their source, events, experiences and segments by key.

    `asks_days`: a verdict may flip at midnight, because somewhere days are counted back from today.
    """

    attributes: tuple[str, ...]
    events: tuple[str, ...]
    experiences: tuple[str, ...]
    segments: tuple[str, ...]
    asks_days: bool


def names_in(conditions: Iterable[Condition | None], segments: Mapping[str, Condition]) -> Names:
    """What these conditions and the segments they ask for look at."""
    asked = [leaf for condition in conditions for leaf in leaves(condition, segments)]
    return Names(
        attributes=_sorted(leaf.attribute for leaf in asked if isinstance(leaf, AttributeCondition)),
        events=_sorted(counted.event for leaf in asked if (counted := counted_by(leaf)) is not None),
        experiences=_sorted(leaf.experience for leaf in asked if isinstance(leaf, ExperienceCondition)),
        segments=_sorted(leaf.segment for leaf in asked if isinstance(leaf, SegmentCondition)),
        asks_days=any(_asks_days(leaf) for leaf in asked),
    )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _asks_days(leaf: Condition) -> bool:
    match leaf:
        case AttributeCondition(operator=operator) | EventTimeCondition(operator=operator):
            return operator in ("within_last", "more_than_ago")
        case EventCondition(within_days=days) | ExperienceCondition(within_days=days):
            return days is not None
        case _:
            return False
