"""Upgrades: pages that still have the SDK of an earlier release go on with today's server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.support.demo import ROOT, Demo, running_demo
from tests.support.waiting import eventually

OLD = ROOT / "tests" / "fixtures" / "first_sdk"
CORE = next(OLD.glob("handrail-*.js.gz")).name.removesuffix(".gz")


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo on a folder in which an earlier release has run, and left its files of the SDK."""
    folder: Path = tmp_path_factory.mktemp("upgraded")
    shutil.copytree(OLD, folder / "sdk", ignore=shutil.ignore_patterns("*.md"))
    with running_demo(folder) as running:
        yield running


def pin(page: Page, demo: Demo) -> None:
    """The page gets the earlier release's script from the server, as by a snippet that pins a version."""
    pinned = f"{demo.server}/sdk/v1/assets/{CORE}"
    page.route("**/sdk/v1/handrail.js", lambda route: route.fulfill(response=route.fetch(url=pinned)))


def test_an_earlier_sdk_shows_a_tour_of_todays_server_and_its_events_arrive(upgraded: Demo, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script("localStorage.setItem('demo-persona', 'ada')")
    page = context.new_page()
    faults: list[str] = []
    loaded: list[Response] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("response", lambda answer: loaded.append(answer) if "/sdk/v1/" in answer.url else None)
    pin(page, upgraded)
    page.goto(upgraded.host + "/demo/index.html")
    card = page.locator("handrail-root [role=dialog]").first
    expect(card).to_be_visible()
    eventually(page, lambda: upgraded.explain("ada", "welcome")["because"] == "frequency_once", seconds=60)
    assert any("/assets/tour-eFsJ8mk3dtl3.js" in each.url and each.ok for each in loaded)
    assert [each.url for each in loaded if each.status >= 400] == []
    assert faults == []
    context.close()
