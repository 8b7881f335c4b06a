"""Every kind for everybody: by axe's rules, by keyboard, without motion, in forced colours, small and zoomed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.axe import violations
from tests.support.demo import Demo
from tests.support.guest import CARD, DOOR, STANDS, Guest, wait_for
from tests.support.hostile import Hostility, hostile_host
from tests.support.kinds import CURSOR, FORMS, PASSIVE, PRESSED, in_theme, live, tag_for

SETTINGS: dict[str, dict[str, object]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "dark theme": {},
    "right to left": {},
    "forced colours": {"forced_colors": "active"},
    "small": {"viewport": {"width": 320, "height": 640}},
    "zoomed": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
}
SMALL = f"""() => {{
  const ours = {CARD} ?? {DOOR}.parentNode
  return [...ours.querySelectorAll('button,input,textarea,select,a')].filter((each) => {{
    const box = each.getBoundingClientRect()
    return box.width < 24 || box.height < 24
  }}).map((each) => each.outerHTML)
}}"""
MOVING = "[...document.querySelectorAll('handrail-root')].flatMap((each) => each.shadowRoot.getAnimations()).length"


@pytest.fixture(scope="module")
def kinds(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server with one experience of each form, light and dark; the resource center lists the posts as well."""
    documents = {**FORMS, "cursor": CURSOR, **PASSIVE}
    content = cast("dict[str, list[object]]", PASSIVE["resource_center"]["content"])
    listing = {**content, "cards": [*content["cards"], {"type": "feed"}]}
    documents["resource_center"] = {**PASSIVE["resource_center"], "content": listing}
    documents |= in_theme(documents, "dark")
    with live(quiet, tmp_path_factory.mktemp("access"), documents) as demo:
        yield demo


@pytest.fixture
def opened(kinds: Demo, browser: Browser) -> Iterator[Callable[[str], Guest]]:
    """Opens the page in one of the settings, without motion."""
    contexts = []
    hosts = {
        "": Hostility("plain", "true"),
        "right to left": Hostility("rtl", "true", html='dir="rtl"'),
    }
    with (
        hostile_host(hosts[""], kinds.server, tag_for(kinds)) as plain,
        hostile_host(hosts["right to left"], kinds.server, tag_for(kinds)) as mirrored,
    ):

        def open_page(setting: str) -> Guest:
            options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **SETTINGS[setting]}
            context = browser.new_context(**options)
            contexts.append(context)
            guest = Guest(context.new_page())
            guest.open(f"{mirrored if setting == 'right to left' else plain}/")
            return guest

        yield open_page
        for context in contexts:
            context.close()


def is_sound(guest: Guest, key: str) -> None:
    """Nothing serious is wrong with what stands, nothing of it is small, and nothing moves."""
    assert violations(guest.page) == [], key
    assert guest.page.evaluate(SMALL) == [], key
    assert guest.page.evaluate(MOVING) == 0, key


def opened_panel(guest: Guest) -> Locator:
    guest.walk_to_door()
    guest.page.keyboard.press("Enter")
    return guest.page.locator("handrail-root .panel")


def close_for_good(guest: Guest) -> None:
    """Closes the card, in however many steps, so that it is not there again after a reload."""
    while guest.page.evaluate(f"!!{CARD}"):
        guest.shut()


def through_a_checklist(guest: Guest) -> Iterator[str]:
    panel = opened_panel(guest)
    panel.get_by_role("button", name="Look at reports", exact=True).click()
    expect(panel.locator(".task.done")).to_have_count(1)
    yield "with a task done"
    panel.get_by_role("button", name="Dismiss this list").click()
    expect(panel.get_by_role("status")).to_have_text("This list is put away.")
    yield "put away"
    panel.get_by_role("button", name="Undo").click()
    panel.get_by_role("button", name="Skip").click()
    expect(panel).to_contain_text("All done!")
    yield "all done"


def through_a_resource_center(guest: Guest) -> Iterator[str]:
    panel = opened_panel(guest)
    expect(panel).to_contain_text("Exports are faster")
    yield "with the feed"
    search = panel.get_by_role("combobox")
    search.fill("import")
    expect(panel.get_by_role("option")).to_have_count(1)
    yield "with what was found"
    search.fill("nothing like it")
    expect(panel).to_contain_text("Nothing found.")
    yield "with nothing found"


def through_a_post(guest: Guest) -> Iterator[str]:
    guest.page.evaluate("void handrail.push(['do', 'widget:open', ['post']])")
    news = guest.page.locator("handrail-root .news")
    news.get_by_role("button", name="Like").click()
    news.get_by_label("Comment").fill("Very good.")
    news.get_by_role("button", name="Send").click()
    expect(news.get_by_role("status")).to_be_focused()
    yield "liked and commented on"
    guest.shut()
    guest.page.evaluate("void handrail.push(['do', 'widget:open'])")
    expect(news.locator(".entry").first).to_be_visible()
    yield "in the feed"


STATES: dict[str, Callable[[Guest], Iterator[str]]] = {
    "checklist": through_a_checklist,
    "resource_center": through_a_resource_center,
    "post": through_a_post,
}
"""The states a kind is in beside open and closed, each as the user brings it about. They stay open at the end."""
WITH_STATES = ("light", "dark", "dark theme")


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_nothing_serious_is_wrong_with_any_kind(opened: Callable[[str], Guest], setting: str) -> None:
    guest = opened(setting)
    page = guest.page
    scheme = "dark" if setting == "dark theme" else "light dark"
    wide = page.evaluate("document.documentElement.scrollWidth")
    for key in (*FORMS, "cursor", *PASSIVE):
        if page.evaluate(f"!!{DOOR}"):
            guest.open(page.url)
        guest.show(f"{key}-dark" if setting == "dark theme" else key)
        if key in PRESSED:
            assert guest.look(STANDS) == "fine", key
            is_sound(guest, key)
            guest.walk_to_door()
            page.keyboard.press("Enter")
        wait_for(page, CARD)
        assert guest.look() == "fine", key
        is_sound(guest, key)
        assert page.evaluate(f"getComputedStyle({CARD}).colorScheme") == scheme, key
        assert page.evaluate("document.documentElement.scrollWidth") == wide, "the page does not scroll sideways"
        guest.shut()
        if page.evaluate(f"!!{DOOR}"):
            assert guest.look(STANDS) == "fine", key
            is_sound(guest, key)
        if setting in WITH_STATES and key in STATES:
            for state in STATES[key](guest):
                is_sound(guest, f"{key} {state}")
            close_for_good(guest)
    assert guest.complaints == []


PLACES = f"""() => [{CARD}, {CARD}?.querySelector('.cross'), {DOOR}].filter((each) => each).map((each) => {{
  const {{ left, right }} = each.getBoundingClientRect()
  return [left, right].map(Math.round)
}})"""


def test_what_is_read_from_the_right_is_mirrored(opened: Callable[[str], Guest]) -> None:
    plain, mirrored = opened("light"), opened("right to left")
    assert mirrored.page.evaluate("document.documentElement.dir") == "rtl"
    for key in (*FORMS, *PASSIVE):
        places: list[list[list[int]]] = []
        for guest in (plain, mirrored):
            if guest.page.evaluate(f"!!{DOOR}"):
                guest.open(guest.page.url)
            guest.show(key)
            if key in PRESSED:
                guest.walk_to_door()
                guest.page.keyboard.press("Enter")
            wait_for(guest.page, CARD)
            assert guest.look() == "fine", key
            places.append(guest.page.evaluate(PLACES))
            guest.shut()
        seen = [[1280 - right, 1280 - left] for left, right in places[0]]
        off = [abs(one - other) for pair in zip(seen, places[1], strict=True) for one, other in zip(*pair, strict=True)]
        assert max(off) <= 2, f"{key}: {places}"


INSIDE = "document.activeElement.localName === 'handrail-root'"
SAID = "document.querySelector('handrail-root').shadowRoot.querySelector('[role=status]')?.textContent"


def test_who_is_not_asked_keeps_focus_and_who_is_gets_it_back(opened: Callable[[str], Guest]) -> None:
    guest = opened("light")
    page = guest.page
    for key in FORMS:
        page.locator("#name_").focus()
        guest.show(key)
        # Said, or with the focus in it, it has come to rest.
        wait_for(page, INSIDE if key == "modal" else SAID)
        inside = page.evaluate("document.activeElement.localName")
        assert inside == ("handrail-root" if key == "modal" else "input"), key
        guest.go_in()
        if key != "modal":
            page.keyboard.press("F6")
            assert page.evaluate("document.activeElement.id") == "name_", "F6 leads out again"
            page.keyboard.press("F6")
        page.keyboard.press("Escape")
        guest.gone()
        assert page.evaluate("document.activeElement.id") == "name_", key


def test_what_comes_is_said(opened: Callable[[str], Guest]) -> None:
    guest = opened("light")
    for key in FORMS:
        guest.show(key)
        if key != "modal":
            expect(guest.page.locator("handrail-root [role=status]")).not_to_be_empty()
        guest.go_in()
        guest.page.keyboard.press("Escape")
        guest.gone()
