"""Residual: what is left to ask once the server has answered what it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handrail.compile.normal_form import Both, Either, Known, Leaf, Node, normal_form
from handrail.compile.predicates import found
from handrail.core.conditions.evaluate import World, evaluate
from handrail.core.conditions.model import DEFERRED, All, Any, Condition, Not
from handrail.core.people import Facts


def residual(condition: Condition | None, segments: Mapping[str, Condition], facts: Facts) -> Condition | bool:
    """True, False, or the condition over browser-only leaves that decides. Segments are written out."""
    if condition is None:
        return True
    world = World(facts, {}, None, found)
    return fold(normal_form(condition, segments), lambda leaf: evaluate(leaf, world).verdict is True)


def fold(node: Node, answer: Callable[[Condition], bool]) -> Condition | bool:
    """The tree with every leaf that the server can answer folded to its verdict."""
    match node:
        case Known(verdict):
            return verdict
        case Leaf(condition, positive):
            if isinstance(condition, DEFERRED):
                return condition if positive else Not(condition)
            return answer(condition) is positive
        case Both(members):
            left = _open(members, answer, stops_at=False)
            return left if isinstance(left, bool) else left[0] if len(left) == 1 else All(tuple(left))
        case Either(members):
            left = _open(members, answer, stops_at=True)
            return left if isinstance(left, bool) else left[0] if len(left) == 1 else Any(tuple(left))


def _open(members: tuple[Node, ...], answer: Callable[[Condition], bool], *, stops_at: bool) -> list[Condition] | bool:
    """The members still open, or the group's verdict when none is or one decides it."""
    left: list[Condition] = []
    for member in members:
        part = fold(member, answer)
        if part is stops_at:
            return stops_at
        if not isinstance(part, bool):
            left.append(part)
    return left or (not stops_at)
