"""Problems of what a survey's conditions ask: whether the question is there, and can be answered so."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.conditions.model import AttributeCondition
from handrail.core.conditions.operators import ROWS, row_of
from handrail.core.experiences.surveys import (
    AnswerTest,
    MultipleChoice,
    Nps,
    OpenText,
    OpinionScale,
    Question,
    Rating,
    SingleChoice,
    Slider,
    SurveyStep,
)
from handrail.core.problems import Problem


def asked_problems(test: AnswerTest, steps: tuple[SurveyStep, ...], at: int, path: str) -> Iterator[Problem]:
    """Problems of one test in a condition of the step at `at`."""
    named = test.question or steps[at].key
    where = next((number for number, step in enumerate(steps) if step.key == named), None)
    asked = None if where is None else steps[where]
    place = path if test.question is None else f"{path}.question"
    if where is None:
        yield Problem("unknown_question", place, f"There is no question {named!r}.")
    elif not isinstance(asked, Question):
        yield Problem("unknown_question", place, f"The step {named!r} asks nothing; name a question.")
    else:
        if where > at:
            message = f"{named!r} comes later: whoever was not there yet has not answered it."
            yield Problem("later_question", place, message, "warning")
        yield from _fit_problems(test, asked, path)


def _fit_problems(test: AnswerTest, question: Question, path: str) -> Iterator[Problem]:
    kind = str(question.__struct_config__.tag).replace("_", " ")
    row, operators = _answers_of(question)
    if test.operator not in operators:
        listed = ", ".join(operators)
        message = f"The answer to a {kind} is {row}: it is compared by {listed}."
        yield Problem("answer_operator", f"{path}.operator", message)
    elif row_of(AttributeCondition("answer", test.operator, test.value)) is None:
        yield Problem("answer_value", f"{path}.value", f"{test.operator} cannot compare with {test.value!r}.")
    else:
        yield from _value_problems(test, question, path)


def _answers_of(question: Question) -> tuple[str, tuple[str, ...]]:
    """What an answer is, and the operators that compare it."""
    match question:
        case SingleChoice():
            return "the key of an option", ("is", "is_not", "one_of", "none_of", *ROWS["any"])
        case MultipleChoice():
            return "a list of keys of options", (*ROWS["array"], *ROWS["any"])
        case OpenText():
            return "text", ("is", "is_not", "contains", "not_contains", "one_of", "none_of", *ROWS["any"])
        case _:
            return "a number", (*ROWS["number"], *ROWS["any"])


def _value_problems(test: AnswerTest, question: Question, path: str) -> Iterator[Problem]:
    given = test.value if isinstance(test.value, tuple) else () if test.value is None else (test.value,)
    match question:
        case SingleChoice() | MultipleChoice():
            keys = {option.key for option in question.options}
            keys.update(("other",) if question.other else ())
            for each in given:
                if each not in keys:
                    yield Problem("unknown_option", f"{path}.value", f"There is no option {each!r}.")
        case Nps() | OpinionScale() | Rating() | Slider():
            least, most = bounds_of(question)
            for each in given:
                if isinstance(each, int | float) and not least <= each <= most:
                    message = f"{each:g} is no answer to this question: they go from {least:g} to {most:g}."
                    yield Problem("answer_range", f"{path}.value", message, "warning")
        case _:
            pass


def bounds_of(question: Nps | OpinionScale | Rating | Slider) -> tuple[float, float]:
    """The least and the greatest answer to a question that is answered with a number."""
    match question:
        case Nps():
            return 0, 10
        case Rating():
            return 1, question.most
        case _:
            return question.least, question.most
