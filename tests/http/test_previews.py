"""Previews and shared links at boot: what a link gives, for whom, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import pytest_asyncio

from tests.support.documents import a_document
from tests.support.installation import KEY, OTHER_KEY, PUBLIC_ID, Running, running

NOBODY = {"attribute": "custom.plan", "operator": "is", "value": "nobody"}
PAGE = "https://app.example.com/reports?tab=1"


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as opened:
        yield opened


async def boot(here: Running, **more: Any) -> Any:
    asked = {"project": PUBLIC_ID, "key": KEY, "page": {"url": PAGE}, "sdk": "0.1.0", "anonymousId": "a1"} | more
    return await here.client.post("/sdk/v1/boot", content=msgspec.json.encode(asked))


async def candidates(here: Running, **more: Any) -> list[str]:
    return [each["key"] for each in (await boot(here, **more)).json()["candidates"]]


async def publish(here: Running, *documents: dict[str, Any]) -> None:
    sent = [{"sort": "experience", "document": each} for each in documents]
    (await here.operator.post("/api/v1/apply", json={"documents": sent})).raise_for_status()


async def preview(here: Running, **more: Any) -> Any:
    document = a_document("tour", audience=NOBODY) | more.pop("document", {})
    return await here.operator.post("/api/v1/previews", json={"document": document, "url": PAGE} | more)


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["handrail_preview"][0]


async def test_a_preview_shows_a_version_that_is_published_nowhere_to_whoever_has_the_link(here: Running) -> None:
    made = (await preview(here)).json()
    assert made["link"].startswith(PAGE + "&handrail_preview=")
    assert await candidates(here) == []
    told = (await boot(here, preview=token_of(made["link"]))).json()
    assert told["preview"] == "hello"
    assert [(each["key"], each["version"]) for each in told["candidates"]] == [("hello", made["version"])]
    assert made["version"] in told["content"]


async def test_a_preview_stands_in_the_place_of_what_is_live(here: Running) -> None:
    await publish(here, a_document("tour"), a_document("banner") | {"key": "other"})
    link = (await preview(here, document={"name": "Draft"})).json()["link"]
    told = (await boot(here, preview=token_of(link))).json()
    assert sorted(each["key"] for each in told["candidates"]) == ["hello", "other"]
    assert len({each["version"] for each in told["candidates"] if each["key"] == "hello"}) == 1


async def test_a_preview_is_met_as_its_persona(here: Running) -> None:
    await publish(here, a_document("banner", audience=NOBODY) | {"key": "other"})
    persona = {"custom": {"plan": "nobody"}}
    link = (await preview(here, persona=persona)).json()["link"]
    told = (await boot(here, preview=token_of(link))).json()
    assert sorted(each["key"] for each in told["candidates"]) == ["hello", "other"]


async def test_what_a_preview_brings_is_not_kept(here: Running) -> None:
    link = (await preview(here)).json()["link"]
    event = {"type": "track", "event": "E", "anonymousId": "a1", "messageId": "m1"}
    (await boot(here, preview=token_of(link), batch=[event])).raise_for_status()
    assert await here.kept() == []


@pytest.mark.parametrize("more", [{"days": 0}, {"days": 8}, {"url": "javascript:alert(1)"}, {"url": "/reports"}])
async def test_a_preview_that_cannot_be_is_refused_by_its_member(here: Running, more: dict[str, Any]) -> None:
    answer = await preview(here, **more)
    assert answer.status_code == 422
    assert answer.json()["path"] == next(iter(more))


async def test_a_document_with_problems_is_not_previewed(here: Running) -> None:
    answer = await preview(here, document={"theme": "none"})
    assert answer.status_code == 422
    [problem] = answer.json()["problems"]
    assert (problem["code"], problem["path"], answer.json()["path"]) == (
        "unknown_theme",
        "document.theme",
        "document.theme",
    )
    malformed = await preview(here, document={"theme": 5})
    assert (malformed.status_code, malformed.json()["path"]) == (422, "document.theme")


async def test_a_member_that_there_is_not_is_refused_and_named(here: Running) -> None:
    assert (await preview(here, enviroment="staging")).json()["path"] == "enviroment"
    document = {"sort": "experience", "document": a_document("tour")}
    for path in ("apply", "plan"):
        answer = await here.operator.post(f"/api/v1/{path}", json={"documents": [document], "enviroment": "staging"})
        assert (answer.status_code, answer.json()["path"]) == (422, "enviroment")
        answer = await here.operator.post(f"/api/v1/{path}", json={"documents": [document | {"rot": ""}]})
        assert (answer.status_code, answer.json()["path"]) == (422, "documents[0].rot")


async def test_a_preview_ends_when_it_is_taken_back_and_opens_no_other_environment(here: Running) -> None:
    token = token_of((await preview(here)).json()["link"])
    assert (await boot(here, preview=token, key=OTHER_KEY)).status_code == 403
    assert (await boot(here, preview=token + "x")).status_code == 403
    assert (await here.operator.post("/api/v1/experiences/hello/end-previews")).json()["ended"] == 1
    ended = await boot(here, preview=token)
    assert (ended.status_code, ended.json()["code"]) == (403, "preview_ended")


async def test_a_shared_link_gives_its_experience_whoever_it_is_for(here: Running) -> None:
    shared = a_document("tour", audience=NOBODY, show_on={"on": "link"})
    await publish(here, shared, a_document("tour", audience=NOBODY) | {"key": "other"})
    assert await candidates(here) == []
    assert await candidates(here, page={"url": PAGE + "&handrail=hello"}) == ["hello"]
    assert await candidates(here, page={"url": PAGE + "&handrail=other"}) == [], "only what is meant to be shared"
    assert await candidates(here, page={"url": PAGE + "&handrail=%00"}) == []
