"""A server process to break, clients to load it, and the ledger that judges it from outside."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from tests.support.network import find_free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 30


class Server:
    """One server process. `prefix` is a command that runs it (a tracer)."""

    def __init__(self, data: Path, *, mutant: bool = False, prefix: Sequence[str] = ()) -> None:
        self.port = find_free_port()
        arguments = ["--data", str(data), "--port", str(self.port), *(["--mutant"] if mutant else [])]
        # The interpreter itself: a wrapper's pid would be the one that gets killed or traced.
        self.process = subprocess.Popen(
            [*prefix, os.path.realpath(sys.executable), "-m", "tests.faults.server", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src"), *sys.path])},
            stderr=subprocess.DEVNULL,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    async def ready(self) -> None:
        """Return once it answers."""
        async with asyncio.timeout(PATIENCE):
            while True:
                assert self.process.poll() is None, "the server did not start"
                try:
                    connection = await Client.connect(self.port)
                except OSError:
                    await asyncio.sleep(0.01)  # nothing tells when a port opens
                    continue
                await connection.close()
                return

    def kill(self) -> None:
        """SIGKILL, and the proof that it landed."""
        os.kill(self.pid, signal.SIGKILL)
        assert self.process.wait(PATIENCE) == -signal.SIGKILL
        with suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            raise AssertionError("the killed process still lives")

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.process.terminate()
        self.process.wait(PATIENCE)


class Client:
    """One connection, kept alive, that speaks just enough HTTP/1.1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.retry_after = False
        """Whether the last answer said when to come again."""

    @classmethod
    async def connect(cls, port: int) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, write_key: str, batch: Sequence[dict[str, object]]) -> int:
        """Send one batch; its status. Raises OSError or EOFError when the connection is cut."""
        body = msgspec.json.encode({"writeKey": write_key, "batch": batch})
        self._writer.write(
            b"POST /v1/batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%s" % (len(body), body)
        )
        await self._writer.drain()
        return await self._answered()

    async def get(self, path: str) -> int:
        """Ask for a document; its status."""
        self._writer.write(b"GET %b HTTP/1.1\r\nhost: localhost\r\n\r\n" % path.encode())
        await self._writer.drain()
        return await self._answered()

    async def _answered(self) -> int:
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        self.retry_after = b"\r\nretry-after:" in head.lower()
        lengths = [
            int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        ]
        await self._reader.readexactly(sum(lengths))
        return status

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


class Ledger:
    """What was sent, and what was acknowledged: (write key, message id)."""

    def __init__(self) -> None:
        self.sent: set[tuple[str, str]] = set()
        self.acknowledged: set[tuple[str, str]] = set()
        self.order: list[str] = []
        """Acknowledged message ids, oldest first."""
        self.statuses: Counter[int] = Counter()
        self.cut = 0

    async def send(self, client: Client, write_key: str, message_ids: Sequence[str]) -> int:
        """Post these events and note what came of it."""
        names = {(write_key, message_id) for message_id in message_ids}
        self.sent |= names
        status = await client.post(write_key, [an_item(message_id) for message_id in message_ids])
        self.statuses[status] += 1
        if status == 200:
            self.acknowledged |= names
            self.order += message_ids
        return status


def an_item(message_id: str) -> dict[str, object]:
    """A track event whose user and properties follow from its id."""
    return {
        "type": "track",
        "messageId": message_id,
        "userId": f"user-{hash_of(message_id) % 20}",
        "event": "Order Completed",
        "properties": {"text": message_id * 8},
    }


def hash_of(text: str) -> int:
    """A number from text that is the same in every process."""
    return sum(map(ord, text))
