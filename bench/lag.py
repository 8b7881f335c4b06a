"""How far a server's state and its analytic store are behind its log, looked at from outside while it is under load."""

from __future__ import annotations

import json
import threading
import time
from collections import deque

import httpx
from tests.support.serving import Serving

FOLD_SECONDS = 1.0
REPLICA_SECONDS = 30.0


class Lags:
    """Looks once a second until it is told to end.

    Fold lag is what a boot that brings an event takes: it is answered once that event is folded. Replica lag is how
    long ago the log ended where the analytic store is now.
    """

    def __init__(self, server: Serving) -> None:
        self._server = server
        project = server.ask("GET", "/api/v1/project").json()
        self._boot = {"project": project["public_id"], "key": server.key(), "sdk": "1", "locale": "en"}
        self._ends: deque[tuple[float, int]] = deque()
        self.folds: list[float] = []
        self.replica = 0.0
        self._over = threading.Event()
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop looking. Raises what went wrong meanwhile."""
        self._over.set()
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def told(self) -> str:
        """Both lags beside their goals."""
        return (
            f"fold lag {max(self.folds):.2f} s at most of {len(self.folds)} looks (goal < {FOLD_SECONDS:g}), "
            f"replica lag {self.replica:.0f} s (goal < {REPLICA_SECONDS:g}) {'yes' if self.are_met() else 'NO'}"
        )

    def are_met(self) -> bool:
        """Whether neither was ever too far behind."""
        return max(self.folds) < FOLD_SECONDS and self.replica < REPLICA_SECONDS

    def _watch(self) -> None:
        try:
            with httpx.Client(timeout=60) as client:
                number = 0
                while not self._over.wait(1.0):
                    number += 1
                    self._look_at_fold(client, number)
                    self._look_at_replica()
        except Exception as problem:  # noqa: BLE001 whoever ends this hears of it
            self._problem = problem

    def _look_at_fold(self, client: httpx.Client, number: int) -> None:
        event = {"type": "track", "event": "looked", "userId": "looker", "messageId": f"look-{number}"}
        page = {"url": "https://localhost/", "title": ""}
        body = json.dumps(self._boot | {"userId": "looker", "page": page, "batch": [event]})
        started = time.monotonic()
        answer = client.post(f"{self._server.address}/sdk/v1/boot", content=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["accepted"] == [f"look-{number}"], answer.text
        self.folds.append(time.monotonic() - started)

    def _look_at_replica(self) -> None:
        now = time.monotonic()
        told = self._server.ask("GET", "/api/v1/analytics").json()
        self._ends.append((now, told["end"]))
        while len(self._ends) > 1 and self._ends[1][1] <= told["position"]:
            self._ends.popleft()
        if told["position"] < told["end"]:
            self.replica = max(self.replica, now - self._ends[0][0])
