"""FQL has one meaning in each mode: cases hold the parser, the reference answer and the compiled predicate together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.cases import load_cases

from handrail.core.errors import Invalid
from handrail.segmentio.fql import full, strict
from handrail.segmentio.fql.triggers import Mode, compile_trigger, oddities, why_not

CASES = load_cases("fql")
STRICT = [case for case in CASES if str(case.id).startswith("strict")]
FULL = [case for case in CASES if str(case.id).startswith("full") and "refused" not in case.values[0]]
REFUSED = [case for case in CASES if "refused" in case.values[0]]


def test_every_observed_behaviour_is_a_case() -> None:
    assert len(STRICT) >= 45
    assert len(FULL) >= 55


@pytest.mark.parametrize("case", STRICT)
def test_strict_triggers_are_parsed_as_segment_does(case: Any) -> None:
    assert json.loads(msgspec.json.encode(strict.parse(case["fql"]))) == case["parsed"]


@pytest.mark.parametrize("case", STRICT)
def test_strict_triggers_match_as_segment_says(case: Any) -> None:
    assert strict.matches(strict.parse(case["fql"]), case["event"]) is case["matches"]
    assert compile_trigger(case["fql"], "strict")(case["event"]) is case["matches"]


@pytest.mark.parametrize("case", STRICT)
def test_what_cannot_be_parsed_is_told_to_its_author(case: Any) -> None:
    assert (why_not(case["fql"], "strict") is not None) is ("error" in case["parsed"])


@pytest.mark.parametrize("case", FULL)
def test_full_triggers_match_as_the_reference_says(case: Any) -> None:
    assert full.matches(full.parse(case["fql"]), case["event"]) is case["matches"]
    assert compile_trigger(case["fql"], "full")(case["event"]) is case["matches"]


@pytest.mark.parametrize("case", REFUSED)
def test_full_triggers_that_cannot_be_read_are_refused_with_a_reason(case: Any) -> None:
    assert why_not(case["fql"], "full")
    with pytest.raises(Invalid):
        compile_trigger(case["fql"], "full")


@pytest.mark.parametrize("mode", ["strict", "full"])
@pytest.mark.parametrize("opening", ["(", "!(", "[", "contains(", "!", "-"])
def test_a_thousand_levels_are_refused_and_break_nothing(opening: str, mode: Mode) -> None:
    text = opening * 1000 + "type"
    assert why_not(text, mode) or mode == "full", text[:20]
    assert len(str(why_not(text, mode))) < 300


def test_oddities_of_strict_triggers_are_named() -> None:
    assert [each.code for each in oddities("event = 'a'")] == ["single_quotes"]
    assert [each.code for each in oddities('type = "a" and event = "b" or event = "c"')] == ["mixed_joins"]
    assert [each.code for each in oddities('!(type = "a")')] == ["negated_group"]
    assert [each.code for each in oddities('type = "track" and groupId = "g"')] == ["unknown_field"]
    assert oddities('type = "track" and (event = "b" or event = "c")') == []


# Generated: the reference answer and the compiled predicate never part, and no text breaks either.

WORDS = st.sampled_from(
    ("type", "event", "name", "userId", "properties.a", "traits.a.b", "context", "anonymousId", "contains(", "match(",
     "and", "or", "!", "(", ")", "[", "]", ",", "=", "!=", "<", "<=", ">", ">=", "in", "null", "true", "false", "5",
     "-1.5", '"a"', "'a'", '"a*"', '"*a"', "length(", "typeof(", "\\", ".", "an", "n")
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=12).flatmap(lambda words: st.sampled_from((" ".join(words), "".join(words))))
SCALARS = st.sampled_from((None, True, False, 0, 5, -1.5, "", "a", "xa", "ab", "null", "eos"))
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.sampled_from("ab"), SCALARS, max_size=2))
EVENTS = st.dictionaries(
    st.sampled_from(("type", "event", "name", "userId", "properties", "traits", "context", "anonymousId")), VALUES
)


@settings(max_examples=1500)
@given(TEXTS | st.text(max_size=30), EVENTS)
def test_the_compiled_predicate_is_the_reference(text: str, event: Mapping[str, object]) -> None:
    assert compile_trigger(text, "strict")(event) is strict.matches(strict.parse(text), event)
    if why_not(text, "full") is None:
        assert compile_trigger(text, "full")(event) is full.matches(full.parse(text), event)
