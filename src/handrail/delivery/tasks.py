"""What parts of a document wait for, at boot: which conditions hold, and which only the browser can still answer."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from handrail.compile.normal_form import Node, normal_form
from handrail.compile.predicates import Predicate, compile_audiences, found
from handrail.compile.residual import fold
from handrail.core.conditions.evaluate import World, evaluate
from handrail.core.conditions.model import All, Any, Condition
from handrail.core.experiences.model import Checklist, Experience
from handrail.core.experiences.waiting import waiting_in
from handrail.core.people import Facts

HOLDS, FAILS = All(()), Any(())
"""How a verdict is told where a condition stands: an empty `all` holds, an empty `any` does not."""


class Tasks(msgspec.Struct, frozen=True):
    """The parts of one document that wait for a condition: their names, conditions and one predicate for all."""

    keys: tuple[str, ...]
    nodes: tuple[Node, ...]
    predicate: Predicate

    def asked(self, known: Facts) -> dict[str, Condition]:
        """By name: what is left to ask of each part's condition."""
        may = set(self.predicate(known))
        world = World(known, {}, None, found)
        return {key: self._left(at, world) if at in may else FAILS for at, key in enumerate(self.keys)}

    def _left(self, at: int, world: World) -> Condition:
        left = fold(self.nodes[at], lambda leaf: evaluate(leaf, world).verdict is True)
        return left if not isinstance(left, bool) else HOLDS if left else FAILS


def tasks_of(document: Experience, segments: Mapping[str, Condition], zone: str) -> Tasks | None:
    """What the parts of a document wait for, compiled; None where none waits for anything."""
    asked = list(waiting_in(document))
    if not asked:
        return None
    conditions = [condition for _, condition in asked]
    return Tasks(
        keys=tuple(key for key, _ in asked),
        nodes=tuple(normal_form(condition, segments) for condition in conditions),
        predicate=compile_audiences(conditions, segments, zone),
    )


def without_conditions(document: Experience) -> msgspec.Struct:
    """The content as a browser gets it: what gets a task done is the server's to know."""
    if not isinstance(document, Checklist):
        content: msgspec.Struct = document.content
        return content
    tasks = tuple(msgspec.structs.replace(task, done_when=None) for task in document.content.tasks)
    return msgspec.structs.replace(document.content, tasks=tasks)
