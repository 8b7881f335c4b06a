"""Problems of a survey: its questions, where its conditions lead, and what they ask."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.actions import GoToStep
from handrail.core.experiences.model import Survey
from handrail.core.experiences.problems.actions import action_problems, stack_problems
from handrail.core.experiences.problems.answers import asked_problems
from handrail.core.experiences.problems.blocks import blocks_problems, cross_problems
from handrail.core.experiences.problems.booking import booking_problems
from handrail.core.experiences.problems.place import Place, Surroundings
from handrail.core.experiences.problems.tours import step_key_problems
from handrail.core.experiences.reach import decides, reach_problems, survey_stop
from handrail.core.experiences.surveys import (
    MultipleChoice,
    Nps,
    OpenText,
    OpinionScale,
    Question,
    Rating,
    SingleChoice,
    Slider,
    SurveyStep,
    TextBlock,
    ThankYou,
)
from handrail.core.experiences.texts import MAX_TEXT, text_problems
from handrail.core.problems import Problem, key_problems

MAX_OPTIONS = 50
MAX_SCALE = 11
"""Marks of a scale that still stand beside each other on a phone."""
OTHER = "other"


def survey_problems(survey: Survey, around: Surroundings) -> Iterator[Problem]:
    """All problems of a survey."""
    steps = survey.content.steps
    keys = tuple(step.key for step in steps)
    yield from step_key_problems("survey", keys)
    for at, step in enumerate(steps):
        place = Place(survey, around, first_step=at == 0, steps=keys)
        path = f"content.steps[{at}]"
        yield from _step_problems(place, step, path)
        yield from booking_problems(place, step, path)
        yield from _condition_problems(place, steps, at, path)
    yield from reach_problems([survey_stop(step) for step in steps])


def _step_problems(place: Place, step: SurveyStep, path: str) -> Iterator[Problem]:
    yield from blocks_problems(place, step.blocks, f"{path}.blocks")
    yield from cross_problems(place, step.cross, f"{path}.cross")
    if isinstance(step, Question):
        yield from text_problems(step.title, f"{path}.title", place.locale, needed=True)
        yield from text_problems(step.text, f"{path}.text", place.locale)
        if step.submit is not None:
            yield from text_problems(step.submit, f"{path}.submit", place.locale, needed=True)
    elif not step.blocks:
        yield Problem("empty_step", f"{path}.blocks", "This step shows nothing.", "warning")
    match step:
        case Nps() | OpinionScale() | Rating() | Slider():
            for end in ("low", "high"):
                yield from text_problems(getattr(step, end), f"{path}.{end}", place.locale)
            yield from _scale_problems(step, path)
        case SingleChoice() | MultipleChoice():
            yield from _option_problems(place, step, path)
        case OpenText():
            yield from text_problems(step.placeholder, f"{path}.placeholder", place.locale)
            if not 1 <= step.limit <= MAX_TEXT:
                yield Problem("answer_limit", f"{path}.limit", f"An answer has 1 to {MAX_TEXT} characters.")
        case _:
            pass


def _scale_problems(step: Nps | OpinionScale | Rating | Slider, path: str) -> Iterator[Problem]:
    match step:
        case OpinionScale(least=least, most=most) if not 1 <= most - least < MAX_SCALE:
            message = f"A scale from {least} to {most} has not 2 to {MAX_SCALE} marks."
            yield Problem("scale_bounds", f"{path}.most", message)
        case Rating(most=most) if not 2 <= most < MAX_SCALE:
            yield Problem("scale_bounds", f"{path}.most", f"A rating has 2 to {MAX_SCALE - 1} marks.")
        case Slider(least=least, most=most) if least >= most:
            yield Problem("scale_bounds", f"{path}.most", f"The slider ends at {most:g}, not after {least:g}.")
        case Slider(least=least, most=most, step=by) if not 0 < by <= most - least:
            yield Problem("scale_bounds", f"{path}.step", f"A slider from {least:g} to {most:g} cannot go by {by:g}.")
        case _:
            pass


def _option_problems(place: Place, step: SingleChoice | MultipleChoice, path: str) -> Iterator[Problem]:
    keys = [option.key for option in step.options]
    if not keys:
        yield Problem("no_options", f"{path}.options", "A choice has at least one option.")
    if len(keys) > MAX_OPTIONS:
        yield Problem("many_options", f"{path}.options", f"A choice has at most {MAX_OPTIONS} options.")
    for at, option in enumerate(step.options):
        here = f"{path}.options[{at}]"
        yield from key_problems(option.key, f"{here}.key")
        yield from text_problems(option.label, f"{here}.label", place.locale, needed=True)
        if option.key in keys[:at]:
            yield Problem("duplicate_option", f"{here}.key", f"Two options are called {option.key!r}.")
        if step.other and option.key == OTHER:
            message = "`other` is the answer of whoever writes their own words; call this option something else."
            yield Problem("reserved_option", f"{here}.key", message)
    if isinstance(step, MultipleChoice):
        there_are = len(keys) + step.other
        if not 0 <= step.least <= there_are:
            message = f"Of {there_are} options nobody can choose {step.least}."
            yield Problem("choice_bounds", f"{path}.least", message)
        if step.most and not max(step.least, 1) <= step.most <= there_are:
            message = f"At most {step.most} fits neither {there_are} options nor at least {step.least}."
            yield Problem("choice_bounds", f"{path}.most", message)


def _condition_problems(place: Place, steps: tuple[SurveyStep, ...], at: int, path: str) -> Iterator[Problem]:
    step = steps[at]
    if isinstance(step, ThankYou):
        if step.conditions or step.otherwise != GoToStep():
            which = "conditions" if step.conditions else "otherwise"
            yield Problem("thank_you_leads_on", f"{path}.{which}", "A thank-you step is the end: nothing follows it.")
        return
    for number, condition in enumerate(step.conditions):
        here = f"{path}.conditions[{number}]"
        if not condition.when:
            yield Problem("empty_condition", f"{here}.when", "A condition without tests never holds.")
        for each, test in enumerate(condition.when):
            yield from asked_problems(test, steps, at, f"{here}.when[{each}]")
        if not condition.then:
            yield Problem("no_action", f"{here}.then", "This condition does nothing.", "warning")
        yield from stack_problems(place, "survey_condition", condition.then, f"{here}.then")
    # The fallback stands apart: the matrix is not applied across it (RULES 26).
    yield from action_problems(place, "survey_condition", step.otherwise, f"{path}.otherwise")
    if step.conditions and not decides(step):
        how = "buttons lead on" if isinstance(step, TextBlock) else "button leads on"
        message = f"Nobody asks these conditions: this step's {how}."
        yield Problem("unused_conditions", f"{path}.conditions", message, "warning")
