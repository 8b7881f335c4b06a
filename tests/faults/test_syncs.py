"""No answer before the sync that covers it, and none at all when that sync fails.

A SIGKILL cannot show this: the kernel keeps a dead process's pages. The order of system calls can.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from handrail.adapters.sqlite.log import SqliteLog
from tests.faults.harness import PATIENCE, Client, Ledger, Server
from tests.faults.test_kills import judge
from tests.faults.tracing import Trace, needs_strace, read_trace, traced, wait_for_end

pytestmark = needs_strace


async def trace_of(folder: Path, *, clients: int, mutant: bool = False) -> tuple[Trace, Ledger]:
    """Load a traced server with so many clients at once, twenty batches each."""
    server, ledger = Server(folder / "data", mutant=mutant, prefix=traced(folder / "trace")), Ledger()

    async def load(name: int) -> None:
        client = await Client.connect(server.port)
        for number in range(20):
            assert await ledger.send(client, "production", [f"c{name}-{number}"]) == 200
        await client.close()

    try:
        await server.ready()
        await asyncio.gather(*map(load, range(clients)))
    finally:
        server.stop()
    return read_trace(wait_for_end(folder / "trace", server.pid)), ledger


async def test_every_answer_comes_after_a_sync_that_began_after_its_request(tmp_path: Path) -> None:
    for clients in (1, 8):
        folder = tmp_path / str(clients)
        folder.mkdir()
        trace, _ = await trace_of(folder, clients=clients)
        assert trace.answered == clients * 20, "the trace missed answers"
        assert trace.uncovered == []
    assert trace.syncs < trace.answered, "requests that wait together share a sync"


async def test_the_check_catches_a_server_that_does_not_sync(tmp_path: Path) -> None:
    trace, _ = await trace_of(tmp_path, clients=1, mutant=True)
    assert trace.answered == 20
    assert len(trace.uncovered) >= 15


@asynccontextmanager
async def failing_syncs(server: Server, output: Path) -> AsyncIterator[None]:
    """Every sync of the running server fails with EIO while the block lasts."""
    faults = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"]
    tracer = await asyncio.create_subprocess_exec(
        "strace", "-f", "-o", str(output), *faults, "-p", str(server.pid), stderr=asyncio.subprocess.PIPE
    )
    try:
        assert tracer.stderr is not None
        attached = await asyncio.wait_for(tracer.stderr.readline(), PATIENCE)
        assert b"attached" in attached, attached
        yield
    finally:
        tracer.terminate()
        await asyncio.wait_for(tracer.communicate(), PATIENCE)


async def test_a_sync_that_fails_is_never_answered_200_and_the_next_request_is_fine(tmp_path: Path) -> None:
    data, ledger = tmp_path / "data", Ledger()
    server = Server(data)
    try:
        await server.ready()
        client = await Client.connect(server.port)
        for round_ in range(3):
            assert await ledger.send(client, "production", [f"before{round_}"]) == 200
            trace = tmp_path / f"trace{round_}"
            async with failing_syncs(server, trace):
                for number in range(3):
                    lost = [f"during{round_}-{number}", f"also{round_}-{number}"]
                    assert await ledger.send(client, "production", lost) == 503
            assert "(INJECTED)" in trace.read_text(), "the fault did not happen"
            # What was refused is sent again, as a client would.
            assert await ledger.send(client, "production", [f"during{round_}-0", f"also{round_}-0"]) == 200
        await client.close()
        server.kill()
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
    assert ledger.statuses == {200: 6, 503: 9}
    await judge(data, ledger)
    log = await SqliteLog.open(data)
    kept = {event.message_id async for _, event in log.read(0)}
    await log.close()
    # Refused for good means not half of it is there.
    for round_ in range(3):
        for number in (1, 2):
            assert (f"during{round_}-{number}" in kept) == (f"also{round_}-{number}" in kept)
