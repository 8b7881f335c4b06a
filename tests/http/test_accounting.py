"""Received = stored + duplicate + rejected, exact, whatever comes in and however the log fares."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import msgspec
import pytest

from handrail.adapters.control.books import ControlBooks
from handrail.app import milliseconds
from handrail.cli.watching import as_sum
from handrail.core.errors import Unavailable
from handrail.ingest.accept import Accepted, Rejection
from handrail.ingest.accounting import Account, Accounting, Bookkeeper, Minute
from tests.http.test_both_databases import place
from tests.support.installation import KEY, OTHER_KEY, PUBLIC_ID, Running

both = place
REJECTION = Rejection("batch[0]", "no_event", "A track call names its event.")
GOOD = {"type": "track", "event": "Order", "userId": "ann"}


def bad_call(draw: random.Random) -> dict[str, Any]:
    return draw.choice(
        [
            {"type": "track", "userId": "ann"},
            {"type": "dance", "userId": "ann"},
            {"type": "track", "event": "E"},
            {"type": "track", "event": "E", "userId": "null"},
            {"type": "track", "event": "E", "userId": "ann", "properties": {"p": "x" * 33_000}},
            {"type": "track", "event": "E", "userId": "ann", "properties": {"p": "\0"}},
            {"type": "alias", "userId": "ann", "previousId": "ann"},
        ]
    )


async def account_of(door: Running, key: str = KEY) -> Account:
    environment = await door.installation.publications.environment_by_key(key)
    assert environment is not None
    await door.installation.bookkeeper.enter()
    return await door.installation.bookkeeper.account(environment.id, 0)


async def test_every_event_of_a_thousand_is_accounted_for(door: Running) -> None:
    draw, expected, sent = random.Random(7), Counter[str](), 0
    seen: set[str] = set()
    for round_ in range(40):
        calls: list[dict[str, Any]] = []
        for number in range(draw.randrange(1, 50)):
            kind = draw.choice(["new", "new", "repeat", "bad"])
            message_id = f"m{draw.randrange(400)}" if kind == "repeat" else f"n{round_}-{number}"
            if kind == "bad":
                calls.append(bad_call(draw))
                expected["rejected"] += 1
            else:
                calls.append(GOOD | {"messageId": message_id})
                expected["duplicate" if message_id in seen else "stored"] += 1
                seen.add(message_id)
        sent += len(calls)
        answer = await door.client.post("/v1/batch", content=json.dumps({"writeKey": KEY, "batch": calls}).encode())
        assert answer.status_code == 200
        assert (await account_of(door)).total.is_balanced()
    total = (await account_of(door)).total
    assert (total.received, total.stored, total.duplicate) == (sent, expected["stored"], expected["duplicate"])
    assert sum(total.rejected.values()) == expected["rejected"]
    assert total.stored == len(await door.kept())


async def test_single_calls_and_boots_stand_in_the_same_book(door: Running) -> None:
    for body in (GOOD | {"messageId": "m1"}, GOOD | {"messageId": "m1"}, {"userId": "ann"}):
        await door.client.post("/v1/track", json=body | {"writeKey": KEY})
    said = {"project": PUBLIC_ID, "key": KEY, "sdk": "0.1.0", "page": {"url": "https://app.example.com/"}}
    batch = [GOOD | {"messageId": "m1"}, GOOD | {"messageId": "m2"}, {"type": "dance"}]
    await door.client.post("/sdk/v1/boot", json=said | {"anonymousId": "a1", "batch": batch})
    total = (await account_of(door)).total
    assert (total.received, total.stored, total.duplicate) == (6, 2, 2)
    assert total.rejected == {"no_event": 1, "unknown_type": 1}
    assert (await account_of(door, OTHER_KEY)).total.received == 0


async def test_operators_see_it_by_minute_with_the_latest_refusals(door: Running) -> None:
    await door.client.post("/v1/batch", json={"writeKey": KEY, "batch": [GOOD, {"type": "track", "userId": "ann"}]})
    await door.client.post("/v1/batch", content=b"{")
    await door.client.post("/v1/batch", json={"writeKey": "wk_nobody", "batch": []})
    transport = door.client._transport
    assert (await door.client.get("/api/v1/accounting")).status_code == 401
    from handrail.serving import Trusted

    transport.app = Trusted(transport.app)  # type: ignore[attr-defined]
    for minutes in (0, -5, 10**9):
        refused = await door.client.get("/api/v1/accounting", params={"minutes": minutes})
        assert (refused.status_code, refused.json()["path"]) == (422, "minutes")
    told = (await door.client.get("/api/v1/accounting", params={"minutes": 5})).json()
    assert told["total"]["received"] == 2
    assert told["total"]["rejected"] == {"no_event": 1}
    assert [minute["received"] for minute in told["minutes"]] == [2]
    assert told["samples"][0]["rejection"]["path"] == "batch[1].event"
    assert told["refused"] == {"bad_json": 1, "unknown_key": 1}


async def test_what_the_log_could_not_keep_is_counted_as_refused(
    door: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(events: object) -> None:
        raise Unavailable("The disk is nearly full.", retry_after=30)

    monkeypatch.setattr(door.installation.log, "append", refuse)
    answer = await door.client.post("/v1/batch", json={"writeKey": KEY, "batch": [GOOD, GOOD]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    total = (await account_of(door)).total
    assert (total.received, total.rejected) == (2, {"unavailable": 2})


async def test_the_books_outlive_the_process_and_lose_nothing_to_a_database_that_was_away(
    both: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await both.client.post("/v1/batch", json={"writeKey": KEY, "batch": [GOOD, {"type": "dance", "userId": "ann"}]})

    async def away(entries: object) -> None:
        raise Unavailable("The database is away.")

    with monkeypatch.context() as patched:
        patched.setattr(both.installation.books, "add", away)
        with pytest.raises(Unavailable):
            await both.installation.bookkeeper.enter()
    await both.client.post("/v1/batch", json={"writeKey": KEY, "batch": [GOOD]})
    before = await account_of(both)
    assert (before.total.received, before.total.rejected) == (3, {"unknown_type": 1})
    assert len(before.samples) == 1
    # Another process on the same books adds to them, and sees what they hold.
    environment = (await both.kept())[0].environment
    accounts = Accounting()
    accounts.lost(environment, before.minutes[0].at, Accepted(rejections=[REJECTION]), Unavailable("Full."))
    other = Bookkeeper(accounts, ControlBooks(both.installation.control), print)
    await other.enter()
    after = await account_of(both)
    assert after == await other.account(environment, 0)
    assert (after.total.received, after.total.rejected) == (4, {"unknown_type": 1, "no_event": 1})
    assert after.total.is_balanced()


async def test_what_a_killed_process_could_not_enter_is_taken_from_the_log(both: Running) -> None:
    await both.client.post("/v1/batch", json={"writeKey": KEY, "batch": [GOOD]})
    await both.installation.bookkeeper.enter()
    call = GOOD | {"messageId": "lost"}
    await both.client.post("/v1/batch", json={"writeKey": KEY, "batch": [call, GOOD | {"messageId": "too"}]})
    # Killed before it entered these.
    both.installation.accounts.take()
    assert (await account_of(both)).total.stored == 1
    await both.installation.log.settled()
    assert await both.installation.mended(milliseconds()) == 2
    assert await both.installation.mended(milliseconds()) == 0, "once is enough"
    total = (await account_of(both)).total
    assert (total.received, total.stored, total.is_balanced()) == (3, 3, True)
    assert total.stored == len(await both.kept())


async def test_a_hundred_samples_and_a_week_of_minutes_are_kept(both: Running) -> None:
    accounts, books = both.installation.accounts, both.installation.books
    for minute in range(300):
        accounts.lost("production", minute * 60_000, Accepted(rejections=[REJECTION]), Unavailable("Full."))
    await both.installation.bookkeeper.enter()
    account = await books.account("production", 0)
    assert (len(account.minutes), len(account.samples)) == (300, 100)
    assert account.samples[0].at == 299 * 60_000
    await books.tidy(200 * 60_000)
    account = await books.account("production", 0)
    assert (len(account.minutes), len(account.samples)) == (100, 100)
    assert len((await books.account("production", 250 * 60_000)).minutes) == 50


def test_the_books_survive_the_wire() -> None:
    minute = Minute(60_000, received=2, stored=1, rejected={"no_event": 1})
    account = Account(minute, [minute], [])
    assert msgspec.json.decode(msgspec.json.encode(account), type=Account) == account


def test_a_sum_reads_as_a_sum() -> None:
    minute = Minute(0, received=5, stored=2, duplicate=1, rejected={"no_event": 2})
    assert as_sum(minute) == "received 5 = stored 2 + duplicate 1 + rejected 2 (no_event 2)"
