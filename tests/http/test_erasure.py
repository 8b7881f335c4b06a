"""Erasure: canaries in every field of a person, and none of them in any file afterwards."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from handrail.adapters.duckdb import DuckdbAnalytics
from tests.support.installation import KEY, PUBLIC_ID, Running, running


@pytest_asyncio.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Running]:
    """The same installation on files and on PostgreSQL."""
    database = request.getfixturevalue("postgres_dsn") if request.param == "postgres" else ""
    async with running(tmp_path, database) as open_one:
        yield open_one


class Canaries:
    """Words that stand nowhere else, a new one for each field."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.all: list[str] = []

    def __call__(self, field: str) -> str:
        self.all.append(f"canary-{self._name}-{field}-{len(self.all)}")
        return self.all[-1]


def calls_of(new: Canaries, user: str, device: str, other_device: str, old_id: str) -> Iterator[dict[str, Any]]:
    """A life in every field that a door takes; a company is no person, so its own attributes carry no canary."""
    both = {"userId": user, "anonymousId": device}
    page = {"url": f"https://x/{new('url')}", "path": new("path"), "title": new("title"), "referrer": new("referrer")}
    context = {
        "page": page,
        "userAgent": new("agent"),
        "locale": new("locale"),
        "campaign": {"name": new("campaign")},
        "ip": new("ip"),
        "device": {"id": new("device"), "model": new("model")},
        "traits": {"email": new("context-trait")},
    }
    yield {"type": "page", "anonymousId": device, "name": new("page-name"), "properties": page, "context": context}
    yield {"type": "track", "anonymousId": device, "event": new("event"), "properties": {"a": new("property")}}
    traits = {
        "email": new("email"),
        "name": new("name"),
        "language": new("language"),
        "plan": new("text"),
        "tags": [new("list"), new("list")],
        "nested": {"deep": [new("nested")]},
        "long": new("long") * 50,
        "umlaut": "ä" + new("umlaut"),
    }
    yield {"type": "identify", **both, "traits": traits, "context": context, "integrations": {"X": {"y": new("int")}}}
    native = {"email": new("native-email"), "name": new("native-name"), "language": "fr"}
    yield {"type": "identify", **both, "traits": {"t": new("custom")}, "context": {"handrail": {"native": native}}}
    yield {"type": "track", **both, "event": "Order", "properties": {"o": [new("order")], "p": {"q": new("deep")}}}
    yield {"type": "screen", **both, "name": new("screen"), "properties": {"s": new("screen-property")}}
    # The id of a call about a company stays with the company: it decides whose word is the last.
    yield {
        "type": "group",
        "messageId": f"group-{device[:12]}",
        **both,
        "groupId": "acme",
        "traits": {"tier": "gold"},
        "context": {"x": new("group")},
    }
    yield {"type": "identify", "userId": user, "anonymousId": other_device, "traits": {"second": new("second")}}
    yield {"type": "alias", "previousId": old_id, "userId": user, "context": {"c": new("alias")}}
    yield {"type": "track", "userId": old_id, "event": "Old", "properties": {"p": new("old")}}
    mark = {"handrail": {"lifecycle": True, "sdk": "0.1.0"}}
    for event in ("experience_seen", "experience_dismissed", "experience_snoozed"):
        properties = {"experience": new("experience"), "until": 9_999_999_999_999, "reason": new("reason")}
        yield {"type": "track", **both, "event": event, "properties": properties, "context": mark}


async def live(place: Running, name: str) -> tuple[Canaries, str]:
    """A person with forty canaries; gives their user id, which is one of them."""
    new = Canaries(name)
    user, device, other, old = new("user"), new("anonymous"), new("anonymous"), new("previous")
    calls = [
        {"messageId": new("message"), "timestamp": "2026-11-20T12:00:00Z", **call}
        for call in calls_of(new, user, device, other, old)
    ]
    answer = await place.client.post("/v1/batch", json={"writeKey": KEY, "batch": calls})
    assert answer.json() == {"success": True}
    request = {"project": PUBLIC_ID, "key": KEY, "page": {"url": f"https://x/{new('boot')}"}, "sdk": "t"}
    assert (await place.client.post("/sdk/v1/boot", json=request | {"userId": user})).status_code == 200
    await place.installation.log.settled()
    return new, user


async def count(place: Running) -> int:
    return (await place.operator.get("/api/v1/count")).json()["users"]


def found_in(folder: Path, words: list[str]) -> dict[str, list[str]]:
    files = {each: each.read_bytes() for each in folder.rglob("*") if each.is_file() and not each.is_socket()}
    held = {str(path): [word for word in words if word.encode() in content] for path, content in files.items()}
    return {path: here for path, here in held.items() if here}


async def in_tables(place: Running, words: list[str]) -> list[str]:
    """Words that any row of the database's own log or state still holds."""
    pool: Any = getattr(place.installation.log, "_pool", None)
    if pool is None:
        return []
    tables = ("blocks", "subjects", "links", "aliases", "companies")
    text = "".join([str(row) for table in tables for row in await pool.fetch(f"SELECT t::text FROM ingest.{table} t")])
    return [word for word in words if word in text]


async def test_no_canary_of_an_erased_person_is_left_in_any_file(place: Running, tmp_path: Path) -> None:
    ann, user = await live(place, "ann")
    bob, other = await live(place, "bob")
    assert len(ann.all) >= 40
    await place.operator.get("/api/v1/attributes")
    assert await count(place) == 2
    await asyncio.to_thread(found_in, tmp_path, ann.all)

    answer = await place.operator.delete("/api/v1/user", params={"user": user})
    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert receipt["events"] >= 13
    assert receipt["subjects"] == 5, "two user ids, two devices, and the previous id, which may have been a device's"
    assert not [word for word in ann.all if word in answer.text], "a receipt names nobody"

    left = await asyncio.to_thread(found_in, tmp_path, ann.all)
    names = [word for word in ann.all if "-event-" in word]
    assert {path: [word for word in words if word not in names] for path, words in left.items()} == {
        path: [] for path in left
    }, "but for the name of an event, which is no fact about anybody"
    assert await in_tables(place, ann.all) == []
    shown = (await place.operator.get("/api/v1/user", params={"user": user})).json()
    assert (shown["attributes"], shown["events"], shown["anonymous_ids"]) == ([], [], [])
    assert await count(place) == 1

    kept = (await place.operator.get("/api/v1/user/export", params={"user": other})).text
    missing = [word for word in bob.all if word not in kept]
    # What is scrubbed, no attribute, or of a boot was never kept of him either.
    assert all(any(f"-{field}-" in word for field in ("ip", "message", "boot")) for word in missing), missing
    assert (await place.operator.post("/api/v1/rebuild")).json()["differences"] == []
    assert [each["id"] for each in (await place.operator.get("/api/v1/erasures")).json()] == [receipt["id"]]


async def test_what_is_sent_of_an_erased_person_again_is_dropped(place: Running, tmp_path: Path) -> None:
    ann, user = await live(place, "ann")
    await place.operator.delete("/api/v1/user", params={"user": user})
    device = next(word for word in ann.all if "-anonymous-" in word)
    before = len(await place.kept())
    again = [
        {"type": "identify", "userId": user, "messageId": "again-1", "traits": {"plan": ann("again")}},
        {"type": "track", "anonymousId": device, "event": "Order", "messageId": "again-2"},
        {"type": "alias", "userId": "someone", "previousId": user, "messageId": "again-3"},
        {"type": "track", "userId": "someone", "anonymousId": device, "event": "Order", "messageId": "kept"},
    ]
    answer = await place.client.post("/v1/batch", json={"writeKey": KEY, "batch": again})
    assert [each["code"] for each in answer.json()["rejected"]] == ["suppressed"] * 3
    await place.client.post("/v1/identify", json={"writeKey": KEY, **again[0], "messageId": "again-4"})
    reset = await place.operator.post("/api/v1/user/reset", params={"user": user}, json={"experience": "tour"})
    assert reset.status_code == 404
    events = await place.kept()
    assert [(each.message_id, each.anonymous_id) for each in events[before:]] == [("kept", None)]
    assert not any(user in words for words in (await asyncio.to_thread(found_in, tmp_path, ann.all)).values())


async def test_suppression_outlives_a_restart_and_an_erasure_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    async with running(tmp_path) as place:
        ann, user = await live(place, "ann")
        privacy, stores = place.installation.desk.privacy, place.installation.desk.stores
        environment = (await place.kept())[0].environment
        from handrail.workspace.people.ports import Erasure

        subjects = tuple(await stores.subjects(environment, None, user))
        digests = tuple(stores.digest(environment, each) for each in subjects)
        await privacy.record_erasure("p_test", Erasure("er_1", environment, subjects, digests, 1))
    async with running(tmp_path) as place:
        assert [each["id"] for each in (await place.operator.get("/api/v1/erasures")).json()] == ["er_1"]
        call = {"type": "identify", "userId": user, "messageId": "again"}
        answer = await place.client.post("/v1/batch", json={"writeKey": KEY, "batch": [call]})
        assert [each["code"] for each in answer.json()["rejected"]] == ["suppressed"]
    left = await asyncio.to_thread(found_in, tmp_path, [word for word in ann.all if "-event-" not in word])
    assert left == {}


async def test_an_erasure_ends_although_more_and_more_comes(place: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    _, user = await live(place, "ann")
    assert await count(place) == 1
    counts = place.installation.counts
    filled, number = counts.filled, itertools.count()

    async def filled_and_more_came() -> int:
        call = {"type": "track", "event": "Order", "userId": "bob", "messageId": f"more-{next(number)}"}
        await place.client.post("/v1/batch", json={"writeKey": KEY, "batch": [call]})
        await place.installation.log.settled()
        return await filled()

    monkeypatch.setattr(counts, "filled", filled_and_more_came)
    answer = await place.operator.delete("/api/v1/user", params={"user": user})
    assert answer.json()["analytic_rows"] > 0
    assert next(number) < 10, "it waits for what there was, and for nothing that came later"
    store = counts.store
    assert isinstance(store, DuckdbAnalytics)
    # The store goes on being filled beside us.
    with store._lock:
        assert store._row(f"SELECT count(*) FROM events WHERE subject = 'u:{user}'") == (0,)


async def test_every_process_erases_from_the_store_it_keeps_for_itself(postgres_dsn: str, tmp_path: Path) -> None:
    secret = Fernet.generate_key().decode()

    def one(name: str) -> AbstractAsyncContextManager[Running]:
        return running(tmp_path / name, postgres_dsn, secret_keys=secret)

    async with one("away") as away, one("there") as there:
        ann, user = await live(there, "ann")
        for each in (away, there):
            assert await count(each) == 1
    words = [word for word in ann.all if "-event-" not in word]
    assert {path.split("/")[-2] for path in found_in(tmp_path, words)} == {"away", "there"}
    async with one("there") as there, one("asked") as asked:
        assert (await asked.operator.delete("/api/v1/user", params={"user": user})).status_code == 200
        await until(lambda: not found_in(tmp_path / "there", words))
        assert await count(there) == 0
        # Whoever is still there counts on, in a file that was written anew.
        await live(there, "bob")
        assert await count(there) == 1
    assert found_in(tmp_path / "away", words), "nobody has told it"
    async with one("away") as away:
        await until(lambda: not found_in(tmp_path / "away", words))
        assert await count(away) == 1
        store = away.installation.counts.store
        assert isinstance(store, DuckdbAnalytics)
        assert len(await store.erasures()) == 1
        assert await away.installation.desk.stores.catch_up(away.installation.desk.privacy.finished) == 0


async def until(holds: Callable[[], bool]) -> None:
    """Return once it does."""
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 another process's work has no event
            await asyncio.sleep(0.02)


async def test_days_that_were_sealed_and_their_partial_are_cut_too(tmp_path: Path) -> None:
    async with running(tmp_path) as place:
        ann, user = await live(place, "ann")
        log: Any = place.installation.log
        event = (await place.kept())[0]
        import msgspec

        for number in range(1, 12):
            at = event.received_at + number * 86_400_000
            later = msgspec.structs.replace(event, message_id=f"later-{number}", received_at=at)
            await log.append([later])
        today = datetime.now(UTC).date() + timedelta(days=12)
        assert await log.retain(today, 7, {}) > 0
        assert (tmp_path / "base.db").exists()
        await place.operator.delete("/api/v1/user", params={"user": user})
        left = await asyncio.to_thread(found_in, tmp_path, [word for word in ann.all if "-event-" not in word])
        assert left == {}
        assert (await place.operator.post("/api/v1/rebuild")).json()["differences"] == []


async def test_erasing_somebody_nobody_heard_of_still_suppresses_them(place: Running) -> None:
    answer = await place.operator.delete("/api/v1/user", params={"user": "nobody"})
    assert (answer.status_code, answer.json()["events"], answer.json()["subjects"]) == (200, 0, 1)
    call = {"type": "identify", "userId": "nobody", "messageId": "m1"}
    told = await place.client.post("/v1/batch", content=json.dumps({"writeKey": KEY, "batch": [call]}))
    assert [each["code"] for each in told.json()["rejected"]] == ["suppressed"]


@pytest.mark.parametrize("query", [{}, {"user": "a", "anonymous": "b"}, {"user": ""}, {"user": "undefined"}])
async def test_erasure_asks_for_exactly_one_person(place: Running, query: dict[str, str]) -> None:
    answer = await place.operator.delete("/api/v1/user", params=query)
    assert (answer.status_code, answer.json()["path"]) == (422, "user")
