"""One source that floods a server behind real proxies is held back, and whoever comes beside it notices nothing."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from uuid import uuid4

import httpx
import pytest

from tests.support.network import find_free_port
from tests.support.serving import PATIENCE, serving
from tests.support.soak import SOAK

LIMIT = 2
"""Requests a second that one address may make."""
FLOOD = 50 * LIMIT
OTHERS = 20
SECONDS = 20
NOTICED = 0.05
"""Seconds below which nobody notices whether an answer took twice as long."""

CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log stderr crit; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {servers}
}}
"""
SERVER = """
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
"""


@contextmanager
def proxied(folder: Path, port: int, proxies: int) -> Iterator[int]:
    """So many proxies in a row before a port; gives the port of the outermost."""
    if not proxies:
        yield port
        return
    servers = ""
    for _ in range(proxies):
        behind, port = port, find_free_port()
        servers += SERVER.format(port=port, behind=behind)
    folder.mkdir()
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, servers=servers))
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(file)])
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/readyz")
                break
            except httpx.HTTPError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


class Source:
    """One address that asks at a rate, with headers that claim to be others."""

    def __init__(self, address: str, url: str, key: str, rate: float) -> None:
        self.statuses: Counter[int] = Counter()
        self.took: list[float] = []
        self._url, self._rate = url, rate
        self._body = {"writeKey": key, "userId": address, "event": "Saved"}
        # All of 127/8 is this machine, so each source is an address of its own.
        transport = httpx.AsyncHTTPTransport(local_address=address)
        self._client = httpx.AsyncClient(transport=transport, timeout=PATIENCE)

    async def run(self, seconds: float) -> None:
        started, number = time.monotonic(), 0
        while (due := number / self._rate) < seconds:
            await asyncio.sleep(started + due - time.monotonic())
            forged = {"x-forwarded-for": f"8.8.{number % 250}.1, 198.51.100.{number % 250}"}
            asked = time.monotonic()
            body = self._body | {"messageId": uuid4().hex}
            answer = await self._client.post(self._url, headers=forged, json=body)
            self.took.append(time.monotonic() - asked)
            self.statuses[answer.status_code] += 1
            number += 1

    async def close(self) -> None:
        await self._client.aclose()


async def ask(url: str, key: str, flooded: bool) -> tuple[list[Source], Source]:
    """Some sources that ask within their limit, beside one that may flood."""
    flood = Source("127.0.0.66", url, key, FLOOD / 8)
    others = [Source(f"127.0.1.{number + 1}", url, key, LIMIT / 2) for number in range(OTHERS)]
    await asyncio.gather(
        *(each.run(SECONDS) for each in others), *([flood.run(SECONDS) for _ in range(8)] if flooded else [])
    )
    for each in (flood, *others):
        await each.close()
    return others, flood


def slowest(sources: list[Source]) -> float:
    """Below how many seconds 99 of 100 answers took."""
    return quantiles([took for each in sources for took in each.took], n=100)[98]


@pytest.mark.skipif(not SOAK, reason="needs nginx: make soak installs it")
@pytest.mark.parametrize("proxies", [0, 1, 2])
async def test_a_flood_behind_proxies_is_the_flood_s_own(tmp_path: Path, proxies: int) -> None:
    with (
        serving(tmp_path / "data", limit_address=str(LIMIT), trusted_proxies=str(proxies)) as server,
        proxied(tmp_path / "nginx", server.port, proxies) as port,
    ):
        url, key = f"http://127.0.0.1:{port}/v1/track", server.key()
        before, _ = await ask(url, key, flooded=False)
        began = time.monotonic()
        others, flood = await ask(url, key, flooded=True)
        flooded = time.monotonic() - began
    statuses = sum((each.statuses for each in (*before, *others)), Counter[int]())
    assert set(statuses) == {200}
    assert flood.statuses[429] > 0
    # A bucket holds ten seconds, and fills while it is emptied.
    assert flood.statuses[200] <= LIMIT * (10 + flooded)
    assert slowest(others) <= max(2 * slowest(before), NOTICED)
