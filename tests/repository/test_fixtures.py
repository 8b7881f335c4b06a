"""The shared fixtures work, also beside each other in one worker."""

import asyncio
import socket
from pathlib import Path

import asyncpg
import pytest
from playwright.sync_api import Page


async def _current_database(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval("select current_database()")
    finally:
        await connection.close()


@pytest.mark.parametrize("_time", [1, 2])
async def test_each_test_gets_an_empty_postgres_database(postgres_dsn: str, _time: int) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    try:
        await connection.execute("create table mark (id int)")
    finally:
        await connection.close()


def test_a_plain_test_reaches_postgres_too(postgres_dsn: str) -> None:
    assert asyncio.run(_current_database(postgres_dsn)).startswith("handrail_")


def test_the_browser_is_the_installed_chromium(page: Page, chromium_path: Path) -> None:
    assert chromium_path.exists()
    page.set_content("<button>Hello</button>")
    assert page.get_by_role("button", name="Hello").is_visible()


async def test_an_async_test_runs_while_a_browser_is_open(postgres_dsn: str) -> None:
    assert await _current_database(postgres_dsn)


def test_the_browser_still_answers_after_an_async_test(page: Page) -> None:
    assert page.evaluate("1 + 1") == 2


def test_a_free_port_can_be_listened_on(free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port)):
        pass
