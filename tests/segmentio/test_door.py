"""A destination at the tracking door: applied as a document, run on what arrives, its failures told by the API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from tests.support.installation import KEY, OTHER_KEY, PUBLIC_ID, Running, running

from handrail.app import milliseconds
from handrail.ingest.accounting import HOUR, Accounting, Bookkeeper
from handrail.ingest.destinations import Destinations
from handrail.ingest.ports import People
from handrail.serving import Trusted

DESTINATION: Mapping[str, Any] = {"kind": "destination", "key": "jimo", "settings": {"projectId": "p_1"}}


class Door:
    """The tracking door for libraries, and the API for operators."""

    def __init__(self, open_one: Running) -> None:
        self.open = open_one
        transport = httpx.ASGITransport(Trusted(open_one.installation.application()))
        self.api = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def apply(self, *documents: Mapping[str, Any], **more: Any) -> httpx.Response:
        sent = [{"sort": "destination", "document": each} for each in documents]
        return await self.api.post("/api/v1/apply", json={"documents": sent, **more})

    async def send(self, *calls: Mapping[str, Any], key: str = KEY) -> None:
        answer = await self.open.client.post("/v1/batch", json={"writeKey": key, "batch": list(calls)})
        assert answer.json() == {"success": True}

    async def people(self) -> People:
        """Folded state of the first environment, once it has caught up with the log."""
        log = self.open.installation.log
        read = [(position, event) async for position, event in log.read(0, 100_000)]
        await log.folded(read[-1][0])
        return log.people(read[0][1].environment)

    async def report(self) -> dict[str, Any]:
        answer = await self.api.get("/api/v1/segment/destinations")
        return answer.json()["destinations"][0]


@pytest_asyncio.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with running(tmp_path) as open_one:
        yield Door(open_one)


def track(**more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order", "userId": "ann", "messageId": "m-1", **more}


async def test_without_a_destination_calls_are_kept_as_they_are(door: Door) -> None:
    await door.send(track(), {"type": "page", "userId": "ann", "messageId": "m-2"})
    assert [(each.type, each.message_id) for each in await door.open.kept()] == [("track", "m-1"), ("page", "m-2")]


async def test_with_a_destination_calls_change_what_its_mappings_say(door: Door) -> None:
    assert (await door.apply(DESTINATION)).json()["changes"] == [
        {"kind": "destination", "key": "jimo", "change": "created"}
    ]
    await door.send(
        {"type": "identify", "userId": "ann", "messageId": "m-0", "traits": {"email": "a@x.test", "plan": "pro"}},
        track(properties={"total": 5}),
        {"type": "group", "userId": "ann", "groupId": "acme", "messageId": "m-2", "traits": {"tier": "gold"}},
        {"type": "page", "userId": "ann", "messageId": "m-3"},
        {"type": "screen", "userId": "ann", "messageId": "m-4"},
    )
    kept = await door.open.kept()
    assert [(each.type, each.name) for each in kept] == [("identify", None), ("track", "Order"), ("group", None)]
    people = await door.people()
    subject = await people.user(None, "ann")
    assert subject.native["email"].value == "a@x.test"
    assert {key: each.value for key, each in subject.custom.items()} == {"email": "a@x.test", "plan": "pro"}
    assert subject.company is not None
    assert subject.company.value == "acme"
    report = await door.report()
    assert (report["received"], report["unmatched"]) == (5, 2)
    assert [each["counted"]["sent"] for each in report["mappings"]] == [1, 1, 1]


async def test_the_copy_of_the_browser_and_of_the_server_count_once(door: Door) -> None:
    await door.apply(DESTINATION)
    await door.send(track())
    await door.send(track(anonymousId="a1", context={"handrail": {"sdk": "0.1.0"}}))
    assert [each.message_id for each in await door.open.kept()] == ["m-1"]


async def test_what_our_sdk_sends_is_not_mapped_again(door: Door) -> None:
    renaming = {"action": "sendTrackEvent", "fields": {"event_name": {"@template": "App: {{event}}"}}}
    await door.apply({**DESTINATION, "mappings": [renaming]})
    await door.send(track(), track(messageId="m-2", event="App: Order", context={"handrail": {}}))
    assert [each.name for each in await door.open.kept()] == ["App: Order", "App: Order"]


async def test_a_destination_belongs_to_its_environment(door: Door) -> None:
    await door.apply(DESTINATION)
    await door.send({"type": "page", "userId": "ann", "messageId": "m-1"}, key=OTHER_KEY)
    assert [each.type for each in await door.open.kept()] == ["page"]


async def test_for_identified_users_only_nobody_else_is_made(door: Door) -> None:
    await door.apply({**DESTINATION, "settings": {"projectId": "p_1", "manualInit": True}})
    await door.send(
        {"type": "identify", "anonymousId": "a1", "messageId": "m-0", "traits": {"plan": "pro"}},
        {"type": "track", "event": "Order", "anonymousId": "a1", "messageId": "m-1"},
        {"type": "group", "groupId": "acme", "anonymousId": "a1", "messageId": "m-2"},
    )
    assert await door.open.kept() == []
    assert [each["counted"]["held"] for each in (await door.report())["mappings"]] == [1, 1, 1]


async def test_every_failure_is_counted_and_the_last_are_kept(door: Door) -> None:
    upper = {"@case": {"operator": "UPPER", "value": {"@path": "$.event"}}}
    await door.apply({**DESTINATION, "mappings": [{"action": "sendTrackEvent", "fields": {"event_name": upper}}]})
    for at in range(30):
        await door.send(track(messageId=f"m-{at}", properties={"at": at}))
    assert await door.open.kept() == []
    [mapping] = (await door.report())["mappings"]
    assert mapping["counted"]["failed"] == 30
    assert len(mapping["failures"]) == 20
    latest = mapping["failures"][0]
    assert latest["message_id"] == "m-29"
    assert latest["problems"][0]["path"] == "/event_name/@case"
    assert latest["event"]["properties"] == {"at": 29}


async def test_half_a_character_fails_its_mapping_and_the_neighbours_are_kept(door: Door) -> None:
    mapping = {"action": "sendTrackEvent", "fields": {"messageId": {"@path": "$.event.0"}}}
    await door.apply({**DESTINATION, "mappings": [mapping]})
    await door.send(track(event="😀"), track(event="Order"))
    assert [event.message_id for event in await door.open.kept()] == ["O"]
    [report] = (await door.report())["mappings"]
    assert (report["counted"]["failed"], report["failures"][0]["problems"][0]["path"]) == (1, "messageId")
    tried = await door.api.post("/api/v1/segment/test", json={"event": track(event="😀")})
    [told] = tried.json()["destinations"][0]["mappings"]
    assert (tried.status_code, told["outcome"], told["payload"]["messageId"]) == (200, "failed", "\ufffd")


async def test_what_mappings_did_outlives_the_process_and_is_everybodys(tmp_path: Path) -> None:
    async with running(tmp_path) as one:
        door = Door(one)
        await door.apply(DESTINATION)
        await door.send(track(), {"type": "page", "userId": "ann", "messageId": "m-2"})
        await one.installation.bookkeeper.enter()
        # Another process on the same books adds to them.
        accounts = Accounting()
        other = Destinations(one.installation.publications.destinations, accounts, one.installation.books)
        [event] = [each for each in await one.kept() if each.type == "track"]
        await other.route(event.environment, [event, event])
        await Bookkeeper(accounts, one.installation.books, print).enter()
    async with running(tmp_path) as again:
        door = Door(again)
        report = await door.report()
        assert (report["received"], report["unmatched"]) == (4, 1)
        assert [each["counted"]["sent"] for each in report["mappings"]] == [0, 3, 0]
        assert report["since"] % HOUR == 0
        assert 0 <= milliseconds() - report["since"] < 2 * HOUR
        # A mapping that is changed begins anew; what the destination received does not.
        await door.apply({**DESTINATION, "mappings": [{"action": "sendTrackEvent", "trigger": 'event = "Order"'}]})
        await door.send(track(messageId="m-3"))
        report = await door.report()
        assert (report["received"], [each["counted"]["sent"] for each in report["mappings"]]) == (5, [1])
        await again.installation.books.tidy(milliseconds() + HOUR)
        report = await door.report()
        assert (report["since"], report["received"]) == (None, 0)


async def test_a_changed_document_runs_at_once_and_a_pruned_one_stops(door: Door) -> None:
    await door.apply(DESTINATION)
    await door.send({"type": "page", "userId": "ann", "messageId": "m-1"})
    changed = {**DESTINATION, "mappings": [{"action": "sendTrackEvent", "trigger": 'type = "page"',
                                            "fields": {"event_name": "Seen"}}]}  # fmt: skip
    assert (await door.apply(changed)).json()["changes"][0]["change"] == "updated"
    assert (await door.apply(changed)).json()["changes"][0]["change"] == "unchanged"
    await door.send({"type": "page", "userId": "ann", "messageId": "m-2"})
    assert [each.name for each in await door.open.kept()] == ["Seen"]
    assert (await door.apply(prune=True)).json()["changes"] == [
        {"kind": "destination", "key": "jimo", "change": "paused"}
    ]
    await door.send({"type": "page", "userId": "ann", "messageId": "m-3"})
    assert len(await door.open.kept()) == 2
    assert (await door.apply(changed)).json()["changes"][0]["change"] == "resumed"
    pulled = (await door.api.get("/api/v1/documents")).json()["documents"]
    assert [each["document"]["key"] for each in pulled] == ["jimo"]


async def test_another_projects_id_is_a_warning(door: Door) -> None:
    [warning] = (await door.apply(DESTINATION)).json()["warnings"]
    assert (warning["code"], warning["path"]) == ("other_project", "documents[0].document.settings.projectId")
    own = {**DESTINATION, "settings": {"projectId": PUBLIC_ID}}
    assert (await door.apply(own)).json()["warnings"] == []


async def test_what_is_wrong_is_refused_with_every_path(door: Door) -> None:
    mappings = [{"action": "sendTrackEvent", "name": f"Mapping {at}"} for at in range(1, 52)]
    mappings[0]["trigger"] = "(" * 1000
    answer = await door.apply({**DESTINATION, "mappings": mappings})
    assert answer.status_code == 422
    errors = [each["path"] for each in answer.json()["problems"] if each["severity"] == "error"]
    assert errors == [f"documents[0].document.{each}" for each in ("mappings[50]", "mappings[0].trigger")]
    assert "'Mapping 51'" in answer.json()["problems"][0]["message"]
    answer = await door.apply({"kind": "destination", "key": "jimo", "settings": {"manualInit": True}})
    assert (answer.status_code, answer.json()["path"]) == (422, "documents[0].document.settings")
    answer = await door.apply(
        {**DESTINATION, "mappings": [{"action": "sendTrackEvent", "fields": {"x": {"@template": "y" * 1_000_000}}}]}
    )
    assert answer.status_code == 422


async def test_the_tester_tells_matches_results_and_errors_with_their_paths(door: Door) -> None:
    document = {
        **DESTINATION,
        "mappings": [
            {"action": "sendTrackEvent"},
            {"action": "sendTrackEvent", "trigger": 'event = "Other"'},
            {"action": "sendTrackEvent", "fields": {"event_name": {"@path": "$.nothing"}}},
            {"action": "sendTrackEvent", "enabled": False},
        ],
    }
    body = {"event": track(properties={"total": 5}), "destination": document}
    answer = await door.api.post("/api/v1/segment/test", json=body)
    [destination] = answer.json()["destinations"]
    assert [each["outcome"] for each in destination["mappings"]] == ["sent", "unmatched", "failed", "disabled"]
    assert destination["mappings"][0]["payload"]["properties"] == {"total": 5}
    assert destination["mappings"][0]["event"]["name"] == "Order"
    assert destination["mappings"][2]["problems"] == [{"path": "event_name", "message": "event_name is required."}]
    assert await door.open.kept() == []
    assert (await door.api.post("/api/v1/segment/test", json={"event": {"type": "track"}})).json()["problems"] == [
        {"path": "userId", "message": "An event names a userId or an anonymousId."}
    ]
    for bad, status, path in (
        ({"event": track(), "destination": {"kind": "destination"}}, 422, "destination"),
        ({"event": track(), "key": "none"}, 404, None),
        ({"event": track(), "environment": "none"}, 404, None),
        ({}, 422, ""),
    ):
        answer = await door.api.post("/api/v1/segment/test", json=bad)
        assert (answer.status_code, answer.json().get("path", path)) == (status, path)


async def test_the_settings_document_names_the_plugin(door: Door) -> None:
    await door.apply({**DESTINATION, "settings": {"projectId": "p_1", "manualInit": True}})
    told = (await door.open.client.get(f"/v1/projects/{KEY}/settings")).json()
    [plugin] = told["remotePlugins"]
    assert (plugin["name"], plugin["creationName"]) == ("Jimo (Actions)", "Jimo (Actions)")
    assert plugin["url"] == "//127.0.0.1/sdk/v1/segment.js"
    assert plugin["settings"]["projectId"] == "p_1"
    assert plugin["settings"]["manualInit"] is True
    assert [each["partnerAction"] for each in plugin["settings"]["subscriptions"]] == [
        "sendUserData", "sendTrackEvent", "sendGroupData",
    ]  # fmt: skip
    assert (await door.open.client.get(f"/v1/projects/{OTHER_KEY}/settings")).json()["remotePlugins"] == []
    json.dumps(told)
