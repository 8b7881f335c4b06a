"""Tours: ordered walkthroughs."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.actions import Action, Dismiss
from handrail.core.experiences.blocks import Block
from handrail.core.experiences.targets import Missing, Target
from handrail.core.experiences.triggers import ProgressTrigger

Placement: TypeAlias = Literal[
    "auto", "top", "bottom", "start", "end", "center",
    "top_start", "top_end", "bottom_start", "bottom_end",
]  # fmt: skip


class Cross(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The closing cross: one action, dismiss or, on a first step, snooze. Hidden, Esc still dismisses (RULES 37)."""

    show: bool = True
    action: Action = Dismiss()


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
