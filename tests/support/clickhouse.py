"""The tests' ClickHouse: one server a process of pytest, one database a store."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "clickhouse"
LIBRARY = FOLDER / "node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"


class ClickhouseServer:
    """A server on a folder of its own; `stop` kills it as a power cut would, `start` brings it back."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="handrail-clickhouse-"))
        self.port = _free_port()
        self._made = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start, and return once it answers."""
        command = [sys.executable, str(FOLDER / "server.py"), str(LIBRARY), str(self.folder), str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        give_up = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError((self.folder / "server.log").read_text()[-2000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Kill it and remove what it kept."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self) -> str:
        """The address of a database that nobody used before."""
        self._made += 1
        return f"http://127.0.0.1:{self.port}/test{self._made}"

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def clickhouse_or_skip() -> ClickhouseServer:
    """A server; where its library is not installed the test is skipped, or fails with HANDRAIL_REQUIRE_ALL."""
    if not LIBRARY.exists():
        reason = "There is no ClickHouse here: npm ci in tests/clickhouse (Linux on x86-64 only)."
        if os.environ.get("HANDRAIL_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return ClickhouseServer()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
