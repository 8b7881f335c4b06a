"""The gallery: every experience in it shows under a strict policy, in every language and theme."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import violations
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


def test_everything_in_it_shows_and_breaks_no_policy(gallery: Page, demo: Demo) -> None:
    page = gallery
    keys = page.locator("#list button").evaluate_all("(buttons) => buttons.map((each) => each.dataset.key)")
    assert len(keys) >= 7
    for at, key in enumerate(keys):
        theme = ("", "-dark", "-brand")[at % 3]
        # A page of its own for each, with nothing to resume.
        page.evaluate("sessionStorage.clear()")
        page.goto(f"{demo.host}/demo/gallery/?theme={theme}")
        page.wait_for_selector("#list button")
        assert page.evaluate("(key) => handrail.start(key)", key + theme) == {"started": True}, key + theme
        expect(page.locator("handrail-root :is([role], button, img, p)").first).to_be_attached()
        page.locator("handrail-root .cross").evaluate_all("(crosses) => crosses.forEach((each) => each.click())")
        assert page.evaluate("violations") == [], key + theme
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


def test_the_language_that_is_said_is_that_of_the_texts(gallery: Page, demo: Demo) -> None:
    card = gallery.locator("handrail-root [role=dialog]")
    for asked, said in (("fr-CA", "fr"), ("pt", "en")):
        gallery.goto(f"{demo.host}/demo/gallery/")
        gallery.wait_for_selector("#list button")
        gallery.evaluate(
            """(language) => jimo.push(['on', 'ready', [() => document.body.append(document.createElement('wbr'))]],
              ['set', 'core:language', [language]])""",
            asked,
        )
        # Nobody asked for a decision, and the words of ours are those of the language all the same.
        expect(gallery.locator("wbr").first).to_be_attached()
        gallery.get_by_role("button", name="forms", exact=True).click()
        # Where nothing is written in the reader's language, a voice of it would read English words.
        expect(card).to_have_attribute("lang", said)
        expect(card.get_by_role("button", name={"fr": "Fermer", "en": "Fechar"}[said])).to_be_visible()
        gallery.evaluate("sessionStorage.clear()")


@pytest.mark.parametrize(
    ("language", "width", "theme"), [("en", 1280, ""), ("fr", 640, "-brand"), ("ar", 320, "-dark")]
)
def test_marks_are_accessible_in_every_language(
    browser: Browser, demo: Demo, language: str, width: int, theme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 640}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{demo.host}/demo/gallery/?language={language}&theme={theme}")
    expect(page.locator("#list button").first).to_be_attached()
    assert page.evaluate("(key) => handrail.start(key)", f"hint-marks{theme}") == {"started": True}
    mark = page.locator("handrail-root button.mark.dot")
    expect(mark).to_be_attached()
    assert violations(page) == []
    mark.click()
    expect(page.locator("handrail-root [role=dialog]")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    context.close()
