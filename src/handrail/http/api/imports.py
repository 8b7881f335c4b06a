"""The API's route that brings people in from a CSV file."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator

import msgspec
from litestar import post
from litestar.params import FromQuery
from litestar.response import Stream

from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import HandrailError, Invalid
from handrail.core.experiences.codec import decode
from handrail.http.api.desk import Desk
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.ingest.accept import Door, accept_batch
from handrail.workspace.people.attributes import types_of
from handrail.workspace.people.importing import ImportReport, ReadRow, batches, calls_of
from handrail.workspace.people.table import open_text, read_rows


@post("/api/v1/users/import", status_code=200, request_max_body_size=None, policy="users:write")
async def import_users(
    request: ApiRequest,
    environment: FromQuery[str] = "production",
    map: FromQuery[str] = "{}",
    dry_run: FromQuery[bool] = False,
    id: FromQuery[str | None] = None,
) -> Stream:
    """Users from a CSV file: progress, then the report, one JSON document a line. The same `id` again counts once."""
    admin = admin_of(request)
    place = await admin.place(environment)
    mapping = decode(map.encode(), dict[str, str])
    import_id = id or secrets.token_urlsafe(9)
    if len(import_id) > 60:
        raise Invalid("An import's id has at most 60 characters.", path="id")
    # A file without a name: gone with the request, whatever happens.
    file = tempfile.TemporaryFile()  # noqa: SIM115 closed by the stream
    async for chunk in request.stream():
        file.write(chunk)
    file.seek(0)
    known = types_of(await admin.desk.catalogues.of(place.id))
    report = ImportReport(dry_run)

    async def lines() -> AsyncIterator[bytes]:
        try:
            text = open_text(file)
            made = batches(read_rows(text, mapping, known), report)
            while (rows := await asyncio.to_thread(next, made, None)) is not None:
                if rows and not dry_run:
                    await _keep(admin.desk, place, rows, import_id, admin.now(), report)
                report.imported += len(rows)
                yield msgspec.json.encode({"rows": report.rows, "imported": report.imported}) + b"\n"
            report.done = True
            yield msgspec.json.encode(report) + b"\n"
        except HandrailError as problem:
            told = {"error": problem.message, "code": problem.code, "path": problem.path, "report": report}
            yield msgspec.json.encode(told) + b"\n"
        finally:
            file.close()

    return Stream(lines(), media_type="application/x-ndjson")


async def _keep(
    desk: Desk, place: EnvironmentSettings, rows: list[ReadRow], import_id: str, now: int, report: ImportReport
) -> None:
    accepted = accept_batch(calls_of(rows, import_id), Door(place.id, place.write_key, now))
    accepted = await desk.guard.check(accepted, place.id, now=now, trusted=True)
    lines = {f"import-{import_id}-{row.line}": row.line for row in rows}
    for each in accepted.rejections:
        report.refuse(lines.get(each.message_id or "", 0), each.message)
    if accepted.events:
        await desk.log.append(accepted.events)


import_routes = (import_users,)
