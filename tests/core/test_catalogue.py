"""The catalogue stays bounded whatever is sent, and says which kinds of value came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.events import NOON, an_event

from handrail.core.catalogue import MAX_ATTRIBUTES, MAX_DISTINCT, MAX_EVENTS, Catalogue, conflicts, observe, type_of

DAY = 86_400_000


def seen(*traits: Mapping[str, Any]) -> Catalogue:
    catalogue = Catalogue()
    observe(catalogue, [an_event(f"m{number}", "identify", traits=dict(each)) for number, each in enumerate(traits)])
    return catalogue


def test_attributes_carry_their_source_and_type() -> None:
    catalogue = seen(
        {"email": "a@example.com", "plan": "pro", "seats": 3, "paid": True, "tags": ["a"], "since": "2026-01-01"}
    )
    types = {name: type_of(each) for name, each in catalogue.attributes.items()}
    assert types == {
        "custom.email": "text",
        "custom.plan": "text",
        "custom.seats": "number",
        "custom.paid": "boolean",
        "custom.tags": "array",
        "custom.since": "date",
        "native.email": "text",
    }
    observe(catalogue, [an_event("g", "group", group_id="acme", traits={"tier": "gold"}), an_event("t", name="Paid")])
    assert (type_of(catalogue.attributes["company.tier"]), list(catalogue.events)) == ("text", ["Paid"])


def test_kinds_that_differ_are_a_conflict_and_null_is_none() -> None:
    catalogue = seen(
        {"seats": 3}, {"seats": "3"}, {"seats": 4}, {"seats": None}, {"plan": "pro"}, {"plan": "2026-01-01"}
    )
    assert (type_of(catalogue.attributes["custom.seats"]), conflicts(catalogue.attributes["custom.seats"])) == (
        "number",
        ["number", "text"],
    )
    assert catalogue.attributes["custom.seats"].count == 3
    assert conflicts(catalogue.attributes["custom.plan"]) == [], "a date is text that names a day"
    assert type_of(catalogue.attributes["custom.plan"]) == "text"


def test_refused_values_are_counted_with_their_reason() -> None:
    catalogue = seen({"x": {"a": 1}}, {"x": "y" * 701}, {"x": [1, "a"]}, {"y": {}})
    assert (catalogue.attributes["custom.x"].kinds, catalogue.attributes["custom.x"].refused) == (
        {"refused": 3},
        "a list of mixed types",
    )
    assert type_of(catalogue.attributes["custom.y"]) is None


def test_ten_thousand_made_up_names_push_out_made_up_names_only() -> None:
    catalogue = Catalogue()
    observe(catalogue, [an_event(f"r{number}", "identify", traits={"plan": "pro"}) for number in range(5)])
    observe(catalogue, [an_event(f"o{number}", name="Order") for number in range(5)])
    for number in range(10_000):
        observe(catalogue, [an_event(f"m{number}", "identify", traits={f"made-up-{number}": 1})])
        observe(catalogue, [an_event(f"e{number}", name=f"made-up-{number}")])
    assert len(catalogue.attributes) <= MAX_ATTRIBUTES
    assert len(catalogue.events) <= MAX_EVENTS
    assert catalogue.forgotten >= 2 * (10_000 - 1000)
    assert (catalogue.attributes["custom.plan"].count, catalogue.events["Order"].count) == (5, 5)


def test_distinct_values_are_told_apart_up_to_a_bound_and_none_is_kept() -> None:
    catalogue = seen(*({"id": f"value-{number}"} for number in range(1000)), {"id": "value-1"})
    assert len(catalogue.attributes["custom.id"].distinct) == MAX_DISTINCT
    assert "value-" not in str(catalogue)


def test_a_name_that_is_too_long_is_passed_over() -> None:
    assert seen({"x" * 201: 1, "__proto__": 1}).attributes.keys() == {"custom.__proto__"}


def test_coverage_counts_calls_that_name_a_user_over_the_last_days() -> None:
    catalogue = Catalogue()
    observe(catalogue, [an_event("old", received_at=NOON - 8 * DAY)])
    observe(catalogue, [an_event(f"s{number}", verified="signature") for number in range(3)])
    observe(catalogue, [an_event("u"), an_event("k", verified="key"), an_event("a", user_id=None, anonymous_id="x")])
    coverage = catalogue.coverage(NOON)
    assert (coverage.signed, coverage.unsigned, coverage.share) == (3, 1, 0.75)
    assert Catalogue().coverage(NOON).share is None
