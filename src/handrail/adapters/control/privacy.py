"""Identity keys, scrubbing rules and erasures in the control database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
from sqlalchemy import delete, func, insert, select, update

from handrail.adapters.control.database import ControlDatabase, tell_others
from handrail.adapters.control.tables import environment, environment_privacy, erasure, identity_key, project
from handrail.core.changes import PEOPLE
from handrail.core.errors import Conflict, NotFound
from handrail.core.identity import LIVE_KEYS, IdentityKey, Verification
from handrail.core.privacy import Privacy
from handrail.core.scrub import ScrubRules
from handrail.workspace.people.ports import Erasure, NewIdentityKey, Noted, ShownKey


class Sealing(Protocol):
    """What encrypts secrets at rest."""

    def encrypt(self, secret: str, /) -> str: ...
    def decrypt(self, kept: str, /) -> str: ...


class ControlPrivacy:
    """How environments check identities and what they keep. Reads by environment are cached until `forget`."""

    def __init__(self, database: ControlDatabase, vault: Sealing) -> None:
        self._database = database
        self._vault = vault
        self._known: dict[str, Privacy] = {}
        self._forgotten = 0
        """How often everything was forgotten: what was read before that is not kept behind it."""

    def forget(self) -> None:
        """Read everything anew at its next use."""
        self._forgotten += 1
        self._known.clear()

    async def of(self, environment_id: str) -> Privacy:
        """What holds in an environment."""
        if (known := self._known.get(environment_id)) is not None:
            return known
        forgotten = self._forgotten
        query = (
            select(
                environment.c.project_id,
                project.c.public_id,
                environment_privacy.c.verify_identity,
                environment_privacy.c.scrub,
            )
            .join_from(environment, project, environment.c.project_id == project.c.id)
            .outerjoin(environment_privacy, environment_privacy.c.environment_id == environment.c.id)
            .where(environment.c.id == environment_id)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return Privacy()
            mine = identity_key.c.project_id == row.project_id
            rows = (
                await connection.execute(select(identity_key).where(mine).order_by(identity_key.c.created_at))
            ).all()
        keys = tuple(IdentityKey(each.id, each.method, self._vault.decrypt(each.secret)) for each in rows)
        verification = Verification(keys, bool(row.verify_identity), row.public_id) if keys else None
        rules = ScrubRules() if row.scrub is None else msgspec.json.decode(row.scrub, type=ScrubRules)
        known = Privacy(verification, rules)
        if forgotten == self._forgotten:
            self._known[environment_id] = known
        return known

    async def keys(self, project_id: str) -> list[ShownKey]:
        """A project's identity keys, without their secrets."""
        query = select(identity_key).where(identity_key.c.project_id == project_id)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query.order_by(identity_key.c.created_at))).all()
        return [ShownKey(row.id, row.method, row.name, row.created_at) for row in rows]

    async def add_key(self, project_id: str, made: NewIdentityKey, now: int) -> None:
        """Keep a new key. Raises Conflict when as many as may be are live."""
        count = select(func.count()).where(identity_key.c.project_id == project_id)
        async with self._database.transaction() as connection:
            if (await connection.execute(count)).scalar_one() >= LIVE_KEYS:
                raise Conflict(f"{LIVE_KEYS} keys are live; delete the one that is no longer in use first.")
            values = {
                "id": made.id,
                "project_id": project_id,
                "method": made.method,
                "name": made.name,
                "secret": self._vault.encrypt(made.secret),
                "created_at": now,
            }
            await connection.execute(insert(identity_key).values(values))
            await tell_others(connection, PEOPLE)
        self.forget()

    async def delete_key(self, project_id: str, key_id: str) -> None:
        """Let a key go: what it signed proves nothing any more. Raises NotFound, and Conflict for the last in need."""
        mine = (identity_key.c.project_id == project_id) & (identity_key.c.id == key_id)
        left = select(func.count()).where(identity_key.c.project_id == project_id)
        enforced = select(func.count()).where(
            environment_privacy.c.project_id == project_id, environment_privacy.c.verify_identity
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(delete(identity_key).where(mine))).rowcount != 1:
                raise NotFound(f"There is no identity key {key_id!r}.")
            none_left = (await connection.execute(left)).scalar_one() == 0
            if none_left and (await connection.execute(enforced)).scalar_one():
                raise Conflict("This is the last key, and an environment takes signed identities only.")
            await tell_others(connection, PEOPLE)
        self.forget()

    async def settle(
        self, project_id: str, environment_id: str, *, enforced: bool | None = None, scrub: ScrubRules | None = None
    ) -> None:
        """Change what holds in an environment; None leaves a setting as it is."""
        mine = (environment_privacy.c.project_id == project_id) & (
            environment_privacy.c.environment_id == environment_id
        )
        values: dict[str, object] = {}
        if enforced is not None:
            values["verify_identity"] = enforced
        if scrub is not None:
            values["scrub"] = msgspec.json.encode(scrub).decode()
        if not values:
            return
        async with self._database.transaction() as connection:
            changed = await connection.execute(update(environment_privacy).where(mine).values(values))
            if changed.rowcount == 0:
                whole = {
                    "project_id": project_id,
                    "environment_id": environment_id,
                    "verify_identity": False,
                    "scrub": "{}",
                }
                await connection.execute(insert(environment_privacy).values(whole | values))
            await tell_others(connection, PEOPLE)
        self.forget()

    async def record_erasure(self, project_id: str, made: Erasure) -> None:
        """Keep that somebody is to be erased, before anything is."""
        values = {
            "id": made.id,
            "project_id": project_id,
            "environment_id": made.environment,
            "digests": msgspec.json.encode(made.digests).decode(),
            # Who it is stays readable until it is done, and only to this installation.
            "subjects": self._vault.encrypt(msgspec.json.encode(made.subjects).decode()),
            "requested_at": made.requested_at,
        }
        async with self._database.transaction() as connection:
            await connection.execute(insert(erasure).values(values))
            await tell_others(connection, PEOPLE)

    async def finish_erasure(self, erasure_id: str, receipt: bytes) -> None:
        """Keep the receipt, and forget who it was."""
        values = {"receipt": receipt.decode(), "subjects": None}
        async with self._database.transaction() as connection:
            await connection.execute(update(erasure).where(erasure.c.id == erasure_id).values(values))
            await tell_others(connection, PEOPLE)

    async def receipts(self, project_id: str) -> list[bytes]:
        """Receipts of the project's erasures, the latest first."""
        query = select(erasure.c.receipt).where(erasure.c.project_id == project_id, erasure.c.receipt.is_not(None))
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query.order_by(erasure.c.requested_at.desc()).limit(1000))).all()
        return [row.receipt.encode() for row in rows]

    async def digests(self) -> list[str]:
        """Keyed hashes of everybody who was erased, in every project."""
        async with self._database.transaction() as connection:
            rows = (await connection.execute(select(erasure.c.digests))).all()
        return [each for row in rows for each in msgspec.json.decode(row.digests, type=list[str])]

    async def finished(self) -> Sequence[Noted]:
        """Every erasure that has its receipt."""
        query = select(erasure).where(erasure.c.receipt.is_not(None)).order_by(erasure.c.requested_at)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Noted(
                id=row.id,
                project=row.project_id,
                environment=row.environment_id,
                digests=msgspec.json.decode(row.digests, type=tuple[str, ...]),
                requested_at=row.requested_at,
            )
            for row in rows
        ]

    async def unknown(self, noted: Sequence[Noted]) -> Sequence[Noted]:
        """Those of these erasures, in environments that there are, of which nothing is kept here."""
        async with self._database.transaction() as connection:
            known = set((await connection.execute(select(erasure.c.id))).scalars())
            places = {
                tuple(row) for row in await connection.execute(select(environment.c.project_id, environment.c.id))
            }
        return [each for each in noted if each.id not in known and (each.project, each.environment) in places]

    async def unfinished(self) -> Sequence[Erasure]:
        """Erasures that were asked for and have no receipt: the server stopped meanwhile."""
        query = select(erasure).where(erasure.c.receipt.is_(None)).order_by(erasure.c.requested_at)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Erasure(
                id=row.id,
                environment=row.environment_id,
                subjects=msgspec.json.decode(self._vault.decrypt(row.subjects), type=tuple[str, ...]),
                digests=msgspec.json.decode(row.digests, type=tuple[str, ...]),
                requested_at=row.requested_at,
            )
            for row in rows
        ]
