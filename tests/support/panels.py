"""A small host application under a strict content security policy, for what stays on the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.support.demo import Demo
from tests.support.hosts import folder_server

PROJECT = "5f0f3b1e-7c1d-4c39-9d0a-2a6d1f1d0b57"

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{name}</title>
<script async src="{sdk}/sdk/v1/handrail.js" data-project="{project}" data-key="{key}"></script></head>
<body><header><a href="/">Start</a> <a href="/orders.html">Orders</a></header>
<main><h1>{name}</h1><button id="menu">Menu</button><label>Team <input id="team"></label><button id="help">?</button>
</main></body></html>"""


class Host:
    """The application's pages, and visits to them."""

    def __init__(self, origin: str, demo: Demo, browser: Browser) -> None:
        self.origin = origin
        self._demo = demo
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._faults: dict[Page, list[str]] = {}

    def publish(self, folder: Path, *documents: Mapping[str, Any], scheme: str = "light") -> None:
        """Make these documents, and no others, what is live; they may name the theme `own`, of this scheme."""
        for path in folder.glob("*.yaml"):
            path.unlink()
        for number, document in enumerate(documents):
            # JSON is YAML too.
            (folder / f"{number}.yaml").write_text(json.dumps(document))
        (folder / "themes.yaml").write_text(json.dumps([{"key": "own", "scheme": scheme}]))
        done = self._demo.command("apply", str(folder), "--prune")
        assert done.returncode == 0, done.stdout + done.stderr

    def visit(self, user: str = "", path: str = "/", **options: Any) -> Page:
        """Open a page in a browser of its own; errors of the page and of its policy are kept on it."""
        context = self._browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        )
        self._contexts.append(context)
        page = context.new_page()
        self._faults[page] = watch(page)
        if user:
            context.add_init_script(
                f"window.handrail = window.handrail || []; handrail.push(['do','identify',['{user}']])"
            )
        page.goto(self.origin + path)
        return page

    def faults(self, page: Page) -> list[str]:
        """What a page complained about so far; that it has no icon is its own business."""
        return [said for said in self._faults[page] if "404" not in said]

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@contextmanager
def host_of(demo: Demo, browser: Browser, folder: Path) -> Iterator[Host]:
    """The host application, on an origin of its own."""
    asked = {"project": PROJECT, "page": {"url": demo.host}, "sdk": "0.1.0", "anonymousId": "nobody"}
    key = httpx.post(f"{demo.server}/sdk/v1/boot", content=json.dumps(asked), headers={"origin": demo.host}).json()[
        "key"
    ]
    for name in ("index", "orders"):
        text = PAGE.format(name=name.title(), sdk=demo.server, project=PROJECT, key=key)
        (folder / f"{name}.html").write_text(text)
    policy = f"default-src 'none'; script-src {demo.server}; connect-src {demo.server}; style-src 'none'"
    with folder_server(folder, headers={"Content-Security-Policy": policy}, host="localhost") as origin:
        host = Host(origin, demo, browser)
        try:
            yield host
        finally:
            host.close()


def watch(page: Page) -> list[str]:
    """What the page complains about, from now on: uncaught errors and what its policy refused."""
    said: list[str] = []
    page.on("pageerror", lambda fault: said.append(str(fault)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    return said


def until(page: Page, holds: str) -> None:
    """Wait until an expression holds; the page's policy lets nobody else evaluate one."""
    for _ in range(200):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"It never came to {holds}: {page.evaluate('handrail.decisions?.()')}")


def launcher(page: Page) -> Locator:
    return page.locator("handrail-root .launcher button")


def panel(page: Page) -> Locator:
    return page.locator("handrail-root .panel")
