"""The API's routes about API keys, members and signing in."""

from __future__ import annotations

import secrets
import uuid
from typing import cast

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery

from handrail.core.errors import NotFound
from handrail.core.experiences.codec import decode
from handrail.http.api.admin import Admin
from handrail.http.api.pages import USUAL, Page, page
from handrail.http.api.policy import ANYONE, ApiRequest, actor_of, admin_of
from handrail.http.api.showing import shown
from handrail.http.asgi import Scope
from handrail.http.limits import address_of
from handrail.workspace.access import (
    ApiKey,
    Member,
    NewKey,
    SignedIn,
    add_member,
    create_key,
    digest_of,
    make_link,
    set_password,
    sign_in,
)
from handrail.workspace.guessing import Guesses


class KeyBody(msgspec.Struct, forbid_unknown_fields=True):
    """A key to be made."""

    name: str
    scopes: list[str]


class MemberBody(msgspec.Struct, forbid_unknown_fields=True):
    """A member to be added."""

    email: str
    role: str


class LinkBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whose password is to be set."""

    email: str


class Link(msgspec.Struct, frozen=True):
    """A one-time link: its token, good for 72 hours."""

    token: str


class PasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    """A one-time link's token, and the password it is used for."""

    token: str
    password: str


class SignInBody(msgspec.Struct, forbid_unknown_fields=True):
    """An address and its password."""

    email: str
    password: str


def guesses_of(request: ApiRequest, admin: Admin, email: str) -> Guesses:
    """The count of wrong passwords for this account from where the request came."""
    address = address_of(cast("Scope", request.scope), admin.trusted_proxies)
    return Guesses(admin.tries, email, address, admin.now())


@get("/api/v1/keys", policy="keys:read", answer=Page[ApiKey])
async def list_keys(
    request: ApiRequest, cursor: FromQuery[str | None] = None, limit: FromQuery[int] = USUAL
) -> Response[bytes]:
    """API keys; their secrets are nowhere."""
    access, actor = admin_of(request).access, await actor_of(request)
    return shown(
        await page(
            lambda after, most: access.keys(actor.project, after, most),
            lambda key: (key.created_at, key.id),
            cursor,
            limit,
        )
    )


@post("/api/v1/keys", policy="keys:write", body=KeyBody, answer=NewKey, secret=True)
async def make_key(request: ApiRequest) -> Response[bytes]:
    """Make an API key. Its secret is in this answer and in no other."""
    admin, actor = admin_of(request), await actor_of(request)
    body = decode(await request.body(), KeyBody)
    made = await create_key(
        admin.access,
        actor,
        body.name,
        body.scopes,
        id=str(uuid.uuid4()),
        random=secrets.token_urlsafe(32),
        now=admin.now(),
    )
    return shown(made, 201)


@delete("/api/v1/keys/{id:str}", status_code=204, policy="keys:write")
async def revoke_key(request: ApiRequest, id: FromPath[str]) -> None:
    """Revoke an API key; the next request with it is refused."""
    actor = await actor_of(request)
    if not await admin_of(request).access.remove_key(actor.project, id):
        raise NotFound(f"There is no key {id!r}.")


@get("/api/v1/members", policy="members:read", answer=Page[Member])
async def list_members(
    request: ApiRequest, cursor: FromQuery[str | None] = None, limit: FromQuery[int] = USUAL
) -> Response[bytes]:
    """Members and their roles."""
    access, actor = admin_of(request).access, await actor_of(request)
    return shown(
        await page(
            lambda after, most: access.members(actor.project, after, most),
            lambda member: (member.created_at, member.id),
            cursor,
            limit,
        )
    )


@post("/api/v1/members", policy="members:write", body=MemberBody, answer=Member)
async def invite_member(request: ApiRequest) -> Response[bytes]:
    """Add a member; a one-time link lets them set a password."""
    admin, actor = admin_of(request), await actor_of(request)
    body = decode(await request.body(), MemberBody)
    member = await add_member(admin.access, actor, body.email, body.role, id=str(uuid.uuid4()), now=admin.now())
    return shown(member, 201)


@delete("/api/v1/members/{email:str}", status_code=204, policy="members:write")
async def drop_member(request: ApiRequest, email: FromPath[str]) -> None:
    """Remove a member; their sign-ins end at once. The last owner stays."""
    actor = await actor_of(request)
    if not await admin_of(request).access.remove_member(actor.project, email.strip().lower()):
        raise NotFound(f"There is no member {email!r}.")


@post("/api/v1/members/links", policy="members:write", body=LinkBody, answer=Link, secret=True)
async def link_member(request: ApiRequest) -> Response[bytes]:
    """Make a one-time link for a member to set a password; an earlier one stops working."""
    admin, actor = admin_of(request), await actor_of(request)
    body = decode(await request.body(), LinkBody)
    token = await make_link(admin.access, actor, body.email, random=secrets.token_urlsafe(32), now=admin.now())
    return shown(Link(token), 201)


@post("/api/v1/password", status_code=204, policy=ANYONE, body=PasswordBody, secret=True)
async def choose_password(request: ApiRequest) -> None:
    """Set a password with a one-time link; earlier sign-ins of that member end."""
    admin = admin_of(request)
    body = decode(await request.body(), PasswordBody)
    await set_password(admin.access, admin.passwords, body.token, body.password, admin.now())


@post("/api/v1/sign-in", status_code=200, policy=ANYONE, body=SignInBody, answer=SignedIn, secret=True)
async def begin_sign_in(request: ApiRequest) -> Response[bytes]:
    """Sign in: a token for `Authorization: Bearer` with the scopes of the member's role, good for 12 hours."""
    admin = admin_of(request)
    body = decode(await request.body(), SignInBody)
    random = secrets.token_urlsafe(32)
    guesses = guesses_of(request, admin, body.email)
    return shown(
        await sign_in(admin.access, admin.passwords, guesses, body.email, body.password, random=random, now=admin.now())
    )


@delete("/api/v1/sign-in", status_code=204, policy=ANYONE)
async def end_sign_in(request: ApiRequest) -> None:
    """End the sign-in whose token is sent."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    await admin_of(request).access.remove_sign_in(digest_of(given))


member_routes = (
    list_keys,
    make_key,
    revoke_key,
    list_members,
    invite_member,
    drop_member,
    link_member,
    choose_password,
    begin_sign_in,
    end_sign_in,
)
