"""The small parts of conditions: the operator table, counters, names, and lines that explain."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.cases import SPEC

from handrail.compile.patterns import found
from handrail.core.conditions.counters import count, counter_id, counters_in
from handrail.core.conditions.evaluate import World, evaluate
from handrail.core.conditions.model import AttributeCondition, EventCondition, parse_condition
from handrail.core.conditions.names import names_in
from handrail.core.conditions.operators import NEGATIVE, ROWS, holds, row_of
from handrail.core.people import AttributeValue, Facts

TABLE = json.loads((SPEC / "tables" / "operators.json").read_text())["operators"]
VALUES: dict[str, Any] = {
    "text": "x",
    "pattern": "x",
    "list of text": ("x",),
    "number": 1,
    "two numbers": (1, 2),
    "boolean": True,
    "list of scalars": ("x",),
    "date": "2026-11-24",
    "two dates": ("2026-11-24", "2026-11-25"),
    "whole days, 1 or more": 1,
    "whole days, 0 or more": 0,
    "nothing": None,
}
OF_TYPE: dict[str, AttributeValue] = {"text": "z", "number": 7, "boolean": False, "array": ["z"], "date": "2026-11-24"}


def test_the_table_and_the_code_name_the_same_operators() -> None:
    assert [(row["type"], row["operator"]) for row in TABLE] == [(row, each) for row in ROWS for each in ROWS[row]]
    negative = {row["operator"] for row in TABLE if row["on_missing"] and row["on_wrong_type"]}
    assert negative == NEGATIVE


@pytest.mark.parametrize("row", TABLE, ids=[f"{row['type']} {row['operator']}" for row in TABLE])
def test_an_operator_makes_of_missing_and_wrong_types_what_its_row_says(row: Any) -> None:
    condition = AttributeCondition("custom.x", row["operator"], VALUES[row["value"]])
    assert row_of(condition) == row["type"]
    assert holds(condition, None, today=1, zone="UTC", found=found) is row["on_missing"]
    if row["type"] != "any":
        # A date is text, and text that is no date is of the wrong type for a date.
        wrong = [value for kind, value in OF_TYPE.items() if kind not in (row["type"], "date")]
        wrong = [value for value in wrong if not (row["type"] == "text" and isinstance(value, str))]
        assert len(wrong) >= 3
        for value in wrong:
            assert holds(condition, value, today=1, zone="UTC", found=found) is row["on_wrong_type"], value


def test_a_counter_is_named_by_its_event_and_filter_alone() -> None:
    asked = EventCondition("Saved", where=parse_condition({"attribute": "property.total", "operator": ">", "value": 3}))
    same = EventCondition("Saved", "=", 7, 30, asked.where)
    assert counter_id(asked) == counter_id(same)
    assert len(counter_id(asked)) == 18
    assert counter_id(asked) != counter_id(EventCondition("Saved"))
    assert counter_id(EventCondition("Saved")) != counter_id(EventCondition("saved"))


def test_counters_are_found_through_segments_and_groups() -> None:
    segments = {"a": parse_condition({"not": {"event": "Saved"}})}
    condition = parse_condition(
        {"all": [{"segment": "a"}, {"any": [{"event": "Opened"}, {"event": "Saved", "value": 2}]}]}
    )
    assert {leaf.event for leaf in counters_in(condition, segments).values()} == {"Saved", "Opened"}
    assert len(counters_in(condition, segments)) == 2
    assert counters_in(None, segments) == {}


def test_a_window_counts_whole_days_up_to_today() -> None:
    days = {10: 1, 13: 2, 14: 4, 15: 8}
    assert count(days, None, 14) == 15
    assert count(days, 1, 14) == 4
    assert count(days, 2, 14) == 6
    assert count(days, 5, 14) == 7


def test_names_are_all_that_could_flip_a_verdict() -> None:
    segments = {"a": parse_condition({"attribute": "native.email", "operator": "is_set"})}
    condition = parse_condition(
        {
            "any": [
                {"attribute": "custom.plan", "operator": "is", "value": "pro"},
                {"not": {"segment": "a"}},
                {"event": "Saved"},
                {"experience": "welcome", "fact": "seen"},
                {"device": ["mobile"]},
            ]
        }
    )
    names = names_in([condition, None, condition], segments)
    assert names.attributes == ("custom.plan", "native.email")
    assert (names.events, names.experiences, names.segments) == (("Saved",), ("welcome",), ("a",))
    assert names.asks_days is False
    dated = parse_condition({"not": {"event": "Saved", "within_days": 7}})
    assert names_in([condition, dated], segments).asks_days is True


def test_every_line_of_an_explanation_carries_its_verdict_and_value() -> None:
    facts = Facts(custom={"seats": 5}, events={}, today=1)
    condition = parse_condition(
        {
            "all": [
                {"attribute": "custom.seats", "operator": ">", "value": 3},
                {"attribute": "custom.plan", "operator": "is", "value": "pro"},
                {"page": "path", "operator": "equals", "value": "/"},
                {"segment": "gone"},
            ]
        }
    )
    line = evaluate(condition, World(facts, {}, None, found))
    assert line.verdict is False
    told = [(each.text, each.verdict, each.actual, each.note) for each in line.lines]
    assert told[0] == ("custom.seats > 3", True, 5, "")
    assert told[1] == ('custom.plan is "pro"', False, None, "missing")
    assert told[2][1:] == (None, None, "only the browser can tell")
    assert told[3] == ("segment gone", False, None, "no such segment")
