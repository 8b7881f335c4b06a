"""Strict: what shows once shows on one device and in one tab, however they race, and never on a guess (RULES 44)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.test_commands import PLAIN
from tests.support.demo import Demo, become

ROUNDS, RACERS = 5, 10
"""Fifty races in all: banners interrupt nobody, so those that wait for one event are all claimed at once."""

HEAR = "() => { window.told = []; jimo.push(['on', 'decision', [(each) => told.push(each)]]) }"
FIRE = "([event, at]) => void setTimeout(() => jimo.push(['do', 'segmentio:track', [{event}]]), at - Date.now())"
ASK_ANEW = """() => new Promise((ready) => {
  jimo.push(['on', 'ready', [ready]])
  jimo.push(['do', 'boosted:refresh'])
})"""


def keys_of(name: str) -> list[str]:
    return [f"{name}-{racer}" for racer in range(RACERS)]


def a_banner(key: str, event: str) -> dict[str, object]:
    blocks = [{"type": "paragraph", "text": f"This is {key}."}]
    fixed = {"kind": "banner", "frequency": {"every": "once", "strict": True}, "content": {"blocks": blocks}}
    return fixed | {"key": key, "name": key, "show_on": {"on": "event", "event": event}}


@pytest.fixture(scope="module")
def racing(quiet: Demo) -> Iterator[Demo]:
    """The quiet demo with what may race on it; nothing of it shows before its event. Paused again afterwards."""
    names = [f"race-{number}" for number in range(ROUNDS)] + ["tabs", "silent"]
    documents = [a_banner(key, name) for name in names for key in keys_of(name)]
    sent = [{"sort": "experience", "document": each} for each in documents]
    quiet.ask("POST", "/api/v1/apply", json={"documents": sent})
    yield quiet
    for each in documents:
        quiet.ask("POST", f"/api/v1/experiences/{each['key']}/pause")


@pytest.fixture
def devices(browser: Browser) -> Iterator[list[BrowserContext]]:
    with ExitStack() as stack:
        yield [stack.enter_context(browser.new_context()) for _ in range(2)]


def opened(context: BrowserContext, demo: Demo, user: str, path: str = PLAIN) -> Page:
    """A page of `user`'s on which the server has answered."""
    page = context.new_page()
    page.goto(demo.host + path)
    page.wait_for_function("window.handrail?.version")
    page.evaluate(HEAR)
    become(page, user)
    page.evaluate(ASK_ANEW)
    return page


def drawn_by(page: Page) -> set[str]:
    return set(page.evaluate("told.filter((each) => each.shown).map((each) => each.key)"))


def race(pages: Sequence[Page], name: str) -> list[set[str]]:
    """What each page drew of one round, which begins in all of them in the same moment, until all of it was drawn.

    A busy machine may leave a claim without an answer in time; then the next one decides.
    """
    keys = keys_of(name)
    for _ in range(10):
        at = pages[0].evaluate("Date.now()") + 300
        for page in pages:
            page.evaluate("window.before = told.length")
            page.evaluate(FIRE, [name, at])
        for page in pages:
            page.wait_for_function(
                """(keys) => keys.every((key) => told.some((each) => each.shown && each.key === key)
                  || told.slice(before).some((each) => each.key === key))""",
                arg=keys,
            )
        drawn = [drawn_by(page) & set(keys) for page in pages]
        if set().union(*drawn) == set(keys):
            return drawn
        for page in pages:
            page.evaluate(ASK_ANEW)
    raise AssertionError(f"{name}: not everything was drawn")


def test_of_two_devices_exactly_one_draws_fifty_times(racing: Demo, devices: list[BrowserContext]) -> None:
    pages = [opened(context, racing, "ann") for context in devices]
    for number in range(ROUNDS):
        one, other = race(pages, f"race-{number}")
        assert not one & other, (one, other)


def test_of_two_tabs_exactly_one_draws(racing: Demo, devices: list[BrowserContext]) -> None:
    pages = [opened(devices[0], racing, "bob") for _ in range(2)]
    one, other = race(pages, "tabs")
    assert not one & other, (one, other)


def test_without_the_servers_word_nothing_is_drawn_and_the_panel_says_why(
    racing: Demo, devices: list[BrowserContext]
) -> None:
    page = opened(devices[0], racing, "eve", f"{PLAIN}?handrail_debug=1")
    page.route("**/sdk/v1/claim", lambda route: route.abort())
    page.evaluate(FIRE, ["silent", 0])
    page.wait_for_function("told.filter((each) => each.because === 'unclaimed').length >= 10")
    assert drawn_by(page) == set()
    expect(page.locator("handrail-root").get_by_text("the server did not say in time").first).to_be_visible()
    assert racing.explain("eve", "silent-0")["shows"] is None
    page.unroute("**/sdk/v1/claim")
    page.evaluate(ASK_ANEW)
    assert race([page], "silent") == [set(keys_of("silent"))]


def test_a_device_that_is_offline_draws_nothing(racing: Demo, devices: list[BrowserContext]) -> None:
    page = opened(devices[0], racing, "olga")
    devices[0].set_offline(True)
    page.evaluate(FIRE, ["silent", 0])
    page.wait_for_function("told.filter((each) => /offline|unclaimed/.test(each.because)).length >= 10")
    assert drawn_by(page) == set()
