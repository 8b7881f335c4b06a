"""The tracking door: what it keeps, what it refuses, and what it says."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from handrail.core.people import Subject
from tests.support.installation import KEY, OTHER_KEY, Running

LONG, HUGE, DEEP = "m" * 101, "x" * 33_000, "[" * 200 + "]" * 200


def a_track(number: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order", "userId": "ann", "messageId": f"m{number}"} | more


def a_batch(*calls: Any, **more: Any) -> bytes:
    return json.dumps({"writeKey": KEY, "batch": calls} | more).encode()


async def user(door: Running, user_id: str = "ann") -> Subject:
    environment = await door.installation.publications.environment_by_key(KEY)
    assert environment is not None
    log = door.installation.log
    await log.folded(max([position async for position, _ in log.read(0, 100_000)]))
    return await log.people(environment.id).user(None, user_id)


async def test_a_batch_is_kept_once_however_often_it_is_sent(door: Running) -> None:
    body = a_batch(*(a_track(number) for number in range(100)))
    for _ in range(3):
        answer = await door.client.post("/v1/batch", content=body)
        assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert len(await door.kept()) == 100


@pytest.mark.parametrize("route", ["track", "t"])
async def test_single_calls_and_short_routes_take_the_key_from_basic_too(door: Running, route: str) -> None:
    basic = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
    headers = {"authorization": basic, "content-type": "application/x-www-form-urlencoded"}
    answer = await door.client.post(f"/v1/{route}", json=a_track(), headers=headers)
    assert answer.status_code == 200
    assert [event.name for event in await door.kept()] == ["Order"]


async def test_gzip_is_recognised_by_its_first_bytes(door: Running) -> None:
    answer = await door.client.post("/v1/batch", content=gzip.compress(a_batch(a_track())))
    assert answer.status_code == 200
    assert len(await door.kept()) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"batch":[]}', 401, "no_key"),
        (b'{"writeKey":"wk_nobody","batch":[]}', 401, "unknown_key"),
        (b" " * (500 * 1024 + 1), 400, "too_large"),
        (gzip.compress(b" " * (500 * 1024 + 1)), 400, "too_large"),
        (gzip.compress(bytes(100_000_000)), 400, "too_large"),
        (gzip.compress(a_batch(a_track()))[:-9], 400, "bad_gzip"),
        (b"\x1f\x8bnothing", 400, "bad_gzip"),
        (b"{", 400, "bad_json"),
        (b"", 400, "bad_json"),
        (b"[]", 400, "bad_batch"),
        (b'{"writeKey":"wk_production","batch":{}}', 400, "bad_batch"),
        (b'{"batch":["\xff"]}', 400, "bad_encoding"),
        (a_batch(*([1] * 2501)), 400, "too_many_events"),
        (b'{"batch":' + b"[" * 100_000, 400, "bad_json"),
    ],
)  # fmt: skip
async def test_what_is_no_batch_is_refused_whole(door: Running, body: bytes, status: int, code: str) -> None:
    answer = await door.client.post("/v1/batch", content=body, headers={"origin": "https://elsewhere.example"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]
    assert answer.headers["access-control-allow-origin"] == "https://elsewhere.example", "a browser can read why"
    assert await door.kept() == []


@pytest.mark.parametrize(
    ("bad", "path", "code"),
    [
        ('{"type":"track","userId":"a"}', "batch[1].event", "no_event"),
        ('{"type":"track","event":"E"}', "batch[1].userId", "no_user_anon_id"),
        ('{"type":"dance","userId":"a"}', "batch[1].type", "unknown_type"),
        ('{"type":"group","userId":"a"}', "batch[1].groupId", "no_group_id"),
        ('{"type":"alias","userId":"a"}', "batch[1].previousId", "no_previous_id"),
        ('{"type":"alias","userId":"a","previousId":"a"}', "batch[1].previousId", "alias_cycle"),
        ('{"type":"track","event":"E","userId":"null"}', "batch[1].userId", "bad_id"),
        ('{"type":"track","event":"E","userId":["a"]}', "batch[1].userId", "bad_id"),
        ('{"type":"track","event":"E","userId":"a","writeKey":"wk_staging"}', "batch[1].writeKey", "foreign_key"),
        (f'{{"type":"track","event":"E","userId":"a","messageId":"{LONG}"}}', "batch[1].messageId", "bad_message_id"),
        (f'{{"type":"track","event":"E","userId":"a","properties":{{"p":"{HUGE}"}}}}', "batch[1]", "event_too_large"),
        ('{"type":"track","event":"E","userId":"a","properties":{"p":"\\u0000"}}', "batch[1]", "nul"),
        ('{"type":"track","event":"E","userId":"a","properties":{"p":1e999}}', "batch[1]", "bad_number"),
        (f'{{"type":"track","event":"E","userId":"a","properties":{DEEP}}}', "batch[1]", "too_deep"),
        ('"text"', "batch[1]", "bad_event"),
        ("null", "batch[1]", "bad_event"),
    ],
)
async def test_one_bad_event_costs_only_itself(door: Running, bad: str, path: str, code: str) -> None:
    good = json.dumps(a_track(1))
    others = ",".join(json.dumps(a_track(number)) for number in range(2, 100))
    body = f'{{"writeKey":"{KEY}","batch":[{good},{bad},{others}]}}'
    answer = await door.client.post("/v1/batch", content=body.encode())
    assert answer.status_code == 200
    assert [(each["path"], each["code"]) for each in answer.json()["rejected"]] == [(path, code)]
    assert len(await door.kept()) == 99


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (r"cut \ud83d", "cut \ufffd"), (r"\uDE00 cut", "\ufffd cut"), (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ude00", "😀"), (r"\ud83d\ud83d\ude00", "\ufffd😀"), (r"\\ud83d", "\\ud83d"),
        (r"\\\ud83d", "\\\ufffd"), (r"\ud7ff\ue000", "\ud7ff\ue000"),
    ],
)  # fmt: skip
async def test_half_an_emoji_costs_neither_its_event_nor_the_neighbours(door: Running, written: str, kept: str) -> None:
    body = b'{"writeKey":"%b","batch":[%b,%b]}' % (
        KEY.encode(), b'{"type":"track","userId":"ann","event":"%b"}' % written.encode(),
        b'{"type":"track","userId":"ann","event":"Whole"}',
    )  # fmt: skip
    answer = await door.client.post("/v1/batch", content=body)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [each.name for each in await door.kept()] == [kept, "Whole"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
async def test_numbers_that_json_does_not_know_are_no_json(door: Running, number: str) -> None:
    body = f'{{"writeKey":"{KEY}","batch":[{{"type":"track","event":"E","userId":"a","properties":{{"p":{number}}}}}]}}'
    answer = await door.client.post("/v1/batch", content=body.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")
    assert await door.kept() == []


async def test_the_last_of_two_equal_keys_wins(door: Running) -> None:
    body = f'{{"writeKey":"{KEY}","batch":[{{"type":"track","event":"First","event":"Last","userId":"a"}}]}}'
    await door.client.post("/v1/batch", content=body.encode())
    assert [event.name for event in await door.kept()] == ["Last"]


async def test_the_first_thousand_attributes_are_kept_and_the_rest_told_in_one_warning(door: Running) -> None:
    traits = {f"a{number}": number for number in range(10_000)}
    answer = await door.client.post(
        "/v1/batch", content=a_batch({"type": "identify", "userId": "ann", "traits": traits})
    )
    assert answer.status_code == 200
    assert [each["code"] for each in answer.json()["warnings"]] == ["too_many_attributes"]
    assert len((await user(door)).custom) == 1000


async def test_a_refused_attribute_leaves_the_others(door: Running) -> None:
    traits = {"plan": "pro", "long": "x" * 701, "nested": {"a": 1}, "mixed": [1, "a"], "fits": "é" * 700}
    await door.client.post("/v1/identify", json={"writeKey": KEY, "userId": "ann", "traits": traits})
    assert set((await user(door)).custom) == {"plan", "fits"}


@pytest.mark.parametrize("year", ["2016", "2036"])
async def test_a_clock_ten_years_off_is_corrected_by_what_the_sender_said_of_it(door: Running, year: str) -> None:
    call = a_track(timestamp=f"{year}-11-24T10:00:00Z")
    await door.client.post("/v1/batch", content=a_batch(call, sentAt=f"{year}-11-24T10:00:05Z"))
    [event] = await door.kept()
    assert event.received_at - event.timestamp == 5000


async def test_a_time_yet_to_come_is_held_to_the_time_of_arrival(door: Running) -> None:
    await door.client.post("/v1/batch", content=a_batch(a_track(timestamp="2099-01-01T00:00:00Z")))
    [event] = await door.kept()
    assert event.timestamp == event.received_at


@pytest.mark.parametrize("said", ["yesterday", "2026-13-01", 1_795_521_600_000, True, ["2026-11-24"]])
async def test_a_time_that_cannot_be_read_is_the_time_of_arrival_with_a_warning(door: Running, said: object) -> None:
    answer = await door.client.post("/v1/batch", content=a_batch(a_track(1), a_track(2) | {"timestamp": said}))
    assert [(each["path"], each["code"], each["message_id"]) for each in answer.json()["warnings"]] == [
        ("batch[1].timestamp", "bad_timestamp", "m2")
    ]
    single = {"writeKey": KEY, **a_track(3), "timestamp": said}
    answer = await door.client.post("/v1/track", content=json.dumps(single).encode())
    assert [each["path"] for each in answer.json()["warnings"]] == ["timestamp"]
    assert [event.timestamp == event.received_at for event in (await door.kept())[1:]] == [True, True]


async def test_an_empty_write_key_is_none(door: Running) -> None:
    basic = {"authorization": f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}"}
    answer = await door.client.post(
        "/v1/track", content=json.dumps(a_track(1) | {"writeKey": ""}).encode(), headers=basic
    )
    assert (answer.status_code, len(await door.kept())) == (200, 1)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_calls_are_sent_with_post_alone(door: Running, method: str) -> None:
    answer = await door.client.request(method, "/v1/batch", content=a_batch(a_track(1)))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_route")
    assert (await door.client.get("/v1/batch")).status_code == 404
    assert await door.kept() == []


async def test_the_same_message_id_in_two_environments_is_two_events(door: Running) -> None:
    for key in (KEY, OTHER_KEY, KEY):
        await door.client.post("/v1/track", json=a_track() | {"writeKey": key})
    assert len({event.environment for event in await door.kept()}) == 2
    assert len(await door.kept()) == 2


async def test_an_event_without_an_id_is_known_again_by_its_content(door: Running) -> None:
    body = a_batch({"type": "track", "event": "E", "userId": "a"}, {"type": "track", "event": "E", "userId": "b"})
    for _ in range(2):
        await door.client.post("/v1/batch", content=body)
    assert len(await door.kept()) == 2


async def test_a_browser_may_ask_first_and_bring_credentials(door: Running) -> None:
    headers = {"origin": "https://app.example.com", "access-control-request-headers": "content-type,authorization"}
    answer = await door.client.options("/v1/t", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-headers"] == "content-type,authorization"


async def test_libraries_find_their_settings_documents(door: Running) -> None:
    settings = await door.client.get(f"/v1/projects/{KEY}/settings")
    assert settings.json()["integrations"]["Segment.io"]["apiKey"] == KEY
    assert (await door.client.get("/v1/projects/wk_nobody/settings")).status_code == 401
    assert (await door.client.get("/sourceConfig/")).status_code == 200
