"""Run JavaScript in a real browser: it runs in the click, under a strict policy, and never where the page says no."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support.demo import Demo
from tests.support.hosts import folder_server
from tests.support.soak import times
from tests.support.waiting import eventually

PROJECT = "5f0f3b1e-7c1d-4c39-9d0a-2a6d1f1d0b57"
MARK = "window.ran = (window.ran || 0) + 1; window.seenAt = [context.step, context.attribute('custom.plan')]"
NOTE = "const n = Number(localStorage.getItem('ran') || 0); localStorage.setItem('ran', String(n + 1))"
FETCHED = "performance.getEntriesByType('resource').filter(({name}) => name.includes('/code/')).length"
THROWS = "window.thrown = true; throw new Error('from code')"


def a_tour(key: str, code: str, *more: dict[str, Any]) -> dict[str, Any]:
    button = {"type": "button", "label": "Go", "actions": [{"type": "run_js", "code": code}, *more]}
    return {
        "kind": "tour",
        "key": key,
        "name": key,
        "frequency": {"every": "time"},
        "respects_rate_limit": False,
        "show_on": {"on": "manual"},
        "content": {"steps": [{"key": "only", "form": "modal", "blocks": [{"type": "heading", "text": key}, button]}]},
    }


DONE = {"type": "go_to_step", "step": "complete"}
LEAVES = {"type": "navigate_to", "url": "/other.html"}


@pytest.fixture(scope="module")
def coded(quiet: Demo) -> Iterator[Demo]:
    """The quiet demo with code in it: signed for, approved and published."""
    standing = cast("dict[str, Any]", quiet.ask("GET", "/api/v1/run-js"))
    quiet.ask("POST", "/api/v1/run-js/agreement", json={"version": standing["version"]})
    for code in (MARK, NOTE, THROWS):
        made = cast("dict[str, Any]", quiet.ask("POST", "/api/v1/run-js/code", json={"code": code}))
        quiet.ask("POST", f"/api/v1/run-js/code/{made['hash']}/approval")
    documents = [a_tour("marks", MARK, DONE), a_tour("leaves", NOTE, LEAVES, DONE), a_tour("throws", THROWS, DONE)]
    sent = [{"sort": "experience", "document": each} for each in documents]
    quiet.ask("POST", "/api/v1/apply", json={"documents": sent})
    yield quiet
    for each in documents:
        quiet.ask("POST", f"/api/v1/experiences/{each['key']}/pause")


@contextmanager
def page_on(
    demo: Demo, browser: Browser, folder: Path, policy: str = "", tag: str = "", first: str = ""
) -> Iterator[Page]:
    """A page of the host application, which notes violations of its policy and every event that leaves it."""
    told = cast("dict[str, Any]", demo.ask("GET", "/api/v1/project"))
    key = told["environments"][0]["write_key"]
    script = f'<script src="{demo.server}/sdk/v1/handrail.js" data-project="{PROJECT}" data-key="{key}" {tag}></script>'
    for name in ("index", "other"):
        (folder / f"{name}.html").write_text(
            f'<!doctype html><title>{name}</title><script src="/host.js"></script>{script}<h1>{name}</h1>'
        )
    (folder / "host.js").write_text(
        "window.violations = []; addEventListener('securitypolicyviolation',"
        "(e) => violations.push(e.effectiveDirective + ' ' + e.blockedURI));"
        "window.handrail = [['do', 'identify', ['coder']],"
        f"['set', 'user:attributes', [{{plan: 'pro'}}, true]]{first}]"
    )
    headers = {"content-security-policy": policy} if policy else {}
    with folder_server(folder, headers=headers) as host:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{host}/index.html")
        page.wait_for_function("window.handrail?.version")
        yield page
        context.close()


def start(page: Page, key: str) -> Locator:
    """Starts a tour once the SDK knows of it; gives its button."""
    button = page.locator("handrail-root [role=dialog] button", has_text="Go")
    page.evaluate("handrail.push(['on', 'code:failed', [({reason}) => { window.failed = reason }]])")
    eventually(page, lambda: page.evaluate("(key) => handrail.start(key)", key)["started"])
    expect(button).to_be_visible()
    return button


def failed(page: Page) -> str:
    """Why the code was not run, once that was said."""
    eventually(page, lambda: page.evaluate("window.failed"))
    return page.evaluate("window.failed")


def test_it_runs_in_the_click_under_the_strictest_policy_that_names_ours(
    coded: Demo, browser: Browser, tmp_path: Path
) -> None:
    policy = (
        f"default-src 'none'; script-src 'self' {coded.server}; connect-src {coded.server}; style-src 'none'; "
        "require-trusted-types-for 'script'; trusted-types handrail-code"
    )
    with page_on(coded, browser, tmp_path, policy) as page:
        button = start(page, "marks")
        # Fetched under its hash, imported from the browser's cache, and evaluated a task later.
        eventually(page, lambda: page.evaluate(FETCHED) == 2)
        page.evaluate("new Promise((done) => setTimeout(() => setTimeout(done)))")
        # Synchronous: what the code did is there before the click's own task is over.
        assert button.evaluate("(button) => { button.click(); return window.ran }") == 1
        assert page.evaluate("window.seenAt") == ["only", "pro"]
        assert page.evaluate("window.violations") == []


def test_a_page_whose_trusted_types_do_not_name_ours_gets_none_and_works_on(
    coded: Demo, browser: Browser, tmp_path: Path
) -> None:
    policy = (
        f"script-src 'self' {coded.server}; connect-src {coded.server}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    with page_on(coded, browser, tmp_path, policy) as page:
        start(page, "marks").click()
        expect(page.locator("handrail-root [role=dialog]")).to_have_count(0)
        assert failed(page) == "not_loaded"
        assert page.evaluate("window.ran ?? 0") == 0


@pytest.mark.parametrize("way", ["command", "tag"])
def test_a_page_that_says_no_runs_and_fetches_nothing(coded: Demo, browser: Browser, tmp_path: Path, way: str) -> None:
    tag = 'data-allow-js="off"' if way == "tag" else ""
    first = ", ['set', 'core:allowJs', [false]]" if way == "command" else ""
    with page_on(coded, browser, tmp_path, tag=tag, first=first) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        start(page, "marks").click()
        expect(page.locator("handrail-root [role=dialog]")).to_have_count(0)
        assert failed(page) == "vetoed"
        assert page.evaluate("window.ran ?? 0") == 0
        assert not [url for url in asked if "/code/" in url]


def test_code_that_throws_stops_no_other_action(coded: Demo, browser: Browser, tmp_path: Path) -> None:
    with page_on(coded, browser, tmp_path) as page:
        start(page, "throws").click()
        page.wait_for_function("window.thrown")
        expect(page.locator("handrail-root [role=dialog]")).to_have_count(0)


def test_other_bytes_under_the_hash_are_not_run(coded: Demo, browser: Browser, tmp_path: Path) -> None:
    with page_on(coded, browser, tmp_path) as page:

        def tampered(route: Route) -> None:
            body = "export function run() { window.ran = 1; window.tampered = true }"
            headers = {"access-control-allow-origin": "*", "content-type": "text/javascript"}
            route.fulfill(status=200, body=body, headers=headers)

        page.route("**/sdk/v1/code/*", tampered)
        start(page, "marks").click()
        assert failed(page) == "not_loaded"
        assert page.evaluate("[window.ran ?? 0, !!window.tampered]") == [0, False]


TIMES = times(6, 100)


def test_run_js_before_a_navigation_records_its_event_every_time_on_a_slow_network(
    coded: Demo, browser: Browser, tmp_path: Path
) -> None:
    """RULES 29: 100 clicks, 500 ms away from the server, each event counted."""
    with page_on(coded, browser, tmp_path) as page:

        def slow(route: Route) -> None:
            time.sleep(0.5)
            route.continue_()

        sent: dict[str, str] = {}

        def note(body: str | None) -> None:
            for each in json.loads(body or "{}").get("batch", []):
                if each.get("event") == "action_fired" and each["properties"]["action"] == "run_js":
                    sent[each["messageId"]] = each["properties"]["code"]

        page.on("request", lambda request: note(request.post_data) if request.method == "POST" else None)
        page.route("**/v1/batch", slow)
        for _ in range(TIMES):
            start(page, "leaves").click()
            page.wait_for_url("**/other.html")
            page.goto(page.url.replace("other", "index"))
            page.wait_for_function("window.handrail?.version")
        eventually(page, lambda: len(sent) >= TIMES, seconds=30)
        assert len(sent) == TIMES
        assert len(set(sent.values())) == 1
        assert page.evaluate("Number(localStorage.getItem('ran'))") == TIMES
