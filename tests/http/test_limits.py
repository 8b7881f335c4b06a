"""One address, one key or one user that asks too much is told when to come again; nobody else notices."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.errors import TooMany
from handrail.http.limits import Buckets, Limits, Rates, address_of
from tests.support.installation import KEY, PUBLIC_ID, Running, running

NOW = 1_795_521_600_000


def a_scope(client: str = "203.0.113.9", *forwarded: str) -> dict[str, Any]:
    return {"client": (client, 1), "headers": [(b"x-forwarded-for", each.encode()) for each in forwarded]}


@pytest.mark.parametrize(
    ("proxies", "client", "forwarded", "address"),
    [
        (0, "203.0.113.9", [], "203.0.113.9"),
        (0, "203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        (1, "10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        (1, "10.0.0.1", ["1.1.1.1, 2.2.2.2, 198.51.100.1"], "198.51.100.1"),
        (1, "10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        (1, "10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        (1, "10.0.0.1", [], "10.0.0.1"),
        (1, "10.0.0.1", ["nonsense"], "10.0.0.1"),
        (2, "10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        (2, "10.0.0.1", ["198.51.100.1"], "10.0.0.1"),
        (0, "2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        (1, "10.0.0.1", ["[2001:db8:1:2::9]:443"], "2001:db8:1:2::/64"),
        (0, "::ffff:203.0.113.9", [], "203.0.113.9"),
    ],
)
def test_whom_a_request_comes_from(proxies: int, client: str, forwarded: list[str], address: str) -> None:
    assert address_of(a_scope(client, *forwarded), proxies) == address


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_forged_headers_neither_escape_a_limit_nor_spend_another_s(proxies: int) -> None:
    limits = Limits(Rates(address=1), proxies)
    trusted = ["198.51.100.1", "10.0.0.2"][:proxies]
    peer = "203.0.113.9" if proxies == 0 else "10.0.0.1"
    for number in range(10):
        limits.address(a_scope(peer, f"8.8.8.{number}", *trusted), NOW)
    with pytest.raises(TooMany):
        limits.address(a_scope(peer, "8.8.4.4", *trusted), NOW)
    for number in range(9):
        other = ["192.0.2.7", "10.0.0.2"][:proxies]
        limits.address(a_scope("192.0.2.7" if proxies == 0 else peer, f"8.8.8.{number}", *other), NOW)


def test_a_bucket_holds_ten_seconds_and_fills_again() -> None:
    buckets = Buckets(2)
    assert [buckets.take("a", 1, NOW) for _ in range(20)] == [0] * 20
    assert buckets.take("a", 1, NOW) == 0.5
    assert buckets.take("b", 1, NOW) == 0
    assert buckets.take("a", 1, NOW + 500) == 0
    assert buckets.take("a", 1, NOW + 600) > 0


def test_what_is_larger_than_a_bucket_passes_when_the_bucket_is_full() -> None:
    buckets = Buckets(2)
    assert buckets.take("a", 500, NOW) == 0
    assert buckets.take("a", 1, NOW) > 0


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 5)), min_size=1, max_size=60))
def test_no_more_passes_than_the_bucket_and_what_flowed_in(asked: list[tuple[int, int]]) -> None:
    buckets, now, passed = Buckets(3), NOW, 0
    for later, cost in asked:
        now += later
        if buckets.take("a", cost, now) == 0:
            passed += cost
    assert passed <= 30 + 3 * (now - NOW) / 1000 + 1e-6


@pytest_asyncio.fixture
async def narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Running]:
    """An installation whose limits a test can reach, however slow the machine is: time stands still."""
    monkeypatch.setattr("handrail.app.milliseconds", lambda: NOW)
    async with running(tmp_path, limit_address=100, limit_key=3, limit_user=1, trusted_proxies=1) as one:
        yield one


def a_batch(user: str, count: int, start: int = 0) -> bytes:
    items = [
        {"type": "track", "event": "E", "userId": user, "messageId": f"{user}-{number}"}
        for number in range(start, start + count)
    ]
    return json.dumps({"writeKey": KEY, "batch": items}).encode()


async def until_refused(client: httpx.AsyncClient, path: str, bodies: list[bytes], **headers: str) -> httpx.Response:
    for body in bodies:
        answer = await client.post(path, content=body, headers=headers)
        if answer.status_code != 200:
            return answer
    raise AssertionError("nothing was refused")


async def test_a_user_who_sends_too_much_is_told_and_others_are_not(narrow: Running) -> None:
    bodies = [a_batch("ann", 1, number) for number in range(50)]
    answer = await until_refused(narrow.client, "/v1/batch", bodies)
    assert (answer.status_code, answer.json()["code"]) == (429, "user_limit")
    assert 1 <= int(answer.headers["retry-after"]) <= 10
    assert (await narrow.client.post("/v1/batch", content=a_batch("bob", 1))).status_code == 200
    assert len([event for event in await narrow.kept() if event.user_id == "ann"]) == 10


async def test_a_key_s_events_are_limited_however_many_users_they_name(narrow: Running) -> None:
    bodies = [a_batch(f"user-{number}", 5) for number in range(50)]
    answer = await until_refused(narrow.client, "/v1/batch", bodies)
    assert (answer.status_code, answer.json()["code"]) == (429, "key_limit")
    assert "retry-after" in answer.headers


@pytest.mark.parametrize("path", ["/v1/batch", "/sdk/v1/boot"])
async def test_an_address_is_limited_at_every_door_whatever_it_claims(narrow: Running, path: str) -> None:
    bodies = [b"{"] * 3000
    statuses: list[int] = []
    for number, body in enumerate(bodies):
        forged = {"x-forwarded-for": f"8.8.8.{number % 250}, 198.51.100.1"}
        answer = await narrow.client.post(path, content=body, headers=forged)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            break
    assert statuses[-1] == 429
    assert statuses.count(400) >= 1000
    other = await narrow.client.post(path, content=b"{", headers={"x-forwarded-for": "198.51.100.1, 192.0.2.7"})
    assert other.status_code == 400


async def test_boots_of_one_user_are_limited(narrow: Running) -> None:
    said = {"project": PUBLIC_ID, "sdk": "0.1.0", "key": KEY, "page": {"url": "https://app.example.com/"}}
    bodies = [json.dumps(said | {"anonymousId": "a1"}).encode()] * 20
    answer = await until_refused(narrow.client, "/sdk/v1/boot", bodies)
    assert (answer.status_code, answer.json()["code"]) == (429, "user_limit")
    other = await narrow.client.post("/sdk/v1/boot", content=json.dumps(said | {"anonymousId": "a2"}).encode())
    assert other.status_code == 200


def test_a_key_s_limit_is_divided_among_processes_and_a_browser_s_is_not() -> None:
    assert Rates(500, 50_000, 100).for_one_of(3) == Rates(500, 16_667, 100)
    assert Rates(500, 50_000, 100).for_one_of(1) == Rates(500, 50_000, 100)
    assert Rates(0, 0, 0).for_one_of(8) == Rates(0, 0, 0), "no limit stays none"
