"""Who is who, and what is cut off an event, as `spec/cases/identity_links` and `spec/cases/scrub` say."""

from __future__ import annotations

import itertools
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.cases import load_cases
from tests.support.events import NOON, an_event

from handrail.core.fold import FoldRules, State, company_id, facts, fold, merge, subjects_of
from handrail.core.people import Subject
from handrail.core.scrub import ScrubRules, scrub, scrub_address

LINKS = load_cases("identity_links")


def orders(case: Any) -> list[list[int]]:
    """Every order of a case's events, or many of them."""
    count = len(case["events"])
    if count <= 4:
        return [list(each) for each in itertools.permutations(range(count))]
    choose = random.Random(count)
    return [choose.sample(range(count), count) for _ in range(50)]


def subject(state: State, named: str) -> Subject:
    return merge(state.subjects[key] for key in ids(state, named) if key in state.subjects)


def ids(state: State, named: str) -> list[tuple[str, str]]:
    anonymous, user = (named[2:], None) if named.startswith("a:") else (None, named[2:])
    return subjects_of(state, "production", anonymous, user)


@pytest.mark.parametrize("case", LINKS)
def test_people_are_who_the_case_says_in_every_order_of_arrival(case: Any) -> None:
    events = [
        an_event(
            f"m{number}",
            each["type"],
            at=NOON + each["at"],
            **{k: v for k, v in each.items() if k not in ("at", "type")},
        )
        for number, each in enumerate(case["events"])
    ]
    for order in orders(case):
        state = State()
        fold(state, [events[at] for at in order], lambda _: FoldRules())
        for named, expected in case["people"].items():
            assert sorted(key for _, key in ids(state, named)) == expected, named
        for named, expected in case["custom"].items():
            assert facts(subject(state, named), None, 0, 0, "UTC").custom == expected, named
        for named, expected in case.get("companies", {}).items():
            assert company_id(subject(state, named)) == expected


@pytest.mark.parametrize("case", load_cases("scrub"))
def test_an_address_keeps_what_the_case_says(case: Any) -> None:
    assert scrub_address(case["address"], tuple(case["allow"])) == case["kept"]


def body_of(event: Any) -> dict[str, Any]:
    return msgspec.json.decode(event.body)


def test_two_hundred_planted_secrets_are_in_no_place_that_holds_an_address() -> None:
    secrets = [f"planted-{number}" for number in range(200)]
    at = iter(secrets)
    places = ("url", "referrer", "search", "path", "href", "link", "URL", "Referrer", "initial_referrer", "referer")
    events = [
        an_event(
            "m",
            "page",
            user_id="ann",
            properties={place: f"https://x.example/{form.format(next(at))}" for place in places},
        )
        for form in (
            "?q={}",
            "a?x=1&t={}",
            "#t={}",
            "#/r?t={}",
            "?a#b={}",
            "?{}",
            "?a=b?c={}",
            "?={}",
            "#a=1&b={}",
            "?x[]={}",
        )
        for _ in range(2)
    ]
    assert next(at, None) is None
    kept = b"".join(bytes(scrub(event, ScrubRules()).body) for event in events)
    assert [each for each in secrets if each.encode() in kept] == []


def test_letters_that_are_written_as_escapes_are_found_as_well() -> None:
    body = msgspec.Raw(rb'{"context":{"\u0069p":"10.0.0.1"},"properties":{"url":"/a\u003ftoken=s"}}')
    kept = body_of(scrub(msgspec.structs.replace(an_event("m"), body=body), ScrubRules()))
    assert kept == {"context": {}, "properties": {"url": "/a"}}


def test_an_ip_is_dropped_unless_it_is_asked_for_and_a_trait_of_that_name_is_no_ip() -> None:
    event = msgspec.structs.replace(
        an_event("m", "identify"),
        body=msgspec.Raw(b'{"traits":{"ip":"mine"},"context":{"ip":"10.0.0.1","locale":"en"}}'),
    )
    assert body_of(scrub(event, ScrubRules())) == {"traits": {"ip": "mine"}, "context": {"locale": "en"}}
    assert scrub(event, ScrubRules(keep_ip=True)) is event


def test_named_members_are_dropped_in_any_case() -> None:
    event = an_event("m", "identify", traits={"Password": "x", "plan": "pro"}, properties={"card": 1})
    assert body_of(scrub(event, ScrubRules(drop=("password", "CARD")))) == {"traits": {"plan": "pro"}, "properties": {}}


def test_an_event_with_nothing_to_cut_is_the_same_one() -> None:
    for event in (an_event("m"), an_event("m", "page", properties={"url": "https://x.example/a", "title": "What?"})):
        assert scrub(event, ScrubRules()) is event


@given(body=st.binary(max_size=200))
def test_whatever_a_body_holds_it_is_never_an_error(body: bytes) -> None:
    event = msgspec.structs.replace(an_event("m"), body=msgspec.Raw(body))
    scrub(event, ScrubRules(drop=("x",)))
