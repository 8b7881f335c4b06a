"""The API's routes about jobs."""

from __future__ import annotations

from typing import cast, get_args

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from handrail.core.errors import Invalid, NotFound
from handrail.http.api.pages import USUAL, Page, page
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.workspace.jobs import Job, Status


@get("/api/v1/jobs", policy="jobs:read", installation=True, answer=Page[Job])
async def list_jobs(
    request: ApiRequest,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = USUAL,
) -> Response[bytes]:
    """Jobs, oldest first: waiting, running, done or dead; with `status`, those of one."""
    if status is not None and status not in get_args(Status):
        raise Invalid(f"There is no status {status!r}; there are {', '.join(get_args(Status))}.", path="status")
    jobs = admin_of(request).jobs
    wanted = cast("Status | None", status)
    return shown(
        await page(
            lambda after, most: jobs.jobs(wanted, after, most), lambda job: (job.created_at, job.id), cursor, limit
        )
    )


@post("/api/v1/jobs/{id:str}/replay", status_code=204, policy="jobs:write", installation=True)
async def replay_job(request: ApiRequest, id: FromPath[str]) -> None:
    """Have a dead or done job run again, with all its tries."""
    admin = admin_of(request)
    if not await admin.jobs.replay(id, admin.now()):
        raise NotFound(f"There is no dead or done job {id!r}.")


job_routes = (list_jobs, replay_job)
