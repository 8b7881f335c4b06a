"""Every kind on pages that are hostile: seen, within reach of pointer and keyboard, and the page none the wiser."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.demo import Demo
from tests.support.guest import CARD, DOOR, STANDS, STYLES, Guest, selftest, wait_for
from tests.support.hostile import Hostility, hostile_host
from tests.support.hostilities import PAGES, POLICIES, RESETS
from tests.support.hosts import ROOT
from tests.support.kinds import FORMS, PASSIVE, PRESSED, live, tag_for
from tests.support.soak import SOAK

HARDEST = ("tooltip",)
"""In a run for a commit each page meets these and two others, in turn; in a soak all."""
OTHERS = [key for key in FORMS if key not in HARDEST]
STAYING = list(PASSIVE)
ALL = [*(RESETS if SOAK else RESETS[::2]), *POLICIES, *PAGES]


def forms_for(hostility: Hostility) -> list[str]:
    """Which forms are shown on this page, those that stay on it last."""
    at = ALL.index(hostility)
    return [*FORMS, *PASSIVE] if SOAK else [*HARDEST, OTHERS[at % len(OTHERS)], STAYING[at % len(STAYING)]]


def loader_hash() -> str:
    """The hash that a host would write into its policy and its script element."""
    loader = ROOT / "src" / "handrail" / "static" / "sdk" / "handrail.js"
    return base64.b64encode(hashlib.sha256(loader.read_bytes()).digest()).decode()


@pytest.fixture(scope="module")
def kinds(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server with one experience of each form."""
    with live(quiet, tmp_path_factory.mktemp("kinds"), {**FORMS, **PASSIVE}) as demo:
        yield demo


def operate(guest: Guest, key: str, hostility: Hostility, baseline: list[str] | None) -> list[str]:
    """Shows one form, looks at it, uses it by keyboard alone, closes another with Esc; gives the styles in force."""
    if key in PASSIVE:
        return operate_passive(guest, key, hostility, baseline)
    guest.show(key, hostility.shown)
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
    if SOAK or key not in HARDEST:
        guest.show(key)
        guest.go_in()
        guest.page.keyboard.press("Escape")
        guest.gone()
    return styles


def operate_passive(guest: Guest, key: str, hostility: Hostility, baseline: list[str] | None) -> list[str]:
    """Shows what stays on the page, opens and closes it by keyboard alone; gives the styles in force."""
    page = guest.page
    guest.show(key, hostility.shown)
    styles: list[str] = []
    if key not in PRESSED:
        wait_for(page, CARD)
        assert guest.look() == "fine", key
        styles += page.evaluate(STYLES)
        guest.shut()
    if key != "post":
        page.evaluate(f"(async () => {{ {hostility.uncover} }})()")
        assert guest.look(STANDS) == "fine", key
        styles += page.evaluate(STYLES)
        if hostility.traps:
            page.mouse.click(*guest.middle_of_door())
        else:
            guest.walk_to_door()
            page.keyboard.press("Enter")
        wait_for(page, f"{CARD}?.checkVisibility()")
        assert guest.look() == "fine", key
        styles += page.evaluate(STYLES)
        guest.shut()
        # A badge is a tour's step, which Esc dismisses; who closes the others stands where they came from.
        if not hostility.traps:
            wait_for(page, f"!{DOOR}" if key == "badge" else f"{DOOR}.matches(':focus')")
    if baseline is not None:
        assert styles == baseline, key
    return styles


def clear(guest: Guest, address: str, after: str = "") -> None:
    """Opens the page anew where something stays on it."""
    if guest.page.evaluate(f"!!{DOOR}"):
        guest.open(address, after)


@pytest.fixture(scope="module")
def baseline(kinds: Demo, browser: Browser) -> dict[str, list[str]]:
    """How each form looks on a page that wishes us well."""
    wellmeaning = Hostility("none", "true")
    with hostile_host(wellmeaning, kinds.server, tag_for(kinds)) as host:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        guest = Guest(context.new_page())
        guest.open(f"{host}/")
        looks: dict[str, list[str]] = {}
        for key in (*FORMS, *PASSIVE):
            clear(guest, f"{host}/")
            looks[key] = operate(guest, key, wellmeaning, None)
        context.close()
    return looks


@pytest.mark.slow
@pytest.mark.parametrize("hostility", ALL, ids=lambda each: each.name)
def test_every_kind_stands_and_works_on_a_hostile_page(
    kinds: Demo, browser: Browser, baseline: dict[str, list[str]], hostility: Hostility
) -> None:
    if hostility.library and not hostility.library.is_file():
        reason = f"{hostility.library} is not here: ./dev test installs it (Prototype.js on Linux only)"
        assert sys.platform != "linux" or not os.environ.get("HANDRAIL_REQUIRE_ALL"), reason
        pytest.skip(reason)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    script = hostility.script.replace("{hash}", loader_hash())
    with hostile_host(hostility, kinds.server, tag_for(kinds, script), loader_hash()) as host:
        bare = context.new_page()
        bare.goto(f"{host}/bare")
        alone = selftest(bare)
        guest = Guest(context.new_page())
        guest.open(f"{host}/", hostility.after)
        for key in forms_for(hostility):
            clear(guest, f"{host}/", hostility.after)
            operate(guest, key, hostility, None if hostility.html else baseline[key])
        faults: dict[str, Any] = guest.page.evaluate("({faults, violations, heard: heard.splice(0)})")
        assert faults == {"faults": [], "violations": [], "heard": []}
        assert guest.complaints == []
        if not hostility.after + hostility.shown:
            assert selftest(guest.page) == alone, "the page's test of itself says the same with us and without us"
        assert guest.page.evaluate(hostility.in_force), "the hostility is real"
    context.close()
