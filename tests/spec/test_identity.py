"""A user id is kept or refused as `spec/cases/identity` says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.cases import load_cases

from handrail.core.values import MAX_USER_ID, Refused, check_user_id

CASES = load_cases("identity")

SAID = {"type": "text or a number", "no_id": "is no id", "too_long": f"at most {MAX_USER_ID}"}
"""Words of the sentence that each reason is told with."""


def test_there_are_cases_for_every_reason() -> None:
    assert len(CASES) >= 25
    assert {each.values[0]["reason"] for each in CASES if "reason" in each.values[0]} == set(SAID)


@pytest.mark.parametrize("case", CASES)
def test_a_user_id_is_taken_as_the_case_says(case: Any) -> None:
    answer = check_user_id(case["id"])
    if "accepted" in case:
        assert answer == case["accepted"]
    else:
        assert isinstance(answer, Refused)
        assert SAID[case["reason"]] in answer.reason


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_no_id(number: float) -> None:
    assert isinstance(check_user_id(number), Refused)


@given(value=st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_what_is_kept_is_kept_again(value: object) -> None:
    answer = check_user_id(value)
    if isinstance(answer, str):
        assert check_user_id(answer) == answer
