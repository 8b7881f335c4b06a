"""Checklists: each case of `spec/cases/checklists` is answered as it says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.cases import load_cases

from handrail.core.checklists import progress_of
from handrail.core.experiences.checklists import ChecklistContent, Task
from handrail.core.people import ExperienceState

CASES = load_cases("checklists")


def test_there_are_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES)
def test_a_user_is_as_far_as_the_case_says(case: Any) -> None:
    content = ChecklistContent(
        title="First steps",
        tasks=tuple(Task(key=key, title=key) for key in case["tasks"]),
        order=case.get("order", "any"),
    )
    state = ExperienceState(
        done=dict.fromkeys(case.get("done", ()), 1), skipped=dict.fromkeys(case.get("skipped", ()), 1)
    )
    progress = progress_of(content, state)
    assert list(progress.tasks) == case["states"]
    assert progress.settled == case["settled"]
    assert progress.complete is case["complete"]
