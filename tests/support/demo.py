"""A running demo for journeys: the real command in its own process and folder, on a free port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import httpx
from playwright.sync_api import Page

from tests.support.network import find_free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 180
"""How long a busy machine may take over one call or command, in seconds."""


class Demo:
    """The demo server as a journey sees it."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder
        self.host = f"http://localhost:{port}"
        self.server = f"http://127.0.0.1:{port}"
        self._transport = httpx.HTTPTransport(uds=str(folder / "socket"))
        self._environment = {**os.environ, "HANDRAIL_DATA": str(folder), "HANDRAIL_PORT": str(port)}

    def ask(self, method: str, path: str, **more: object) -> dict[str, object] | list[dict[str, object]]:
        """One API call through the command socket."""
        with httpx.Client(transport=self._transport, base_url="http://handrail", timeout=PATIENCE) as client:
            answer = client.request(method, path, **more)  # pyright: ignore[reportArgumentType]
            answer.raise_for_status()
            return answer.json()

    def explain(self, user: str, experience: str, page: str = "/demo/index.html") -> dict[str, object]:
        """Why one experience shows, or does not."""
        query = {"user": user, "url": self.host + page, "experience": experience}
        found = self.ask("GET", "/api/v1/explain", params=query)
        return cast("list[dict[str, object]]", found)[0]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `handrail WORDS` against this demo."""
        command = [sys.executable, "-m", "handrail.cli", *words]
        return subprocess.run(
            command, env=self._environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
        )


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """The demo, from its first answer to its end."""
    port = find_free_port()
    environment = {**os.environ, "HANDRAIL_DATA": str(folder), "HANDRAIL_PORT": str(port)}
    with (folder / "output").open("w") as output:
        # Into a file: a pipe that nobody reads is full one day, and the server waits at it for ever.
        command = [sys.executable, "-m", "handrail.cli", "demo"]
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/readyz").raise_for_status()
                break
            except httpx.HTTPError:
                if process.poll() is not None:
                    told = (folder / "output").read_text()
                    raise AssertionError(f"the demo ended with {process.returncode}: {told}") from None
                if time.monotonic() > deadline:
                    raise AssertionError("the demo does not answer within two minutes") from None
                time.sleep(0.1)
        yield Demo(port, folder)
    finally:
        process.terminate()
        process.wait(20)


def decisions(page_decisions: object) -> dict[str, str]:
    """The SDK's latest decision for each experience: `shown`, or why not."""
    latest: dict[str, str] = {}
    for each in json.loads(json.dumps(page_decisions)):
        latest[each["key"]] = "shown" if each["shown"] else each["because"]
    return latest


def become(page: Page, user: str, **attributes: str) -> None:
    """Identify as somebody else, attributes set in the callback as the contract asks."""
    page.evaluate(
        """([user, attributes]) => jimo.push(['do', 'identify', [user, () => jimo.push(
            ['set', 'user:attributes', [attributes, true]])]])""",
        [user, attributes],
    )
