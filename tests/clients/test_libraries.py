"""Segment's own libraries against a real server: what they sent is what arrived, each event once."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from segment.analytics.client import Client

from handrail.serving import Trusted
from tests.support.installation import KEY, PUBLIC_ID, Running, running
from tests.support.network import find_free_port

HERE = Path(__file__).parent


@asynccontextmanager
async def served(folder: Path) -> AsyncGenerator[tuple[Running, str]]:
    """An installation on a port of its own."""
    async with running(folder) as open_one:
        port = find_free_port()
        application = open_one.installation.application()
        server = uvicorn.Server(uvicorn.Config(application, port=port, lifespan="off", log_level="warning"))
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 the server has no event to wait for
            await asyncio.sleep(0.01)
        try:
            yield open_one, f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
async def test_the_python_library(tmp_path: Path, zipped: bool) -> None:
    async with served(tmp_path) as (door, host):
        faults: list[object] = []

        def send() -> None:
            client = Client(KEY, host=host, gzip=zipped, on_error=lambda error, _: faults.append(error))
            for number in range(250):
                client.track("ann", "Order", {"number": number})
            client.identify("ann", {"plan": "pro"})
            client.group("ann", "acme", {"tier": "gold"})
            client.flush()
            client.join()

        await asyncio.to_thread(send)
        kept = await door.kept()
        assert faults == []
        assert len([event for event in kept if event.type == "track"]) == 250
        assert {event.type for event in kept} == {"track", "identify", "group"}
        assert len({event.message_id for event in kept}) == 252


async def test_the_node_library(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, host):
        command = ["node", "send.mjs", host, KEY, "55"]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=HERE, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        kept = await door.kept()
        assert len([event for event in kept if event.type == "track"]) == 55
        assert len({event.message_id for event in kept}) == 56


async def test_the_python_library_through_a_destination(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, host):
        transport = httpx.ASGITransport(Trusted(door.installation.application()))
        document = {"kind": "destination", "key": "jimo", "settings": {"projectId": PUBLIC_ID}}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as api:
            body = {"documents": [{"sort": "destination", "document": document}]}
            assert (await api.post("/api/v1/apply", json=body)).status_code == 200

        def send() -> None:
            client = Client(KEY, host=host)
            client.identify("ann", {"email": "ann@x.test", "plan": "pro"})
            for number in range(50):
                client.track("ann", "Order", {"number": number})
            client.track("ann", "Secret", integrations={"Jimo (Actions)": False})
            client.page("ann", "Home")
            client.group("ann", "acme", {"tier": "gold"})
            client.flush()
            client.join()

        await asyncio.to_thread(send)
        kept = await door.kept()
        assert {(each.type, each.name) for each in kept} == {("identify", None), ("track", "Order"), ("group", None)}
        assert len(kept) == 52
        [report] = await door.installation.destinations.report(kept[0].environment)
        assert (report.received, report.unmatched) == (54, 1)
        assert [(each.counted.sent, each.counted.blocked, each.counted.failed) for each in report.mappings] == [
            (1, 0, 0), (50, 1, 0), (1, 0, 0),
        ]  # fmt: skip
