"""The demo's documents are sound, and show what they are there to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from handrail.adapters.files.documents import Files
from handrail.core.actions import Action, GoToStep, LaunchExperience, NavigateTo, Snooze
from handrail.core.conditions.model import SegmentCondition
from handrail.core.experiences.blocks import Button
from handrail.core.experiences.model import Banner, OnNothing, Tour
from handrail.core.experiences.reach import tour_stop
from handrail.core.experiences.themes import Theme
from handrail.core.segments import Segment
from handrail.core.templates import chips
from handrail.workspace.apply import check

FOLDER = Path(__file__).parents[2] / "examples" / "demo" / "experiences"


@pytest.fixture(scope="module")
def files() -> Files:
    files = Files()
    files.add([FOLDER])
    return files


def tours(files: Files) -> dict[str, Tour]:
    return {each.document.key: each.document for each in files.documents if isinstance(each.document, Tour)}


def actions_of(tour: Tour) -> list[Action]:
    return [action for step in tour.content.steps for stack in tour_stop(step).stacks for action in stack]


def test_they_read_and_have_no_problem_and_no_warning(files: Files) -> None:
    assert files.problems == []
    assert check(files.documents, live={}, segments={}, themes={}) == []
    assert {type(each.document) for each in files.documents} == {Tour, Banner, Segment, Theme}


def test_one_is_for_administrators_on_a_plan_and_uses_every_form(files: Files) -> None:
    welcome = tours(files)["welcome"]
    assert {step.form for step in welcome.content.steps} == {"modal", "tooltip", "snippet"}
    assert any(step.backdrop for step in welcome.content.steps)
    assert welcome.audience is not None


def test_one_branches_to_two_steps(files: Files) -> None:
    named = {
        action.step
        for action in actions_of(tours(files)["choose-a-path"])
        if isinstance(action, GoToStep) and action.step not in ("next", "previous", "complete")
    }
    assert len(named) == 2


def test_one_launches_another_that_nothing_else_starts(files: Files) -> None:
    launched = {
        action.experience
        for tour in tours(files).values()
        for action in actions_of(tour)
        if isinstance(action, LaunchExperience)
    }
    assert launched == {key for key, tour in tours(files).items() if isinstance(tour.show_on, OnNothing)} != set()


def test_one_is_a_banner_that_snoozes_by_its_cross(files: Files) -> None:
    (banner,) = (each.document for each in files.documents if isinstance(each.document, Banner))
    assert banner.content.layout == "floating"
    assert isinstance(banner.content.cross.action, Snooze)


def test_one_navigates_with_attributes(files: Files) -> None:
    (url,) = (
        action.url for tour in tours(files).values() for action in actions_of(tour) if isinstance(action, NavigateTo)
    )
    assert url.startswith("/demo/profile.html?")
    assert {chip.name for chip in chips(url, "url")} == {"custom.plan", "custom.role"}


def test_one_waits_for_the_rate_limit_behind_every_other(files: Files) -> None:
    tip = tours(files)["weekly-tip"]
    assert tip.respects_rate_limit
    assert tip.audience == SegmentCondition("signed-in")
    assert all(tour.priority > tip.priority for tour in tours(files).values() if tour is not tip)


def test_every_text_is_there_in_english_and_in_french(files: Files) -> None:
    for each in files.documents:
        document = each.document
        match document:
            case Tour():
                blocks = [block for step in document.content.steps for block in step.blocks]
            case Banner():
                blocks = list(document.content.blocks)
            case _:
                continue
        for block in blocks:
            words = block.label if isinstance(block, Button) else getattr(block, "text", None)
            spoken = [span.text for span in words] if isinstance(words, list) else [words]
            assert any(isinstance(each, dict) and set(each) == {"en", "fr"} for each in spoken), document.key
