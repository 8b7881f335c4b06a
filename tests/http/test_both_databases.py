"""The main walk on both databases: tracking, apply, boot, explain, count, tail and rebuild, through one port each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.installation import KEY, PUBLIC_ID, Running, running

PAGE = "https://app.example.com/orders"


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running]:
    """The same installation on files and on PostgreSQL."""
    database = request.getfixturevalue("postgres_dsn") if request.param == "postgres" else ""
    async with running(tmp_path, database) as open_one:
        yield open_one


def a_banner(key: str, **more: Any) -> dict[str, Any]:
    text = {"type": "paragraph", "text": "Hello"}
    return {"kind": "banner", "key": key, "name": key, "content": {"blocks": [text]}} | more


async def asked(place: Running, method: str, path: str, **more: Any) -> Any:
    """The API as the command line speaks it."""
    answer = await place.operator.request(method, path, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def published(place: Running, *documents: dict[str, Any], **more: Any) -> dict[str, Any]:
    sent = [{"sort": each.pop("sort", "experience"), "document": each} for each in documents]
    return await asked(place, "POST", "/api/v1/apply", json={"documents": sent} | more)


async def tracked(place: Running, *calls: dict[str, Any]) -> None:
    answer = await place.client.post("/v1/batch", content=json.dumps({"writeKey": KEY, "batch": calls}).encode())
    assert answer.json() == {"success": True}


async def booted(place: Running, user: str | None, *batch: dict[str, Any]) -> dict[str, Any]:
    body = {
        "project": PUBLIC_ID,
        "sdk": "test",
        "anonymousId": "anon",
        "userId": user,
        "page": {"url": PAGE},
        "batch": list(batch),
    }
    answer = await place.client.post("/sdk/v1/boot", json=body, headers={"origin": "https://app.example.com"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def keys(boot: dict[str, Any]) -> list[str]:
    return sorted(each["key"] for each in boot["candidates"])


PRO = {"attribute": "custom.plan", "operator": "is", "value": "pro"}
LOOKED = {"type": "track", "userId": "ann", "event": "Looked", "messageId": "looked"}
"""Boot waits until what it brings is folded, and with it all that came before."""
BUYS = {"event": "Order Completed", "operator": ">=", "value": 2}


async def test_boot_decides_by_what_was_tracked_and_what_it_brings(place: Running) -> None:
    await published(place, a_banner("for-pro", audience=PRO), a_banner("for-buyers", audience=BUYS))
    assert keys(await booted(place, "ann")) == []
    identify = {"type": "identify", "userId": "ann", "messageId": "i1", "traits": {"plan": "pro"}}
    order = {"type": "track", "userId": "ann", "event": "Order Completed"}
    assert keys(await booted(place, "ann", identify)) == ["for-pro"]
    await tracked(place, order | {"messageId": "o1"}, order | {"messageId": "o2"}, order | {"messageId": "o2"})
    boot = await booted(place, "ann", order | {"messageId": "o1"})
    assert (keys(boot), boot["accepted"]) == (["for-buyers", "for-pro"], ["o1"])
    assert sorted(event.message_id for event in await place.kept()) == ["i1", "o1", "o2"]


async def test_a_counter_that_a_publication_brings_counts_back(place: Running) -> None:
    order = {"type": "track", "userId": "ann", "event": "Order Completed"}
    await tracked(place, *(order | {"messageId": f"o{number}"} for number in range(3)))
    await published(place, a_banner("for-buyers", audience=BUYS))
    assert keys(await booted(place, "ann", LOOKED)) == ["for-buyers"]


async def test_explain_count_and_rebuild_agree_with_boot(place: Running) -> None:
    await published(place, a_banner("for-pro", audience=PRO))
    await tracked(
        place,
        {"type": "identify", "userId": "ann", "messageId": "1", "traits": {"plan": "pro"}},
        {"type": "identify", "userId": "bob", "messageId": "2", "traits": {"plan": "trial"}},
    )
    await booted(place, "ann", {"type": "track", "userId": "ann", "event": "Looked", "messageId": "3"})
    told = {
        user: (await asked(place, "GET", "/api/v1/explain", params={"user": user, "url": PAGE}))[0]
        for user in ("ann", "bob")
    }
    assert (told["ann"]["shows"], told["bob"]["because"]) == (True, "audience")
    counted = await asked(place, "GET", "/api/v1/count", params={"experience": "for-pro"})
    assert counted == {"users": 1, "up_to": False}
    rebuilt = await asked(place, "POST", "/api/v1/rebuild")
    assert (rebuilt["events"], rebuilt["differences"]) == (3, [])
    assert rebuilt["rows"] > 0


async def test_a_pause_and_a_new_version_reach_the_revision(place: Running) -> None:
    await published(place, a_banner("hello"))
    boot = await booted(place, "ann")
    first = (await place.client.get(boot["revisionUrl"])).json()
    version = boot["candidates"][0]["version"]
    assert (await place.client.get(f"/sdk/v1/content/{version}.json")).json()["key"] == "hello"
    await published(place, a_banner("hello", priority=5))
    second = (await place.client.get(boot["revisionUrl"])).json()
    assert second != first
    await asked(place, "POST", "/api/v1/experiences/hello/pause")
    assert keys(await booted(place, "ann")) == []


async def test_a_document_with_problems_publishes_nothing(place: Running) -> None:
    broken = a_banner("broken", priority=9)
    sent = [{"sort": "experience", "document": each} for each in (a_banner("fine"), broken)]
    answer = await place.operator.post("/api/v1/apply", json={"documents": sent})
    assert answer.status_code == 422
    assert (await asked(place, "GET", "/api/v1/documents"))["documents"] == []


async def test_tail_tells_events_and_decisions(place: Running) -> None:
    await published(place, a_banner("hello"))
    async with place.installation.works("p_test") as work:
        seen = [each.id for each in await work.environments()]
    lines = place.installation.tail.listen(seen)
    waiting = asyncio.ensure_future(anext(lines))
    # One turn of the loop, and the listener stands at its first wait.
    await asyncio.sleep(0)
    told = [json.loads(await waiting)] if place.installation.settings.database else []
    await tracked(place, {"type": "track", "userId": "ann", "event": "Looked", "messageId": "1"})
    told.append(json.loads(await (waiting if not told else anext(lines))))
    await booted(place, "ann")
    told.append(json.loads(await anext(lines)))
    await lines.aclose()
    assert [each["what"] for each in told][-2:] == ["event", "decision"]
    assert told[-1]["candidates"] == ["hello"]


async def test_the_installation_is_as_it_was_when_opened_again(place: Running, tmp_path: Path) -> None:
    await published(place, a_banner("for-buyers", audience=BUYS))
    order = {"type": "track", "userId": "ann", "event": "Order Completed"}
    await tracked(place, order | {"messageId": "o1"}, order | {"messageId": "o2"})
    await place.installation.close()
    async with running(tmp_path, place.installation.settings.database) as again:
        await tracked(again, order | {"messageId": "o2"})
        assert keys(await booted(again, "ann", LOOKED)) == ["for-buyers"]
        assert len(await again.kept()) == 3
        assert (await again.installation.log.rebuild()).differences == ()


async def test_the_analytic_store_is_emptied_and_filled_again(door: Running) -> None:
    await published(door, a_banner("hello"))
    await tracked(door, {"type": "track", "userId": "ann", "event": "Looked", "messageId": "1"})
    while await door.installation.counts.filled():
        pass
    told = await asked(door, "GET", "/api/v1/analytics")
    assert told["position"] == told["end"] > 0
    assert (await asked(door, "GET", "/api/v1/count?experience=hello"))["users"] == 1
    assert (await asked(door, "POST", "/api/v1/analytics/rebuild"))["end"] == told["end"]
    while await door.installation.counts.filled():
        pass
    assert (await asked(door, "GET", "/api/v1/count?experience=hello"))["users"] == 1
    assert await asked(door, "GET", "/api/v1/analytics") == told


async def test_a_segment_s_property_filter_has_a_counter_that_is_shown(place: Running) -> None:
    order = {"type": "track", "event": "Order", "userId": "ann"}
    await tracked(place, order | {"properties": {"total": 5}}, order | {"properties": {"total": 50}})
    where = {"attribute": "property.total", "operator": ">=", "value": 10}
    condition = {"event": "Order", "operator": ">=", "value": 1, "where": where}
    segment = {"sort": "segment", "key": "large", "name": "Large orders", "condition": condition}
    await published(place, segment, a_banner("hello", audience={"segment": "large"}))
    shown = await asked(place, "GET", "/api/v1/counters")
    assert [(each["event"], each["filtered"]) for each in shown["counters"]] == [("Order", True)]
    assert shown["counting"] is None, "an apply answers once its counters have been counted back"
    assert [each["key"] for each in (await booted(place, "ann"))["candidates"]] == ["hello"]
