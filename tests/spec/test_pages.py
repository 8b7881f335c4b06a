"""URL rules have one meaning: each case of `spec/cases/pages` is answered as the file says."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.cases import load_cases

from handrail.compile.patterns import found
from handrail.core.conditions.model import Device, PagePart
from handrail.core.pages import UrlOperator, UrlRule, Where, covers, covers_rule, part_of

CASES = load_cases("pages")


def test_every_part_and_operator_is_asked() -> None:
    asked = {
        (rule["part"], rule["operator"])
        for case in CASES
        for which in ("include", "exclude")
        for rule in case.values[0]["where"].get(which, ())
    }
    assert {part for part, _ in asked} == set(get_args(PagePart))
    assert {operator for _, operator in asked} == set(get_args(UrlOperator))
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES)
def test_a_page_is_covered_as_the_case_says(case: Any) -> None:
    where = msgspec.convert(case["where"], Where)
    device: Device = case.get("device", "desktop")
    assert covers(where, case["url"], device, found) is case["matches"]


RULES = st.builds(
    UrlRule,
    part=st.sampled_from(get_args(PagePart)),
    operator=st.sampled_from(get_args(UrlOperator)),
    value=st.text(max_size=20),
    name=st.none() | st.text(max_size=5),
)
ADDRESSES = st.text(max_size=60) | st.builds(
    "https://{}/{}?{}#{}".format, *[st.text(max_size=15)] * 4, st.sampled_from(("", "a=%FF", "%"))
)


@given(rule=RULES, url=ADDRESSES)
@example(rule=UrlRule("query", "contains", "", "a"), url="https://app.example/?a=%FF")
@example(rule=UrlRule("url", "contains", ""), url="https://\ud800/")
@example(rule=UrlRule("path", "equals", "/\ud800"), url="https://app.example/")
def test_any_rule_has_an_answer_for_any_text(rule: UrlRule, url: str) -> None:
    assert covers_rule(rule, url, found) in (True, False)


@given(url=ADDRESSES, part=st.sampled_from(("url", "path", "hash")))
def test_a_part_of_an_address_equals_itself(url: str, part: PagePart) -> None:
    actual = part_of(UrlRule(part, "equals", ""), url)
    if actual is not None and not actual.startswith("#"):
        assert covers_rule(UrlRule(part, "equals", actual), url, found)
