"""Frequency, the rate limit and the order of turns: each case of `spec/cases/frequency` is answered as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.cases import SPEC, experience, instant

from handrail.core.arbitration import UNITS, Contender, turn, within_limit
from handrail.core.claims import claim_id, holder
from handrail.core.experiences.model import EveryDays, EveryTime, Frequency, Once
from handrail.core.frequency import due, snoozes_used
from handrail.core.people import ExperienceState, Snoozed


def cases(*questions: str) -> Iterator[Any]:
    for question in questions:
        path = SPEC / "cases" / "frequency" / f"{question}.json"
        for case in json.loads(path.read_text())["cases"]:
            yield pytest.param(case, id=f"{question}: {case['name']}")


FREQUENCY = list(cases("once", "every_time", "days", "snoozed", "staying", "returning"))
LIMIT = list(cases("rate_limit"))
ORDER = list(cases("order"))


def test_there_are_cases_for_every_question() -> None:
    assert len(FREQUENCY) >= 40
    assert len(LIMIT) >= 15
    assert len(ORDER) >= 15


@pytest.mark.parametrize("case", FREQUENCY)
def test_an_experience_is_due_as_the_case_says(case: Any) -> None:
    load = case.get("load", {})
    answer = due(
        msgspec.convert(case["frequency"], Frequency),
        experience(case["state"]),
        instant(case["now"]),
        case.get("zone", "UTC"),
        shown_in_load=load.get("shown", False) and not load.get("fired_since", False),
        stays=case.get("stays", False),
        returns=case.get("returns", False),
    )
    assert answer.due is case["due"]
    assert answer.because == case.get("because", "")
    assert (answer.again_at or 0) == instant(case.get("again_at"))


@pytest.mark.parametrize("case", list(cases("snoozes")))
def test_snoozes_are_counted_as_the_case_says(case: Any) -> None:
    assert snoozes_used(experience(case["state"])) == case["used"]


@pytest.mark.parametrize("case", list(cases("claims")))
def test_what_is_shown_strictly_is_drawn_by_whoever_claimed_it(case: Any) -> None:
    assert holder(experience(case["state"])) == case["holder"]


def test_a_claim_has_one_name_until_it_was_seen_or_reset() -> None:
    never, seen, again = ExperienceState(), ExperienceState(last_seen=7), ExperienceState(last_seen=7, reset=9)
    names = {claim_id("ann", "welcome", state) for state in (never, seen, again)}
    assert len(names) == 3
    assert claim_id("ann", "welcome", ExperienceState(first_seen=7, last_seen=7, dismissed=7)) in names
    assert not names & {claim_id("bob", "welcome", never), claim_id("ann", "other", never)}


@pytest.mark.parametrize("case", LIMIT)
def test_the_rate_limit_answers_as_the_case_says(case: Any) -> None:
    limit = case["limit"]
    window = limit["every"] * UNITS[limit["unit"]]
    answer = within_limit(limit["count"], window, [instant(each) for each in case["shown"]], instant(case["now"]))
    assert answer.allowed is case["allowed"]
    assert answer.again_at == instant(case.get("again_at"))


@pytest.mark.parametrize("case", ORDER)
def test_turns_are_taken_as_the_case_says(case: Any) -> None:
    contenders = [
        Contender(
            id=each["id"],
            entry=each.get("class", "automatic"),
            respects_rate_limit=each.get("respects_rate_limit", True),
            priority=each.get("priority", 3),
            published_at=instant(each.get("published_at")),
        )
        for each in case["candidates"]
    ]
    assert [each.id for each in sorted(contenders, key=turn)] == case["order"]


DAY = timedelta(days=1) // timedelta(milliseconds=1)
NOW = instant("2026-11-24T12:00:00Z")
INSTANTS = st.integers(NOW - 40 * DAY, NOW + 2 * DAY)
STATES = st.builds(
    ExperienceState,
    first_seen=INSTANTS,
    last_seen=st.just(0) | INSTANTS,
    completed=st.just(0) | INSTANTS,
    dismissed=st.just(0) | INSTANTS,
    snoozes=st.lists(st.builds(Snoozed, INSTANTS, st.text(max_size=3), INSTANTS), max_size=3).map(sorted),
)
FREQUENCIES = st.builds(Once) | st.builds(EveryTime) | st.builds(EveryDays, st.integers(1, 30))
ZONES = st.sampled_from(("UTC", "Asia/Tokyo", "America/Santiago", "Africa/Cairo", "Pacific/Apia"))


@given(frequency=FREQUENCIES, state=STATES, zone=ZONES)
def test_what_is_due_again_at_an_instant_is_due_then_and_not_before(
    frequency: Frequency, state: ExperienceState, zone: str
) -> None:
    answer = due(frequency, state, NOW, zone)
    if answer.again_at is not None:
        assert not answer.due
        assert answer.again_at > NOW
        assert due(frequency, state, answer.again_at, zone).due
        assert not due(frequency, state, answer.again_at - 1, zone).due


@given(count=st.integers(1, 4), window=st.integers(1, 10 * DAY), shown=st.lists(st.integers(NOW - 12 * DAY, NOW + DAY)))
def test_what_the_limit_holds_back_may_show_at_the_instant_it_names(count: int, window: int, shown: list[int]) -> None:
    answer = within_limit(count, window, shown, NOW)
    if not answer.allowed:
        held = [instant for instant in shown if instant <= NOW]
        assert not within_limit(count, window, held, answer.again_at - 1).allowed
        assert within_limit(count, window, held, answer.again_at).allowed
