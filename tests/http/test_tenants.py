"""Two projects on one installation: with the key of one, the other cannot be told from a project that never was."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from handrail.core.events import Event
from handrail.http.api.policy import ANYONE, PROJECT
from handrail.workspace.seed import NewEnvironment, NewProject
from tests.http.test_access import handlers
from tests.support.events import an_event
from tests.support.installation import KEY, Running, running
from tests.support.routes import SAMPLES, Ids, Sample, ask, filled, filled_project

TWIN = NewProject(
    id="p_twin",
    public_id="99999999-0000-4000-8000-000000000009",
    name="Twin",
    environments=(
        NewEnvironment("production", "Production", ("app.twin.example",), "wk_twin_production"),
        NewEnvironment("staging", "Staging", ("staging.twin.example",), "wk_twin_staging"),
    ),
)
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
        answer = await ask(self.door.client, method, filled(sample, ids), header)
        return answer.status_code, _INSTANTS.sub("#", _MASKED.sub(r'"\1":#', answer.text))


def _kinds(sample: Sample) -> list[str]:
    return sorted(set(re.findall(r"<(\w+)>", json.dumps(sample))))


@asynccontextmanager
async def _twins(folder: Path) -> AsyncGenerator[Twins]:
    async with running(folder) as door:
        await door.installation.projects.add(TWIN, 2_000_000_000_000)
        door.installation.publications.forget()
        await door.installation.followed()
        mine, a = await filled_project(door, "p_test", KEY, "a")
        other, b = await filled_project(door, "p_twin", "wk_twin_production", "b")
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
    assert (await twins.door.client.get("/")).status_code == 200, "of no project, so none has to be named"


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
