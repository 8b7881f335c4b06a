"""Counting: which events the fold counts for an environment, so that its audiences can ask how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handrail.compile.normal_form import Both, Either, Known, Leaf, Node, normal_form
from handrail.compile.predicates import found
from handrail.core.conditions.counters import counters_in
from handrail.core.conditions.model import AttributeCondition, Condition
from handrail.core.conditions.operators import holds, normal
from handrail.core.fold import Counter, FoldRules
from handrail.core.values import Refused, check_attribute
from handrail.delivery.ports import Snapshot


def counting(snapshot: Snapshot) -> FoldRules:
    """The fold's rules for an environment: its zone and the counters that anything published there names."""
    counters: dict[str, list[Counter]] = {}
    asked = [*snapshot.segments.values(), *(each.document.audience for each in snapshot.experiences)]
    for condition in asked:
        for identity, leaf in counters_in(condition, snapshot.segments).items():
            known = counters.setdefault(leaf.event, [])
            if all(identity != other for other, _ in known):
                known.append((identity, None if leaf.where is None else _filter(leaf.where, snapshot.environment.zone)))
    return FoldRules(zone=snapshot.environment.zone, counters=counters)


def _filter(where: Condition, zone: str) -> Callable[[Mapping[str, object]], bool]:
    tree = normal_form(where, {})

    def kept(properties: Mapping[str, object]) -> bool:
        return _ask(tree, properties, zone)

    return kept


def _ask(node: Node, properties: Mapping[str, object], zone: str) -> bool:
    match node:
        case Known(verdict):
            return verdict
        case Both(members):
            return all(_ask(member, properties, zone) for member in members)
        case Either(members):
            return any(_ask(member, properties, zone) for member in members)
        case Leaf(AttributeCondition() as condition, positive):
            value = check_attribute(properties.get(condition.attribute.partition(".")[2]))
            kept = None if isinstance(value, Refused) else normal(value) if isinstance(value, str) else value
            return holds(condition, kept, today=0, zone=zone, found=found) is positive
        case Leaf():
            return False
