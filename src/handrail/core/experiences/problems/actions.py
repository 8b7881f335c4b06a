"""Problems of actions: what a stack may hold where it stands, and whether each action leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.actions import (
    Action,
    Context,
    GoToStep,
    LaunchAgent,
    LaunchExperience,
    NavigateTo,
    OpenPost,
    RunJs,
    Snooze,
    type_of,
    validate_stack,
)
from handrail.core.experiences import release
from handrail.core.experiences.problems.place import Place
from handrail.core.experiences.texts import text_problems, url_problems
from handrail.core.problems import Problem

MAX_SNOOZES = 5
WORDS_OF_GO_TO_STEP = ("next", "previous", "complete")


def stack_problems(place: Place, context: Context, actions: tuple[Action, ...], path: str) -> Iterator[Problem]:
    """Problems of a stack. A cross and a task carry one action without a list around it."""
    alone = context in ("closing_cross", "checklist_task")
    paths = [path if alone else f"{path}[{at}]" for at in range(len(actions))]
    run_js = place.around.run_js
    for refusal in validate_stack(place.kind, context, place.first_step, actions, run_js=run_js):
        yield Problem(refusal.code, paths[refusal.at], refusal.message, refusal.severity)
    for action, here in zip(actions, paths, strict=True):
        word = type_of(action)
        if word not in release.ACTIONS:
            message = f"This release cannot run {word}; it runs {release.listed(release.ACTIONS)}."
            yield Problem("unsupported_action", f"{here}.type", message)
        yield from action_problems(place, context, action, here)


def action_problems(place: Place, context: Context, action: Action, path: str) -> Iterator[Problem]:
    """Where one action leads, and what it is given."""
    match action:
        case GoToStep("previous") if context != "cta_button":
            yield Problem("previous_outside_cta", f"{path}.step", "Only a button can go to the previous step.")
        case GoToStep(step) if place.steps is None:
            if step != "complete":
                message = f"A {place.kind} has one step: only `complete` is a place to go to."
                yield Problem("no_other_step", f"{path}.step", message)
        case GoToStep(step) if step not in (*WORDS_OF_GO_TO_STEP, *(place.steps or ())):
            yield Problem("unknown_step", f"{path}.step", f"There is no step {step!r}.")
        case LaunchExperience(experience) if experience == place.document.key:
            yield Problem("self_launch", f"{path}.experience", "An experience cannot launch itself.")
        case LaunchExperience(experience) if experience not in place.around.experiences:
            message = f"No experience {experience!r} is live or comes with it."
            yield Problem("unknown_experience", f"{path}.experience", message)
        case OpenPost(post) if post not in place.around.posts:
            yield Problem("unknown_post", f"{path}.post", f"No post {post!r} is live or comes with it.")
        case LaunchAgent(message):
            yield from text_problems(message, f"{path}.message", place.locale)
        case RunJs(code):
            if (refused := place.around.check_code(code)) is not None:
                yield Problem(refused[0], f"{path}.code", refused[1])
        case NavigateTo(url):
            yield from url_problems(url, f"{path}.url")
        case Snooze(hours, up_to):
            if hours < 1:
                yield Problem("snooze_hours", f"{path}.hours", "A snooze lasts at least one hour.")
            if not 1 <= up_to <= MAX_SNOOZES:
                yield Problem("snooze_times", f"{path}.up_to", f"A snooze may be used 1 to {MAX_SNOOZES} times.")
        case _:
            pass
