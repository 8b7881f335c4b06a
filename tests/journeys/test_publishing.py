"""What a member publishes reaches pages that are open: what stands on them is the version that is live."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.demo import Demo
from tests.support.gallery import published
from tests.support.kinds import FORMS, PASSIVE

STAYS = {
    "inline": (FORMS["inline"], "[role=region]"),
    "hint": (PASSIVE["hint"], ".mark"),
    "checklist": (PASSIVE["checklist"], ".launcher"),
    "resource_center": (PASSIVE["resource_center"], ".launcher"),
}
"""Documents of what stays on a page, and where their words are seen."""
ENDS = """() => {
  window.ends = []
  jimo.push(['on', 'experience:ended', [({experience, reason}) => ends.push(`${experience} ${reason}`)]])
}"""


def a_version(document: dict[str, Any], word: str) -> dict[str, Any]:
    """The document on whatever page is opened, at an element that the demo's page has, with another word in it."""
    text = json.dumps(document).replace("#text", "[aria-label='Notifications']")
    for before in ("Maintenance tonight", "About sales", '"Steps"', '"Help"', "Your reports"):
        text = text.replace(before, f'"{word}"' if before.startswith('"') else word)
    made = deepcopy(json.loads(text))
    return made | {"show_on": {"on": "page_opening"}}


def again(page: Page) -> None:
    page.evaluate("jimo.push(['do', 'boosted:refresh'])")


@pytest.mark.parametrize("key", STAYS)
def test_another_version_takes_the_place_of_what_stays(
    quiet: Demo, visit: Callable[..., Page], tmp_path: Path, key: str
) -> None:
    document, css = STAYS[key]
    with published(quiet, tmp_path, a_version(document, "Former")):
        page = visit("ada", path="/demo/blank.html", host=quiet)
        page.goto(quiet.host + "/demo/index.html")
        shown = page.locator(f"handrail-root {css}")
        expect(shown).to_contain_text("Former")
        page.evaluate(ENDS)
        with published(quiet, tmp_path, a_version(document, "Latter")):
            again(page)
            expect(shown).to_contain_text("Latter")
            expect(shown).to_have_count(1)
            assert page.evaluate("ends") == [f"{key} paused"]


def test_a_panel_stays_open_over_a_publication(quiet: Demo, visit: Callable[..., Page], tmp_path: Path) -> None:
    document = PASSIVE["checklist"]
    with published(quiet, tmp_path, a_version(document, "Former")):
        page = visit("ada", path="/demo/blank.html", host=quiet)
        page.goto(quiet.host + "/demo/index.html")
        page.locator("handrail-root .launcher button").click()
        page.get_by_role("button", name="Look at reports", exact=True).click()
        progress = page.locator("handrail-root [role=progressbar]")
        expect(progress).to_have_attribute("aria-valuenow", "1")
        with published(quiet, tmp_path, a_version(document, "Latter")):
            again(page)
            expect(page.locator("handrail-root .launcher")).to_contain_text("Latter")
            expect(progress).to_have_attribute("aria-valuenow", "1")


def test_a_tour_that_has_begun_goes_on_as_it_was(quiet: Demo, visit: Callable[..., Page], tmp_path: Path) -> None:
    document = FORMS["snippet"]
    with published(quiet, tmp_path, a_version(document, "Former")):
        page = visit("ada", path="/demo/blank.html", host=quiet)
        page.goto(quiet.host + "/demo/index.html")
        card = page.locator("handrail-root [role=dialog]")
        expect(card).to_contain_text("Former")
        page.evaluate(ENDS)
        with published(quiet, tmp_path, a_version(document, "Latter")):
            page.evaluate("() => { window.told = false; jimo.push(['on', 'ready', [() => { window.told = true }]]) }")
            again(page)
            page.wait_for_function("told")
            expect(card).to_contain_text("Former")
            assert page.evaluate("ends") == []
