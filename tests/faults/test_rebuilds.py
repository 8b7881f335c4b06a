"""A rebuild beside the load: refolding the log while events arrive finds no difference."""

from __future__ import annotations

import asyncio
from pathlib import Path

from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.fold import FoldRules
from tests.support.events import NOON, an_event

ORDERS = {"production": FoldRules("UTC", {"Order Completed": [("orders", None)]})}


async def test_a_rebuild_while_events_arrive_finds_no_difference(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path, ORDERS)
    stop = asyncio.Event()
    sent = 0

    async def load(name: int) -> None:
        nonlocal sent
        while not stop.is_set():
            events = [
                an_event(f"{name}-{sent}-{step}", user_id=f"user-{step % 30}", at=NOON + sent, properties={"n": step})
                for step in range(50)
            ]
            await log.append([*events, an_event(f"i{name}-{sent}", "identify", anonymous_id="a", user_id=f"u{sent}")])
            sent += 51

    clients = [asyncio.create_task(load(name)) for name in range(4)]
    reports = [await log.rebuild() for _ in range(5)]
    stop.set()
    await asyncio.gather(*clients)
    await log.folded((await log.append([an_event("last")])).position)
    last = await log.rebuild()
    await log.close()
    assert [report.differences for report in reports] == [()] * 5
    assert reports[0].events < reports[-1].events < last.events, "nothing arrived meanwhile"
    assert (last.events, last.differences) == (sent + 1, ())
