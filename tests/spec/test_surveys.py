"""Which condition of a survey's step decides: every implementation answers spec/cases/surveys."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.cases import load_cases

from handrail.core.experiences.answers import deciding
from handrail.core.experiences.surveys import SurveyCondition


@pytest.mark.parametrize("case", load_cases("surveys"))
def test_the_condition_that_decides(case: Any) -> None:
    conditions = [msgspec.convert({"when": when, "then": []}, SurveyCondition) for when in case["conditions"]]
    assert deciding(conditions, case["own"], case["answers"]) == case["decides"]
