"""Guessing passwords: from one address, from many, and what the owner meets meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from handrail.adapters.control.access import Argon2Passwords
from handrail.workspace.guessing import ACCOUNT_TRIES, ADDRESS_TRIES, FREE, WINDOW, Tries, next_try
from tests.http.test_access import member
from tests.http.test_both_databases import place
from tests.support.installation import Running

both = place
NOW = 1_800_000_000_000


def test_each_pause_is_twice_the_one_before_and_a_window_ends() -> None:
    tries, now, pauses = Tries(), NOW, list[int]()
    for _ in range(ACCOUNT_TRIES):
        while True:
            tries, waiting = next_try(tries, now, FREE, ACCOUNT_TRIES)
            if not waiting:
                break
            pauses.append(waiting)
            now += waiting
    assert pauses == [1000, 2000, 4000, 8000, 16000, 32000]
    tries, waiting = next_try(tries, now, FREE, ACCOUNT_TRIES)
    assert waiting == NOW + WINDOW - now
    assert next_try(tries, NOW + WINDOW, FREE, ACCOUNT_TRIES) == (Tries(NOW + WINDOW, 1, NOW + WINDOW), 0)
    # A clock that was set back starts anew, for better or worse.
    assert next_try(tries, NOW - 1, FREE, ACCOUNT_TRIES)[1] == 0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("handrail.app.milliseconds", made)
    return made


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords without the cost of hashing them."""

    async def hash(_self: object, password: str) -> str:
        return f"kept {password}"

    async def verify(_self: object, kept: str, password: str) -> bool:
        return kept == f"kept {password}"

    monkeypatch.setattr(Argon2Passwords, "hash", hash)
    monkeypatch.setattr(Argon2Passwords, "verify", verify)


def caller(door: Running, address: str) -> Callable[[str, str], Any]:
    """Somebody who signs in from an address of their own."""
    api = door.client._transport.app  # pyright: ignore[reportAttributeAccessIssue]

    async def sign_in(email: str, password: str) -> httpx.Response:
        transport = httpx.ASGITransport(api, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post("/api/v1/sign-in", json={"email": email, "password": password})

    return sign_in


async def test_many_addresses_get_no_more_guesses_and_the_owner_gets_in(clock: Clock, both: Running) -> None:
    # Who sets their password and signs in for the first time does so from 127.0.0.1.
    await member(both, "ann@example.com", "owner")
    owner = caller(both, "192.0.2.1")
    assert (await owner("ann@example.com", "correct horse")).status_code == 200
    looked_at = 0
    for number in range(50):
        clock.now += 60_000
        told = await caller(both, f"198.51.100.{number}")("Ann@example.com ", f"guess {number}")
        looked_at += told.status_code == 403
        if told.status_code == 429:
            assert int(told.headers["retry-after"]) > 0
            assert told.json()["type"] == "urn:handrail:sign_in_limit"
    assert looked_at == ACCOUNT_TRIES
    # A right guess is worth nothing then, and the owner's own address still is.
    assert (await caller(both, "198.51.100.77")("ann@example.com", "correct horse")).status_code == 429
    assert (await owner("ann@example.com", "wrong")).status_code == 403
    assert (await owner("ann@example.com", "correct horse")).status_code == 200
    clock.now += WINDOW
    assert (await caller(both, "198.51.100.77")("ann@example.com", "correct horse")).status_code == 200


async def test_one_address_cannot_try_account_after_account(clock: Clock, door: Running) -> None:
    await member(door, "ann@example.com", "owner")
    stranger = caller(door, "198.51.100.1")
    answers = [(await stranger(f"user{number}@example.com", "x")).status_code for number in range(ADDRESS_TRIES + 5)]
    assert answers == [403] * ADDRESS_TRIES + [429] * 5
    assert (await stranger("ann@example.com", "correct horse")).status_code == 429
    # An IPv6 network is one address.
    assert (await caller(door, "2001:db8::1")("ann@example.com", "correct horse")).status_code == 200


async def test_tries_outlive_the_process_and_are_tidied(clock: Clock, door: Running) -> None:
    tries = door.installation.tries
    for _ in range(ACCOUNT_TRIES):
        await tries.count("account", "somebody", clock.now, ACCOUNT_TRIES, ACCOUNT_TRIES)
    again = type(tries)(door.installation.control)
    assert await again.count("account", "somebody", clock.now, ACCOUNT_TRIES, ACCOUNT_TRIES) == WINDOW
    await again.tidy(clock.now + WINDOW)
    async with door.installation.control.transaction() as connection:
        assert (await connection.exec_driver_sql("SELECT count(*) FROM sign_in_try")).scalar_one() == 0
