"""Stacks of actions are judged as `spec/cases/actions` says, and the words in Python are those of `spec/tables`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any, cast, get_args

import msgspec
import pytest
from tests.support.cases import SPEC

from handrail.core.actions import (
    ADVISED,
    AVAILABLE,
    KINDS_WITH,
    MAY_FOLLOW,
    MOST,
    ORDER,
    SNOOZES,
    STEPPING,
    VIEW_CHANGING,
    WITHOUT_STEPS,
    Action,
    Context,
    type_of,
    validate_stack,
)
from handrail.core.experiences.model import Kind


def table(name: str) -> Any:
    return json.loads((SPEC / "tables" / f"{name}.json").read_text())


def cases(question: str) -> Iterator[Any]:
    path = SPEC / "cases" / "actions" / f"{question}.json"
    for case in json.loads(path.read_text())["cases"]:
        yield pytest.param(case, id=f"{question}: {case['name']}")


def an_action(word: str) -> Action:
    needed = {"launch_experience": "experience", "open_post": "post", "navigate_to": "url", "run_js": "code"}
    return msgspec.convert(
        {"type": word} | ({needed[word]: "x"} if word in needed else {}), cast("type[Action]", Action)
    )


PLACES = [*cases("validation"), *cases("stacks")]
PAIRS = list(cases("pairs"))


@pytest.mark.parametrize("case", PLACES)
def test_a_stack_has_the_problems_that_the_case_names(case: Any) -> None:
    actions = [msgspec.convert(each, cast("type[Action]", Action)) for each in case["actions"]]
    refusals = validate_stack(
        case["kind"], case["context"], case["first_step"], actions, run_js=case.get("run_js", False)
    )
    assert sorted(refusal.code for refusal in refusals) == sorted(case["problems"])


@pytest.mark.parametrize("case", PAIRS)
def test_a_pair_is_allowed_as_the_case_says(case: Any) -> None:
    first, added = case["first"], case["added"]
    refusals = validate_stack("survey", "cta_button", True, [an_action(first), an_action(added)], run_js=True)
    refused = [refusal for refusal in refusals if refusal.severity == "error"]
    assert [refusal.code for refusal in refused] == ([] if case["allowed"] else [case["problem"]])
    if not case["allowed"]:
        assert refused[0].at == 1
        assert first in refused[0].message, "the message names the row that refuses"
        assert added in refused[0].message


def test_every_pair_and_every_cell_is_asked() -> None:
    pairs = {(case.values[0]["first"], case.values[0]["added"]) for case in PAIRS}
    assert len(pairs) == 81
    assert sum(case.values[0]["allowed"] for case in PAIRS) == 40
    alone = {
        (case.values[0]["actions"][0]["type"], case.values[0]["context"])
        for case in PLACES
        if len(case.values[0]["actions"]) == 1
    }
    assert alone == {(word, context) for word in ORDER for context in get_args(Context)}


def test_longer_stacks_are_as_many_as_the_contract_counts() -> None:
    def allowed(words: tuple[str, ...]) -> bool:
        refusals = validate_stack("survey", "cta_button", True, [an_action(word) for word in words], run_js=True)
        return not any(refusal.code == "forbidden_pair" for refusal in refusals)

    counts = {length: sum(map(allowed, permutations(ORDER, length))) for length in (1, 2, 3, 4)}
    assert counts == {1: 9, 2: 40, 3: 119, 4: 216}


def test_the_words_of_actions_and_their_order_are_the_tables() -> None:
    rows = table("actions")["actions"]
    tags = {str(each.__struct_config__.tag): each for each in get_args(Action)}
    assert {row["action"] for row in rows} == set(tags) == set(ORDER)
    assert list(ORDER) == table("execution_order")["order"]
    assert {row["action"] for row in rows if row["changes_view"]} == VIEW_CHANGING
    for row in rows:
        kind = tags[row["action"]]
        assert row["members"] == {
            field.name: None if field.required else field.default for field in msgspec.structs.fields(kind)
        }


def test_availability_is_the_table() -> None:
    said = table("availability")
    assert list(get_args(Context)) == said["contexts"] == [row["context"] for row in table("contexts")["contexts"]]
    assert {word: {context: AVAILABLE[word].get(context, "no") for context in said["contexts"]} for word in ORDER} == (
        said["rows"]
    )
    assert {cell for row in said["rows"].values() for cell in row.values()} == set(said["cells"])


def test_combinations_are_the_table() -> None:
    said = table("combinations")
    rows = {
        first: {added: None if first == added else added in MAY_FOLLOW[first] for added in said["actions"]}
        for first in said["actions"]
    }
    assert rows == said["rows"]


def test_contexts_of_kinds_are_the_table() -> None:
    said = table("contexts")
    assert said["advised"] == ADVISED
    assert {row["context"]: row["most"] for row in said["contexts"] if "most" in row} == MOST
    assert {row["context"]: frozenset(row["kinds"]) for row in said["contexts"] if row["kinds"]} == KINDS_WITH
    for kind in get_args(Kind):
        places = [row for row in said["places"] if row["kind"] == kind]
        assert {row["context"] for row in places} == {context for context, kinds in KINDS_WITH.items() if kind in kinds}
        for row in places:
            left_out = STEPPING if kind in WITHOUT_STEPS and row["context"] == "cta_button" else frozenset[str]()
            assert set(row["without"]) == left_out
    assert {row["kind"] for row in table("kinds")["kinds"] if row["snoozes"]} == SNOOZES


def test_the_type_of_an_action_is_its_word() -> None:
    assert [type_of(an_action(word)) for word in ORDER] == list(ORDER)
