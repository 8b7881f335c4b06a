"""Part of `make soak`: many events a second for minutes, through one server, with state and analytics keeping up.

`HANDRAIL_SOAK_RATE` and `HANDRAIL_SOAK_SUSTAINED` (minutes) say how many and for how long. Events are 400 bytes, in
batches of 100 over 32 connections, of which each sends its next one when the clock says so, however long the last took.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

import msgspec
from tests.support.serving import Serving, serving

from bench.ingest import BATCH, CONNECTIONS, answered
from bench.lag import Lags
from bench.memory import UNLIMITED, resident

RATE = int(os.environ.get("HANDRAIL_SOAK_RATE", "30000"))
MINUTES = float(os.environ.get("HANDRAIL_SOAK_SUSTAINED", "10"))
USERS = 20_000


def main() -> int:
    """0 when the rate was held and nothing fell behind, 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data", **UNLIMITED) as server:
        lags = Lags(server)
        sent, took, slowest = asyncio.run(_send(server, MINUTES * 60))
        lags.end()
        memory = resident(server)
    held = sent / took >= 0.98 * RATE
    print(
        f"sustained: {sent:,} events in {took / 60:.1f} min, {sent / took:,.0f}/s of {RATE:,} wanted "
        f"{'yes' if held else 'NO'}; slowest answer {slowest:.2f} s; {memory:.0f} MB; {lags.told()}",
        flush=True,
    )
    return 0 if held and lags.are_met() else 1


async def _send(server: Serving, seconds: float) -> tuple[int, float, float]:
    """How many events were answered in how many seconds, and the longest wait for one answer."""
    key, started, number, slowest = server.key(), time.monotonic(), 0, 0.0

    async def work() -> None:
        nonlocal number, slowest
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while True:
            mine, number = number, number + 1
            due = started + mine * BATCH / RATE
            if due > started + seconds:
                break
            body = _batch(key, mine)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            asked = time.monotonic()
            writer.write(
                b"POST /v1/batch HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
            )
            await answered(reader)
            slowest = max(slowest, time.monotonic() - asked)
        writer.close()

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return min(number, int(seconds * RATE / BATCH) + 1) * BATCH, time.monotonic() - started, slowest


def _batch(key: str, number: int) -> bytes:
    events = [
        {
            "type": "track",
            "messageId": f"message-{at:032d}",
            "userId": f"user-{at * 7919 % USERS}",
            "event": f"Event {at % 20}",
            "properties": {"order": f"order-{at}", "total": at % 500, "currency": "EUR", "note": "x" * 120},
            "context": {"library": {"name": "bench", "version": "1"}, "locale": "en-GB"},
        }
        for at in range(number * BATCH, (number + 1) * BATCH)
    ]
    return msgspec.json.encode({"writeKey": key, "batch": events})


if __name__ == "__main__":
    raise SystemExit(main())
