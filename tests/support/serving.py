"""Real `handrail` processes for tests: started, asked through their port and their folder, stopped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.network import find_free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def handrail(*words: str, data: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end. Settings are given by their names in lower case."""
    return subprocess.run(
        [sys.executable, "-m", "handrail.cli", *words],
        env=environment(data=str(data), **settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with `HANDRAIL_*` as given, and nothing of the caller's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HANDRAIL_")}
    return kept | {f"HANDRAIL_{name.upper()}": value for name, value in settings.items()}


class Serving:
    """One running `handrail serve`."""

    def __init__(self, process: subprocess.Popen[str], port: int, data: Path, output: Path) -> None:
        self.process = process
        self.port = port
        self.data = data
        self.address = f"http://127.0.0.1:{port}"
        self._output = output

    def said(self) -> str:
        """What it printed so far."""
        return self._output.read_text()

    def workers(self) -> list[int]:
        """The process id of each worker that was ever started, in order of starting."""
        return [int(found) for found in re.findall(r"is process (\d+)\.", self.said())]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request through the data folder's socket, as the command line asks."""
        transport = httpx.HTTPTransport(uds=str(self.data / "socket"))
        with httpx.Client(transport=transport, base_url="http://handrail", timeout=PATIENCE) as client:
            return client.request(method, path, **more)

    def key(self, name: str = "Production") -> str:
        """The write key of an environment."""
        project = self.ask("GET", "/api/v1/project").json()
        return next(each["write_key"] for each in project["environments"] if each["name"] == name)

    def wait(self, patience: float = PATIENCE) -> None:
        """Return once it answers. Raises AssertionError when it ended, or never did."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.said()}"
            try:
                if httpx.get(f"{self.address}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"no answer in {patience} s: {self.said()}")


@contextmanager
def serving(data: Path, *words: str, port: int | None = None, **settings: str) -> Iterator[Serving]:
    """`handrail serve` from its first answer to its end."""
    port = port or find_free_port()
    output = data.parent / f"{data.name}-{port}.out"
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "handrail.cli", "serve", *words],
            env=environment(data=str(data), port=str(port), **settings),
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            started = Serving(process, port, data, output)
            started.wait()
            yield started
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
