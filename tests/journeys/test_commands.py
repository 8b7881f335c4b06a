"""Commands: every shape that can be pushed has its stated result, and what is promised of each holds in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.support.demo import Demo, become
from tests.support.gallery import published
from tests.support.waiting import eventually

Visit = Callable[..., Page]
PLAIN = "/demo/plain_page.html"

TOUR = """
kind: tour
key: {key}
name: {key}
respects_rate_limit: false
frequency: {{every: time}}
show_on: {{on: {on}}}
audience: {{attribute: custom.cohort, operator: is, value: {cohort}}}
content:
  steps:
    - key: only
      form: modal
      blocks:
        - {{type: heading, text: The tour {key}}}
        - {{type: button, label: Go, actions: [{{type: go_to_step, step: complete}}{also}]}}
"""


BANNER = """
kind: banner
key: {key}
name: {key}
show_on: {{on: {on}}}
audience: {{attribute: custom.cohort, operator: is, value: {cohort}}}
content:
  position: top
  layout: floating
  blocks:
    - {{type: paragraph, text: The banner {key}}}
"""


def publish(
    demo: Demo, folder: Path, key: str, cohort: str, *, on: str = "page_opening", also: str = "", form: str = TOUR
) -> None:
    """Publish an experience that only users with this `cohort` meet."""
    file = folder / f"{key}.yaml"
    file.write_text(form.format(key=key, cohort=cohort, on=on, also=also))
    done = demo.command("apply", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def kept(page: Page) -> list[dict[str, object]]:
    """The events that wait in this browser's storage."""
    text = page.evaluate("""() => Object.entries(localStorage).find(([key]) => key.endsWith(':outbox'))?.[1] ?? '[]'""")
    return cast("list[dict[str, object]]", json.loads(text))


def boots_of(page: Page) -> list[dict[str, object]]:
    """Fills with the body of each boot that `page` sends from now on."""
    bodies: list[dict[str, object]] = []

    def note(asked: Request) -> None:
        if asked.url.endswith("/sdk/v1/boot") and asked.method == "POST":
            bodies.append(json.loads(asked.post_data or "{}"))

    page.on("request", note)
    return bodies


def ready(page: Page) -> None:
    page.wait_for_function("window.handrail?.decisions?.().length")


def stop_clock(page: Page) -> None:
    """From now on the page's time passes only as the test moves it, and not while a busy machine is slow."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)


def answered(page: Page) -> None:
    """Wait until the server has answered for all that was pushed so far: no boot is due then. Once a page."""
    page.evaluate("jimo.push(['get', 'user:segments'])")


# ------------------------------------------------------------------ panels and the feed

CENTERS = [
    {
        "kind": "resource_center", "key": f"center-{place}", "name": place, "show_on": {"on": "manual"},
        "where": {"include": [{"part": "query", "name": "at", "operator": "equals", "value": place}]},
        "content": {"title": f"Help at {place}", "launcher": {"show": False}, "cards": [{"type": "feed"}]},
    }
    for place in ("first", "second")
]  # fmt: skip
LETTER = {
    "kind": "post", "key": "letter", "name": "Letter",
    "content": {"title": "Letter", "blocks": [{"type": "paragraph", "text": "Dear reader."}]},
}  # fmt: skip


def test_panels_and_the_feed_open_and_close_by_their_commands(visit: Visit, quiet: Demo, tmp_path: Path) -> None:
    with published(quiet, tmp_path, *CENTERS, LETTER):
        page = visit(None, path=f"{PLAIN}?at=second", host=quiet)
        page.wait_for_function("window.handrail?.push && handrail.push(['get', 'widget:unreadCount']).then(() => true)")
        panel, news = page.locator("handrail-root .panel"), page.locator("handrail-root .news")

        def do(name: str, *argument: object) -> None:
            page.evaluate("command => void jimo.push(command)", ["do", name, list(argument)])

        do("resource-center:close")
        do("resource-center:open")
        expect(panel).to_have_accessible_name("Help at second")
        do("resource-center:open")
        expect(panel).to_have_count(1)
        do("resource-center:close")
        expect(panel).to_have_count(0)
        do("resource-center:open")
        expect(panel).to_have_count(1)
        do("resource-center:close")
        do("widget:open")
        expect(news.get_by_role("button", name="Letter")).to_be_visible()
        do("widget:close")
        expect(news).to_have_count(0)
        do("widget:open", "letter")
        expect(news).to_have_accessible_name("Letter")
        do("widget:close")
        expect(news).to_have_count(0)
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button data-handrail-feed>News</button>')")
        trigger = page.locator("[data-handrail-feed]")
        do("widget:hideTrigger")
        expect(trigger).to_be_hidden()
        do("widget:showTrigger")
        expect(trigger).to_be_visible()
        do("badge:find")
        expect(page.locator("[data-handrail-feed]")).to_be_visible()
        page.wait_for_function("jimo.push(['get', 'widget:lastOpenDate']).then((date) => date instanceof Date)")
        trigger.press("Enter")
        expect(news).to_have_count(1)
        assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]


# ------------------------------------------------------------------ stated results (RULES 12)

NOTHING = None
STATED: list[tuple[str, object, str, str]] = [
    # what is pushed, what push gives, what the console is told, what is known afterwards
    ("['do', 'identify', ['u1']]", NOTHING, "", "user:id = u1"),
    ("['do', 'identify', ['u1', null, 'signed']]", NOTHING, "", "user:id = u1"),
    ("['identify', {id: 'u1'}]", NOTHING, "", "user:id = u1"),
    ("['identify', 'u1']", NOTHING, "", "user:id = u1"),
    ("['set', 'user:id', ['u1']]", NOTHING, "", "user:id = u1"),
    ("['do', 'identify', [42]]", NOTHING, "", "user:id = 42"),
    ("['do', 'identify', ['']]", NOTHING, "identify:", "user:id = null"),
    ("['do', 'identify', ['null']]", NOTHING, "identify:", "user:id = null"),
    ("['do', 'identify', [null]]", NOTHING, "identify:", "user:id = null"),
    ("['do', 'identify', [{id: 'u1'}]]", NOTHING, "not object", "user:id = null"),
    ("['do', 'identify', [Promise.resolve('u1')]]", NOTHING, "not object", "user:id = null"),
    ("['do', 'identify', [['u1']]]", NOTHING, "not an array", "user:id = null"),
    ("['do', 'identify', ['u1', () => { throw Error('host') }]]", NOTHING, "kept from the page", "user:id = u1"),
    ("['do', 'identify', ['u1', 'no function']]", NOTHING, "", "user:id = u1"),
    ("['set', 'user:attributes', {a: 1}]", NOTHING, "", 'attributes = {"a":1}'),
    ("['set', 'user:attributes', [{a: 1}]]", NOTHING, "", 'attributes = {"a":1}'),
    ("['set', 'user:attributes', [{a: 1}, true, true]]", NOTHING, "", 'attributes = {"a":1}'),
    ("['set', 'user:attributes', [{a: [1, 'x']}]]", NOTHING, "custom.a was refused", "attributes = {}"),
    ("['set', 'user:attributes', [{a: {b: 1}, c: 2}]]", NOTHING, "custom.a was refused", 'attributes = {"c":2}'),
    ("['set', 'user:attributes', [{a: NaN, b: undefined}]]", NOTHING, "custom.a was refused", "attributes = {}"),
    ("['set', 'user:attributes', ['text']]", NOTHING, "needs an object", "attributes = {}"),
    ("['set', 'user:attributes']", NOTHING, "needs an object", "attributes = {}"),
    ("['set', 'user', {name: 'Ann', shoe: 3}]", NOTHING, "user:shoe: there is no such field", "attributes = {}"),
    ("['set', 'user:phone', ['1']]", NOTHING, "user:phone: there is no such field", "attributes = {}"),
    ("['set', 'core:language', ['jp']]", NOTHING, "", "user:language = ja"),
    ("['set', 'core:language', ['se']]", NOTHING, "", "user:language = sv"),
    ("['set', 'user:language', ['pt-BR']]", NOTHING, "", "user:language = pt-BR"),
    ("['set', 'core:speed', [1]]", NOTHING, "core:speed: there is no such field", "attributes = {}"),
    ("['set', 'user:group', [{groupId: 'g1', traits: {}}, {fromSegment: true}]]", NOTHING, "", "attributes = {}"),
    ("['set', 'user:group', [{}]]", NOTHING, "user:group:", "attributes = {}"),
    ("['do', 'segmentio:track', [{event: 'E', messageId: 'm'}]]", NOTHING, "", "attributes = {}"),
    ("['do', 'segmentio:track', [{}]]", NOTHING, "names no event", "attributes = {}"),
    ("['do', 'segmentio:track']", NOTHING, "names no event", "attributes = {}"),
    ("['do', 'nothing of ours']", NOTHING, "nothing of ours", "attributes = {}"),
    ("['get', 'nothing of ours']", NOTHING, "nothing of ours", "attributes = {}"),
    ("['get', 'user:id']", NOTHING, "", "attributes = {}"),
    ("['get', 'jimer:attributes']", {}, "", "attributes = {}"),
    ("['on', 'ready', [3]]", NOTHING, "needs a listener", "attributes = {}"),
    ("['on', 'ready']", NOTHING, "needs a listener", "attributes = {}"),
    ("['off', 'ready', [() => 1]]", NOTHING, "", "attributes = {}"),
    ("['off', 'never heard of']", NOTHING, "", "attributes = {}"),
    ("null", NOTHING, "a command is a list", "attributes = {}"),
    ("{}", NOTHING, "a command is a list", "attributes = {}"),
    ("[]", NOTHING, "a command is a list", "attributes = {}"),
    ("['what', 'user:id']", NOTHING, "there is no verb what", "attributes = {}"),
    ("['do']", NOTHING, "names nothing", "attributes = {}"),
    ("[1, 2]", NOTHING, "there is no verb 1", "attributes = {}"),
    ("['set', 'user:attributes', {a: 1}], ['get', 'user:attributes']", {"a": 1}, "", 'attributes = {"a":1}'),
    ("['identify', 'u1', () => jimo.push(['set', 'user:attributes', {b: 2}])]", NOTHING, "", 'attributes = {"b":2}'),
]  # fmt: skip


class Heard:
    """One page for all commands, and what it was told and suffered."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.warnings: list[str] = []
        self.faults: list[str] = []
        page.on("console", lambda said: self.warnings.append(said.text) if said.text.startswith("[handrail]") else None)
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))


@pytest.fixture(scope="module")
def plain(browser: Browser, demo: Demo) -> Iterator[Heard]:
    context = browser.new_context()
    heard = Heard(context.new_page())
    heard.page.goto(demo.host + PLAIN)
    ready(heard.page)
    yield heard
    context.close()


@pytest.mark.parametrize(("pushed", "answer", "told", "known"), STATED, ids=[case[0] for case in STATED])
def test_every_command_has_its_stated_result(plain: Heard, pushed: str, answer: object, told: str, known: str) -> None:
    page = plain.page
    page.evaluate("jimo.push(['do', 'reset'])")
    plain.warnings.clear()
    given = page.evaluate(f"async () => {{ const answer = jimo.push({pushed}); return (await answer) ?? null }}")
    assert given == answer
    subject, _, value = known.partition(" = ")
    getter = "user:attributes" if subject == "attributes" else subject
    found = page.evaluate(f"jimo.push(['get', '{getter}']) ?? null")
    assert (found if isinstance(found, str) else json.dumps(found, separators=(",", ":"))) == value
    assert [told in each for each in plain.warnings] == ([True] if told else [])
    assert plain.faults == []


def test_starting_says_why_not(visit: Visit) -> None:
    page = visit(None, path=PLAIN)
    ready(page)
    nothing = {"started": False, "because": "not_found"}
    assert page.evaluate("jimo.push(['do', 'boosted:trigger', [{evolutionId: 'nope'}]])") == nothing
    assert page.evaluate("jimo.push(['do', 'boosted:trigger', ['nope']])") == nothing
    assert page.evaluate("handrail.start('nope')") == nothing
    page.evaluate("jimo.push(['do', 'reset'])")
    assert page.evaluate("handrail.start('nope')") == {"started": False, "because": "offline"}


# ------------------------------------------------------------------ held back until a user is known (RULES 15)


@pytest.mark.parametrize("asks", ["", "?handrail=welcome&handrail_debug=1"])
def test_before_a_user_is_known_nothing_is_asked_stored_or_run(browser: Browser, demo: Demo, asks: str) -> None:
    context = browser.new_context()
    context.add_init_script("""
      window.JIMO_MANUAL_INIT = true
      window.writes = []
      const set = Storage.prototype.setItem
      Storage.prototype.setItem = function (key, text) { writes.push(key); return set.call(this, key, text) }
    """)
    page = context.new_page()
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if each.url.startswith(demo.server) else None)
    bodies = boots_of(page)
    page.goto(demo.host + PLAIN + asks)
    page.wait_for_function("window.handrail?.version")
    page.evaluate("""() => {
      jimo.push(['set', 'user:attributes', [{step: 1}]])
      jimo.push(['do', 'segmentio:track', [{event: 'held', messageId: 'held-1'}]])
      dispatchEvent(new Event('online'))
      history.pushState({}, '', '?elsewhere')
      document.dispatchEvent(new Event('visibilitychange'))
      dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))
    }""")
    page.clock.run_for(5000)
    assert [url.rsplit("/", 1)[1] for url in asked] == ["handrail.js"]
    assert page.evaluate("writes.filter((key) => key.includes('handrail'))") == []
    assert page.evaluate("segmentJimo.initialized") is False
    # As Segment's destination does it: commands first, then the start.
    page.evaluate("""() => {
      const client = segmentJimo.client()
      const traits = () => client.push(['set', 'user:attributes', [{step: 2}, false, true]])
      client.push(['do', 'identify', ['held-user', traits]])
      if (!segmentJimo.initialized) jimoInit()
    }""")
    ready(page)
    assert page.evaluate("segmentJimo.initialized") is True
    assert bodies[0]["userId"] == "held-user"
    types = [
        (each["type"], each.get("traits") or each.get("event"))
        for each in cast("list[dict[str, object]]", bodies[0]["batch"])
    ]
    assert types == [("identify", {"step": 1}), ("track", "held"), ("identify", None), ("identify", {"step": 2})]
    assert page.evaluate("jimo.push(['get', 'user:attributes'])") == {"step": 2}
    page.evaluate("jimoInit()")
    context.close()


# ------------------------------------------------------------------ deciding anew (RULES 14)


def test_a_newly_published_tour_appears_with_the_flag_and_not_without_it(
    visit: Visit, demo: Demo, tmp_path: Path
) -> None:
    page = visit(None, path=PLAIN, clock=True)
    page.evaluate("jimo.push(['do', 'identify', ['flagged']])")
    page.evaluate("jimo.push(['set', 'user:attributes', [{cohort: 'flags'}, true]])")
    answered(page)
    publish(demo, tmp_path, "flagged", "flags", form=BANNER)
    card = page.locator("handrail-root [role=region]").filter(has_text="The banner flagged")
    bodies = boots_of(page)
    page.evaluate("jimo.push(['set', 'user:attributes', [{colour: 'red'}]])")
    page.clock.run_for(5000)
    assert bodies == []
    expect(card).to_have_count(0)
    page.evaluate("jimo.push(['set', 'user:attributes', [{colour: 'blue'}, {refetchBoosted: true}]])")
    expect(card).to_be_visible()


def test_each_option_that_asks_for_a_decision_gets_one(visit: Visit) -> None:
    page = visit(None, path=PLAIN)
    ready(page)
    # `true` and `refetchBoosted` are asked for by the tests around this one.
    for option in ("{refreshBoosted: true}", "{refreshChangelog: true}"):
        with page.expect_request(lambda asked: asked.url.endswith("/sdk/v1/boot") and asked.method == "POST"):
            page.evaluate(f"jimo.push(['set', 'user:attributes', [{{colour: 'red'}}, {option}]])")


def test_many_wishes_make_one_boot_in_two_seconds(browser: Browser, demo: Demo) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    bodies = boots_of(page)
    page.goto(demo.host + PLAIN)
    page.clock.run_for(100)
    ready(page)
    page.clock.run_for(3000)
    stop_clock(page)
    bodies.clear()
    for _ in range(4):
        for value in range(5):
            page.evaluate(f"jimo.push(['set', 'user:attributes', [{{value: {value}}}, true]])")
        page.clock.run_for(500)
        page.wait_for_timeout(50)
    assert 1 <= len(bodies) <= 2
    context.close()


# ------------------------------------------------------------------ identities


def test_a_tracked_copy_keeps_its_message_id_and_analytics_jss_anonymous_id_is_taken(
    browser: Browser, demo: Demo
) -> None:
    context = browser.new_context()
    context.add_init_script("localStorage.setItem('ajs_anonymous_id', JSON.stringify('of-analytics-js'))")
    page = context.new_page()
    bodies = boots_of(page)
    page.goto(demo.host + PLAIN)
    ready(page)
    assert bodies[0]["anonymousId"] == "of-analytics-js"
    page.evaluate(
        "jimo.push(['do', 'segmentio:track', [{event: 'Order', messageId: 'ajs-next-1', timestamp: new Date()}]])"
    )
    told = next(each for each in kept(page) if each.get("event") == "Order")
    assert told["messageId"] == "ajs-next-1"
    assert told["anonymousId"] == "of-analytics-js"
    # After a log-out its id is still in the page's storage, and belongs to somebody who left.
    page.evaluate("jimo.push(['do', 'reset'])")
    page.reload()
    ready(page)
    assert bodies[-1]["anonymousId"] != "of-analytics-js"
    context.close()


def test_segments_are_sent_to_pages_that_ask_and_to_no_others(visit: Visit, demo: Demo) -> None:
    page = visit(None, path=PLAIN)
    replies: list[dict[str, object]] = []
    page.on(
        "response",
        lambda got: (
            replies.append(got.json())
            if got.url.endswith("/sdk/v1/boot") and got.ok and got.request.method == "POST"
            else None
        ),
    )
    become(page, "segmented", role="owner", plan="free")
    eventually(page, lambda: [reply for reply in replies if reply.get("userId") == "segmented"])
    assert not any("segments" in reply for reply in replies)
    assert page.evaluate("jimo.push(['get', 'user:segments'])") == ["administrators", "signed-in"]
    become(page, "somebody-else", role="guest")
    eventually(page, lambda: page.evaluate("jimo.push(['get', 'user:segments'])") == [])


# ------------------------------------------------------------------ what the page hears, and what it takes over


def test_listeners_hear_each_event_by_its_name_until_they_are_taken_off(
    visit: Visit, demo: Demo, tmp_path: Path
) -> None:
    publish(demo, tmp_path, "heard", "hears", on="manual")
    page = visit(None, path=PLAIN)
    page.evaluate("""() => {
      window.heard = []
      window.listener = (detail) => heard.push(['again', detail.experience])
      const names = ['ready', 'decision', 'step:seen', 'action:fired', 'experience:seen', 'experience:completed']
      for (const name of [...names, 'experience:ended']) {
        const note = ({experience, key, reason}) => heard.push([name, experience ?? key ?? null, reason ?? null])
        jimo.push(['on', name, [note]])
      }
      jimo.push(['do', 'hold'])
      jimo.push(['on', 'experience:seen', [() => { throw new Error('of a listener') }]])
      jimo.push(['on', 'experience:seen', [listener]])
      jimo.push(['off', 'experience:seen', [listener]])
      jimo.push(['on', 'action:fired', [listener]])
    }""")
    become(page, "listener", cohort="hears")
    page.wait_for_function("heard.some(([name]) => name === 'ready')")
    answered(page)
    assert page.evaluate("handrail.start('heard')") == {"started": True}
    page.wait_for_function("heard.some(([name, about]) => name === 'experience:seen' && about === 'heard')")
    page.get_by_role("button", name="Go", exact=True).click()
    page.wait_for_function("heard.some(([name, about]) => name === 'experience:ended' && about === 'heard')")
    heard = page.evaluate("heard.filter(([, about]) => about === 'heard')")
    names = sorted(name for name, *_ in heard if name != "decision")
    assert names == sorted(
        ["step:seen", "experience:seen", "action:fired", "again", "experience:completed", "experience:ended"]
    )
    assert ["experience:ended", "heard", "completed"] in heard
    assert page.evaluate("heard.some(([name, about]) => name === 'decision' && about === 'heard')")
    page.evaluate("heard.length = 0; jimo.push(['off', 'decision']); jimo.push(['off', 'ready'])")
    # Somebody who listens still hears that the server has answered.
    page.evaluate("""() => new Promise((heard) => {
      jimo.push(['on', 'ready', [heard]])
      jimo.push(['do', 'boosted:refresh'])
    })""")
    assert page.evaluate("heard") == []
    assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]


def test_a_pages_own_router_takes_navigations_of_its_origin(visit: Visit, demo: Demo, tmp_path: Path) -> None:
    publish(
        demo, tmp_path, "router", "routes", on="manual", also=", {type: navigate_to, url: '/demo/index.html?from=tour'}"
    )
    page = visit(None, path=PLAIN)
    page.evaluate("""() => {
      window.routed = []
      jimo.push(['do', 'hold'])
      jimo.push(['set', 'core:navigate', [(url) => { routed.push(url); history.pushState({}, '', url) }]])
    }""")
    become(page, "routed", cohort="routes")
    answered(page)
    assert page.evaluate("handrail.start('router')") == {"started": True}
    page.get_by_role("button", name="Go", exact=True).click()
    page.wait_for_function("routed.length")
    assert page.evaluate("routed") == [f"{demo.host}/demo/index.html?from=tour"]
    assert page.evaluate("window.routed.length") == 1, "the page was not left"
    # A router that does not want it, or fails, leaves it to the browser.
    page.evaluate("jimo.push(['set', 'core:navigate', [() => { throw new Error('no such route') }]])")
    page.evaluate("handrail.start('router')")
    page.get_by_role("button", name="Go", exact=True).click()
    page.wait_for_function("window.routed === undefined")
    assert "from=tour" in page.url


def test_a_busy_page_holds_interrupting_experiences_back(visit: Visit, demo: Demo, tmp_path: Path) -> None:
    publish(demo, tmp_path, "waits", "holds")
    page = visit(None, path=PLAIN)
    page.evaluate("jimo.push(['do', 'hold'])")
    become(page, "holder", cohort="holds")
    page.wait_for_function("handrail.decisions().some((each) => each.key === 'waits' && each.because === 'held')")
    expect(page.locator("handrail-root [role=dialog]")).to_have_count(0)
    page.evaluate("jimo.push(['do', 'release'])")
    card = page.locator("handrail-root [role=dialog]")
    expect(card).to_have_count(1)
    # A run that goes on from the page before interrupts as much.
    page.add_init_script("(window.jimo ??= []).push(['do', 'hold'])")
    page.reload()
    page.wait_for_function(
        "window.handrail?.decisions?.().some((each) => each.entry === 'resume' && each.because === 'held')"
    )
    expect(card).to_have_count(0)
    page.evaluate("handrail.release()")
    expect(card).to_have_count(1)
    assert page.evaluate("handrail.decisions().at(-1).key") == "waits"


def test_debug_tells_on_the_console_what_is_decided(browser: Browser, demo: Demo) -> None:
    context = browser.new_context()
    context.add_init_script("window.JIMO_DEBUG = true")
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda said: told.append(said.text) if said.type == "debug" else None)
    page.goto(demo.host + PLAIN)
    ready(page)
    eventually(page, lambda: all(any(word in each for each in told) for word in ("decision", "ready")))
    context.close()


def test_resetting_the_storage_leaves_a_new_visitor(visit: Visit) -> None:
    page = visit(None, path=PLAIN)
    become(page, "wiped", plan="free")
    ready(page)
    before = page.evaluate("Object.entries(localStorage).find(([key]) => key.endsWith(':person'))[1]")
    page.evaluate("jimo.push(['do', 'storage:reset'])")
    page.wait_for_function("jimo.push(['get', 'user:id']) === undefined")
    after = page.evaluate("Object.entries(localStorage).find(([key]) => key.endsWith(':person'))[1]")
    assert "wiped" not in after
    assert json.loads(after)["anonymousId"] != json.loads(before)["anonymousId"]
