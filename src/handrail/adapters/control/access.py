"""API keys, members and their sign-ins in the control database."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, Select, delete, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.tables import api_key, member, member_link, sign_in
from handrail.core.errors import Conflict
from handrail.workspace.access import ROLE_SCOPES, Actor, ApiKey, Member, Role, last_owner


class ControlAccess:
    """Keys and members of every project; see `workspace.access.Access`."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    async def actor(self, digest: str, now: int) -> Actor | None:
        by_key = select(api_key.c.project_id, api_key.c.name, api_key.c.scopes).where(api_key.c.digest == digest)
        by_sign_in = (
            select(member.c.project_id, member.c.email, member.c.role)
            .join(sign_in, sign_in.c.member_id == member.c.id)
            .where(sign_in.c.digest == digest, sign_in.c.until > now)
        )
        async with self._database.transaction() as connection:
            if (row := (await connection.execute(by_key)).one_or_none()) is not None:
                return Actor(row.project_id, row.name, frozenset(row.scopes.split()))
            if (row := (await connection.execute(by_sign_in)).one_or_none()) is not None:
                role = cast("Role", row.role)
                return Actor(row.project_id, row.email, ROLE_SCOPES[role], role)
        return None

    async def keys(self, project: str, after: tuple[int, str], limit: int) -> list[ApiKey]:
        query = _page(select(api_key).where(api_key.c.project_id == project), api_key, after, limit)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query)
        return [ApiKey(row.id, row.name, row.scopes.split(), row.hint, row.created_at) for row in rows]

    async def add_key(self, project: str, key: ApiKey, digest: str) -> None:
        values = {
            "id": key.id,
            "project_id": project,
            "name": key.name,
            "digest": digest,
            "scopes": " ".join(key.scopes),
            "created_at": key.created_at,
            "hint": key.hint,
        }
        async with self._database.transaction() as connection:
            await connection.execute(insert(api_key).values(values))

    async def remove_key(self, project: str, id: str) -> bool:
        gone = delete(api_key).where(api_key.c.project_id == project, api_key.c.id == id)
        async with self._database.transaction() as connection:
            return (await connection.execute(gone)).rowcount == 1

    async def members(self, project: str, after: tuple[int, str], limit: int) -> list[Member]:
        query = _page(select(member).where(member.c.project_id == project), member, after, limit)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query)
        return [_member(row) for row in rows]

    async def add_member(self, project: str, added: Member) -> None:
        values = {
            "id": added.id,
            "project_id": project,
            "email": added.email,
            "role": added.role,
            "created_at": added.created_at,
        }
        try:
            async with self._database.transaction() as connection:
                await connection.execute(insert(member).values(values))
        except IntegrityError:
            raise Conflict(f"{added.email!r} is a member already.") from None

    async def remove_member(self, project: str, email: str) -> bool:
        mine = member.c.project_id == project
        owners = select(member.c.email).where(mine, member.c.role == "owner").with_for_update()
        async with self._database.transaction() as connection:
            if (await connection.execute(owners)).scalars().all() == [email]:
                raise last_owner(email)
            gone = await connection.execute(delete(member).where(mine, member.c.email == email))
        return gone.rowcount == 1

    async def add_link(self, project: str, email: str, digest: str, until: int) -> bool:
        query = select(member.c.id).where(member.c.project_id == project, member.c.email == email)
        async with self._database.transaction() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
            if found is None:
                return False
            await connection.execute(delete(member_link).where(member_link.c.member_id == found))
            values = {"digest": digest, "member_id": found, "until": until}
            await connection.execute(insert(member_link).values(values))
        return True

    async def use_link(self, digest: str, password: str, now: int) -> str | None:
        taken = delete(member_link).where(member_link.c.digest == digest).returning(member_link.c.member_id)
        async with self._database.transaction() as connection:
            # Deleting and reading in one statement: of two that come at once, one gets the row.
            found = (await connection.execute(taken.where(member_link.c.until > now))).scalar_one_or_none()
            if found is None:
                return None
            await connection.execute(update(member).where(member.c.id == found).values(password=password))
            await connection.execute(delete(sign_in).where(sign_in.c.member_id == found))
            return (await connection.execute(select(member.c.email).where(member.c.id == found))).scalar_one()

    async def passwords(self, email: str) -> list[tuple[str, str]]:
        query = select(member.c.id, member.c.password).where(member.c.email == email, member.c.password.is_not(None))
        async with self._database.transaction() as connection:
            rows = await connection.execute(query)
        return [(row.id, row.password) for row in rows]

    async def add_sign_in(self, member_id: str, digest: str, until: int) -> Role:
        values = {"digest": digest, "member_id": member_id, "until": until}
        async with self._database.transaction() as connection:
            await connection.execute(insert(sign_in).values(values))
            role = (await connection.execute(select(member.c.role).where(member.c.id == member_id))).scalar_one()
        return cast("Role", role)

    async def remove_sign_in(self, digest: str) -> bool:
        async with self._database.transaction() as connection:
            return (await connection.execute(delete(sign_in).where(sign_in.c.digest == digest))).rowcount == 1

    async def tidy(self, now: int) -> None:
        """Drop links and sign-ins that are over."""
        async with self._database.transaction() as connection:
            for table in (member_link, sign_in):
                await connection.execute(delete(table).where(table.c.until <= now))


class Argon2Passwords:
    """argon2id with the library's own costs, in a thread: a tenth of a second and 64 MiB each."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._few = asyncio.Semaphore(2)

    async def hash(self, password: str) -> str:
        """The text to keep."""
        async with self._few:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, kept: str, password: str) -> bool:
        """Whether `kept` was made from `password`."""
        async with self._few:
            try:
                return await asyncio.to_thread(self._hasher.verify, kept, password)
            except (VerificationError, InvalidHashError):
                return False


def _page(query: Select[Any], table: Any, after: tuple[int, str], limit: int) -> Select[Any]:
    return (
        query.where(tuple_(table.c.created_at, table.c.id) > tuple_(*after))
        .order_by(table.c.created_at, table.c.id)
        .limit(limit)
    )


def _member(row: Row[Any]) -> Member:
    return Member(row.id, row.email, row.role, row.created_at, row.password is not None)
