"""Counting: which events the fold counts for an environment, so that its audiences can ask how often."""

from __future__ import annotations

from handrail.compile.filters import property_filter
from handrail.core.conditions.counters import counters_in
from handrail.core.experiences.waiting import conditions_in
from handrail.core.fold import Counter, FoldRules
from handrail.delivery.ports import Snapshot


def counting(snapshot: Snapshot) -> FoldRules:
    """The fold's rules for an environment: its zone and the counters that anything published there names."""
    counters: dict[str, list[Counter]] = {}
    asked = [
        *snapshot.segments.values(),
        *(asked for each in snapshot.experiences for asked in conditions_in(each.document)),
    ]
    for condition in asked:
        for identity, leaf in counters_in(condition, snapshot.segments).items():
            known = counters.setdefault(leaf.event, [])
            if all(identity != other for other, _ in known):
                known.append(
                    (identity, None if leaf.where is None else property_filter(leaf.where, snapshot.environment.zone))
                )
    return FoldRules(zone=snapshot.environment.zone, counters=counters)
