"""Erasing a person: at once from what serves, then from every file, with a receipt that names nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

import msgspec

from handrail.workspace.people.ports import Erasure, Ledger, Noted, PrivacySettings


class Receipt(msgspec.Struct, frozen=True):
    """Proof of an erasure. `digests` are keyed hashes of the ids that were erased; what is sent of them is dropped."""

    id: str
    environment: str
    requested_at: int
    finished_at: int
    subjects: int
    events: int
    analytic_rows: int
    digests: tuple[str, ...]


class Stores(Protocol):
    """Everything that holds something of a person."""

    async def named(self, environment: str, digests: Collection[str], /) -> list[str]: ...
    async def subjects(self, environment: str, anonymous_id: str | None, user_id: str | None, /) -> list[str]: ...
    def digest(self, environment: str, subject: str, /) -> str: ...
    def suppress(self, digests: Collection[str], /) -> None: ...
    async def erase_log(self, environment: str, subjects: Collection[str], /) -> int: ...
    async def erase_analytics(self, made: Erasure, /) -> int: ...
    async def catch_up(self, finished: Callable[[], Awaitable[Sequence[Noted]]], /) -> int: ...


async def erase(
    stores: Stores,
    settings: PrivacySettings,
    ledger: Ledger,
    project: str,
    environment: str,
    who: tuple[str | None, str | None],
    *,
    erasure_id: str,
    clock: Callable[[], int],
) -> Receipt:
    """Erase whoever has this anonymous id or user id. Once this was recorded it is finished, also after a crash."""
    subjects = await stores.subjects(environment, *who)
    # The ids as they were asked for, too: suppression holds for somebody of whom nothing is known (yet).
    anonymous_id, user_id = who
    asked = [f"a:{anonymous_id}"] if anonymous_id is not None else []
    asked += [f"u:{user_id}"] if user_id is not None else []
    every = tuple(sorted({*subjects, *asked}))
    digests = tuple(stores.digest(environment, each) for each in every)
    made = Erasure(erasure_id, environment, every, digests, clock())
    # Noted first: of what is recorded and not noted, a restored backup would know nothing.
    await asyncio.to_thread(ledger.note, Noted(erasure_id, project, environment, digests, made.requested_at))
    await settings.record_erasure(project, made)
    return await finish(stores, settings, made, clock)


async def finish(stores: Stores, settings: PrivacySettings, made: Erasure, clock: Callable[[], int]) -> Receipt:
    """Do what was recorded. It may run again."""
    stores.suppress(made.digests)
    events = await stores.erase_log(made.environment, made.subjects)
    rows = await stores.erase_analytics(made)
    receipt = Receipt(
        made.id, made.environment, made.requested_at, clock(), len(made.subjects), events, rows, made.digests
    )
    await settings.finish_erasure(made.id, msgspec.json.encode(receipt))
    return receipt


async def replay(stores: Stores, settings: PrivacySettings, ledger: Ledger, clock: Callable[[], int]) -> list[Receipt]:
    """Erase again whoever came back with a restored backup: the ledger knows them, the databases do not."""
    receipts: list[Receipt] = []
    for each in await settings.unknown(await asyncio.to_thread(ledger.noted)):
        subjects = tuple(await stores.named(each.environment, each.digests))
        again = Erasure(each.id, each.environment, subjects, each.digests, each.requested_at)
        await settings.record_erasure(each.project, again)
        receipts.append(await finish(stores, settings, again, clock))
    return receipts


async def resume(stores: Stores, settings: PrivacySettings, clock: Callable[[], int]) -> list[Receipt]:
    """Finish what a stopped server left."""
    return [await finish(stores, settings, each, clock) for each in await settings.unfinished()]
