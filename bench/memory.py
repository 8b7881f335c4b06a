"""Memory over time and at size: a server at half load, and a project with very many users and experiences.

Part of `make soak`. `HANDRAIL_SOAK_MINUTES`, `_USERS` and `_EXPERIENCES` make it shorter for trying, and what is
printed says which were used. Memory is the server process's resident set. Ids of counted events are data that grows by
design, twenty bytes an event, so they are told apart. DuckDB keeps pages of its file up to a cap, so the store is made
larger than that before anything is measured. What is left has to be flat. The slope is a least-squares line through the
least of each half minute of the second half, when the other caches are filled: putting events in order takes memory and
gives it back, what leaks is never given back. It is printed with twice its standard error: so short a run cannot tell
less than that from nothing.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import linear_regression, mean
from typing import Any

import httpx
from tests.support.serving import Serving, serving

from bench.lag import Lags
from handrail.adapters.duckdb import MEMORY

MINUTES = float(os.environ.get("HANDRAIL_SOAK_MINUTES", "20"))
USERS = int(os.environ.get("HANDRAIL_SOAK_USERS", "1000000"))
EXPERIENCES = int(os.environ.get("HANDRAIL_SOAK_EXPERIENCES", "5000"))
BATCH = 500
REGULARS = 5000
"""How many users the steady load is about: as many as fit, so that what grows is a leak and no data."""
UNLIMITED: dict[str, Any] = {"limit_address": "0", "limit_key": "0", "limit_user": "0"}


def main() -> int:
    """0 when memory is flat and a large project stays under its limit, 1 otherwise."""
    good = [steady(MINUTES), giant(USERS, EXPERIENCES)]
    return 0 if all(good) else 1


def steady(minutes: float) -> bool:
    """Half of what one sender can send, for some minutes: at most 1 MB an hour more, and nothing far behind the log."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data", **UNLIMITED) as server:
        _fill_pages(server)
        batches = _tracked(server.key())
        started, sent = time.monotonic(), 0
        while time.monotonic() - started < 10:
            sent += _send(server, next(batches))
        pause = 2 * 10 / (sent / BATCH)
        samples: list[tuple[float, float]] = []
        lags = Lags(server)
        started, sent = time.monotonic(), 0
        while (now := time.monotonic() - started) < minutes * 60:
            sent += _send(server, next(batches))
            samples.append((now / 3600, resident(server) - resident_ids(server)))
            # The next one is due by the clock, however long this one took.
            time.sleep(max(0.0, started + (sent / BATCH) * pause - time.monotonic()))
        lags.end()
        ids = resident_ids(server)
        slope, error = _slope(_least(samples[len(samples) // 2 :]))
    rate, last = sent / (minutes * 60), samples[-1][1]
    good = slope - 2 * error <= 1
    print(
        f"steady: {minutes:g} min at {rate:,.0f} events/s: {last:.0f} MB and {ids:.0f} MB of ids, "
        f"{slope:+.2f} +- {2 * error:.2f} MB/h without them (goal <= 1) {'yes' if good else 'NO'}; {lags.told()}",
        flush=True,
    )
    return good and lags.are_met()


def giant(users: int, experiences: int) -> bool:
    """A project of this size, taken in, counted and served, under 512 MB."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data", **UNLIMITED) as server:
        peak = _Peak(server)
        key = server.key()
        for first in range(0, users, BATCH):
            _send(server, _identified(key, range(first, min(first + BATCH, users))))
        taken = peak.now()
        for first in range(0, experiences, 250):
            documents = [
                {"sort": "experience", "document": _banner(number)}
                for number in range(first, min(first + 250, experiences))
            ]
            answer = server.ask("POST", "/api/v1/apply", json={"documents": documents})
            assert answer.status_code == 200, answer.text
        published = peak.now()
        _wait_for_replica(server)
        counted = server.ask("GET", "/api/v1/count", params={"experience": "banner-0"})
        assert counted.json()["users"] == (users + 2) // 3, counted.text
        most = peak.end()
    good = most <= 512
    print(
        f"giant: {users:,} users, {experiences:,} experiences: at most {most:.0f} MB (goal <= 512) "
        f"{'yes' if good else 'NO'}; {taken:.0f} MB with the users, {published:.0f} MB with what was published",
        flush=True,
    )
    return good


class _Peak:
    """Looks at a server's memory twice a second until it is told to end."""

    def __init__(self, server: Serving) -> None:
        self._server, self._most, self._over = server, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            self._most = max(self._most, resident(self._server))

    def now(self) -> float:
        """The most there was so far, in MB."""
        return self._most

    def end(self) -> float:
        """The most there was, in MB."""
        self._over.set()
        self._thread.join()
        return max(self._most, resident(self._server))


def resident(server: Serving) -> float:
    """The server process's resident set in MB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def resident_ids(server: Serving) -> float:
    """What of it are ids of counted events: nothing else asks for large pages."""
    found = resident = 0
    for line in Path(f"/proc/{server.process.pid}/smaps").read_text().splitlines():
        if line.startswith("Rss:"):
            resident = int(line.split()[1])
        elif line.startswith("VmFlags:") and "hg" in line.split():
            found += resident
    return found / 1024


def _fill_pages(server: Serving) -> None:
    """Make the analytic store's file larger than the memory that DuckDB may keep of it."""
    file, enough, number = server.data / "analytics.duckdb", int(MEMORY.removesuffix("MB")) * 1_000_000, 0
    key, chance = server.key(), random.Random(1)
    while file.stat().st_size < enough:
        for _ in range(50):
            batch = [
                {
                    "type": "track",
                    "event": "filled",
                    "userId": f"u{at % REGULARS}",
                    "messageId": f"f{at}",
                    # Nothing makes these much shorter.
                    "properties": {name: chance.randbytes(350).hex() for name in "abcdef"},
                }
                for at in range(number, number + 100)
            ]
            number += 100
            _send(server, json.dumps({"writeKey": key, "batch": batch}).encode())
        _wait_for_replica(server)


def _wait_for_replica(server: Serving) -> None:
    """Return once the analytic store has what the log had."""
    while (told := server.ask("GET", "/api/v1/analytics").json())["position"] < told["end"]:
        time.sleep(1)


def _send(server: Serving, body: bytes) -> int:
    answer = httpx.post(f"{server.address}/v1/batch", content=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return BATCH


def _tracked(key: str) -> Iterator[bytes]:
    number = 0
    while True:
        batch = [
            {"type": "track", "event": f"e{at % 20}", "userId": f"u{at % REGULARS}", "messageId": f"m{at}"}
            for at in range(number, number + BATCH)
        ]
        number += BATCH
        yield json.dumps({"writeKey": key, "batch": batch}).encode()


def _identified(key: str, numbers: range) -> bytes:
    batch = [
        {
            "type": "identify",
            "userId": f"u{number}",
            "messageId": f"i{number}",
            "traits": {"plan": ("pro", "team", "trial")[number % 3], "email": f"u{number}@example.com"}
            | {f"a{at}": number % (at + 2) for at in range(8)},
        }
        for number in numbers
    ]
    return json.dumps({"writeKey": key, "batch": batch}).encode()


def _banner(number: int) -> dict[str, object]:
    text = {"type": "paragraph", "text": f"Banner {number}: " + "what there is to say about it, at some length. " * 10}
    return {
        "kind": "banner",
        "key": f"banner-{number}",
        "name": f"Banner {number}",
        "audience": {"attribute": "custom.plan", "operator": "is", "value": ("pro", "team", "trial")[number % 3]},
        "content": {"blocks": [text]},
    }


def _least(samples: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The least of each half minute."""
    halves: dict[int, tuple[float, float]] = {}
    for hour, value in samples:
        half = int(hour * 120)
        halves[half] = min(halves.get(half, (hour, value)), (hour, value), key=lambda sample: sample[1])
    return list(halves.values())


def _slope(samples: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The slope of a least-squares line, and its standard error."""
    if len(samples) < 3:
        return 0.0, float("inf")
    (slope, start), middle = linear_regression(*zip(*samples, strict=True)), mean(x for x, _ in samples)
    left = sum((y - start - slope * x) ** 2 for x, y in samples)
    return slope, (left / (len(samples) - 2) / sum((x - middle) ** 2 for x, _ in samples)) ** 0.5


if __name__ == "__main__":
    raise SystemExit(main())
