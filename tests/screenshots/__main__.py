"""`./dev screenshots [KIND...] [--look LOOK...]`: the gallery in every state, theme, language and window.

Starts a demo of its own on a free port. Pictures and a contact sheet for each kind go to `.dev/screenshots`.
Exits with 1 when something could not be pictured, or when the page reported an error.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import count, groupby
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.screenshots.scenes import LOOKS, Look, Scene, ours, scenes_of
from tests.screenshots.sheet import file_of, write_sheet
from tests.support.chromium import chromium_arguments, find_chromium
from tests.support.demo import ROOT, running_demo

FOLDER = ROOT / ".dev" / "screenshots"
VISITORS = count()
PATIENCE = 20_000
"""Milliseconds: a busy machine shows the same thing, only later."""
FONTS = Path(__file__).with_name("fonts.conf")
STEADY = ["--force-color-profile=srgb", "--font-render-hinting=none", "--disable-lcd-text"]
"""Options with which the same page gives the same picture on every machine."""


def visit(page: Page, host: str, look: Look) -> list[str]:
    """Open the gallery as a visitor who has seen nothing yet; gives the keys of what it shows."""
    page.goto(f"{host}/demo/gallery/?language={look.language}&theme={look.theme}&visitor=visitor-{next(VISITORS)}")
    buttons = page.locator("#list button")
    expect(buttons.first).to_be_attached()
    return buttons.evaluate_all("(all) => all.map((each) => each.dataset.key)")


def picture(browser: Browser, host: str, scene: Scene, look: Look) -> list[str]:
    """Take one picture; gives what went wrong."""
    page = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        device_scale_factor=look.zoom,
        color_scheme="dark" if look.theme == "-dark" else "light",
        is_mobile=look.is_phone,
        has_touch=look.is_phone,
        reduced_motion="reduce",
        forced_colors="active" if look.forced else "none",
    ).new_page()
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    try:
        visit(page, host, look)
        if scene.name == "feed":
            page.locator("[data-handrail-feed]").click()
        else:
            started = page.evaluate("(key) => handrail.start(key)", scene.key + look.theme)
            if not started["started"]:
                return [f"{scene.key} is not shown: {started['because']}"]
        expect(ours(page, ":is(.card, .mark, .launcher button)")).to_be_visible()
        for move in scene.moves:
            move(page)
        # What is clicked leaves the pointer behind, and its hover with it.
        page.mouse.move(0, 0)
        page.screenshot(path=FOLDER / file_of(scene, look), animations="disabled")
    except Exception as error:  # noqa: BLE001 one picture that fails must not cost the others
        faults.append(str(error).partition("\n")[0])
    finally:
        page.context.close()
    return faults


def pictures(host: str, browser: Browser, kinds: Sequence[str], looks: Sequence[Look]) -> list[str]:
    """Take the pictures of these kinds (none: all), and their sheets; gives what went wrong."""
    page = browser.new_page()
    keys = visit(page, host, LOOKS[0])
    page.close()
    faults: list[str] = []
    scenes = sorted(scenes_of(keys), key=lambda scene: scene.kind)
    for kind, each in groupby(scenes, key=lambda scene: scene.kind):
        if kinds and kind not in kinds:
            continue
        ordered = sorted(each, key=lambda scene: scene.key)
        for scene in ordered:
            for look in looks:
                for fault in picture(browser, host, scene, look):
                    faults.append(f"{file_of(scene, look)}: {fault}")
                    print(faults[-1], flush=True)
        print(write_sheet(browser, FOLDER, kind, ordered, looks).relative_to(ROOT))
    return faults


def main(arguments: list[str]) -> int:
    """Take pictures; the exit code says whether all of them were."""
    parser = argparse.ArgumentParser(prog="./dev screenshots", description="Pictures of every experience.")
    parser.add_argument("kinds", nargs="*", help="tour, survey, banner, hint, checklist, resource, post; none: all")
    parser.add_argument("--look", nargs="*", choices=[look.name for look in LOOKS], default=[])
    asked = parser.parse_args(arguments)
    looks = [look for look in LOOKS if not asked.look or look.name in asked.look]
    expect.set_options(timeout=PATIENCE)
    FOLDER.mkdir(parents=True, exist_ok=True)
    environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(FONTS)}
    with tempfile.TemporaryDirectory() as data, running_demo(Path(data)) as demo, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=str(find_chromium()), args=[*chromium_arguments(), *STEADY], env=environment
        )
        faults = pictures(demo.host, browser, asked.kinds, looks)
        browser.close()
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
