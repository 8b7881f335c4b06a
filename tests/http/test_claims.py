"""Strict: of all browsers that want to show the same thing to the same user, one may (RULES 44). On both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.installation import KEY, PUBLIC_ID, Running, running

RACES = 50
ORIGIN = {"origin": "https://app.example.com"}


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def places(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[list[Running]]:
    """One process on files; on PostgreSQL two, which know of each other by the database only."""
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            yield [await stack.enter_async_context(running(tmp_path))]
            return
        database = request.getfixturevalue("postgres_dsn")
        yield [await stack.enter_async_context(running(tmp_path / name, database)) for name in ("one", "two")]


def a_banner(key: str, frequency: dict[str, Any]) -> dict[str, Any]:
    blocks = [{"type": "paragraph", "text": "Hello"}]
    return {"kind": "banner", "key": key, "name": key, "frequency": frequency, "content": {"blocks": blocks}}


STRICT = {"every": "once", "strict": True}


async def published(places: list[Running], *documents: dict[str, Any]) -> None:
    sent = [{"sort": "experience", "document": each} for each in documents]
    answer = await places[0].operator.post("/api/v1/apply", json={"documents": sent})
    assert answer.status_code == 200, answer.text
    for place in places:
        await until_live(place, documents[-1]["key"])


async def until_live(place: Running, key: str) -> None:
    """Another process hears of what was published from the database."""
    for _ in range(2000):
        answer = await place.client.post("/sdk/v1/claim", json=asked("somebody", key, "them"), headers=ORIGIN)
        if answer.status_code != 404:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{key} did not come to be live")


def asked(user: str, experience: str, claimant: str, **more: Any) -> dict[str, Any]:
    """What a browser sends."""
    who = {"project": PUBLIC_ID, "userId": user, "anonymousId": f"{user}-{claimant}"}
    return who | {"experience": experience, "claimant": claimant} | more


async def claim(place: Running, user: str, experience: str, claimant: str) -> str:
    """Why this browser may not draw it; empty when it may. Where a busy server cannot say yet, it asks again."""
    sent = asked(user, experience, claimant)
    answer = await place.client.post("/sdk/v1/claim", json=sent, headers=ORIGIN)
    while answer.status_code == 503:
        answer = await place.client.post("/sdk/v1/claim", json=sent, headers=ORIGIN)
    assert answer.status_code == 200, answer.text
    return answer.json()["because"]


async def said(place: Running, user: str, event: str, experience: str, number: int) -> None:
    call = {
        "type": "track",
        "userId": user,
        "event": event,
        "messageId": f"{user}-{event}-{number}",
        "properties": {"experience": experience},
        "context": {"handrail": {"lifecycle": True}},
    }
    boot = {"project": PUBLIC_ID, "sdk": "test", "userId": user, "anonymousId": user, "page": {"url": "https://a.test"}}
    answer = await place.client.post("/sdk/v1/boot", json=boot | {"batch": [call]}, headers=ORIGIN)
    assert answer.status_code == 200, answer.text


async def test_of_browsers_that_claim_at_once_one_may_draw(places: list[Running]) -> None:
    await published(places, a_banner("welcome", STRICT))
    for race in range(RACES):
        user = f"user-{race}"
        answers = await asyncio.gather(
            *(claim(places[at % len(places)], user, "welcome", f"device-{at}") for at in range(4))
        )
        assert sorted(answers) == ["", "claimed", "claimed", "claimed"], race
        holder = answers.index("")
        # Asked again, by whoever, it is as it was.
        again = [await claim(places[-1], user, "welcome", f"device-{at}") for at in range(4)]
        assert again.index("") == holder
        assert again.count("") == 1
    events = [each for each in await places[0].kept() if each.name == "experience_claimed"]
    assert len([each for each in events if (each.user_id or "").startswith("user-")]) == RACES


async def test_what_was_seen_is_not_claimed_again_before_it_is_due(places: list[Running]) -> None:
    await published(places, a_banner("welcome", STRICT))
    assert await claim(places[0], "ann", "welcome", "laptop") == ""
    await said(places[-1], "ann", "experience_seen", "welcome", 1)
    assert await claim(places[0], "ann", "welcome", "laptop") == "frequency_once"
    assert await claim(places[0], "ann", "welcome", "phone") == "frequency_once"


async def test_a_reset_lets_it_be_claimed_anew(places: list[Running]) -> None:
    await published(places, a_banner("welcome", STRICT))
    assert await claim(places[0], "ann", "welcome", "laptop") == ""
    assert await claim(places[0], "ann", "welcome", "phone") == "claimed"
    reset = await places[0].operator.post("/api/v1/user/reset", params={"user": "ann"}, json={"experience": "welcome"})
    assert reset.status_code == 200, reset.text
    assert await claim(places[0], "ann", "welcome", "phone") == ""
    assert await claim(places[0], "ann", "welcome", "laptop") == "claimed"


async def test_rebuilding_and_explaining_know_of_the_claim(places: list[Running]) -> None:
    await published(places, a_banner("welcome", STRICT))
    assert await claim(places[0], "ann", "welcome", "laptop") == ""
    rebuilt = (await places[0].operator.post("/api/v1/rebuild")).json()
    assert rebuilt["differences"] == []
    told = (
        await places[0].operator.get("/api/v1/explain", params={"user": "ann", "url": "https://app.example.com/"})
    ).json()[0]
    line = next(each for each in told["lines"] if each["text"].startswith("strict"))
    assert line["actual"].startswith("claimed ")
    assert "no other" in line["note"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"experience": "nothing"}, 404, "not_found"),
        ({"experience": "often"}, 400, "not_strict"),
        ({"experience": "plain"}, 400, "not_strict"),
        ({"claimant": ""}, 400, "bad_claimant"),
        ({"claimant": "c" * 101}, 400, "bad_claimant"),
        ({"claimant": 7}, 400, "bad_claim"),
        ({"userId": None, "anonymousId": None}, 400, "no_user"),
        ({"userId": "undefined"}, 400, "bad_id"),
        ({"key": "wk_wrong"}, 401, "unknown_key"),
        ({"project": "wrong"}, 403, "unknown_project"),
    ],
)
async def test_a_bad_claim_is_refused_by_name(door: Running, change: dict[str, Any], status: int, code: str) -> None:
    await published([door], a_banner("often", {"every": "time"}), a_banner("plain", {"every": "once"}))
    await published([door], a_banner("welcome", STRICT))
    answer = await door.client.post("/sdk/v1/claim", json=asked("ann", "welcome", "laptop") | change, headers=ORIGIN)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_claim_that_is_no_json_is_refused(door: Running) -> None:
    answer: httpx.Response = await door.client.post("/sdk/v1/claim", content=b"{", headers=ORIGIN)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


async def test_what_stays_on_the_page_cannot_be_strict(door: Running) -> None:
    checklist = a_banner("tasks", STRICT) | {"kind": "checklist", "content": {"title": "Tasks", "tasks": []}}
    answer = await door.operator.post(
        "/api/v1/apply", json={"documents": [{"sort": "experience", "document": checklist}]}
    )
    assert answer.status_code == 422
    assert "frequency.strict" in answer.text


async def test_a_claim_by_key_needs_no_origin(door: Running) -> None:
    await published([door], a_banner("welcome", STRICT))
    answer = await door.client.post("/sdk/v1/claim", json=asked("ann", "welcome", "laptop", key=KEY))
    assert answer.json() == {"because": ""}
