"""Segments, questions and plans through the API of a real installation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from click.testing import CliRunner

from handrail.cli import main
from tests.support.installation import KEY, Running, running

PRO = {"attribute": "custom.plan", "operator": "is", "value": "pro"}
LARGE = {"attribute": "property.total", "operator": ">=", "value": 100}
BIG_SPENDERS = {"event": "Order Completed", "operator": ">=", "value": 2, "where": LARGE}


def tour(key: str, audience: Mapping[str, Any] | None = None) -> dict[str, Any]:
    step = {
        "key": "hello",
        "form": "modal",
        "blocks": [{"type": "paragraph", "text": "Hello"}],
        "cross": {"show": True},
    }
    document: dict[str, Any] = {"kind": "tour", "key": key, "name": key, "content": {"steps": [step]}}
    return document if audience is None else {**document, "audience": audience}


class Api:
    """The API as the command line asks it."""

    def __init__(self, open_one: Running) -> None:
        self.open = open_one
        self.get, self.delete = open_one.operator.get, open_one.operator.delete

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.open.operator.post(path, json=body)

    async def apply(self, *documents: Mapping[str, Any], path: str = "/api/v1/apply", **more: Any) -> httpx.Response:
        sent = [{"sort": "experience" if "kind" in each else "segment", "document": each} for each in documents]
        return await self.post(path, documents=sent, **more)

    async def ask(self, **question: Any) -> httpx.Response:
        return await self.post("/api/v1/ask", ask=question)


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with running(tmp_path) as open_one:
        calls: list[dict[str, Any]] = []
        for number, plan in enumerate(("pro", "pro", "trial", "trial")):
            calls.append({"type": "identify", "userId": f"u{number}", "traits": {"plan": plan}})
            calls += [
                {"type": "track", "event": "Order Completed", "userId": f"u{number}", "properties": {"total": total}}
                for total in (5, 100, 250)[: number + 1]
            ]
        answer = await open_one.client.post("/v1/batch", json={"writeKey": KEY, "batch": calls})
        assert answer.json() == {"success": True}
        yield Api(open_one)


async def test_an_audience_is_counted_and_listed_before_anybody_saved_it(api: Api) -> None:
    counted = await api.ask(question="count", audience=PRO)
    assert counted.json() == {"columns": ["users"], "rows": [[2]], "facts": {}, "up_to": False}
    listed = await api.ask(question="list", audience=PRO, limit=1)
    assert listed.json()["rows"] == [["u:u0"]]
    rest = await api.ask(question="list", audience=PRO, after=listed.json()["facts"]["next"])
    assert rest.json()["rows"] == [["u:u1"]]
    deferred = await api.ask(question="count", audience={"all": [PRO, {"device": ["mobile"]}]})
    assert (deferred.json()["rows"], deferred.json()["up_to"]) == ([[2]], True)


async def test_a_new_condition_is_right_for_old_events(api: Api) -> None:
    """What a property-filtered condition counts is counted back over the log before the apply is answered."""
    applied = await api.apply({"key": "spenders", "condition": BIG_SPENDERS}, tour("thanks", {"segment": "spenders"}))
    assert applied.status_code == 200, applied.text
    members = await api.get("/api/v1/segments/spenders/members")
    assert members.json()["rows"] == [["u:u2"], ["u:u3"]]
    for user, member in (("u1", False), ("u2", True)):
        why = (await api.get("/api/v1/segments/spenders/why", params={"user": user})).json()
        assert why["member"] is member
        assert why["line"]["lines"][0]["actual"] == (2 if member else 1)


async def test_a_manual_segment_finds_its_users_by_any_of_their_ids(api: Api) -> None:
    alias = {"type": "alias", "userId": "u3", "previousId": "old3"}
    await api.open.client.post("/v1/batch", json={"writeKey": KEY, "batch": [alias]})
    applied = await api.apply({"key": "beta", "users": ["u0", "old3", "nobody"]})
    assert applied.status_code == 200, applied.text
    members = (await api.get("/api/v1/segments/beta/members")).json()["rows"]
    assert members == [["u:old3"], ["u:u0"]]
    for user, member in (("u0", True), ("u1", False), ("u3", True)):
        why = (await api.get("/api/v1/segments/beta/why", params={"user": user})).json()
        assert why["member"] is member


@pytest.mark.parametrize(
    ("segment", "problem"),
    [
        ({"key": "s"}, ("segment_kind", "condition")),
        ({"key": "s", "condition": PRO, "users": ["a"]}, ("segment_kind", "condition")),
        ({"key": "s", "users": ["ann", "null"]}, ("user_id", "users[1]")),
        ({"key": "s", "condition": {"segment": "s"}}, ("segment_cycle", "condition.segment")),
        ({"key": "s", "condition": {"segment": "gone"}}, ("unknown_segment", "condition.segment")),
    ],
)
async def test_a_segment_that_cannot_be_is_refused_with_its_place(
    segment: dict[str, Any], problem: tuple[str, str], api: Api
) -> None:
    answer = await api.apply(segment)
    assert answer.status_code == 422
    code, path = problem
    told = {(each["code"], each["path"]) for each in answer.json()["problems"]}
    assert (code, f"documents[0].document.{path}") in told


async def test_a_circle_of_segments_is_refused_with_the_way_round(api: Api) -> None:
    circle = [{"key": one, "condition": {"segment": other}} for one, other in ("ab", "bc", "ca")]
    answer = await api.apply(*circle)
    assert answer.status_code == 422
    assert any("a > b > c > a" in each["message"] for each in answer.json()["problems"])


async def test_a_segment_is_deleted_only_when_nothing_asks_for_it(api: Api) -> None:
    await api.apply(
        {"key": "pro", "condition": PRO},
        {"key": "outer", "condition": {"not": {"segment": "pro"}}},
        tour("welcome", {"segment": "pro"}),
    )
    uses = (await api.get("/api/v1/segments/pro/uses")).json()["uses"]
    expected = [
        {"kind": "segment", "key": "outer", "environment": ""},
        {"kind": "tour", "key": "welcome", "environment": "production"},
    ]
    assert uses == expected
    refused = await api.delete("/api/v1/segments/pro")
    assert refused.status_code == 409
    assert refused.json()["uses"] == expected
    assert "tour 'welcome' in production" in refused.json()["title"]
    assert (await api.delete("/api/v1/segments/outer")).status_code == 200
    keys = [each["key"] for each in (await api.get("/api/v1/segments")).json()["segments"]]
    assert keys == ["pro"]
    assert (await api.delete("/api/v1/segments/outer")).status_code == 404


async def test_a_plan_says_who_gains_and_loses_and_keeps_nothing(api: Api) -> None:
    await api.apply({"key": "s", "condition": PRO}, tour("a", {"segment": "s"}), tour("b"), tour("c"))
    before = (await api.get("/api/v1/documents")).json()
    trial = {"attribute": "custom.plan", "operator": "is", "value": "trial"}
    planned = await api.apply(
        {"key": "s", "condition": trial},
        tour("b", PRO),
        tour("d", {"segment": "s"}),
        path="/api/v1/plan",
        prune=True,
    )
    assert planned.status_code == 200, planned.text
    plan = planned.json()
    changes = {(each["key"], each["change"]) for each in plan["changes"]}
    assert changes == {("s", "updated"), ("b", "updated"), ("d", "created"), ("a", "paused"), ("c", "paused")}
    effects = {each["experience"]: (each["users"], each["gain"], each["lose"]) for each in plan["effects"]}
    assert effects == {"a": (0, 0, 2), "b": (2, 0, 2), "c": (0, 0, 4), "d": (2, 2, 0)}
    assert (await api.get("/api/v1/documents")).json() == before
    refused = await api.apply(tour("e", {"segment": "gone"}), path="/api/v1/plan")
    assert refused.status_code == 422


async def test_a_segment_that_changes_moves_the_experiences_that_ask_for_it(api: Api) -> None:
    await api.apply({"key": "s", "condition": PRO}, tour("a", {"segment": "s"}))
    plan = (await api.apply({"key": "s", "condition": {"not": PRO}}, path="/api/v1/plan")).json()
    assert plan["effects"] == [{"experience": "a", "users": 2, "gain": 2, "lose": 2, "up_to": False}]


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ({"question": "funnel", "steps": [{"event": "a"}]}, "steps"),
        ({"question": "funnel", "steps": [{"event": "a"}, {"event": ""}]}, "steps[1].event"),
        ({"question": "uniques", "event": "a", "days": 0}, "days"),
        ({"question": "uniques", "event": "a", "until": "soon"}, "until"),
        ({"question": "uniques", "event": "a", "where": {"segment": "s"}}, "where"),
        ({"question": "breakdown", "event": "a", "property": "", "limit": 5}, "property"),
        ({"question": "list", "limit": 0}, "limit"),
        ({"question": "times", "start": {"event": "a"}, "end": {"event": "b"}, "percentiles": [101]}, "percentiles[0]"),
        ({"question": "count", "audience": {"segment": "gone"}}, "audience.segment"),
        ({"question": "count", "audience": {"attribute": "plan", "operator": "is", "value": 1}}, "audience.attribute"),
        ({"question": "nonsense"}, None),
        ({"question": "count", "extra": 1}, None),
        ([], None),
    ],
)
async def test_a_question_that_cannot_be_asked_names_its_place(question: Any, path: str | None, api: Api) -> None:
    answer = await api.post("/api/v1/ask", ask=question)
    assert answer.status_code == 422
    if path is not None:
        assert path in {each["path"] for each in answer.json()["problems"]}


async def test_a_funnel_over_the_api(api: Api) -> None:
    steps = [{"event": "Order Completed"}, {"event": "Order Completed", "where": LARGE}]
    answer = await api.ask(question="funnel", steps=steps)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"][0][2] == 4


# The command line, without a server.


def test_drift_tells_edits_here_from_edits_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDRAIL_DATA", str(tmp_path / "data"))
    run = CliRunner().invoke
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    segments = "- {key: one, users: [ann]}\n- {key: two, users: [bob]}\n"
    (here / "segments.yaml").write_text(segments)
    assert run(main, ["apply", str(here)]).exit_code == 0
    assert run(main, ["drift", str(here)]).output == "production holds exactly these documents.\n"
    assert run(main, ["pull", str(there)]).exit_code == 0
    (there / "segments.yaml").write_text("- {key: one, users: [ann, cleo]}\n- {key: three, users: [dan]}\n")
    assert run(main, ["apply", str(there / "segments.yaml")]).exit_code == 0
    (here / "segments.yaml").write_text(segments.replace("bob", "bea"))
    drift = run(main, ["drift", str(here)])
    assert drift.exit_code == 1
    assert drift.output.split("\n")[:3] == [
        "      edited elsewhere  segment one",
        "       added elsewhere  segment three",
        "           edited here  segment two",
    ]


def test_the_command_line_asks_and_shows_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDRAIL_DATA", str(tmp_path / "data"))
    run = CliRunner().invoke
    file = tmp_path / "question.yaml"
    file.write_text("question: count\naudience: {users: [ann]}\n")
    assert run(main, ["ask", str(file)]).stdout == "users\n0\n"
    assert run(main, ["ask", "-", "--json"], input="question: list\n").output.startswith('{"columns":["user"]')
    wrong = run(main, ["ask", "-"], input="question: list\nlimit: 0\n")
    assert (wrong.exit_code, "limit" in wrong.output) == (3, True)
    (tmp_path / "segments.yaml").write_text("- {key: one, users: [ann]}\n")
    planned = run(main, ["plan", str(tmp_path / "segments.yaml")])
    assert (planned.exit_code, planned.output.split("\n")[0]) == (0, "  created  segment one")
    assert run(main, ["segments", "list"]).output == ""
    assert run(main, ["apply", str(tmp_path / "segments.yaml")]).exit_code == 0
    assert run(main, ["segments", "list"]).output == "one  manual\n"
    assert run(main, ["segments", "uses", "one"]).output == "Nothing asks for one.\n"
    assert "- one of 1 listed users" in run(main, ["segments", "why", "one", "bob"]).output
    assert run(main, ["segments", "delete", "one"]).output == "Deleted segment one.\n"
