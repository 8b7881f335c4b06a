"""Tours: ordered walkthroughs."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.actions import Action, Dismiss
from handrail.core.experiences.blocks import Block
from handrail.core.experiences.targets import Missing, Target
from handrail.core.pages import UrlRule

Placement: TypeAlias = Literal[
    "auto", "top", "bottom", "start", "end", "center",
    "top_start", "top_end", "bottom_start", "bottom_end",
]  # fmt: skip


class Cross(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The closing cross: one action, dismiss or, on a first step, snooze. Hidden, Esc still dismisses (RULES 37)."""

    show: bool = True
    action: Action = Dismiss()


class ElementClicked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="element_clicked"):
    """The user clicks this element. Without `target`, the step's own."""

    target: Target | None = None


class UrlMatches(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="url"):
    """The page's address comes to match."""

    rule: UrlRule


class EventTracked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="event"):
    """The user does something that is tracked under this name."""

    event: str


class DelayPassed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="delay"):
    """The step has been shown for this long."""

    seconds: float


class ElementState(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="element_state"):
    """An element comes to be present, absent, visible or filled."""

    target: Target
    fact: Literal["present", "absent", "visible", "filled"]


ProgressCondition: TypeAlias = ElementClicked | UrlMatches | EventTracked | DelayPassed | ElementState


class ProgressTrigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """If/then on a step: when every condition in `when` has held since the step was shown, `then` fires once."""

    when: tuple[ProgressCondition, ...]
    then: tuple[Action, ...]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One stop of a tour. `tooltip`, `badge` and `cursor` need a target; `modal` and `snippet` stand alone.

    `on_target` says what the pointer may do with the target: use it, not reach it, or use it and go to the next step.
    """

    key: str
    form: Literal["tooltip", "modal", "snippet", "badge", "cursor"] = "tooltip"
    name: str = ""
    target: Target | None = None
    placement: Placement = "auto"
    backdrop: bool = False
    on_target: Literal["interact", "block", "advance"] = "interact"
    missing: Missing = Missing()
    blocks: tuple[Block, ...] = ()
    triggers: tuple[ProgressTrigger, ...] = ()
    cross: Cross = Cross()


class TourContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The steps of a tour, shown from the first; reaching past the last completes it."""

    steps: tuple[Step, ...]
    show_progress: bool = True
