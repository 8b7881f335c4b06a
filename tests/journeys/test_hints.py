"""Hints, badges and cursors in a real browser, on a host application that nobody here wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.axe import violations
from tests.support.demo import Demo
from tests.support.gallery import listen, published, told, until
from tests.support.waiting import eventually

PALETTE = "[aria-label='Notifications']"
ACCOUNT = "[aria-label='Account menu']"
THEME = "[aria-label='Toggle theme']"


def a_mark(key: str, css: str, **members: Any) -> dict[str, Any]:
    blocks = [] if "actions" in members else [{"type": "heading", "text": f"About {key}"}]
    return {"key": key, "target": {"css": css}, "label": key.title(), "blocks": blocks} | members


def a_hint(*marks: dict[str, Any], key: str = "tips", **members: Any) -> dict[str, Any]:
    return {"kind": "hint", "key": key, "name": "Tips", "content": {"hints": list(marks)}} | members


def a_tour(*steps: dict[str, Any], key: str = "visit", **members: Any) -> dict[str, Any]:
    envelope = {"kind": "tour", "key": key, "name": "Visit", "respects_rate_limit": False}
    return envelope | {"show_on": {"on": "none"}, "content": {"steps": list(steps)}} | members


def a_step(form: str, *blocks: dict[str, Any], css: str = PALETTE, key: str = "only") -> dict[str, Any]:
    content = list(blocks) or [{"type": "heading", "text": f"A {form}"}]
    return {"key": key, "form": form, "target": {"css": css}, "blocks": content}


def button(label: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"type": "button", "label": label, "actions": list(actions)}


def mark(page: Page, name: str) -> Locator:
    return page.locator("handrail-root button.mark", has_text=name)


def card(page: Page) -> Locator:
    return page.locator("handrail-root [role=dialog]")


def is_told(page: Page, event: str) -> bool:
    return event in [each["event"] for each in told(page)]


Open = Callable[..., Page]


@pytest.fixture
def opened(quiet: Demo, visit: Open, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Publishes documents and opens a page that shows them; paused again at the end."""
    live: list[Any] = []

    def open_page(*documents: Any, persona: str | None = "ada", path: str = "/demo/index.html", **options: Any) -> Page:
        shown = published(quiet, tmp_path, *documents)
        shown.__enter__()
        live.append(shown)
        page = visit(persona, path="/demo/blank.html", host=quiet, **{"reduced_motion": "reduce", **options})
        listen(page)
        page.goto(quiet.host + path)
        return page

    yield open_page
    for each in live:
        each.__exit__(None, None, None)


def test_marks_open_cards_by_keyboard_and_give_the_focus_back(opened: Open) -> None:
    page = opened(a_hint(a_mark("palette", PALETTE), a_mark("account", ACCOUNT)))
    first = mark(page, "Palette")
    expect(first).to_be_visible()
    expect(mark(page, "Account")).to_be_visible()
    expect(first).to_have_attribute("aria-expanded", "false")
    assert violations(page) == []
    page.locator(PALETTE).focus()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(card(page)).to_have_accessible_name("About palette")
    expect(card(page)).to_be_focused()
    expect(first).to_have_attribute("aria-expanded", "true")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(card(page)).to_have_count(0)
    expect(first).to_be_focused()
    page.keyboard.press("Space")
    expect(card(page)).to_have_count(1)
    # Another one takes its place, and a click on the page closes it.
    mark(page, "Account").click()
    expect(card(page)).to_have_accessible_name("About account")
    page.locator("h1").first.click()
    expect(card(page)).to_have_count(0)
    names = [each["event"] for each in told(page)]
    assert names.count("step_seen") == 3
    assert names.count("experience_seen") == 1
    assert names.count("experience_completed") == 1
    assert "experience_dismissed" not in names
    assert page.faults == []  # type: ignore[attr-defined]


def test_a_completed_hint_stays_for_this_page_and_is_over_on_the_next(opened: Open) -> None:
    page = opened(a_hint(a_mark("palette", PALETTE), key="single"))
    mark(page, "Palette").click()
    expect(card(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(mark(page, "Palette")).to_be_visible()
    page.reload()
    until(page, "handrail.decisions().some(each => each.key === 'single' && each.because === 'frequency_once')")
    expect(mark(page, "Palette")).to_have_count(0)


def test_a_hint_that_nobody_opened_is_there_again(opened: Open) -> None:
    page = opened(a_hint(a_mark("palette", PALETTE), key="again"))
    expect(mark(page, "Palette")).to_be_visible()
    eventually(page, lambda: is_told(page, "experience_seen"))
    page.reload()
    expect(mark(page, "Palette")).to_be_visible()


def test_a_hint_on_its_way_is_not_begun_again(opened: Open) -> None:
    # It comes once the address was looked at anew.
    here = {"include": [{"part": "hash", "operator": "equals", "value": "elsewhere"}]}
    notice = {"kind": "banner", "key": "notice", "name": "Notice", "where": here,
              "content": {"blocks": [{"type": "paragraph", "text": "Elsewhere."}]}}  # fmt: skip
    page = opened(a_hint(a_mark("palette", PALETTE), key="slow"), notice)
    expect(mark(page, "Palette")).to_be_visible()
    held: list[Route] = []
    let: list[bool] = []
    page.route("**/assets/hint-*", lambda route: held.append(route) if not let else route.continue_())
    page.reload()
    eventually(page, lambda: held)
    page.evaluate("history.pushState({}, '', '#elsewhere')")
    expect(page.locator("handrail-root [role=region]")).to_be_visible()
    let.append(True)
    for each in held:
        each.continue_()
    expect(mark(page, "Palette")).to_have_count(1)
    assert page.evaluate("handrail.decisions().filter(({ key, shown }) => key === 'slow' && shown).length") == 1


def test_dismiss_takes_every_mark_away_and_launching_keeps_them(opened: Open) -> None:
    launch = button("Show me", {"type": "launch_experience", "experience": "visit"})
    dismiss = button("Enough", {"type": "dismiss"})
    page = opened(
        a_tour(a_step("modal", button("Fine", {"type": "go_to_step", "step": "complete"}))),
        a_hint(a_mark("palette", PALETTE, blocks=[launch, dismiss]), a_mark("account", ACCOUNT), key="leaving"),
    )
    mark(page, "Palette").click()
    page.get_by_role("button", name="Show me").click()
    expect(page.locator("handrail-root .modal")).to_be_visible()
    expect(page.get_by_role("button", name="Show me")).to_have_count(0)
    page.get_by_role("button", name="Fine").click()
    expect(page.locator("handrail-root .modal")).to_have_count(0)
    expect(mark(page, "Account")).to_be_visible()
    mark(page, "Palette").click()
    page.get_by_role("button", name="Enough").click()
    expect(page.locator("handrail-root")).to_have_count(0)
    assert [each["properties"]["kind"] for each in told(page) if each["event"] == "experience_dismissed"] == ["hint"]
    page.reload()
    until(page, "handrail.decisions().some(each => each.key === 'leaving' && each.because === 'frequency_once')")


def test_a_mark_without_a_card_acts_at_once(opened: Open) -> None:
    go = {"type": "navigate_to", "url": "#went"}
    page = opened(a_hint(a_mark("palette", PALETTE, mark="label", actions=[go]), key="acting"))
    expect(mark(page, "Palette")).not_to_have_attribute("aria-expanded", "false")
    mark(page, "Palette").click()
    page.wait_for_url("**#went")
    fired = [each["properties"] for each in told(page) if each["event"] == "action_fired"]
    assert [(each["step"], each["by"], each["action"]) for each in fired] == [("palette", "hint", "navigate_to")]


def test_the_element_itself_can_be_the_mark(opened: Open) -> None:
    page = opened(a_hint(a_mark("theme", THEME, mark="target"), key="itself"))
    expect(mark(page, "Theme")).to_be_attached()
    before = page.locator(THEME).evaluate("each => each.getAttributeNames()")
    page.locator(THEME).focus()
    page.keyboard.press("Enter")
    expect(card(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(card(page)).to_have_count(0)
    expect(page.locator(THEME)).to_be_focused()
    assert page.locator(THEME).evaluate("each => each.getAttributeNames()") == before


def test_a_missing_element_is_not_marked_and_watched_for(opened: Open) -> None:
    page = opened(a_hint(a_mark("later", "#later"), a_mark("palette", PALETTE), key="late"))
    expect(mark(page, "Palette")).to_be_visible()
    expect(mark(page, "Later")).to_have_count(0)
    page.evaluate(
        "document.body.prepend(Object.assign(document.createElement('button'), {id: 'later', textContent: 'L'}))"
    )
    expect(mark(page, "Later")).to_be_visible()
    # Made anew at once, it keeps its mark; gone for good, it loses it.
    page.evaluate("document.querySelector('#later').replaceWith(document.querySelector('#later').cloneNode(true))")
    mark(page, "Later").click()
    expect(card(page)).to_have_accessible_name("About later")
    page.evaluate("document.querySelector('#later').remove()")
    expect(mark(page, "Later")).to_have_count(0)
    expect(card(page)).to_have_count(0)
    assert not [each for each in told(page) if each["event"] == "target_missing"]


def test_marks_follow_the_address_and_are_gone_after_shutdown(opened: Open) -> None:
    page = opened(
        a_hint(
            a_mark("palette", PALETTE),
            key="local",
            where={"exclude": [{"part": "hash", "operator": "equals", "value": "away"}]},
        )
    )
    expect(mark(page, "Palette")).to_be_visible()
    page.evaluate("location.hash = 'away'")
    expect(mark(page, "Palette")).to_have_count(0)
    page.evaluate("location.hash = ''")
    expect(mark(page, "Palette")).to_be_visible()
    page.evaluate("handrail.shutdown()")
    expect(page.locator("handrail-root")).to_have_count(0)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("side", ["top_end", "bottom_start", "end", "center"])
def test_a_mark_stands_where_it_says(opened: Open, native: bool, side: str) -> None:
    page = opened(a_hint(a_mark("palette", PALETTE, side=side), key="placed"), path="/demo/blank.html")
    if not native:
        page.add_init_script("CSS.supports = () => false")
    page.goto(page.url.replace("blank", "index"))
    x = {"top_end": 1, "bottom_start": 0, "end": 1, "center": 0.5}[side]
    y = {"top_end": 0, "bottom_start": 1, "end": 0.5, "center": 0.5}[side]

    def stands() -> bool:
        at, box = mark(page, "Palette").bounding_box(), page.locator(PALETTE).bounding_box()
        assert at
        assert box
        across = at["x"] + at["width"] / 2 - box["x"] - box["width"] * x
        down = at["y"] + at["height"] / 2 - box["y"] - box["height"] * y
        return abs(across) < 1.5 and abs(down) < 1.5

    # Where a tracker follows the element, it is there with the next frame.
    eventually(page, stands)


def test_a_badge_opens_its_step_and_a_cursor_travels(opened: Open) -> None:
    then = button("On", {"type": "go_to_step"})
    end = button("Done", {"type": "go_to_step", "step": "complete"})
    page = opened(
        a_tour(
            a_step("badge", {"type": "heading", "text": "Behind a badge"}, then),
            a_step("cursor", {"type": "heading", "text": "Click here"}, end, css=ACCOUNT, key="click"),
            show_on={"on": "page_opening"},
            key="forms",
        ),
        reduced_motion="no-preference",
    )
    badge = mark(page, "Behind a badge")
    expect(badge).to_be_visible()
    expect(card(page)).to_have_count(0)
    assert violations(page) == []
    badge.focus()
    page.keyboard.press("Enter")
    expect(card(page)).to_be_focused()
    # A step is seen once it was in view for a second, however slow the machine is to draw it.
    eventually(page, lambda: is_told(page, "step_seen"))
    badge.click()
    expect(card(page)).to_have_count(0)
    badge.click()
    page.get_by_role("button", name="On", exact=True).click()
    pointer = page.locator("handrail-root .pointer")
    expect(pointer).to_be_attached()
    assert pointer.evaluate("each => each.getAnimations({subtree: true}).length") == 3
    page.wait_for_function(
        "![...document.querySelectorAll('handrail-root')].some(each => each.shadowRoot.getAnimations().length)"
    )
    box, at = page.locator(ACCOUNT).bounding_box(), pointer.evaluate("each => each.getBoundingClientRect().toJSON()")
    assert box
    assert abs(at["x"] - box["x"] - box["width"] / 2) < 2
    assert abs(at["y"] - box["y"] - box["height"] / 2) < 2
    assert violations(page) == []
    # Nothing on the page was clicked.
    expect(page.locator(ACCOUNT)).not_to_have_attribute("aria-expanded", "true")
    page.get_by_role("button", name="Done").click()
    expect(page.locator("handrail-root")).to_have_count(0)
    seen = [each["properties"]["step"] for each in told(page) if each["event"] == "step_seen"]
    assert seen[:1] == ["only"]


def test_whoever_wants_less_motion_sees_none(opened: Open) -> None:
    page = opened(
        a_tour(a_step("cursor"), show_on={"on": "page_opening"}, key="calm"),
        a_hint(a_mark("account", ACCOUNT), key="still"),
    )
    expect(page.locator("handrail-root .pointer")).to_be_attached()
    expect(mark(page, "Account")).to_be_visible()
    moving = "[...document.querySelectorAll('handrail-root')].flatMap(e => e.shadowRoot.getAnimations()).length"
    assert page.evaluate(moving) == 0


def test_a_mark_is_filled_in_the_colours_of_the_readers_system(opened: Open) -> None:
    page = opened(a_hint(a_mark("palette", PALETTE), key="forced"), forced_colors="active")
    expect(mark(page, "Palette")).to_be_visible()
    drawn = mark(page, "Palette").locator(".face").evaluate("(face) => getComputedStyle(face).backgroundColor")
    text = page.evaluate("getComputedStyle(document.querySelector('button')).color")
    assert drawn == text
