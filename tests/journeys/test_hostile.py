"""Every kind on pages that are hostile: seen, within reach of pointer and keyboard, and the page none the wiser."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.demo import Demo
from tests.support.guest import CARD, STYLES, Guest, wait_for
from tests.support.hostile import Hostility, hostile_host
from tests.support.hostilities import PAGES, POLICIES, RESETS
from tests.support.hosts import ROOT
from tests.support.kinds import FORMS, publish, tag_for

EVERYTHING = os.environ.get("HANDRAIL_SOAK") == "1"
"""Whether each page meets each form. In a run for a commit it meets a tooltip and one other, in turn."""
HARDEST = ("tooltip",)
OTHERS = [key for key in FORMS if key not in HARDEST]
ALL = [*(RESETS if EVERYTHING else RESETS[::2]), *POLICIES, *PAGES]


def forms_for(hostility: Hostility) -> list[str]:
    """Which forms are shown on this page."""
    return list(FORMS) if EVERYTHING else [*HARDEST, OTHERS[ALL.index(hostility) % len(OTHERS)]]


def loader_hash() -> str:
    """The hash that a host would write into its policy and its script element."""
    loader = ROOT / "src" / "handrail" / "static" / "sdk" / "handrail.js"
    return base64.b64encode(hashlib.sha256(loader.read_bytes()).digest()).decode()


@pytest.fixture(scope="module")
def kinds(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A server with one experience of each form."""
    publish(quiet, tmp_path_factory.mktemp("kinds"), FORMS)
    return quiet


def operate(guest: Guest, key: str, shown: str, baseline: list[str] | None) -> list[str]:
    """Shows one form, looks at it, uses it by keyboard alone, closes another with Esc; gives the styles in force."""
    guest.show(key, shown)
    assert guest.look() == "fine", key
    styles: list[str] = guest.page.evaluate(STYLES)
    if baseline is not None:
        assert styles == baseline, key
    guest.go_in()
    if key == "survey":
        guest.tab_to("textarea")
        guest.page.keyboard.type("a cj?")
        typed = guest.page.evaluate(f"{CARD}.querySelector('textarea').value")
        assert typed == "a cj?", "what is typed stands in our field"
    guest.tab_to("primary")
    guest.page.keyboard.press("Enter")
    guest.gone()
    if EVERYTHING or key not in HARDEST:
        guest.show(key)
        guest.go_in()
        guest.page.keyboard.press("Escape")
        guest.gone()
    return styles


def settle(page: Page) -> list[str]:
    """The page's own test of itself."""
    page.evaluate("postMessage({selftest: true})")
    wait_for(page, "window.transcript")
    return page.evaluate("transcript")


@pytest.fixture(scope="module")
def baseline(kinds: Demo, browser: Browser) -> dict[str, list[str]]:
    """How each form looks on a page that wishes us well."""
    with hostile_host(Hostility("none", "true"), kinds.server, tag_for(kinds)) as host:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        guest = Guest(context.new_page())
        guest.open(f"{host}/")
        looks = {key: operate(guest, key, "", None) for key in FORMS}
        context.close()
    return looks


@pytest.mark.slow
@pytest.mark.parametrize("hostility", ALL, ids=lambda each: each.name)
def test_every_kind_stands_and_works_on_a_hostile_page(
    kinds: Demo, browser: Browser, baseline: dict[str, list[str]], hostility: Hostility
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    script = hostility.script.replace("{hash}", loader_hash())
    with hostile_host(hostility, kinds.server, tag_for(kinds, script), loader_hash()) as host:
        bare = context.new_page()
        bare.goto(f"{host}/bare")
        alone = settle(bare)
        guest = Guest(context.new_page())
        guest.open(f"{host}/", hostility.after)
        for key in forms_for(hostility):
            operate(guest, key, hostility.shown, None if hostility.html else baseline[key])
        faults: dict[str, Any] = guest.page.evaluate("({faults, violations, heard: heard.splice(0)})")
        assert faults == {"faults": [], "violations": [], "heard": []}
        assert guest.complaints == []
        if not hostility.after + hostility.shown:
            assert settle(guest.page) == alone, "the page's test of itself says the same with us and without us"
        assert guest.page.evaluate(hostility.in_force), "the hostility is real"
    context.close()
