"""Chunks that come beside the boot: on a first visit a tour's, then what the last page brought, and none after none."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.demo import Demo
from tests.support.waiting import eventually

PLAIN = "/demo/plain_page.html"
BANNER = """kind: banner
key: strip
name: strip
frequency: {every: time}
where: {include: [{part: query, name: shows, operator: equals, value: strip}]}
content: {blocks: [{type: paragraph, text: A strip.}]}
"""


class Visitor:
    """A browser whose boots are held until they are let go, and the names of the chunks that it asked for."""

    def __init__(self, page: Page, demo: Demo) -> None:
        self.page = page
        self.host = demo.host
        self.asked: list[str] = []
        self.held: list[Route] = []
        page.on("request", lambda request: self._note(request.url))
        page.route("**/sdk/v1/boot", lambda route: self.held.append(route))  # noqa: PLW0108 - Playwright marks what it is given

    def _note(self, address: str) -> None:
        if chunk := re.search(r"/sdk/v1/assets/(\w+)-", address):
            self.asked.append(chunk[1])

    def open(self, query: str = "") -> set[str]:
        """Opens the page and gives what it asks for before the boot is answered; the boot is then let go."""
        self.asked.clear()
        self.held.clear()
        self.page.goto(f"{self.host}{PLAIN}{query}")
        eventually(self.page, lambda: self.held)
        # What is asked for in one go with the boot has been asked for by the end of the next task.
        self.page.evaluate("new Promise((done) => setTimeout(done))")
        before = set(self.asked)
        self.page.evaluate("jimo.push(['on', 'ready', [() => { window.booted = true }]])")
        self.held[0].continue_()
        self.page.wait_for_function("window.booted")
        return before


@pytest.fixture
def visitor(quiet: Demo, browser: Browser) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Visitor(context.new_page(), quiet)
    context.close()


@pytest.fixture
def strip(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A banner on pages that ask for it by their address."""
    file = tmp_path_factory.mktemp("ahead") / "strip.yaml"
    file.write_text(BANNER)
    done = quiet.command("apply", str(file))
    assert done.returncode == 0, done.stderr
    yield
    quiet.ask("POST", "/api/v1/experiences/strip/pause")


def test_a_first_visit_asks_for_a_tours_chunk_beside_the_boot_and_the_next_for_none(visitor: Visitor) -> None:
    assert visitor.open() == {"tour"}
    expect(visitor.page.locator("handrail-root")).to_have_count(0)
    assert visitor.open() == set()
    assert visitor.asked == []


@pytest.mark.usefixtures("strip")
def test_what_the_last_page_brought_comes_beside_the_boot(visitor: Visitor) -> None:
    visitor.open("?shows=strip")
    expect(visitor.page.locator("handrail-root")).to_contain_text("A strip.")
    visitor.page.get_by_role("button", name="Close").click()
    expect(visitor.page.locator("handrail-root")).to_have_count(0)
    assert visitor.open() == {"tour", "banner"}
    assert visitor.open() == set()


@pytest.mark.parametrize("kept", ["5", "null", '{"a": 1}', "broken"])
def test_what_was_remembered_may_be_nonsense(visitor: Visitor, kept: str) -> None:
    visitor.open()
    visitor.page.evaluate(
        """(kept) => {
          for (const name of Object.keys(localStorage)) if (name.endsWith(':brought')) localStorage.setItem(name, kept)
        }""",
        kept,
    )
    visitor.open()
    assert len(visitor.held) == 1, "boot was asked for once"


def test_nothing_comes_before_a_page_that_holds_us_back_says_so(browser: Browser, quiet: Demo) -> None:
    context = browser.new_context()
    context.add_init_script("window.JIMO_MANUAL_INIT = true")
    visitor = Visitor(context.new_page(), quiet)
    visitor.page.goto(f"{quiet.host}{PLAIN}")
    visitor.page.wait_for_function("window.handrail?.version")
    assert visitor.asked == []
    visitor.page.evaluate("jimoInit()")
    eventually(visitor.page, lambda: {*visitor.asked} == {"tour"} and visitor.held)
    context.close()


def test_what_was_asked_for_in_vain_is_asked_for_again(visitor: Visitor, demo: Demo) -> None:
    """A network that fails once: the boot's next answer finds the chunks that did not come beside the first."""
    page = visitor.page
    failed: list[Route] = []

    def fail_once(route: Route) -> None:
        if not failed:
            failed.append(route)
            route.abort()
        else:
            route.continue_()

    page.route("**/sdk/v1/assets/tour-*", fail_once)
    page.goto(f"{demo.host}{PLAIN}")
    eventually(page, lambda: visitor.held and failed)
    page.evaluate("""jimo.push(['do', 'identify', ['ahead', () =>
      jimo.push(['set', 'user:attributes', [{plan: 'pro', role: 'admin'}]])]])""")
    page.unroute("**/sdk/v1/boot")
    visitor.held[0].continue_()
    expect(page.locator("handrail-root [role=dialog]")).to_be_visible()
