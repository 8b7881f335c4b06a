"""Server-side events: `/sse/webhook` takes identify and track with a secret key."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import insert

from handrail.adapters.control.tables import api_key
from tests.support.installation import Running

SECRET = "hk_server"
IDENTIFY = {"userId": 17, "type": "identify", "timestamp": "2026-11-24T12:00:00Z", "traits": {"plan": "pro"}}
TRACK = {
    "userId": "ann",
    "type": "track",
    "timestamp": "2026-11-24T12:00:00Z",
    "event": "Paid",
    "properties": {"total": 3},
}


async def a_key(door: Running, secret: str = SECRET, scopes: str = "events:write") -> None:
    row = {
        "id": f"k_{secret}",
        "project_id": await door.installation.project(),
        "name": "server",
        "digest": hashlib.sha256(secret.encode()).hexdigest(),
        "scopes": scopes,
        "created_at": 0,
    }
    async with door.installation.control.transaction() as connection:
        await connection.execute(insert(api_key).values(row))


async def send(door: Running, body: Any, secret: str | None = SECRET, query: str = "") -> tuple[int, dict[str, Any]]:
    headers = {} if secret is None else {"x-api-key": secret}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await door.client.post(f"/sse/webhook{query}", content=content, headers=headers)
    return answer.status_code, answer.json()


async def test_identify_and_track_are_kept_as_events_with_their_own_time(door: Running) -> None:
    await a_key(door)
    for body in (IDENTIFY, TRACK, [TRACK | {"event": "Listed"}]):
        assert await send(door, body) == (200, {"success": True})
    assert await send(door, TRACK | {"timestamp": 1_795_521_600_000, "event": "In milliseconds"}) == (
        200,
        {"success": True},
    )
    events = await door.kept()
    assert [(each.user_id, each.name, each.timestamp, each.verified) for each in events] == [
        ("17", None, 1_795_521_600_000, "key"),
        ("ann", "Paid", 1_795_521_600_000, "key"),
        ("ann", "Listed", 1_795_521_600_000, "key"),
        ("ann", "In milliseconds", 1_795_521_600_000, "key"),
    ]
    shown = (await door.operator.get("/api/v1/user", params={"user": "17"})).json()
    assert [(each["name"], each["value"]) for each in shown["attributes"]] == [("custom.plan", "pro")]


async def test_the_same_event_again_counts_once(door: Running) -> None:
    await a_key(door)
    for _ in range(3):
        await send(door, TRACK)
    assert len(await door.kept()) == 1


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (TRACK | {"userId": None}, "no_user_anon_id", "userId"),
        (TRACK | {"userId": None, "anonymousId": "device"}, "no_user_anon_id", "userId"),
        (TRACK | {"userId": "undefined"}, "bad_id", "userId"),
        (TRACK | {"event": ""}, "no_event", "event"),
        (TRACK | {"type": "page"}, "unknown_type", "type"),
        (TRACK | {"type": None}, "unknown_type", "type"),
        (TRACK | {"properties": {"x": "y" * 40_000}}, "event_too_large", ""),
        (b"{", "bad_json", ""),
        (b"1", "bad_event", ""),
        (b"null", "bad_event", ""),
        (b"[1", "bad_json", ""),
        (TRACK | {"timestamp": None}, "bad_timestamp", "timestamp"),
        (TRACK | {"timestamp": "yesterday"}, "bad_timestamp", "timestamp"),
        (TRACK | {"timestamp": "2026-13-01T00:00:00Z"}, "bad_timestamp", "timestamp"),
        (TRACK | {"timestamp": True}, "bad_timestamp", "timestamp"),
        (TRACK | {"timestamp": 1e300}, "bad_timestamp", "timestamp"),
        (IDENTIFY | {"traits": None}, "bad_traits", "traits"),
        (IDENTIFY | {"traits": [1]}, "bad_traits", "traits"),
        ({key: value for key, value in IDENTIFY.items() if key != "traits"}, "bad_traits", "traits"),
        (TRACK | {"writeKey": "wk_staging"}, "foreign_key", "writeKey"),
        (b'{"userId":"a\\u0000","type":"track","event":"x"}', "nul", ""),
        (b"[" + b"{}," * 2500 + b"{}]", "too_many_events", ""),
        (b" " * (500 * 1024 + 1), "too_large", ""),
    ],
)
async def test_what_cannot_be_meant_is_a_400_that_names_the_place(
    door: Running, body: Any, code: str, path: str
) -> None:
    await a_key(door)
    status, told = await send(door, body)
    assert (status, told["code"], told.get("path", "")) == (400, code, path)
    assert await door.kept() == []


async def test_one_bad_event_of_a_list_costs_only_itself(door: Running) -> None:
    await a_key(door)
    wrong = (b'{"event":3}', b"null", b"7", b'{"properties":{"x":1e999}}', b'{"type":"page"}', b'{"timestamp":"x"}')
    listed = [json.dumps(TRACK).encode(), *(_over(TRACK, each) for each in wrong), json.dumps(IDENTIFY).encode()]
    status, told = await send(door, b"[" + b",".join(listed) + b"]")
    assert (status, [(each["path"], each["code"]) for each in told["rejected"]]) == (
        200,
        [
            ("[1].event", "bad_event"),
            ("[2]", "bad_event"),
            ("[3]", "bad_event"),
            ("[4]", "bad_number"),
            ("[5].type", "unknown_type"),
            ("[6].timestamp", "bad_timestamp"),
        ],
    )
    assert len(await door.kept()) == 2


def _over(event: dict[str, Any], wrong: bytes) -> bytes:
    """An event with members put over its own as raw JSON, of which the last of two equal keys wins."""
    return json.dumps(event).encode()[:-1] + b"," + wrong[1:] if wrong[:1] == b"{" else wrong


async def test_a_key_is_needed_known_and_meant_for_it(door: Running) -> None:
    await a_key(door)
    await a_key(door, "hk_reader", "users:read")
    assert (await send(door, TRACK, None))[0] == 401
    assert (await send(door, TRACK, "hk_nobody"))[0] == 401
    assert (await send(door, TRACK, "wk_production"))[0] == 401
    assert (await send(door, TRACK, "hk_reader"))[0] == 403
    assert (await send(door, TRACK, query="?environment=nowhere"))[0] == 404
    assert (await door.client.get("/sse/webhook", headers={"x-api-key": SECRET})).status_code == 400
    assert (await send(door, TRACK, query="?environment=staging"))[0] == 200
    assert [each.environment.split("_")[1] for each in await door.kept()] == ["staging"]
