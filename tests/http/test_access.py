"""Who may call what: keys, members, roles, pages, repeated requests, and a description that leaves nothing out."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import jsonschema
import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from handrail.http.api.policy import ANYONE, POLICIES
from handrail.http.api.routes import create_api
from handrail.workspace.access import ROLE_SCOPES, SCOPES
from tests.http.test_boot_problems import ASKED
from tests.http.test_both_databases import place
from tests.support.installation import Running
from tests.support.serving import ROOT

both = place
"""An installation on files, and one on PostgreSQL."""


def handlers(door: Running) -> list[HTTPRouteHandler]:
    api = create_api(door.installation.admin())
    return [
        handler
        for route in api.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if "OPTIONS" not in handler.http_methods
    ]


async def key(door: Running, *scopes: str) -> dict[str, str]:
    """The header of a new key with these scopes."""
    made = await door.operator.post("/api/v1/keys", json={"name": "test", "scopes": list(scopes)})
    assert made.status_code == 201, made.text
    return {"authorization": f"Bearer {made.json()['secret']}"}


async def member(door: Running, email: str, role: str) -> dict[str, str]:
    """The header of a new member who has signed in."""
    assert (await door.operator.post("/api/v1/members", json={"email": email, "role": role})).status_code == 201
    token = (await door.operator.post("/api/v1/members/links", json={"email": email})).json()["token"]
    chosen = await door.client.post("/api/v1/password", json={"token": token, "password": "correct horse"})
    assert chosen.status_code == 204, chosen.text
    signed = await door.client.post("/api/v1/sign-in", json={"email": email, "password": "correct horse"})
    assert signed.status_code == 200, signed.text
    assert signed.json()["role"] == role
    return {"authorization": f"Bearer {signed.json()['token']}"}


async def test_every_route_declares_who_may_call_it(door: Running) -> None:
    silent = [handler.paths for handler in handlers(door) if handler.opt.get("policy") not in POLICIES]
    assert silent == [], f"say it with policy=, one of {sorted(POLICIES)}; without one a route is open to nobody"


async def test_the_status_page_tells_strangers_nothing_of_users_and_experiences(door: Running) -> None:
    words = [{"type": "paragraph", "text": "Hello"}]
    document = {"kind": "banner", "key": "secret-plan", "name": "Secret", "content": {"blocks": words}}
    applied = await door.operator.post(
        "/api/v1/apply", json={"documents": [{"sort": "experience", "document": document}]}
    )
    assert applied.status_code == 200, applied.text
    boot = ASKED | {"userId": "ann@example.com"}
    sent = await door.client.post("/sdk/v1/boot", json=boot, headers={"origin": "https://app.example.com"})
    assert sent.status_code == 200, sent.text
    told = await door.client.get("/")
    assert told.status_code == 200
    assert not [word for word in ("secret-plan", "Secret", "ann", "app.example.com") if word in told.text]


def test_the_documentation_lists_every_scope() -> None:
    documented = re.findall(r"^\| `([a-z:]+)` \| (.+?) \|$", (ROOT / "docs/api.md").read_text(), re.MULTILINE)
    assert dict(documented) == dict(SCOPES)


async def test_a_route_opens_to_its_scope_and_to_no_other(door: Running) -> None:
    keys = {scope: await key(door, scope) for scope in SCOPES}
    for handler in handlers(door):
        policy = handler.opt["policy"]
        if policy == ANYONE or "tail" in str(handler.paths):
            continue
        [path] = handler.paths
        address = path.replace(":str", "").replace("{", "").replace("}", "")
        [method] = handler.http_methods - {"HEAD"}
        for headers, number in (({}, 401), ({"authorization": "Bearer hk_wrong"}, 401)):
            refused = await door.client.request(method, address, headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (number, "Bearer"), address
        for scope, headers in keys.items():
            answer = await door.client.request(method, address, headers=headers)
            assert (answer.status_code == 403) is (scope != policy), (address, scope, answer.text)
            assert answer.status_code < 500


async def test_a_key_s_secret_is_shown_once_and_kept_nowhere(both: Running) -> None:
    made = (await both.operator.post("/api/v1/keys", json={"name": "ci", "scopes": ["experiences:read"]})).json()
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert (await both.client.get("/api/v1/documents", headers=headers)).status_code == 200
    listed = await both.operator.get("/api/v1/keys")
    assert [each["id"] for each in listed.json()["items"]] == [made["key"]["id"]]
    assert made["secret"] not in listed.text
    async with both.installation.control.transaction() as connection:
        from sqlalchemy import text

        for table in ("api_key", "answered"):
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()
            assert made["secret"] not in repr(rows)
    gone = await both.operator.delete(f"/api/v1/keys/{made['key']['id']}")
    assert gone.status_code == 204
    assert (await both.client.get("/api/v1/documents", headers=headers)).status_code == 401


async def test_nobody_hands_out_what_they_do_not_have(door: Running) -> None:
    mine = await key(door, "keys:write", "members:write", "experiences:read")
    body = {"name": "more", "scopes": ["experiences:read", "admin"]}
    assert (await door.client.post("/api/v1/keys", json=body, headers=mine)).status_code == 403
    less = await door.client.post("/api/v1/keys", json=body | {"scopes": ["experiences:read"]}, headers=mine)
    assert less.status_code == 201
    owner = {"email": "me@example.com", "role": "owner"}
    assert (await door.client.post("/api/v1/members", json=owner, headers=mine)).status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/api/v1/keys", {"name": "", "scopes": ["admin"]}, "name"),
        ("/api/v1/keys", {"name": "k", "scopes": []}, "scopes"),
        ("/api/v1/keys", {"name": "k", "scopes": ["admin", "moon"]}, "scopes[1]"),
        ("/api/v1/keys", {"name": "k", "scopes": ["admin"], "more": 1}, "more"),
        ("/api/v1/members", {"email": "nobody", "role": "editor"}, "email"),
        ("/api/v1/members", {"email": "a@b.example", "role": "king"}, "role"),
        ("/api/v1/members/links", {"email": "nobody@example.com"}, "email"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_its_path(
    door: Running, path: str, body: dict[str, Any], where: str
) -> None:
    told = await door.operator.post(path, json=body)
    assert (told.status_code, told.headers["content-type"]) == (422, "application/problem+json")
    assert told.json().get("path", "") == where
    assert (await door.operator.get("/api/v1/keys")).json()["items"] == []


async def test_a_role_reaches_exactly_its_scopes(both: Running) -> None:
    publish = {"documents": []}
    for role, scopes in ROLE_SCOPES.items():
        headers = await member(both, f"{role}@example.com", role)
        read = await both.client.get("/api/v1/documents", headers=headers)
        wrote = await both.client.post("/api/v1/apply", json=publish, headers=headers)
        listed = await both.client.get("/api/v1/members", headers=headers)
        rebuilt = await both.client.get("/api/v1/project", headers=headers)
        got = [each.status_code == 200 for each in (read, wrote, listed, rebuilt)]
        wanted = ("experiences:read", "experiences:publish", "members:read", "admin")
        assert got == [scope in scopes for scope in wanted], role


async def test_a_link_works_once_and_a_new_password_ends_sign_ins(door: Running) -> None:
    headers = await member(door, "ann@example.com", "viewer")
    tokens = [
        (await door.operator.post("/api/v1/members/links", json={"email": "ann@example.com"})).json()["token"]
        for _ in range(2)
    ]
    body = {"password": "another long one"}
    assert (await door.client.post("/api/v1/password", json=body | {"token": tokens[0]})).status_code == 403
    weak = await door.client.post("/api/v1/password", json={"token": tokens[1], "password": "short"})
    assert (weak.status_code, weak.json()["path"]) == (422, "password")
    assert (await door.client.post("/api/v1/password", json=body | {"token": tokens[1]})).status_code == 204
    assert (await door.client.post("/api/v1/password", json=body | {"token": tokens[1]})).status_code == 403
    assert (await door.client.get("/api/v1/documents", headers=headers)).status_code == 401
    for email, password in (("ann@example.com", "correct horse"), ("nobody@example.com", "another long one")):
        refused = await door.client.post("/api/v1/sign-in", json={"email": email, "password": password})
        assert (refused.status_code, refused.json()["title"]) == (403, "The address or the password is wrong.")


async def test_signing_out_ends_it_and_the_last_owner_stays(door: Running) -> None:
    headers = await member(door, "owner@example.com", "owner")
    stays = await door.operator.delete("/api/v1/members/owner@example.com")
    assert (stays.status_code, "last owner" in stays.json()["title"]) == (409, True)
    await member(door, "second@example.com", "owner")
    assert (await door.client.delete("/api/v1/sign-in", headers=headers)).status_code == 204
    assert (await door.client.get("/api/v1/documents", headers=headers)).status_code == 401
    assert (await door.operator.delete("/api/v1/members/owner@example.com")).status_code == 204
    again = {"email": "Second@example.com", "role": "viewer"}
    assert (await door.operator.post("/api/v1/members", json=again)).status_code == 409


async def test_a_list_comes_in_pages_that_hold_while_rows_come_and_go(both: Running) -> None:
    made = [
        (await both.operator.post("/api/v1/keys", json={"name": f"k{at}", "scopes": ["admin"]})).json()["key"]["id"]
        for at in range(7)
    ]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = (await both.operator.get("/api/v1/keys", params=query)).json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        await both.operator.delete(f"/api/v1/keys/{seen[0]}")
        query["cursor"] = page["next"]
    assert sorted(seen) == sorted(made)
    for bad in ({"limit": 0}, {"limit": 201}, {"cursor": "nonsense"}, {"cursor": "WzEsMl0"}):
        assert (await both.operator.get("/api/v1/keys", params=bad)).status_code == 422
    assert (await both.operator.get("/api/v1/keys", params={"limit": "many"})).status_code == 400


# Repeated requests.


async def sent(door: Running, name: str, key: str, path: str = "/api/v1/members") -> httpx.Response:
    body = {"email": f"{name}@example.com", "role": "viewer"}
    return await door.operator.post(path, json=body, headers={"idempotency-key": key})


async def test_a_repeat_is_answered_as_the_first_and_done_once(both: Running) -> None:
    first, again = await sent(both, "ann", "k1"), await sent(both, "ann", "k1")
    assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await both.operator.get("/api/v1/members")).json()["items"]) == 1
    refused = await sent(both, "bob", "k1")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:handrail:key_reused")
    assert (await sent(both, "ann", "k2")).status_code == 409, "another key is another request"


async def test_of_many_at_once_one_is_done(both: Running) -> None:
    answers = await asyncio.gather(*(sent(both, "ann", "same") for _ in range(6)))
    assert {each.status_code for each in answers} <= {201, 409}
    assert any(each.status_code == 201 for each in answers)
    assert len((await both.operator.get("/api/v1/members")).json()["items"]) == 1
    for each in answers:
        if each.status_code == 409:
            assert each.json()["type"] == "urn:handrail:in_progress"


async def test_a_repeat_does_not_show_a_secret_again(door: Running) -> None:
    body = {"name": "k", "scopes": ["admin"]}
    headers = {"idempotency-key": "once"}
    assert (await door.operator.post("/api/v1/keys", json=body, headers=headers)).status_code == 201
    again = await door.operator.post("/api/v1/keys", json=body, headers=headers)
    assert (again.status_code, again.json()["type"]) == (409, "urn:handrail:shown_once")
    assert len((await door.operator.get("/api/v1/keys")).json()["items"]) == 1


async def test_another_caller_s_key_is_another_key(door: Running) -> None:
    mine = await key(door, "members:write", "members:read", *ROLE_SCOPES["viewer"])
    assert (await sent(door, "ann", "shared")).status_code == 201
    body = {"email": "ann@example.com", "role": "viewer"}
    answer = await door.client.post("/api/v1/members", json=body, headers={**mine, "idempotency-key": "shared"})
    assert answer.status_code == 409
    assert "already" in answer.json()["title"]


# Errors and the description.


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/apply", 405), ("GET", "/api/v1/explain", 400)],
)
async def test_the_framework_s_errors_are_problems_too(door: Running, method: str, path: str, status: int) -> None:
    told = await door.operator.request(method, path)
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json")
    assert told.json()["status"] == status
    assert told.json()["title"].endswith(".")


async def test_the_description_holds_every_route_and_every_reference(door: Running) -> None:
    described = (await door.client.get("/api/v1/openapi.json")).json()
    assert described["openapi"] == "3.1.0"
    listed = {(method.upper(), path) for path, each in described["paths"].items() for method in each}
    there = {
        (method, path.replace(":str", ""))
        for handler in handlers(door)
        for path in handler.paths
        for method in handler.http_methods - {"HEAD"}
        if path.startswith("/api/v1/")
    }
    assert listed == there
    text = json.dumps(described)
    for reference in {each.split('"')[0] for each in text.split('"$ref": "#/components/schemas/')[1:]}:
        assert reference in described["components"]["schemas"]
    for schema in described["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for each in described["paths"].values():
        for operation in each.values():
            assert operation["summary"].endswith(".")
            assert {"403", "404", "409", "422", "503"} <= set(operation["responses"])
    assert described["paths"]["/api/v1/keys"]["post"]["x-scope"] == "keys:write"
    names = [each["name"] for each in described["paths"]["/api/v1/explain"]["get"]["parameters"]]
    assert {"url", "user", "environment"} <= set(names)
