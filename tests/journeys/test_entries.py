"""Ways in: a click on the page's own element, the pointer leaving, a delay, a shared link, a preview, and why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.demo import Demo

Visit = Callable[..., Page]
PLAIN = "/demo/plain_page.html"


def a_card(key: str, show_on: str, extra: str = "") -> str:
    return f"""kind: tour
key: {key}
name: {key}
frequency: {{every: time}}
respects_rate_limit: false
priority: 5
where: {{include: [{{part: query, name: entries, operator: equals, value: {key}}}]}}
show_on: {show_on}
{extra}
content:
  steps:
    - key: only
      form: snippet
      blocks:
        - {{type: heading, text: This is {key}}}
        - {{type: button, label: Fine, actions: [{{type: dismiss}}]}}
"""


DOCUMENTS = {
    "clicked": a_card("clicked", "{on: element_click, css: '.navbar-brand, #own-menu'}"),
    "leaving": a_card("leaving", "{on: page_exit}"),
    "patient": a_card("patient", "{on: page_opening, delay_seconds: 60}"),
    "shared": a_card("shared", "{on: link}", "audience: {attribute: custom.plan, operator: is, value: nobody}"),
}


@pytest.fixture(scope="module")
def published(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder: Path = tmp_path_factory.mktemp("entries")
    for key, text in DOCUMENTS.items():
        (folder / f"{key}.yaml").write_text(text)
    done = quiet.command("apply", str(folder))
    assert done.returncode == 0, done.stderr
    yield quiet
    for key in DOCUMENTS:
        quiet.ask("POST", f"/api/v1/experiences/{key}/pause")


def card(page: Page, text: str) -> Locator:
    return page.locator("handrail-root [role=dialog]").filter(has_text=text)


def booted(page: Page) -> None:
    page.evaluate("""() => new Promise((done) => {
      jimo.push(['on', 'ready', [done]])
      jimo.push(['do', 'boosted:refresh'])
    })""")


def test_a_click_on_the_pages_own_element_starts_it_and_does_what_it_always_did(visit: Visit, published: Demo) -> None:
    page = visit(None, path=f"{PLAIN}?entries=clicked", host=published)
    page.wait_for_function("window.handrail?.version")
    booted(page)
    page.evaluate("""() => {
      const button = document.createElement('button')
      button.id = 'own-menu'
      button.textContent = 'Menu'
      button.style.cssText = 'position:fixed;top:50%;left:50%;z-index:9999'
      button.onclick = () => { window.toggled = (window.toggled ?? 0) + 1 }
      document.body.prepend(button)
    }""")
    expect(page.locator("handrail-root")).to_have_count(0)
    page.locator("#own-menu").click()
    expect(card(page, "This is clicked")).to_be_visible()
    assert page.evaluate("window.toggled") == 1
    page.get_by_role("button", name="Fine").click()
    expect(card(page, "This is clicked")).to_have_count(0)
    page.locator("#own-menu").click()
    expect(card(page, "This is clicked")).to_be_visible()
    assert page.evaluate("window.toggled") == 2


def test_the_pointer_leaving_by_the_top_starts_it(visit: Visit, published: Demo) -> None:
    page = visit(None, path=f"{PLAIN}?entries=leaving", host=published)
    page.wait_for_function("window.handrail?.version")
    booted(page)
    leave = "(y) => document.body.dispatchEvent(new MouseEvent('mouseout', {bubbles: true, clientY: y}))"
    page.evaluate(leave, 300)
    expect(card(page, "This is leaving")).to_have_count(0)
    page.evaluate(leave, -1)
    expect(card(page, "This is leaving")).to_be_visible()


def test_a_delay_holds_it_back_and_says_so(visit: Visit, published: Demo) -> None:
    page = visit(None, path=f"{PLAIN}?entries=patient", host=published, clock=True)
    page.wait_for_function("window.handrail?.decisions?.().some((each) => each.key === 'patient')")
    assert page.evaluate("handrail.decisions().find((each) => each.key === 'patient').because") == "delayed"
    page.clock.run_for(61_000)
    expect(card(page, "This is patient")).to_be_visible()
    shown = page.evaluate("handrail.decisions().find((each) => each.key === 'patient' && each.shown).at")
    assert shown - page.evaluate("performance.timeOrigin") >= 60_000


def test_a_shared_link_shows_it_once_whoever_follows_it(visit: Visit, published: Demo) -> None:
    page = visit(None, path=f"{PLAIN}?handrail=shared&tab=2", host=published)
    expect(card(page, "This is shared")).to_be_visible()
    assert page.url.endswith("?tab=2")
    page.get_by_role("button", name="Fine").click()
    page.reload()
    page.wait_for_function("window.handrail?.version")
    booted(page)
    expect(page.locator("handrail-root")).to_have_count(0)


def test_a_preview_shows_a_draft_under_a_ribbon_and_counts_nothing(
    visit: Visit, published: Demo, tmp_path: Path
) -> None:
    file = tmp_path / "draft.yaml"
    audience = "audience: {attribute: custom.plan, operator: is, value: nobody}"
    file.write_text(a_card("draft", "{on: manual}", audience))
    made = published.command("preview", str(file), "--page", f"{published.host}{PLAIN}?tab=3")
    assert made.returncode == 0, made.stderr
    page = visit(None, path=PLAIN, host=published)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    page.add_init_script("(window.jimo ??= []).push(['on', 'experience:seen', [() => { window.wasSeen = true }]])")
    page.goto(made.stdout.strip())
    expect(card(page, "This is draft")).to_be_visible()
    ribbon = page.locator("handrail-root [aria-label=Preview]")
    expect(ribbon).to_contain_text("Preview of draft")
    assert page.url.endswith("?tab=3"), "the token has left the address"
    token = made.stdout.strip().split("handrail_preview=")[1]
    # Seen for a second, which the page is told of.
    page.wait_for_function("window.wasSeen")
    page.get_by_role("button", name="Fine").click()
    expect(card(page, "This is draft")).to_have_count(0)
    ribbon.get_by_role("button", name="Show again").click()
    expect(card(page, "This is draft")).to_be_visible()
    page.reload()
    expect(card(page, "This is draft")).to_be_visible()
    assert not any("/v1/batch" in each or "experience_seen" in each for each in sent), "nothing is counted"
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert token not in kept
    assert "draft" not in kept
    ribbon.get_by_role("button", name="End").click()
    page.wait_for_function("window.handrail?.version")
    booted(page)
    expect(page.locator("handrail-root")).to_have_count(0)


def test_the_panel_says_why_it_is_shown_and_why_not(visit: Visit, published: Demo) -> None:
    page = visit(None, path=f"{PLAIN}?entries=patient&handrail_debug=1", host=published, clock=True)
    panel = page.locator("handrail-root [aria-label^='Handrail']")
    expect(panel).to_contain_text("Why shown, why not")
    expect(panel).to_contain_text("patient: it waits some seconds")
    page.clock.run_for(61_000)
    expect(panel).to_contain_text("patient: shown")
    on_screen = panel.locator("dt", has_text="On screen").locator("+ dd")
    expect(on_screen).to_have_text("patient")
    page.locator("handrail-root .cross").click()
    expect(on_screen).to_have_text("nothing")
    # Not as the run that goes on over pages, but as what might begin here.
    page.evaluate(
        "Object.keys(sessionStorage).forEach((key) => key.includes(':run:') && sessionStorage.removeItem(key))"
    )
    page.goto(f"{published.host}{PLAIN}?entries=none")
    expect(panel).to_contain_text("patient: not on this page or device")
    expect(panel).to_contain_text("Environment")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    page.goto(f"{published.host}{PLAIN}?entries=none&handrail_debug=0")
    page.wait_for_function("window.handrail?.version")
    expect(panel).to_have_count(0)
