"""What a click or a trigger does: the nine actions of the contract and the contexts that may hold them.

`spec/tables/{actions,contexts,availability,combinations,execution_order}.json` are the authority.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Context: TypeAlias = Literal[
    "cta_button",
    "progress_trigger",
    "survey_condition",
    "closing_cross",
    "post_cta",
    "resource_center_block",
    "checklist_task",
    "agent",
]


class GoToStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="go_to_step"):
    """Moves to `next`, `previous` (the last visited step, CTA only), `complete`, or the step with that key."""

    step: str = "next"


class LaunchExperience(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="launch_experience"):
    """Starts the live experience with this key, if it is due for the user; ends the running one (RULES 28)."""

    experience: str


class Dismiss(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="dismiss"):
    """Closes the experience and marks it dismissed."""


class Snooze(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="snooze"):
    """Hides the experience for `hours`, at most `up_to` times in a recurrence cycle; after that it dismisses."""

    hours: int = 24
    up_to: int = 3


class BookInterview(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="book_interview"):
    """Opens the step's scheduling page. Fixed on the primary CTA of a book_interview survey step."""


class OpenPost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="open_post"):
    """Opens the post with this key."""

    post: str


class LaunchAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="launch_agent"):
    """Opens the agent and sends `message`, a template, as the user's first turn."""

    message: str = ""


class RunJs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="run_js"):
    """Runs approved code on the page. Off until the project's owner signs the agreement."""

    code: str


class NavigateTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="navigate_to"):
    """Goes to a URL template: absolute, relative or external; http, https, mailto and tel only."""

    url: str
    open_in: Literal["same_tab", "new_tab"] = "same_tab"


Action: TypeAlias = (
    GoToStep
    | LaunchExperience
    | Dismiss
    | Snooze
    | BookInterview
    | OpenPost
    | LaunchAgent
    | RunJs
    | NavigateTo
)
