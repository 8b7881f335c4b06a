"""Every way in obeys what `spec/tables/entry.json` says, no more and no less."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from tests.support.cases import SPEC, load_cases

from handrail.core.arbitration import CLASSES
from handrail.core.entry import CHECKS, CLASS_OF, OBEYS, Check, Entry, refusal

TABLE = json.loads((SPEC / "tables" / "entry.json").read_text())
ROWS = {row["entry"]: row for row in TABLE["entries"]}


def test_the_ways_in_are_those_of_the_table() -> None:
    assert list(get_args(Entry)) == list(ROWS)
    assert list(CLASSES) == TABLE["classes"]
    assert {entry: row["class"] for entry, row in ROWS.items()} == CLASS_OF


@pytest.mark.parametrize("entry", ROWS)
def test_a_way_in_obeys_what_its_row_says(entry: Entry) -> None:
    said = {check: ROWS[entry][check] for check in get_args(Check)}
    assert set(said.values()) <= {"obeyed", "skipped"}
    assert {check for check in CHECKS if said[check] == "obeyed"} == OBEYS[entry]


@pytest.mark.parametrize("case", load_cases("entry"))
def test_a_way_in_is_refused_as_the_case_says(case: Any) -> None:
    because = refusal(case["entry"], case["fails"])
    assert (because is None) is case["shows"]
    assert because == case.get("because")
