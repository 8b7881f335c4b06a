"""A server whose clock jumps by four hundred days deletes nothing that a right clock would keep."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from handrail.adapters.control.database import ControlDatabase
from handrail.adapters.control.retention import ControlRetention
from handrail.adapters.sqlite.days import list_days
from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.retention import day_at
from handrail.workspace.retention import Clock
from tests.support.events import an_event
from tests.support.network import find_free_port
from tests.support.soak import SOAK

DAY = 86_400_000
DAYS = 20

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

needs_faketime = pytest.mark.skipif(LIBRARY is None, reason="needs libfaketime")


async def kept(folder: Path) -> list[str]:
    log = await SqliteLog.open(folder)
    found = [event.message_id async for _, event in log.read(0, 100_000)]
    await log.close()
    return found


def one_run(folder: Path, jump: int) -> None:
    """Serve with the clock so many days off, long enough for a round of retention, and stop."""
    port = find_free_port()
    command = [os.path.realpath(sys.executable), "-m", "handrail.cli", "serve"]
    told = {"HANDRAIL_DATA": str(folder), "HANDRAIL_PORT": str(port), "HANDRAIL_LOG_DAYS": "7"}
    # Not through the faketime command: it forks, and a signal to it would leave the server running.
    told |= {"LD_PRELOAD": str(LIBRARY), "FAKETIME": f"{jump:+}d"}
    told |= {"HANDRAIL_ANALYTICS": "none", "DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    server = subprocess.Popen(command, env={**os.environ, **told}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            assert server.poll() is None, "the server did not start"
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.05)  # another process starts; nothing tells when its port opens
        else:
            raise AssertionError("the server never answered")
        year = int(answer.headers["date"].split()[3])
        assert year != time.gmtime().tm_year, "the clock did not jump"
        time.sleep(1)  # the round of retention begins when the server does
    finally:
        server.terminate()
        server.wait(30)


@needs_faketime
@pytest.mark.slow
@pytest.mark.skipif(not SOAK, reason="starts servers: HANDRAIL_SOAK=1, or make soak")
async def test_a_clock_four_hundred_days_off_deletes_nothing(tmp_path: Path) -> None:
    now = time.time_ns() // 1_000_000
    log = await SqliteLog.open(tmp_path)
    for back in range(DAYS, -1, -1):
        await log.append([an_event(f"d{back}", at=now - back * DAY)])
    # A server with a right clock has deleted what is due, so that all that is left is to be kept.
    assert await log.retain(day_at(now), 7, {}) > 0
    await log.close()
    # A clock that has gone on for long enough to be believed, until it jumps.
    control = ControlDatabase(str(tmp_path / "control.db"))
    await control.open()
    await ControlRetention(control).read_clock(lambda _: Clock(now - 10 * DAY, now))
    await control.close()
    right = await kept(tmp_path)
    assert {f"d{back}" for back in range(8)} <= set(right)
    for jump in (400, -400):
        one_run(tmp_path, jump)
        assert await kept(tmp_path) == right
    assert len(list_days(tmp_path)) == len(right)
