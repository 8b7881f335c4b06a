"""Counters: what the fold counts so that a question about events costs a look-up, not a search of the log.

A counter exists for each (event, filter) pair that a saved condition names. Its id is made of the pair's canonical
JSON, so equal questions share one counter wherever they are asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from handrail.core.conditions.model import (
    Condition,
    EventCondition,
    EventTimeCondition,
    Not,
    SegmentCondition,
    members_of,
)


def counter_id(condition: EventCondition) -> str:
    """The id of the counter that answers this leaf, whatever its window and its comparison."""
    canonical = msgspec.json.encode([condition.event, condition.where], order="deterministic")
    return hashlib.blake2b(canonical, digest_size=9).hexdigest()


def counters_in(condition: Condition | None, segments: Mapping[str, Condition]) -> dict[str, EventCondition]:
    """The counters a condition needs, those of the segments it names included, by id."""
    found: dict[str, EventCondition] = {}
    for leaf in leaves(condition, segments):
        if (asked := counted_by(leaf)) is not None:
            found[counter_id(asked)] = asked
    return found


def counted_by(leaf: Condition) -> EventCondition | None:
    """The count that answers a leaf, None when it asks for none. Days of first and last times are days with a count."""
    match leaf:
        case EventCondition():
            return leaf
        case EventTimeCondition(event_time=event, where=where):
            return EventCondition(event, where=where)
        case _:
            return None


def leaves(condition: Condition | None, segments: Mapping[str, Condition]) -> list[Condition]:
    """Every leaf below a condition, segments followed once each."""
    found: list[Condition] = []
    waiting = [condition] if condition is not None else []
    followed: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, SegmentCondition):
            found.append(node)
            if node.segment in segments and node.segment not in followed:
                followed.add(node.segment)
                waiting.append(segments[node.segment])
        elif isinstance(node, Not):
            waiting.append(node.member)
        elif (members := members_of(node)) is not None:
            waiting.extend(members)
        else:
            found.append(node)
    return found


def edge_day(days: Mapping[int, int], which: str) -> int | None:
    """The first or the last day on which something was counted, None when nothing was."""
    if not days:
        return None
    return min(days) if which == "first" else max(days)


def count(days: Mapping[int, int], within_days: int | None, today: int) -> int:
    """How often, ever or within the last whole days, today included. Days still to come count for ever only."""
    if within_days is None:
        return sum(days.values())
    return sum(times for day, times in days.items() if today - within_days < day <= today)
