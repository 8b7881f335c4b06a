"""Acknowledged events outlive SIGKILL, and count once."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from handrail.adapters.sqlite.log import SqliteLog
from tests.faults.harness import Client, Ledger, Server
from tests.support.soak import SOAK

CLIENTS = 4
KEYS = ("production", "staging")


async def load(
    server: Server, ledger: Ledger, name: str, choose: random.Random, goal: int, enough: asyncio.Event
) -> None:
    """Send batches until the connection is cut, and say when the ledger has `goal` answers."""
    client = await Client.connect(server.port)
    number = 0
    try:
        while True:
            key = choose.choice(KEYS)
            fresh = [f"{name}-{number + step}" for step in range(choose.randint(1, 20))]
            number += len(fresh)
            # A repeat of what was acknowledged under this key, or a new event of that name under the other.
            repeated = [choose.choice(ledger.order)] if ledger.order else []
            await ledger.send(client, key, [*fresh, *repeated])
            if ledger.statuses[200] >= goal:
                enough.set()
    except (OSError, EOFError):
        ledger.cut += 1
    finally:
        await client.close()


async def one_life(data: Path, ledger: Ledger, life: int, choose: random.Random) -> None:
    server = Server(data)
    try:
        await server.ready()
        enough, cut_before = asyncio.Event(), ledger.cut
        goal = ledger.statuses[200] + choose.randint(10, 80)
        clients = [
            asyncio.create_task(load(server, ledger, f"life{life}-client{client}", choose, goal, enough))
            for client in range(CLIENTS)
        ]
        async with asyncio.timeout(30):
            await enough.wait()
            server.kill()
            await asyncio.gather(*clients)
        assert ledger.cut == cut_before + CLIENTS, "the kill did not land under load"
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


async def judge(data: Path, ledger: Ledger) -> None:
    """Everything acknowledged is there, once; nothing is there that was never sent; state is the log's fold."""
    log = await SqliteLog.open(data)
    try:
        kept: Counter[tuple[str, str]] = Counter()
        users: Counter[tuple[str, str]] = Counter()
        after = 0
        while True:
            page = [(position, event) async for position, event in log.read(after, 10_000)]
            if not page:
                break
            after = page[-1][0]
            for _, event in page:
                kept[event.environment, event.message_id] += 1
                users[event.environment, event.user_id or ""] += 1
        assert ledger.acknowledged - kept.keys() == set(), "acknowledged events were lost"
        assert kept.keys() - ledger.sent == set()
        assert {name for name, count in kept.items() if count > 1} == set(), "events were kept twice"
        report = await log.rebuild()
        assert report.differences == ()
        assert report.events == kept.total()
        assert report.rows == len(users)
    finally:
        await log.close()


async def kill_again_and_again(data: Path, lives: int, seed: int) -> Ledger:
    print(f"seed {seed}")
    ledger, choose = Ledger(), random.Random(seed)
    for life in range(lives):
        await one_life(data, ledger, life, choose)
    await judge(data, ledger)
    assert ledger.statuses.keys() == {200}
    assert ledger.cut == lives * CLIENTS
    return ledger


async def test_ten_kills_under_load_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    ledger = await kill_again_and_again(tmp_path, 10, seed=int(os.environ.get("HANDRAIL_SEED", "20261124")))
    assert len(ledger.acknowledged) > 1000


@pytest.mark.slow
@pytest.mark.skipif(not SOAK, reason="a long run: HANDRAIL_SOAK=1, or make soak")
async def test_two_hundred_kills_under_load_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    ledger = await kill_again_and_again(tmp_path, 200, seed=random.SystemRandom().randrange(2**32))
    assert len(ledger.acknowledged) > 20_000
