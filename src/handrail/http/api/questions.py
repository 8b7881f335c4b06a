"""The API's routes that ask: questions of every kind, who is in a segment, why an experience shows."""

from __future__ import annotations

import msgspec
from litestar import MediaType, Response, delete, get, post
from litestar.params import FromPath, FromQuery

from handrail.compile.patterns import found, why_not
from handrail.core.conditions.evaluate import Line, World, evaluate
from handrail.core.conditions.model import Device, SegmentCondition
from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import NotFound, Unavailable
from handrail.core.experiences.codec import decode
from handrail.core.experiences.problems import Surroundings
from handrail.core.fold import company_id, facts
from handrail.core.values import day_of
from handrail.delivery.boot import known_of
from handrail.delivery.explain import Asked, as_text, explain
from handrail.http.api.admin import Admin, Counted
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.workspace.questions.ask import Analytics, Place, Unaskable, ask
from handrail.workspace.questions.model import ListUsers, Question, Table
from handrail.workspace.questions.problems import question_problems
from handrail.workspace.segments import delete_segment, segment_uses


class AskBody(msgspec.Struct, forbid_unknown_fields=True):
    """A question, and where it is asked."""

    ask: Question
    environment: str = "production"


class Why(msgspec.Struct, frozen=True):
    """Whether a user is in a segment, with the verdict of every line. `member` is None when only a browser can tell."""

    segment: str
    member: bool | None
    line: Line


async def asked_of(admin: Admin, environment: str) -> tuple[EnvironmentSettings, Place]:
    """An environment of the caller's project, and what is asked there: segments, the day. Raises NotFound."""
    async with admin.works(await admin.project()) as work:
        settings = await work.environment(environment)
        segments = {key: each.asks for key, each in (await work.segments()).items()}
    return settings, Place(settings.id, segments, day_of(admin.now(), settings.zone), settings.zone)


async def analytics_of(admin: Admin) -> Analytics:
    """The analytic store, up to date. Raises Unavailable."""
    if admin.analytics is None:
        raise Unavailable("This installation counts nothing: HANDRAIL_ANALYTICS is 'none'.")
    await admin.filled()
    return admin.analytics


async def _answer(admin: Admin, question: Question, place: Place) -> Table:
    around = Surroundings(segments=place.segments, check_pattern=why_not)
    if problems := [each for each in question_problems(question, around) if each.severity == "error"]:
        raise Unaskable(problems)
    return await ask(question, place, await analytics_of(admin))


@post("/api/v1/ask", status_code=200, policy="users:read")
async def ask_question(request: ApiRequest) -> Response[bytes]:
    """Answer a question; with `count` and `list` also those of an audience that nobody saved."""
    admin = admin_of(request)
    body = decode(await request.body(), AskBody)
    _, place = await asked_of(admin, body.environment)
    return shown(await _answer(admin, body.ask, place))


@get("/api/v1/segments", policy="experiences:read")
async def list_segments(request: ApiRequest) -> Response[bytes]:
    """Every segment of the project."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        segments = await work.segments()
    return shown({"segments": [segments[key] for key in sorted(segments)]})


@get("/api/v1/segments/{key:str}/members", policy="users:read")
async def list_members(
    request: ApiRequest,
    key: FromPath[str],
    environment: FromQuery[str] = "production",
    after: FromQuery[str] = "",
    limit: FromQuery[int] = 100,
) -> Response[bytes]:
    """A page of a segment's users, from behind the user `after`."""
    admin = admin_of(request)
    _, place = await asked_of(admin, environment)
    if key not in place.segments:
        raise NotFound(f"There is no segment {key!r}.")
    question = ListUsers(audience=SegmentCondition(key), after=after, limit=limit)
    return shown(await _answer(admin, question, place))


@get("/api/v1/segments/{key:str}/why", policy="users:read")
async def why_member(
    request: ApiRequest,
    key: FromPath[str],
    environment: FromQuery[str] = "production",
    user: FromQuery[str | None] = None,
    anonymous: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Whether a user is in a segment, and which line decided."""
    admin = admin_of(request)
    settings, place = await asked_of(admin, environment)
    if key not in place.segments:
        raise NotFound(f"There is no segment {key!r}.")
    people = admin.log.people(settings.id)
    subject = await people.user(anonymous, user)
    group = company_id(subject)
    company = None if group is None else await people.company(group)
    known = facts(subject, company, place.today, admin.now(), place.zone)
    line = evaluate(SegmentCondition(key), World(known, place.segments, None, found))
    return shown(Why(key, line.verdict, line))


@get("/api/v1/segments/{key:str}/uses", policy="experiences:read")
async def list_uses(request: ApiRequest, key: FromPath[str]) -> Response[bytes]:
    """What asks for a segment."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        return shown({"uses": await segment_uses(work, key)})


@delete("/api/v1/segments/{key:str}", status_code=200, policy="experiences:publish")
async def remove_segment(request: ApiRequest, key: FromPath[str]) -> Response[bytes]:
    """Delete a segment that nothing asks for."""
    admin = admin_of(request)
    async with admin.works(await admin.project()) as work:
        await delete_segment(work, key)
        for environment in await work.environments():
            await work.announce(environment.id)
    await admin.followed()
    return shown({"key": key, "deleted": True})


@get("/api/v1/explain", policy="users:read")
async def explain_user(
    request: ApiRequest,
    url: FromQuery[str],
    user: FromQuery[str | None] = None,
    anonymous: FromQuery[str | None] = None,
    environment: FromQuery[str] = "production",
    experience: FromQuery[str | None] = None,
    at: FromQuery[int | None] = None,
    device: FromQuery[Device] = "desktop",
    text: FromQuery[bool] = False,
) -> Response[bytes]:
    """Why each experience shows, or does not, for a user, a page and an instant (milliseconds)."""
    admin = admin_of(request)
    place = await admin.place(environment)
    state = await admin.delivery.ready(place.id)
    people = admin.log.people(place.id)
    subject = await people.user(anonymous, user)
    company_id = subject.company.value if subject.company is not None else None
    company = await people.company(company_id) if isinstance(company_id, str) else None
    known = known_of(subject, company, at if at is not None else admin.now(), place.zone)
    asked = Asked(url=url, device=device)
    explained = explain(state, subject, known, asked, experience)
    if experience is not None and not explained:
        raise NotFound(f"Nothing called {experience!r} is published to {environment!r}.")
    if text:
        return Response(as_text(explained).encode(), media_type=MediaType.TEXT)
    return shown(explained)


@get("/api/v1/count", policy="users:read", answer=Counted)
async def count_users(
    request: ApiRequest,
    environment: FromQuery[str] = "production",
    experience: FromQuery[str | None] = None,
    segment: FromQuery[str | None] = None,
) -> Response[bytes]:
    """How many users an experience's audience or a segment holds; `up_to` where a browser has the last word."""
    admin = admin_of(request)
    place = await admin.place(environment)
    return shown(await admin.counted(place.id, experience, segment))


question_routes = (
    ask_question,
    list_segments,
    list_members,
    why_member,
    list_uses,
    remove_segment,
    explain_user,
    count_users,
)
