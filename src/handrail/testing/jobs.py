"""The queue in memory: the twin that the control database's is tested beside."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from handrail.workspace.jobs import Job, NewJob, Status


class MemoryJobs:
    """A queue that lives as long as the object."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    async def enqueue(self, id: str, job: NewJob, now: int) -> bool:
        """Keep a job. False when its key was used before."""
        if job.key is not None and any(each.key == job.key for each in self._jobs.values()):
            return False
        self._jobs[id] = Job(
            id=id,
            kind=job.kind,
            payload=job.payload,
            status="waiting",
            run_at=job.run_at,
            attempts=0,
            tries=job.tries,
            created_at=now,
            key=job.key,
        )
        return True

    async def claim(self, worker: str, kinds: Sequence[str], now: int, lease: int) -> Job | None:
        """Take the job that has been due the longest, or whose worker went silent."""
        for job in list(self._jobs.values()):
            if _silent(job, now) and job.attempts >= job.tries:
                self._put(job, status="dead", worker="", finished_at=now, error="its lease ended")
        due = [
            job
            for job in self._jobs.values()
            if job.kind in kinds and ((job.status == "waiting" and job.run_at <= now) or _silent(job, now))
        ]
        if not due:
            return None
        job = min(due, key=lambda each: (each.run_at, each.created_at, each.id))
        return self._put(job, status="running", worker=worker, attempts=job.attempts + 1, lease_until=now + lease)

    async def beat(self, job: Job, now: int, lease: int) -> bool:
        """Hold a job for `lease` more milliseconds."""
        return self._held(job, now) and bool(self._put(self._jobs[job.id], lease_until=now + lease))

    async def finish(self, job: Job, now: int) -> bool:
        """Say that a job is done."""
        ended = {"status": "done", "worker": "", "lease_until": 0, "finished_at": now}
        return self._held(job, now) and bool(self._put(self._jobs[job.id], **ended))

    async def fail(self, job: Job, error: str, now: int, again_at: int) -> bool:
        """Say that a try failed."""
        over = {"status": "dead", "finished_at": now} if job.attempts >= job.tries else {"status": "waiting"}
        told = {"error": error, "worker": "", "lease_until": 0, "run_at": again_at, **over}
        return self._held(job, now) and bool(self._put(self._jobs[job.id], **told))

    async def replay(self, id: str, now: int) -> bool:
        """Give a dead or done job all its tries again."""
        job = self._jobs.get(id)
        if job is None or job.status not in ("dead", "done"):
            return False
        return bool(self._put(job, status="waiting", run_at=now, attempts=0, finished_at=0))

    async def jobs(self, status: Status | None, after: tuple[int, str], limit: int) -> list[Job]:
        """Jobs ordered by (created_at, id), behind `after`."""
        found = sorted(self._jobs.values(), key=lambda each: (each.created_at, each.id))
        behind = [each for each in found if (each.created_at, each.id) > after and status in (None, each.status)]
        return behind[:limit]

    def _held(self, job: Job, now: int) -> bool:
        kept = self._jobs.get(job.id)
        same = kept is not None and (kept.status, kept.worker, kept.attempts) == ("running", job.worker, job.attempts)
        return same and kept is not None and kept.lease_until > now

    def _put(self, job: Job, **changes: object) -> Job:
        self._jobs[job.id] = msgspec.structs.replace(job, **changes)
        return self._jobs[job.id]


def _silent(job: Job, now: int) -> bool:
    return job.status == "running" and job.lease_until <= now
