"""One project's code and audit record in the control database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from handrail.adapters.control.tables import audit, member, project
from handrail.adapters.control.tables import code as codes
from handrail.core.audit import START, AuditEntry, seal_of
from handrail.workspace.ports import Proposal


class ControlCode:
    """See `workspace.ports.CodeWork`."""

    def __init__(self, connection: AsyncConnection, project_id: str) -> None:
        self._connection = connection
        self._project = project_id

    async def is_on(self) -> bool:
        query = select(project.c.run_js).where(project.c.id == self._project)
        return bool((await self._connection.execute(query)).scalar_one())

    async def turn(self, on: bool) -> None:
        await self._connection.execute(update(project).where(project.c.id == self._project).values(run_js=on))

    async def members(self) -> dict[str, str]:
        query = select(member.c.email, member.c.role).where(member.c.project_id == self._project)
        return {row.email: row.role for row in await self._connection.execute(query)}

    async def approved(self) -> frozenset[str]:
        query = (
            select(codes.c.hash)
            .join(project, project.c.id == codes.c.project_id)
            .where(codes.c.project_id == self._project, codes.c.approved_by != "", project.c.run_js)
        )
        return frozenset((await self._connection.execute(query)).scalars())

    async def proposals(self) -> list[Proposal]:
        query = select(codes).where(codes.c.project_id == self._project)
        rows = await self._connection.execute(query.order_by(codes.c.proposed_at.desc(), codes.c.hash))
        return [_proposal(row) for row in rows]

    async def proposal(self, hash: str) -> Proposal | None:
        query = select(codes).where(codes.c.project_id == self._project, codes.c.hash == hash)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _proposal(row)

    async def put(self, proposal: Proposal) -> None:
        mine = (codes.c.project_id == self._project) & (codes.c.hash == proposal.hash)
        await self._connection.execute(delete(codes).where(mine))
        values = {"project_id": self._project, **msgspec.structs.asdict(proposal)}
        await self._connection.execute(insert(codes).values(values))

    async def note(self, at: int, who: str, what: str, detail: Mapping[str, str]) -> None:
        last = select(audit.c.number, audit.c.seal).where(audit.c.project_id == self._project)
        before = (await self._connection.execute(last.order_by(audit.c.number.desc()).limit(1))).one_or_none()
        number = (before.number if before else 0) + 1
        values = {
            "project_id": self._project,
            "number": number,
            "at": at,
            "who": who,
            "what": what,
            "detail": msgspec.json.encode(detail).decode(),
            "seal": seal_of(self._project, number, at, who, what, detail, before.seal if before else START),
        }
        await self._connection.execute(insert(audit).values(values))

    async def noted(self) -> list[AuditEntry]:
        query = select(audit).where(audit.c.project_id == self._project).order_by(audit.c.number)
        return [
            AuditEntry(
                row.number, row.at, row.who, row.what, msgspec.json.decode(row.detail, type=dict[str, str]), row.seal
            )
            for row in await self._connection.execute(query)
        ]


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(row.hash, row.code, row.proposed_by, row.proposed_at, row.approved_by, row.approved_at)
