"""The installation that the doors' tests ask."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from tests.support.installation import Running, running


@pytest_asyncio.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Running]:
    """A real installation on an empty folder."""
    async with running(tmp_path) as open_one:
        yield open_one
