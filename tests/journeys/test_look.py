"""Where cards stand and where the focus goes: beside tall words, over a phone's keyboard, from one step to the next."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.demo import Demo
from tests.support.gallery import published

Open = Callable[..., Page]
NOTIFICATIONS = "[aria-label='Notifications']"
THEME = "[aria-label='Toggle theme']"
APART = """(card) => {
  const box = (css) => card.querySelector(css).getBoundingClientRect()
  const [body, foot, button] = ['.body', '.foot', '.foot button'].map(box)
  return body.bottom <= foot.top + 5 && button.bottom <= card.getBoundingClientRect().bottom - 12
}"""
REACH = """() => {
  const { left, top, right, bottom } = document.querySelector('h1').getBoundingClientRect()
  const [x, y, width, height] = [(left + right) / 2, (top + bottom) / 2, innerWidth, innerHeight]
  const inside = [[x, y], [left - 3, y], [right + 3, y], [x, top - 3], [x, bottom + 3]]
  const beside = [[left - 7, y], [right + 7, y], [x, top - 7], [x, bottom + 7]]
  const corners = [[1, 1], [1, height - 2], [width - 2, 1], [width - 2, height - 2]]
  const covered = (points) => points.map((at) => document.elementFromPoint(...at).localName === 'handrail-root')
  return !covered(inside).includes(true) && !covered([...beside, ...corners]).includes(false)
}"""
CONTRAST = """async (picture) => {
  const made = await createImageBitmap(new Blob([Uint8Array.from(atob(picture), (each) => each.charCodeAt(0))]))
  const drawn = new OffscreenCanvas(made.width, made.height).getContext('2d')
  drawn.drawImage(made, 0, 0)
  const greens = drawn.getImageData(0, 0, made.width, made.height).data.filter((_, at) => at % 4 === 1)
  return Math.max(...greens) - Math.min(...greens)
}"""
LONG = "Everything that there is to say about it is said here. " * 12


def a_step(key: str, css: str, *words: str) -> dict[str, Any]:
    label = {"type": "button", "label": "Next", "actions": [{"type": "go_to_step"}]}
    blocks = [{"type": "heading", "text": f"About {key}"}, *({"type": "paragraph", "text": each} for each in words)]
    return {"key": key, "target": {"css": css}, "blocks": [*blocks, label]}


def a_tour(key: str, *steps: dict[str, Any], **members: Any) -> dict[str, Any]:
    envelope = {"kind": "tour", "key": key, "name": key.title(), "respects_rate_limit": False}
    return envelope | {"content": {"steps": list(steps)}} | members


def card(page: Page) -> Locator:
    return page.locator("handrail-root .card")


def contrast(shown: Locator) -> int:
    """How far apart its lightest and its darkest point are as a reader sees them, 0 to 255."""
    box = shown.bounding_box()
    assert box
    picture = shown.page.screenshot(clip=box, animations="disabled")
    return shown.page.evaluate(CONTRAST, b64encode(picture).decode())


@pytest.fixture
def opened(quiet: Demo, visit: Open, tmp_path: Path) -> Iterator[Open]:
    """Publishes a tour and opens a page that shows it, the focus on a button of the page's own."""
    live: list[Any] = []

    def open_page(*documents: dict[str, Any], **options: Any) -> Page:
        shown = published(quiet, tmp_path, *documents)
        shown.__enter__()
        live.append(shown)
        page = visit("ada", host=quiet, **options)
        expect(card(page)).to_be_visible()
        page.locator("button").first.focus()
        return page

    yield open_page
    for shown in live:
        shown.__exit__(None, None, None)


def test_who_goes_on_by_keyboard_stands_in_the_next_card(opened: Open) -> None:
    page = opened(a_tour("walk", a_step("one", NOTIFICATIONS), a_step("two", THEME), a_step("three", NOTIFICATIONS)))
    before = page.evaluate_handle("document.activeElement")
    # Said, it has all that it is used with.
    expect(page.locator("handrail-root [role=status]")).to_have_text("About one")
    page.keyboard.press("F6")
    expect(card(page)).to_be_focused()
    for key in ("one", "two", "three"):
        expect(card(page)).to_have_accessible_name(f"About {key}")
        expect(card(page)).to_be_focused()
        page.keyboard.press("Tab")
        expect(card(page).get_by_role("button", name="Next")).to_be_focused()
        page.keyboard.press("Enter")
    expect(card(page)).to_have_count(0)
    assert page.evaluate("(before) => document.activeElement === before", before), "it goes back to where it came from"


def test_a_step_takes_no_focus_from_the_page(opened: Open) -> None:
    page = opened(a_tour("aside", a_step("one", NOTIFICATIONS), a_step("two", THEME)))
    before = page.evaluate_handle("document.activeElement")
    page.evaluate("document.querySelector('handrail-root').shadowRoot.querySelector('button.primary').click()")
    expect(card(page)).to_have_accessible_name("About two")
    expect(page.locator("handrail-root [role=status]")).to_have_text("About two")
    assert page.evaluate("(before) => document.activeElement === before", before)


def test_a_card_taller_than_the_room_at_its_target_stays_in_the_window(opened: Open) -> None:
    page = opened(a_tour("tall", a_step("one", NOTIFICATIONS, LONG, LONG)))
    page.set_viewport_size({"width": 1000, "height": 560})
    box = card(page).bounding_box()
    assert box
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 560
    # Its buttons are in sight without scrolling, and over nothing that was scrolled to the end.
    button = card(page).get_by_role("button", name="Next").bounding_box()
    assert button
    assert button["y"] + button["height"] <= box["y"] + box["height"]
    card(page).evaluate("(card) => card.scrollTo(0, card.scrollHeight)")
    assert card(page).evaluate(APART)


def test_a_short_card_shows_all_of_its_words(opened: Open) -> None:
    page = opened(a_tour("short", a_step("one", NOTIFICATIONS, "A few words.")))
    assert card(page).evaluate(APART)


@pytest.mark.parametrize("how", ["anchored", "tracked"])
def test_behind_a_backdrop_only_the_target_is_in_reach(opened: Open, how: str) -> None:
    page = opened(a_tour(how, a_step("one", "h1", "This is all that counts.") | {"backdrop": True}))
    if how == "tracked":
        page.add_init_script("CSS.supports = () => false")
        page.reload()
    expect(card(page)).to_be_visible()
    page.wait_for_function(REACH)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_backdrop_is_seen_in_the_colours_of_the_readers_system(opened: Open, scheme: str) -> None:
    page = opened(
        a_tour(f"forced-{scheme}", a_step("one", "h1", "This is all that counts.") | {"backdrop": True}),
        forced_colors="active",
        color_scheme=scheme,
    )
    target, beside = page.locator("h1"), page.get_by_role("link", name="Docs")
    with_it = contrast(target), contrast(beside)
    page.get_by_role("button", name="Close").click()
    expect(card(page)).to_have_count(0)
    without = contrast(target), contrast(beside)
    assert with_it[0] == without[0], "the target is as it was"
    assert with_it[1] < 0.7 * without[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_native_controls_are_of_the_themes_scheme(gallery: Callable[..., Page], scheme: str) -> None:
    page = gallery(color_scheme="light", theme="" if scheme == "light" else "-dark")
    key = "survey-modal" if scheme == "light" else "survey-modal-dark"
    assert page.evaluate("(key) => handrail.start(key)", key) == {"started": True}
    expect(card(page)).to_have_css("color-scheme", scheme)


def test_a_sheet_stands_over_a_phones_keyboard(gallery: Callable[..., Page]) -> None:
    page = gallery(viewport={"width": 360, "height": 740})
    assert page.evaluate("handrail.start('post-everything')") == {"started": True}
    field = page.locator("handrail-root textarea")
    expect(field).to_be_attached()
    page.evaluate("keyboard(300)")
    expect(card(page)).to_have_css("bottom", "308px")
    box = card(page).bounding_box()
    assert box
    assert box["y"] >= 0
    page.evaluate("keyboard(0)")
    expect(card(page)).to_have_css("bottom", "8px")


def test_a_post_taller_than_the_window_scrolls_in_it(gallery: Callable[..., Page]) -> None:
    page = gallery(viewport={"width": 900, "height": 500})
    assert page.evaluate("handrail.start('post-everything')") == {"started": True}
    send = card(page).get_by_role("button", name="Send")
    send.scroll_into_view_if_needed()
    box = send.bounding_box()
    assert box
    assert box["y"] + box["height"] <= 500 - 16


def test_entries_of_a_feed_keep_their_height_in_a_low_window(gallery: Callable[..., Page]) -> None:
    page = gallery(viewport={"width": 640, "height": 400})
    # Counted, the page's own button is listened to.
    expect(page.locator("[data-handrail-badge]")).to_have_text("3")
    page.locator("[data-handrail-feed]").click()
    entries = card(page).locator(".entry")
    expect(entries).to_have_count(3)
    assert entries.evaluate_all("(all) => all.filter((each) => each.scrollHeight > each.clientHeight + 1)") == []


def test_on_a_phone_a_step_is_a_sheet_below_its_target(gallery: Callable[..., Page]) -> None:
    page = gallery(viewport={"width": 360, "height": 740})
    # The target is where the sheet comes to stand.
    page.evaluate("scrollTo(0, document.querySelector('#target-field').getBoundingClientRect().bottom - 700)")
    assert page.evaluate("handrail.start('tour-badge-and-cursor')") == {"started": True}
    expect(card(page)).to_have_css("bottom", "8px")
    expect(card(page)).to_have_css("width", "344px")
    target, sheet = page.locator("#target-field").bounding_box(), card(page).bounding_box()
    assert target
    assert sheet
    assert 0 <= target["y"] < target["y"] + target["height"] <= sheet["y"]


def test_a_sheet_keeps_the_same_distance_wherever_its_step_would_stand(gallery: Callable[..., Page]) -> None:
    page = gallery(viewport={"width": 320, "height": 568})
    page.evaluate("handrail.start('tour-forms')")
    for words in ("A tooltip with a backdrop", "In a scrolling box", "A card in the corner"):
        card(page).get_by_role("button", name="Next").click()
        expect(card(page)).to_contain_text(words)
        box = card(page).bounding_box()
        assert box
        assert (box["x"], box["width"], box["y"] + box["height"]) == (8, 304, 560), words


@pytest.mark.parametrize("width", [320, 1280])
def test_words_and_pictures_that_are_too_long_stay_in_the_card(gallery: Callable[..., Page], width: int) -> None:
    page = gallery(viewport={"width": width, "height": 568})
    page.evaluate("handrail.start('tour-hard')")
    expect(card(page)).to_contain_text("A title that goes on")
    wider = (
        "(card) => [...card.querySelectorAll('.body > *')].filter((each) => each.scrollWidth > card.clientWidth - 40)"
    )
    assert card(page).evaluate(f"(card) => ({wider})(card).map((each) => each.outerHTML)") == []
    assert card(page).evaluate("(card) => card.scrollWidth <= card.clientWidth")


def test_columns_begin_in_one_line(gallery: Callable[..., Page]) -> None:
    page = gallery()
    page.evaluate("handrail.start('tour-blocks')")
    columns = card(page).locator(".columns > .body p")
    expect(columns).to_have_count(2)
    tops = columns.evaluate_all("(all) => all.map((each) => each.getBoundingClientRect().top)")
    assert tops[0] == tops[1]


KEYBOARD = """
  let covered = 0
  class Seen extends EventTarget { scale = 1; offsetTop = 0; get height() { return innerHeight - covered } }
  const seen = new Seen()
  Object.defineProperty(window, 'visualViewport', { value: seen })
  window.keyboard = (height) => { covered = height; seen.dispatchEvent(new Event('resize')) }
"""


@pytest.fixture
def gallery(demo: Demo, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the gallery in a theme, with a keyboard that the test raises."""
    contexts = []

    def open_page(theme: str = "", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        context.add_init_script(f"(() => {{ {KEYBOARD} }})()")
        page = context.new_page()
        page.goto(f"{demo.host}/demo/gallery/?theme={theme}")
        expect(page.locator("#list button").first).to_be_attached()
        return page

    yield open_page
    for context in contexts:
        context.close()


IN_THE_MIDDLE = """(banner) => {
  const { left, top, width, height } = banner.getBoundingClientRect()
  const root = document.elementFromPoint(left + width / 2, top + height / 2).shadowRoot
  return root === banner.getRootNode() ? 'itself' : root?.elementFromPoint(left + width / 2, top + height / 2).className
}"""


@pytest.mark.parametrize("layout", ["floating", "inline"])
def test_a_banner_comes_below_what_is_modal_and_is_in_reach_after_it(opened: Open, layout: str) -> None:
    fine = {"type": "button", "label": "Fine", "actions": [{"type": "dismiss"}]}
    words = {"type": "heading", "text": "Read this first"}
    modal = a_tour("ask", {"key": "only", "form": "modal", "blocks": [words, fine]}, frequency={"every": "time"})
    content = {"layout": layout, "position": "top", "blocks": [{"type": "paragraph", "text": "Tonight at nine."}, fine]}
    notice = {"kind": "banner", "key": "notice", "name": "Notice", "show_on": {"on": "manual"}, "content": content}
    page = opened(modal, notice)
    banner, ask = page.locator("handrail-root [role=region]"), page.locator("handrail-root [role=dialog]")
    padding = page.evaluate("document.documentElement.style.paddingTop")

    # The modal was there first: the banner waits for it, and does not push the page meanwhile.
    page.evaluate("handrail.start('notice')")
    expect(page.locator("handrail-root")).to_have_count(2)
    expect(banner).to_be_hidden()
    assert page.evaluate("document.documentElement.style.paddingTop") == padding
    page.keyboard.press("Escape")
    expect(ask).to_have_count(0)
    expect(banner).to_be_visible()
    assert banner.evaluate(IN_THE_MIDDLE) == "itself"

    # The banner was there first: the modal's shade covers it, and no key leads to it.
    page.evaluate("handrail.start('ask')")
    expect(ask).to_be_focused()
    assert banner.evaluate(IN_THE_MIDDLE) == "shade"
    for key in ("F6", "Tab", "Tab", "Tab", "Shift+Tab"):
        page.keyboard.press(key)
        expect(ask.locator(":focus").or_(ask.and_(page.locator(":focus")))).to_have_count(1)
    page.keyboard.press("Escape")
    expect(ask).to_have_count(0)
    banner.get_by_role("button", name="Fine").click()
    expect(page.locator("handrail-root")).to_have_count(0)
