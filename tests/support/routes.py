"""A call of each of the API's routes, and a project in which all of them find what they name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from handrail.http.api.policy import PROJECT
from handrail.workspace.access import SCOPES
from tests.support.installation import Running

Ids = Mapping[str, str]
Sample = tuple[str, Mapping[str, str], Any]

PLACE = {"environment": "<environment>"}
WHO = PLACE | {"user": "<user>"}
DEVICE = PLACE | {"anonymous": "<anonymous>"}
AUDIENCE = {"any": [{"segment": "<segment>"}, {"users": ["<user>"]}, {"experience": "<experience>", "fact": "seen"}]}
BANNER = {
    "kind": "banner",
    "key": "<experience>",
    "name": "Banner",
    "audience": AUDIENCE,
    "content": {"blocks": [{"type": "paragraph", "text": "Hello"}]},
}
SAMPLES: Mapping[tuple[str, str], list[Sample]] = {
    ("POST", "/api/v1/apply"): [
        ("/api/v1/apply", {}, PLACE | {"documents": [{"sort": "experience", "document": BANNER}]}),
        ("/api/v1/apply", {}, PLACE | {"documents": [], "prune": True}),
    ],
    ("GET", "/api/v1/documents"): [("/api/v1/documents", PLACE, None)],
    ("POST", "/api/v1/experiences/{key:str}/pause"): [("/api/v1/experiences/<experience>/pause", PLACE, None)],
    ("POST", "/api/v1/previews"): [
        ("/api/v1/previews", {}, PLACE | {"document": BANNER, "url": "https://app.example.com/"})
    ],
    ("POST", "/api/v1/experiences/{key:str}/end-previews"): [
        ("/api/v1/experiences/<experience>/end-previews", PLACE, None)
    ],
    ("GET", "/api/v1/explain"): [
        ("/api/v1/explain", WHO | {"url": "https://a.example/", "experience": "<experience>", "at": "5"}, None),
        ("/api/v1/explain", DEVICE | {"url": "https://a.example/", "at": "5", "device": "mobile"}, None),
    ],
    ("GET", "/api/v1/count"): [
        ("/api/v1/count", PLACE | {"experience": "<experience>"}, None),
        ("/api/v1/count", PLACE | {"segment": "<segment>"}, None),
    ],
    ("GET", "/api/v1/accounting"): [("/api/v1/accounting", PLACE, None)],
    ("POST", "/api/v1/rebuild"): [("/api/v1/rebuild", {}, None)],
    ("GET", "/api/v1/analytics"): [("/api/v1/analytics", {}, None)],
    ("POST", "/api/v1/analytics/rebuild"): [("/api/v1/analytics/rebuild", {}, None)],
    ("GET", "/api/v1/backup"): [("/api/v1/backup", {}, None)],
    ("GET", "/api/v1/project"): [("/api/v1/project", {}, None)],
    ("GET", "/api/v1/projects"): [("/api/v1/projects", {}, None)],
    ("POST", "/api/v1/projects"): [("/api/v1/projects", {}, {"name": "Third"})],
    ("POST", "/api/v1/environments"): [
        ("/api/v1/environments", {}, {"key": "<environment>", "name": "x", "origins": ["<environment>.example.net"]})
    ],
    ("PUT", "/api/v1/environments/{environment:str}"): [
        ("/api/v1/environments/<environment>", {}, {"name": "Renamed"})
    ],
    ("POST", "/api/v1/ask"): [
        ("/api/v1/ask", {}, PLACE | {"ask": {"question": "list", "audience": AUDIENCE}}),
        ("/api/v1/ask", {}, PLACE | {"ask": {"question": "list", "audience": {"users": ["<user>"]}}}),
        ("/api/v1/ask", {}, PLACE | {"ask": {"question": "answers", "experience": "<experience>", "key": "score"}}),
    ],
    ("GET", "/api/v1/segments"): [("/api/v1/segments", {}, None)],
    ("GET", "/api/v1/segments/{key:str}/members"): [
        ("/api/v1/segments/<segment>/members", PLACE | {"after": "<user>"}, None)
    ],
    ("GET", "/api/v1/segments/{key:str}/why"): [("/api/v1/segments/<segment>/why", WHO, None)],
    ("GET", "/api/v1/segments/{key:str}/uses"): [("/api/v1/segments/<segment>/uses", {}, None)],
    ("DELETE", "/api/v1/segments/{key:str}"): [("/api/v1/segments/<segment>", {}, None)],
    ("POST", "/api/v1/plan"): [
        ("/api/v1/plan", {}, PLACE | {"documents": [{"sort": "experience", "document": BANNER}]})
    ],
    ("POST", "/api/v1/segment/test"): [
        (
            "/api/v1/segment/test",
            {},
            PLACE
            | {
                "key": "<destination>",
                "event": {
                    "type": "track",
                    "event": "Saved",
                    "userId": "<user>",
                    "messageId": "m",
                    "writeKey": "<write>",
                },
            },
        )
    ],
    ("GET", "/api/v1/segment/destinations"): [("/api/v1/segment/destinations", PLACE, None)],
    ("GET", "/api/v1/users"): [
        ("/api/v1/users", PLACE | {"search": "<user>"}, None),
        ("/api/v1/users", PLACE | {"after": "<user>"}, None),
    ],
    ("GET", "/api/v1/users.csv"): [("/api/v1/users.csv", PLACE | {"search": "<user>"}, None)],
    ("DELETE", "/api/v1/user"): [("/api/v1/user", WHO, None), ("/api/v1/user", DEVICE, None)],
    ("GET", "/api/v1/user"): [("/api/v1/user", WHO, None), ("/api/v1/user", DEVICE, None)],
    ("GET", "/api/v1/user/export"): [("/api/v1/user/export", WHO, None), ("/api/v1/user/export", DEVICE, None)],
    ("GET", "/api/v1/erasures"): [("/api/v1/erasures", {}, None)],
    ("POST", "/api/v1/user/reset"): [("/api/v1/user/reset", WHO, {"experience": "<experience>"})],
    ("POST", "/api/v1/users/import"): [
        ("/api/v1/users/import", PLACE | {"id": "<import>"}, "user_id,plan\n<user>,free\n"),
    ],
    ("GET", "/api/v1/attributes"): [("/api/v1/attributes", PLACE, None)],
    ("GET", "/api/v1/identity"): [("/api/v1/identity", PLACE, None)],
    ("POST", "/api/v1/identity/keys"): [("/api/v1/identity/keys", {}, {"method": "hmac"})],
    ("DELETE", "/api/v1/identity/keys/{key:str}"): [("/api/v1/identity/keys/<identity>", {}, None)],
    ("PUT", "/api/v1/environments/{environment:str}/privacy"): [
        ("/api/v1/environments/<environment>/privacy", {}, {"scrub": {}})
    ],
    ("GET", "/api/v1/run-js"): [("/api/v1/run-js", {}, None)],
    ("POST", "/api/v1/run-js/agreement"): [("/api/v1/run-js/agreement", {}, {"version": "x"})],
    ("DELETE", "/api/v1/run-js/agreement"): [("/api/v1/run-js/agreement", {}, None)],
    ("POST", "/api/v1/run-js/code"): [("/api/v1/run-js/code", {}, {"code": "1"})],
    ("POST", "/api/v1/run-js/code/{hash:str}/approval"): [("/api/v1/run-js/code/<experience>/approval", {}, None)],
    ("GET", "/api/v1/retention"): [("/api/v1/retention", {}, None)],
    ("PUT", "/api/v1/retention"): [("/api/v1/retention", {}, {"event_days": 40})],
    ("POST", "/api/v1/retention/confirm-date"): [("/api/v1/retention/confirm-date", {}, None)],
    ("GET", "/api/v1/counters"): [("/api/v1/counters", PLACE, None)],
    ("POST", "/api/v1/keys"): [("/api/v1/keys", {}, {"name": "more", "scopes": ["users:read"]})],
    ("GET", "/api/v1/keys"): [("/api/v1/keys", {}, None)],
    ("DELETE", "/api/v1/keys/{id:str}"): [("/api/v1/keys/<key>", {}, None)],
    ("POST", "/api/v1/members"): [("/api/v1/members", {}, {"email": "<email>", "role": "viewer"})],
    ("GET", "/api/v1/members"): [("/api/v1/members", {}, None)],
    ("DELETE", "/api/v1/members/{email:str}"): [("/api/v1/members/<email>", {}, None)],
    ("POST", "/api/v1/members/links"): [("/api/v1/members/links", {}, {"email": "<email>"})],
    ("GET", "/api/v1/jobs"): [("/api/v1/jobs", {}, None)],
    ("POST", "/api/v1/jobs/{id:str}/replay"): [("/api/v1/jobs/<job>/replay", {}, None)],
}
"""By method and path: addresses, queries and bodies; a text as a body is sent as it stands. Ids stand in < >."""


def filled(template: Any, ids: Ids) -> Any:
    """A sample, or a part of one, with these ids in place."""
    return json.loads(re.sub(r"<(\w+)>", lambda found: ids[found[1]], json.dumps(template)))


async def ask(client: httpx.AsyncClient, method: str, sample: Sample, header: dict[str, str]) -> httpx.Response:
    """What is answered to a sample whose ids are in place."""
    address, query, body = sample
    sent: dict[str, Any] = {"content": body} if isinstance(body, str) else {} if body is None else {"json": body}
    return await client.request(method, address, params=query, headers=header, **sent)


async def filled_project(door: Running, project: str, write_key: str, letter: str) -> tuple[dict[str, str], Ids]:
    """A project with one of everything, each id beginning with `letter`; the header of a key to it, and the ids."""
    named = {PROJECT: project}

    async def made(path: str, body: object) -> Any:
        answer = await door.operator.post(path, json=body, headers=named)
        assert answer.status_code < 300, answer.text
        return answer.json()

    ids = {
        "experience": f"{letter}-tour-xyz",
        "segment": f"{letter}-segment-xyz",
        "user": f"{letter}-user-xyz",
        "anonymous": f"{letter}-device-xyz",
        "destination": f"{letter}-destination-xyz",
        "email": f"{letter}@member.example.com",
        "import": f"{letter}-import-xyz",
        "write": write_key,
        "job": f"{letter}-job-xyz",
    }
    async with door.installation.works(project) as work:
        ids["environment"] = (await work.environment("production")).id
    segment = {"key": ids["segment"], "name": "Segment", "condition": {"users": [ids["user"]]}}
    banner = filled(BANNER, ids)
    destination = {"key": ids["destination"], "name": "Jimo", "settings": {"projectId": "one"}}
    documents = [{"sort": "segment", "document": segment}, {"sort": "experience", "document": banner}]
    documents.append({"sort": "destination", "document": destination})
    await made("/api/v1/apply", {"documents": documents})
    await made("/api/v1/members", {"email": ids["email"], "role": "viewer"})
    ids["identity"] = (await made("/api/v1/identity/keys", {"method": "hmac"}))["id"]
    key = await made("/api/v1/keys", {"name": f"{letter}-key", "scopes": list(SCOPES)})
    spare = await made("/api/v1/keys", {"name": f"{letter}-spare", "scopes": ["users:read"]})
    ids["key"] = spare["key"]["id"]
    batch = [
        {
            "type": "identify",
            "userId": ids["user"],
            "anonymousId": ids["anonymous"],
            "traits": {"plan": f"{letter}-plan"},
        },
        {"type": "track", "userId": ids["user"], "event": f"{letter}-event"},
    ]
    sent = await door.client.post("/v1/batch", json={"writeKey": write_key, "batch": batch})
    assert sent.status_code == 200, sent.text
    return {"authorization": f"Bearer {key['secret']}"}, ids
