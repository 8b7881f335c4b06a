"""Events a second that PostgreSQL's log acknowledges, in batches of 100, beside bare COPY of the same rows.

The limit is a table without an index that each group of the same size is copied into, in a transaction of its own,
synced. Ours decides which events are new, keeps an index of their ids, and folds meanwhile, up to half a second behind.
Both in one process, which looks for garbage as seldom as a server does, in interleaved rounds, on a PostgreSQL of the
bench's own that syncs as it does by itself. CPU is this process's and PostgreSQL's.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg
import msgspec
from tests.support import postgres

from bench.ingest import BATCH, CONNECTIONS, Taken, make_bodies, row
from handrail.adapters.postgres.log import PostgresLog
from handrail.core.events import Event
from handrail.ingest.accept import Door, accept_batch
from handrail.ingest.dedupe import dedupe_ids
from handrail.serving import calm_collector

ROUNDS = 3
TIMES = 3
"""How often the events are sent, with ids of their own: folding may be half a second late, and shall have its part."""
SYNCED = "-c max_connections=50"
GOAL = ">= 50% of the limit"

Batches = Sequence[Sequence[Event]]


def rows() -> list[dict[str, object]]:
    """The table's rows."""
    door = Door("bench", "bench", time.time_ns() // 1_000_000)
    accepted = [accept_batch(body, door).events for body in make_bodies()]
    batches = [
        [msgspec.structs.replace(event, message_id=f"{event.message_id}-{number}") for event in events]
        for number in range(TIMES)
        for events in accepted
    ]
    calm_collector()
    folder = Path(tempfile.mkdtemp(prefix="handrail-bench-"))
    folder.chmod(0o755)
    postgres.SETTINGS = SYNCED
    cluster = postgres.Cluster(folder)
    try:
        address = cluster.started()
        taken: dict[str, list[Taken]] = {"ours": [], "limit": []}
        for number in range(ROUNDS):
            for name, run in (("ours", through_log), ("limit", through_copy)):
                found = asyncio.run(in_database(address, f"{name}{number}", run, batches, folder))
                taken[name].append(found)
    finally:
        cluster.remove()
    rate = {name: statistics.median(each.rate for each in found) for name, found in taken.items()}
    cost = {name: statistics.median(each.cost for each in found) for name, found in taken.items()}
    return [
        row(
            "events/s into PostgreSQL, deduplicated (limit: bare COPY)",
            rate["ours"], None, rate["limit"], GOAL, rate["ours"] >= 0.5 * rate["limit"],
        ),
        row("PostgreSQL, CPU us an event, folded", cost["ours"], None, cost["limit"]),
    ]  # fmt: skip


async def in_database(
    address: str,
    name: str,
    run: Callable[[str, Batches], Awaitable[tuple[float, int]]],
    batches: Batches,
    folder: Path,
) -> Taken:
    """What `run` takes in a database of its own, the server's CPU included."""
    connection = await asyncpg.connect(address)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    before = time.process_time() + cpu_below(folder)
    seconds, count = await run(f"{address.rpartition('/')[0]}/{name}", batches)
    spent = time.process_time() + cpu_below(folder) - before
    return Taken(count / seconds, spent / count * 1e6)


async def through_log(address: str, batches: Batches) -> tuple[float, int]:
    """Every batch appended, many at a time. The clock stops at the last answer; what is folded by then, is."""
    log = await PostgresLog.open(address)
    waiting = iter(batches)

    async def work() -> None:
        for batch in waiting:
            await log.append(batch)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    took = time.perf_counter() - started
    await log.settled()
    await log.close()
    return took, len(batches) * BATCH


async def through_copy(address: str, batches: Batches) -> tuple[float, int]:
    """The same rows, copied group by group."""
    connection = await asyncpg.connect(address, server_settings={"synchronous_commit": "on"})
    await connection.execute("CREATE TABLE bare (id bytea, received_at bigint, name text, event text)")
    encode = msgspec.json.encode
    started = time.perf_counter()
    for at in range(0, len(batches), CONNECTIONS):
        group = [event for batch in batches[at : at + CONNECTIONS] for event in batch]
        records = [
            (identity, event.received_at, event.name, encode(event).decode())
            for identity, event in zip(dedupe_ids(group), group, strict=True)
        ]
        await connection.copy_records_to_table("bare", records=records)
    took = time.perf_counter() - started
    await connection.close()
    return took, len(batches) * BATCH


def cpu_below(folder: Path) -> float:
    """Seconds of CPU that the server in a folder and all it started have used, the ones that ended included."""
    postmaster = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == postmaster:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    for each in rows():
        print(msgspec.json.encode(each).decode())
