"""Somebody else on the same page, or in the same tab: they meet nothing of the one before, and all that is theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.demo import Demo
from tests.support.gallery import listen, published, told
from tests.support.kinds import FORMS, PASSIVE
from tests.support.waiting import eventually

Visit = Callable[..., Page]
PALETTE = "[aria-label='Notifications']"
HINT = PASSIVE["hint"] | {
    "show_on": {"on": "page_opening"},
    "content": {"hints": [{"key": "it", "target": {"css": PALETTE}, "label": "It", "blocks": [
        {"type": "heading", "text": "About it"},
    ]}]},
}  # fmt: skip
AGENT = {
    "kind": "tour", "key": "asks", "name": "Asks", "show_on": {"on": "manual"}, "respects_rate_limit": False,
    "content": {"steps": [{"key": "one", "form": "snippet", "blocks": [
        {"type": "heading", "text": "Ask"},
        {"type": "button", "label": "Ask", "actions": [{"type": "launch_agent", "message": "On {{custom.plan}}"}]},
    ]}]},
}  # fmt: skip
TWO_STEPS = {
    "kind": "survey", "key": "asked", "name": "Asked", "show_on": {"on": "manual"}, "respects_rate_limit": False,
    "content": {"steps": [
        {"key": "first", "type": "open_text", "title": "First?"},
        {"key": "second", "type": "open_text", "title": "Second?"},
    ]},
}  # fmt: skip
EVERY = FORMS["floating"] | {"show_on": {"on": "page_opening"}, "frequency": {"every": "time"}}


def opened(visit: Visit, quiet: Demo, user: str = "") -> Page:
    page = visit(None, path="/demo/blank.html", host=quiet, reduced_motion="reduce")
    listen(page)
    come(page, quiet, user)
    return page


def come(page: Page, quiet: Demo, user: str = "") -> None:
    """Opens the page as this user."""
    page.goto(quiet.host + "/demo/index.html")
    page.wait_for_function("window.handrail?.start")
    after(page, f"['do', 'identify', ['{user}']]" if user else "['do', 'boosted:refresh']")


def after(page: Page, command: str) -> None:
    """Pushes a command, and lets the server answer for it."""
    page.evaluate(f"""() => {{
      window.answered = false
      const listener = () => {{ window.answered = true }}
      jimo.push(['on', 'ready', [listener]], {command})
    }}""")
    page.wait_for_function("answered")


OTHERS = ("['do', 'identify', ['other']]", "['do', 'reset']")


@pytest.mark.parametrize("command", OTHERS)
def test_the_assistant_closes_with_what_it_was_told(quiet: Demo, visit: Visit, tmp_path: Path, command: str) -> None:
    with published(quiet, tmp_path, AGENT):
        page = opened(visit, quiet, "first")
        page.evaluate("jimo.push(['set', 'user:attributes', [{plan: 'secret'}]])")
        page.evaluate("handrail.start('asks')")
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator("handrail-root .turn")).to_contain_text("secret")
        after(page, command)
        expect(page.locator("handrail-root")).to_have_count(0)


@pytest.mark.parametrize("command", OTHERS)
def test_the_feed_goes_on_opening_and_counting(quiet: Demo, visit: Visit, tmp_path: Path, command: str) -> None:
    with published(quiet, tmp_path, PASSIVE["post"]):
        page = opened(visit, quiet, f"reader-{len(command)}")
        page.evaluate("""async () => {
          document.querySelector('main').insertAdjacentHTML('afterbegin', '<button data-handrail-feed>News</button>' +
            '<b data-handrail-badge>0</b><b id=plain data-handrail-badge hidden></b>')
          await jimo.push(['do', 'badge:find'])
        }""")
        badge = page.locator("[data-handrail-badge]").first
        expect(badge).to_have_text("1")
        news = page.get_by_role("button", name="News", exact=True)
        feed = page.locator("handrail-root [role=dialog]")
        news.click()
        expect(feed).to_be_visible()
        expect(badge).to_be_hidden()
        after(page, command)
        expect(feed).to_have_count(0)
        expect(badge).to_have_text("1")
        news.click()
        expect(feed).to_be_visible()
        page.evaluate("jimo.push(['do', 'widget:hideTrigger'])")
        expect(news).to_be_hidden()
        page.evaluate("handrail.shutdown()")
        # The page has its own elements back as they were.
        expect(news).to_be_visible()
        expect(badge).to_have_text("0")
        assert page.evaluate("plain.outerHTML") == '<b id="plain" data-handrail-badge="" hidden=""></b>'


def test_a_hint_is_completed_by_each_of_them(quiet: Demo, visit: Visit, tmp_path: Path) -> None:
    with published(quiet, tmp_path, HINT):
        page = opened(visit, quiet)
        for _ in range(2):
            page.locator("handrail-root .mark").click()
            expect(page.locator("handrail-root [role=dialog]")).to_be_visible()
            after(page, "['do', 'reset']")
        completed: list[dict[str, Any]] = []

        def both() -> bool:
            completed[:] = [each for each in told(page) if each["event"] == "experience_completed"]
            return len(completed) == 2

        eventually(page, both)
        assert len({each["properties"]["run"] for each in completed}) == 2
        assert len({each["anonymousId"] for each in completed}) == 2
        seen = [each["anonymousId"] for each in told(page) if each["event"] == "experience_seen"]
        assert seen == [each["anonymousId"] for each in completed]


def test_a_run_is_not_gone_on_with_by_whoever_comes_after(quiet: Demo, visit: Visit, tmp_path: Path) -> None:
    with published(quiet, tmp_path, TWO_STEPS):
        page = opened(visit, quiet, "first")
        page.evaluate("handrail.start('asked')")
        card = page.locator("handrail-root [role=dialog]")
        card.get_by_role("textbox").fill("Nobody else's business")
        card.get_by_role("button", name="Next").click()
        expect(card).to_contain_text("Second?")
        come(page, quiet, "second")
        page.evaluate("handrail.start('asked')")
        expect(card).to_contain_text("First?")
        expect(card.get_by_role("textbox")).to_have_value("")


def test_one_that_shows_every_time_shows_to_each_of_them(quiet: Demo, visit: Visit, tmp_path: Path) -> None:
    with published(quiet, tmp_path, EVERY):
        page = opened(visit, quiet, "first")
        banner = page.locator("handrail-root [role=region]")
        banner.get_by_role("button", name="Got it").click()
        expect(banner).to_have_count(0)
        # To each of them once in a load, whatever route follows (RULES 21).
        page.evaluate("history.pushState({}, '', '?elsewhere')")
        page.wait_for_function("handrail.decisions().some(({because}) => because === 'frequency_load')")
        expect(banner).to_have_count(0)
        after(page, "['do', 'identify', ['second']]")
        expect(banner).to_be_visible()
