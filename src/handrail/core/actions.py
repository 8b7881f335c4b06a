"""What a click or a trigger does: the nine actions of the contract and the contexts that may hold them.

`spec/tables/{actions,contexts,availability,combinations,execution_order}.json` are the authority.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


class LaunchExperience(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="launch_experience"
):
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
    """Runs approved code on the page. Off until the project's owner signs the agreement.

    `code` is the body of a function or a module that exports `run`; a browser is told the hash that names the module.
    """

    code: str


class NavigateTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="navigate_to"):
    """Goes to a URL template: absolute, relative or external; http, https, mailto and tel only."""

    url: str
    open_in: Literal["same_tab", "new_tab"] = "same_tab"


Action: TypeAlias = (
    GoToStep | LaunchExperience | Dismiss | Snooze | BookInterview | OpenPost | LaunchAgent | RunJs | NavigateTo
)


ORDER: tuple[str, ...] = (
    "go_to_step",
    "launch_experience",
    "dismiss",
    "snooze",
    "book_interview",
    "open_post",
    "launch_agent",
    "run_js",
    "navigate_to",
)
"""Nominal order of one stack's actions; they fire together and none is awaited."""

_EVERYWHERE = ("cta_button", "progress_trigger", "survey_condition")
AVAILABLE: Mapping[str, Mapping[str, str]] = {
    "launch_agent": {**dict.fromkeys(_EVERYWHERE, "yes"), "agent": "self"},
    "go_to_step": {**dict.fromkeys(_EVERYWHERE, "yes"), "survey_condition": "default"},
    "dismiss": {**dict.fromkeys(_EVERYWHERE, "yes"), "closing_cross": "default"},
    "launch_experience": {
        **dict.fromkeys((*_EVERYWHERE, "post_cta", "resource_center_block", "checklist_task"), "yes"),
        "agent": "via",
    },
    "open_post": {
        **dict.fromkeys(("cta_button", "progress_trigger", "resource_center_block", "checklist_task"), "yes"),
        "agent": "via",
    },
    "navigate_to": {
        **dict.fromkeys((*_EVERYWHERE, "post_cta", "resource_center_block", "checklist_task"), "yes"),
        "agent": "via",
    },
    "snooze": dict.fromkeys((*_EVERYWHERE, "closing_cross"), "first_step"),
    "run_js": dict.fromkeys((*_EVERYWHERE, "resource_center_block"), "needs_agreement"),
    "book_interview": {"cta_button": "fixed"},
}
"""Where each action may stand; a context that is not listed refuses it."""

MAY_FOLLOW: Mapping[str, frozenset[str]] = {
    "launch_agent": frozenset({"go_to_step", "navigate_to", "run_js", "snooze"}),
    "go_to_step": frozenset({"navigate_to", "run_js", "snooze"}),
    "dismiss": frozenset({"go_to_step", "navigate_to", "run_js"}),
    "launch_experience": frozenset({"go_to_step", "navigate_to", "run_js", "snooze"}),
    "open_post": frozenset({"go_to_step", "navigate_to", "run_js", "snooze"}),
    "navigate_to": frozenset(ORDER) - {"navigate_to", "book_interview"},
    "run_js": frozenset(ORDER) - {"run_js", "book_interview"},
    "snooze": frozenset({"launch_agent", "go_to_step", "launch_experience", "open_post", "navigate_to", "run_js"}),
    "book_interview": frozenset({"go_to_step", "run_js"}),
}
"""Which actions may be added behind one that is there already."""

KINDS_WITH: Mapping[Context, frozenset[str]] = {
    "cta_button": frozenset({"tour", "survey", "banner", "hint", "checklist", "resource_center"}),
    "progress_trigger": frozenset({"tour"}),
    "survey_condition": frozenset({"survey"}),
    "closing_cross": frozenset({"tour", "survey", "banner"}),
    "post_cta": frozenset({"post"}),
    "resource_center_block": frozenset({"resource_center"}),
    "checklist_task": frozenset({"checklist"}),
}
"""The kinds that have each context; the agent is none of them."""

WITHOUT_STEPS = frozenset({"hint", "checklist", "resource_center"})
STEPPING = frozenset({"snooze", "go_to_step"})
"""Kinds without steps, whose buttons leave out the actions about steps."""

MOST: Mapping[Context, int] = {"closing_cross": 1, "post_cta": 1, "checklist_task": 1}
ADVISED = 3
SNOOZES = frozenset({"tour", "banner", "survey"})
VIEW_CHANGING = frozenset({"launch_experience", "open_post", "launch_agent", "navigate_to"})


class Refusal(msgspec.Struct, frozen=True):
    """Why an action may not stand where it does: its index in the stack, a code, a sentence."""

    at: int
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"


def type_of(action: Action) -> str:
    """The action's word in documents and tables."""
    return str(action.__struct_config__.tag)


def validate_stack(
    kind: str, context: Context, first_step: bool, actions: Sequence[Action], *, run_js: bool = False
) -> list[Refusal]:
    """All that is wrong with a stack of actions in stored order. `run_js`: the owner has signed the agreement."""
    words = [type_of(action) for action in actions]
    found: list[Refusal] = []
    if words and context in KINDS_WITH and kind not in KINDS_WITH[context]:
        found.append(Refusal(0, "no_such_place", f"A {_spaced(kind)} has no {_spaced(context)}."))
    for at, word in enumerate(words):
        found += _place_refusals(kind, context, first_step, at, word, run_js)
        for earlier in words[:at]:
            if earlier == word:
                found.append(Refusal(at, "twice", f"{word} stands here twice."))
            elif word not in MAY_FOLLOW[earlier]:
                message = f"{word} may not be added to {earlier}: the row of {earlier} refuses it."
                found.append(Refusal(at, "forbidden_pair", message))
    most = MOST.get(context)
    if most is not None and len(words) > most:
        found.append(Refusal(most, "too_many", f"A {_spaced(context)} carries at most {most} action."))
    elif len(words) > ADVISED:
        found.append(Refusal(ADVISED, "many_actions", f"More than {ADVISED} actions are hard to follow.", "warning"))
    return [*found, *_view_warnings(words)]


def _place_refusals(
    kind: str, context: Context, first_step: bool, at: int, word: str, run_js: bool
) -> Iterator[Refusal]:
    left_out = context == "cta_button" and kind in WITHOUT_STEPS and word in STEPPING
    match "no" if left_out else AVAILABLE[word].get(context, "no"):
        case "needs_agreement" if not run_js:
            yield Refusal(at, "needs_agreement", f"{word} needs the project owner's agreement.")
        case "first_step" if not (first_step and kind in SNOOZES):
            yield Refusal(at, "first_step_only", f"{word} is for the first step of a tour, banner or survey.")
        case "fixed" if kind != "survey":
            yield Refusal(at, "not_allowed_here", f"{word} is fixed on the button of a survey's interview step.")
        case "no" | "self" | "via":
            where = f"a {_spaced(context)} of a {_spaced(kind)}" if left_out else f"a {_spaced(context)}"
            yield Refusal(at, "not_allowed_here", f"{word} is not allowed on {where}.")
        case _:
            pass


def _view_warnings(words: Sequence[str]) -> Iterator[Refusal]:
    views = [at for at, word in enumerate(words) if word in VIEW_CHANGING]
    if {"launch_experience", "navigate_to"} <= set(words):
        later = max(words.index("launch_experience"), words.index("navigate_to"))
        yield Refusal(later, "navigate_beside_launch", "navigate_to may leave the page before the launch.", "warning")
    elif len(views) > 1:
        names = " and ".join(words[at] for at in views[:2])
        yield Refusal(views[1], "two_views", f"{names} both change what the user looks at.", "warning")


def _spaced(word: str) -> str:
    return word.replace("_", " ")
