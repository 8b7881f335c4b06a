"""People over the API: lists, profiles, reset, attributes, import and export as CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.installation import KEY, PUBLIC_ID, Running

PAGE = "https://app.example.com/"


async def tracked(door: Running, *calls: dict[str, Any]) -> None:
    answer = await door.client.post("/v1/batch", json={"writeKey": KEY, "batch": calls})
    assert answer.json() == {"success": True}
    await door.installation.log.settled()


async def got(door: Running, path: str, **query: Any) -> Any:
    answer = await door.operator.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def identify(user: str, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "messageId": f"i-{user}-{len(traits)}", "traits": traits}


async def published(door: Running, *documents: dict[str, Any]) -> dict[str, Any]:
    sent = [{"sort": each.pop("sort", "experience"), "document": each} for each in documents]
    answer = await door.operator.post("/api/v1/apply", json={"documents": sent})
    assert answer.status_code == 200, answer.text
    return answer.json()


def a_banner(key: str, **more: Any) -> dict[str, Any]:
    block = {"type": "paragraph", "text": "Hello"}
    return {"kind": "banner", "key": key, "name": key, "content": {"blocks": [block]}} | more


async def imported(door: Running, content: str | bytes, **query: Any) -> list[dict[str, Any]]:
    data = content if isinstance(content, bytes) else content.encode()
    answer = await door.operator.post("/api/v1/users/import", params=query, content=data)
    assert answer.status_code == 200, answer.text
    await door.installation.log.settled()
    return [json.loads(line) for line in answer.content.splitlines()]


async def test_pages_of_users_cover_everybody_once_whatever_the_size(door: Running) -> None:
    await tracked(door, *(identify(f"u{number:03}", email=f"{number}@example.com") for number in range(95)))
    seen: list[str] = []
    after = ""
    while True:
        page = await got(door, "/api/v1/users", after=after, limit=10)
        seen += [each["user_id"] for each in page["users"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == [f"u{number:03}" for number in range(95)]
    assert (await got(door, "/api/v1/users", environment="staging"))["users"] == []
    assert (await door.operator.get("/api/v1/users", params={"limit": 0})).status_code == 422


async def test_search_finds_id_address_and_name_and_one_line_a_person(door: Running) -> None:
    await tracked(
        door,
        identify("ann", email="Ann@Example.com", name="Ann Lee"),
        identify("bob", email="bob@example.com", plan="ann"),
        {"type": "identify", "userId": "ann", "anonymousId": "phone", "messageId": "m1"},
        {"type": "track", "anonymousId": "phone", "event": "Order", "messageId": "m2"},
        {"type": "track", "anonymousId": "stranger", "event": "Order", "messageId": "m3"},
        {"type": "alias", "userId": "ann", "previousId": "old-ann", "messageId": "m4"},
        {"type": "track", "userId": "old-ann", "event": "Order", "messageId": "m5"},
    )
    for search, expected in (("ann", ["ann"]), ("EXAMPLE", ["ann", "bob"]), ("lee", ["ann"]), ("plan", []), ("%", [])):
        page = await got(door, "/api/v1/users", search=search)
        assert [each["user_id"] for each in page["users"]] == expected, search
    everybody = (await got(door, "/api/v1/users", anonymous=True))["users"]
    assert [each["user_id"] or each["anonymous_id"] for each in everybody] == ["stranger", "ann", "bob"]


async def test_a_profile_shows_attributes_with_source_and_time_company_segments_and_events(door: Running) -> None:
    pro = {"attribute": "custom.plan", "operator": "is", "value": "pro"}
    await published(door, {"sort": "segment", "key": "pro", "name": "Pro", "condition": pro})
    said = {"timestamp": "2026-11-20T12:00:00Z", "sentAt": "2026-11-20T12:00:00Z"}
    await tracked(
        door,
        identify("ann", email="a@example.com", plan="pro"),
        {"type": "group", "userId": "ann", "groupId": "acme", "messageId": "g", "traits": {"tier": "gold"}},
        {"type": "track", "userId": "ann", "event": "Order", "messageId": "t", "properties": {"total": 3}, **said},
        {"type": "identify", "userId": "ann", "anonymousId": "phone", "messageId": "l"},
    )
    shown = await got(door, "/api/v1/user", user="ann")
    assert (shown["user_ids"], shown["anonymous_ids"]) == (["ann"], ["phone"])
    attributes = {each["name"]: each for each in shown["attributes"]}
    assert {name: (each["source"], each["value"]) for name, each in attributes.items()} == {
        "native.email": ("native", "a@example.com"),
        "custom.email": ("custom", "a@example.com"),
        "custom.plan": ("custom", "pro"),
    }
    assert attributes["custom.plan"]["said_at"] > 1_700_000_000_000
    assert (shown["company"]["id"], shown["company"]["attributes"][0]["value"]) == ("acme", "gold")
    assert shown["segments"] == {"pro": True}
    assert [each["type"] for each in shown["events"]] == ["identify", "track", "group", "identify"]
    assert await got(door, "/api/v1/user", anonymous="phone") == shown
    assert (await got(door, "/api/v1/user/export", user="ann"))["events"] == shown["events"]


async def test_a_reset_lets_a_user_meet_an_experience_again_and_is_an_event(door: Running) -> None:
    await published(door, a_banner("hello"))
    mark = {"handrail": {"lifecycle": True, "sdk": "0.1.0"}}
    seen = {"type": "track", "userId": "ann", "event": "experience_dismissed", "properties": {"experience": "hello"}}
    await tracked(door, {**seen, "messageId": "s1", "context": mark})

    async def state() -> dict[str, Any]:
        request = {"project": PUBLIC_ID, "key": KEY, "page": {"url": PAGE}, "sdk": "t", "userId": "ann"}
        answer = (await door.client.post("/sdk/v1/boot", json=request)).json()
        return next(each for each in answer["candidates"] if each["key"] == "hello")["state"]

    assert (await state())["dismissed"] > 0
    answer = await door.operator.post("/api/v1/user/reset", params={"user": "ann"}, json={"experience": "hello"})
    assert answer.status_code == 200, answer.text
    assert set(await state()) == {"reset"}, "the browser is told, so that its own ledger forgets as well"
    assert (await door.kept())[-1].name == "experience_reset"
    assert (await door.operator.post("/api/v1/rebuild")).json()["differences"] == []
    for wrong, path in (({"experiences": "x"}, "experiences"), ({"experience": "helo"}, "experience")):
        answer = await door.operator.post("/api/v1/user/reset", params={"user": "ann"}, json=wrong)
        assert (answer.status_code, answer.json()["path"]) == (422, path)
    assert len(await door.kept()) == 2


async def test_attributes_are_learnt_and_what_an_audience_asks_in_vain_is_told(door: Running) -> None:
    await tracked(door, identify("ann", seats=3, plan="pro"), identify("bob", seats="3", nested={"a": 1}, x=1))
    conditions = [
        {"attribute": "custom.tier", "operator": "is", "value": "gold"},
        {"attribute": "custom.plan", "operator": ">", "value": 3},
        {"attribute": "native.email", "operator": "is_set"},
        {"attribute": "custom.seats", "operator": ">", "value": 1},
    ]
    applied = await published(door, a_banner("hello", audience={"all": conditions}))
    assert [(each["code"], each["path"], each["severity"]) for each in applied["warnings"]] == [
        ("type_conflict", "documents[0].document.audience", "warning"),
        ("never_received", "documents[0].document.audience", "warning"),
    ]
    described = {each["name"]: each for each in await got(door, "/api/v1/attributes")}
    assert (described["custom.tier"]["type"], described["custom.tier"]["asked_by"]) == (None, ["hello"])
    assert described["custom.tier"]["problems"] == ["custom.tier was never received."]
    assert described["custom.seats"]["problems"] == ["Received as number and as text."]
    assert described["custom.nested"]["problems"] == ["1 values were refused, the latest as a nested object."]
    assert (described["custom.plan"]["type"], described["custom.plan"]["distinct"]) == ("text", 1)
    assert await got(door, "/api/v1/attributes", environment="staging") == []


async def test_ten_thousand_made_up_traits_leave_the_catalogue_bounded(door: Running) -> None:
    await tracked(door, *(identify(f"real{number}", plan="pro") for number in range(3)))
    for start in range(0, 10_000, 1000):
        await tracked(door, identify(f"eve{start}", **{f"made-up-{start + number}": 1 for number in range(999)}))
    described = await got(door, "/api/v1/attributes")
    assert len(described) <= 1000
    assert "custom.plan" in {each["name"] for each in described}


async def test_an_import_goes_the_way_of_every_event_and_counts_once(door: Running) -> None:
    content = "User ID,Email,Seats\n1,a@example.com,3\n2,b@example.com,x\n,c@example.com,1\n"
    query = {"map": '{"Seats":"custom.seats:number"}', "id": "spring"}
    progress, report = (await imported(door, content, **query))[-2:]
    assert progress == {"rows": 3, "imported": 2}
    assert (report["rows"], report["imported"], report["refused"], report["cells_left_out"], report["done"]) == (
        3, 2, 1, 1, True,
    )  # fmt: skip
    assert [(each["line"], each["column"]) for each in report["problems"]] == [(3, "Seats"), (4, "User ID")]
    shown = await got(door, "/api/v1/user", user="1")
    assert {each["name"]: each["value"] for each in shown["attributes"]} == {
        "native.email": "a@example.com",
        "custom.seats": 3,
    }
    assert shown["visits"] == 0, "an import is no visit"
    await imported(door, content, **query)
    assert len(await door.kept()) == 2
    (first, second) = await door.kept()
    assert (first.type, first.verified, second.message_id) == ("identify", "key", "import-spring-000000003")


async def test_a_dry_run_reports_and_keeps_nothing(door: Running) -> None:
    report = (await imported(door, "id,plan\n1,pro\n2,free\n", dry_run=True))[-1]
    assert (report["imported"], report["attributes"], report["dry_run"]) == (2, {"custom.plan": 2}, True)
    assert await door.kept() == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("id,name\n1,Zoë\n".encode("latin-1"), "bad_encoding"),
        ("id,name\n1,Ann\n".encode("utf-16"), "bad_encoding"),
        (b"name\nAnn\n", "invalid"),
        (b"", "no_columns"),
        (b'"id"x,name\n1,Ann\n', "no_columns"),
    ],
)
async def test_a_file_that_cannot_be_read_is_told_in_one_sentence(door: Running, content: bytes, code: str) -> None:
    told = (await imported(door, content))[-1]
    assert (told["code"], bool(told["error"])) == (code, True)
    assert await door.kept() == []


@pytest.mark.parametrize("dry_run", [True, False])
async def test_what_the_door_refuses_is_told_by_line_in_a_dry_run_too(door: Running, dry_run: bool) -> None:
    report = (await imported(door, "id,note\n1,fine\n2,a\0b\n3,fine\n", dry_run=dry_run))[-1]
    assert (report["imported"], report["refused"]) == (2, 1)
    assert [each["line"] for each in report["problems"]] == [3]
    assert [event.user_id for event in await door.kept()] == ([] if dry_run else ["1", "3"])


async def test_the_last_row_about_a_user_holds(door: Running) -> None:
    await imported(door, "id,plan\n" + "".join(f"1,p{line}\n" for line in range(2, 13)))
    shown = await got(door, "/api/v1/user", user="1")
    assert [each["value"] for each in shown["attributes"]] == ["p12"]


async def test_a_map_that_is_none_is_named(door: Running) -> None:
    for map in ("[]", "{", '{"Seats":5}'):
        answer = await door.operator.post("/api/v1/users/import", params={"map": map}, content=b"id\n1\n")
        assert (answer.status_code, answer.json()["path"][:3]) == (422, "map")


async def test_types_come_from_what_was_received_before(door: Running) -> None:
    await tracked(door, identify("ann", seats=3))
    await got(door, "/api/v1/attributes")
    await imported(door, "id,seats\n1,12\n")
    shown = await got(door, "/api/v1/user", user="1")
    assert [each["value"] for each in shown["attributes"]] == [12]


async def test_a_row_that_is_too_large_for_an_event_is_told_by_its_line(door: Running) -> None:
    wide = "id," + ",".join(f"c{number}" for number in range(200))
    big = "1," + ",".join(["x" * 600] * 200)
    report = (await imported(door, f"{wide}\n{big}\n2{',y' * 200}\n"))[-1]
    assert (report["imported"], report["refused"], report["problems"][0]["line"]) == (1, 1, 2)


async def test_users_leave_as_csv_without_a_formula_in_any_cell(door: Running) -> None:
    await tracked(
        door, identify("=1+1", email="=cmd|' /C calc'!A0", plan="@SUM(A1)", seats=-3), identify("ann", plan="ü")
    )
    await got(door, "/api/v1/attributes")
    answer = await door.operator.get("/api/v1/users.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [each["user_id"] for each in rows] == ["'=1+1", "ann"]
    assert (rows[0]["native.email"], rows[0]["custom.plan"], rows[0]["custom.seats"]) == (
        "'=cmd|' /C calc'!A0", "'@SUM(A1)", "-3",
    )  # fmt: skip
    assert rows[1]["custom.plan"] == "ü"


async def test_addresses_and_senders_are_scrubbed_at_every_door(door: Running, tmp_path: Path) -> None:
    page = {"url": "https://app.example.com/a?token=s3cret-1&ref=x", "referrer": "https://o.example/?q=s3cret-2"}
    call = {
        "type": "page",
        "userId": "ann",
        "messageId": "m1",
        "properties": page,
        "context": {"page": page, "ip": "10.9.8.7"},
    }
    await tracked(door, call)
    rules = {"scrub": {"allow": ["ref"], "drop": ["Card"]}}
    assert (await door.operator.put("/api/v1/environments/production/privacy", json=rules)).status_code == 200
    await tracked(door, {**call, "messageId": "m2", "properties": {**page, "card": "s3cret-3"}})
    first, second = [msgspec.json.decode(each.body) for each in await door.kept()]
    assert first["context"]["page"]["url"] == "https://app.example.com/a"
    assert second["context"]["page"]["url"] == "https://app.example.com/a?ref=x"
    kept = "".join(str(each.body) for each in await door.kept())
    assert "s3cret" not in kept
    assert "10.9.8.7" not in kept
    wrong = {"scrub": {"allowed": ["ref"]}}
    assert (await door.operator.put("/api/v1/environments/production/privacy", json=wrong)).status_code == 422
