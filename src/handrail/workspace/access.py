"""Who may do what: scopes, the roles that hold them, API keys and members.

A key's secret is shown once and kept as a SHA-256: it is 256 random bits, which nobody guesses. A password is kept as
argon2, because people choose it. Nobody hands out what they do not have themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Literal, Protocol, TypeAlias, cast, get_args

import msgspec

from handrail.core.errors import Conflict, Forbidden, Invalid
from handrail.workspace.guessing import Guesses

SCOPES: Mapping[str, str] = {
    "experiences:read": "read what is published",
    "experiences:publish": "publish, pause and resume",
    "users:read": "explain decisions, count and look at users",
    "users:write": "import and change users",
    "users:export": "export everything kept about a user",
    "users:erase": "erase users",
    "events:read": "watch events",
    "events:write": "send events from a server",
    "identity:read": "look at identity verification",
    "identity:write": "change identity verification and privacy",
    "jobs:read": "look at jobs",
    "jobs:write": "replay jobs",
    "members:read": "list members",
    "members:write": "add and remove members",
    "keys:read": "list API keys",
    "keys:write": "create and revoke API keys",
    "admin": "the installation itself: write keys, rebuild, backup",
}
"""Every scope there is, and what it lets one do."""

Role: TypeAlias = Literal["owner", "admin", "editor", "viewer"]

_VIEWER = frozenset({"experiences:read", "users:read", "events:read", "jobs:read"})
_EDITOR = _VIEWER | {"experiences:publish"}
_PEOPLE = {"users:write", "users:export", "users:erase", "identity:read", "identity:write", "events:write"}
_ADMIN = _EDITOR | _PEOPLE | {"jobs:write", "members:read", "members:write", "keys:read", "keys:write"}
ROLE_SCOPES: Mapping[Role, frozenset[str]] = {
    "viewer": _VIEWER,
    "editor": _EDITOR,
    "admin": _ADMIN,
    "owner": frozenset(SCOPES),
}

KEY_PREFIX, SIGN_IN_PREFIX = "hk_", "hs_"
LINK_TIME = 72 * 3_600_000
"""How long a one-time link is good for, in milliseconds."""
SIGN_IN_TIME = 12 * 3_600_000
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 1000


class Actor(msgspec.Struct, frozen=True):
    """Whoever asks: a key, a member, or the operator at the data folder's socket."""

    project: str
    name: str
    scopes: frozenset[str]
    role: Role | None = None
    """A member's; a key and the operator have none."""


class ApiKey(msgspec.Struct, frozen=True):
    """An API key as it is listed. `hint` is the beginning of its secret."""

    id: str
    name: str
    scopes: list[str]
    hint: str
    created_at: int


class Member(msgspec.Struct, frozen=True):
    """A member as they are listed. `signs_in`: whether they have set a password."""

    id: str
    email: str
    role: Role
    created_at: int
    signs_in: bool = False


class Access(Protocol):
    """Keys and members of every project; a project is named with each call. Lists are ordered by (created_at, id)."""

    async def actor(self, digest: str, now: int, /) -> Actor | None:
        """Whoever holds the key or sign-in with this SHA-256; None for an unknown or expired one."""
        ...

    async def keys(self, project: str, after: tuple[int, str], limit: int, /) -> list[ApiKey]:
        """Keys behind `after`."""
        ...

    async def add_key(self, project: str, key: ApiKey, digest: str, /) -> None:
        """Keep a key."""
        ...

    async def remove_key(self, project: str, id: str, /) -> bool:
        """Revoke a key at once. False when there is none."""
        ...

    async def members(self, project: str, after: tuple[int, str], limit: int, /) -> list[Member]:
        """Members behind `after`."""
        ...

    async def add_member(self, project: str, member: Member, /) -> None:
        """Keep a member. Raises Conflict when the address is one already."""
        ...

    async def remove_member(self, project: str, email: str, /) -> bool:
        """Remove a member with their sign-ins and links. False when there is none; Conflict for the last owner."""
        ...

    async def add_link(self, project: str, email: str, digest: str, until: int, /) -> bool:
        """Keep a one-time link in place of earlier ones. False when there is no such member."""
        ...

    async def use_link(self, digest: str, password: str, now: int, /) -> str | None:
        """Take a link and set its member's hashed password, ending earlier sign-ins. Their address, None: no link."""
        ...

    async def passwords(self, email: str, /) -> list[tuple[str, str]]:
        """Id and hashed password of each member with this address who has one."""
        ...

    async def add_sign_in(self, member: str, digest: str, until: int, /) -> Role:
        """Keep a sign-in; the member's role."""
        ...

    async def remove_sign_in(self, digest: str, /) -> bool:
        """End a sign-in."""
        ...


class Passwords(Protocol):
    """Hashing passwords, slowly on purpose."""

    async def hash(self, password: str, /) -> str:
        """The text to keep."""
        ...

    async def verify(self, kept: str, password: str, /) -> bool:
        """Whether `kept` was made from `password`."""
        ...


class NewKey(msgspec.Struct, frozen=True):
    """A key that was just made, with the secret that nobody is shown again."""

    key: ApiKey
    secret: str


class SignedIn(msgspec.Struct, frozen=True):
    """A sign-in, with the token to send as `Authorization: Bearer`."""

    token: str
    role: Role
    until: int


def digest_of(secret: str) -> str:
    """What is kept of a key, sign-in or link."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


async def create_key(
    access: Access, actor: Actor, name: str, scopes: Collection[str], *, id: str, random: str, now: int
) -> NewKey:
    """Make a key. Raises Invalid for an unknown scope, Forbidden for one that the actor does not have."""
    if not name or len(name) > 200:
        raise Invalid("A key has a name of 1 to 200 characters.", path="name")
    if not scopes:
        raise Invalid("A key has at least one scope.", path="scopes")
    for at, scope in enumerate(scopes):
        if scope not in SCOPES:
            raise Invalid(f"There is no scope {scope!r}; there are {', '.join(SCOPES)}.", path=f"scopes[{at}]")
        if scope not in actor.scopes:
            raise Forbidden(f"{actor.name} does not have {scope!r}, and cannot hand it out.")
    secret = KEY_PREFIX + random
    key = ApiKey(id, name, sorted(set(scopes)), secret[:8], now)
    await access.add_key(actor.project, key, digest_of(secret))
    return NewKey(key, secret)


async def add_member(access: Access, actor: Actor, email: str, role: str, *, id: str, now: int) -> Member:
    """Add a member without a password. Raises Invalid, Conflict, and Forbidden for a role above the actor's scopes."""
    address = email.strip().lower()
    name, _, host = address.rpartition("@")
    if not name or "." not in host or len(address) > 320 or any(each.isspace() for each in address):
        raise Invalid(f"{email!r} is no e-mail address.", path="email")
    if role not in get_args(Role):
        raise Invalid(f"There is no role {role!r}; there are {', '.join(ROLE_SCOPES)}.", path="role")
    granted = cast("Role", role)
    if not ROLE_SCOPES[granted] <= actor.scopes:
        raise Forbidden(f"{actor.name} cannot make somebody {role}.")
    member = Member(id, address, granted, now)
    await access.add_member(actor.project, member)
    return member


async def make_link(access: Access, actor: Actor, email: str, *, random: str, now: int) -> str:
    """A token with which a member sets a password, once, within `LINK_TIME`. Raises Invalid for nobody's address."""
    if not await access.add_link(actor.project, email.strip().lower(), digest_of(random), now + LINK_TIME):
        raise Invalid(f"There is no member {email!r}.", path="email")
    return random


async def set_password(access: Access, passwords: Passwords, token: str, password: str, now: int) -> str:
    """Use a one-time link. The member's address. Raises Invalid for a weak password, Forbidden for no such link."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        message = f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        raise Invalid(message, code="bad_password", path="password")
    email = await access.use_link(digest_of(token), await passwords.hash(password), now)
    if email is None:
        raise Forbidden("This link was used, has expired, or never was; ask for another one.", code="bad_link")
    return email


async def sign_in(
    access: Access, passwords: Passwords, guesses: Guesses, email: str, password: str, *, random: str, now: int
) -> SignedIn:
    """Sign a member in.

    Raises TooMany after wrong tries, and Forbidden, the same way and as slowly for a wrong password as for nobody's
    address.
    """
    member = await proved(access, passwords, guesses, email, password)
    token = SIGN_IN_PREFIX + random
    role = await access.add_sign_in(member, digest_of(token), now + SIGN_IN_TIME)
    return SignedIn(token, role, now + SIGN_IN_TIME)


async def proved(access: Access, passwords: Passwords, guesses: Guesses, email: str, password: str) -> str:
    """The id of the member whose address and password these are. Raises what `sign_in` does."""
    await guesses.begin()
    known = await access.passwords(email.strip().lower())
    for member, kept in known or [("", _NOBODY)]:
        if await passwords.verify(kept, password[:LONGEST_PASSWORD]) and member:
            await guesses.right()
            return member
    raise Forbidden("The address or the password is wrong.", code="bad_sign_in")


def last_owner(email: str) -> Conflict:
    """Why a removal is refused."""
    return Conflict(f"{email!r} is the last owner; make somebody else owner first.")


_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$W6Bv+7OyQ2vsVFMhxjCTnB2ubwzeBZC3ecVZbV9VWw8"
"""A hash of no password, so that an unknown address takes as long as a known one."""
