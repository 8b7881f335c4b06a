"""Jobs: never two at once, none lost, failures tried again later and then kept for people to see."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.jobs import ControlJobs, enqueue
from handrail.core.errors import Invalid
from handrail.testing.jobs import MemoryJobs
from handrail.workspace.jobs import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Job,
    Jobs,
    NewJob,
    Schedule,
    enqueue_due,
    pause_after,
    work_once,
)

ROOT = Path(__file__).parents[2]
NOW = 1_795_521_600_000
LEASE = 1000
START = (-1, "")


@asynccontextmanager
async def queue_at(address: str) -> AsyncIterator[ControlJobs]:
    database = ControlDatabase(address)
    try:
        await database.open()
        yield ControlJobs(database)
    finally:
        await database.close()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def queue(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Jobs]:
    """An empty queue."""
    if request.param == "memory":
        yield MemoryJobs()
        return
    address = request.getfixturevalue("postgres_dsn") if request.param == "postgres" else str(tmp_path / "control.db")
    async with queue_at(address) as opened:
        yield opened


async def look(queue: Jobs, id: str) -> Job:
    return next(each for each in await queue.jobs(None, START, 1000) if each.id == id)


async def claim(queue: Jobs, now: int = NOW, worker: str = "w") -> Job | None:
    return await queue.claim(worker, ["k"], now, LEASE)


async def taken(queue: Jobs, now: int = NOW, worker: str = "w") -> Job:
    job = await claim(queue, now, worker)
    assert job is not None
    return job


async def test_a_job_is_taken_by_one_when_it_is_due_and_by_nobody_after(queue: Jobs) -> None:
    await queue.enqueue("a", NewJob(kind="k", payload=msgspec.Raw(b'{"x":1}'), run_at=NOW + 10), NOW)
    await queue.enqueue("b", NewJob(kind="other"), NOW)
    assert await claim(queue) is None
    job = await taken(queue, NOW + 10)
    assert (job.id, bytes(job.payload), job.attempts, job.worker) == ("a", b'{"x":1}', 1, "w")
    assert await claim(queue, NOW + 10, "other") is None
    assert await queue.finish(job, NOW + 11)
    assert (await look(queue, "a")).status == "done"
    assert await claim(queue, NOW + 10_000) is None


async def test_a_lease_that_ran_out_gives_the_job_to_another_and_the_first_can_change_nothing(queue: Jobs) -> None:
    await queue.enqueue("a", NewJob(kind="k"), NOW)
    first = await taken(queue)
    assert await queue.beat(first, NOW + 900, LEASE)
    assert await claim(queue, NOW + 1500, "w2") is None, "renewed"
    second = await taken(queue, NOW + 1900, "w")
    assert second.attempts == 2
    assert not await queue.beat(first, NOW + 1901, LEASE), "the same name does not help"
    assert not await queue.finish(first, NOW + 1901)
    assert not await queue.fail(first, "late", NOW + 1901, NOW)
    assert await queue.finish(second, NOW + 1902)


async def test_what_fails_is_tried_again_later_until_it_is_dead_and_can_be_replayed(queue: Jobs) -> None:
    await queue.enqueue("a", NewJob(kind="k", tries=2), NOW)
    assert await queue.fail(await taken(queue), "first", NOW, NOW + 50)
    assert (await look(queue, "a")).error == "first"
    assert await claim(queue, NOW + 49) is None
    assert await queue.fail(await taken(queue, NOW + 50), "second", NOW + 50, NOW + 99)
    assert await claim(queue, NOW + 1000) is None
    assert [each.id for each in await queue.jobs("dead", START, 10)] == ["a"]
    assert await queue.replay("a", NOW + 2000)
    assert not await queue.replay("a", NOW + 2000)
    assert not await queue.replay("none", NOW)
    assert (await taken(queue, NOW + 2000)).attempts == 1


async def test_a_job_that_kills_its_workers_dies_in_the_end(queue: Jobs) -> None:
    await queue.enqueue("a", NewJob(kind="k", tries=3), NOW)
    for turn in range(3):
        assert (await taken(queue, NOW + turn * LEASE)).attempts == turn + 1
    assert await claim(queue, NOW + 3 * LEASE) is None
    assert (await look(queue, "a")).status == "dead"


async def test_a_key_is_used_once(queue: Jobs) -> None:
    assert await queue.enqueue("a", NewJob(kind="k", key="once"), NOW)
    assert not await queue.enqueue("b", NewJob(kind="k", key="once"), NOW)
    assert await queue.enqueue("c", NewJob(kind="k"), NOW)
    assert [each.id for each in await queue.jobs(None, START, 10)] == ["a", "c"]


async def test_many_claims_at_once_share_the_jobs_out(queue: Jobs) -> None:
    for number in range(12):
        await queue.enqueue(f"j{number:02}", NewJob(kind="k"), NOW)
    found = await asyncio.gather(*(claim(queue, worker=f"w{number}") for number in range(15)))
    ids = [each.id for each in found if each is not None]
    assert len(ids) == len(set(ids))
    rest = [job.id for _ in range(15) if (job := await claim(queue)) is not None]
    assert sorted(ids + rest) == [f"j{number:02}" for number in range(12)]


async def test_a_list_comes_in_pages(queue: Jobs) -> None:
    for number in range(5):
        await queue.enqueue(f"j{number}", NewJob(kind="k"), NOW + number // 2)
    first = await queue.jobs(None, START, 3)
    rest = await queue.jobs(None, (first[-1].created_at, first[-1].id), 3)
    assert [each.id for each in first + rest] == [f"j{number}" for number in range(5)]


# Any course of events: workers that die, leases that run out, clocks that go on.

WHAT = ("enqueue", "claim", "beat", "finish", "fail", "wait")
STEPS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 3), st.integers(1, 1500)),
    max_size=60,
)


async def course(queue: Jobs, steps: list[tuple[str, int, int]]) -> None:
    """Play the steps; whoever believes to hold a job is held to it by a model of leases."""
    now, made = NOW, 0
    mine: dict[int, Job] = {}
    until: dict[str, tuple[int, int]] = {}
    done: set[str] = set()
    for what, worker, length in steps:
        job = mine.get(worker)
        valid = job is not None and until.get(job.id, (-1, 0))[0] == job.attempts and until[job.id][1] > now
        if what == "enqueue":
            await queue.enqueue(f"j{made:03}", NewJob(kind="k", tries=4), now)
            made += 1
        elif what == "wait":
            now += length
        elif what == "claim":
            got = await queue.claim(f"w{worker}", ["k"], now, LEASE)
            if got is not None:
                assert until.get(got.id, (0, 0))[1] <= now, f"{got.id} was taken while somebody held it"
                assert got.id not in done
                mine[worker], until[got.id] = got, (got.attempts, now + LEASE)
        elif job is not None:
            match what:
                case "beat":
                    held = await queue.beat(job, now, LEASE)
                    until[job.id] = (job.attempts, now + LEASE) if held else until[job.id]
                case "finish":
                    held = await queue.finish(job, now)
                    done |= {job.id} if held else set()
                case _:
                    held = await queue.fail(job, "no", now, now + length)
            assert held is valid
            if held and what != "beat":
                until[job.id] = (job.attempts, 0)
                del mine[worker]
    # Whoever is left works everything off: each job ends as done or as a dead letter.
    for _ in range(made * 5 + 1):
        now += 2000
        while (got := await queue.claim("last", ["k"], now, LEASE)) is not None:
            assert await queue.finish(got, now)
    ended = await queue.jobs(None, START, 1000)
    assert len(ended) == made, "none is lost"
    assert {each.status for each in ended} <= {"done", "dead"}
    assert done <= {each.id for each in ended if each.status == "done"}


@given(steps=STEPS)
@settings(max_examples=200)
async def test_no_course_of_events_runs_a_job_twice_at_once_or_loses_it(steps: list[tuple[str, int, int]]) -> None:
    await course(MemoryJobs(), steps)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@given(steps=STEPS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nor_does_it_in_a_database(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str, steps: list[tuple[str, int, int]]
) -> None:
    from sqlalchemy import text

    address = request.getfixturevalue("postgres_dsn") if engine == "postgres" else str(tmp_path / "control.db")
    async with queue_at(address) as queue:
        async with queue._database.transaction() as connection:
            await connection.execute(text("DELETE FROM job"))
        await course(queue, steps)


async def test_a_job_of_a_transaction_is_there_when_that_is_kept_and_not_otherwise(tmp_path: Path) -> None:
    async with queue_at(str(tmp_path / "control.db")) as queue:

        async def keep(id: str, *, fails: bool) -> None:
            async with queue._database.transaction() as connection:
                await enqueue(connection, id, NewJob(kind="k"), NOW)
                if fails:
                    raise RuntimeError

        await keep("kept", fails=False)
        with pytest.raises(RuntimeError):
            await keep("lost", fails=True)
        assert [each.id for each in await queue.jobs(None, START, 10)] == ["kept"]


# Working.


async def test_work_that_is_done_is_finished_and_what_raises_is_tried_again(queue: Jobs) -> None:
    did: list[bytes] = []

    async def fine(payload: msgspec.Raw) -> None:
        did.append(bytes(payload))

    async def broken(payload: msgspec.Raw) -> None:
        raise ValueError("out of paper")

    await queue.enqueue("a", NewJob(kind="fine", payload=msgspec.Raw(b"1")), NOW)
    await queue.enqueue("b", NewJob(kind="broken"), NOW + 1)
    handlers = {"fine": fine, "broken": broken}
    for _ in range(2):
        assert await work_once(queue, handlers, "w", lambda: NOW + 5, lambda: 0.5) is not None
    assert await work_once(queue, handlers, "w", lambda: NOW + 5, lambda: 0.5) is None
    assert (did, (await look(queue, "a")).status) == ([b"1"], "done")
    failed = await look(queue, "b")
    assert (failed.status, failed.error) == ("waiting", "ValueError: out of paper")
    assert failed.run_at == NOW + 5 + pause_after(1, 0.5)


async def test_work_stops_when_its_lease_is_lost() -> None:
    queue, stopped, now = MemoryJobs(), asyncio.Event(), NOW

    async def endless(payload: msgspec.Raw) -> None:
        nonlocal now
        now += 10 * LEASE
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    await queue.enqueue("a", NewJob(kind="k"), NOW)
    async with asyncio.timeout(5):
        await work_once(queue, {"k": endless}, "w", lambda: now, lambda: 0.5, lease=LEASE, beat=0.001)
    assert stopped.is_set()
    assert (await taken(queue, now)).attempts == 2


def test_each_pause_is_longer_and_none_is_endless() -> None:
    pauses = [pause_after(attempts, 0.999) for attempts in range(1, 20)]
    assert pauses == sorted(pauses)
    assert pauses[0] >= FIRST_PAUSE // 2
    assert pauses[-1] <= LONGEST_PAUSE


@pytest.mark.parametrize(
    ("cron", "zone", "now", "last"),
    [
        ("0 * * * *", "UTC", "2026-11-24T12:34:56+00:00", "2026-11-24T12:00:00+00:00"),
        ("0 * * * *", "UTC", "2026-11-24T12:00:00+00:00", "2026-11-24T12:00:00+00:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-11-24T12:00:00+00:00", "2026-11-24T01:30:00+00:00"),
        ("0 9 * * 1", "America/New_York", "2026-11-24T12:00:00+00:00", "2026-11-23T14:00:00+00:00"),
    ],
)
def test_a_schedule_names_its_last_instant(cron: str, zone: str, now: str, last: str) -> None:
    from datetime import datetime

    at = int(datetime.fromisoformat(now).timestamp() * 1000)
    assert Schedule("k", cron, zone).last(at) == int(datetime.fromisoformat(last).timestamp() * 1000)


def test_a_schedule_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="no cron expression"):
        Schedule("k", "every now and then").last(NOW)


async def test_every_process_may_enqueue_what_is_scheduled(queue: Jobs) -> None:
    ids = iter(range(1000))

    def make_id() -> str:
        return f"s{next(ids)}"

    schedules = [Schedule("k", "0 * * * *")]
    assert [await enqueue_due(queue, schedules, NOW + minute * 60_000, make_id) for minute in range(120)].count(1) == 2


KILLED = """
import asyncio, sys
from tests.workspace import test_jobs as t

async def endless(payload):
    print("working", flush=True)
    await asyncio.Event().wait()

async def main():
    async with t.queue_at(sys.argv[1]) as queue:
        await t.work_once(queue, {"k": endless}, "doomed", lambda: t.NOW, lambda: 0.5)

asyncio.run(main())
"""


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_job_whose_process_is_killed_goes_to_another(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    address = request.getfixturevalue("postgres_dsn") if engine == "postgres" else str(tmp_path / "control.db")

    async def before() -> None:
        async with queue_at(address) as queue:
            await queue.enqueue("a", NewJob(kind="k"), NOW)

    async def after() -> None:
        async with queue_at(address) as queue:
            assert await claim(queue, NOW + 1000) is None, "the lease still holds"
            job = await taken(queue, NOW + 60_000, "heir")
            assert (job.id, job.attempts) == ("a", 2)
            assert await queue.finish(job, NOW + 60_001)

    asyncio.run(before())
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    words = [sys.executable, "-c", KILLED, address]
    with subprocess.Popen(words, env={**os.environ, "PYTHONPATH": path}, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"working\n"
        process.kill()
        assert process.wait() == -signal.SIGKILL
    asyncio.run(after())
