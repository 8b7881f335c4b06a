"""Problems of progress triggers: what they wait for, and what they do then."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.conditions.model import AttributeCondition
from handrail.core.conditions.problems import condition_problems, rule_problems
from handrail.core.experiences.problems.actions import stack_problems
from handrail.core.experiences.problems.place import Place, seconds_problems
from handrail.core.experiences.targets import Target, target_problems
from handrail.core.experiences.triggers import (
    AttributeIs,
    DelayPassed,
    ElementClicked,
    ElementHovered,
    ElementState,
    EventTracked,
    ProgressCondition,
    ProgressTrigger,
    ScrollDepth,
    SurveyAnswered,
    UrlMatches,
)
from handrail.core.experiences.waiting import answered
from handrail.core.problems import Problem


def trigger_problems(place: Place, trigger: ProgressTrigger, path: str, *, own_target: bool) -> Iterator[Problem]:
    """All problems of a trigger. `own_target`: its step has a target that conditions without one mean."""
    if not trigger.when:
        yield Problem("empty_trigger", f"{path}.when", "A trigger without conditions never fires.")
    for at, asked in enumerate(trigger.when):
        yield from _asked_problems(place, asked, f"{path}.when[{at}]", own_target)
    if not trigger.then:
        yield Problem("no_action", f"{path}.then", "This trigger does nothing.", "warning")
    yield from stack_problems(place, "progress_trigger", trigger.then, f"{path}.then")


def _asked_problems(place: Place, asked: ProgressCondition, path: str, own_target: bool) -> Iterator[Problem]:
    match asked:
        case UrlMatches(rule):
            yield from rule_problems(rule, f"{path}.rule", place.around)
        case EventTracked(event) if not event.strip():
            yield Problem("empty_name", f"{path}.event", "An event has a name.")
        case DelayPassed(seconds):
            yield from seconds_problems(seconds, f"{path}.seconds")
        case AttributeIs(attribute, operator, value):
            yield from condition_problems(AttributeCondition(attribute, operator, value), path, place.around)
        case SurveyAnswered(survey):
            if survey not in place.around.experiences:
                message = f"No experience {survey!r} is live here: nobody can answer it."
                yield Problem("unknown_survey", f"{path}.survey", message, "warning")
            yield from condition_problems(answered(asked), path, place.around)
        case ElementClicked(None) | ElementHovered(None) if not own_target:
            yield Problem("missing_target", f"{path}.target", "This step has no target of its own; name one.")
        case ElementClicked(Target() as target) | ElementHovered(Target() as target) | ElementState(target):
            yield from target_problems(target, f"{path}.target", place.locale)
        case ScrollDepth(percent, target):
            if not 1 <= percent <= 100:
                yield Problem("percent", f"{path}.percent", f"{percent} is no share of a page: write 1 to 100.")
            if target is not None:
                yield from target_problems(target, f"{path}.target", place.locale)
        case _:
            pass
