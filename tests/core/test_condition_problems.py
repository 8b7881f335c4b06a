"""Problems of conditions: all of them, each at its place, and whatever has none compiles."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.questions import PATTERNS, Questions

from handrail.compile.patterns import why_not
from handrail.compile.predicates import compile_audiences
from handrail.compile.queries import Scope, audience
from handrail.core.conditions.evaluate import World, evaluate
from handrail.core.conditions.model import Condition, parse_condition
from handrail.core.conditions.problems import condition_problems
from handrail.core.errors import Invalid
from handrail.core.experiences.problems import Surroundings
from handrail.core.people import Facts

PLAN = {"attribute": "custom.plan", "operator": "is", "value": "pro"}


def problems(condition: Any, segments: dict[str, Any] | None = None, inside: tuple[str, ...] = ()) -> list[str]:
    """Code and path of each problem."""
    parsed = {key: parse_condition(each) for key, each in (segments or {}).items()}
    around = Surroundings(segments=parsed, check_pattern=why_not)
    found = condition_problems(parse_condition(condition), "audience", around, inside=inside)
    return [f"{each.code} {each.path}" for each in found]


def leaf(operator: str, *value: object, attribute: str = "custom.x") -> dict[str, object]:
    return {"attribute": attribute, "operator": operator, **({"value": value[0]} if value else {})}


def test_a_sound_condition_has_no_problems() -> None:
    assert (
        problems({"all": [PLAN, {"any": [leaf("within_last", 7), {"not": {"event": "Saved", "where": PROPERTY}}]}]})
        == []
    )


def answered(operator: str, value: object) -> dict[str, object]:
    return {"experience": "nps", "fact": "answered", "question": "score", "operator": operator, "value": value}


def last_time(operator: str, value: object, **more: object) -> dict[str, object]:
    return {"event_time": "Saved", "which": "last", "operator": operator, "value": value, **more}


def test_a_comparison_of_an_answer_needs_its_question() -> None:
    condition = {"experience": "nps", "fact": "answered", "operator": "between", "value": [9, 10]}
    assert problems(condition) == ["answer audience.value", "answer audience.operator"]


PROPERTY = {"attribute": "property.total", "operator": ">", "value": 3}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"event": "Saved", "operator": ">=", "value": -1}, "count audience.value"),
        ({"event": "Saved", "operator": ">=", "value": 10**400}, "count audience.value"),
        (leaf("is", "x", attribute="plan"), "attribute_source audience.attribute"),
        (leaf("is", "x", attribute="custom."), "attribute_source audience.attribute"),
        (leaf("is", "x", attribute="property.plan"), "attribute_source audience.attribute"),
        (leaf("equals", "x"), "unknown_operator audience.operator"),
        (leaf("is", 15), "operator_value audience.value"),
        (leaf("is"), "operator_value audience.value"),
        (leaf("="), "operator_value audience.value"),
        (leaf("=", "15"), "operator_value audience.value"),
        (leaf("=", True), "operator_value audience.value"),
        (leaf("=", float("nan")), "operator_value audience.value"),
        (leaf("<", float("inf")), "operator_value audience.value"),
        (leaf("between", [1]), "operator_value audience.value"),
        (leaf("between", [1, "2026-01-01"]), "operator_value audience.value"),
        (leaf("between", ["a", "b"]), "operator_value audience.value"),
        (leaf("contains", ["a"]), "operator_value audience.value"),
        (leaf("one_of", "a"), "operator_value audience.value"),
        (leaf("one_of", ["a", 1]), "operator_value audience.value"),
        (leaf("has_any", "a"), "operator_value audience.value"),
        (leaf("before", "tomorrow"), "operator_value audience.value"),
        (leaf("before", "2026-02-29"), "operator_value audience.value"),
        (leaf("within_last", 0), "operator_value audience.value"),
        (leaf("within_last", 1.5), "operator_value audience.value"),
        (leaf("more_than_ago", -1), "operator_value audience.value"),
        (leaf("more_than_ago", 10**9), "operator_value audience.value"),
        (leaf("is_set", "x"), "operator_value audience.value"),
        (leaf("matches", "("), "pattern audience.value"),
        ({"page": "path", "operator": "matches", "value": "(?i)x"}, "pattern audience.value"),
        ({"page": "query", "operator": "equals", "value": "x"}, "query_name audience.name"),
        ({"page": "path", "operator": "equals", "value": "x", "name": "tab"}, "query_name audience.name"),
        ({"element": " "}, "empty_name audience.element"),
        ({"device": []}, "devices audience.device"),
        ({"event": ""}, "empty_name audience.event"),
        ({"event": "Saved", "value": -1}, "count audience.value"),
        ({"event": "Saved", "within_days": 0}, "days audience.within_days"),
        ({"event": "Saved", "within_days": 10**6}, "days audience.within_days"),
        ({"event": "Saved", "where": PLAN}, "attribute_source audience.where.attribute"),
        ({"event": "Saved", "where": {"device": ["mobile"]}}, "filter_leaf audience.where"),
        ({"event": "Saved", "where": {"segment": "big"}}, "filter_leaf audience.where"),
        (
            {"event": "Saved", "where": {"not": leaf("within_last", 3, attribute="property.due")}},
            "filter_window audience.where.not.operator",
        ),
        ({"experience": "welcome", "fact": "seen", "within_days": 0}, "days audience.within_days"),
        ({"experience": "welcome", "fact": "seen", "question": "score"}, "answer audience.question"),
        ({"experience": "welcome", "fact": "answered", "value": 3}, "answer audience.value"),
        (answered("is_not", "daily"), "answer_operator audience.operator"),
        (answered("before", "2026-11-24"), "answer_operator audience.operator"),
        (answered("is_set", None), "answer_operator audience.operator"),
        (answered("almost", 9), "answer_operator audience.operator"),
        (answered("between", [9]), "operator_value audience.value"),
        (answered("matches", "("), "pattern audience.value"),
        (last_time("before", "2026-11-24T12:00:00Z"), "not_a_day audience.value"),
        (last_time("between", ["2026-11-01", "2026-11-24T12:00:00Z"]), "not_a_day audience.value"),
        (last_time("before", "soon"), "operator_value audience.value"),
        (last_time("within_last", 0), "operator_value audience.value"),
        (last_time("within_last", 7, event_time=""), "empty_name audience.event_time"),
        (last_time("within_last", 7, where={"segment": "big"}), "filter_leaf audience.where"),
        ({"users": ["ann", "null"]}, "user_id audience.users[1]"),
        ({"users": [f"u{number}" for number in range(10_001)]}, "too_many_users audience.users"),
        ({"segment": "gone"}, "unknown_segment audience.segment"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_at_its_place(condition: Any, expected: str) -> None:
    assert problems(condition) == [expected]
    deep = {"all": [PLAN, {"any": [{"not": condition}]}]}
    assert problems(deep) == [expected.replace("audience", "audience.all[1].any[0].not")]


def test_all_problems_are_told_at_once() -> None:
    found = problems({"all": [leaf("is", 1), {"not": leaf("equals", "x", attribute="plan")}, {"segment": "gone"}]})
    assert found == [
        "operator_value audience.all[0].value",
        "attribute_source audience.all[1].not.attribute",
        "unknown_operator audience.all[1].not.operator",
        "unknown_segment audience.all[2].segment",
    ]


CIRCLE = {"a": {"segment": "b"}, "b": {"not": {"segment": "c"}}, "c": {"any": [PLAN, {"segment": "a"}]}}


def test_segments_in_a_circle_are_a_problem_and_never_asked() -> None:
    assert problems({"segment": "a"}, CIRCLE) == ["segment_cycle audience.segment"]
    assert problems(CIRCLE["a"], CIRCLE, inside=("a",)) == ["segment_cycle audience.segment"]
    assert problems({"segment": "self"}, {"self": {"segment": "self"}}) == ["segment_cycle audience.segment"]
    parsed = {key: parse_condition(each) for key, each in CIRCLE.items()}
    with pytest.raises(Invalid, match="asks for itself: a > b > c > a"):
        compile_audiences([parse_condition({"segment": "a"})], parsed, "UTC")
    with pytest.raises(Invalid, match="asks for itself: a > b > c > a"):
        evaluate(parse_condition({"segment": "a"}), World(Facts(), parsed, None, lambda pattern, text: False))


def test_a_segment_asked_twice_is_no_circle() -> None:
    segments = {"a": {"all": [{"segment": "c"}, {"segment": "b"}]}, "b": {"segment": "c"}, "c": PLAN}
    assert problems({"all": [{"segment": "a"}, {"segment": "c"}]}, segments) == []


def nested(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = PLAN
    for _ in range(depth):
        condition = {"not": condition}
    return condition


def test_a_tree_is_bounded_in_depth_and_size() -> None:
    assert problems(nested(16)) == []
    assert problems(nested(17)) == ["too_deep audience"]
    assert problems({"all": [PLAN] * 499}) == []
    assert problems({"all": [PLAN] * 500}) == ["too_large audience"]
    assert compile_audiences([parse_condition(nested(16)), parse_condition({"all": [PLAN] * 499})], {}, "UTC")
    for condition in (nested(17), {"all": [PLAN] * 500}):
        with pytest.raises(Invalid):
            compile_audiences([parse_condition(condition)], {}, "UTC")


def test_segments_that_unfold_without_end_are_too_large_not_slow() -> None:
    segments = {f"s{at}": {"all": [{"segment": f"s{at + 1}"}] * 10} for at in range(6)} | {"s6": PLAN}
    assert problems({"segment": "s0"}, segments) == ["too_large audience"]
    with pytest.raises(Invalid):
        compile_audiences(
            [parse_condition({"segment": "s0"})], {k: parse_condition(v) for k, v in segments.items()}, "UTC"
        )


def test_nesting_without_end_is_refused_when_it_is_read() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_condition(nested(5000))


@given(draw=st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_whatever_has_no_problem_compiles(draw: Random) -> None:
    questions = Questions(draw)
    now = "2026-11-24T12:00:00Z"
    segments: dict[str, Condition] = {key: parse_condition(each) for key, each in questions.segments(now).items()}
    condition = parse_condition(questions.condition(now))
    found = list(condition_problems(condition, "audience", Surroundings(segments=segments, check_pattern=why_not)))
    # The generator asks for what is not there on purpose, which compiles all the same; what else it asks for that may
    # not be published is no question for the compiler.
    assume({each.code for each in found} <= {"unknown_segment", "pattern", "devices", "host", "not_a_day"})
    compile_audiences([condition], segments, "UTC")
    audience(condition, segments, scope=Scope("production"), today=1, zone="UTC")
    assert any(why_not(pattern) for pattern in PATTERNS)
