"""Every kind for everybody: by axe's rules, by keyboard, without motion, in forced colours, small and zoomed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.demo import Demo
from tests.support.guest import CARD, Guest
from tests.support.hostile import Hostility, hostile_host
from tests.support.hosts import ROOT
from tests.support.kinds import FORMS, publish, tag_for

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SETTINGS: dict[str, dict[str, object]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "right to left": {},
    "forced colours": {"forced_colors": "active"},
    "small": {"viewport": {"width": 320, "height": 640}},
    "zoomed": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
}
SERIOUS = """async () => (await axe.run({ include: [['handrail-root']] })).violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => `${id}: ${nodes.map((each) => each.html).join(' ')}`)"""
SMALL = f"""() => [...{CARD}.querySelectorAll('button,input,textarea,select,a')].filter((each) => {{
  const box = each.getBoundingClientRect()
  return box.width < 24 || box.height < 24
}}).map((each) => each.outerHTML)"""
MOVING = "document.querySelector('handrail-root').shadowRoot.getAnimations().length"


@pytest.fixture(scope="module")
def kinds(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A server with one experience of each form."""
    publish(quiet, tmp_path_factory.mktemp("access"), FORMS)
    return quiet


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


@pytest.mark.parametrize("setting", SETTINGS)
def test_nothing_serious_is_wrong_with_any_kind(opened: Callable[[str], Guest], setting: str) -> None:
    guest = opened(setting)
    guest.page.add_script_tag(path=AXE)
    wide = guest.page.evaluate("document.documentElement.scrollWidth")
    for key in FORMS:
        guest.show(key)
        assert guest.look() == "fine", key
        assert guest.page.evaluate(SERIOUS) == [], key
        assert guest.page.evaluate(SMALL) == [], key
        assert guest.page.evaluate(MOVING) == 0, key
        assert guest.page.evaluate("document.documentElement.scrollWidth") == wide, "the page does not scroll sideways"
        guest.go_in()
        guest.page.keyboard.press("Escape")
        guest.gone()
    assert guest.complaints == []


def test_who_is_not_asked_keeps_focus_and_who_is_gets_it_back(opened: Callable[[str], Guest]) -> None:
    guest = opened("light")
    page = guest.page
    for key in FORMS:
        page.locator("#name_").focus()
        guest.show(key)
        page.wait_for_timeout(100)
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
            said = guest.page.locator("handrail-root [role=status]")
            said.wait_for(state="attached")
            for _ in range(40):
                if said.inner_text():
                    break
                guest.page.wait_for_timeout(25)
            assert said.inner_text(), key
        guest.go_in()
        guest.page.keyboard.press("Escape")
        guest.gone()
