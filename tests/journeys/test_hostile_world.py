"""What the page, the browser and the network may do to us, and what must be left of us: nothing that was not there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.support.chromium import chromium_arguments, find_chromium
from tests.support.demo import Demo
from tests.support.events import logged
from tests.support.guest import CARD, DOOR, Guest, selftest, wait_for
from tests.support.hostile import Hostility, hostile_host
from tests.support.kinds import FORMS, PASSIVE, PRESSED, live, tag_for
from tests.support.soak import times
from tests.support.waiting import eventually

PLAIN = Hostility("plain", "true")
ROUTES = times(200, 1000)


@pytest.fixture(scope="module")
def kinds(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server with one experience of each form."""
    with live(quiet, tmp_path_factory.mktemp("world"), {**FORMS, **PASSIVE}) as demo:
        yield demo


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser without motion."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def listeners(session: CDPSession) -> dict[str, int]:
    """How many listeners the objects have that a guest would listen on."""
    counts: dict[str, int] = {}
    for name in ("window", "document", "document.documentElement", "document.body", "navigation", "visualViewport"):
        found = session.send("Runtime.evaluate", {"expression": name})["result"]["objectId"]
        counts[name] = len(session.send("DOMDebugger.getEventListeners", {"objectId": found})["listeners"])
    return counts


def test_nothing_native_is_replaced_and_nothing_is_left_behind(kinds: Demo, page: Page) -> None:
    with hostile_host(PLAIN, kinds.server, tag_for(kinds)) as host:
        page.goto(f"{host}/bare")
        session = page.context.new_cdp_session(page)
        before = listeners(session)
        nodes = page.evaluate("document.querySelectorAll('*').length")
        guest = Guest(page)
        guest.open(f"{host}/")
        assert page.evaluate("natives.count") >= 250
        for key in FORMS:
            guest.show(key)
            assert page.evaluate("natives.changed()") == [], key
            guest.go_in()
            page.keyboard.press("Escape")
            guest.gone()
        # A badge is a tour's step, and would be in the tooltip's place.
        for key in (each for each in PASSIVE if each != "badge"):
            guest.show(key)
            if key not in PRESSED:
                wait_for(page, CARD)
                guest.shut()
            assert page.evaluate("natives.changed()") == [], key
        guest.show("tooltip")
        page.evaluate(
            f"(async () => {{ for (let n = 0; n < {ROUTES}; n++) {{ history.pushState(null, '', '?route=' + n);"
            " if (n % 50 === 0) await new Promise((done) => setTimeout(done)) } })()"
        )
        assert page.evaluate("location.search") == f"?route={ROUTES - 1}"
        assert page.evaluate("natives.changed()") == []
        page.evaluate("window.jimoKill()")
        guest.gone()
        assert page.evaluate("natives.changed()") == []
        assert listeners(session) == before
        # The script element is the page's own.
        assert page.evaluate("document.querySelectorAll('*').length") == nodes + 1
        assert page.evaluate("Object.keys(window).filter((name) => /handrail|jimo(?!$)/i.test(name))") == []
        assert guest.complaints == []


def test_the_list_of_natives_notices_a_wrapper(page: Page, kinds: Demo) -> None:
    with hostile_host(PLAIN, kinds.server, "") as host:
        page.goto(f"{host}/bare")
        page.evaluate("void (window.fetch = () => undefined, history.pushState = () => undefined)")
        assert "fetch" in page.evaluate("natives.changed()")
        assert "history.pushState" in page.evaluate("natives.changed()")


def test_the_page_tests_itself_alike_while_each_kind_stands(kinds: Demo, page: Page) -> None:
    with hostile_host(PLAIN, kinds.server, tag_for(kinds)) as host:
        page.goto(f"{host}/bare")
        alone = selftest(page)
        assert len(alone) >= 15, "it tested itself"
        assert not [each for each in alone if "threw" in each]
        guest = Guest(page)
        for key in (*FORMS, *PASSIVE):
            # Leaves the test's own steps in the history behind.
            page.goto("about:blank")
            guest.open(f"{host}/")
            guest.show(key)
            wait_for(page, DOOR if key in PRESSED else CARD)
            # A banner in the line makes room for itself above the page while it stands.
            told = [each for each in selftest(page) if key != "inline" or "padding-top" not in each]
            assert told == [each for each in alone if key != "inline" or "style of the page" not in each], key
            assert page.evaluate(f"!!{DOOR if key in PRESSED else CARD}"), f"{key} stood all the while"
            assert page.evaluate("({faults, violations})") == {"faults": [], "violations": []}
            # Nothing is there to be resumed by the next page.
            page.evaluate("sessionStorage.clear()")
        assert guest.complaints == []


@pytest.mark.parametrize("sandbox", ["allow-scripts", "allow-scripts allow-same-origin"])
def test_a_sandboxed_frame_is_a_page_like_another(kinds: Demo, page: Page, sandbox: str) -> None:
    with hostile_host(PLAIN, kinds.server, tag_for(kinds)) as host:
        guest = Guest(page)
        page.goto(f"{host}/bare")
        page.evaluate(
            "([sandbox]) => { const frame = document.createElement('iframe'); frame.sandbox = sandbox;"
            " frame.width = 900; frame.height = 600; frame.src = '/'; document.body.append(frame) }",
            [sandbox],
        )
        eventually(page, lambda: len(page.frames) > 1 and page.frames[-1].url != "about:blank")
        frame = page.frames[-1]
        denied = "(() => { try { localStorage.x; return false } catch { return true } })()"
        assert frame.evaluate(denied) is ("same-origin" not in sandbox), "the sandbox is real"
        eventually(page, lambda: frame.evaluate("!!window.ready"))
        frame.evaluate("postMessage({start: 'modal'}, '*')")
        card = frame.locator("handrail-root [role=dialog]")
        card.wait_for()
        frame.locator("handrail-root button.primary").click()
        card.wait_for(state="detached")
        frame.evaluate("postMessage({start: 'checklist'}, '*')")
        card.wait_for()
        frame.locator("handrail-root button.cross").click()
        card.wait_for(state="detached")
        assert frame.locator("handrail-root .launcher").is_visible()
        assert frame.evaluate("faults") == []
        assert [each for each in guest.complaints if "sandbox" not in each] == []


def test_plain_http_has_no_locks_and_no_random_ids_and_works(kinds: Demo, playwright: Any) -> None:
    browser = playwright.chromium.launch(
        executable_path=str(find_chromium()),
        args=[*chromium_arguments(), "--host-resolver-rules=MAP host.test 127.0.0.1"],
    )
    try:
        with hostile_host(PLAIN, kinds.server, tag_for(kinds)) as host:
            page = browser.new_page()
            guest = Guest(page)
            guest.open(f"{host.replace('localhost', 'host.test')}/")
            assert page.evaluate("!isSecureContext && !navigator.locks && !crypto.randomUUID"), "it is not secure"
            for key in ("tooltip", "modal", "inline"):
                guest.show(key)
                assert guest.look() == "fine", key
                guest.go_in()
                page.keyboard.press("Escape")
                guest.gone()
            guest.show("checklist")
            wait_for(page, CARD)
            assert guest.look() == "fine"
            guest.shut()
            guest.open(page.url)
            guest.show("hint")
            guest.walk_to_door()
            page.keyboard.press("Enter")
            assert guest.look() == "fine"
            assert guest.complaints == []
    finally:
        browser.close()


def test_two_copies_of_the_sdk_are_one(kinds: Demo, page: Page) -> None:
    with hostile_host(PLAIN, kinds.server, tag_for(kinds) + tag_for(kinds, "data-again")) as host:
        guest = Guest(page)
        guest.open(f"{host}/")
        assert page.evaluate("document.querySelectorAll('script[src*=handrail]').length") == 2, "there are two"
        guest.show("modal")
        # What another copy would have drawn as well stands before what comes now.
        assert page.evaluate("handrail.start('floating')") == {"started": True}
        expect(page.locator("handrail-root")).to_have_count(2)
        guest.shut()
        guest.show("resource_center")
        page.locator("handrail-root .panel").wait_for()
        assert page.locator("handrail-root .launcher").count() == 1
        assert guest.complaints == []


def test_an_endpoint_that_is_blocked_costs_few_requests_and_no_event(kinds: Demo, page: Page) -> None:
    with hostile_host(PLAIN, kinds.server, tag_for(kinds)) as host:
        blocked = [0]

        def block(route: Any) -> None:
            blocked[0] += 1
            route.abort("blockedbyclient")

        page.route("**/v1/batch", block)
        guest = Guest(page)
        guest.open(f"{host}/")
        for key in ("modal", "tooltip", "post"):
            guest.show(key)
            guest.go_in()
            page.keyboard.press("Escape")
            guest.gone()
        page.wait_for_timeout(2500)
        assert 1 <= blocked[0] <= 6, "it was blocked, and asked for seldom"
        kept = page.evaluate(
            "JSON.parse(Object.entries(localStorage).find(([name]) => name.endsWith(':outbox'))[1]).map((m) => m.event)"
        )
        assert "experience_dismissed" in kept
        page.unroute("**/v1/batch")
        with page.expect_response(lambda answer: "/v1/batch" in answer.url or "/sdk/v1/boot" in answer.url):
            page.reload()
        wait_for(page, "!/experience_dismissed/.test(JSON.stringify({...localStorage}))")
        assert [each for each in guest.complaints if "ERR_BLOCKED_BY_CLIENT" not in each] == []


def go_offline(page: Page) -> Callable[[], None]:
    page.context.set_offline(True)
    return lambda: page.context.set_offline(False)


def ask_for_patience(page: Page) -> Callable[[], None]:
    doors = re.compile("/(sdk/v1/boot|v1/batch)$")
    names = {"access-control-allow-origin": "*", "access-control-expose-headers": "retry-after", "retry-after": "1"}
    page.route(doors, lambda route: route.fulfill(status=429, body="slow down", headers=names))
    return lambda: page.unroute(doors)


AWAY = {"offline": go_offline, "429": ask_for_patience}
"""How events come to wait. Each returns what lets them through again."""
OUTBOX = "JSON.parse(Object.entries(localStorage).find(([name]) => name.endsWith(':outbox'))?.[1] ?? '[]')"
DONE_MEANWHILE = {
    ("modal", "experience_dismissed"),
    ("floating", "experience_dismissed"),
    ("hint", "step_seen"),
    ("checklist", "task_completed"),
    ("resource_center", "action_fired"),
    ("post", "post_liked"),
    ("post", "post_commented"),
    (None, "While Away"),
}
"""What somebody does who uses each of the kinds once."""


def meet(guest: Guest) -> None:
    """Has each kind on the page, opened once so that all that it is drawn with was loaded; a post stays open."""
    guest.show("hint")
    guest.walk_to_door()
    guest.page.keyboard.press("Enter")
    guest.shut()
    for key in ("checklist", "resource_center"):
        guest.page.evaluate("(key) => postMessage({start: key})", key)
        wait_for(guest.page, CARD)
        guest.shut()
    for key, drawn in (("floating", "[role=region]"), ("post", ".news"), ("modal", ".modal")):
        guest.page.evaluate("(key) => postMessage({start: key})", key)
        guest.page.locator(f"handrail-root .card{drawn}").wait_for()


def use(guest: Guest) -> None:
    """Does something with each of them."""
    page = guest.page
    ours = page.locator("handrail-root")
    ours.locator(".modal").get_by_role("button", name="Got it").click()
    news = ours.locator(".news")
    news.get_by_role("button", name="Like").click()
    news.get_by_label("Comment").fill("Very good.")
    news.get_by_role("button", name="Send").click()
    page.keyboard.press("Escape")
    expect(news).to_have_count(0)
    ours.locator("[role=region]").get_by_role("button", name="Got it").click()
    ours.locator("button.mark").click()
    eventually(page, lambda: ("hint", "step_seen") in waiting(page))
    guest.shut()
    for launcher, button in (("Steps", "Look at reports"), ("Help", "Import reports")):
        page.get_by_role("button", name=re.compile(f"^{launcher}")).click()
        ours.locator(".panel").get_by_role("button", name=re.compile(f"^{button}")).click()
        guest.shut()
    page.evaluate("jimo.push(['do', 'segmentio:track', [{event: 'While Away'}]])")


def waiting(page: Page) -> dict[tuple[str | None, str], str]:
    """The ids of the events that wait to be sent, by experience and name."""
    events = [each for each in page.evaluate(OUTBOX) if "event" in each]
    return {(each.get("properties", {}).get("experience"), each["event"]): each["messageId"] for each in events}


@pytest.mark.parametrize("away", AWAY)
def test_what_is_done_with_each_kind_while_nothing_can_be_sent_arrives_once(kinds: Demo, page: Page, away: str) -> None:
    with hostile_host(PLAIN, kinds.server, tag_for(kinds)) as host:
        guest = Guest(page)
        guest.open(f"{host}/")
        meet(guest)
        wait_for(page, f"!{OUTBOX}.length")
        let_through = AWAY[away](page)
        use(guest)
        ids = [waiting(page)[each] for each in DONE_MEANWHILE]
        assert not {each.message_id for each in logged(kinds.folder, guest.user)} & set(ids), "it waits"
        let_through()
        wait_for(page, f"!{OUTBOX}.length")
        arrived = Counter(each.message_id for each in logged(kinds.folder, guest.user))
        assert {each: arrived[each] for each in ids} == dict.fromkeys(ids, 1)
        assert set(arrived.values()) == {1}
        assert [each for each in guest.complaints if not re.search("ERR_INTERNET_DISCONNECTED|429", each)] == []


def test_a_server_that_asks_for_quiet_gets_it(kinds: Demo, page: Page) -> None:
    with hostile_host(PLAIN, kinds.server, tag_for(kinds)) as host:
        asked: list[str] = []

        def quiet_please(route: Any) -> None:
            asked.append(route.request.url)
            names = {"access-control-allow-origin": "*", "access-control-expose-headers": "retry-after"}
            route.fulfill(status=429, body="slow down", headers={**names, "retry-after": "600"})

        page.route("**/v1/batch", quiet_please)
        page.clock.install()
        guest = Guest(page)
        guest.open(f"{host}/")
        for n in range(4):
            page.evaluate(f"jimo.push(['do', 'segmentio:track', [{{event: 'Busy {n}'}}]])")
            page.clock.fast_forward(1200)
            eventually(page, lambda: asked)
            # A request of ours would have been made before this one.
            assert page.evaluate("fetch('/echo').then((answer) => answer.status)") == 200
        assert len(asked) == 1, "one request met the window, none came inside it"
        assert page.evaluate("[0, 1, 2, 3].every((n) => JSON.stringify({...localStorage}).includes('Busy ' + n))")
