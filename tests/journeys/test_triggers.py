"""What progress triggers wait for, each in a real browser, and what happens when a new tab may not be opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.axe import violations
from tests.support.demo import Demo
from tests.support.gallery import listen, told
from tests.support.guest import Guest, wait_for
from tests.support.hostile import BODY, Hostility, hostile_host
from tests.support.kinds import WORDS, live, tag_for
from tests.support.soak import times
from tests.support.waiting import eventually

NEXT: dict[str, object] = {"type": "go_to_step", "step": "next"}
ONWARD = {"type": "button", "label": "Next", "actions": [NEXT]}
TARGET = {"css": "#target"}
LONG = BODY + '<div style="height:3000px"></div><p id="end">The end</p>'
SHELL = """<div style="position:fixed;inset:0;overflow:auto" id="shell"><div style="height:4000px">Long</div></div>
<div id="box" style="height:90px;overflow:auto"><div style="height:900px">Log</div></div>"""
FRAMED = BODY + '<iframe id="frame" srcdoc="<button id=inner>Inner</button>"></iframe>'
LINK = BODY + '<a id="away" href="/?next=1">Away</a>'

BEFORE = """window.jimo = window.jimo || []
jimo.push(['on', 'target:missing', [({reason}) => { answers.missing = reason }]])
jimo.push(['on', 'navigation:blocked', [() => console.log('navigation:blocked')]])"""

Begin = Callable[..., Guest]


def a_tour(key: str, *when: dict[str, object], then: list[dict[str, object]] | None = None, **step: object) -> Any:
    """A tour whose first step waits for something."""
    place: dict[str, object] = step if "target" in step else {"form": "snippet", **step}
    triggers = [{"when": list(when), "then": then or [NEXT]}] if when else []
    return {
        "kind": "tour",
        "key": key,
        "name": key,
        "show_on": {"on": "manual"},
        "respects_rate_limit": False,
        "content": {
            "steps": [
                {"key": "one", "blocks": [*WORDS, ONWARD], "triggers": triggers, **place},
                {"key": "two", "form": "snippet", "blocks": [{"type": "heading", "text": "Second"}]},
            ]
        },
    }


SURVEY = {
    "kind": "survey", "key": "opinion", "name": "Opinion", "show_on": {"on": "manual"}, "respects_rate_limit": False,
    "content": {"steps": [{"key": "score", "type": "nps", "title": "How likely are you to recommend us?"}]},
}  # fmt: skip
PRINT = {
    "tag": "button", "id": "target", "role": "button", "type": "button", "index": 1,
    "landmark": "main", "chain": ["main"],
    "words": {"en": {
        "text": "Create report", "heading": "Reports", "before": "Reports", "after": "Name Key",
        "row": "Reports Name Key What sold last quarter, by region.",
    }},
    "shares": {"id": 0.1429, "role": 0.1429, "tag": 0.1429, "text": 0.1429, "row": 0.1429, "chain": 0.1429},
    "rival": {"id": -0.619, "tag": -1.431, "text": -1.835, "landmark": -1.258, "row": -1.339},
}  # fmt: skip
"""What the button of BODY was like on the day an author picked it."""
HOVERED: dict[str, object] = {"on": "element_hovered"}
TAB: dict[str, object] = {"type": "navigate_to", "url": "/?tab", "open_in": "new_tab"}
BLOCKED = a_tour("opens", {"on": "delay", "seconds": 0.1}, then=[TAB]) | {
    "show_on": {"on": "page_opening"},
    "where": {"include": [{"part": "query", "name": "blocked", "operator": "equals", "value": "1"}]},
}
ASKED = {
    "present": "#late",
    "visible": "#ghost",
    "filled": "#plain",
    "clicked": "#target",
    "hovered": "#target",
}
"""What audiences ask of elements, and of which."""
TOURS = (
    *(
        a_tour(f"audience-{fact}")
        | {
            "show_on": {"on": "page_opening"},
            "audience": {"element": css, "fact": fact},
            "where": {"include": [{"part": "query", "name": "audience", "operator": "equals", "value": fact}]},
        }
        for fact, css in ASKED.items()
    ),
    a_tour("hovers", {**HOVERED, "target": TARGET}),
    a_tour("hovers-own", HOVERED, target=TARGET, placement="end"),
    a_tour("scrolls", {"on": "scroll_depth", "percent": 70}),
    a_tour("scrolls-box", {"on": "scroll_depth", "percent": 70, "target": {"css": "#box"}}),
    a_tour("pays", {"on": "attribute", "attribute": "custom.plan", "operator": "is", "value": "pro"}),
    a_tour("grows", {"on": "attribute", "attribute": "custom.seats", "operator": ">=", "value": 10}),
    a_tour(
        "promotes",
        {"on": "survey_answered", "survey": "opinion", "question": "score", "operator": ">=", "value": 9},
    ),
    a_tour("frames", {"on": "element_clicked", "target": {"css": "#inner", "frame": ["#frame"]}}),
    a_tour("shadows", {"on": "element_state", "fact": "filled", "target": {"css": "input", "shadow": ["#host"]}}),
    a_tour("scrolls-shadow", {"on": "scroll_depth", "percent": 70, "target": {"css": "div", "shadow": ["#host"]}}),
    a_tour("prints", {"on": "element_clicked", "target": {"fingerprint": PRINT}}),
    a_tour("leaves", {"on": "element_clicked", "target": {"css": "#away"}}, then=[{"type": "dismiss"}]),
    a_tour("advances", target={"css": "#away"}, on_target="advance"),
    BLOCKED,
    a_tour("never", missing={"wait_seconds": 0.1}, target={"css": "#nothing"}),
    a_tour("hidden", missing={"wait_seconds": 0.1}, target={"css": "#ghost"}),
    a_tour("twins", missing={"wait_seconds": 0.1}, target={"css": "input"}),
    a_tour("goes", missing={"wait_seconds": 0.1}, target=TARGET),
    a_tour("resembles", missing={"wait_seconds": 0.1}, target={"fingerprint": PRINT}),
    a_tour("slow", {"on": "element_state", "target": {"fingerprint": PRINT}, "fact": "absent"},
           missing={"wait_seconds": 0.1}, target={"fingerprint": PRINT}),
    a_tour("both", {"on": "url", "rule": {"part": "path", "operator": "equals", "value": "/"}},
           {"on": "event", "event": "Saved"}),
)  # fmt: skip


@pytest.fixture(scope="module")
def waiting(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server with one tour for each thing to wait for, and a survey."""
    documents = {each["key"]: each for each in (SURVEY, *TOURS)}
    with live(quiet, tmp_path_factory.mktemp("waiting"), documents) as demo:
        yield demo


@pytest.fixture
def unopened(waiting: Demo, browser: Browser) -> Iterator[Callable[..., tuple[Page, str]]]:
    """A browser of its own and the address of a page of this content; everything the page sends is kept."""
    with ExitStack() as stack:

        def make(body: str = BODY, **options: Any) -> tuple[Page, str]:
            context = browser.new_context(
                **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
            )
            stack.callback(context.close)
            plain = Hostility("plain", "true", body=body, before=BEFORE)
            host = stack.enter_context(hostile_host(plain, waiting.server, tag_for(waiting)))
            page = context.new_page()
            listen(page)
            return page, f"{host}/"

        yield make


@pytest.fixture
def begin(unopened: Callable[..., tuple[Page, str]]) -> Begin:
    """Opens a page of this content as this user, and starts an experience on it."""

    def open_page(key: str, body: str = BODY, user: str = "", **options: Any) -> Guest:
        page, address = unopened(body, **options)
        guest = Guest(page)
        guest.open(address)
        if user:
            page.evaluate("user => { window.ready = false; jimo.push(['do', 'identify', [user]]) }", user)
            wait_for(page, "window.ready")
        guest.show(key)
        return guest

    return open_page


def heading(page: Page) -> str:
    """What the card says."""
    return page.locator("handrail-root h2").inner_text()


def settle(page: Page) -> None:
    """Lets two frames pass: whatever is looked at once a frame was looked at."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )


KNOWN = "!Object.entries(localStorage).some(([key, kept]) => key.endsWith(':outbox') && kept !== '[]')"
"""The server has acknowledged all that this browser said."""
SECOND = "document.querySelector('handrail-root')?.shadowRoot.querySelector('h2')?.textContent === 'Second'"


@pytest.mark.parametrize("key", ["hovers", "hovers-own"])
def test_the_pointer_comes_to_an_element(begin: Begin, key: str) -> None:
    page = begin(key).page
    page.mouse.move(700, 700)
    page.mouse.move(720, 720)
    settle(page)
    assert heading(page) == "Your reports"
    page.locator("#target").hover()
    wait_for(page, SECOND)


def test_a_finger_hovers_nothing(begin: Begin) -> None:
    page = begin("hovers", has_touch=True).page
    page.locator("#target").tap()
    settle(page)
    assert heading(page) == "Your reports"


SCROLLED = {
    "half of the page is less than 70 percent": ("scrolls", LONG, "scrollTo(0, 1000)", "scrollTo(0, 2000)"),
    "where the page stands still, a small box is not the page": (
        "scrolls", SHELL, "box.scrollTo(0, 900)", "shell.scrollTo(0, 2500)",
    ),
    "for a box of its own the page does not count": (
        "scrolls-box", SHELL, "shell.scrollTo(0, 3500)", "box.scrollTo(0, 700)",
    ),
}  # fmt: skip
"""An experience, a page, what is scrolled in vain, and what is scrolled so far."""


@pytest.mark.parametrize("case", SCROLLED)
def test_it_is_scrolled_so_far(begin: Begin, case: str) -> None:
    key, body, in_vain, so_far = SCROLLED[case]
    page = begin(key, body).page
    page.evaluate(in_vain)
    settle(page)
    assert heading(page) == "Your reports"
    page.evaluate(so_far)
    wait_for(page, SECOND)


def test_an_attribute_that_the_page_sets_counts_at_once_also_without_the_server(begin: Begin) -> None:
    page = begin("pays").page
    page.route("**/sdk/v1/boot", lambda route: route.abort())
    page.evaluate("jimo.push(['set', 'user:attributes', [{plan: 'team'}]])")
    assert heading(page) == "Your reports"
    page.evaluate("jimo.push(['set', 'user:attributes', [{plan: 'pro'}]])")
    assert heading(page) == "Second"


def test_an_attribute_that_only_the_server_knows_counts(begin: Begin) -> None:
    elsewhere = begin("grows", user="grower").page
    assert heading(elsewhere) == "Your reports"
    elsewhere.evaluate("jimo.push(['set', 'user:attributes', [{seats: 12}, true]])")
    assert heading(elsewhere) == "Second"
    wait_for(elsewhere, KNOWN)
    page = begin("grows", user="grower").page
    wait_for(page, SECOND)
    assert page.evaluate("jimo.push(['get', 'user:attributes'])") == {}, "this browser was never told"


def test_a_survey_answered_elsewhere_counts_when_the_answer_fits(begin: Begin) -> None:
    page = begin("promotes", user="promoter").page
    assert heading(page) == "Your reports"
    for score, follows in ((5, False), (9, True)):
        elsewhere = begin("opinion", user="promoter").page
        elsewhere.get_by_role("radio", name=f"{score} out of 10").check()
        elsewhere.get_by_role("button", name="Send").click()
        elsewhere.evaluate("jimo.push(['do', 'boosted:refresh'])")
        wait_for(elsewhere, KNOWN)
        page.evaluate("() => { window.ready = false; jimo.push(['do', 'boosted:refresh']) }")
        wait_for(page, "window.ready")
        assert page.evaluate(SECOND) is follows


def test_a_click_inside_a_frame_counts(begin: Begin) -> None:
    page = begin("frames", FRAMED).page
    page.frame_locator("#frame").locator("#inner").click()
    wait_for(page, SECOND)


SHADOWED = (
    BODY
    + """<div id="host"><template shadowrootmode="open">
<input><div style="height:90px;overflow:auto"><p style="height:900px">Log</p></div></template></div>"""
)


def test_what_happens_in_a_shadow_root_counts(begin: Begin) -> None:
    page = begin("shadows", SHADOWED).page
    page.locator("#host input").fill("ab")
    settle(page)
    assert heading(page) == "Your reports", "they are still at it"
    page.locator("#host input").blur()
    wait_for(page, SECOND)
    page = begin("scrolls-shadow", SHADOWED).page
    settle(page)
    assert heading(page) == "Your reports"
    page.evaluate("host.shadowRoot.querySelector('div').scrollTo(0, 700)")
    wait_for(page, SECOND)


def test_a_fingerprint_alone_is_found_inside_the_click(begin: Begin) -> None:
    page = begin("prints").page
    page.locator("#home").click()
    settle(page)
    assert heading(page) == "Your reports"
    page.wait_for_function("performance.getEntriesByType('resource').some(({name}) => name.includes('/finder-'))")
    page.evaluate("""() => {
      const anew = target.cloneNode(true)
      anew.removeAttribute('id')
      target.replaceWith(anew)
      anew.click()
    }""")
    wait_for(page, SECOND)


def fill_and_leave(page: Page) -> None:
    page.locator("#plain").fill("ab")
    page.locator("#plain").blur()


USES: dict[str, Callable[[Page], object]] = {
    "present": lambda page: page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p id=late>Late</p>')"),
    "visible": lambda page: page.evaluate("ghost.style.display = ''"),
    "filled": fill_and_leave,
    "clicked": lambda page: page.locator("#target").click(),
    "hovered": lambda page: page.locator("#target").hover(),
}


@pytest.mark.parametrize("fact", list(ASKED))
def test_an_audience_may_ask_what_an_element_is_or_was_used_for(
    unopened: Callable[..., tuple[Page, str]], fact: str
) -> None:
    page, address = unopened(BODY + '<input id="plain"><p id="ghost" style="display:none">Ghost</p>')
    page.goto(f"{address}?audience={fact}")
    # Looked at twice: as the page opened, and once its elements were watched.
    wait_for(page, f"handrail.decisions?.().filter(({{key}}) => key === 'audience-{fact}').length > 1")
    decided = page.evaluate(f"handrail.decisions().filter(({{key}}) => key === 'audience-{fact}')")
    assert {each["because"] for each in decided} == {"residual"}
    USES[fact](page)
    expect(page.locator("handrail-root h2")).to_have_text("Your reports")


def test_all_conditions_of_a_trigger_must_have_held(begin: Begin) -> None:
    page = begin("both").page
    settle(page)
    assert heading(page) == "Your reports"
    page.evaluate("jimo.push(['do', 'segmentio:track', [{event: 'Saved'}]])")
    wait_for(page, SECOND)


TIMES = times(6, 100)


def test_what_a_click_did_before_its_link_left_is_recorded_every_time(begin: Begin) -> None:
    """A progress trigger and a call-to-action event, each followed at once by the host's own navigation."""
    page = begin("leaves", LINK).page
    for time in range(TIMES):
        if time:
            page.evaluate("postMessage({start: 'leaves'})")
            expect(page.locator("handrail-root .card")).to_be_visible()
        page.evaluate("""() => {
          away.addEventListener('click', () => jimo.push(['do', 'segmentio:track', [{event: 'Went away'}]]))
          away.click()
        }""")
        page.wait_for_url("**/?next=1")
        wait_for(page, "window.ready")
        page.evaluate("history.replaceState({}, '', '/')")
    wait_for(page, KNOWN)
    said = [each for each in told(page) if each["event"] in ("action_fired", "experience_dismissed", "Went away")]
    by = {name: sum(each["event"] == name for each in said) for name in {each["event"] for each in said}}
    assert by == {"action_fired": TIMES, "experience_dismissed": TIMES, "Went away": TIMES}


def test_using_the_target_goes_on_before_the_page_leaves(begin: Begin) -> None:
    page = begin("advances", LINK).page
    page.locator("#away").click()
    page.wait_for_url("**/?next=1")
    wait_for(page, SECOND)
    assert [each["properties"]["by"] for each in told(page) if each["event"] == "action_fired"] == ["target"]


def test_a_tab_that_may_not_be_opened_becomes_a_link(unopened: Callable[..., tuple[Page, str]]) -> None:
    page, address = unopened()
    # What a driver evaluates is a user's gesture to the browser: a tab might be opened after it.
    with page.expect_console_message(lambda said: said.text == "navigation:blocked"):
        page.goto(f"{address}?blocked=1")
    link = page.get_by_role("link", name="Open in a new tab")
    expect(link).to_be_visible()
    assert violations(page) == []
    assert [each["properties"]["url"] for each in told(page) if each["event"] == "navigation_blocked"] == ["/?tab"]
    assert len(page.context.pages) == 1
    with page.context.expect_page() as opened:
        link.click()
    assert opened.value.url.endswith("/?tab")
    expect(link).to_have_count(0)


def test_a_target_is_not_missing_while_what_finds_it_is_on_its_way(
    unopened: Callable[..., tuple[Page, str]],
) -> None:
    page, address = unopened()
    held: list[Route] = []
    page.route("**/finder-*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    guest = Guest(page)
    guest.open(address)
    page.evaluate("postMessage({start: 'slow'})")
    eventually(page, lambda: held)
    # What waits for a tenth of a second from then on has waited by now.
    page.evaluate("new Promise((done) => setTimeout(done, 200))")
    assert page.locator("handrail-root").count() == 0
    held[0].continue_()
    expect(page.locator("handrail-root .card.anchored h2")).to_have_text("Your reports")
    page.evaluate("target.remove()")
    wait_for(page, SECOND)
    assert not [each for each in told(page) if each["event"] == "target_missing"]


MISSING = {"goes": "gone", "never": "never_found", "hidden": "hidden", "twins": "ambiguous", "resembles": "weak"}


def test_a_target_that_is_missing_says_why_and_its_step_floats(begin: Begin) -> None:
    guest = begin("goes", BODY + '<p id="ghost" style="display:none">Ghost</p>')
    page = guest.page
    page.evaluate("target.remove()")
    for key, reason in MISSING.items():
        if key != "goes":
            guest.show(key)
        wait_for(page, f"answers.missing === '{reason}'")
        expect(page.locator("handrail-root .card.corner h2")).to_have_text("Your reports")
        guest.shut()
        guest.gone()
    said = [each["properties"] for each in told(page) if each["event"] == "target_missing"]
    assert {each["experience"]: each["reason"] for each in said} == MISSING
