"""Run JavaScript: who turns it on, who approves code, and that no way in brings other code to a browser."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import text

from handrail.compile.code import name_of
from handrail.workspace.code import VERSION
from tests.http.test_access import key, member
from tests.support.documents import a_document
from tests.support.installation import KEY, PUBLIC_ID, Running, running

CODE, OTHER = "document.title = context.step", "document.title = 'other'"
PAGE = "https://app.example.com/"
Headers = dict[str, str]
SIGN = "/api/v1/run-js/agreement"


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as opened:
        yield opened


def a_tour(code: str, key: str = "coded") -> dict[str, Any]:
    actions = [{"type": "run_js", "code": code}, {"type": "go_to_step", "step": "complete"}]
    button = {"type": "button", "label": "Run", "actions": actions}
    steps = [{"key": "only", "form": "modal", "blocks": [{"type": "heading", "text": "Hi"}, button]}]
    return a_document("tour", key=key, content={"steps": steps})


def sent(*documents: dict[str, Any]) -> dict[str, Any]:
    return {"documents": [{"sort": "experience", "document": each} for each in documents]}


async def boot(here: Running, **more: Any) -> Any:
    asked = {"project": PUBLIC_ID, "key": KEY, "page": {"url": PAGE}, "sdk": "0.1.0", "anonymousId": "a1"} | more
    return (await here.client.post("/sdk/v1/boot", content=msgspec.json.encode(asked))).json()


async def sign(here: Running) -> None:
    (await here.operator.post(SIGN, json={"version": VERSION})).raise_for_status()


async def approved(here: Running, code: str) -> str:
    """Code that the operator, alone in the project, proposed and approved: its hash."""
    made = (await here.operator.post("/api/v1/run-js/code", json={"code": code})).json()
    (await here.operator.post(f"/api/v1/run-js/code/{made['hash']}/approval")).raise_for_status()
    return made["hash"]


async def problems(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["code"], each["path"]) for each in answer.json()["problems"] if each["severity"] == "error"]


ACTION = "documents[0].document.content.steps[0].blocks[1].actions[0]"


async def test_it_is_off_until_an_owner_signs_and_code_is_refused_with_its_path(here: Running) -> None:
    assert (await here.operator.get("/api/v1/run-js")).json()["on"] is False
    assert await problems(await here.operator.post("/api/v1/apply", json=sent(a_tour(CODE)))) == [
        ("needs_agreement", ACTION),
        ("unapproved_code", f"{ACTION}.code"),
    ]
    await sign(here)
    assert await problems(await here.operator.post("/api/v1/apply", json=sent(a_tour(CODE)))) == [
        ("unapproved_code", f"{ACTION}.code")
    ]
    assert await problems(await here.operator.post("/api/v1/apply", json=sent(a_tour("let = ;")))) == [
        ("bad_code", f"{ACTION}.code")
    ]


async def test_an_approval_is_for_exactly_that_code(here: Running) -> None:
    await sign(here)
    await approved(here, CODE)
    (await here.operator.post("/api/v1/apply", json=sent(a_tour(CODE)))).raise_for_status()
    for changed in (CODE + " ", OTHER):
        refused = await here.operator.post("/api/v1/apply", json=sent(a_tour(changed)))
        assert await problems(refused) == [("unapproved_code", f"{ACTION}.code")]


async def test_an_owner_signs_with_their_password_anew_and_nobody_else_does(here: Running) -> None:
    body = {"version": VERSION, "password": "correct horse"}
    for role in ("viewer", "editor", "admin"):
        headers = await member(here, f"{role}@example.com", role)
        assert (await here.client.post(SIGN, json=body, headers=headers)).status_code == 403, role
    assert (await here.client.post(SIGN, json=body)).status_code == 401
    refused = await here.client.post(SIGN, json=body, headers=await key(here, "admin"))
    assert refused.status_code == 403, "a key is nobody, whatever its scopes"
    owner = await member(here, "owner@example.com", "owner")
    for wrong in ({"version": VERSION}, {"version": VERSION, "password": "wrong horse"}):
        assert (await here.client.post(SIGN, json=wrong, headers=owner)).status_code == 403
    other_text = await here.client.post(SIGN, json=body | {"version": "0" * 64}, headers=owner)
    assert other_text.status_code == 409
    told = (await here.operator.get("/api/v1/run-js")).json()
    assert (told["on"], told["audit"]) == (False, [])
    assert (await here.client.post(SIGN, json=body, headers=owner)).status_code == 200
    told = (await here.operator.get("/api/v1/run-js")).json()
    [entry] = told["audit"]
    assert told["on"] is True
    assert (entry["who"], entry["what"], entry["detail"]) == (
        "owner@example.com",
        "run_js_agreement_signed",
        {"text": VERSION},
    )
    assert entry["at"] > 0


async def test_a_second_member_approves_where_there_is_one(here: Running) -> None:
    ann = await member(here, "ann@example.com", "editor")
    made = (await here.client.post("/api/v1/run-js/code", json={"code": CODE}, headers=ann)).json()
    approval = f"/api/v1/run-js/code/{made['hash']}/approval"
    alone = await here.client.post(approval, headers=ann)
    assert alone.status_code == 200, "alone, an author approves"
    other = (await here.client.post("/api/v1/run-js/code", json={"code": OTHER}, headers=ann)).json()
    approval = f"/api/v1/run-js/code/{other['hash']}/approval"
    viewer = await member(here, "viv@example.com", "viewer")
    bob = await member(here, "bob@example.com", "editor")
    again = (await here.client.post("/api/v1/run-js/code", json={"code": OTHER}, headers=bob)).json()
    assert again["proposed_by"] == "ann@example.com", "proposing again makes nobody else its author"
    for headers in (ann, viewer, await key(here, "experiences:publish")):
        assert (await here.client.post(approval, headers=headers)).status_code == 403
    assert (await here.operator.post(approval)).status_code == 403, "the operator is no member"
    told = (await here.client.post(approval, headers=bob)).json()
    assert told["approved_by"] == "bob@example.com"


WAYS = ("apply", "preview", "plan", "resume")
"""Every route that takes a document or brings one back."""


@pytest.mark.parametrize("who", ["viewer", "editor", "admin", "owner", "key", "operator"])
@pytest.mark.parametrize("standing", ["unsigned", "unapproved", "other approved"])
async def test_no_way_in_brings_unapproved_code_to_a_browser(here: Running, who: str, standing: str) -> None:
    if standing != "unsigned":
        await sign(here)
    if standing == "other approved":
        await approved(here, OTHER)
    match who:
        case "operator":
            client, headers = here.operator, {}
        case "key":
            client = here.client
            headers = await key(here, "experiences:read", "experiences:publish", "users:read", "admin")
        case _:
            client, headers = here.client, await member(here, f"{who}@example.com", who)
    tour = a_tour(CODE)
    for path, body in (
        ("/api/v1/apply", sent(tour)),
        ("/api/v1/apply", sent(tour) | {"prune": True}),
        ("/api/v1/plan", sent(tour)),
        ("/api/v1/previews", {"document": tour, "url": PAGE}),
    ):
        answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code in (403, 422), (path, answer.text)
    answer = await client.post("/api/v1/experiences/coded/pause?resume=true", headers=headers)
    assert answer.status_code in (403, 404)
    assert (await boot(here))["candidates"] == []
    assert (await here.client.get(f"/sdk/v1/code/{name_of(CODE)}.js")).status_code == 404


async def smuggle(here: Running, code: str) -> None:
    """Writes a version past every check, as a tampered backup would."""
    await sign(here)
    await approved(here, code)
    (await here.operator.post("/api/v1/apply", json=sent(a_tour(code)))).raise_for_status()


async def test_what_was_written_past_every_check_is_withheld(here: Running) -> None:
    await smuggle(here, CODE)
    assert [each["key"] for each in (await boot(here))["candidates"]] == ["coded"]
    database = here.installation.control
    async with database.transaction() as connection:
        change = text("UPDATE version SET definition = replace(definition, :before, :after)")
        await connection.execute(change, {"before": CODE, "after": OTHER})
    here.installation.publications.forget()
    told = await boot(here)
    assert (told["candidates"], told["content"]) == ([], {})
    explained = (await here.operator.get("/api/v1/explain", params={"url": PAGE, "anonymous": "a1"})).json()
    assert (explained[0]["shows"], explained[0]["because"]) == (False, "run_js")


async def test_code_that_was_changed_where_it_is_kept_is_not_served(here: Running) -> None:
    await smuggle(here, CODE)
    async with here.installation.control.transaction() as connection:
        await connection.execute(text("UPDATE code SET code = :other"), {"other": OTHER})
    assert (await here.client.get(f"/sdk/v1/code/{name_of(CODE)}.js")).status_code == 404


async def test_a_browser_is_told_a_hash_and_gets_the_module_by_it(here: Running) -> None:
    await sign(here)
    name = await approved(here, CODE)
    (await here.operator.post("/api/v1/apply", json=sent(a_tour(CODE)))).raise_for_status()
    told = await boot(here)
    assert CODE not in msgspec.json.encode(told).decode()
    [content] = told["content"].values()
    assert content["content"]["steps"][0]["blocks"][1]["actions"][0] == {"type": "run_js", "code": name}
    [version] = told["content"]
    assert CODE not in (await here.client.get(f"/sdk/v1/content/{version}.json")).text
    module = await here.client.get(f"/sdk/v1/code/{name}.js")
    assert module.text == f"export function run(context) {{\n{CODE}\n}}\n"
    assert urlsafe_b64encode(hashlib.sha256(module.content).digest()).decode().rstrip("=") == name
    assert module.headers["content-type"] == "text/javascript; charset=utf-8"
    assert module.headers["x-content-type-options"] == "nosniff"
    assert module.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in module.headers
    assert "immutable" in module.headers["cache-control"]


async def test_a_preview_runs_approved_code(here: Running) -> None:
    await sign(here)
    await approved(here, CODE)
    made = (await here.operator.post("/api/v1/previews", json={"document": a_tour(CODE), "url": PAGE})).json()
    token = parse_qs(urlsplit(made["link"]).query)["handrail_preview"][0]
    assert [each["key"] for each in (await boot(here, preview=token))["candidates"]] == ["coded"]
    (await here.operator.delete(SIGN)).raise_for_status()
    assert (await boot(here, preview=token))["candidates"] == [], "and none once the agreement is off"


async def test_turning_it_off_withholds_what_is_live_and_open_tabs_hear_of_it(here: Running) -> None:
    await sign(here)
    name = await approved(here, CODE)
    plain = a_document("banner", key="plain")
    (await here.operator.post("/api/v1/apply", json=sent(a_tour(CODE), plain))).raise_for_status()
    first = await boot(here)
    address = first["revisionUrl"]
    before = (await here.client.get(address)).json()
    assert len(before["live"]) == 2
    (await here.operator.delete(SIGN)).raise_for_status()
    after = (await here.client.get(address)).json()
    assert after["revision"] != before["revision"]
    assert len(after["live"]) == 1
    assert [each["key"] for each in (await boot(here))["candidates"]] == ["plain"]
    assert (await here.client.get(f"/sdk/v1/code/{name}.js")).status_code == 404
    await sign(here)
    assert {each["key"] for each in (await boot(here))["candidates"]} == {"plain", "coded"}


async def test_the_audit_record_shows_who_tampered_with_it_where(here: Running) -> None:
    await sign(here)
    await approved(here, CODE)
    told = (await here.operator.get("/api/v1/run-js")).json()
    assert [each["what"] for each in told["audit"]] == ["run_js_agreement_signed", "code_proposed", "code_approved"]
    assert told["audit_broken_at"] is None
    async with here.installation.control.transaction() as connection:
        await connection.execute(text("UPDATE audit SET who = 'somebody else' WHERE number = 2"))
    assert (await here.operator.get("/api/v1/run-js")).json()["audit_broken_at"] == 2
