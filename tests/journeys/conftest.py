"""What journeys share: one running demo, and a page signed in as one of its personas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.demo import Demo, running_demo
from tests.support.panels import Host, host_of

# A busy machine shows the same thing, only later.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The real demo, in its own folder."""
    folder: Path = tmp_path_factory.mktemp("demo")
    with running_demo(folder) as running:
        yield running


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The same host application with nothing published: a test shows just what it publishes itself."""
    folder: Path = tmp_path_factory.mktemp("quiet")
    with running_demo(folder) as running:
        documents = cast("dict[str, Any]", running.ask("GET", "/api/v1/documents"))["documents"]
        for each in documents:
            if each["sort"] == "experience":
                running.ask("POST", f"/api/v1/experiences/{each['document']['key']}/pause")
        yield running


@pytest.fixture(scope="session")
def emptied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo for tests that prune: what is live is what the latest of them published, and nothing else."""
    with running_demo(tmp_path_factory.mktemp("emptied")) as running:
        yield running


@pytest.fixture
def host(emptied: Demo, browser: Browser, tmp_path: Path) -> Iterator[Host]:
    """A small host application with a strict policy, for what stays on the page."""
    folder = tmp_path / "pages"
    folder.mkdir()
    with host_of(emptied, browser, folder) as running:
        yield running


@pytest.fixture
def visit(demo: Demo, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the demo's host page in a browser of its own; `persona` signs in before anything loads.

    `host` is another demo's, such as the quiet one. With `clock` the test may move the page's.
    """
    contexts = []

    def open_page(
        persona: str | None = None,
        path: str = "/demo/index.html",
        host: Demo | None = None,
        *,
        clock: bool = False,
        **options: object,
    ) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)  # pyright: ignore[reportArgumentType]
        contexts.append(context)
        page = context.new_page()
        page.faults = []  # pyright: ignore[reportAttributeAccessIssue]
        page.on("pageerror", lambda fault: page.faults.append(str(fault)))  # pyright: ignore[reportAttributeAccessIssue]
        if persona:
            context.add_init_script(f"localStorage.setItem('demo-persona', {persona!r})")
        if clock:
            page.clock.install()
        page.goto((host or demo).host + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
