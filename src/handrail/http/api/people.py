"""The API's routes about people: looking at them, and letting them go."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromQuery
from litestar.response import Stream

from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Invalid, NotFound
from handrail.core.events import Event
from handrail.core.experiences.codec import decode
from handrail.core.values import Refused, check_user_id
from handrail.http.api.admin import Admin
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.ingest.accept import Accepted
from handrail.workspace.people.attributes import describe_attributes
from handrail.workspace.people.erase import erase
from handrail.workspace.people.profile import EXPORTED, list_line, profile_of, table_line
from handrail.workspace.people.table import write_row

MAX_PAGE = 200
RECENT = 50


class ResetBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which experience a user is to meet as if for the first time."""

    experience: str


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
    place = await admin.place(environment)
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
    place = await admin.place(environment)
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
    place = await admin.place(environment)
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
    place = await admin.place(environment)
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
    place = await admin.place(environment)
    desk = admin.desk
    receipt = await erase(
        desk.stores,
        desk.privacy,
        desk.ledger,
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
    place = await admin.place(environment)
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
    await _met(admin, place, anonymous_id, user_id, body.experience)
    appended = await admin.desk.log.append(kept.events)
    await admin.desk.log.folded(appended.position)
    return shown({"experience": body.experience, "reset_at": now})


async def _met(
    admin: Admin, place: EnvironmentSettings, anonymous_id: str | None, user_id: str | None, key: str
) -> None:
    """Raises Invalid for an experience that is neither published here nor known of this person."""
    async with admin.works(place.project) as work:
        if key in await work.live(place.id):
            return
    if key not in (await admin.desk.log.people(place.id).user(anonymous_id, user_id)).experiences:
        raise Invalid(f"There is no experience {key!r} here, and this person met none.", path="experience")


@get("/api/v1/attributes", policy="users:read")
async def list_attributes(request: ApiRequest, environment: FromQuery[str] = "production") -> Response[bytes]:
    """Every attribute that was received or that an audience names: type, times, and what is odd about it."""
    admin = admin_of(request)
    place = await admin.place(environment)
    await admin.desk.learner.catch_up()
    state = await admin.delivery.ready(place.id)
    catalogue = await admin.desk.catalogues.of(place.id)
    audiences: Mapping[str, object] = {each.document.key: each.document.audience for each in state.snapshot.experiences}
    return shown(describe_attributes(catalogue, audiences, state.snapshot.segments))


people_routes = (
    list_users,
    download_users,
    show_user,
    export_user,
    erase_user,
    list_erasures,
    reset_user,
    list_attributes,
)
