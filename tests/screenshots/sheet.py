"""A contact sheet: the pictures of one kind, a row a scene and a column a look."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from playwright.sync_api import Browser

from tests.screenshots.scenes import Look, Scene

STYLE = """
body { margin: 16px; font: 14px/1.4 system-ui, sans-serif; background: #e7e9ee; color: #16181d; }
table { border-spacing: 12px; } th { text-align: start; vertical-align: top; font-weight: 600; }
img { display: block; max-height: 400px; box-shadow: 0 1px 4px rgb(0 0 0 / .3); }
"""


def file_of(scene: Scene, look: Look) -> str:
    """The name of one picture."""
    return f"{scene.key}.{scene.name}.{look.name}.png"


def write_sheet(browser: Browser, folder: Path, kind: str, scenes: Sequence[Scene], looks: Sequence[Look]) -> Path:
    """Write the sheet of a kind as a page and as one picture beside its pictures; gives the picture."""
    head = "".join(f"<th>{escape(look.name)}</th>" for look in looks)
    rows = "".join(
        f"<tr><th>{escape(scene.key)}<br>{escape(scene.name)}</th>"
        + "".join(f'<td><img src="{escape(file_of(scene, look))}"></td>' for look in looks)
        for scene in scenes
    )
    file = folder / f"{kind}.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><table><tr><th></th>{head}</tr>{rows}")
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.goto(file.as_uri())
    # As wide as its table is: nothing of it is cut off.
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    page.set_viewport_size({"width": size[0], "height": 900})
    picture = folder / f"{kind}.png"
    page.screenshot(path=picture, full_page=True)
    page.close()
    return picture
