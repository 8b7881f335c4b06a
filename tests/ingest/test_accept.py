"""A batch is read in one pass where that can be done, and comes to what reading its calls one by one comes to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.ingest.accept import Door, accept_parsed
from handrail.segmentio.wire import Batch, Call, body_of, may_hold_poison, parse_batch, parse_envelope

DOOR = Door("production", "key", 1_793_000_000_000)

ids = st.sampled_from([None, "ann", "", "null", 7, True, 1.5, ["a"], {"a": 1}, "x" * 513])
objects = st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=4)
members = st.one_of(objects, st.sampled_from([None, 3, "text", [], [[1]], {"handrail": {"visit": True}}]))
calls = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "page", "identify", "group", "alias", "screen", "play", 3, None]),
        "event": st.sampled_from(["Order", "", None, 3, "e" * 201]),
        "userId": ids,
        "anonymousId": ids,
        "groupId": ids,
        "previousId": ids,
        "messageId": st.sampled_from(["m1", "", None, 5, "m" * 101]),
        "timestamp": st.sampled_from(["2026-11-24T12:00:00.000Z", "never", 5, None, "2036-01-01"]),
        "originalTimestamp": st.sampled_from(["2026-11-24T11:59:00+01:00", None]),
        "sentAt": st.sampled_from(["2026-11-24T12:00:01Z", None]),
        "writeKey": st.sampled_from(["key", "another", None]),
        "traits": members,
        "properties": members,
        "context": members,
        "integrations": members,
        "_metadata": members,
    },
)
envelopes = st.fixed_dictionaries(
    {"batch": st.lists(calls, max_size=6)},
    optional={"sentAt": st.just("2026-11-24T12:00:05Z"), "context": members, "integrations": members},
)


@settings(max_examples=300)
@given(envelope=envelopes)
def test_one_pass_and_a_close_look_come_to_the_same(envelope: dict[str, Any]) -> None:
    body = json.dumps(envelope, ensure_ascii=False).encode("utf-8", "replace")
    clean = not may_hold_poison(body)
    parsed = parse_batch(body, clean=clean)
    assert isinstance(parsed, Batch) == clean
    assert accept_parsed(parsed, DOOR, clean=clean) == accept_parsed(parse_envelope(body), DOOR, clean=clean)


@pytest.mark.parametrize(
    "call",
    [
        {"properties": {"text": "x" * 5001}},
        {"traits": {f"a{number}": 1 for number in range(1001)}},
        {"_metadata": {"text": "x" * 33_000}},
    ],
    ids=["long", "many traits", "long where nobody looks"],
)
def test_what_one_pass_cannot_judge_is_looked_at_closely(call: dict[str, Any]) -> None:
    good = {"type": "track", "event": "Order", "userId": "ann", "messageId": "m1"}
    body = json.dumps({"batch": [good, good | {"type": "identify", "messageId": "m2"} | call]}).encode()
    assert not isinstance(parse_batch(body, clean=True), Batch)
    accepted = accept_parsed(parse_batch(body, clean=True), DOOR, clean=True)
    assert accepted.events[0].message_id == "m1"
    assert len(accepted.events) + len(accepted.rejections) == 2


@settings(max_examples=300)
@given(call=calls)
def test_a_body_holds_the_objects_of_a_call_and_no_empty_context(call: dict[str, Any]) -> None:
    [read] = parse_batch(json.dumps({"batch": [call]}).encode(), clean=True).batch
    assert isinstance(read, Call)
    kept = {name: call.get(name) for name in ("traits", "properties", "context", "integrations")}
    assert json.loads(body_of(read)) == {
        name: value
        for name, value in kept.items()
        if isinstance(value, dict) and (value or name in ("traits", "properties"))
    }


@pytest.mark.parametrize("member", ["traits", "properties", "context", "integrations"])
@pytest.mark.parametrize("inside", ["list", "object"])
def test_depth_is_judged_where_a_member_is_kept_and_where_it_is_left_out(member: str, inside: str) -> None:
    opens, closes = ("[", "]") if inside == "list" else ('{"a":', "}")
    good = '"type":"track","event":"Order","userId":"ann","properties":{"a":1},"context":{"a":1}'

    def sent(depth: int) -> bytes:
        deep = f'"{member}":{opens * depth}1{closes * depth}'
        return f'{{"batch":[{{{good},"messageId":"m1"}},{{{good},"messageId":"m2",{deep}}}]}}'.encode()

    for depth, kept in ((64, ["m1", "m2"]), (65, ["m1"])):
        body = sent(depth)
        accepted = accept_parsed(parse_batch(body, clean=True), DOOR, clean=True)
        assert [event.message_id for event in accepted.events] == kept
        assert [each.code for each in accepted.rejections] == ["too_deep"] * (2 - len(kept))


def test_a_batch_too_large_to_judge_is_looked_at_closely() -> None:
    good = {"type": "track", "event": "Order", "userId": "ann", "context": {"text": "x" * 400}}
    body = json.dumps({"batch": [good | {"messageId": f"m{number}"} for number in range(400)]}).encode()
    parsed = parse_batch(body, clean=True)
    assert not isinstance(parsed, Batch)
    assert len(accept_parsed(parsed, DOOR, clean=True).events) == 400
