"""A real installation on a folder of its own, asked in process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from handrail.app import Installation
from handrail.core.events import Event
from handrail.serving import Trusted
from handrail.settings import Settings
from handrail.workspace.seed import NewEnvironment, NewProject

PUBLIC_ID = "00000000-0000-4000-8000-000000000002"
KEY, OTHER_KEY = "wk_production", "wk_staging"


class Running:
    """An open installation and a client for its doors."""

    def __init__(self, installation: Installation, client: httpx.AsyncClient, operator: httpx.AsyncClient) -> None:
        self.installation = installation
        self.client = client
        self.operator = operator
        """A client as the command line is one: trusted."""

    async def kept(self) -> list[Event]:
        """Every event on disk, in order."""
        return [event async for _, event in self.installation.log.read(0, 100_000)]


@asynccontextmanager
async def running(folder: Path, database: str = "", **settings: int | str) -> AsyncGenerator[Running]:
    """An installation with two environments, `app.example.com` and its staging; on files without a `database`."""
    installation = await Installation.open(
        msgspec.structs.replace(Settings(data=str(folder), database=database), **settings)
    )
    environments = (
        NewEnvironment("production", "Production", ("app.example.com", "*.example.com"), KEY),
        NewEnvironment("staging", "Staging", ("*.staging.example.com", "re:^preview-[0-9]+[.]test$"), OTHER_KEY),
    )
    await installation.seeded(NewProject(id="p_test", public_id=PUBLIC_ID, name="Test", environments=environments))
    application = installation.application()
    address = "http://127.0.0.1"
    try:
        async with (
            httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=address) as client,
            httpx.AsyncClient(transport=httpx.ASGITransport(Trusted(application)), base_url=address) as operator,
        ):
            yield Running(installation, client, operator)
    finally:
        await installation.close()
