"""The API's route that brings people in from a CSV file."""

from __future__ import annotations

import asyncio
import re
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
from handrail.workspace.people.importing import ImportReport, ReadRow, batches, calls_of, message_id
from handrail.workspace.people.table import open_text, read_rows

PLACE = re.compile(r"batch\[(\d+)\]")


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
    mapping = decode(map.encode(), dict[str, str], "map")
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
                if rows:
                    await _take(admin.desk, place, rows, import_id, admin.now(), report)
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


async def _take(
    desk: Desk, place: EnvironmentSettings, rows: list[ReadRow], import_id: str, now: int, report: ImportReport
) -> None:
    """Bring rows through the door like any other calls; a dry run is told what the door refuses and keeps nothing."""
    accepted = accept_batch(calls_of(rows, import_id), Door(place.id, place.write_key, now))
    accepted = await desk.guard.check(accepted, place.id, now=now, trusted=True)
    lines = {message_id(import_id, row.line): row.line for row in rows}
    for each in accepted.rejections:
        # What cannot be read at all has no id, only its place among the rows.
        place_of = PLACE.match(each.path)
        line = rows[int(place_of[1])].line if place_of else lines.get(each.message_id or "", 0)
        report.refuse(line, each.message)
    if accepted.events and not report.dry_run:
        await desk.log.append(accepted.events)


import_routes = (import_users,)
