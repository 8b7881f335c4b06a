"""Predicates are syntax built from the tree's shape: authored words are values in them, never names or text."""

from __future__ import annotations

import dis
import json
import types

import pytest
from tests.support.cases import SPEC, asked, load_cases

from handrail.compile.predicates import compile_audiences
from handrail.core.conditions.model import parse_condition
from handrail.core.people import Facts

HOSTILE = json.loads((SPEC / "cases" / "conditions" / "hostile.json").read_text())["cases"]


def names(code: types.CodeType) -> set[str]:
    return {
        *code.co_names,
        *code.co_varnames,
        *(str(each.argval) for each in dis.get_instructions(code) if each.argval),
    }


@pytest.mark.parametrize("case", HOSTILE, ids=[case["name"] for case in HOSTILE])
def test_authored_words_are_neither_names_nor_code(case: dict[str, object]) -> None:
    each = asked(case)
    predicate = compile_audiences([each.condition], {}, "UTC")
    assert isinstance(predicate, types.FunctionType)
    plain = compile_audiences([parse_condition(_renamed(case["condition"]))], {}, "UTC")
    assert isinstance(plain, types.FunctionType)
    # The same tree with harmless words gives the same instructions over the same names.
    assert predicate.__code__.co_code == plain.__code__.co_code
    assert names(predicate.__code__) == names(plain.__code__)


def _renamed(condition: object) -> object:
    """The condition with every authored word replaced."""
    assert isinstance(condition, dict)
    replaced: dict[str, object] = {}
    for word, value in condition.items():
        match word, value:
            case "attribute", str():
                replaced[word] = f"{value.partition('.')[0]}.x"
            case (("event" | "experience"), str()):
                replaced[word] = "x"
            case "value", str():
                replaced[word] = "harmless"
            case "where", dict():
                replaced[word] = _renamed(value)
            case _:
                replaced[word] = value
    return replaced


def test_a_list_of_audiences_answers_as_each_alone() -> None:
    every = [asked(*case.values) for case in load_cases("conditions") if not case.values[0].get("segments")]
    zoned = [each for each in every if each.facts.zone == "UTC"]
    together = compile_audiences([each.condition for each in zoned], {}, "UTC")
    alone = [compile_audiences([each.condition], {}, "UTC") for each in zoned]
    for each in zoned:
        assert together(each.facts) == [at for at, predicate in enumerate(alone) if predicate(each.facts)]


def test_no_condition_is_everyone() -> None:
    never = parse_condition({"any": []})
    assert compile_audiences([None, never, None], {}, "UTC")(Facts()) == [0, 2]


def test_true_and_one_are_two_leaves() -> None:
    one, true = ({"attribute": "custom.x", "operator": "has_any", "value": [value]} for value in (1, True))
    predicate = compile_audiences([parse_condition(each) for each in (one, true, one, true)], {}, "UTC")
    assert predicate(Facts(custom={"x": [1]})) == [0, 2]
    assert predicate(Facts(custom={"x": [True]})) == [1, 3]
