"""The destination: what its documents may say is the table's, and what its mappings make is what our SDK would."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from tests.support.cases import SPEC

from handrail.core.errors import Invalid
from handrail.core.events import Event
from handrail.core.experiences.codec import decode
from handrail.core.fold import FoldRules, State, fold
from handrail.segmentio.destination.actions import ACCEPTS, ACTIONS, MOST_MAPPINGS, NAME, ActionKey, is_switched_on
from handrail.segmentio.destination.fields import checked
from handrail.segmentio.destination.model import (
    Destination,
    DestinationSettings,
    SegmentMapping,
    destination_problems,
    subscriptions,
)
from handrail.segmentio.destination.run import Made, compile_destination, is_our_own, payload_of, run

TABLE = json.loads((SPEC / "tables" / "segment_destination.json").read_text())
NOW = 1_793_000_000_000


def a_destination(*mappings: SegmentMapping, **settings: bool) -> Destination:
    return Destination("jimo", DestinationSettings("p_1", **settings), mappings=mappings or None)


def an_event(kind: Any, **members: Any) -> Event:
    body = {key: members.pop(key) for key in ("traits", "properties", "context", "integrations") if key in members}
    given = {"environment": "e", "message_id": "m-1", "timestamp": NOW - 5, "received_at": NOW, **members}
    return Event(type=kind, body=msgspec.Raw(msgspec.json.encode(body)), **given)


def made_of(destination: Destination, event: Event) -> list[Made]:
    return run(compile_destination(destination), event, payload_of(event))


def sent(destination: Destination, event: Event) -> Event:
    [made] = made_of(destination, event)
    assert made.outcome == "sent", made.problems
    assert made.event is not None
    return made.event


# The table.


def test_the_destination_is_the_table() -> None:
    assert TABLE["name"] == NAME
    assert set(TABLE["accepts"]) == ACCEPTS
    assert TABLE["mappings_most"] == MOST_MAPPINGS == 50
    assert [row["action"] for row in TABLE["actions"]] == list(ACTIONS) == list(get_args(ActionKey))
    for row in TABLE["actions"]:
        action = ACTIONS[row["action"]]
        assert (row["preset"], row["trigger"]) == (action.preset, action.trigger)
        assert row["fields"] == [
            {"field": name, "type": each.type, "required": each.required, "allow_null": each.allow_null,
             "default": dict(each.default)}
            for name, each in action.fields.items()
        ]  # fmt: skip


def test_settings_are_the_table_with_both_booleans_off_and_id_required() -> None:
    kinds = {"string": str, "boolean": bool}
    for row, field in zip(TABLE["settings"], msgspec.structs.fields(DestinationSettings), strict=True):
        assert (row["setting"], kinds[row["type"]], row["required"]) == (field.name, kinds[row["type"]], field.required)
        assert row["default"] == (None if field.required else field.default)
    assert [row["default"] for row in TABLE["settings"][1:]] == [False, False]
    with pytest.raises(Invalid) as told:
        decode({"kind": "destination", "key": "jimo", "settings": {}}, Destination)
    assert told.value.path == "settings"
    assert "projectId" in told.value.message
    [problem] = destination_problems(Destination("jimo", DestinationSettings(" ")))
    assert problem.path == "settings.projectId"


RULES = [(row["action"], field) for row in TABLE["actions"] for field in row["fields"]]


@pytest.mark.parametrize(("action", "field"), RULES, ids=lambda each: each if isinstance(each, str) else each["field"])
def test_required_optional_and_null_are_the_table(action: ActionKey, field: dict[str, Any]) -> None:
    good = {"string": "x", "object": {}}
    whole = {each["field"]: good[each["type"]] for row in TABLE["actions"] if row["action"] == action
             for each in row["fields"]}  # fmt: skip
    name = field["field"]
    missing = checked(action, {key: value for key, value in whole.items() if key != name})
    null = checked(action, {**whole, name: None})
    if field["required"]:
        assert [each.path for each in missing if not isinstance(each, str)] == [name]
        assert [each.path for each in null if not isinstance(each, str)] == [name]
    else:
        assert isinstance(missing, dict)
        assert isinstance(null, dict)
        assert (name in null) is field["allow_null"]
    wrong = checked(action, {**whole, name: [1]})
    assert isinstance(wrong, list)
    assert [each.path for each in wrong] == [name]


def test_numbers_and_booleans_become_text_where_text_is_wanted() -> None:
    assert checked("sendUserData", {"userId": 5.0, "email": True}) == {"userId": "5", "email": "true"}


# Documents.


def test_without_mappings_a_destination_has_the_three_presets() -> None:
    found = list(subscriptions(a_destination()))
    assert [(each.name, each.trigger) for each in found] == [
        ("Send User Data", 'type = "identify"'),
        ("Send Track Event", 'type = "track"'),
        ("Send Group Data", 'type = "group"'),
    ]
    paths = {"userId": "$.userId", "email": "$.traits.email", "traits": "$.traits"}
    assert found[0].mapping == {key: {"@path": path} for key, path in paths.items()}


def test_the_fifty_first_mapping_is_refused_by_name() -> None:
    mappings = [SegmentMapping("sendTrackEvent", f"Mapping {at}") for at in range(1, 52)]
    assert list(destination_problems(a_destination(*mappings[:50]))) == []
    [problem] = destination_problems(a_destination(*mappings))
    assert problem.code == "too_many_mappings"
    assert problem.path == "mappings[50]"
    assert "'Mapping 51'" in problem.message


def test_every_problem_of_a_mapping_has_its_path() -> None:
    mappings = (
        SegmentMapping("sendTrackEvent", trigger="(type = "),
        SegmentMapping("sendTrackEvent", trigger="event = 'a'"),
        SegmentMapping("sendTrackEvent", mode="full", trigger="(" * 1000),
        SegmentMapping("sendUserData", fields={"traits": {"@path": 5}, "phone": "1"}),
    )
    found = [(each.code, each.path, each.severity) for each in destination_problems(a_destination(*mappings))]
    assert found == [
        ("bad_trigger", "mappings[0].trigger", "error"),
        ("single_quotes", "mappings[1].trigger", "warning"),
        ("bad_trigger", "mappings[2].trigger", "error"),
        ("unknown_field", "mappings[3].fields.phone", "error"),
        ("bad_mapping", "mappings[3].fields.traits.@path", "error"),
    ]


# Running.


def test_user_data_identifies_sets_the_native_email_and_custom_attributes() -> None:
    event = an_event("identify", user_id="ann", anonymous_id="a1", traits={"email": "a@x.test", "name": "Ann", "n": 1})
    made = sent(a_destination(), event)
    assert (made.type, made.user_id, made.anonymous_id, made.timestamp) == ("identify", "ann", "a1", event.timestamp)
    state = State()
    fold(state, [made], lambda _: FoldRules())
    subject = state.subjects["e", "u:ann"]
    assert {key: each.value for key, each in subject.native.items()} == {"email": "a@x.test"}
    assert {key: each.value for key, each in subject.custom.items()} == {"email": "a@x.test", "name": "Ann", "n": 1}
    assert subject.visited == {}
    assert state.links["e", "a1"].user_id == "ann"


def test_user_data_without_a_user_id_writes_to_the_anonymous_person() -> None:
    made = sent(a_destination(), an_event("identify", anonymous_id="a1", traits={"plan": "pro"}))
    assert (made.user_id, made.anonymous_id) == (None, "a1")
    nobody = a_destination(SegmentMapping("sendUserData", fields={"userId": None}))
    [failed] = made_of(nobody, an_event("identify", user_id="ann"))
    assert failed.outcome == "failed"
    assert failed.problems[0].path == "userId"


def test_a_tracked_event_keeps_its_message_id_and_body() -> None:
    event = an_event("track", user_id="ann", name="Order", properties={"total": 5}, context={"page": {"path": "/"}})
    made = sent(a_destination(), event)
    assert made == event


def test_a_mapped_event_says_what_the_mapping_made() -> None:
    mapping = SegmentMapping(
        "sendTrackEvent",
        trigger='type = "page"',
        fields={
            "event_name": {"@template": "Viewed {{name}}"},
            "messageId": {"@template": "{{messageId}}-v"},
            "timestamp": "2026-01-01T00:00:00Z",
            "properties": {"path": {"@path": "$.properties.path"}},
        },
    )
    made = sent(
        a_destination(mapping), an_event("page", anonymous_id="a", name="Home", properties={"path": "/", "q": 1})
    )
    assert (made.type, made.name, made.message_id, made.timestamp) == ("track", "Viewed Home", "m-1-v", 1767225600000)
    assert json.loads(bytes(made.body)) == {"properties": {"path": "/"}}


def test_a_mapped_time_yet_to_come_is_held_to_the_time_of_arrival() -> None:
    destination = a_destination(SegmentMapping("sendTrackEvent", fields={"timestamp": "9000-01-01T00:00:00Z"}))
    assert sent(destination, an_event("track", user_id="ann", name="E")).timestamp == NOW


def test_group_data_puts_the_person_of_the_event_into_a_company() -> None:
    made = sent(a_destination(), an_event("group", user_id="ann", group_id="acme", traits={"tier": "gold"}))
    assert (made.type, made.user_id, made.group_id) == ("group", "ann", "acme")
    assert json.loads(bytes(made.body)) == {"traits": {"tier": "gold"}, "context": {}}


def test_what_no_mapping_matches_makes_nothing() -> None:
    for kind in ("page", "alias", "screen"):
        assert made_of(a_destination(), an_event(kind, user_id="ann", previous_id="b", name="x")) == []
    anything = a_destination(SegmentMapping("sendTrackEvent", trigger='type != "x"', fields={"event_name": "E"}))
    assert made_of(anything, an_event("screen", user_id="ann", name="x")) == [], "screen is not accepted"
    assert len(made_of(anything, an_event("alias", user_id="ann", previous_id="b"))) == 1


def test_two_mappings_of_one_event_make_two_events_with_lasting_ids() -> None:
    both = a_destination(
        SegmentMapping("sendUserData"),
        SegmentMapping("sendUserData", fields={"traits": {"seen": True}}),
    )
    event = an_event("identify", user_id="ann", traits={"plan": "pro"})
    first = [each.event.message_id for each in made_of(both, event) if each.event]
    again = [each.event.message_id for each in made_of(both, event) if each.event]
    assert first == again
    assert len({*first, event.message_id}) == 3


@pytest.mark.parametrize("kind", ["identify", "track", "group"])
def test_manual_init_holds_back_whoever_has_no_user_id(kind: str) -> None:
    members: dict[str, Any] = {"name": "E"} if kind == "track" else {"group_id": "g"} if kind == "group" else {}
    waiting = a_destination(manualInit=True)
    [held] = made_of(waiting, an_event(kind, anonymous_id="a1", **members))
    assert (held.outcome, held.event) == ("held", None)
    assert sent(waiting, an_event(kind, anonymous_id="a1", user_id="ann", **members)).user_id == "ann"
    assert sent(a_destination(), an_event(kind, anonymous_id="a1", **members)).user_id is None


@pytest.mark.parametrize(
    ("integrations", "on"),
    [
        ({}, True), ({"All": False}, False), ({"All": False, NAME: True}, True), ({NAME: False}, False),
        ({f"{NAME} sendTrackEvent": False}, False), ({f"{NAME} sendUserData": False}, True),
        ({NAME: True, f"{NAME} sendTrackEvent": False}, True), ({NAME: None, "All": False}, False),
        ({NAME: {"x": 1}, "All": False}, True), ({NAME: 0}, True), ({"jimo (actions)": False}, True), (None, True),
        ("no", True),
    ],
)  # fmt: skip
def test_integrations_switch_by_name_action_and_all(integrations: object, on: bool) -> None:
    assert is_switched_on(integrations, "sendTrackEvent") is on
    if isinstance(integrations, dict):
        [made] = made_of(a_destination(), an_event("track", user_id="ann", name="E", integrations=integrations))
        assert made.outcome == ("sent" if on else "blocked")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"userId": ""}, "userId"), ({"userId": "null"}, "userId"), ({"event_name": ""}, "event_name"),
        ({"event_name": None}, "event_name"), ({"event_name": "x" * 201}, "event_name"),
        ({"messageId": "x" * 101}, "messageId"), ({"timestamp": "yesterday"}, "timestamp"),
        ({"properties": [1]}, "properties"), ({"properties": {"a": "x" * 9000, "b": {"@path": "$.event"}}}, None),
        ({"event_name": {"@case": {"operator": "UP", "value": {"@path": "$.event"}}}}, "/event_name/@case"),
    ],
)  # fmt: skip
def test_a_payload_that_cannot_be_used_fails_with_its_path(fields: dict[str, object], path: str | None) -> None:
    destination = a_destination(SegmentMapping("sendTrackEvent", fields=fields))
    [made] = made_of(destination, an_event("track", user_id="ann", name="E"))
    assert [each.path for each in made.problems] == ([path] if path else [])
    assert (made.outcome, made.event is None) == (("failed", True) if path else ("sent", False))


def test_a_payload_larger_than_an_event_may_be_fails() -> None:
    wide = a_destination(
        SegmentMapping(
            "sendTrackEvent", fields={"properties": {f"k{at}": {"@path": "$.properties.t"} for at in range(40)}}
        )
    )
    [made] = made_of(wide, an_event("track", user_id="ann", name="E", properties={"t": "x" * 1000}))
    assert made.outcome == "failed"
    assert "bytes" in made.problems[0].message


FIRST_UNIT = {"@path": "$.event.0"}
"""Of "😀" the first UTF-16 unit, which is half of it."""
DECODED = {"x": {"@json": {"mode": "decode", "value": {"@path": "$.properties.text"}}}}


@pytest.mark.parametrize(
    ("action", "fields", "path"),
    [
        ("sendTrackEvent", {"event_name": FIRST_UNIT}, "event_name"),
        ("sendTrackEvent", {"messageId": FIRST_UNIT}, "messageId"),
        ("sendTrackEvent", {"userId": FIRST_UNIT}, "userId"),
        ("sendTrackEvent", {"anonymousId": FIRST_UNIT}, "anonymousId"),
        ("sendTrackEvent", {"properties": {"x": FIRST_UNIT}}, ""),
        ("sendUserData", {"userId": FIRST_UNIT}, "userId"),
        ("sendUserData", {"email": FIRST_UNIT}, ""),
        ("sendGroupData", {"groupId": FIRST_UNIT}, "groupId"),
        ("sendTrackEvent", {"event_name": "a\0"}, "event_name"),
        ("sendTrackEvent", {"messageId": "a\0"}, "messageId"),
        ("sendTrackEvent", {"userId": "a\0"}, "userId"),
        ("sendTrackEvent", {"properties": {"x": "a\0"}}, ""),
    ],
)
def test_text_that_no_log_keeps_fails_its_own_mapping(action: ActionKey, fields: dict[str, object], path: str) -> None:
    destination = a_destination(SegmentMapping(action, trigger='type = "track"', fields=fields))
    [made] = made_of(destination, an_event("track", user_id="ann", name="😀"))
    assert (made.outcome, [each.path for each in made.problems]) == ("failed", [path])


@pytest.mark.parametrize("text", ["9" * 400, '"\\u0000"', "[" * 65 + "]" * 65, '{"a":' * 900 + "1" + "}" * 900])
def test_what_a_mapping_decodes_is_held_to_what_an_event_may_hold(text: str) -> None:
    destination = a_destination(SegmentMapping("sendTrackEvent", fields={"properties": DECODED}))
    [made] = made_of(destination, an_event("track", user_id="ann", name="E", properties={"text": text}))
    assert made.outcome == "failed"
    assert sent(destination, an_event("track", user_id="ann", name="E", properties={"text": "[" * 60 + "]" * 60}))


def test_disabled_mappings_and_destinations_make_nothing() -> None:
    event = an_event("track", user_id="ann", name="E")
    assert made_of(a_destination(SegmentMapping("sendTrackEvent", enabled=False)), event) == []
    off = Destination("jimo", DestinationSettings("p"), enabled=False)
    assert made_of(off, event) == []


def test_our_own_events_are_known() -> None:
    assert is_our_own(an_event("track", user_id="ann", name="E", context={"handrail": {}}))
    assert not is_our_own(an_event("track", user_id="ann", name="E", properties={"handrail": {}}))
    assert not is_our_own(an_event("track", user_id="ann", name="E"))
