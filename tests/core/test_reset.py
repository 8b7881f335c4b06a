"""A reset: what happened to an experience before it counts no more, whatever the order of arrival."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.events import NOON, an_event

from handrail.core.events import Event
from handrail.core.fold import FoldRules, State, fold, merge, subjects_of
from handrail.core.people import ExperienceState

KINDS = ("seen", "completed", "dismissed", "snoozed", "reset")


def said(number: int, kind: str, at: int, device: str = "phone") -> Event:
    return an_event(
        f"m{number:03}",
        name=f"experience_{kind}",
        at=NOON + at,
        anonymous_id=device,
        user_id="ann" if device == "laptop" else None,
        properties={"experience": "tour", "until": NOON + at + 1000},
        handrail={"lifecycle": True},
    )


def state_of(events: list[Event]) -> ExperienceState:
    state = State()
    link = an_event("link", "identify", anonymous_id="phone", user_id="ann")
    fold(state, [*events, link], lambda _: FoldRules())
    keys = subjects_of(state, "production", None, "ann")
    whole = merge(state.subjects[key] for key in keys if key in state.subjects)
    return whole.experiences.get("tour", ExperienceState())


def test_before_a_reset_is_void_and_after_it_counts() -> None:
    before = [said(0, "seen", 0), said(1, "dismissed", 1), said(2, "snoozed", 2)]
    assert state_of([*before, said(3, "reset", 5)]) == ExperienceState(reset=NOON + 5)
    again = state_of([*before, said(3, "reset", 5), said(4, "seen", 7, "laptop")])
    assert (again.first_seen, again.last_seen, again.dismissed, again.snoozes) == (NOON + 7, NOON + 7, 0, [])
    assert state_of([said(1, "reset", 1), said(2, "completed", 3)]).completed == NOON + 3


@given(
    events=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 6), st.sampled_from(["phone", "laptop"]))),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=200)
def test_any_order_of_arrival_gives_one_answer(events: list[tuple[str, int, str]], seed: int) -> None:
    told = [said(number, kind, at, device) for number, (kind, at, device) in enumerate(events)]
    answer = state_of(told)
    assert state_of(random.Random(seed).sample(told, len(told))) == answer
    resets = [NOON + at for kind, at, _ in events if kind == "reset"]
    instants = [answer.first_seen, answer.last_seen, answer.completed, answer.dismissed]
    assert all(instant > max(resets) for instant in instants if instant and resets)
