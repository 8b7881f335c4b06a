"""Answers to requests that carried an Idempotency-Key, in the control database."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.tables import answered
from handrail.workspace.answers import RUNNING, Kept


class ControlAnswers:
    """Answers by caller and key. `kept` and `patience`, in milliseconds: for how long, and how long one may take."""

    def __init__(self, database: ControlDatabase, *, kept: int, patience: int) -> None:
        self._database = database
        self._kept = kept
        self._patience = patience

    async def begin(self, caller: str, key: str, request: str, now: int) -> Kept | None:
        """Hold the key for this request; what there is of an earlier one."""
        mine = (answered.c.caller == caller) & (answered.c.key == key)
        lost = (answered.c.status == RUNNING) & (answered.c.created_at < now - self._patience)
        old = answered.c.created_at < now - self._kept
        values = {
            "caller": caller,
            "key": key,
            "request": request,
            "status": RUNNING,
            "content_type": "",
            "body": "",
            "created_at": now,
        }
        try:
            async with self._database.transaction() as connection:
                await connection.execute(delete(answered).where(lost | old))
                row = (await connection.execute(select(answered).where(mine))).one_or_none()
                if row is not None:
                    return Kept(row.request, row.status, row.content_type, row.body)
                await connection.execute(insert(answered).values(values))
        except IntegrityError:
            # Two came at once, and the other one was first.
            return Kept(request, RUNNING, "", "")
        return None

    async def keep(self, caller: str, key: str, status: int, content_type: str, body: str) -> None:
        """Keep the answer."""
        mine = (answered.c.caller == caller) & (answered.c.key == key)
        values = {"status": status, "content_type": content_type, "body": body}
        async with self._database.transaction() as connection:
            await connection.execute(update(answered).where(mine).values(values))

    async def forget(self, caller: str, key: str) -> None:
        """Let the key be used again."""
        mine = (answered.c.caller == caller) & (answered.c.key == key)
        async with self._database.transaction() as connection:
            await connection.execute(delete(answered).where(mine))
