"""A page whose policy lets the script in and none of the files that it brings: it hears of one refusal, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.demo import Demo
from tests.support.guest import Guest, wait_for
from tests.support.hostile import Hostility, hostile_host
from tests.support.kinds import FORMS, live, tag_for
from tests.support.waiting import eventually

ONLY_THE_SCRIPT = "script-src 'self' {server}/sdk/v1/handrail.js; connect-src 'self' {server}"
NARROW = Hostility("only the script", "true", policy=ONLY_THE_SCRIPT)
REPORTING = Hostility("only reports", "true", policy=ONLY_THE_SCRIPT, only_reports=True)
WIDE = Hostility("none", "true")
REPORTED = "window.jimo.push(['on', 'decision', [(each) => { (window.decided ??= []).push(each.because ?? 'shown') }]])"


@pytest.fixture(scope="module")
def kinds(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server with a tour and a banner that are started by the page."""
    shown = {key: FORMS[key] for key in ("tooltip", "floating")}
    with live(quiet, tmp_path_factory.mktemp("refused"), shown) as demo:
        yield demo


def settled(page: Page) -> list[str]:
    """What the page's policy refused, once whatever was asked for with the boot has been refused."""
    page.evaluate("new Promise((done) => setTimeout(() => setTimeout(done)))")
    return page.evaluate("violations")


def start(page: Page, key: str, times: int) -> list[str]:
    """What is decided of an experience that the page starts, until so many decisions were made."""
    page.evaluate("(key) => postMessage({start: key})", key)
    wait_for(page, f"window.decided?.length >= {times}")
    return page.evaluate("decided")


def test_a_page_on_which_nothing_shows_hears_of_one_refusal_and_the_next_of_none(kinds: Demo, page: Page) -> None:
    with hostile_host(NARROW, kinds.server, tag_for(kinds)) as host:
        guest = Guest(page)
        guest.open(f"{host}/")
        refused = settled(page)
        assert len(refused) == 1
        assert refused[0].startswith(f"script-src-elem {kinds.server}/sdk/v1/assets/tour-")
        guest.open(f"{host}/")
        assert settled(page) == []
        assert page.evaluate("faults") == []


def test_what_would_show_is_refused_once_and_says_why(kinds: Demo, page: Page) -> None:
    with hostile_host(NARROW, kinds.server, tag_for(kinds)) as host:
        guest = Guest(page)
        guest.open(f"{host}/", REPORTED)
        for times, key in enumerate(("tooltip", "floating", "tooltip"), 1):
            assert start(page, key, times) == ["offline"] * times
        assert len(settled(page)) == 1
        # A page that comes back to it is in no other case: what never came is not asked for beside its boot.
        guest.open(f"{host}/", REPORTED)
        assert settled(page) == []
        assert start(page, "floating", 1) == ["offline"]
        assert len(settled(page)) == 1
        assert page.evaluate("faults") == []
        assert page.locator("handrail-root").count() == 0


def test_the_panel_says_what_the_policy_lacks(kinds: Demo, page: Page) -> None:
    with hostile_host(WIDE, kinds.server, tag_for(kinds)) as host:
        guest = Guest(page)
        guest.open(f"{host}/?handrail_debug=1", REPORTED)
        panel = page.get_by_role("region", name="why shown, why not")
        expect(panel).to_contain_text("Live for this user")
        page.evaluate(
            """(content) => {
              const policy = { httpEquiv: 'Content-Security-Policy', content }
              document.head.append(Object.assign(document.createElement('meta'), policy))
            }""",
            ONLY_THE_SCRIPT.replace("{server}", kinds.server),
        )
        assert start(page, "floating", 1) == ["offline"]
        expect(panel).to_contain_text(f"script-src-elem refuses {kinds.server}/sdk/v1/assets/banner-")
        expect(panel).to_contain_text("the page's content security policy refused it")
        # What is wrong comes first, however much is live.
        expect(panel.locator("dt").first).to_have_text("Page's policy")
        panel.get_by_text("Live for this user: ").click()
        expect(panel.get_by_text("floating, ")).to_be_visible()
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert panel.evaluate("(panel) => getComputedStyle(panel).direction") == "ltr", "its words are English"


def test_a_policy_that_only_reports_takes_nothing_away(kinds: Demo, page: Page) -> None:
    with hostile_host(REPORTING, kinds.server, tag_for(kinds)) as host:
        guest = Guest(page)
        guest.open(f"{host}/")
        eventually(page, lambda: page.evaluate("violations.length"))
        guest.show("tooltip")
        assert guest.look() == "fine"
