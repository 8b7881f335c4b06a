"""Attributes as members see them: learnt from what was received, compared with what audiences ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from handrail.core.catalogue import Catalogue, SeenAttribute, conflicts, type_of
from handrail.core.conditions.counters import leaves
from handrail.core.conditions.model import AttributeCondition, Condition
from handrail.core.conditions.operators import row_of
from handrail.workspace.apply import Found, Placed

ALWAYS = frozenset(
    {"native.email", "native.name", "native.language", "native.first_seen", "native.last_seen", "native.visits"}
)
"""Attributes that every user may have, received or not."""


class Described(msgspec.Struct, omit_defaults=True):
    """One attribute. Instants in milliseconds, 0 for never; `distinct` stops counting at the catalogue's bound."""

    name: str
    type: str | None
    kinds: dict[str, int]
    count: int = 0
    first_received: int = 0
    last_received: int = 0
    distinct: int = 0
    asked_by: list[str] = []
    problems: list[str] = []


class Doubt(msgspec.Struct, frozen=True):
    """What is odd about an attribute that a condition names."""

    attribute: str
    code: str
    message: str


def types_of(catalogue: Catalogue) -> dict[str, str]:
    """The type of each attribute that was received."""
    return {name: kind for name, seen in catalogue.attributes.items() if (kind := type_of(seen)) is not None}


def describe_attributes(
    catalogue: Catalogue, audiences: Mapping[str, Condition | None], segments: Mapping[str, Condition]
) -> list[Described]:
    """Every attribute that was received, and every one that is asked for and was not."""
    asked: dict[str, set[str]] = {}
    doubts: dict[str, list[str]] = {}
    for key, condition in {**{f"segment {key}": each for key, each in segments.items()}, **audiences}.items():
        for leaf in leaves(condition, segments) if condition is not None else ():
            if isinstance(leaf, AttributeCondition):
                asked.setdefault(leaf.attribute, set()).add(key)
        for doubt in doubts_of(condition, segments, catalogue):
            doubts.setdefault(doubt.attribute, []).append(doubt.message)
    names = sorted({*catalogue.attributes, *asked})
    return [_described(name, catalogue, sorted(asked.get(name, ())), doubts.get(name, [])) for name in names]


def doubts_of(condition: Condition | None, segments: Mapping[str, Condition], catalogue: Catalogue) -> list[Doubt]:
    """What a condition asks that nothing received can answer. Not wrong: what was never received may come."""
    found: dict[tuple[str, str], Doubt] = {}
    for leaf in leaves(condition, segments) if condition is not None else ():
        if not isinstance(leaf, AttributeCondition) or leaf.attribute in ALWAYS:
            continue
        doubt = _doubt(leaf, catalogue.attributes.get(leaf.attribute))
        if doubt is not None:
            found[doubt.attribute, doubt.code] = doubt
    return [found[each] for each in sorted(found)]


def document_doubts(
    documents: Sequence[Placed], segments: Mapping[str, Condition], catalogue: Catalogue
) -> list[Found]:
    """Warnings for documents whose audiences ask for attributes that were never received, or come as another type."""
    found: list[Found] = []
    for placed in documents:
        document = placed.document
        condition = getattr(document, "condition", None) or getattr(document, "audience", None)
        member = "condition" if getattr(document, "condition", None) is not None else "audience"
        path = f"{placed.root}.{member}".lstrip(".")
        for doubt in doubts_of(condition, segments, catalogue):
            found.append(Found(placed.source, path, doubt.code, doubt.message, "warning"))
    return found


def _doubt(leaf: AttributeCondition, seen: SeenAttribute | None) -> Doubt | None:
    if seen is None:
        return Doubt(leaf.attribute, "never_received", f"{leaf.attribute} was never received.")
    kind, wanted = type_of(seen), row_of(leaf)
    known = {kind, "text"} if kind == "date" else {kind}
    if kind is not None and wanted not in {None, "any", *known}:
        told = f"{leaf.attribute} is received as {kind}, and {leaf.operator!r} asks for {wanted}."
        return Doubt(leaf.attribute, "type_conflict", told)
    return None


def _described(name: str, catalogue: Catalogue, asked_by: list[str], doubts: list[str]) -> Described:
    seen = catalogue.attributes.get(name)
    if seen is None:
        return Described(name, None, {}, asked_by=asked_by, problems=sorted(set(doubts)))
    problems = sorted(set(doubts))
    if kinds := conflicts(seen):
        problems.append(f"Received as {' and as '.join(kinds)}.")
    if seen.refused:
        problems.append(f"{seen.kinds.get('refused', 0)} values were refused, the latest as {seen.refused}.")
    return Described(
        name, type_of(seen), seen.kinds, seen.count, seen.first, seen.last, len(seen.distinct), asked_by, problems
    )
