"""Problems of tours: their steps, what each points at, its triggers, and where the steps lead."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.experiences import release
from handrail.core.experiences.model import Tour
from handrail.core.experiences.problems.actions import WORDS_OF_GO_TO_STEP
from handrail.core.experiences.problems.blocks import blocks_problems, cross_problems
from handrail.core.experiences.problems.place import Place, Surroundings, seconds_problems
from handrail.core.experiences.problems.triggers import trigger_problems
from handrail.core.experiences.reach import reach_problems, tour_stop
from handrail.core.experiences.targets import target_problems
from handrail.core.experiences.tours import Step
from handrail.core.problems import Problem, key_problems

MAX_STEPS = 50


def step_key_problems(kind: str, keys: tuple[str, ...]) -> Iterator[Problem]:
    """Problems of how many steps a tour or a survey has, and of their keys."""
    if not keys:
        yield Problem("no_steps", "content.steps", f"A {kind} has at least one step.")
    if len(keys) > MAX_STEPS:
        yield Problem("too_many_steps", "content.steps", f"A {kind} has at most {MAX_STEPS} steps.")
    for at, key in enumerate(keys):
        path = f"content.steps[{at}].key"
        yield from key_problems(key, path)
        if key in keys[:at]:
            yield Problem("duplicate_step", path, f"Two steps are called {key!r}.")
        if key in WORDS_OF_GO_TO_STEP:
            message = f"A step cannot be called {key!r}: go_to_step gives the word a meaning."
            yield Problem("reserved_step", path, message)


def tour_problems(tour: Tour, around: Surroundings) -> Iterator[Problem]:
    steps = tour.content.steps
    keys = tuple(step.key for step in steps)
    yield from step_key_problems("tour", keys)
    for at, step in enumerate(steps):
        path = f"content.steps[{at}]"
        yield from _step_problems(Place(tour, around, first_step=at == 0, steps=keys), step, path)
    yield from reach_problems([tour_stop(step) for step in steps])


def _step_problems(place: Place, step: Step, path: str) -> Iterator[Problem]:
    if step.form not in release.FORMS:
        message = f"This release cannot draw a {step.form}; it draws {release.listed(release.FORMS)}."
        yield Problem("unsupported_form", f"{path}.form", message)
    if step.form in release.POINTING and step.target is None:
        yield Problem("missing_target", f"{path}.target", f"A {step.form} needs a target to point at.")
    if step.target is not None:
        yield from target_problems(step.target, f"{path}.target", place.locale)
        if step.form in release.STANDING:
            message = f"A {step.form} stands alone; its target does nothing."
            yield Problem("unused_target", f"{path}.target", message, "warning")
    yield from seconds_problems(step.missing.wait_seconds, f"{path}.missing.wait_seconds")
    if step.missing.then == "go_to_step" and step.missing.step not in (place.steps or ()):
        yield Problem("unknown_step", f"{path}.missing.step", f"There is no step {step.missing.step!r}.")
    if not step.blocks:
        yield Problem("empty_step", f"{path}.blocks", "This step shows nothing.", "warning")
    yield from blocks_problems(place, step.blocks, f"{path}.blocks")
    for at, trigger in enumerate(step.triggers):
        yield from trigger_problems(place, trigger, f"{path}.triggers[{at}]", own_target=step.target is not None)
    yield from cross_problems(place, step.cross, f"{path}.cross")
