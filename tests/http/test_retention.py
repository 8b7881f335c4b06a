"""Retention as members set it and as the job does it, on both databases and with the analytic store."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.app import milliseconds
from handrail.workspace.jobs import NewJob, work_once
from handrail.workspace.retention import SETTLED, Clock
from tests.http.test_both_databases import asked, place, tracked
from tests.support.installation import Running, running

both = place
DAY = 86_400_000


async def run_job(door: Running, number: int) -> tuple[str, str]:
    """One round of retention, as the scheduler has it done: status and error."""
    jobs, handlers = door.installation.jobs, door.installation._handlers()
    await jobs.enqueue(f"r{number}", NewJob(kind="retention", tries=1), number)
    await work_once(jobs, handlers, "test", milliseconds, random.random)
    found: dict[str, Any] = (await door.operator.get("/api/v1/jobs")).json()
    [job] = [each for each in found["items"] if each["id"] == f"r{number}"]
    return job["status"], job["error"]


async def test_settings_are_shown_changed_and_refused_with_their_path(both: Running) -> None:
    shown = await asked(both, "GET", "/api/v1/retention")
    assert shown["kept"] == {"log_days": 30, "event_days": 0, "answer_days": 0, "anonymous_days": 30}
    assert shown["trusted"] is False
    changed = await asked(both, "PUT", "/api/v1/retention", json={"log_days": 14, "answer_days": 365})
    assert changed["settings"] == {"log_days": 14, "event_days": 0, "answer_days": 365, "anonymous_days": None}
    assert changed["kept"]["anonymous_days"] == 30
    refused = await both.operator.put("/api/v1/retention", json={"log_days": 3, "event_days": 2})
    assert refused.status_code == 422
    assert [each["path"] for each in refused.json()["problems"]] == ["log_days", "event_days"]
    assert (await both.operator.put("/api/v1/retention", json={"days": 3})).json()["path"] == "days"
    assert await asked(both, "GET", "/api/v1/retention") == changed


async def test_a_round_is_a_job_that_is_refused_after_a_jump_and_replayed_once_confirmed(both: Running) -> None:
    now = milliseconds()
    retention = both.installation.retention
    await retention.read_clock(lambda _: Clock(now - 10 * SETTLED, now - 30 * DAY))
    status, error = await run_job(both, 1)
    assert (status, "clock moved by 30 days" in error) == ("dead", True)
    assert (await both.operator.post("/api/v1/retention/confirm-date")).json()["trusted"] is True
    assert (await both.operator.post("/api/v1/jobs/r1/replay")).status_code == 204
    handlers = both.installation._handlers()
    assert await work_once(both.installation.jobs, handlers, "test", milliseconds, random.random) is not None
    found = (await both.operator.get("/api/v1/jobs")).json()["items"]
    assert [each["status"] for each in found if each["id"] == "r1"] == ["done"]


async def test_the_analytic_store_lets_go_of_events_and_answers_past_their_time(both: Running) -> None:
    now = milliseconds()

    def at(days: int) -> str:
        from datetime import UTC, datetime

        return datetime.fromtimestamp((now - days * DAY) / 1000, UTC).isoformat()

    def answered(number: int, days: int) -> dict[str, Any]:
        return {
            "type": "track",
            "event": "question_answered",
            "userId": "ann",
            "timestamp": at(days),
            "properties": {"experience": "nps", "step": f"q{number}", "answer": number},
            "context": {"handrail": {"lifecycle": True}},
        }

    orders = [{"type": "track", "event": "Order", "userId": "ann", "timestamp": at(days)} for days in (400, 100, 10)]
    await tracked(both, *orders, answered(1, 400), answered(2, 10))
    assert await stored(both) == (5, 2)
    await asked(both, "PUT", "/api/v1/retention", json={"event_days": 200, "answer_days": 50})
    await both.installation.retention.read_clock(lambda _: Clock(now - 2 * SETTLED, now))
    assert await run_job(both, 1) == ("done", "")
    assert await stored(both) == (3, 1)
    shown = (await both.operator.get("/api/v1/user", params={"user": "ann"})).json()
    assert "q2" in str(shown["experiences"])
    assert "q1" not in str(shown["experiences"])
    assert (await asked(both, "POST", "/api/v1/rebuild"))["differences"] == []
    # Another event of theirs writes the person anew, without what went.
    await tracked(both, {"type": "track", "event": "Order", "userId": "ann"})
    assert await stored(both) == (4, 1)


async def test_every_process_lets_visitors_go_from_the_store_it_keeps_for_itself(
    postgres_dsn: str, tmp_path: Path
) -> None:
    now = milliseconds()
    async with running(tmp_path / "one", postgres_dsn) as one, running(tmp_path / "two", postgres_dsn) as two:
        await tracked(one, *({"type": "track", "event": "Order", "anonymousId": each} for each in ("idle", "here")))
        for each in (one, two):
            assert await stored(each) == (2, 0)
            assert await visitors(each) == ["a:here", "a:idle"]
        environment = (await one.kept())[0].environment
        pool: Any = getattr(one.installation.log, "_pool", None)
        # Retention knows nobody by this name any more, as if the days had passed.
        await pool.execute("DELETE FROM ingest.subjects WHERE environment = $1 AND id = 'a:idle'", environment)
        await two.installation.let_go_analytics()
        assert await visitors(two) == ["a:here", "a:idle"], "the clock is not believed yet"
        await two.installation.retention.read_clock(lambda _: Clock(now - 2 * SETTLED, now))
        await two.installation.let_go_analytics()
        assert (await visitors(one), await visitors(two)) == (["a:here", "a:idle"], ["a:here"])
    async with running(tmp_path / "one", postgres_dsn) as one:
        async with asyncio.timeout(20):
            while await visitors(one) != ["a:here"]:  # noqa: ASYNC110 it is done beside everything else
                await asyncio.sleep(0.02)


async def visitors(door: Running) -> list[str]:
    """Visitors in the analytic store."""
    store = door.installation.counts.store
    assert store is not None
    return await store.visitors((await door.kept())[0].environment, after="", limit=10)


async def stored(door: Running) -> tuple[int, ...]:
    """How many events and answers the analytic store has."""
    counts = door.installation.counts
    await door.installation.log.settled()
    while await counts.filled():
        pass
    store = counts.store
    assert isinstance(store, DuckdbAnalytics)
    # It goes on being filled beside us.
    with store._lock:
        return store._row("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM answers)")


@pytest.mark.parametrize("path", ["/api/v1/retention/confirm-date"])
async def test_the_date_is_the_operator_s_word(door: Running, path: str) -> None:
    assert (await door.client.post(path)).status_code == 401
