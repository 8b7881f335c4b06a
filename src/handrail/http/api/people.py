"""The API's routes about people: looking at them, bringing them in, letting them go, and proving who they are."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeAlias

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import HandrailError, Invalid, NotFound
from handrail.core.events import Event
from handrail.core.experiences.codec import decode
from handrail.core.values import Refused, check_user_id
from handrail.http.api.admin import Admin
from handrail.http.api.desk import Desk
from handrail.http.api.policy import admin_of
from handrail.http.api.showing import shown
from handrail.ingest.accept import Accepted, Door, accept_batch
from handrail.workspace.people.attributes import describe_attributes, types_of
from handrail.workspace.people.erase import erase
from handrail.workspace.people.identity import (
    IdentityShown,
    KeyWanted,
    PrivacyWanted,
    make_key,
    settle_privacy,
    show_identity,
)
from handrail.workspace.people.importing import ImportReport, ReadRow, batches, calls_of
from handrail.workspace.people.profile import EXPORTED, list_line, profile_of, table_line
from handrail.workspace.people.table import open_text, read_rows, write_row

ApiRequest: TypeAlias = Request[Any, Any, State]

MAX_PAGE = 200
RECENT = 50


class ResetBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which experience a user is to meet as if for the first time."""

    experience: str


async def place_of(admin: Admin, environment: str) -> EnvironmentSettings:
    """The environment of the caller's project. Raises NotFound."""
    async with admin.works(await admin.project()) as work:
        return await work.environment(environment)


def who_of(user: str | None, anonymous: str | None) -> tuple[str | None, str | None]:
    """Anonymous id and user id as the log knows them. Raises Invalid unless exactly one is named."""
    if (user is None) == (anonymous is None):
        raise Invalid("Name a user, or an anonymous id.", path="user")
    checked = check_user_id(user if user is not None else anonymous)
    if isinstance(checked, Refused):
        raise Invalid(f"{checked.reason}.", path="user" if user is not None else "anonymous")
    return (None, checked) if user is not None else (checked, None)


@get("/api/v1/users", policy="users:read")
async def list_users(
    request: ApiRequest,
    environment: FromQuery[str] = "production",
    search: FromQuery[str] = "",
    after: FromQuery[str] = "",
    limit: FromQuery[int] = 50,
    anonymous: FromQuery[bool] = False,
) -> Response[bytes]:
    """A page of users whose id, e-mail address or name holds `search`; `next` is where the following one starts."""
    admin = admin_of(request)
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"A page has from 1 to {MAX_PAGE} users.", path="limit")
    place = await place_of(admin, environment)
    found = await admin.desk.log.roster().page(
        place.id, after=after, limit=limit + 1, search=search, anonymous=anonymous
    )
    page = found[:limit]
    return shown(
        {"users": [list_line(each) for each in page], "next": page[-1].subject if len(found) > limit else None}
    )


@get("/api/v1/users.csv", policy="users:read")
async def download_users(
    request: ApiRequest, environment: FromQuery[str] = "production", search: FromQuery[str] = ""
) -> Stream:
    """Every user as CSV, with the attributes that the catalogue knows. No cell is a formula."""
    admin = admin_of(request)
    place = await place_of(admin, environment)
    catalogue = await admin.desk.catalogues.of(place.id)
    custom = sorted(name for name in catalogue.attributes if name.startswith("custom."))

    async def lines() -> AsyncIterator[str]:
        yield write_row([*EXPORTED, *custom])
        after = ""
        while page := await admin.desk.log.roster().page(
            place.id, after=after, limit=MAX_PAGE, search=search, anonymous=False
        ):
            after = page[-1].subject
            for each in page:
                person = await admin.desk.log.people(place.id).user(None, each.subject[2:])
                yield write_row(table_line(each.subject[2:], person, custom))

    return Stream(lines(), media_type="text/csv; charset=utf-8")


@get("/api/v1/user", policy="users:read")
async def show_user(
    request: ApiRequest,
    user: FromQuery[str | None] = None,
    anonymous: FromQuery[str | None] = None,
    environment: FromQuery[str] = "production",
) -> Response[bytes]:
    """One person: ids, attributes with source and time, company, segments, experiences, recent events."""
    admin = admin_of(request)
    place = await place_of(admin, environment)
    return shown(await _profile(admin, place, who_of(user, anonymous), events=RECENT))


@get("/api/v1/user/export", policy="users:export")
async def export_user(
    request: ApiRequest,
    user: FromQuery[str | None] = None,
    anonymous: FromQuery[str | None] = None,
    environment: FromQuery[str] = "production",
) -> Response[bytes]:
    """Everything kept about one person, every event of theirs included."""
    admin = admin_of(request)
    place = await place_of(admin, environment)
    return shown(await _profile(admin, place, who_of(user, anonymous), events=None))


async def _profile(
    admin: Admin, place: EnvironmentSettings, who: tuple[str | None, str | None], *, events: int | None
) -> dict[str, object]:
    desk = admin.desk
    roster = desk.log.roster()
    subjects = await roster.subjects(place.id, *who)
    people = desk.log.people(place.id)
    subject = await people.user(*who)
    company_id = subject.company.value if subject.company is not None else None
    company = await people.company(company_id) if isinstance(company_id, str) else None
    recent = await roster.events(place.id, subjects, limit=events)
    state = await admin.delivery.ready(place.id)
    return profile_of(subjects, subject, company, recent, state.snapshot.segments, now=admin.now(), zone=place.zone)


@delete("/api/v1/user", status_code=200, policy="users:erase")
async def erase_user(
    request: ApiRequest,
    user: FromQuery[str | None] = None,
    anonymous: FromQuery[str | None] = None,
    environment: FromQuery[str] = "production",
) -> Response[bytes]:
    """Erase one person from everything, and drop what is sent of them from now on. Answers with the receipt."""
    admin = admin_of(request)
    place = await place_of(admin, environment)
    desk = admin.desk
    receipt = await erase(
        desk.stores,
        desk.privacy,
        place.project,
        place.id,
        who_of(user, anonymous),
        erasure_id=f"er_{secrets.token_urlsafe(12)}",
        clock=admin.now,
    )
    admin.tail.forget()
    return shown(receipt)


@get("/api/v1/erasures", policy="users:erase")
async def list_erasures(request: ApiRequest) -> Response[bytes]:
    """Receipts of erasures, the latest first."""
    admin = admin_of(request)
    return shown([msgspec.Raw(each) for each in await admin.desk.privacy.receipts(await admin.project())])


@post("/api/v1/user/reset", status_code=200, policy="users:write")
async def reset_user(
    request: ApiRequest,
    user: FromQuery[str | None] = None,
    anonymous: FromQuery[str | None] = None,
    environment: FromQuery[str] = "production",
) -> Response[bytes]:
    """Let a person meet an experience as if for the first time. An event like any other: state is never edited."""
    admin = admin_of(request)
    body = decode(await request.body(), ResetBody)
    place = await place_of(admin, environment)
    anonymous_id, user_id = who_of(user, anonymous)
    now = admin.now()
    event = Event(
        environment=place.id,
        message_id=f"reset-{secrets.token_urlsafe(12)}",
        type="track",
        name="experience_reset",
        user_id=user_id,
        anonymous_id=anonymous_id,
        timestamp=now,
        received_at=now,
        verified="key",
        body=msgspec.Raw(
            msgspec.json.encode(
                {"properties": {"experience": body.experience}, "context": {"handrail": {"lifecycle": True}}}
            )
        ),
    )
    kept = await admin.desk.guard.check(Accepted([event]), place.id, now=now, trusted=True)
    if not kept.events:
        raise NotFound("This person was erased.")
    appended = await admin.desk.log.append(kept.events)
    await admin.desk.log.folded(appended.position)
    return shown({"experience": body.experience, "reset_at": now})


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
    place = await place_of(admin, environment)
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


@get("/api/v1/attributes", policy="users:read")
async def list_attributes(request: ApiRequest, environment: FromQuery[str] = "production") -> Response[bytes]:
    """Every attribute that was received or that an audience names: type, times, and what is odd about it."""
    admin = admin_of(request)
    place = await place_of(admin, environment)
    await admin.desk.learner.catch_up()
    state = await admin.delivery.ready(place.id)
    catalogue = await admin.desk.catalogues.of(place.id)
    audiences: Mapping[str, object] = {each.document.key: each.document.audience for each in state.snapshot.experiences}
    return shown(describe_attributes(catalogue, audiences, state.snapshot.segments))


@get("/api/v1/identity", policy="identity:read")
async def show_identity_settings(request: ApiRequest, environment: FromQuery[str] = "production") -> Response[bytes]:
    """How identities are checked, and the share of calls that were signed in the last days."""
    admin = admin_of(request)
    return shown(await _identity(admin, await place_of(admin, environment)))


async def _identity(admin: Admin, place: EnvironmentSettings) -> IdentityShown:
    await admin.desk.learner.catch_up()
    coverage = (await admin.desk.catalogues.of(place.id)).coverage(admin.now())
    return await show_identity(admin.desk.privacy, place.project, place.id, coverage)


@post("/api/v1/identity/keys", status_code=201, policy="identity:write", secret=True)
async def make_identity_key(request: ApiRequest) -> Response[bytes]:
    """A new key for signatures. A secret that we make is told in this answer and never again."""
    admin = admin_of(request)
    wanted = decode(await request.body(), KeyWanted)
    made = await make_key(
        admin.desk.privacy,
        await admin.project(),
        wanted,
        key_id=f"ik_{secrets.token_urlsafe(12)}",
        secret=secrets.token_urlsafe(32),
        now=admin.now(),
    )
    return shown(made, 201)


@delete("/api/v1/identity/keys/{key:str}", status_code=200, policy="identity:write")
async def delete_identity_key(request: ApiRequest, key: FromPath[str]) -> Response[bytes]:
    """Let a key go."""
    admin = admin_of(request)
    await admin.desk.privacy.delete_key(await admin.project(), key)
    return shown({"id": key, "deleted": True})


@put("/api/v1/environments/{environment:str}/privacy", policy="identity:write")
async def settle_environment(request: ApiRequest, environment: FromPath[str]) -> Response[bytes]:
    """Change what an environment takes and keeps: signed identities only, and what is cut off events."""
    admin = admin_of(request)
    wanted = decode(await request.body(), PrivacyWanted)
    place = await place_of(admin, environment)
    await admin.desk.learner.catch_up()
    coverage = (await admin.desk.catalogues.of(place.id)).coverage(admin.now())
    await settle_privacy(admin.desk.privacy, place.project, place.id, wanted, coverage)
    return shown(await _identity(admin, place))


people_routes = [
    list_users,
    download_users,
    show_user,
    export_user,
    erase_user,
    list_erasures,
    reset_user,
    import_users,
    list_attributes,
    show_identity_settings,
    make_identity_key,
    delete_identity_key,
    settle_environment,
]
