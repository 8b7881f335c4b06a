"""The fold: any order of arrival gives one state, and what each event says."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.events import NOON, a_lifecycle_event, an_event

from handrail.core.events import Event
from handrail.core.fold import FoldRules, Keys, State, count_visits, facts, fold, merge, needed, subjects_of
from handrail.core.people import Facts, Subject

HOUR = 3_600_000
KINDS = (
    "identify",
    "sdk identify",
    "alias",
    "group",
    "seen",
    "completed",
    "dismissed",
    "snoozed",
    "answered",
    "task",
    "order",
    "page",
)
USERS = ("ann", "bob", "cid")
DEVICES = ("phone", "laptop", "kiosk")
RULES = FoldRules(
    "Europe/Paris",
    {"Order Completed": [("all", None), ("big", lambda properties: bool(properties.get("big")))]},
)


def folded(events: Sequence[Event]) -> State:
    state = State()
    fold(state, events, lambda _: RULES)
    return state


def user(state: State, anonymous_id: str | None = None, user_id: str | None = "ann") -> Subject:
    return merge(
        state.subjects[key] for key in subjects_of(state, "production", anonymous_id, user_id) if key in state.subjects
    )


def known(*events: Event, user_id: str = "ann") -> Facts:
    return facts(user(folded(events), user_id=user_id), None, 0, 0, "UTC")


values = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "pro", "free"]))
traits = st.dictionaries(st.sampled_from(["plan", "seats", "email", "name", "language"]), values, max_size=3)
moments = st.integers(NOON, NOON + 6)


@st.composite
def an_event_of_any_kind(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    at = draw(moments) + draw(st.sampled_from([0, HOUR // 2, 24 * HOUR]))
    who: dict[str, Any] = {
        "user_id": draw(st.none() | st.sampled_from(USERS)),
        "anonymous_id": draw(st.sampled_from(DEVICES)),
    }
    match kind:
        case "identify":
            return {"type": "identify", "at": at, "traits": draw(traits), **who}
        case "sdk identify":
            mark = {"remove_unspecified": draw(st.booleans()), "native": draw(traits)}
            return {"type": "identify", "at": at, "traits": draw(traits), "handrail": mark, **who}
        case "alias":
            previous = draw(st.sampled_from([*USERS, *DEVICES]))
            return {"type": "alias", "at": at, "previous_id": previous, "user_id": draw(st.sampled_from(USERS))}
        case "group":
            company = draw(st.sampled_from(["acme", "globex"]))
            return {"type": "group", "at": at, "group_id": company, "traits": draw(traits), **who}
        case "order":
            return {"type": "track", "at": at, "properties": {"big": draw(st.booleans())}, **who}
        case "task":
            return {
                "type": "track",
                "name": draw(st.sampled_from(["task_completed", "task_skipped"])),
                "at": at,
                "properties": {"experience": "welcome", "task": draw(st.sampled_from(["look", "invite"]))},
                "handrail": {"lifecycle": True},
                **who,
            }
        case "page":
            return {"type": "page", "at": at, **who}
        case "answered":
            answer = draw(st.sampled_from([0, 9, "price", ["a", "b"], None]))
            properties = {"experience": "survey", "step": draw(st.sampled_from(["score", "why"])), "answer": answer}
            lifecycle = {"lifecycle": True}
            return {"type": "track", "name": "question_answered", "at": at, "properties": properties,
                    "handrail": lifecycle, **who}  # fmt: skip
        case _:
            properties = {"experience": draw(st.sampled_from(["welcome", "survey"])), "until": at + HOUR}
            return {
                "type": "track",
                "name": f"experience_{kind}",
                "at": at,
                "properties": properties,
                "handrail": {"lifecycle": True},
                **who,
            }


@given(said=st.lists(an_event_of_any_kind(), min_size=2, max_size=30), seed=st.integers(0, 2**32))
@settings(max_examples=300)
def test_any_order_of_arrival_gives_the_same_state_and_the_same_facts(said: list[dict[str, Any]], seed: int) -> None:
    events = [an_event(f"m{number:03}", **each) for number, each in enumerate(said)]
    shuffled = random.Random(seed).sample(events, len(events))
    one, other = folded(events), folded(shuffled)
    assert one == other
    for name in USERS:
        assert user(one, user_id=name) == user(other, user_id=name)
    for device in DEVICES:
        assert user(one, device, None) == user(other, device, None)


def test_a_thousand_orders_of_the_same_five_hundred_events_give_one_state() -> None:
    draw = random.Random(20261124)
    events: list[Event] = []
    for number in range(500):
        kind, at = draw.choice(KINDS), NOON + draw.randrange(40) + draw.choice([0, HOUR // 2, 24 * HOUR])
        who: dict[str, Any] = {"user_id": draw.choice([None, *USERS]), "anonymous_id": draw.choice(DEVICES)}
        said: dict[str, Any] = {"traits": {draw.choice(["plan", "seats", "email"]): draw.choice([None, 1, "pro"])}}
        match kind:
            case "identify":
                told: dict[str, Any] = {"type": "identify", **said, **who}
            case "sdk identify":
                mark = {"remove_unspecified": draw.random() < 0.5, "native": {"name": draw.choice(["Ann", "Bob"])}}
                told = {"type": "identify", "handrail": mark, **said, **who}
            case "alias":
                told = {"type": "alias", "previous_id": draw.choice([*USERS, *DEVICES]), "user_id": draw.choice(USERS)}
            case "group":
                told = {"type": "group", "group_id": draw.choice(["acme", "globex"]), **said, **who}
            case "order":
                told = {"type": "track", "properties": {"big": draw.random() < 0.5}, **who}
            case "page":
                told = {"type": "page", **who}
            case _:
                properties = {"experience": draw.choice(["welcome", "survey"]), "until": at + HOUR}
                told = {"type": "track", "name": f"experience_{kind}", "properties": properties, **who}
                told["handrail"] = {"lifecycle": True}
        events.append(an_event(f"m{number:03}", at=at, **told))
    one = folded(events)
    for _ in range(1000):
        draw.shuffle(events)
        assert folded(events) == one


@given(said=st.lists(an_event_of_any_kind(), min_size=1, max_size=20), seed=st.integers(0, 2**32))
@settings(max_examples=100)
def test_folding_row_by_row_with_just_what_is_needed_gives_the_state_of_folding_at_once(
    said: list[dict[str, Any]], seed: int
) -> None:
    """What the stores do: load the rows that `needed` names, fold one batch, write what changed."""
    events = [an_event(f"m{number:03}", **each) for number, each in enumerate(said)]
    whole, stored, choose = folded(events), State(), random.Random(seed)
    while events:
        size = choose.randint(1, 4)
        batch, events = events[:size], events[size:]
        part = picked(stored, needed(batch))
        changed = fold(part, batch, lambda _: RULES)
        stored.subjects.update({key: part.subjects[key] for key in changed.subjects})
        stored.companies.update({key: part.companies[key] for key in changed.companies})
        stored.links.update({key: part.links[key] for key in changed.links})
        stored.aliases.update({key: part.aliases[key] for key in changed.aliases})
    assert stored == whole


def test_subjects_that_are_known_are_not_needed_again() -> None:
    events = [an_event("m1", user_id="ann"), an_event("m2", user_id="bob"), an_event("m3", anonymous_id="dev")]
    all_of_them = {("production", "u:ann"), ("production", "u:bob"), ("production", "a:dev")}
    assert needed(events).subjects == all_of_them
    assert needed(events, {("production", "u:bob"), ("elsewhere", "u:ann")}).subjects == all_of_them - {
        ("production", "u:bob")
    }


def picked(state: State, keys: Keys) -> State:
    sets = {state.aliases[key] for key in keys.aliases if key in state.aliases}
    return State(
        subjects=chosen(state.subjects, keys.subjects),
        companies=chosen(state.companies, keys.companies),
        links=chosen(state.links, keys.links),
        aliases={key: canonical for key, canonical in state.aliases.items() if canonical in sets},
    )


def chosen(rows: Mapping[Any, Any], keys: set[Any]) -> dict[Any, Any]:
    return {key: row for key, row in rows.items() if key in keys}


@given(said=st.lists(an_event_of_any_kind(), min_size=1, max_size=20))
@settings(max_examples=100)
def test_everything_but_counters_can_be_folded_twice(said: list[dict[str, Any]]) -> None:
    events = [an_event(f"m{number:03}", **each) for number, each in enumerate(said)]
    once, twice = folded(events), folded([*events, *reversed(events)])
    for state in (once, twice):
        for subject in state.subjects.values():
            subject.counters = {}
    assert once == twice


def test_the_greatest_timestamp_wins_and_the_message_id_breaks_ties() -> None:
    later = an_event("a", "identify", traits={"plan": "later"}, at=NOON + 1)
    tie = an_event("b", "identify", traits={"plan": "tie"}, at=NOON + 1)
    assert known(tie, later, an_event("c", "identify", traits={"plan": "early"})).custom == {"plan": "tie"}


def test_null_unsets_and_a_late_older_value_does_not_bring_it_back() -> None:
    unset = an_event("m2", "identify", traits={"plan": None}, at=NOON + 1)
    assert known(unset, an_event("m1", "identify", traits={"plan": "pro"})).custom == {}


def test_remove_unspecified_drops_what_was_said_before_and_keeps_what_it_names_itself() -> None:
    everything = an_event("m2", "identify", traits={"plan": "pro"}, at=NOON + 1, handrail={"remove_unspecified": True})
    late = an_event("m1", "identify", traits={"plan": "free", "seats": 3})
    after = an_event("m3", "identify", traits={"team": "red"}, at=NOON + 2)
    assert known(everything, late, after).custom == {"plan": "pro", "team": "red"}


def test_remove_unspecified_leaves_native_fields() -> None:
    named = an_event("m1", "identify", traits={"name": "Ann"})
    cleared = an_event("m2", "identify", at=NOON + 1, traits={}, handrail={"remove_unspecified": True})
    found = known(named, cleared)
    assert found.native["name"] == "Ann"
    assert found.custom == {}


@pytest.mark.parametrize("cleared", [False, True])
def test_the_thousand_latest_attributes_are_kept_in_any_order_of_arrival(cleared: bool) -> None:
    said = [
        an_event(f"i{at}", "identify", at=NOON + at, user_id="ann", traits={f"a{at}_{each}": at for each in range(60)})
        for at in range(40)
    ]
    said += [an_event("again", "identify", at=NOON + 39, user_id="ann", traits={"a0_0": "again"})]
    company = dict.fromkeys(map(str, range(1_200)), 1)
    said += [an_event("company", "group", at=NOON, user_id="ann", group_id="g", traits=company)]
    if cleared:
        mark = {"remove_unspecified": True}
        said += [an_event("clear", "identify", at=NOON + 30, user_id="ann", traits={"kept": 1}, handrail=mark)]
    first = folded(said)
    kept = user(first).custom
    assert len(kept) == (602 if cleared else 1_000)
    assert {"a0_0", "a39_0", "a39_59"} <= set(kept), "what is said again comes back"
    assert not {"a0_1", "a10_0"} & set(kept)
    assert len(first.companies["production", "g"].custom) == 1_000
    for seed in range(20):
        shuffled = random.Random(seed).sample(said, len(said))
        assert folded(shuffled) == first


def test_experiences_are_bounded_and_the_same_in_any_order_of_arrival() -> None:
    said = [a_lifecycle_event(f"e{at}", "experience_seen", f"key-{at:05}", at=NOON + at) for at in range(10_020)]
    first = folded(said)
    assert len(user(first).experiences) == 10_000
    assert folded(random.Random(1).sample(said, len(said))) == first


def test_a_segment_library_s_email_is_native_and_custom() -> None:
    found = known(an_event("m1", "identify", traits={"email": "a@example.com", "phone": "1"}))
    assert found.native["email"] == "a@example.com"
    assert found.custom == {"email": "a@example.com", "phone": "1"}
    assert "phone" not in found.native


def test_a_custom_email_from_the_sdk_never_changes_the_native_one() -> None:
    found = known(
        an_event("m1", "identify", traits={}, handrail={"native": {"email": "a@example.com"}}),
        an_event("m2", "identify", traits={"email": "other"}, handrail={}, at=NOON + 1),
    )
    assert found.native["email"] == "a@example.com"
    assert found.custom == {"email": "other"}


@pytest.mark.parametrize("value", [{"nested": 1}, ["a", 1], "x" * 701, [[1]]])
def test_a_value_that_is_no_attribute_is_refused_alone(value: object) -> None:
    assert known(an_event("m1", "identify", traits={"bad": value, "plan": "pro"})).custom == {"plan": "pro"}


def test_a_number_that_no_store_can_hold_never_stops_the_fold() -> None:
    found = known(an_event("m1", "identify", traits={"plan": "pro"}))
    huge = Event(
        environment="production",
        message_id="m2",
        type="identify",
        user_id="ann",
        timestamp=NOON + 1,
        received_at=NOON + 1,
        body=raw(b'{"traits":{"huge":' + b"9" * 400 + b',"big":123456789012345678901,"plan":"free"}}'),
    )
    assert found.custom == {"plan": "pro"}
    assert known(huge).custom == {"big": 123456789012345678901.0, "plan": "free"}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"traits":[1]}', b'{"traits":null,"context":7}', b'{"context":{"handrail":"yes"}}'],
)
def test_a_body_of_another_shape_counts_as_empty(body: bytes) -> None:
    event = Event(
        environment="production",
        message_id="m1",
        type="identify",
        user_id="ann",
        timestamp=NOON,
        received_at=NOON,
        body=raw(body),
    )
    assert known(event).custom == {}


def test_one_member_of_the_wrong_type_costs_only_itself() -> None:
    event = Event(
        environment="production",
        message_id="m1",
        type="identify",
        user_id="ann",
        timestamp=NOON,
        received_at=NOON,
        body=raw(b'{"traits":{"plan":"pro"},"context":{"handrail":[]}}'),
    )
    assert known(event).custom == {"plan": "pro"}


def raw(body: bytes) -> Any:
    return msgspec.Raw(body)


def test_a_host_s_own_event_of_a_lifecycle_name_is_just_an_event() -> None:
    properties = {"experience": "welcome"}
    assert known(an_event("m1", name="experience_seen", properties=properties)).experiences == {}
    assert known(an_event("m2", name="experience_seen", properties=properties, handrail={"sdk": "1"})).experiences == {}


def test_dismissing_implies_seeing() -> None:
    state = known(a_lifecycle_event("m1", "experience_dismissed", "welcome")).experiences["welcome"]
    assert (state.first_seen, state.last_seen, state.dismissed, state.completed) == (NOON, NOON, NOON, 0)


def test_the_ten_latest_snoozes_are_kept_oldest_first() -> None:
    events = [
        a_lifecycle_event(f"m{number:02}", "experience_snoozed", "welcome", at=NOON + number, until=NOON + 100)
        for number in range(12)
    ]
    random.Random(7).shuffle(events)
    snoozes = known(*events).experiences["welcome"].snoozes
    assert [snoozed.at for snoozed in snoozes] == [NOON + number for number in range(2, 12)]


def test_a_task_is_done_at_the_latest_instant_that_was_told() -> None:
    said = [
        a_lifecycle_event("m1", "task_completed", "start", at=NOON + 9, task="invite"),
        a_lifecycle_event("m2", "task_completed", "start", at=NOON + 3, task="invite"),
        a_lifecycle_event("m3", "task_skipped", "start", at=NOON + 5, task="invite"),
        a_lifecycle_event("m4", "task_skipped", "start", at=NOON + 7, task="look"),
    ]
    state = known(*said).experiences["start"]
    assert (state.done, state.skipped) == ({"invite": NOON + 9}, {"invite": NOON + 5, "look": NOON + 7})
    assert (state.first_seen, state.completed) == (NOON + 3, 0)


def test_a_task_without_a_usable_key_is_seen_only() -> None:
    for task in (None, 7, "", "x" * 101):
        state = known(a_lifecycle_event("m1", "task_completed", "start", task=task)).experiences["start"]
        assert (state.first_seen, state.done) == (NOON, {})


def test_the_hundred_latest_tasks_are_kept_in_any_order_of_arrival() -> None:
    said = [
        a_lifecycle_event(f"m{number:03}", "task_completed", "start", at=NOON + number, task=f"t{number:03}")
        for number in range(130)
    ]
    for events in (said, said[::-1], random.Random(7).sample(said, len(said))):
        assert set(known(*events).experiences["start"].done) == {f"t{number:03}" for number in range(30, 130)}


def test_a_snooze_without_a_usable_end_still_counts_as_seen() -> None:
    for until in (None, "tomorrow", True, 1e300):
        state = known(a_lifecycle_event("m1", "experience_snoozed", "welcome", until=until)).experiences["welcome"]
        assert (state.first_seen, state.snoozes) == (NOON, [])


def test_events_with_a_user_count_for_the_user_and_those_without_for_the_device_they_link() -> None:
    events = [
        an_event("m1", anonymous_id="phone"),
        an_event("m2", anonymous_id="phone", user_id="ann"),
        an_event("m3", "identify", anonymous_id="phone", user_id="ann"),
    ]
    state = folded(events)
    assert sum(user(state).counters["all"].values()) == 2
    assert sum(user(state, "phone", None).counters["all"].values()) == 2


def test_a_shared_device_belongs_to_whom_it_saw_first_and_later_users_keep_their_own() -> None:
    events = [
        an_event("m0", "identify", anonymous_id="kiosk", traits={"theme": "dark"}),
        an_event("m1", "identify", anonymous_id="kiosk", user_id="ann", at=NOON + 1),
        an_event("m2", "identify", anonymous_id="kiosk", user_id="bob", at=NOON + 2, traits={"plan": "pro"}),
    ]
    assert known(*events).custom == {"theme": "dark"}
    assert known(*events, user_id="bob").custom == {"plan": "pro"}


def test_first_and_last_seen_and_visits_follow_from_events() -> None:
    found = known(
        an_event("m1", "page", at=NOON + 3 * HOUR),
        an_event("m2", "page", at=NOON),
        an_event("m3", "page", at=NOON + HOUR // 2),
        an_event("m4", at=NOON + 5 * HOUR),
    )
    assert found.native == {
        "first_seen": "2026-11-24T12:00:00.000Z",
        "last_seen": "2026-11-24T17:00:00.000Z",
        "visits": 2,
    }


def test_a_visit_over_midnight_is_one() -> None:
    assert count_visits({10: 1 << 47, 11: 1}) == 1
    assert count_visits({10: 1 << 47, 12: 1}) == 2
    assert count_visits({10: 0b1011}) == 2
    assert count_visits({}) == 0


def test_a_person_is_verified_since_the_first_proof_for_any_of_their_ids() -> None:
    state = folded(
        [
            an_event("m1", "identify", at=NOON + 9, user_id="ann", verified="signature"),
            an_event("m2", "identify", at=NOON + 5, user_id="bob", verified="signature"),
            an_event("m3", "alias", user_id="ann", previous_id="bob"),
            an_event("m4", "identify", user_id="carl", verified="key"),
        ]
    )
    assert [user(state, user_id=each).verified for each in ("ann", "bob", "carl")] == [NOON + 5, NOON + 5, 0]


def test_a_device_that_belongs_to_nobody_yet_is_known_by_itself() -> None:
    state = folded([an_event("m1", "identify", anonymous_id="device", traits={"plan": "trial"})])
    assert user(state, "device", None).custom["plan"].value == "trial"


def test_merging_shares_nothing_with_what_it_merged() -> None:
    state = folded([an_event("m1"), a_lifecycle_event("m2", "experience_seen", "welcome")])
    before = folded([an_event("m1"), a_lifecycle_event("m2", "experience_seen", "welcome")])
    whole = user(state)
    whole.counters["all"][1] = 99
    whole.experiences["welcome"].last_seen = 0
    assert state == before


def test_someone_unknown_has_no_first_day() -> None:
    assert facts(Subject(), None, 0, 0, "UTC").native == {"visits": 0}


def answered(number: int, question: object, answer: object, at: int = NOON) -> Event:
    return a_lifecycle_event(f"m{number:03}", "question_answered", "nps", at=at, step=question, answer=answer)


def test_an_answer_is_kept_with_who_said_it_last_and_implies_seeing() -> None:
    state = known(answered(1, "score", 3), answered(2, "score", 9, NOON + 1), answered(3, "why", ["a", "b"], NOON + 2))
    nps = state.experiences["nps"]
    assert {question: written.value for question, written in nps.answers.items()} == {"score": 9, "why": ["a", "b"]}
    assert (nps.first_seen, nps.answered, nps.last_seen) == (NOON, NOON + 2, NOON + 2)


def test_an_answer_that_comes_twice_is_one() -> None:
    once, twice = known(answered(1, "score", 9)), known(answered(1, "score", 9), answered(1, "score", 9))
    assert once.experiences == twice.experiences


def test_an_answer_that_was_taken_back_is_none() -> None:
    nps = known(answered(1, "score", 9), answered(2, "score", None, NOON + 1)).experiences["nps"]
    assert nps.answers["score"].value is None
    assert nps.answered == NOON


@pytest.mark.parametrize("question", ["", "a b", None, 3, "x" * 101])
def test_an_answer_to_what_can_be_no_question_is_not_kept(question: object) -> None:
    assert known(answered(1, question, 9)).experiences == {}


@pytest.mark.parametrize("answer", [{"a": 1}, ["a", 1], "x" * 4001, [["a"]]])
def test_an_answer_of_no_kind_is_not_kept(answer: object) -> None:
    assert known(answered(1, "score", answer)).experiences == {}


def test_a_long_answer_is_kept_whole() -> None:
    nps = known(answered(1, "why", "x" * 4000)).experiences["nps"]
    assert nps.answers["why"].value == "x" * 4000


def test_made_up_questions_do_not_grow_a_person_without_end() -> None:
    events = [answered(number, f"q{number}", 1, NOON + number) for number in range(130)]
    forth, back = known(*events), known(*reversed(events))
    assert set(forth.experiences["nps"].answers) == {f"q{number}" for number in range(30, 130)}
    assert back.experiences == forth.experiences
