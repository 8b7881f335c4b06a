"""Case files: `spec/cases/<room>/<question>.json`, and what a condition's case says turned into facts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from handrail.compile.filters import property_filter
from handrail.core.conditions.counters import counter_id, counters_in
from handrail.core.conditions.evaluate import Browser
from handrail.core.conditions.model import Condition, parse_condition
from handrail.core.events import Stamp
from handrail.core.people import NO_CLAIM, AttributeValue, Claim, ExperienceState, Facts, Snoozed, Written
from handrail.core.values import Refused, check_attribute, day_of, instant_of

SPEC = Path(__file__).parents[2] / "spec"
NOW = "2026-11-24T12:00:00Z"


def load_cases(room: str) -> list[Any]:
    """Every case of a room as a pytest parameter whose id is its file and name."""
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted((SPEC / "cases" / room).glob("*.json"))
        for case in json.loads(path.read_text())["cases"]
    ]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One case of `spec/cases/conditions`, parsed."""

    condition: Condition
    segments: dict[str, Condition]
    facts: Facts
    events: tuple[Happened, ...]
    browser: Browser
    matches: bool
    server: bool | None
    """The verdict without a browser, None for deferred."""


class Happened(msgspec.Struct, frozen=True):
    """One event of a case's user."""

    event: str
    at: int
    properties: dict[str, object]


def asked(case: Mapping[str, Any]) -> Asked:
    """What a condition's case says, its user's events counted as the fold would."""
    condition = parse_condition(case["condition"])
    segments = {key: parse_condition(each) for key, each in case.get("segments", {}).items()}
    zone = case.get("zone", "UTC")
    now = instant(case.get("now", NOW))
    user = case["user"]
    events = tuple(
        Happened(each["event"], instant(each["at"]), each.get("properties", {})) for each in user.get("events", ())
    )
    viewport = case.get("viewport", {})
    return Asked(
        condition=condition,
        segments=segments,
        facts=Facts(
            native=attributes(user.get("native", {})),
            custom=attributes(user.get("custom", {})),
            company=attributes(user.get("company", {})),
            experiences={key: experience(each) for key, each in user.get("experiences", {}).items()},
            events=counted([condition], segments, events, zone),
            users=frozenset(user.get("ids", ())),
            today=day_of(now, zone),
            now=now,
            zone=zone,
        ),
        events=events,
        browser=Browser(
            url=case.get("page", "about:blank"),
            device=case.get("device", "desktop"),
            width=viewport.get("width", 0),
            height=viewport.get("height", 0),
            elements=case.get("elements", {}),
        ),
        matches=case["matches"],
        server=None if case.get("server") == "deferred" else case.get("server", case["matches"]),
    )


def counted(
    conditions: Sequence[Condition], segments: Mapping[str, Condition], events: Sequence[Happened], zone: str
) -> dict[str, dict[int, int]]:
    """Counts per day of the events that the conditions ask for, by counter."""
    counts: dict[str, dict[int, int]] = {}
    wanted = {key: leaf for condition in conditions for key, leaf in counters_in(condition, segments).items()}
    for leaf in wanted.values():
        keeps = property_filter(leaf.where, zone)
        days = counts.setdefault(counter_id(leaf), {})
        for each in events:
            if each.event == leaf.event and keeps(each.properties):
                day = day_of(each.at, zone)
                days[day] = days.get(day, 0) + 1
    return counts


def attributes(values: Mapping[str, object]) -> dict[str, AttributeValue]:
    """Attributes as the door would keep them: null unsets, what is refused is not there."""
    kept: dict[str, AttributeValue] = {}
    for name, value in values.items():
        checked = check_attribute(value)
        if checked is not None and not isinstance(checked, Refused):
            kept[name] = checked
    return kept


def experience(state: Mapping[str, Any]) -> ExperienceState:
    """An experience's state from the instants of a case."""
    return ExperienceState(
        first_seen=instant(state.get("first_seen")),
        last_seen=instant(state.get("last_seen")),
        completed=instant(state.get("completed")),
        dismissed=instant(state.get("dismissed")),
        answered=instant(state.get("answered")),
        snoozes=[
            Snoozed(instant(each["at"]), str(at), instant(each["until"]))
            for at, each in enumerate(state.get("snoozes", ()))
        ],
        answers={
            question: Written(
                cast("AttributeValue", check_attribute(each["value"])), Stamp(instant(each["at"]), question)
            )
            for question, each in state.get("answers", {}).items()
        },
        reset=instant(state.get("reset")),
        claim=Claim(instant(state["claim"]["at"]), state["claim"]["claimant"]) if "claim" in state else NO_CLAIM,
    )


def instant(text: str | None) -> int:
    """The instant that a case names, 0 for none."""
    if text is None:
        return 0
    found = instant_of(text, "UTC")
    assert found is not None, f"{text!r} is no instant"
    return found
