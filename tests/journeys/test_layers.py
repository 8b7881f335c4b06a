"""What comes while something of ours is modal or shades the page stays below it, and stands in its place after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.demo import Demo
from tests.support.guest import Guest
from tests.support.hostile import Hostility, hostile_host
from tests.support.kinds import FORMS, PASSIVE, live, tag_for

PHONE = {"width": 360, "height": 420}
"""So low that a panel, which is a sheet that keeps the focus here, is as high as the window."""
LATER = {
    "checklist": ".launcher button",
    "resource_center": ".launcher button",
    "hint": ".mark",
    "floating": "[role=region]",
    "inline": "[role=region]",
}
"""What comes by itself while a tour's modal stands, at an event of its name, and what of it is seen first."""
FIRST = {"key": "first", "title": "Open the menu", "done_when": {"element": "#target", "fact": "clicked"}}
OTHER = {"key": "other", "title": "Fill the name", "done_when": {"element": "#name_", "fact": "filled"}}
GROWS = {"title": "Steps", "expand": "never", "expand_on_progress": True, "tasks": [FIRST, OTHER]}
DOCUMENTS = {
    **FORMS,
    **PASSIVE,
    **{key: {**FORMS, **PASSIVE}[key] | {"show_on": {"on": "event", "event": key}} for key in LATER},
    "grows": PASSIVE["checklist"] | {"key": "grows", "name": "Grows", "content": GROWS},
}
IN_THE_MIDDLE = """(own) => {
  const { left, top, width, height } = own.getBoundingClientRect()
  if (!width) return 'not drawn'
  const at = [left + width / 2, top + height / 2]
  const hit = document.elementFromPoint(...at)?.shadowRoot?.elementFromPoint(...at)
  return own.contains(hit) ? 'itself' : hit?.closest('.shade, .lit, .card')?.classList[0] ?? 'the page'
}"""
BELOW = ("shade", "ring", "not drawn")
CARRIED = Hostility("carried", "true", style="body{transform:translate(40px,60px);height:10px}")
PLAIN = Hostility("plain", "true")

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def kinds(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server with one experience of each form."""
    with live(quiet, tmp_path_factory.mktemp("layers"), DOCUMENTS) as demo:
        yield demo


@pytest.fixture
def opened(kinds: Demo, browser: Browser) -> Iterator[Open]:
    """Opens the page of a host, plain or not, with the SDK on it."""
    closes: list[Callable[[], Any]] = []

    def open_page(hostility: Hostility = PLAIN, **options: Any) -> Page:
        host = hostile_host(hostility, kinds.server, tag_for(kinds))
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        )
        page = context.new_page()
        Guest(page).open(f"{host.__enter__()}/")
        closes.extend([context.close, lambda: host.__exit__(None, None, None)])
        return page

    yield open_page
    for close in closes:
        close()


def ours(page: Page, css: str) -> Locator:
    return page.locator(f"handrail-root {css}")


def start(page: Page, key: str) -> None:
    assert page.evaluate("(key) => handrail.start(key)", key) == {"started": True}


@pytest.mark.parametrize(("over", "hostility"), [("modal", PLAIN), ("modal", CARRIED), ("tooltip", PLAIN)])
@pytest.mark.parametrize("key", LATER)
def test_what_comes_by_itself_stays_below_what_covers_the_page(
    opened: Open, over: str, hostility: Hostility, key: str
) -> None:
    page = opened(hostility)
    start(page, over)
    expect(ours(page, "[role=dialog]")).to_be_visible()
    page.evaluate("(event) => jimo.push(['do', 'segmentio:track', [{ event }]])", key)
    later = ours(page, LATER[key])
    expect(later).to_be_attached()
    assert later.evaluate(IN_THE_MIDDLE) in BELOW
    # Something of the page's changed, as it does all the time.
    page.evaluate("document.body.append(document.createElement('p'))")
    assert later.evaluate(IN_THE_MIDDLE) in BELOW
    if over == "modal":
        expect(ours(page, ".modal")).to_be_focused()
    page.keyboard.press("Escape")
    expect(ours(page, "[role=dialog]")).to_have_count(0)
    expect(later).to_be_visible()
    assert later.evaluate(IN_THE_MIDDLE) == "itself"


def test_a_mark_whose_element_is_made_anew_under_a_modal_stays_below_it(opened: Open) -> None:
    page = opened()
    start(page, "hint")
    mark = ours(page, ".mark")
    expect(mark).to_be_visible()
    start(page, "modal")
    assert mark.evaluate(IN_THE_MIDDLE) == "shade"
    page.evaluate("text.outerHTML = text.outerHTML.replace('<p', '<p style=\"margin-left: 90px\"')")
    expect(mark).to_be_hidden()
    page.keyboard.press("Escape")
    expect(mark).to_be_visible()
    assert mark.evaluate(IN_THE_MIDDLE) == "itself"


def test_a_badge_comes_below_a_sheet_that_keeps_the_focus(opened: Open) -> None:
    page = opened(viewport=PHONE)
    start(page, "resource_center")
    panel, badge = ours(page, ".panel"), ours(page, ".mark")
    expect(panel).to_have_attribute("aria-modal", "true")
    start(page, "badge")
    expect(badge).to_be_attached()
    expect(badge).to_be_hidden()
    expect(panel).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(badge).to_be_visible()
    assert badge.evaluate(IN_THE_MIDDLE) == "itself"


def test_a_checklist_that_grew_opens_below_a_modal(opened: Open) -> None:
    page = opened()
    start(page, "grows")
    panel = ours(page, ".panel")
    expect(panel).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    start(page, "modal")
    expect(ours(page, ".modal")).to_be_focused()
    page.evaluate("target.click()")
    expect(panel).to_be_attached()
    expect(panel).to_be_hidden()
    page.keyboard.press("Escape")
    expect(panel).to_be_visible()
    assert panel.evaluate(IN_THE_MIDDLE) == "itself"
