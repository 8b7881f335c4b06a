"""Surveys: a sequence of question steps, with conditions between them."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.actions import Action, GoToStep
from handrail.core.conditions.model import Expected
from handrail.core.experiences.blocks import Block, RichText, Text
from handrail.core.experiences.tours import Cross

AnswerOperator: TypeAlias = Literal[
    "is", "is_not", "one_of", "none_of", "contains", "not_contains",
    "=", "!=", "<", "<=", ">", ">=", "between",
    "has_any", "has_all", "has_none", "is_set", "is_empty",
]  # fmt: skip
Provider: TypeAlias = Literal["calendly", "google_calendar", "zcal"]


class AnswerTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A question about an answer, by the operators of the operator table: `between [0, 6]`, `is "price"`, `is_empty`.

    `question` is the key of an earlier step; without it, the step's own. A choice answers with its option's key
    (`other` for the user's own words), a multiple choice with a list of keys, a scale with a number, an open text with
    text; skipped is missing.
    """

    operator: AnswerOperator
    value: Expected = None
    question: str | None = None


class SurveyCondition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """If every test in `when` holds for what was answered, `then` fires. The first condition that holds decides.

    Where `then` neither goes to a step nor ends the run, the step's `otherwise` goes on.
    """

    when: tuple[AnswerTest, ...]
    then: tuple[Action, ...]


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One choice. `key` stands in answers and conditions; the label may change."""

    key: str
    label: Text


class SurveyStepBase(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, tag_field="type"
):
    """What every step of a survey has. `blocks` stand above the question, buttons at their end beside its own.

    `otherwise` is where the survey goes when no condition holds: the editable fallback of RULES 26. Conditions are
    asked when a question is answered or skipped, and when our button of a text block without buttons is used.
    """

    key: str
    name: str = ""
    blocks: tuple[Block, ...] = ()
    cross: Cross = Cross()
    conditions: tuple[SurveyCondition, ...] = ()
    otherwise: GoToStep = GoToStep()


class Question(SurveyStepBase, frozen=True, kw_only=True):
    """A step that asks. `submit` is the label of its button, ours in the reader's language where it is left out."""

    title: Text
    text: RichText = ""
    required: bool = False
    submit: Text | None = None


class Nps(Question, frozen=True, kw_only=True, tag="nps"):
    """How likely the user is to recommend, 0 to 10; 9 and 10 promote, 0 to 6 detract."""

    low: Text | None = None
    high: Text | None = None


class OpinionScale(Question, frozen=True, kw_only=True, tag="opinion_scale"):
    """A whole number from `least` to `most`, at most eleven of them."""

    least: int = 1
    most: int = 5
    low: Text | None = None
    high: Text | None = None


class Rating(Question, frozen=True, kw_only=True, tag="rating"):
    """One to `most` stars, hearts or faces."""

    shape: Literal["star", "heart", "face"] = "star"
    most: int = 5
    low: Text | None = None
    high: Text | None = None


class SingleChoice(Question, frozen=True, kw_only=True, tag="single_choice"):
    """One of several options; `other` adds a line for own words. `shuffle` varies the order from run to run."""

    options: tuple[Option, ...]
    other: bool = False
    shuffle: bool = False


class MultipleChoice(Question, frozen=True, kw_only=True, tag="multiple_choice"):
    """Some of several options, `least` to `most` of them (0: as many as there are)."""

    options: tuple[Option, ...]
    other: bool = False
    shuffle: bool = False
    least: int = 0
    most: int = 0


class OpenText(Question, frozen=True, kw_only=True, tag="open_text"):
    """Words of the user's own, at most `limit` characters."""

    placeholder: Text | None = None
    long: bool = True
    limit: int = 1000


class Slider(Question, frozen=True, kw_only=True, tag="slider"):
    """A number from `least` to `most`, in steps of `step`."""

    least: float = 0
    most: float = 100
    step: float = 1
    low: Text | None = None
    high: Text | None = None


class TextBlock(SurveyStepBase, frozen=True, kw_only=True, tag="text_block"):
    """Words between questions; its buttons lead on, or one of ours where it has none."""


class BookInterviewStep(SurveyStepBase, frozen=True, kw_only=True, tag="book_interview"):
    """An invitation to book a time. Its primary button holds `book_interview` first (RULES 31).

    `link` is the page of the calendar at its provider; it may hold chips, `?email={{native.email}}`.
    """

    provider: Provider
    link: str


class ThankYou(SurveyStepBase, frozen=True, kw_only=True, tag="thank_you"):
    """The end. The survey counts as completed once this step is seen, however it is closed."""


SurveyStep: TypeAlias = (
    Nps
    | OpinionScale
    | Rating
    | SingleChoice
    | MultipleChoice
    | OpenText
    | Slider
    | TextBlock
    | BookInterviewStep
    | ThankYou
)


class SurveyContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The steps of a survey. `snippet` is a card in a corner, `modal` stands over the page."""

    steps: tuple[SurveyStep, ...]
    form: Literal["snippet", "modal"] = "snippet"
    placement: Literal["top_start", "top_end", "bottom_start", "bottom_end", "bottom"] = "bottom_end"
    show_progress: bool = True
