"""`python -m tests.screenshots.demo`: the pictures of the demo that the documents show, into `docs/images`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.screenshots.__main__ import FONTS, PATIENCE, STEADY
from tests.support.chromium import chromium_arguments, find_chromium
from tests.support.demo import ROOT, running_demo

FOLDER = ROOT / "docs" / "images"
MET = {"ada": "Welcome, Ada", "basile": "Qu'est-ce qui vous amène ?", "chidi": "One thing left, Chidi"}
"""What each persona meets first."""


def visit(browser: Browser, host: str, persona: str) -> Page:
    """The dashboard as a persona meets it, once it stands still."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.add_init_script(f"localStorage.setItem('demo-persona', {persona!r})")
    page = context.new_page()
    page.goto(f"{host}/demo/index.html")
    expect(page.locator("handrail-root [role=dialog]")).to_contain_text(MET[persona])
    expect(page.locator("handrail-root [role=region]")).to_be_attached()
    return page


def picture(page: Page, name: str) -> None:
    """Take it once two in a row are the same: the page's own charts are drawn over some frames."""
    before, now = b"", page.screenshot()
    while before != now:
        before, now = now, page.screenshot()
    (FOLDER / name).write_bytes(now)


def take(browser: Browser, host: str) -> None:
    """Each persona's page, and the tour that the README begins with."""
    for persona in MET:
        page = visit(browser, host, persona)
        picture(page, f"demo-{persona}.png")
        if persona == "ada":
            page.get_by_role("button", name="Show me around").click()
            expect(page.locator("handrail-root [role=dialog]")).to_contain_text("Find anything")
            page.mouse.move(0, 0)
            picture(page, "demo.png")
        page.context.close()


def main() -> None:
    """Take them, from a demo of its own on a free port."""
    expect.set_options(timeout=PATIENCE)
    environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(FONTS)}
    with tempfile.TemporaryDirectory() as data, running_demo(Path(data)) as demo, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=str(find_chromium()), args=[*chromium_arguments(), *STEADY], env=environment
        )
        take(browser, demo.host)
        browser.close()


if __name__ == "__main__":
    main()
