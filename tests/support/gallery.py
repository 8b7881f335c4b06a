"""What journeys of passive kinds share: publishing documents to the quiet host, and what is left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Page

from tests.support.demo import ROOT, Demo

GALLERY = ROOT / "examples" / "gallery" / "experiences"


@contextmanager
def published(demo: Demo, folder: Path, *documents: Mapping[str, Any] | Path) -> Iterator[None]:
    """These documents are live, and paused again afterwards."""
    paths: list[str] = []
    for number, document in enumerate(documents):
        path = document if isinstance(document, Path) else folder / f"{number}.yaml"
        if not isinstance(document, Path):
            # JSON is YAML too.
            path.write_text(json.dumps(document))
        paths.append(str(path))
    done = demo.command("apply", *paths)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield
    finally:
        for each in cast("dict[str, Any]", demo.ask("GET", "/api/v1/documents"))["documents"]:
            if each["sort"] == "experience":
                demo.ask("POST", f"/api/v1/experiences/{each['document']['key']}/pause")


def until(page: Page, holds: str) -> None:
    """Wait until an expression holds."""
    page.wait_for_function(holds, timeout=20_000)


def told(page: Page) -> list[dict[str, Any]]:
    """Lifecycle events that the page sent, in the order in which they were said; call `listen` before it loads."""
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    return [each for each in cast("list[dict[str, Any]]", page.said) if each["type"] == "track"]  # pyright: ignore[reportAttributeAccessIssue]


def listen(page: Page) -> None:
    """Keep what the page sends, boots included, each message once."""
    said: dict[str, dict[str, Any]] = {}
    page.said = []  # pyright: ignore[reportAttributeAccessIssue]

    def hear(request: Any) -> None:
        if request.method != "POST" or not request.post_data:
            return
        batch = json.loads(request.post_data).get("batch", [])
        for message in batch:
            said.setdefault(message["messageId"], message)
        page.said = sorted(said.values(), key=lambda each: each["timestamp"])  # pyright: ignore[reportAttributeAccessIssue]

    page.on("request", hear)
