"""Resource centers in a real browser, on a page whose policy allows scripts and requests of ours and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.panels import Host, launcher, panel

TOUR = {
    "kind": "tour", "key": "visit", "name": "Visit", "show_on": {"on": "none"},
    "content": {"steps": [{"key": "only", "form": "modal", "blocks": [
        {"type": "heading", "text": "Welcome"},
        {"type": "button", "label": "Fine", "actions": [{"type": "go_to_step", "step": "complete"}]},
    ]}]},
}  # fmt: skip
LIST = {
    "kind": "checklist", "key": "start", "name": "Start",
    "content": {"title": "First steps", "expand": "never", "launcher": {"label": "Steps"}, "tasks": [
        {"key": "look", "title": "Look", "action": {"type": "navigate_to", "url": "#/look"}},
        {"key": "go", "title": "Go", "action": {"type": "navigate_to", "url": "#/go"}},
    ]},
}  # fmt: skip


def a_card(key: str, *actions: Any, **members: Any) -> dict[str, Any]:
    to = {"type": "navigate_to", "url": f"#/{key}"}
    return {"type": "card", "key": key, "title": key.title(), "actions": list(actions) or [to]} | members


def a_center(*cards: Any, key: str = "help", **members: Any) -> dict[str, Any]:
    content = {"title": "How can we help?", "cards": list(cards), "launcher": {"label": "Help"}} | members
    return {"kind": "resource_center", "key": key, "name": "Help", "content": content}


SEARCHED = (
    {"type": "heading", "text": "Guides"},
    {"type": "search", "placeholder": "Search guides"},
    a_card("import", title="Importer un résumé", text="Depuis un fichier"),
    a_card("share", title="Share it"),
    {"type": "links", "title": "Elsewhere", "links": [
        {"label": "Straße und Wege", "url": "#/ways", "open_in": "same_tab"},
        {"label": "Documentation", "url": "https://docs.example/start"},
    ]},
    {"type": "agent"},
)  # fmt: skip


def field(page: Page) -> Any:
    return panel(page).get_by_role("combobox", name="Search guides")


def test_a_search_by_keyboard_minds_neither_accents_nor_case(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_center(*SEARCHED))
    page = host.visit("sea")
    expect(launcher(page)).to_be_visible()
    page.locator("#help").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Tab")
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("RESUME fichier")
    options = panel(page).get_by_role("option")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("Importer un résumé")
    expect(field(page)).to_have_attribute("aria-expanded", "true")
    expect(field(page)).to_have_attribute("aria-activedescendant", "hit0")
    expect(panel(page).get_by_role("status")).to_have_text("1 found")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(field(page)).to_have_value("")
    expect(panel(page).get_by_role("button", name="Share it")).to_be_visible()
    page.keyboard.type("s")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    field(page).fill("nothing like it")
    expect(panel(page).locator(".inside")).to_contain_text("Nothing found.")
    assert violations(page) == []
    field(page).fill("strasse")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/#/ways")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    expect(launcher(page)).to_be_focused()
    assert host.faults(page) == []


def test_a_whole_card_is_one_button_and_links_are_links(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_center(*SEARCHED))
    page = host.visit("car")
    launcher(page).click()
    card = panel(page).get_by_role("button", name="Importer un résumé Depuis un fichier")
    box = card.bounding_box()
    assert box is not None
    # Its very edge is clickable.
    page.mouse.click(box["x"] + 4, box["y"] + box["height"] - 4)
    page.wait_for_url("**/#/import")
    link = panel(page).get_by_role("link", name="Documentation")
    expect(link).to_have_attribute("href", "https://docs.example/start")
    expect(link).to_have_attribute("rel", "noopener")
    with page.context.expect_page() as opened:
        link.click()
    assert opened.value.evaluate("opener") is None
    assert host.faults(page) == []


def test_what_a_card_launches_ends_and_the_panel_is_back(host: Host, tmp_path: Path) -> None:
    launch = {"type": "launch_experience", "experience": "visit"}
    host.publish(tmp_path, a_center(a_card("tour", launch)), TOUR)
    page = host.visit("lau")
    launcher(page).click()
    # A click in a panel begins a new chain, so there is no end to how often one may do it.
    for _ in range(5):
        panel(page).get_by_role("button", name="Tour").click()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        expect(panel(page)).to_have_count(0)
        page.get_by_role("button", name="Fine").click()
        expect(panel(page)).to_be_visible()
    assert host.faults(page) == []


def test_checklists_are_listed_with_their_progress_and_open_in_its_place(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_center({"type": "checklists"}), LIST)
    page = host.visit("lis")
    page.get_by_role("button", name="Help").click()
    entry = panel(page).get_by_role("button", name="First steps 0 of 2 done")
    entry.click()
    expect(panel(page)).to_have_count(1)
    panel(page).get_by_role("button", name="Look").click()
    page.get_by_role("button", name="Help").click()
    expect(panel(page)).to_have_count(1)
    expect(panel(page).get_by_role("button", name="First steps 1 of 2 done")).to_be_visible()
    assert violations(page) == []


def test_one_center_is_open_at_a_time_and_launchers_of_a_corner_do_not_cover_each_other(
    host: Host, tmp_path: Path
) -> None:
    other = a_center(a_card("two"), key="other", title="Other help", launcher={"label": "Other"})
    host.publish(tmp_path, a_center(a_card("one")), other)
    page = host.visit("two")
    page.get_by_role("button", name="Help").click()
    expect(panel(page)).to_contain_text("How can we help?")
    page.get_by_role("button", name="Other").click()
    expect(panel(page)).to_have_count(1)
    expect(panel(page)).to_contain_text("Other help")
    boxes = [each.bounding_box() for each in launcher(page).all()]
    (one, two) = sorted(box["y"] for box in boxes if box is not None)
    assert two - one >= 48
    assert violations(page) == []


def test_the_agent_says_politely_that_it_is_not_there_yet(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_center({"type": "agent", "title": "Ask Ada"}))
    page = host.visit("age")
    launcher(page).click()
    panel(page).get_by_role("button", name="Ask Ada").click()
    expect(panel(page)).to_contain_text("The assistant is not available here yet.")
    expect(panel(page)).to_have_count(1)
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(panel(page)).to_contain_text("How can we help?")


def test_it_is_a_sheet_on_a_phone_and_fits_a_small_window(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_center(*SEARCHED, *(a_card(f"c{n}", text="Some words that wrap") for n in range(8))))
    for width, height in ((320, 568), (640, 400)):
        page = host.visit("", viewport={"width": width, "height": height})
        launcher(page).click()
        box = panel(page).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
        panel(page).get_by_role("button", name="C7").scroll_into_view_if_needed()
        for card in panel(page).locator("button.block").all():
            # Nothing that is written stands outside its card.
            assert card.evaluate("each => each.scrollHeight <= each.clientHeight + 1")
        assert violations(page) == []
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_in_french_and_in_the_dark(host: Host, tmp_path: Path, scheme: str) -> None:
    center = {**a_center(*SEARCHED[2:]), "theme": "own"}
    host.publish(tmp_path, center, scheme=scheme)
    page = host.visit("fra", locale="fr-FR")
    page.evaluate("handrail.push(['set', 'core:language', ['fr', true]])")
    launcher(page).click()
    expect(panel(page).get_by_role("button", name="Demander à l’assistant")).to_be_visible()
    assert violations(page) == []


def test_shutdown_leaves_nothing_behind(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_center(*SEARCHED))
    page = host.visit("gon")
    launcher(page).click()
    field(page).fill("share")
    expect(panel(page).get_by_role("option")).to_have_count(1)
    page.evaluate("handrail.shutdown()")
    expect(page.locator("handrail-root")).to_have_count(0)
    assert host.faults(page) == []


def test_posts_that_could_not_be_had_are_asked_for_again_and_listed_ones_open_offline(
    host: Host, tmp_path: Path
) -> None:
    words = [{"type": "paragraph", "text": "Ten times faster."}]
    post = {"kind": "post", "key": "faster", "name": "Faster", "content": {"title": "Exports", "blocks": words}}
    host.publish(tmp_path, a_center(a_card("import"), {"type": "feed"}), post)
    page = host.visit("off")
    expect(launcher(page)).to_be_visible()
    page.context.set_offline(True)
    launcher(page).click()
    expect(panel(page)).to_contain_text("Not all posts could be loaded. You may be offline.")
    expect(panel(page)).not_to_contain_text("Nothing new yet.")
    assert violations(page) == []
    launcher(page).click()
    expect(panel(page)).to_have_count(0)
    page.context.set_offline(False)
    with page.expect_response(lambda answer: "/assets/post-" in answer.url) as chunk:
        launcher(page).click()
    chunk.value.finished()
    exports = panel(page).get_by_role("button", name="Exports")
    expect(exports).to_be_visible()
    expect(panel(page)).not_to_contain_text("Not all posts could be loaded.")
    page.context.set_offline(True)
    exports.click()
    expect(page.locator("handrail-root .news")).to_contain_text("Ten times faster.")
    assert [each for each in host.faults(page) if "ERR_INTERNET_DISCONNECTED" not in each] == []
