"""A new counter is counted over the log, and how far it has come can be seen meanwhile."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.support.events import an_event

from handrail.adapters.postgres import blocks
from handrail.adapters.postgres import log as postgres_log
from handrail.adapters.postgres.log import PostgresLog
from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.fold import FoldRules

COUNT = 2500


async def some(log: SqliteLog | PostgresLog) -> None:
    """More orders than are counted at once, every other one large."""
    events = [an_event(f"m{number}", properties={"large": bool(number % 2)}) for number in range(COUNT)]
    await log.append(events)
    await log.settled()


def is_large(properties: Any) -> bool:
    return properties.get("large") is True


async def large(log: SqliteLog | PostgresLog) -> int:
    counters = (await log.people("production").user(None, "ann")).counters
    return sum(counters.get("large", {}).values())


async def test_progress_on_files(tmp_path: Path) -> None:
    looked, go = threading.Event(), threading.Event()

    def holds(properties: Any) -> bool:
        looked.set()
        assert go.wait(60)
        return is_large(properties)

    log = await SqliteLog.open(tmp_path)
    await some(log)
    assert await log.counting("production") is None
    rules = FoldRules("UTC", {"Order Completed": [("large", holds)]})
    following = asyncio.create_task(log.follow("production", rules))
    await asyncio.to_thread(looked.wait, 60)
    progress = await log.counting("production")
    assert progress is not None
    assert (0 < progress.done < progress.total, progress.total) == (True, COUNT)
    assert await log.counting("staging") is None
    go.set()
    await following
    assert await log.counting("production") is None
    assert await large(log) == COUNT // 2
    await log.close()


async def test_progress_on_postgresql_is_every_process_s_to_see(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, other = await PostgresLog.open(postgres_dsn), await PostgresLog.open(postgres_dsn)
    await some(log)
    reading, looked, go = blocks.read_blocks, asyncio.Event(), asyncio.Event()
    pages = 0

    async def read(source: Any, after: int, most: int, upto: int = blocks.END, environment: str | None = None) -> Any:
        nonlocal pages
        pages += environment is not None
        if pages == 2:
            looked.set()
            await go.wait()
        return await reading(source, after, most, upto, environment)

    monkeypatch.setattr(postgres_log, "read_blocks", read)
    following = asyncio.create_task(
        log.follow("production", FoldRules("UTC", {"Order Completed": [("large", is_large)]}))
    )
    looking = asyncio.create_task(looked.wait())
    await asyncio.wait((following, looking), return_when=asyncio.FIRST_COMPLETED)
    assert not following.done() or following.result()
    seen = await other.counting("production")
    assert seen is not None
    assert (0 < seen.done < seen.total) is True
    assert await other.counting("staging") is None
    go.set()
    await following
    assert await other.counting("production") is None
    assert await large(other) == COUNT // 2
    for each in (log, other):
        await each.close()
