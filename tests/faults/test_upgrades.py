"""An upgrade keeps every row, and one that is killed half-way goes on where a new start finds it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise, product
from pathlib import Path

import duckdb
import pytest

from handrail.adapters.duckdb import ROWS
from handrail.adapters.sqlite.log import SqliteLog
from tests.support.earlier import first_analytics, first_control
from tests.support.events import an_event
from tests.support.soak import times

ROOT = Path(__file__).parents[2]
PARTS = ("control", "analytics")
EVENTS = times(10_000, 1_000_000)
KILLS = times(1, 10)
"""At as many places of the time that each part of an upgrade takes, evenly."""
REFUSING = 60
"""Seconds without writes that an upgrade may take."""
SUBJECTS = 5000

UPGRADE = """
import asyncio, sys, time
from pathlib import Path
from handrail.settings import Settings
from handrail.storage import open_storage

def tell(part):
    print(part, time.monotonic(), flush=True)

async def main():
    tell("control")
    storage = await open_storage(Settings(data=sys.argv[1]))
    tell("analytics")
    storage.open_analytics(lambda environment: "UTC", print).close()
    tell("end")
    await storage.close()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of the first release: its control database, its log, and its analytic store."""
    folder = tmp_path_factory.mktemp("earlier") / "data"
    folder.mkdir(mode=0o700)

    async def made() -> None:
        await first_control(str(folder / "control.db"))
        log = await SqliteLog.open(folder)
        for first in range(0, EVENTS, 1000):
            await log.append(
                [
                    an_event(f"m{number}", user_id=f"u{number % SUBJECTS}", properties={"total": number})
                    for number in range(first, min(first + 1000, EVENTS))
                ]
            )
        await log.close()

    asyncio.run(made())
    with first_analytics(folder / "analytics.duckdb", EVENTS) as store:
        store.execute(
            "INSERT INTO events SELECT 'production', 'u:u' || (n % $2), 'Order Completed', n, 1 FROM range($1) r(n)",
            [EVENTS, SUBJECTS],
        )
        store.execute("INSERT INTO persons SELECT 'production', 'u:u' || n, 'u:u0' FROM range(10) r(n)")
        store.execute(
            "INSERT INTO answers SELECT 'production', 'u:u' || n, 'nps', 'score', 5, ['n' || n] FROM range($1) r(n)",
            [SUBJECTS],
        )
    return folder


def upgrade(folder: Path) -> subprocess.Popen[str]:
    """A process that opens the folder with today's release, telling which part it is at, and when it began that."""
    # A file: what Python is handed with `-c` DuckDB takes for somebody at a prompt, and draws progress for.
    script = folder.with_name("upgrade.py")
    script.write_text(UPGRADE)
    return subprocess.Popen(
        [os.path.realpath(sys.executable), str(script), str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path])},
        stdout=subprocess.PIPE,
        text=True,
    )


def upgraded(folder: Path) -> dict[str, float]:
    """The seconds that each part of opening it took."""
    told, _ = upgrade(folder).communicate(timeout=300)
    began = dict(line.split() for line in told.splitlines())
    parts = [*PARTS, "end"]
    assert list(began) == parts, told
    return {part: float(began[after]) - float(began[part]) for part, after in pairwise(parts)}


def killed(folder: Path, part: str, seconds: float) -> bool:
    """Whether a process that was killed so long after it began this part had not come further."""
    process = upgrade(folder)
    assert process.stdout is not None
    while not process.stdout.readline().startswith(part):
        assert process.poll() is None
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    told, _ = process.communicate()
    return not told


def checksums(folder: Path) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and what they add up to, in whatever order they stand."""
    found = {f"analytics {table}": summed(rows) for table, rows in analytic_rows(folder)}
    for file in ("control.db", "state.db", *sorted(each.name for each in folder.glob("*.log"))):
        with sqlite3.connect(folder / file) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            for (table,) in tables:
                found[f"{file} {table}"] = summed(connection.execute(f'SELECT * FROM "{table}"'))
    return found


def analytic_rows(folder: Path) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    with duckdb.connect(str(folder / "analytics.duckdb"), read_only=True) as connection:
        for table in (*ROWS, "meta"):
            yield table, iter(connection.execute(f"FROM {table}").fetchall())


def summed(rows: Iterator[tuple[object, ...]]) -> tuple[int, str]:
    count = total = 0
    for row in rows:
        count += 1
        total ^= int.from_bytes(blake2b(repr(row).encode(), digest_size=16).digest())
    return count, f"{total:x}"


def test_an_upgrade_that_is_killed_goes_on_and_keeps_every_row(earlier: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(earlier, whole)
    took = upgraded(whole)
    assert sum(took.values()) < REFUSING
    wanted = checksums(whole)
    assert wanted["analytics events"][0] == EVENTS
    for part, number in product(PARTS, range(1, KILLS + 1)):
        folder, seconds = tmp_path / f"{part}{number}", took[part] * number / (KILLS + 1)
        shutil.copytree(earlier, folder)
        while not killed(folder, part, seconds):
            # It was faster than the one whose time was taken: another, that gets less of it.
            shutil.rmtree(folder)
            shutil.copytree(earlier, folder)
            seconds /= 2
        upgraded(folder)
        assert checksums(folder) == wanted, f"killed in {part}, at {number} of {KILLS + 1}"
        shutil.rmtree(folder)
