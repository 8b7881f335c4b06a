"""Jobs: work that is done later, by whichever process is free, at least once and never twice at the same time.

Whoever takes a job holds it by a lease and renews that while working; a process that dies stops renewing, and the job
goes to another. A job that fails is tried again, each time later; one that failed too often is a dead letter, kept
until somebody replays it. A lease is told apart by the job's number of attempts: whoever lost it can change nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal, Protocol, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from handrail.core.errors import Invalid

Status: TypeAlias = Literal["waiting", "running", "done", "dead"]

LEASE = 60_000
"""Milliseconds after which a job whose worker says nothing is anybody's."""
BEAT = 15.0
"""Seconds between two renewals."""
TRIES = 8
FIRST_PAUSE, LONGEST_PAUSE = 5_000, 3_600_000
"""Milliseconds before the second try, and before any further one at most; in between, twice as long each time."""


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job to be enqueued. One with a `key` that a job ever had is not enqueued again."""

    kind: str
    payload: msgspec.Raw = msgspec.Raw(b"{}")
    run_at: int = 0
    tries: int = TRIES
    key: str | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it is. Instants in milliseconds; `worker` and `lease_until` while it runs, `error` of its last try."""

    id: str
    kind: str
    payload: msgspec.Raw
    status: Status
    run_at: int
    attempts: int
    tries: int
    created_at: int
    lease_until: int = 0
    worker: str = ""
    error: str = ""
    finished_at: int = 0
    key: str | None = None


class Jobs(Protocol):
    """The queue of one installation. Every call is a transaction of its own."""

    async def enqueue(self, id: str, job: NewJob, now: int, /) -> bool:
        """Keep a job. False when its key was used before."""
        ...

    async def claim(self, worker: str, kinds: Sequence[str], now: int, lease: int, /) -> Job | None:
        """Take the job that has been due the longest, for `lease` milliseconds; also one whose worker went silent."""
        ...

    async def beat(self, job: Job, now: int, lease: int, /) -> bool:
        """Hold a job for `lease` more milliseconds. False when it is held no longer."""
        ...

    async def finish(self, job: Job, now: int, /) -> bool:
        """Say that a job is done. False when it is held no longer."""
        ...

    async def fail(self, job: Job, error: str, now: int, again_at: int, /) -> bool:
        """Say that a try failed: the next is at `again_at`, or none is left and it is dead. False as above."""
        ...

    async def replay(self, id: str, now: int, /) -> bool:
        """Give a dead or done job all its tries again. False when there is none such."""
        ...

    async def jobs(self, status: Status | None, after: tuple[int, str], limit: int, /) -> list[Job]:
        """Jobs ordered by (created_at, id), behind `after`."""
        ...


Handler: TypeAlias = Callable[[msgspec.Raw], Awaitable[None]]
"""Does one kind of job. It may run again after it was done: what it does twice must be as if done once."""


class Schedule(msgspec.Struct, frozen=True):
    """A job of this kind at every instant that `cron` names in `zone`."""

    kind: str
    cron: str
    zone: str = "UTC"

    def last(self, now: int) -> int:
        """The latest instant up to `now` (milliseconds). Raises Invalid for a cron expression that is none."""
        moment = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(self.zone))
        try:
            found = next(CronSim(self.cron, moment, reverse=True))
            exact = next(CronSim(self.cron, found))
        except CronSimError as problem:
            raise Invalid(f"{self.cron!r} is no cron expression: {problem}", path="cron") from None
        except StopIteration:
            return 0
        latest = exact if exact <= moment else found
        return int(latest.timestamp() * 1000)


async def enqueue_due(jobs: Jobs, schedules: Sequence[Schedule], now: int, make_id: Callable[[], str]) -> int:
    """Enqueue what the schedules last asked for. Its instant is its key, so every process may do this."""
    made = 0
    for each in schedules:
        at = each.last(now)
        made += await jobs.enqueue(make_id(), NewJob(kind=each.kind, run_at=at, key=f"{each.kind}@{at}"), now)
    return made


def pause_after(attempts: int, chance: float) -> int:
    """Milliseconds until the next try after `attempts`; `chance` in [0, 1) spreads those that failed together."""
    full = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
    return int(full * (0.5 + chance / 2))


async def work_once(
    jobs: Jobs,
    handlers: Mapping[str, Handler],
    worker: str,
    now: Callable[[], int],
    chance: Callable[[], float],
    *,
    lease: int = LEASE,
    beat: float = BEAT,
) -> Job | None:
    """Take a job that is due and do it. The job as it was taken, None when nothing is due."""
    job = await jobs.claim(worker, list(handlers), now(), lease)
    if job is None:
        return None
    doing = asyncio.ensure_future(handlers[job.kind](job.payload))
    beating = asyncio.ensure_future(_keep(jobs, job, doing, now, lease, beat))
    try:
        await doing
    except asyncio.CancelledError:
        # Told to stop, or the lease is lost: in both cases the job is another one's to do.
        if not doing.cancelled():
            doing.cancel()
            raise
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
    except Exception as problem:  # noqa: BLE001 whatever a handler raises, its job is tried again
        error = f"{type(problem).__name__}: {problem}"[:2000]
        await jobs.fail(job, error, now(), now() + pause_after(job.attempts, chance()))
    else:
        await jobs.finish(job, now())
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
    return job


async def _keep(
    jobs: Jobs, job: Job, doing: asyncio.Future[None], now: Callable[[], int], lease: int, beat: float
) -> None:
    """Renew the lease until told to stop; when it is lost, stop the work."""
    while True:
        await asyncio.sleep(beat)
        if not await jobs.beat(job, now(), lease):
            doing.cancel()
            return
