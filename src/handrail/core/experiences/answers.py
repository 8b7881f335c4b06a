"""Answers: which condition of a survey's step decides, given what was answered. spec/cases/surveys is the authority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handrail.core.conditions.model import AttributeCondition
from handrail.core.conditions.operators import holds, row_of
from handrail.core.experiences.surveys import AnswerTest, SurveyCondition
from handrail.core.people import AttributeValue

Answers = Mapping[str, AttributeValue]
"""What was answered, by question. A question that was skipped is missing."""


def deciding(conditions: Sequence[SurveyCondition], own: str, answers: Answers) -> int | None:
    """The index of the first condition that holds; None leaves it to the step's `otherwise`. `own`: the step's key."""
    return next((at for at, each in enumerate(conditions) if _all_hold(each.when, own, answers)), None)


def _all_hold(tests: Sequence[AnswerTest], own: str, answers: Answers) -> bool:
    # A condition that asks nothing never holds, as a trigger without conditions never fires.
    return bool(tests) and all(passes(test, answers.get(test.question or own)) for test in tests)


def passes(test: AnswerTest, answer: AttributeValue) -> bool:
    """Whether an answer passes a test, by the operator table's meaning."""
    asked = AttributeCondition("answer", test.operator, test.value)
    if row_of(asked) == "date":
        return False  # no question is answered with a date, so text that looks like one is just text
    return holds(asked, answer, today=0, zone="UTC", found=lambda _pattern, _text: False)
