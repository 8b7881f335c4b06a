"""Stacks of actions in a real browser: what they do together, what bounds them, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.demo import Demo
from tests.support.gallery import listen, told, until
from tests.support.kinds import live

SNOOZE: dict[str, Any] = {"type": "snooze", "hours": 1, "up_to": 1}
DONE: dict[str, Any] = {"type": "go_to_step", "step": "complete"}


def go(step: str) -> dict[str, Any]:
    return {"type": "go_to_step", "step": step}


def launch(key: str) -> dict[str, Any]:
    return {"type": "launch_experience", "experience": key}


def a_button(label: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"type": "button", "label": label, "actions": list(actions)}


def a_step(key: str, *buttons: dict[str, Any], **members: Any) -> dict[str, Any]:
    heading = {"type": "heading", "text": f"Step {key}"}
    return {"key": key, "form": "snippet", "blocks": [heading, *buttons]} | members


def a_tour(key: str, *steps: dict[str, Any], **members: Any) -> dict[str, Any]:
    content = {"steps": list(steps)}
    manual = {"show_on": {"on": "manual"}, "respects_rate_limit": False}
    return {"kind": "tour", "key": key, "name": key, "content": content} | manual | members


def a_link_of(chain: str, following: str) -> dict[str, Any]:
    return a_tour(chain, a_step(chain, a_button("Launch", launch(following)), a_button("Done", DONE)))


FINE = a_button("Fine", DONE)
SNOOZED = {
    "button": a_tour("snoozed-button", a_step("one", a_button("Later", SNOOZE))),
    "cross": a_tour("snoozed-cross", a_step("one", FINE, cross={"action": SNOOZE})),
    "trigger": a_tour("snoozed-trigger", a_step(
        "one", FINE, triggers=[{"when": [{"on": "event", "event": "Busy"}], "then": [SNOOZE]}])),
    "condition": {
        "kind": "survey", "key": "snoozed-condition", "name": "Snoozed", "show_on": {"on": "manual"},
        "respects_rate_limit": False,
        "content": {"steps": [
            {"type": "nps", "key": "score", "title": "How was it?", "submit": "Go on",
             "conditions": [{"when": [{"operator": "is_empty"}], "then": [SNOOZE]}]},
            {"type": "thank_you", "key": "thanks", "blocks": [{"type": "heading", "text": "Thanks"}]},
        ]},
    },
}  # fmt: skip
OPTIONS = {"options": [{"key": "price", "label": "The price"}, {"key": "speed", "label": "The speed"}]}
ASKED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "score": ({"type": "nps"}, {"operator": "between", "value": [0, 6]}),
    "choice": ({"type": "single_choice", **OPTIONS}, {"operator": "is", "value": "price"}),
    "choices": ({"type": "multiple_choice", **OPTIONS}, {"operator": "has_all", "value": ["price", "speed"]}),
    "text": ({"type": "open_text"}, {"operator": "contains", "value": "slow"}),
    "nothing": ({"type": "open_text"}, {"operator": "is_empty"}),
}


def a_survey(key: str, question: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    """A survey that leads to one end where the test holds, and to the other by its fallback."""
    ends = [
        {"type": "thank_you", "key": end, "blocks": [{"type": "heading", "text": end.title()}]}
        for end in ("matched", "fallback")
    ]
    condition = {"when": [test], "then": [go("matched")]}
    asks = {"key": "asks", "title": "Well?", "submit": "Go on", "conditions": [condition], "otherwise": go("fallback")}
    return {
        "kind": "survey", "key": f"asks-{key}", "name": key, "show_on": {"on": "manual"}, "respects_rate_limit": False,
        "content": {"steps": [question | asks, *ends]},
    }  # fmt: skip


DOCUMENTS: list[dict[str, Any]] = [
    *SNOOZED.values(),
    *(a_survey(key, *asked) for key, asked in ASKED.items()),
    a_tour("jumps", a_step("a", a_button("Jump", go("c"))), a_step("b", a_button("On", go("next"))),
           a_step("c", a_button("Back", go("previous")), a_button("Before", go("b")), FINE)),
    *(a_link_of(f"chain-{number}", f"chain-{number + 1}") for number in range(4)),
    a_tour("chain-4", a_step("chain-4", FINE)),
    a_tour("refused", a_step("one", a_button("Launch", launch("others")), FINE)),
    a_tour("others", a_step("others", FINE), audience={"attribute": "custom.plan", "operator": "is", "value": "other"}),
    a_tour("closes", a_step("one", a_button("Leave", {"type": "dismiss"}, go("two")), a_button("On", go("two"))),
           a_step("two", FINE)),
    a_tour("crossless", a_step("one", FINE, cross={"show": False})),
    a_tour("returns", a_step("one", a_button("Later", {"type": "snooze", "hours": 1})), show_on={"on": "page_opening"},
           where={"include": [{"part": "query", "name": "returns", "operator": "equals", "value": "1"}]}),
    {"kind": "post", "key": "shared", "name": "Shared", "show_on": {"on": "link"},
     "content": {"title": "Shared", "blocks": [{"type": "paragraph", "text": "By link."}]}},
    a_tour("guest", a_step("guest", FINE), show_on={"on": "none"}),
    {"kind": "post", "key": "letter", "name": "Letter", "content": {
        "title": "Letter", "blocks": [{"type": "paragraph", "text": "A letter."}],
        "cta": a_button("Show me", launch("guest"))}},
    {"kind": "hint", "key": "mark", "name": "Mark", "show_on": {"on": "manual"}, "content": {"hints": [
        {"key": "only", "label": "About", "target": {"css": "h1"},
         "blocks": [{"type": "paragraph", "text": "Here."}, a_button("Show me", launch("guest"))]}]}},
    {"kind": "checklist", "key": "todo", "name": "Todo", "show_on": {"on": "manual"}, "content": {
        "title": "To do", "tasks": [
            {"key": "letter", "title": "Read the letter", "action": {"type": "open_post", "post": "letter"}},
            {"key": "tour", "title": "See the tour", "action": launch("guest")},
        ]}},
    {"kind": "resource_center", "key": "help", "name": "Help", "show_on": {"on": "manual"}, "content": {
        "title": "Help", "cards": [
            {"type": "card", "key": "letter", "title": "The letter",
             "actions": [{"type": "open_post", "post": "letter"}]},
        ]}},
    a_tour("posts", a_step("one", FINE, triggers=[
        {"when": [{"on": "event", "event": "Wrote"}], "then": [{"type": "open_post", "post": "letter"}]}])),
]  # fmt: skip


@pytest.fixture(scope="module")
def acting(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server with one experience for each question."""
    with live(quiet, tmp_path_factory.mktemp("acting"), {each["key"]: each for each in DOCUMENTS}) as demo:
        yield demo


@pytest.fixture
def page(acting: Demo, visit: Callable[..., Page]) -> Page:
    """The host's page, all that it sends kept."""
    opened = visit(None, path="/demo/plain_page.html", host=acting, reduced_motion="reduce")
    listen(opened)
    opened.reload()
    until(opened, "window.handrail?.decisions && handrail.push(['get', 'widget:unreadCount']).then(() => true)")
    return opened


def start(page: Page, key: str) -> None:
    assert page.evaluate("key => handrail.start(key)", key) == {"started": True}


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def says(page: Page, heading: str) -> None:
    expect(page.locator("handrail-root h2").filter(has_text=heading)).to_have_count(1)


def ends(page: Page, key: str) -> list[str]:
    """How the showings of an experience ended, by event."""
    names = ("experience_snoozed", "experience_dismissed", "experience_completed", "experience_ended")
    return [
        each["event"].removeprefix("experience_")
        for each in told(page)
        if each["event"] in names and each["properties"]["experience"] == key
    ]


@pytest.mark.parametrize("place", list(SNOOZED))
def test_a_snooze_that_is_used_up_dismisses_wherever_it_stands(page: Page, place: str) -> None:
    key = f"snoozed-{place}"
    for _ in range(2):
        start(page, key)
        if place == "button":
            press(page, "Later")
        elif place == "cross":
            page.locator("handrail-root .cross").click()
        elif place == "trigger":
            page.evaluate("jimo.push(['do', 'segmentio:track', [{event: 'Busy'}]])")
        else:
            press(page, "Go on")
        expect(page.locator("handrail-root .card")).to_have_count(0)
    assert ends(page, key) == ["snoozed", "dismissed"]


def ticks(page: Page, *names: str) -> None:
    for name in names:
        page.locator("handrail-root").get_by_label(name, exact=True).check()


def writes(page: Page, text: str) -> None:
    page.locator("handrail-root textarea").fill(text)


GIVEN: dict[str, tuple[Callable[[Page], None], Callable[[Page], None]]] = {
    "score": (lambda page: ticks(page, "6 out of 10"), lambda page: ticks(page, "7 out of 10")),
    "choice": (lambda page: ticks(page, "The price"), lambda page: ticks(page, "The speed")),
    "choices": (lambda page: ticks(page, "The price", "The speed"), lambda page: ticks(page, "The price")),
    "text": (lambda page: writes(page, "so slow!"), lambda page: writes(page, "Slow")),
    "nothing": (lambda _: None, lambda page: writes(page, "something")),
}


@pytest.mark.parametrize("key", list(ASKED))
def test_each_type_of_answer_decides_and_the_fallback_goes_on(page: Page, key: str) -> None:
    for answers, end in zip(GIVEN[key], ("Matched", "Fallback"), strict=True):
        start(page, f"asks-{key}")
        answers(page)
        press(page, "Go on")
        says(page, end)
        page.locator("handrail-root .cross").click()
        expect(page.locator("handrail-root .card")).to_have_count(0)


def test_a_snooze_is_over_without_a_reload(page: Page) -> None:
    page.clock.install()
    page.goto(f"{page.url}?returns=1")
    press(page, "Later")
    expect(page.locator("handrail-root .card")).to_have_count(0)
    # The server's clock does not follow, and the browser would keep to it.
    page.route("**/sdk/v1/*", lambda route: route.abort())
    page.clock.fast_forward("59:00")
    expect(page.locator("handrail-root .card")).to_have_count(0)
    page.clock.fast_forward("02:00")
    says(page, "Step one")


@pytest.mark.parametrize(("key", "ended"), [("snoozed-cross", "snoozed"), ("crossless", "dismissed")])
def test_escape_does_what_the_cross_does_and_dismisses_where_there_is_none(page: Page, key: str, ended: str) -> None:
    start(page, key)
    says(page, "Step one")
    page.keyboard.press("Escape")
    expect(page.locator("handrail-root .card")).to_have_count(0)
    assert ends(page, key) == [ended]


def test_previous_is_the_step_visited_last_not_the_one_before(page: Page) -> None:
    start(page, "jumps")
    press(page, "Jump")
    says(page, "Step c")
    press(page, "Back")
    says(page, "Step a")
    press(page, "Jump")
    press(page, "Before")
    says(page, "Step b")
    press(page, "On")
    press(page, "Back")
    says(page, "Step b")


def test_a_chain_of_launches_is_bounded_and_its_last_link_stays(page: Page) -> None:
    start(page, "chain-0")
    for number in range(3):
        says(page, f"Step chain-{number}")
        press(page, "Launch")
    says(page, "Step chain-3")
    press(page, "Launch")
    until(page, "handrail.decisions().some(({key, because}) => key === 'chain-4' && because === 'chain_limit')")
    says(page, "Step chain-3")
    assert [ends(page, f"chain-{number}") for number in range(4)] == [["dismissed"]] * 3 + [[]]


def test_the_source_stays_when_its_target_is_refused(page: Page) -> None:
    start(page, "refused")
    press(page, "Launch")
    until(page, "handrail.decisions().some(({key, because}) => key === 'others' && because === 'not_found')")
    says(page, "Step one")
    assert ends(page, "refused") == []


def test_a_step_beside_what_closes_is_told_and_not_drawn(page: Page) -> None:
    start(page, "closes")
    press(page, "Leave")
    expect(page.locator("handrail-root .card")).to_have_count(0)
    fired = [each["properties"]["action"] for each in told(page) if each["event"] == "action_fired"]
    assert fired == ["go_to_step", "dismiss"]
    assert ends(page, "closes") == ["dismissed"]


def test_a_post_that_launched_is_back_when_that_is_over(page: Page) -> None:
    start(page, "letter")
    press(page, "Show me")
    says(page, "Step guest")
    expect(page.locator("handrail-root .news")).to_have_count(0)
    press(page, "Fine")
    expect(page.locator("handrail-root .news")).to_have_count(1)


def test_a_hint_that_launched_keeps_its_mark(page: Page) -> None:
    start(page, "mark")
    press(page, "About")
    press(page, "Show me")
    says(page, "Step guest")
    press(page, "Fine")
    expect(page.get_by_role("button", name="About", exact=True)).to_be_visible()


def opens_from_a_checklist(page: Page) -> None:
    start(page, "todo")
    press(page, "Read the letter")


def opens_from_a_center(page: Page) -> None:
    start(page, "help")
    page.locator("handrail-root .panel").get_by_role("button", name="The letter").click()


def opens_from_a_trigger(page: Page) -> None:
    start(page, "posts")
    page.evaluate("jimo.push(['do', 'segmentio:track', [{event: 'Wrote'}]])")


@pytest.mark.parametrize("opens", [opens_from_a_checklist, opens_from_a_center, opens_from_a_trigger])
def test_a_post_is_opened_from_everywhere(page: Page, opens: Callable[[Page], None]) -> None:
    opens(page)
    expect(page.locator("handrail-root .news")).to_have_accessible_name("Letter")
    assert page.faults == []  # type: ignore[attr-defined]


def test_a_post_is_opened_by_its_link(page: Page) -> None:
    page.goto(f"{page.url}?handrail=shared")
    expect(page.locator("handrail-root .news")).to_have_accessible_name("Shared")
    assert "handrail=" not in page.url, "a reload does not show it again"
