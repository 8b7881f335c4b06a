"""The gallery: every experience in it shows under a strict policy, in every language and theme."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.demo import Demo


@pytest.fixture
def gallery(browser: Browser, demo: Demo) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(
        "window.violations = [];"
        "addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective))"
    )
    page = context.new_page()
    page.faults = []  # pyright: ignore[reportAttributeAccessIssue]
    page.on("pageerror", lambda fault: page.faults.append(str(fault)))  # pyright: ignore[reportAttributeAccessIssue]
    page.goto(f"{demo.host}/demo/gallery/")
    page.wait_for_selector("#list button")
    yield page
    context.close()


def test_everything_in_it_shows_and_breaks_no_policy(gallery: Page) -> None:
    page = gallery
    keys = page.locator("#list button").evaluate_all("(buttons) => buttons.map((each) => each.dataset.key)")
    assert len(keys) >= 7
    for key in keys:
        for variant in ("", "-dark"):
            # A page of its own for each, with nothing to resume.
            page.evaluate("sessionStorage.clear()")
            page.reload()
            page.wait_for_selector("#list button")
            assert page.evaluate("(key) => handrail.start(key)", key + variant) == {"started": True}, key + variant
            expect(page.locator("handrail-root :is([role], button, img, p)").first).to_be_attached()
            page.locator("handrail-root .cross").evaluate_all("(crosses) => crosses.forEach((each) => each.click())")
            assert page.evaluate("violations") == [], key + variant
    assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]


def test_the_language_and_the_direction_are_the_readers(gallery: Page) -> None:
    # The policy forbids a polling predicate; the page's own script tells when the server has answered for the language.
    gallery.evaluate("""() => jimo.push(['on', 'ready', [() => {
      document.body.dataset.told = jimo.push(['get', 'user:language'])
    }]])""")
    gallery.select_option("#language", "ar")
    expect(gallery.locator("body[data-told=ar]")).to_be_attached()
    gallery.get_by_role("button", name="forms", exact=True).click()
    card = gallery.locator("handrail-root [role=dialog]")
    expect(card).to_contain_text("خطوة في نافذة")
    assert card.evaluate("(card) => getComputedStyle(card).direction") == "rtl"
    expect(card.get_by_role("button", name="إغلاق")).to_be_visible()
