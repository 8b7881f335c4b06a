"""Fixtures that every room's tests may ask for."""

import asyncio
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.support.chromium import ChromiumMissing, chromium_arguments, find_chromium
from tests.support.network import find_free_port
from tests.support.postgres import Cluster, PostgresMissing, fresh_database

# How long an example takes says more about the machine than about what is tested.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Lets tests use asyncio in a worker whose browser is open: Playwright leaves its loop marked as running."""
    if "playwright" in getattr(item, "fixturenames", ()):
        return (yield)
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        if running is not None and not running.is_closed():
            asyncio._set_running_loop(running)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server that may create databases, this worker's alone.

    A log is read below the oldest transaction of its server, whichever database that is in: another worker's open one
    would hide what was just appended here.
    """
    if named := os.environ.get("HANDRAIL_TEST_POSTGRES"):
        yield named
        return
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="handrail-pg-")))
    try:
        yield cluster.started()
    except PostgresMissing as missing:
        _skip_or_fail(missing)
    finally:
        cluster.remove()


@pytest.fixture
def postgres_dsn(postgres_server: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database, this test's alone."""
    with fresh_database(postgres_server) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser that tests drive."""
    try:
        return find_chromium()
    except ChromiumMissing as missing:
        _skip_or_fail(missing)


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium_path: Path) -> dict[str, Any]:
    """How pytest-playwright's `browser` and `page` start the installed Chromium."""
    return {"executable_path": str(chromium_path), "args": chromium_arguments()}


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody listens on."""
    return find_free_port()


def _skip_or_fail(missing: Exception) -> NoReturn:
    """`make test` sets HANDRAIL_REQUIRE_ALL: there a missing program is a failure, not a skip."""
    if os.environ.get("HANDRAIL_REQUIRE_ALL") == "1":
        raise missing
    pytest.skip(str(missing))
