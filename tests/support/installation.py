"""A real installation on a folder of its own, asked in process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from handrail.app import Installation
from handrail.core.events import Event
from handrail.settings import Settings
from handrail.workspace.seed import NewEnvironment, NewProject

PUBLIC_ID = "00000000-0000-4000-8000-000000000002"
KEY, OTHER_KEY = "wk_production", "wk_staging"


class Running:
    """An open installation and a client for its doors."""

    def __init__(self, installation: Installation, client: httpx.AsyncClient) -> None:
        self.installation = installation
        self.client = client

    async def kept(self) -> list[Event]:
        """Every event on disk, in order."""
        return [event async for _, event in self.installation.log.read(0, 100_000)]


@asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[Running]:
    """An installation with two environments: `app.example.com` and its staging."""
    installation = await Installation.open(Settings(data=str(folder)))
    environments = (
        NewEnvironment("production", "Production", ("app.example.com", "*.example.com"), KEY),
        NewEnvironment("staging", "Staging", ("*.staging.example.com", "re:^preview-[0-9]+[.]test$"), OTHER_KEY),
    )
    await installation.seeded(NewProject(id="p_test", public_id=PUBLIC_ID, name="Test", environments=environments))
    transport = httpx.ASGITransport(installation.application())
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield Running(installation, client)
    finally:
        await installation.close()
