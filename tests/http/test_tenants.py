"""Two projects on one installation: with the key of one, the other cannot be told from a project that never was."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from handrail.core.events import Event
from handrail.http.api.policy import ANYONE, PROJECT
from handrail.workspace.access import SCOPES
from handrail.workspace.seed import NewEnvironment, NewProject
from tests.http.test_access import handlers
from tests.support.events import an_event
from tests.support.installation import KEY, Running, running

TWIN = NewProject(
    id="p_twin",
    public_id="99999999-0000-4000-8000-000000000009",
    name="Twin",
    environments=(
        NewEnvironment("production", "Production", ("app.twin.example",), "wk_twin_production"),
        NewEnvironment("staging", "Staging", ("staging.twin.example",), "wk_twin_staging"),
    ),
)
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
        ("/api/v1/explain", DEVICE | {"url": "https://a.example/", "at": "5"}, None),
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
READING = ("/api/v1/ask", "/api/v1/plan", "/api/v1/segment/test")
ORDERED = sorted(
    SAMPLES.items(), key=lambda each: (each[0][0] != "GET", each[0][1] not in READING, each[0][1] == "/api/v1/apply")
)
"""Whatever only reads comes first, and publishing last."""
ELSEWHERE = {("GET", "/api/v1/tail"): "an endless stream: test_a_watcher_hears_of_their_own_project_only"}

_MASKED = re.compile(
    r'"(id|created_at|at|hint|secret|token|until|address|revision|receipt|requested_at|link|version|changed_at|expires_at)":("[^"]*"|\d+)'
)
_INSTANTS = re.compile(r"\b[0-9a-f]{32}\b|\b1[78]\d{11}\b|\bv_[\w-]{20,}|20\d\d-\d\d-\d\dT[\d:.]+Z")


class Twins:
    """Both projects: a header that asks for each, and the ids of what stands in each."""

    def __init__(self, door: Running, mine: dict[str, str], other: dict[str, str], a: Ids, b: Ids) -> None:
        self.door, self.mine, self.other, self.a, self.b = door, mine, other, a, b
        # As long as the other's, and of the same form.
        self.nobody: Ids = {kind: id[:-3] + ("zzz" if "@" not in id else "cox") for kind, id in b.items()}

    async def ask(self, method: str, sample: Sample, ids: Ids, header: dict[str, str]) -> tuple[int, str]:
        """What a sample is answered with these ids in place, whatever changes by the minute masked."""
        address, query, body = json.loads(_filled(json.dumps(sample), ids))
        sent: dict[str, Any] = {"content": body} if isinstance(body, str) else {} if body is None else {"json": body}
        answer = await self.door.client.request(method, address, params=query, headers=header, **sent)
        return answer.status_code, _INSTANTS.sub("#", _MASKED.sub(r'"\1":#', answer.text))


def _filled(template: str, ids: Ids) -> str:
    return re.sub(r"<(\w+)>", lambda found: ids[found[1]], template)


def _kinds(sample: Sample) -> list[str]:
    return sorted(set(re.findall(r"<(\w+)>", json.dumps(sample))))


async def _filled_project(door: Running, project: str, write_key: str, letter: str) -> tuple[dict[str, str], Ids]:
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
    banner = json.loads(_filled(json.dumps(BANNER), ids))
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


@asynccontextmanager
async def _twins(folder: Path) -> AsyncGenerator[Twins]:
    async with running(folder) as door:
        await door.installation.projects.add(TWIN, 2_000_000_000_000)
        door.installation.publications.forget()
        await door.installation.followed()
        mine, a = await _filled_project(door, "p_test", KEY, "a")
        other, b = await _filled_project(door, "p_twin", "wk_twin_production", "b")
        await door.installation.desk.learner.catch_up()
        yield Twins(door, mine, other, a, b)


@pytest.fixture
async def twins(tmp_path: Path) -> AsyncGenerator[Twins]:
    """An installation with two projects, one like the other."""
    async with _twins(tmp_path) as made:
        yield made


async def test_every_route_is_in_the_matrix(door: Running) -> None:
    routes = {
        (min(handler.http_methods - {"HEAD"}), path)
        for handler in handlers(door)
        for path in handler.paths
        if handler.opt["policy"] != ANYONE
    }
    assert routes == set(SAMPLES) | set(ELSEWHERE), "a new route needs a sample here, with each of its ids in < >"


async def test_another_project_cannot_be_told_from_none(twins: Twins) -> None:
    asked = 0
    before = await _state(twins)
    for (method, path), samples in ORDERED:
        for sample in samples:
            for kind in _kinds(sample):
                theirs, none = ({**twins.a, kind: ids[kind]} for ids in (twins.b, twins.nobody))
                if kind != "environment":
                    theirs["environment"] = none["environment"] = "production"
                # Whichever is asked first must not matter, so what was never there is asked on both sides.
                first = await twins.ask(method, sample, none, twins.mine)
                answer = await twins.ask(method, sample, theirs, twins.mine)
                said = answer[1].replace(theirs[kind], "?").lower()
                assert (answer[0], said) == (first[0], first[1].replace(none[kind], "?").lower()), (method, path, kind)
                assert answer[0] < 500, (method, path, kind, answer)
                asked += 1
    assert asked > 60
    assert await _state(twins) == before


async def test_nothing_of_another_project_is_in_an_answer(twins: Twins) -> None:
    own = {**twins.a, "environment": "production"}
    for (method, path), samples in ORDERED:
        for sample in samples:
            status, text = await twins.ask(method, sample, own, twins.mine)
            assert status < 500, (path, text)
            assert not [id for id in twins.b.values() if id in text], (method, path)
            assert not [word for word in ("b-plan", "b-event", "b-key", "p_twin", "twin") if word in text], path


async def test_what_is_about_all_projects_is_the_operator_s(twins: Twins) -> None:
    for method, path in (
        ("POST", "/api/v1/rebuild"),
        ("GET", "/api/v1/backup"),
        ("GET", "/api/v1/jobs"),
        ("GET", "/api/v1/projects"),
        ("POST", "/api/v1/projects"),
    ):
        assert (await twins.ask(method, (path, {}, None), twins.a, twins.mine))[0] == 403
    named = await twins.door.operator.get("/api/v1/jobs", headers={PROJECT: "p_twin"})
    assert named.status_code == 200
    assert (await twins.door.operator.get("/api/v1/jobs")).status_code == 200, "about all, so none has to be named"


async def test_the_operator_says_which_project_is_meant(twins: Twins) -> None:
    operator = twins.door.operator
    unsaid = await operator.get("/api/v1/segments")
    assert (unsaid.status_code, unsaid.json()["path"]) == (422, PROJECT)
    assert (await operator.get("/api/v1/segments", headers={PROJECT: "p_none"})).status_code == 404
    for project, ids in (("p_test", twins.a), ("p_twin", twins.b)):
        told = await operator.get("/api/v1/segments", headers={PROJECT: project})
        assert [each["key"] for each in told.json()["segments"]] == [ids["segment"]]
    assert (await twins.door.client.get("/")).status_code == 404


async def test_a_header_does_not_move_a_key_to_another_project(twins: Twins) -> None:
    told = await twins.door.client.get("/api/v1/segments", headers=twins.mine | {PROJECT: "p_twin"})
    assert [each["key"] for each in told.json()["segments"]] == [twins.a["segment"]]


async def test_a_watcher_hears_of_their_own_project_only(twins: Twins) -> None:
    tail = twins.door.installation.tail
    lines = tail.listen({twins.a["environment"]})
    first = asyncio.ensure_future(anext(lines))
    await asyncio.sleep(0)
    for ids in (twins.b, twins.a):
        event: Event = an_event("m", environment=ids["environment"], user_id=ids["user"])
        tail.tell("events", [event], ids["environment"])
    assert json.loads(await first)["user"] == twins.a["user"]
    await lines.aclose()


async def _state(twins: Twins) -> list[tuple[int, str]]:
    """Everything that can be read of the other project, by its own key."""
    ids = {**twins.b, "environment": "production"}
    answers: list[tuple[int, str]] = []
    for (method, path), samples in SAMPLES.items():
        if method == "GET" and path not in ("/api/v1/backup", "/api/v1/accounting"):
            answers += [await twins.ask(method, sample, ids, twins.other) for sample in samples]
    assert any(twins.b["user"] in text for _, text in answers)
    return answers
