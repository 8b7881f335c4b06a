"""A full disk and a slow one: what was acknowledged stays, what cannot be kept is refused in time, reading goes on."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.faults.harness import PATIENCE, Client, Ledger, Server
from tests.faults.test_kills import judge
from tests.faults.tracing import needs_strace

MEGABYTE = 1 << 20


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, in memory."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "handrail-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_refuses_in_time_loses_nothing_and_recovers(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        server, ledger = Server(disk / "data"), Ledger()
        try:
            await server.ready()
            client = await Client.connect(server.port)
            number = 0
            async with asyncio.timeout(60):
                while (await ledger.send(client, "production", [f"m{number + step}" for step in range(50)])) == 200:
                    number += 50
            free = os.statvfs(disk)
            # Refused while there was still room: the database itself never met the end of the disk.
            assert 0 < free.f_bavail * free.f_frsize <= 0.05 * free.f_blocks * free.f_frsize
            ballast = disk / "ballast"
            ballast.write_bytes(bytes(free.f_bavail * free.f_frsize))
            for attempt in range(3):
                assert await ledger.send(client, "production", [f"full{attempt}"]) == 503
            assert client.retry_after
            ballast.unlink()
            await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=32m", str(disk)], check=True)
            started = time.monotonic()
            assert await ledger.send(client, "production", ["after"]) == 200
            assert time.monotonic() - started < 5
            await client.close()
        finally:
            server.stop()
        assert ledger.statuses[503] >= 4
        assert len(ledger.acknowledged) > 500
        await judge(disk / "data", ledger)


@asynccontextmanager
async def slow_syncs(server: Server, output: Path, milliseconds: int) -> AsyncIterator[None]:
    """Every sync of the running server takes so much longer while the block lasts."""
    delay = f"inject=fdatasync,fsync:delay_exit={milliseconds * 1000}"
    tracer = await asyncio.create_subprocess_exec(
        "strace", "-f", "-T", "-o", str(output), "-e", "trace=fdatasync,fsync", "-e", delay, "-p", str(server.pid),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert tracer.stderr is not None
        attached = await asyncio.wait_for(tracer.stderr.readline(), PATIENCE)
        assert b"attached" in attached, attached
        yield
    finally:
        tracer.terminate()
        await asyncio.wait_for(tracer.communicate(), PATIENCE)


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


@needs_strace
async def test_with_slow_syncs_the_queue_is_bounded_and_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    server, ledger = Server(tmp_path / "data"), Ledger()
    read_times: list[float] = []

    async def load(name: int) -> None:
        client = await Client.connect(server.port)
        for number in range(3):
            await ledger.send(client, "production", [f"c{name}-{number}-{step}" for step in range(400)])
        await client.close()

    async def read() -> None:
        client = await Client.connect(server.port)
        for _ in range(20):
            started = time.monotonic()
            assert await client.get("/sourceConfig/") == 200
            read_times.append(time.monotonic() - started)
            await asyncio.sleep(0.05)  # a reader now and then, beside the load
        await client.close()

    try:
        await server.ready()
        before = resident(server.pid)
        async with slow_syncs(server, tmp_path / "trace", 300):
            await asyncio.gather(*map(load, range(100)), read())
            held = resident(server.pid) - before
        assert "(DELAYED)" in (tmp_path / "trace").read_text(), "the fault did not happen"
        client = await Client.connect(server.port)
        assert await ledger.send(client, "production", ["after"]) == 200
        await client.close()
    finally:
        server.stop()
    assert ledger.statuses.keys() == {200, 503}
    assert ledger.statuses[503] > 0, "the load did not fill the queue"
    assert held < 256 * MEGABYTE
    # Reads wait for no sync: were one to, each would take 300 ms.
    assert sorted(read_times)[len(read_times) // 2] < 0.15
    await judge(tmp_path / "data", ledger)
