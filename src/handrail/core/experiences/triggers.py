"""Progress triggers: if/then on a tour's step."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.actions import Action
from handrail.core.conditions.model import Expected
from handrail.core.experiences.targets import Target
from handrail.core.pages import UrlRule


class ElementClicked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="element_clicked"):
    """The user clicks this element. Without `target`, the step's own."""

    target: Target | None = None


class ElementHovered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="element_hovered"):
    """The pointer comes to this element, or is on it. Without `target`, the step's own. A touch hovers nothing."""

    target: Target | None = None


class ElementState(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="element_state"):
    """An element comes to be present, absent, visible or filled."""

    target: Target
    fact: Literal["present", "absent", "visible", "filled"]


class ScrollDepth(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="scroll_depth"):
    """So much of the page's height has come into view, or of a scrolling element's: the lower edge counts.

    Without `target`, the page or, where that does not scroll, the element that scrolls in the middle of the window.
    """

    percent: int
    target: Target | None = None


class UrlMatches(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="url"):
    """The page's address comes to match."""

    rule: UrlRule


class EventTracked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="event"):
    """The user does something that is tracked under this name."""

    event: str


class AttributeIs(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="on", tag="attribute"
):
    """An attribute comes to compare so, by the operator table; the page may set it, or the server know it already."""

    attribute: str
    operator: str
    value: Expected = None


class SurveyAnswered(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="on", tag="survey_answered"
):
    """The user has answered the survey with this key, or one of its questions, here or anywhere.

    `operator` and `value` compare that question's answer, as conditions do: `between [9, 10]` waits for a promoter.
    """

    survey: str
    question: str | None = None
    operator: str | None = None
    value: Expected = None


class DelayPassed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="delay"):
    """The step has been shown for this long."""

    seconds: float


ProgressCondition: TypeAlias = (
    ElementClicked
    | ElementHovered
    | ElementState
    | ScrollDepth
    | UrlMatches
    | EventTracked
    | AttributeIs
    | SurveyAnswered
    | DelayPassed
)


class ProgressTrigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """If/then on a step: when every condition in `when` has held since the step was shown, `then` fires once."""

    when: tuple[ProgressCondition, ...]
    then: tuple[Action, ...]
