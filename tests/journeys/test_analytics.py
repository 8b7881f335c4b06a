"""Segment's own browser library in a real browser, its settings document included."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from playwright.sync_api import Browser

from tests.support.demo import Demo, running_demo
from tests.support.hosts import ROOT
from tests.support.waiting import eventually

LIBRARY = ROOT / "tests" / "clients" / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd" / "index.js"

SEND = """async ([server, writeKey]) => {
  const [analytics] = await window.AnalyticsNext.AnalyticsBrowser.load(
    { writeKey, cdnURL: server },
    { integrations: { 'Segment.io': { apiHost: new URL(server).host + '/v1', protocol: 'http' } } },
  )
  await analytics.identify('ann', { plan: 'pro' })
  for (let number = 0; number < 5; number++) await analytics.track('Order', { number })
  await analytics.page('Home')
  await analytics.group('acme', { tier: 'gold' })
}"""


def events_of(demo: Demo) -> int:
    """How many events the log holds."""
    return cast("dict[str, int]", demo.ask("POST", "/api/v1/rebuild"))["events"]


def test_the_browser_library_finds_its_settings_and_every_event_arrives_once(browser: Browser, tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        told = cast("dict[str, list[dict[str, str]]]", demo.ask("GET", "/api/v1/project"))
        key = told["environments"][0]["write_key"]
        context = browser.new_context()
        page = context.new_page()
        page.route("**/handrail.js", lambda route: route.abort())
        answers: list[int] = []
        page.on("response", lambda answer: answers.append(answer.status) if "/v1/" in answer.url else None)
        page.goto(f"{demo.host}/demo/plain_page.html")
        page.evaluate(LIBRARY.read_text() + "\n;null")
        page.evaluate(SEND, [demo.server, key])
        eventually(page, lambda: events_of(demo) >= 8)
        context.close()
        assert answers
        assert set(answers) <= {200, 204}
        assert events_of(demo) == 8
