"""Reach: which steps of a tour its actions lead to, and whether they lead out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from handrail.core.actions import Action, Dismiss, GoToStep, NavigateTo, Snooze
from handrail.core.experiences.blocks import Block, Button, Columns
from handrail.core.experiences.tours import Step
from handrail.core.problems import Problem

OUT = "complete"
"""The way out of the tour: completed, dismissed, snoozed, or ended by a launch."""


def reach_problems(steps: Sequence[Step]) -> Iterator[Problem]:
    """Steps that nothing leads to, and steps that lead on and on but never out."""
    if not steps:
        return
    ways = _all_ways(steps)
    reached = _reached_from(steps[0].key, ways)
    for at, step in enumerate(steps):
        path = f"content.steps[{at}]"
        if step.key not in reached:
            yield Problem("unreachable_step", path, f"Nothing leads to the step {step.key!r}.")
        elif not ways[step.key] and not step.cross.show:
            yield Problem("no_exit", path, f"Nothing leads on from {step.key!r}, and its cross is hidden.")
        elif ways[step.key] and not _leads_out(step.key, ways):
            yield Problem(
                "no_exit",
                path,
                f"From {step.key!r} the tour only goes round and round: let one step complete or dismiss it.",
            )


def _leads_out(key: str, ways: Mapping[str, set[str]]) -> bool:
    """Whether some way leads out, or to a step that is only there to be closed."""
    return any(each == OUT or not ways.get(each, {OUT}) for each in _reached_from(key, ways))


def _reached_from(start: str, ways: Mapping[str, set[str]]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        for target in ways.get(waiting.pop(), set()) - reached:
            reached.add(target)
            waiting.append(target)
    return reached


def _all_ways(steps: Sequence[Step]) -> dict[str, set[str]]:
    """Where each step may lead, by key. A step that names what is not there is a problem of its own."""
    keys = [step.key for step in steps]
    ways: dict[str, set[str]] = {}
    for at, step in enumerate(steps):
        following = keys[at + 1] if at + 1 < len(steps) else OUT
        ways.setdefault(step.key, set()).update(_ways(step, following))
    for step in steps:
        if any(GoToStep("previous") in stack for stack in stacks_of(step)):
            ways[step.key] |= {key for key, targets in ways.items() if step.key in targets}
    return ways


def _ways(step: Step, following: str) -> Iterator[str]:
    for stack in stacks_of(step):
        closes = any(isinstance(action, Dismiss | Snooze) for action in stack)
        for action in stack:
            match action:
                case GoToStep(target) if closes and target != OUT:
                    pass  # journaled as progress; the step is not drawn (RULES 27)
                case GoToStep("next"):
                    yield following
                case GoToStep("previous") | NavigateTo():
                    pass  # back is added when every other way is known; a run goes on over a navigation
                case GoToStep(target):
                    yield target
                case _:
                    yield OUT
    if step.target is None or step.form != "tooltip":
        return
    if step.on_target == "advance" or step.missing.then == "skip":
        yield following
    if step.missing.then == "end":
        yield OUT
    if step.missing.then == "go_to_step" and step.missing.step is not None:
        yield step.missing.step


def stacks_of(step: Step) -> Iterator[Sequence[Action]]:
    """The stacks of a step's buttons and progress triggers. Its cross is no way on, only a way to give up."""
    for button in buttons_in(step.blocks):
        yield button.actions
    for trigger in step.triggers:
        yield trigger.then


def buttons_in(blocks: Sequence[Block]) -> Iterator[Button]:
    """The buttons among blocks, those in columns included."""
    for block in blocks:
        match block:
            case Button():
                yield block
            case Columns(columns):
                for column in columns:
                    yield from buttons_in(column)
            case _:
                pass
