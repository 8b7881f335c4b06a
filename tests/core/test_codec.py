"""Reading documents: whatever is wrong is told with one clean path, and what is written reads back the same."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.documents import a_document

from handrail.core.errors import Invalid
from handrail.core.experiences import release
from handrail.core.experiences.codec import decode, decode_experience, encode_experience
from handrail.core.experiences.model import Kind
from handrail.core.experiences.problems import Surroundings, find_problems
from handrail.core.experiences.themes import Palette, Theme, theme_problems
from handrail.core.segments import Segment

IMAGE = {"type": "image", "src": "/a.png"}


def a_tour(*blocks: object, **members: object) -> dict[str, Any]:
    step = {"key": "only", "form": "modal", "blocks": list(blocks)}
    return {"kind": "tour", "key": "hello", "name": "Hello", "content": {"steps": [step]}} | members


def a_button(*actions: object) -> dict[str, object]:
    return {"type": "button", "label": "Go on", "actions": list(actions)}


BLOCK = "content.steps[0].blocks[0]"


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("", []),
        ("", "hello"),
        ("", {"key": "hello"}),
        ("kind", {"kind": "poster", "key": "hello"}),
        ("", {"kind": "tour", "key": "hello", "name": "Hello"}),
        ("colour", a_tour(colour="red")),
        ("priority", a_tour(priority=6)),
        ("priority", a_tour(priority="high")),
        ("respects_rate_limit", a_tour(respects_rate_limit="no")),
        ("frequency.every", a_tour(frequency={"every": "now"})),
        ("frequency.days", a_tour(frequency={"every": "days", "days": 1.5})),
        ("show_on.on", a_tour(show_on={"on": "hover"})),
        ("where.devices[1]", a_tour(where={"devices": ["mobile", "watch"]})),
        ("where.include[0].operator", a_tour(where={"include": [{"part": "path", "operator": "is", "value": "/"}]})),
        ("where.include[0].parts", a_tour(where={"include": [
            {"part": "path", "operator": "equals", "value": "/", "parts": 1}]})),
        ("when.until", a_tour(when={"until": "2026-12-01T09:00"})),
        ("audience", a_tour(audience="everyone")),
        ("audience", a_tour(audience={"plan": "pro"})),
        ("audience.all[1].operator", a_tour(audience={"all": [
            {"segment": "admins"}, {"attribute": "custom.plan", "operator": 5}]})),
        ("audience.any[0].not.within", a_tour(audience={"any": [
            {"not": {"event": "Order Completed", "within": 7}}]})),
        ("audience.where.all[0].attribute", a_tour(audience={
            "event": "Order Completed", "where": {"all": [{"attribute": 1, "operator": "is"}]}})),
        (f"{BLOCK}.type", a_tour({"type": "html", "html": "<b>"})),
        (BLOCK, a_tour(IMAGE)),
        (f"{BLOCK}.alt", a_tour(IMAGE | {"alt": 5})),
        (f"{BLOCK}.html", a_tour(IMAGE | {"alt": "", "html": "<b>"})),
        (f"{BLOCK}.actions[1].type", a_tour(a_button({"type": "dismiss"}, {"type": "explode"}))),
        (f"{BLOCK}.actions[0]", a_tour(a_button({"type": "navigate_to"}))),
        (f"{BLOCK}.actions[1].step", a_tour(a_button({"type": "dismiss"}, {"type": "go_to_step", "step": 2}))),
        (f"{BLOCK}.actions[0].to", a_tour(a_button({"type": "go_to_step", "to": "x"}))),
        (f"{BLOCK}.columns[0][0].type", a_tour({"type": "columns", "columns": [[{"type": "columns"}]]})),
        (f"{BLOCK}.text[0].marks[0]", a_tour({"type": "paragraph", "text": [{"text": "a", "marks": ["blink"]}]})),
        (f"{BLOCK}.text[...]", a_tour({"type": "heading", "text": {"en": 5}})),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_path(path: str, document: object) -> None:
    for data in (document, msgspec.json.encode(document)):
        with pytest.raises(Invalid) as told:
            decode_experience(data)
        assert told.value.path == path
        assert "$" not in told.value.message
        assert " at `" not in told.value.message


@pytest.mark.parametrize("data", [b"", b"{", b"{'kind': 'tour'}", b'{"key": "\xff"}', b"[" * 5000, b'{"a": NaN}'])
def test_bytes_that_are_no_json_are_told_as_such(data: bytes) -> None:
    with pytest.raises(Invalid):
        decode_experience(data)


def test_a_condition_nested_too_deeply_is_told_and_harms_nobody() -> None:
    audience: dict[str, object] = {"segment": "admins"}
    for _ in range(3000):
        audience = {"not": audience}
    with pytest.raises(Invalid) as told:
        decode_experience(a_tour(audience=audience))
    assert told.value.path.startswith("audience")
    deep = b'{"not":' * 3000 + b'{"segment":"admins"}' + b"}" * 3000
    sent = msgspec.json.encode(a_tour(audience="DEEP")).replace(b'"DEEP"', deep)
    with pytest.raises(Invalid, match="nested too deep") as told:
        decode(sent, dict[str, object], "documents[0].document")
    assert told.value.path == "documents[0].document"
    with pytest.raises(Invalid):
        decode_experience(sent)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_is_read_and_refused_by_name_where_this_release_cannot_run_it(kind: str) -> None:
    document = decode_experience(a_document(kind))
    assert decode_experience(encode_experience(document)) == document
    expected = [] if kind in release.KINDS else [("unsupported_kind", "kind")]
    problems = find_problems(document, Surroundings())
    assert [(problem.code, problem.path) for problem in problems] == expected


def test_a_document_reads_back_as_it_was_written() -> None:
    document = decode_experience(
        a_tour(
            a_button({"type": "snooze", "hours": 2}, {"type": "navigate_to", "url": "/", "open_in": "new_tab"}),
            audience={"all": [{"not": {"segment": "admins"}}, {"event": "Order Completed", "within_days": 7}]},
            where={"devices": ["mobile"], "exclude": [{"part": "hash", "operator": "glob", "value": "/a*"}]},
            frequency={"every": "days", "days": 3},
        )
    )
    assert decode_experience(encode_experience(document)) == document
    assert decode_experience(msgspec.json.decode(encode_experience(document))) == document


@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(("kind", "key", "name", "content", "steps", "audience", "all", "not", "blocks", "type"))
                | st.text(max_size=3),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_data_is_a_document_or_invalid(data: object) -> None:
    for kind in (Segment, Theme):
        with suppress(Invalid):
            decode(data, kind)
    with pytest.raises(Invalid) as told:
        decode_experience(data)
    assert "$" not in told.value.path


@pytest.mark.parametrize(
    ("code", "path", "theme"),
    [
        ("key", "key", Theme(key="a/b")),
        ("colour", "light.primary", Theme(key="a", light=Palette(primary="red"))),
        ("colour", "dark.text", Theme(key="a", dark=Palette(text="url(https://evil.test)"))),
        ("font", "font", Theme(key="a", font="Inter; background: red")),
        ("length", "radius", Theme(key="a", radius=-1)),
        ("length", "width", Theme(key="a", width=5000)),
    ],
)
def test_a_theme_holds_style_values_only(code: str, path: str, theme: Theme) -> None:
    assert [(problem.code, problem.path) for problem in theme_problems(theme)] == [(code, path)]


def test_a_theme_without_surprises_has_no_problem() -> None:
    theme = Theme(key="night", light=Palette(primary="#0f766e", text="#000"), font="Inter, 'Segoe UI', sans-serif")
    assert list(theme_problems(theme)) == []


@pytest.mark.parametrize(
    ("document", "path", "words"),
    [
        ({"kind": "tuor"}, "kind", "banner, checklist, hint, post, resource_center, survey, tour"),
        (a_tour(a_button({"type": "go_to"})), f"{BLOCK}.actions[0].type", "book_interview, dismiss, go_to_step, "),
        (a_tour(show_on={"on": "load"}), "show_on.on", "element_click, event, link, manual, none, page_exit"),
        (a_tour(where={"include": [{"part": "pth", "operator": "equals", "value": "/"}]}), "where.include[0].part",
         "hash, host, path, query, url"),
    ],
)  # fmt: skip
def test_a_word_that_may_not_stand_there_is_told_with_those_that_may(
    document: dict[str, Any], path: str, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        decode_experience(document)
    assert refused.value.path == path
    assert f"; it is one of {words}" in refused.value.message
