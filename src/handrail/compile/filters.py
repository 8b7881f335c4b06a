"""Filters: which events of a name a condition counts, by their properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handrail.compile.normal_form import Both, Either, Known, Leaf, Node, normal_form
from handrail.compile.patterns import found
from handrail.core.conditions.model import AttributeCondition, Condition
from handrail.core.conditions.operators import holds
from handrail.core.values import Refused, check_attribute

Filter = Callable[[Mapping[str, object]], bool]


def property_filter(where: Condition | None, zone: str) -> Filter:
    """Whether an event's properties pass `where`. Properties are asked as attributes are, under the same refusals."""
    if where is None:
        return _all
    tree = normal_form(where, {})

    def keeps(properties: Mapping[str, object]) -> bool:
        return _ask(tree, properties, zone)

    return keeps


def _all(properties: Mapping[str, object]) -> bool:
    return True


def _ask(node: Node, properties: Mapping[str, object], zone: str) -> bool:
    match node:
        case Known(verdict):
            return verdict
        case Both(members):
            return all(_ask(member, properties, zone) for member in members)
        case Either(members):
            return any(_ask(member, properties, zone) for member in members)
        case Leaf(AttributeCondition() as condition, positive):
            source, _, key = condition.attribute.partition(".")
            value = check_attribute(properties.get(key)) if source == "property" else None
            actual = None if isinstance(value, Refused) else value
            # No window is asked here: an event is counted once, for every day to come (`condition_problems`).
            return holds(condition, actual, today=0, zone=zone, found=found) is positive
        case Leaf():
            return False
