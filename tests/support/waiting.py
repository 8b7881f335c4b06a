"""Waiting for what a page, or the server behind it, comes to say: never for a time that a busy machine may not keep."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

STEP = 50


def eventually(page: Page, holds: Callable[[], object], *, seconds: float = 15) -> None:
    """Return once something holds, with the page going on meanwhile. Fails when it does not come to."""
    for _ in range(int(seconds * 1000 / STEP)):
        if holds():
            return
        page.wait_for_timeout(STEP)
    raise AssertionError(f"It did not come to hold within {seconds} seconds.")
