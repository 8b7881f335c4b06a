"""A condition has one meaning: each case of `spec/cases/conditions` is answered by every implementation in Python."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.cases import asked, load_cases

from handrail.compile.patterns import found
from handrail.compile.predicates import compile_audiences
from handrail.compile.residual import residual
from handrail.core.conditions.evaluate import World, evaluate

CASES = list(load_cases("conditions"))


def test_there_are_cases_for_every_question() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("case", CASES)
def test_explain_answers_as_the_case_says(case: Any) -> None:
    each = asked(case)
    assert evaluate(each.condition, World(each.facts, each.segments, each.browser, found)).verdict is each.matches
    assert evaluate(each.condition, World(each.facts, each.segments, None, found)).verdict is each.server


@pytest.mark.parametrize("case", CASES)
def test_the_predicate_answers_as_the_case_says(case: Any) -> None:
    each = asked(case)
    may = bool(compile_audiences([each.condition], each.segments, each.facts.zone)(each.facts))
    assert may is (each.server is not False)


@pytest.mark.parametrize("case", CASES)
def test_the_residual_answers_as_the_case_says(case: Any) -> None:
    each = asked(case)
    left = residual(each.condition, each.segments, each.facts)
    if isinstance(left, bool):
        assert left is each.server
    else:
        assert each.server is None
        assert evaluate(left, World(each.facts, {}, each.browser, found)).verdict is each.matches
