"""Checklists: a to-do list for the user."""

from __future__ import annotations

from typing import Literal

import msgspec

from handrail.core.actions import Action
from handrail.core.conditions.model import Condition
from handrail.core.experiences.blocks import Block, Button, Text
from handrail.core.experiences.launchers import Launcher


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a checklist.

    `action` is what a click on the task does. It is done once `done_when` holds (any condition: attribute, event,
    page, experience, element); without `done_when`, once its action or its primary button fired. Done stays done.
    `text` and the buttons `primary` and `secondary` stand in the task when it is unfolded.
    """

    key: str
    title: Text
    text: Text = ""
    action: Action | None = None
    done_when: Condition | None = None
    primary: Button | None = None
    secondary: Button | None = None
    skippable: bool = False


class Completion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the panel when every task is done or skipped; closing it takes the checklist away."""

    blocks: tuple[Block, ...]


class ChecklistContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A checklist. `in_order` opens a task when the one before is done or skipped.

    `expand`: the panel opens by itself never, the first time it is shown, or on every page load;
    `expand_on_progress` opens it again when a task gets done. `unfold`: what opens a task beside its own button, which
    always does. `dismissible` lets the user put the whole checklist away.
    """

    title: Text
    tasks: tuple[Task, ...]
    text: Text = ""
    order: Literal["any", "in_order"] = "any"
    expand: Literal["never", "first_time", "always"] = "first_time"
    expand_on_progress: bool = False
    unfold: Literal["click", "hover"] = "click"
    dismissible: bool = True
    launcher: Launcher = Launcher(icon="check")
    completion: Completion | None = None
