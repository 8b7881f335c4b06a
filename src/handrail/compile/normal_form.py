"""Normal form: a condition with its segments written out and every `not` pushed down to the leaves.

The compiled forms (predicate, residual tree, SQL) all start from here, so polarity is decided once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from handrail.core.conditions.model import All, Any, Condition, Not, SegmentCondition
from handrail.core.conditions.problems import MAX_DEPTH, MAX_NODES
from handrail.core.errors import Invalid


class Leaf(msgspec.Struct, frozen=True):
    """A leaf and whether it is asked as it stands or the other way round."""

    condition: Condition
    positive: bool


class Both(msgspec.Struct, frozen=True):
    """True when every member is."""

    members: tuple[Node, ...]


class Either(msgspec.Struct, frozen=True):
    """True when one member is."""

    members: tuple[Node, ...]


class Known(msgspec.Struct, frozen=True):
    """A verdict that asks nothing more."""

    verdict: bool


Node: TypeAlias = Leaf | Both | Either | Known


def normal_form(condition: Condition, segments: Mapping[str, Condition]) -> Node:
    """The condition as alternating groups over leaves. Raises Invalid when it is too deep, too large or circular."""
    budget = [MAX_NODES]
    return _push(condition, True, segments, (), budget, 0)


def _push(
    condition: Condition,
    positive: bool,
    segments: Mapping[str, Condition],
    inside: tuple[str, ...],
    budget: list[int],
    depth: int,
) -> Node:
    budget[0] -= 1
    if budget[0] < 0:
        raise Invalid(f"A condition has at most {MAX_NODES} nodes, its segments included")
    if depth > MAX_DEPTH:
        raise Invalid(f"A condition is at most {MAX_DEPTH} levels deep, its segments included")
    match condition:
        case Not(member):
            return _push(member, not positive, segments, inside, budget, depth + 1)
        case All(members) | Any(members):
            parts = tuple(_push(each, positive, segments, inside, budget, depth + 1) for each in members)
            return Both(parts) if isinstance(condition, All) is positive else Either(parts)
        case SegmentCondition(segment, member):
            if segment in inside:
                raise Invalid(f"The segment {segment!r} asks for itself: {' > '.join((*inside, segment))}")
            if segment not in segments:
                return Known(positive is not member)
            return _push(segments[segment], positive is member, segments, (*inside, segment), budget, depth + 1)
        case _:
            return Leaf(condition, positive)
