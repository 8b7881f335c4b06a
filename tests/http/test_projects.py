"""Projects and environments as the installation's owner makes them, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from handrail.http.api.policy import PROJECT
from tests.http.test_access import key
from tests.http.test_both_databases import place
from tests.support.installation import KEY, Running

both = place


async def made(door: Running, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await door.operator.post(path, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_second_project_is_made_and_takes_events_of_its_own(both: Running) -> None:
    shop = await made(both, "/api/v1/projects", {"name": "Shop", "zone": "Europe/Paris"})
    assert [each["key"] for each in shop["environments"]] == ["production", "staging"]
    write_key = shop["environments"][0]["write_key"]
    for sent in (write_key, KEY):
        call = {"writeKey": sent, "userId": "ann", "event": "Order", "messageId": "m1"}
        assert (await both.client.post("/v1/track", json=call)).status_code == 200
    # One message id in two projects is two events.
    assert len({each.environment for each in await both.kept()}) == 2
    listed = (await both.operator.get("/api/v1/projects")).json()["projects"]
    assert [(each["name"], each["zone"]) for each in listed] == [("Test", "UTC"), ("Shop", "Europe/Paris")]
    told = (await both.operator.get("/api/v1/project", headers={PROJECT: shop["id"]})).json()
    assert told["public_id"] == shop["public_id"] == listed[1]["public_id"]


async def test_an_environment_is_made_and_found_by_its_origins(both: Running) -> None:
    wanted = {"key": "preview", "name": "Preview", "origins": ["preview.other.test"]}
    before = await boot(both, "https://preview.other.test")
    assert before == 403
    told = await made(both, "/api/v1/environments", wanted)
    [preview] = [each for each in told["environments"] if each["key"] == "preview"]
    assert await boot(both, "https://preview.other.test") == 200
    assert preview["write_key"] not in (KEY, "")
    again = await both.operator.post("/api/v1/environments", json=wanted | {"origins": []})
    assert again.status_code == 409
    moved = await both.operator.put("/api/v1/environments/preview", json={"origins": ["new.other.test"]})
    assert moved.status_code == 200
    assert (await boot(both, "https://preview.other.test"), await boot(both, "https://new.other.test")) == (403, 200)


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/api/v1/projects", {"name": " "}, "name"),
        ("/api/v1/projects", {"name": "a", "zone": "Mars/Base"}, "zone"),
        ("/api/v1/projects", {"name": "a", "environments": []}, "environments"),
        (
            "/api/v1/projects",
            {"name": "a", "environments": [{"key": "p", "name": "P"}, {"key": "p", "name": "Q"}]},
            "environments[1].key",
        ),
        (
            "/api/v1/projects",
            {
                "name": "a",
                "environments": [{"key": each, "name": each, "origins": ["app.shop.test"]} for each in ("p", "q")],
            },
            "environments[1].origins[0]",
        ),
        ("/api/v1/environments", {"key": "no key", "name": "x"}, "key"),
        ("/api/v1/environments", {"key": "x" * 21, "name": "x"}, "key"),
        ("/api/v1/environments", {"key": "x", "name": "x", "origins": ["https://app.test"]}, "origins[0]"),
        ("/api/v1/environments", {"key": "x", "name": "x", "origins": ["a.test", "App.test"]}, "origins[1]"),
        ("/api/v1/environments", {"key": "x", "name": "x", "origins": ["re:("]}, "origins[0]"),
        ("/api/v1/environments", {"key": "x", "name": "x", "origins": ["app.example.com"]}, "origins[0]"),
        ("/api/v1/environments", {"key": "x", "name": "x", "write_key": "wk_mine"}, "write_key"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_its_path(
    door: Running, path: str, body: dict[str, Any], where: str
) -> None:
    before = (await door.operator.get("/api/v1/projects")).json(), (await door.operator.get("/api/v1/project")).json()
    told = await door.operator.post(path, json=body)
    assert (told.status_code, told.json().get("path", "")) == (422, where), told.text
    assert before == (
        (await door.operator.get("/api/v1/projects")).json(),
        (await door.operator.get("/api/v1/project")).json(),
    )


async def test_once_there_are_two_only_the_operator_makes_more(door: Running) -> None:
    owner = await key(door, "admin")
    assert (await door.client.post("/api/v1/projects", json={"name": "Two"}, headers=owner)).status_code == 201
    assert (await door.client.post("/api/v1/projects", json={"name": "Three"}, headers=owner)).status_code == 403
    assert (await door.client.get("/api/v1/projects", headers=owner)).status_code == 403
    # Environments of their own project are still theirs to make.
    body = {"key": "third", "name": "Third"}
    assert (await door.client.post("/api/v1/environments", json=body, headers=owner)).status_code == 201
    await made(door, "/api/v1/projects", {"name": "Three"})


async def boot(door: Running, origin: str) -> int:
    project = (await door.operator.get("/api/v1/project")).json()["public_id"]
    body = {"project": project, "sdk": "test", "anonymousId": "a", "page": {"url": f"{origin}/"}}
    return (await door.client.post("/sdk/v1/boot", json=body, headers={"origin": origin})).status_code
