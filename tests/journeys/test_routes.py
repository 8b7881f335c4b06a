"""Routes in a browser without the Navigation API: history tells of them, and its methods are given back after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.demo import Demo
from tests.support.gallery import published
from tests.support.kinds import FORMS

THERE = FORMS["floating"] | {
    "show_on": {"on": "page_opening"},
    "frequency": {"every": "time"},
    "where": {"include": [{"part": "query", "name": "there", "operator": "equals", "value": "1"}]},
}
OLDER = """
Object.defineProperty(window, 'navigation', {value: undefined})
window.natives = [history.pushState, history.replaceState]
"""
GO = {
    "pushState": "history.pushState({}, '', '?there=1')",
    "replaceState": "history.replaceState({}, '', '?there=1')",
    "back": "history.back()",
    "hash": "location.hash = 'elsewhere'",
}
DECISIONS = "handrail.decisions().length"


@pytest.fixture
def older(quiet: Demo, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Opens the page in a browser without the API, and waits until the SDK hears of routes."""
    context = browser.new_context()
    context.add_init_script(OLDER)

    def open_page(path: str) -> Page:
        page = context.new_page()
        page.goto(quiet.host + path)
        page.wait_for_function("window.handrail?.version && history.pushState !== natives[0]")
        return page

    yield open_page
    context.close()


@pytest.mark.parametrize("way", GO)
def test_a_route_is_noticed(quiet: Demo, older: Callable[[str], Page], tmp_path: Path, way: str) -> None:
    with published(quiet, tmp_path, THERE):
        page = older("/demo/index.html")
        page.wait_for_function("handrail.decisions().some(({because}) => because === 'where')")
        if way == "back":
            before = page.evaluate(DECISIONS)
            page.evaluate("history.pushState({}, '', '?elsewhere')")
            page.wait_for_function(f"{DECISIONS} > {before}")
        before = page.evaluate(DECISIONS)
        page.evaluate(GO[way])
        page.wait_for_function(f"{DECISIONS} > {before}")
        expect(page.locator("handrail-root [role=region]")).to_have_count(1 if way.endswith("State") else 0)
        page.evaluate("handrail.shutdown()")
        assert page.evaluate("history.pushState === natives[0] && history.replaceState === natives[1]")


def test_whoever_wrapped_them_after_us_is_left_alone(quiet: Demo, older: Callable[[str], Page]) -> None:
    page = older("/demo/index.html")
    page.evaluate("""() => {
      const ours = history.pushState
      window.theirs = function (...args) { window.told = args[2]; return ours.apply(this, args) }
      history.pushState = theirs
      handrail.shutdown()
    }""")
    assert page.evaluate("history.pushState === theirs && history.replaceState === natives[1]")
    page.evaluate("history.pushState({}, '', '?still')")
    assert page.evaluate("[told, location.search]") == ["?still", "?still"]
