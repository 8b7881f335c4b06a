"""Reach: which steps of a tour or a survey its actions lead to, and whether they lead out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from handrail.core.actions import Action, BookInterview, Dismiss, GoToStep, NavigateTo, Snooze
from handrail.core.experiences.blocks import Block, Button, Columns
from handrail.core.experiences.surveys import Question, SurveyStep, TextBlock, ThankYou
from handrail.core.experiences.tours import Step
from handrail.core.problems import Problem

OUT = "complete"
"""The way out of the run: completed, dismissed, snoozed, or ended by a launch."""
NEXT = "next"


class Stop(msgspec.Struct, frozen=True):
    """A step as reach sees it: the stacks that may fire there, and where else it may lead (`next` and `complete` too).

    The cross is no way on, only a way to give up.
    """

    key: str
    stacks: tuple[Sequence[Action], ...]
    ways: tuple[str, ...] = ()
    closable: bool = True


def reach_problems(stops: Sequence[Stop]) -> Iterator[Problem]:
    """Steps that nothing leads to, and steps that lead on and on but never out."""
    if not stops:
        return
    ways = _all_ways(stops)
    reached = _reached_from(stops[0].key, ways)
    for at, stop in enumerate(stops):
        path = f"content.steps[{at}]"
        if stop.key not in reached:
            yield Problem("unreachable_step", path, f"Nothing leads to the step {stop.key!r}.")
        elif not ways[stop.key] and not stop.closable:
            yield Problem("no_exit", path, f"Nothing leads on from {stop.key!r}, and its cross is hidden.")
        elif ways[stop.key] and not _leads_out(stop.key, ways):
            yield Problem(
                "no_exit",
                path,
                f"From {stop.key!r} the steps only go round and round: let one step complete or dismiss.",
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


def _all_ways(stops: Sequence[Stop]) -> dict[str, set[str]]:
    """Where each step may lead, by key. A step that names what is not there is a problem of its own."""
    keys = [stop.key for stop in stops]
    ways: dict[str, set[str]] = {}
    for at, stop in enumerate(stops):
        following = keys[at + 1] if at + 1 < len(stops) else OUT
        leads = {*stop.ways, *(way for stack in stop.stacks for way in _ways(stack))}
        ways.setdefault(stop.key, set()).update(following if way == NEXT else way for way in leads)
    for stop in stops:
        if any(GoToStep("previous") in stack for stack in stop.stacks):
            ways[stop.key] |= {key for key, targets in ways.items() if stop.key in targets}
    return ways


def _ways(stack: Sequence[Action]) -> Iterator[str]:
    closes = any(isinstance(action, Dismiss | Snooze) for action in stack)
    for action in stack:
        match action:
            case GoToStep(target) if closes and target != OUT:
                pass  # journaled as progress; the step is not drawn (RULES 27)
            case GoToStep("previous") | NavigateTo() | BookInterview():
                pass  # back is added when every other way is known; a run goes on over a navigation
            case GoToStep(target):
                yield target
            case _:
                yield OUT


def tour_stop(step: Step) -> Stop:
    """A tour's step as reach sees it."""
    stacks = (*(button.actions for button in buttons_in(step.blocks)), *(trigger.then for trigger in step.triggers))
    return Stop(step.key, stacks, tuple(_target_ways(step)), step.cross.show)


def _target_ways(step: Step) -> Iterator[str]:
    if step.target is None or step.form != "tooltip":
        return
    if step.on_target == "advance" or step.missing.then == "skip":
        yield NEXT
    if step.missing.then == "end":
        yield OUT
    if step.missing.then == "go_to_step" and step.missing.step is not None:
        yield step.missing.step


def survey_stop(step: SurveyStep) -> Stop:
    """A survey's step as reach sees it."""
    buttons = tuple(button.actions for button in buttons_in(step.blocks))
    if isinstance(step, ThankYou):
        return Stop(step.key, buttons, (OUT,))
    if not decides(step):
        return Stop(step.key, buttons, (), step.cross.show)
    conditions = tuple(condition.then for condition in step.conditions)
    return Stop(step.key, (*buttons, *conditions, (step.otherwise,)), (), step.cross.show)


def decides(step: SurveyStep) -> bool:
    """Whether a step asks its conditions: a question does, and a text block without buttons of its own."""
    return isinstance(step, Question) or (isinstance(step, TextBlock) and not any(buttons_in(step.blocks)))


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
