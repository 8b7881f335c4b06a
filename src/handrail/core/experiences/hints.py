"""Hints: marks on the page that open a card or act as triggers. They have no order."""

from __future__ import annotations

from typing import Literal

import msgspec

from handrail.core.actions import Action
from handrail.core.experiences.blocks import Block, Text
from handrail.core.experiences.targets import Target
from handrail.core.experiences.tours import Placement


class HintMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One mark at an element. It opens a card when it has `blocks`, and fires `actions` when it has those instead.

    `mark` is what is seen: an icon, a small label, or nothing of ours (`target`: the element itself is the mark).
    `label` is the label's text and, for the others, what a screen reader says. `side` is the target's edge or corner
    that the mark sits on.
    """

    key: str
    target: Target
    mark: Literal["icon", "label", "target"] = "icon"
    icon: Literal["dot", "question", "info", "star"] = "dot"
    label: Text = ""
    side: Literal["top_start", "top_end", "bottom_start", "bottom_end", "start", "end", "center"] = "top_end"
    pulse: bool = True
    placement: Placement = "auto"
    blocks: tuple[Block, ...] = ()
    actions: tuple[Action, ...] = ()


class HintContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The marks of one hint experience. A mark whose target is not there is simply not shown."""

    hints: tuple[HintMark, ...]
