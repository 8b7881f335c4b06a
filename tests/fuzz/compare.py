"""Generated questions, answered in Python and by the browser's engine."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from random import Random
from typing import Any

from handrail.compile.patterns import compile_pattern, found, why_not
from handrail.compile.predicates import compile_audiences
from handrail.compile.residual import residual
from handrail.core.conditions.evaluate import World, evaluate
from tests.fuzz.browser import Verdicts, answers
from tests.support.cases import asked
from tests.support.questions import PATTERNS, Questions

PROGRAMS = {pattern: compile_pattern(pattern) for pattern in PATTERNS if why_not(pattern) is None}


class Disagreement(AssertionError):
    """Two implementations answered a question differently; the message is the question."""


def compare(seed: int, count: int) -> collections.Counter[str]:
    """Ask `count` questions. Returns how often each verdict was given; raises Disagreement at the first difference."""
    told: collections.Counter[str] = collections.Counter()
    expected: collections.deque[tuple[dict[str, Any], Verdicts]] = collections.deque()

    def asking() -> Iterator[dict[str, Any]]:
        for question in generated(seed, count):
            expected.append((question, by_python(question)))
            yield {**question, "programs": PROGRAMS}

    for verdicts in answers(asking()):
        question, wanted = expected.popleft()
        if verdicts != wanted:
            raise Disagreement(f"Python says {wanted}, the browser {verdicts} (seed {seed}): {question}")
        told[str(wanted[1])] += 1
    if told.total() != count:
        raise Disagreement(f"The engine answered {told.total()} of {count} questions (seed {seed}).")
    return told


def generated(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Questions in the form of the case files, the same for the same seed."""
    questions = Questions(Random(seed))
    # A world lasts for ten questions; making one is dear.
    for start in range(0, count, 10):
        world = questions.world()
        segments = questions.segments(world["now"])
        for _ in range(start, min(start + 10, count)):
            user, condition = questions.user(world["now"]), questions.condition(world["now"])
            yield {"condition": condition, "user": user, "segments": segments, **world}


def by_python(question: dict[str, Any]) -> Verdicts:
    """What the walk says, once the predicate and the residual have said the same."""
    each = asked({**question, "matches": True})
    known = evaluate(each.condition, World(each.facts, each.segments, each.browser, found)).verdict
    unknown = evaluate(each.condition, World(each.facts, each.segments, None, found)).verdict
    may = bool(compile_audiences([each.condition], each.segments, each.facts.zone)(each.facts))
    left = residual(each.condition, each.segments, each.facts)
    if may is not (unknown is not False):
        raise Disagreement(f"The walk says {unknown}, the predicate {may}: {question}")
    if (left if isinstance(left, bool) else None) is not unknown:
        raise Disagreement(f"The walk says {unknown}, the residual {left}: {question}")
    return known, unknown
