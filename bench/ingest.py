"""Events a second that are acknowledged, deduplicated and folded, in batches of 100, from one process on SQLite FULL.

Three servers on the same HTTP stack, in interleaved rounds. Ours is the tracking door: every event checked,
deduplicated against what the log holds, synced, folded. The limit and the peer stand behind a door that only decodes
the batch into rows: the limit is an un-indexed table with group commit (one statement and one sync for all that waits),
the peer the simple way, a unique index and a commit for each batch. Ours counts until the last event is folded, the
others until the last answer.

The server's CPU an event stands beside the wall clock, because the wall clock of a busy machine measures its
neighbours. `bare` is group commit without any HTTP, for scale. A last row compares an event's cost, from its text to
its fold, on an empty log with its cost on one that has counted twenty million ids.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, cast
from uuid import UUID

import apsw
import msgspec

from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.events import Event
from handrail.http.asgi import JSON, answer, read_body
from handrail.ingest.accept import Door, accept_batch
from handrail.ingest.dedupe import ID_SIZE, SeenIds
from handrail.ingest.ports import Appended, Log
from handrail.serving import calm_collector

ROOT = Path(__file__).parents[1]
EVENTS = int(os.environ.get("HANDRAIL_BENCH_EVENTS", "60000"))
BATCH = 100
CONNECTIONS = 32
USERS = 10_000
REPEATED = 20
"""One batch in so many is a repeat of an earlier one, as retries are."""
ROUNDS = 3
KEPT = int(os.environ.get("HANDRAIL_BENCH_KEPT", "500000"))
"""Events that each log already holds: an index, or our ids, is never empty in a log that is kept for a week."""
MANY = int(os.environ.get("HANDRAIL_BENCH_MANY", "20000000"))
_ROW = "(position INTEGER PRIMARY KEY, environment, message_id, type, user_id, name, timestamp, received_at, body)"


def rows() -> list[dict[str, object]]:
    """The table's rows."""
    bodies, bare = make_bodies(), statistics.median(time_bare() for _ in range(ROUNDS))
    found: dict[str, list[Taken]] = {"ours": [], "limit": [], "simple": []}
    with tempfile.TemporaryDirectory() as folder:
        for log in found:
            (Path(folder) / log).mkdir()
            asyncio.run(fill(log, Path(folder) / log))
        for _ in range(ROUNDS):
            for log, measured in found.items():
                measured.append(time_over_http(log, Path(folder) / log, bodies))
    rate = {log: statistics.median(each.rate for each in taken) for log, taken in found.items()}
    cost = {log: statistics.median(each.cost for each in taken) for log, taken in found.items()}
    met = rate["ours"] >= 3 * rate["simple"] and rate["ours"] >= 0.5 * rate["limit"]
    goal = ">= 3x the peer, >= 50% of the limit"
    return [
        row("events/s over HTTP, deduplicated and folded", rate["ours"], rate["simple"], rate["limit"], goal, met),
        row("server's CPU, us an event", cost["ours"], cost["simple"], cost["limit"]),
        row("events/s beside group commit in process, without HTTP (for scale)", rate["ours"], None, bare),
        size_row(),
    ]


def size_row() -> dict[str, object]:
    """An event's cost on a log that has counted very many, beside an empty one."""
    choose, many = random.Random(3), SeenIds()
    for _ in range(0, MANY, 100_000):
        block = choose.randbytes(100_000 * ID_SIZE)
        many.add([block[at : at + ID_SIZE] for at in range(0, len(block), ID_SIZE)])
    found = [(cost_by_size(SeenIds(), number), cost_by_size(many, number)) for number in range(ROUNDS)]
    empty, full = (statistics.median(each) for each in zip(*found, strict=True))
    what = f"CPU us an event with {MANY:,} ids counted (limit: an empty log)"
    return row(what, full, None, empty, "<= 1.25x an empty log", full <= 1.25 * empty)


def row(
    what: str, ours: float, peer: float | None, limit: float, goal: str = "", met: bool | None = None
) -> dict[str, object]:
    """One line of the table."""
    return {
        "bench": "ingest",
        "what": what,
        "ours": ours,
        "peer": peer,
        "limit": limit,
        "ratio_to_peer": None if peer is None else ours / peer,
        "ratio_to_limit": ours / limit,
        "goal": goal,
        "met": met,
    }


class Taken(msgspec.Struct, frozen=True):
    """Events a second, and the server's CPU microseconds an event."""

    rate: float
    cost: float


def cost_by_size(seen: SeenIds, number: int) -> float:
    """CPU microseconds an event costs a log, from append to folded, when it has counted these ids before.

    The ids are made up and put straight where dedupe looks; the events behind them would be read by nobody. `number`
    makes this run's own events.
    """
    door = Door(f"bench{number}", "bench", time.time_ns() // 1_000_000)

    async def measured(folder: Path) -> float:
        log = await SqliteLog.open(folder)
        log._seen = seen  # the writer's thread looks nowhere else
        bodies = make_bodies()
        gc.collect()
        started = time.process_time()
        for at in range(0, len(bodies), CONNECTIONS):
            batches = (accept_batch(body, door).events for body in bodies[at : at + CONNECTIONS])
            appended = await asyncio.gather(*map(log.append, batches))
            await log.folded(appended[-1].position)
        spent = time.process_time() - started
        await log.close()
        return spent / (len(bodies) * BATCH) * 1e6

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measured(Path(folder)))


def make_bodies() -> list[bytes]:
    """Requests' bodies: Segment batches of about 550 bytes an event."""
    encode, choose = msgspec.json.encode, random.Random(1)
    bodies: list[bytes] = []
    for batch in range(EVENTS // BATCH):
        if batch % REPEATED == REPEATED - 1:
            bodies.append(bodies[batch // 2])
            continue
        items = [
            {
                "type": "track",
                "messageId": str(UUID(int=choose.getrandbits(128))),
                "userId": f"user-{(batch * BATCH + number) * 7919 % USERS}",
                "event": "Order Completed",
                "timestamp": f"2026-11-24T12:{number % 60:02}:{batch % 60:02}.{(batch * 7 + number) % 1000:03}Z",
                "properties": {
                    "order": f"order-{number}",
                    "total": number * 1.25,
                    "currency": "EUR",
                    "coupon": "WINTER",
                    "products": [{"sku": f"sku-{each}", "price": each * 9.5, "quantity": each} for each in range(2)],
                },
                "context": {
                    "library": {"name": "analytics-python", "version": "2.3.4"},
                    "page": {"url": "https://shop.example.com/cart/checkout", "title": "Checkout"},
                    "locale": "en-GB",
                },
            }
            for number in range(BATCH)
        ]
        bodies.append(encode({"writeKey": "bench", "sentAt": "2026-11-24T12:00:00.000Z", "batch": items}))
    return bodies


def time_over_http(log: str, kept: Path, bodies: Sequence[bytes]) -> Taken:
    """What a server costs with a copy of this log behind its door."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        with served(log, Path(folder)) as (port, pid):
            before = cpu_of(pid)
            rate = asyncio.run(load(port, bodies))
            return Taken(rate, (cpu_of(pid) - before) / (len(bodies) * BATCH) * 1e6)


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def fill(log: str, folder: Path) -> None:
    """Give a log the events it already holds. Their bodies are small; only ids matter here."""
    choose, now = random.Random(2), time.time_ns() // 1_000_000
    given = (
        Event(
            environment="bench",
            message_id=str(UUID(int=choose.getrandbits(128))),
            type="track",
            user_id=f"user-{number % USERS}",
            name="Order Completed",
            timestamp=now,
            received_at=now,
        )
        for number in range(KEPT)
    )
    if log == "ours":
        ours = await SqliteLog.open(folder)
        while batch := list(islice(given, 5000)):
            await ours.append(batch)
        await ours.close()
    else:
        connection = open_table(folder)
        with connection:
            connection.executemany(INSERT, map(as_row, given))
            if log == "simple":
                connection.execute(INDEX)
        connection.close()


@contextmanager
def served(log: str, folder: Path) -> Iterator[tuple[int, int]]:
    """A server process on a free port: the port, and its pid."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.ingest", "--serve", log, "--data", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.communicate(timeout=60)


async def load(port: int, bodies: Sequence[bytes]) -> float:
    """Send everything over many connections; events a second until the last is answered, and folded."""
    requests = [
        b"POST /v1/batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
        % (len(body), body)
        for body in bodies
    ]
    waiting = iter(requests)
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for request in waiting:
            writer.write(request)
            await answered(reader)

    started = time.perf_counter()
    await asyncio.gather(*(work(*connection) for connection in connections))
    reader, writer = connections[0]
    writer.write(b"GET /folded HTTP/1.1\r\nhost: localhost\r\n\r\n")
    await answered(reader)
    took = time.perf_counter() - started
    for _, writer in connections:
        writer.close()
    return len(bodies) * BATCH / took


async def answered(reader: asyncio.StreamReader) -> None:
    """Read one response; anything but 200 ends the bench."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)


def time_bare() -> float:
    """Rows a second that SQLite takes with a sync for every 3,200 of them, nothing else going on."""
    body = msgspec.json.encode({"properties": {"text": "x" * 400}}).decode()
    given = [
        ("bench", f"bench-{number:030d}", "track", f"user-{number % USERS}", "Order Completed", 1, 1, body)
        for number in range(EVENTS)
    ]
    group = BATCH * CONNECTIONS
    with tempfile.TemporaryDirectory() as folder:
        connection = open_table(Path(folder))
        started = time.perf_counter()
        for start in range(0, EVENTS, group):
            with connection:
                connection.executemany(INSERT, given[start : start + group])
        took = time.perf_counter() - started
        connection.close()
    return EVENTS / took


INSERT = (
    "INSERT OR IGNORE INTO events (environment, message_id, type, user_id, name, timestamp, received_at, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


INDEX = "CREATE UNIQUE INDEX once ON events (environment, message_id)"


def open_table(folder: Path) -> apsw.Connection:
    """A table of events, synced at every commit."""
    connection = apsw.Connection(str(folder / "events.db"))
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"CREATE TABLE IF NOT EXISTS events {_ROW}")
    return connection


def as_row(event: Event) -> tuple[Any, ...]:
    """An event as the plain tables keep it."""
    return (
        event.environment,
        event.message_id,
        event.type,
        event.user_id,
        event.name,
        event.timestamp,
        event.received_at,
        bytes(event.body).decode(),
    )


class PlainLog:
    """What the two others have in common with a log."""

    def read(self, after: int, limit: int = 1000) -> AsyncIterator[tuple[int, Event]]:
        raise NotImplementedError

    async def folded(self, position: int) -> None:
        """Nothing is folded here."""


class SimpleLog(PlainLog):
    """The simple way: a unique index, and a commit for each batch where it arrives."""

    def __init__(self, folder: Path) -> None:
        self._connection = open_table(folder)

    async def append(self, events: Sequence[Event]) -> Appended:
        with self._connection:
            self._connection.executemany(INSERT, [as_row(event) for event in events])
        return Appended(0, len(events), 0)


class BareLog(PlainLog):
    """The limit: a writer thread that commits all that waits, one statement and one sync for the lot."""

    def __init__(self, folder: Path) -> None:
        self._connection = open_table(folder)
        self._inbox: SimpleQueue[tuple[Sequence[Event], asyncio.Future[Appended]]] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._write, daemon=True).start()

    async def append(self, events: Sequence[Event]) -> Appended:
        done: asyncio.Future[Appended] = self._loop.create_future()
        self._inbox.put((events, done))
        return await done

    def _write(self) -> None:
        while True:
            group = [self._inbox.get()]
            try:
                while len(group) < 50:
                    group.append(self._inbox.get_nowait())
            except Empty:
                pass
            text = msgspec.json.encode([as_row(event) for events, _ in group for event in events]).decode()
            with self._connection:
                self._connection.execute(
                    "INSERT INTO events (environment, message_id, type, user_id, name, timestamp, received_at, body)"
                    " SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,"
                    " value ->> 6, value ->> 7 FROM json_each(?)",
                    (text,),
                )
            self._loop.call_soon_threadsafe(self._answer, group)

    def _answer(self, group: list[tuple[Sequence[Event], asyncio.Future[Appended]]]) -> None:
        for events, done in group:
            done.set_result(Appended(0, len(events), 0))


class Item(msgspec.Struct, gc=False):
    """One event of a batch as the bare door reads it."""

    type: str
    messageId: str
    userId: str
    event: str
    timestamp: str
    properties: msgspec.Raw
    context: msgspec.Raw


class Items(msgspec.Struct, gc=False):
    """A batch as the bare door reads it."""

    batch: list[Item]


def bare_door(log: Any) -> Any:
    """A door that decodes and appends, and checks nothing."""
    decode = msgspec.json.Decoder(Items).decode

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = await read_body(receive, 1 << 20)
        now = time.time_ns() // 1_000_000
        await log.append(
            [
                Event(
                    environment="bench",
                    message_id=item.messageId,
                    type="track",
                    user_id=item.userId,
                    name=item.event,
                    timestamp=now,
                    received_at=now,
                    body=msgspec.Raw(b'{"properties":%b,"context":%b}' % (item.properties, item.context)),
                )
                for item in decode(body).batch
            ]
        )
        await answer(send, 200, b'{"success":true}', [JSON])

    return app


async def serve(kind: str, folder: Path) -> None:
    """Serve one log behind the tracking door, and say on which port."""
    import uvicorn
    from tests.faults.server import the_door

    match kind:
        case "ours":
            log = cast(Log, await SqliteLog.open(folder))
        case "limit":
            log = cast(Log, BareLog(folder))
        case _:
            log = cast(Log, SimpleLog(folder))
    door, end = the_door(log) if kind == "ours" else bare_door(log), 0
    append = log.append

    async def remember(events: Sequence[Event]) -> Appended:
        nonlocal end
        appended = await append(events)
        end = max(end, appended.position)
        return appended

    log.append = remember

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/folded":
            await log.folded(end)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})
        else:
            await door(scope, receive, send)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        calm_collector()
        config = uvicorn.Config(app, lifespan="off", log_level="warning", access_log=False, proxy_headers=False)
        await uvicorn.Server(config).serve(sockets=[listener])


def main() -> None:
    """Be one of the servers, or print the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", choices=("ours", "limit", "simple"))
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    if arguments.serve is None:
        for row in rows():
            print(msgspec.json.encode(row).decode())
    else:
        import uvloop

        uvloop.run(serve(arguments.serve, arguments.data))


if __name__ == "__main__":
    main()
