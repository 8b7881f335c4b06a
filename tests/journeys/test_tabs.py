"""Tabs, time and other copies: what several pages of one browser do together, and what one does when nobody answers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.journeys.test_commands import PLAIN, TOUR, answered, boots_of, kept, publish, ready, stop_clock
from tests.support.demo import Demo, become
from tests.support.waiting import eventually

__all__ = ["TOUR"]
Visit = Callable[..., Page]
Timed = Callable[..., Page]
CARD = "handrail-root [role=dialog]"
UNANSWERED: WeakKeyDictionary[Page, set[Request]] = WeakKeyDictionary()
"""What each tab asked and has no answer to."""


@pytest.fixture
def timed(browser: Browser, demo: Demo) -> Iterator[Timed]:
    """Opens tabs of one browser whose clocks the test moves."""
    context = browser.new_context()

    def open_tab(path: str = PLAIN, prepare: Callable[[BrowserContext], object] | None = None) -> Page:
        if prepare is not None:
            prepare(context)
        page = context.new_page()
        follow_requests(page)
        page.clock.install()
        page.goto(demo.host + path)
        page.clock.run_for(100)
        return page

    yield open_tab
    context.close()


def follow_requests(page: Page) -> None:
    """Keep in mind what this tab asked and has no answer to."""
    unanswered = UNANSWERED[page] = set()

    def answered(request: Request) -> None:
        unanswered.discard(request)

    page.on("request", lambda request: unanswered.add(request) if request.resource_type == "fetch" else None)
    page.on("requestfinished", answered)
    page.on("requestfailed", answered)


def pass_time(pages: list[Page], milliseconds: int, real: int = 120) -> None:
    """Move the clock, which all tabs of a browser share, and give the network, which has its own, time."""
    pages[0].clock.run_for(milliseconds)
    pages[0].wait_for_timeout(real)


def until(page: Page, selector: str, text: str) -> None:
    """Move the clock on until something is there, but not while an answer is on its way: it would be given up."""
    for _ in range(100):
        if page.locator(selector).filter(has_text=text).count():
            return
        eventually(page, lambda: not UNANSWERED[page])
        pass_time([page], 300)
    raise AssertionError(f"{text!r} never came")


# ------------------------------------------------------------------ one revision request for all tabs (RULES 18)


def test_three_tabs_ask_for_the_revision_as_often_as_one(timed: Timed) -> None:
    tabs = [timed() for _ in range(3)]
    asked: list[str] = []
    for tab in tabs:
        ready(tab)
        tab.on("request", lambda each: asked.append(each.url) if "/revision/" in each.url else None)
    minutes = 5
    for _ in range(minutes * 12):
        pass_time(tabs, 5000)
    # One tab alone asks 5 to 10 times in five minutes; the steps of the clock are five seconds wide.
    assert 4 <= len(asked) <= 11, len(asked)


def test_a_pause_reaches_open_tabs_within_a_minute_and_closes_with_its_reason(
    timed: Timed, demo: Demo, tmp_path: Path
) -> None:
    publish(demo, tmp_path, "stopped", "pauses")
    tabs = [timed(), timed()]
    for at, tab in enumerate(tabs):
        tab.evaluate("""() => {
          window.ends = []
          jimo.push(['on', 'experience:ended', [({experience, reason}) => ends.push([experience, reason])]])
        }""")
        become(tab, f"pausing-{at}", cohort="pauses")
        until(tab, CARD, "The tour stopped")
    demo.ask("POST", "/api/v1/experiences/stopped/pause")
    time.sleep(5.5)  # The revision may be kept by caches for five seconds; a cache has a clock of its own.
    for _ in range(14):
        pass_time(tabs, 5000)
    for tab in tabs:
        expect(tab.locator(CARD).filter(has_text="The tour stopped")).to_have_count(0)
        assert ["stopped", "paused"] in tab.evaluate("ends")


def test_a_hidden_tab_asks_nothing(timed: Timed) -> None:
    tab = timed()
    ready(tab)
    tab.evaluate("Object.defineProperty(document, 'visibilityState', {get: () => 'hidden', configurable: true})")
    asked: list[str] = []
    tab.on("request", lambda each: asked.append(each.url) if "/revision/" in each.url else None)
    for _ in range(30):
        pass_time([tab], 10_000)
    assert asked == []


# ------------------------------------------------------------------ identities


def test_two_tabs_of_two_users_each_speak_for_their_own(visit: Visit, demo: Demo) -> None:
    ann = visit(None, path=PLAIN)
    ready(ann)
    bob = ann.context.new_page()
    bob.goto(demo.host + PLAIN)
    ready(bob)
    of_ann, of_bob = boots_of(ann), boots_of(bob)
    sent: list[dict[str, str]] = []
    for tab in (ann, bob):
        tab.on("request", lambda request: sent.extend(json.loads(request.post_data or "{}").get("batch", [])))
    become(ann, "tab-ann", plan="free")
    become(bob, "tab-bob", plan="team")
    eventually(ann, lambda: any("userId" in boot for boot in of_ann) and any("userId" in boot for boot in of_bob))
    ann.evaluate("jimo.push(['do', 'segmentio:track', [{event: 'of ann', messageId: 'ann-1'}]])")
    bob.evaluate("jimo.push(['do', 'segmentio:track', [{event: 'of bob', messageId: 'bob-1'}]])")
    # What was kept for both is sent by whichever tab comes first, perhaps by now.
    events = [*kept(ann), *sent]
    told = {each["event"]: each["userId"] for each in events if str(each.get("event")).startswith("of ")}
    assert told == {"of ann": "tab-ann", "of bob": "tab-bob"}, "neither tab overwrote what the other had not sent"
    assert {boot["userId"] for boot in of_ann if "userId" in boot} == {"tab-ann"}
    assert {boot["userId"] for boot in of_bob if "userId" in boot} == {"tab-bob"}
    assert ann.evaluate("jimo.push(['get', 'user:attributes'])") == {"plan": "free"}


def test_another_identity_in_the_midst_of_a_run_ends_it_as_replaced(visit: Visit, demo: Demo, tmp_path: Path) -> None:
    publish(demo, tmp_path, "personal", "persons")
    page = visit(None, path=PLAIN)
    page.evaluate("""() => {
      window.ends = []
      jimo.push(['on', 'experience:ended', [({experience, reason}) => ends.push([experience, reason])]])
    }""")
    become(page, "first-person", cohort="persons")
    expect(page.locator(CARD).filter(has_text="The tour personal")).to_be_visible()
    page.evaluate("jimo.push(['do', 'identify', ['second-person']])")
    expect(page.locator(CARD).filter(has_text="The tour personal")).to_have_count(0)
    assert ["personal", "replaced"] in page.evaluate("ends")
    assert page.evaluate("jimo.push(['get', 'user:attributes'])") == {}
    page.reload()
    page.wait_for_function("window.handrail?.version")
    answered(page)
    expect(page.locator(CARD).filter(has_text="The tour personal")).to_have_count(0)


def test_what_the_visitor_saw_the_user_has_seen_also_before_the_server_knows(
    visit: Visit, demo: Demo, tmp_path: Path
) -> None:
    page = visit(None, path=PLAIN)
    ready(page)
    ledger = """(name) => Object.keys(localStorage).filter((key) => key.includes(':ledger:')).length"""
    page.evaluate("""() => {
      const [key] = Object.keys(localStorage).filter((each) => each.endsWith(':person'))
      const { anonymousId } = JSON.parse(localStorage.getItem(key))
      const ledger = key.replace(/person$/, `ledger:${anonymousId}`)
      localStorage.setItem(ledger, JSON.stringify({ maintenance: { dismissed: Date.now(), last_seen: Date.now() } }))
    }""")
    assert page.evaluate(ledger) >= 1
    become(page, "merged-user", plan="free")
    page.wait_for_function(
        """handrail.decisions().some((each) => each.key === 'maintenance' && each.because === 'frequency_days')"""
    )


# ------------------------------------------------------------------ back, reload, crash


def test_a_page_from_the_back_forward_cache_decides_anew(visit: Visit) -> None:
    page = visit(None, path=PLAIN, clock=True)
    ready(page)
    answered(page)
    bodies = boots_of(page)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: false}))")
    page.clock.run_for(5000)
    assert bodies == []
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    eventually(page, lambda: bodies)
    assert len(bodies) == 1


def test_what_a_tab_had_not_sent_when_it_died_is_sent_by_the_next(browser: Browser, demo: Demo) -> None:
    context = browser.new_context()
    away = [True]
    context.route("**/v1/batch", lambda route: route.abort() if away else route.continue_())
    page = context.new_page()
    page.goto(demo.host + PLAIN)
    ready(page)
    page.evaluate("jimo.push(['do', 'segmentio:track', [{event: 'before the end', messageId: 'end-1'}]])")
    # Without its listeners having been run, as when the process is killed.
    page.close(run_before_unload=False)
    away.clear()
    other = context.new_page()
    bodies = boots_of(other)
    other.goto(demo.host + PLAIN)
    ready(other)
    assert "end-1" in json.dumps(bodies)
    # Accepted, and taken out.
    eventually(other, lambda: "end-1" not in json.dumps(kept(other)))
    context.close()


# ------------------------------------------------------------------ other copies


@pytest.mark.parametrize("version", ["the same", "another"])
def test_two_copies_of_the_sdk_make_one(browser: Browser, demo: Demo, version: str) -> None:
    context = browser.new_context()

    def older(route: Route) -> None:
        answer = route.fetch()
        body, changed = re.subn(r"`0\.1\.0`", "`0.0.9`", answer.text())
        assert changed == 1
        route.fulfill(response=answer, body=body)

    if version == "another":
        context.route("**/sdk/v1/handrail.js?older", older)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.goto(demo.host + PLAIN)
    ready(page)
    bodies = boots_of(page)
    page.evaluate(f"""() => new Promise((done) => {{
      const again = document.createElement('script')
      again.src = '{demo.server}/sdk/v1/handrail.js?older'
      again.onload = done
      document.head.append(again)
    }})""")
    # A boot that it asked for would have left by the end of the next task.
    page.evaluate("new Promise((done) => setTimeout(done))")
    assert page.evaluate("handrail.version") == "0.1.0"
    assert page.evaluate("jimo.version") == "0.1.0"
    assert bodies == [], "the second copy starts nothing"
    assert faults == []
    context.close()


# ------------------------------------------------------------------ nobody answers (RELIABILITY 3, 7)


def refuse(context: BrowserContext) -> list[float]:
    """Let nothing but the script through; gives the requests that were made for anything else."""
    asked: list[float] = []

    def note(route: Route, request: Request) -> None:
        asked.append(time.monotonic())
        return route.abort("connectionrefused")

    # Scripts and content never change, so a browser has them in its cache.
    context.route(re.compile("/(sdk/v1/(boot|revision)|v1/batch)"), note)
    return asked


def test_a_dead_server_is_asked_six_times_a_minute_and_the_page_settles_by_what_it_said_last(
    timed: Timed, demo: Demo
) -> None:
    first = timed("/demo/index.html")
    become(first, "cut-off", plan="free")
    until(first, CARD, "What brings you here?")
    first.close()
    asked: list[list[float]] = []
    page = timed("/demo/index.html", prepare=lambda context: asked.append(refuse(context)))
    page.clock.run_for(3000)
    eventually(page, lambda: page.evaluate("handrail.decisions().length"))
    stop_clock(page)
    for at in range(50):
        page.evaluate(f"jimo.push(['do', 'segmentio:track', [{{event: 'offline', messageId: 'offline-{at}'}}]])")
        page.clock.run_for(1100)
        page.evaluate("new Promise((done) => done())")
    requests = asked[0]
    assert 1 <= len(requests) <= 6, len(requests)
    assert len([each for each in kept(page) if each.get("event") == "offline"]) == 50


def test_nothing_is_asked_inside_a_retry_after_window(timed: Timed) -> None:
    asked: list[str] = []

    def busy(context: BrowserContext) -> None:
        def answer(route: Route) -> None:
            asked.append(route.request.url)
            origin = route.request.headers.get("origin", "*")
            headers = {
                "retry-after": "120",
                "access-control-allow-origin": origin,
                "access-control-allow-credentials": "true",
                "access-control-expose-headers": "retry-after",
            }
            route.fulfill(status=429, headers=headers, body='{"code":"too_many"}')

        context.route(re.compile("/(sdk/v1/boot|v1/batch)$"), answer)

    page = timed(prepare=busy)
    # Until then the page would give its request up in the ten seconds that pass at once, having heard of no window.
    eventually(page, lambda: page.evaluate("Object.keys(localStorage).some((key) => key.endsWith(':quiet'))"))
    stop_clock(page)
    for at in range(11):
        page.evaluate(f"jimo.push(['do', 'identify', ['hasty-{at}']])")
        page.evaluate("dispatchEvent(new Event('online'))")
        page.clock.run_for(10_000)
        page.evaluate("new Promise((done) => done())")
    assert len(asked) == 1, asked
    # In steps shorter than the ten seconds after which a request is given up: the clock moves faster than the network.
    for _ in range(40):
        if len(asked) > 1:
            break
        page.clock.run_for(500)
        page.wait_for_timeout(50)
    assert len(asked) == 2
