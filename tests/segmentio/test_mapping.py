"""Mappings have one meaning: every directive answers `spec/cases/mapping`, and none can be made to run away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.cases import load_cases

from handrail.core.errors import Invalid
from handrail.segmentio.javascript import json_text, number_text
from handrail.segmentio.mapping.budget import MappingFailed
from handrail.segmentio.mapping.directives import DIRECTIVES
from handrail.segmentio.mapping.problems import DIRECTIVES as CHECKS
from handrail.segmentio.mapping.problems import MAX_TEXT, mapping_problems
from handrail.segmentio.mapping.transform import BadMapping, compile_mapping, transform

CASES = load_cases("mapping")


def test_every_directive_and_the_root_have_cases() -> None:
    assert len(DIRECTIVES) == 13
    assert set(DIRECTIVES) == set(CHECKS)
    said = str([case.values[0]["mapping"] for case in CASES])
    assert [name for name in (*DIRECTIVES, "__segment_internal_directive") if f"'{name}'" not in said] == []
    assert len(CASES) >= 72


@pytest.mark.parametrize("case", CASES)
def test_an_event_becomes_what_the_case_says(case: Any) -> None:
    if "error" in case:
        with pytest.raises(Invalid) as told:
            transform(case["mapping"], case["event"])
        assert told.value.message == case["error"]
    else:
        assert transform(case["mapping"], case["event"]) == case["payload"]


def test_a_failure_names_its_place_in_the_mapping() -> None:
    with pytest.raises(MappingFailed) as told:
        transform({"a": {"b": {"@case": {"operator": "UPPER", "value": {"@path": "$.x"}}}}}, {"x": "y"})
    assert told.value.path == "/a/b/@case"
    with pytest.raises(BadMapping) as bad:
        transform({"a": {"@path": 5}, "b": {"@nope": 1}}, {})
    assert [each.path for each in bad.value.problems] == ["/a/@path", "/b"]


def test_only_objects_are_events() -> None:
    with pytest.raises(MappingFailed, match="data must be an object, got array"):
        transform({}, [])


def test_a_mapping_that_holds_itself_is_refused() -> None:
    mapping: dict[str, object] = {}
    mapping["again"] = {"@literal": mapping}
    assert "levels deep" in str(mapping_problems(mapping)[0])
    listed: list[object] = []
    listed.append(listed)
    with pytest.raises(BadMapping):
        compile_mapping({"a": listed})


def test_a_template_of_a_megabyte_is_refused_at_its_path() -> None:
    for name in ("@template", "@liquid"):
        [problem] = mapping_problems({"a": {name: "x" * 1_000_000}})
        assert str(problem) == f"/a/{name} should be a text of length {MAX_TEXT} or less."
    assert mapping_problems({"a": {"@template": "x" * MAX_TEXT}}) == []


def test_too_many_values_are_refused() -> None:
    assert "at most" in str(mapping_problems({"a": [1] * 10_000})[0])


LONG = {"a": "b" * 30_000, "list": [[1] * 100] * 100}


@pytest.mark.parametrize(
    "mapping",
    [
        {"@template": "{{a}}" * 2_000},
        {"@template": {"@replace": {"pattern": "b", "replacement": "{{a}}", "value": {"@path": "$.a"}}}},
        {"@replace": {"pattern": "b", "replacement": "$`$'$`$'$`", "value": {"@path": "$.a"}}},
        {"@liquid": "{{ a | replace: 'b', a }}"},
        {"@liquid": "{{ a | replace: '', a }}"},
        {"@liquid": "{% assign x = a %}" + "{% assign x = x | append: x %}" * 30},
        {"@arrayPath": ["$.list", {"@arrayPath": ["$.", {f"k{at}": {"@path": "$."} for at in range(200)}]}]},
        {"@merge": {"direction": "right", "objects": [{"@path": "$.a"}] * 100}},
    ],
)
def test_a_small_mapping_makes_no_endless_payload(mapping: object) -> None:
    with pytest.raises(MappingFailed, match=r"makes|limit"):
        transform({"v": mapping}, LONG)
    # What one run used up is there again for the next.
    run = compile_mapping({"v": {"@template": "{{a}}" * 20}})
    assert run(LONG) == run(LONG)


@pytest.mark.parametrize("word", ["case", "for", "include", "layout", "render", "tablerow"])
def test_liquid_without_its_loops_and_files(word: str) -> None:
    [problem] = mapping_problems({"a": {"@liquid": f"{{% {word} x %}}"}})
    assert f'tag "{word}" is disabled' in str(problem)


@pytest.mark.parametrize("name", ["map", "sort", "concat", "uniq", "group_by", "type"])
def test_liquid_without_the_filters_that_segment_leaves_out(name: str) -> None:
    with pytest.raises(MappingFailed, match=f'filter "{name}" is disabled'):
        transform({"a": {"@liquid": f"{{{{ b | {name}: 'x' }}}}"}}, {"b": [1]})


def test_liquid_reaches_nothing_but_the_event() -> None:
    for hostile in ("{{ b.__class__ }}", "{{ b.__init__.__globals__ }}", "{{ self }}", "{{ _.x }}"):
        assert transform({"a": {"@liquid": hostile}}, {"b": {}}) == {"a": ""}


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1"), (1.0, "1"), (-0.0, "0"), (0.1, "0.1"), (1e21, "1e+21"), (1e20, "100000000000000000000"),
     (1e-6, "0.000001"), (1e-7, "1e-7"), (1.5e300, "1.5e+300"), (2**53 + 1, "9007199254740992"),
     (123456.789, "123456.789"), (10**400, "Infinity")],
)  # fmt: skip
def test_numbers_print_as_in_javascript(number: float, text: str) -> None:
    assert number_text(number) == text


def test_what_is_encoded_is_json_as_javascript_writes_it() -> None:
    assert json_text({"b": float("inf"), "2": [1.0, None], "1": "é\u2028"}) == '{"1":"é\u2028","2":[1,null],"b":null}'


NAMES = st.sampled_from(tuple(DIRECTIVES))
SCALARS = st.sampled_from(
    (None, True, 0, 5, "", "$.a", "$.a.b", "{{a}}", "left", "encode", "lower", ".", "{{ a | upcase }}")
)
KEYS = st.sampled_from(
    ("exists", "blank", "then", "else", "operator", "value", "pattern", "replacement", "separator", "mode", "objects",
     "direction", "apply", "mapping", "a", "_metadata")
)  # fmt: skip
MAPPINGS = st.recursive(
    SCALARS,
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=4)
        | st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, min_size=1, max_size=1)
        | st.dictionaries(NAMES, st.dictionaries(KEYS, inner, max_size=4), min_size=1, max_size=1)
    ),
    max_leaves=15,
)
EVENTS = st.sampled_from(({}, {"a": "b"}, {"a": {"b": [1, None]}}, {"a": 0, "list": [{"x": 1}]}, {"a": None}))


@settings(max_examples=1500)
@given(st.dictionaries(KEYS | NAMES, MAPPINGS, max_size=4), EVENTS)
def test_any_mapping_gives_a_payload_or_a_reason(mapping: object, event: Mapping[str, object]) -> None:
    try:
        made = transform(mapping, event)
    except Invalid:
        return
    assert "undefined" not in repr(made)
