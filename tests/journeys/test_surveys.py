"""Surveys in a real browser: every kind of question by keyboard, answers that arrive once, whatever goes wrong."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from handrail.adapters.files.yaml import read_yaml
from tests.support.axe import violations
from tests.support.demo import ROOT, Demo, running_demo
from tests.support.events import logged
from tests.support.guest import KEPT
from tests.support.hosts import folder_server
from tests.support.soak import times
from tests.support.waiting import eventually

PROJECT = "5f0f3b1e-7c1d-4c39-9d0a-2a6d1f1d0b57"
GALLERY = ROOT / "examples" / "gallery" / "experiences"
NEXT = {"type": "go_to_step"}
ROUNDS = times(5, 170)
"""How often the long survey is answered, three times over: 300 submissions, 10,200 in `make soak`."""
MISSABLE = (1, 2, 3, 4, 5, 6, 7, 9)
"""Which steps of the gallery's survey can be left unanswered, from 1: a slider stands somewhere from the first."""
THANKS = {"type": "thank_you", "key": "thanks", "blocks": [{"type": "heading", "text": "Thank you"}]}
BOOKING = {
    "type": "book_interview",
    "key": "talk",
    "provider": "calendly",
    "link": "https://calendly.com/handrail/interview?name={{native.name|you}}",
    "blocks": [
        {"type": "heading", "text": "Talk to us?"},
        {"type": "button", "label": "Book a time", "actions": [{"type": "book_interview"}, NEXT]},
    ],
}


def a_survey(key: str, *steps: dict[str, Any], **content: Any) -> dict[str, Any]:
    return {
        "kind": "survey",
        "key": key,
        "name": key,
        "show_on": {"on": "manual"},
        "frequency": {"every": "time"},
        "respects_rate_limit": False,
        "content": {"steps": [*steps], **content},
    }


def many(count: int) -> list[dict[str, Any]]:
    return [{"type": "rating", "key": f"q{n}", "title": f"Question {n}?", "required": True} for n in range(count)]


def insisting() -> dict[str, Any]:
    """The gallery's survey with an answer needed to every question that may be left unanswered."""
    survey = cast("dict[str, Any]", read_yaml((GALLERY / "surveys.yaml").read_bytes(), "surveys.yaml").value)
    for number in MISSABLE:
        survey["content"]["steps"][number - 1]["required"] = True
    return {**survey, "key": "insisting", "name": "Insisting"}


DOCUMENTS = [
    insisting(),
    a_survey("booking", BOOKING, THANKS),
    a_survey("long", *many(20)),
    a_survey(
        "snoozing",
        {"type": "nps", "key": "score", "title": "Likely?", "cross": {"action": {"type": "snooze", "hours": 1}}},
        THANKS,
    ),
    a_survey(
        "optional", {"type": "nps", "key": "a", "title": "A?"}, {"type": "nps", "key": "b", "title": "B?"}, THANKS
    ),
    a_survey(
        "leaving",
        {
            "type": "single_choice",
            "key": "why",
            "title": "Why?",
            "options": [{"key": "a", "label": "A"}, {"key": "b", "label": "B"}],
            "conditions": [
                {"when": [{"operator": "is", "value": "a"}], "then": [{"type": "dismiss"}]},
                {
                    "when": [{"operator": "is", "value": "b"}],
                    "then": [{"type": "launch_experience", "experience": "optional"}],
                },
            ],
        },
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("surveys")


@pytest.fixture(scope="module")
def surveys(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo with the gallery's surveys and those above, and nothing else."""
    written = tmp_path_factory.mktemp("documents")
    paths = [str(path) for path in sorted(GALLERY.glob("surveys*.yaml"))]
    for document in DOCUMENTS:
        # JSON is YAML.
        path = written / f"{document['key']}.yaml"
        path.write_text(json.dumps(document))
        paths.append(str(path))
    with running_demo(folder) as demo:
        applied = demo.command("apply", "--prune", *paths)
        assert applied.returncode == 0, applied.stdout + applied.stderr
        yield demo


Open = Callable[..., Page]


def key_of(demo: Demo) -> str:
    """The write key that boot tells a page of the demo's own host; pages elsewhere carry it themselves."""
    page = {"url": f"{demo.host}/demo/index.html"}
    asked = {"project": PROJECT, "page": page, "sdk": "test", "anonymousId": "somebody"}
    reply = httpx.post(f"{demo.server}/sdk/v1/boot", json=asked, headers={"origin": demo.host})
    assert reply.is_success, reply.text
    return reply.raise_for_status().json()["key"]


@pytest.fixture
def host(surveys: Demo, browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a bare host page with the SDK on it and starts one survey."""
    contexts: list[BrowserContext] = []
    servers = ExitStack()

    def open_page(
        key: str = "survey-everything",
        *,
        lang: str = "en",
        direction: str = "ltr",
        csp: str = "",
        user: str = "",
        route: Callable[[BrowserContext], None] | None = None,
        **options: Any,
    ) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1000, "height": 800}, **options})
        contexts.append(context)
        html = (
            f"<!doctype html><html lang={lang} dir={direction}><title>Host</title><main><h1>Host</h1>"
            f"<button id=before>Before</button></main><script async src='{surveys.server}/sdk/v1/handrail.js'"
            f" data-project='{PROJECT}' data-key='{key_of(surveys)}'></script></html>"
        )
        pages = tmp_path / str(len(contexts))
        pages.mkdir()
        (pages / "index.html").write_text(html)
        headers = {"content-security-policy": csp.replace("SDK", surveys.server)} if csp else {}
        address = servers.enter_context(folder_server(pages, headers=headers, host="localhost"))
        context.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));"
            + (f"window.jimo = [['do', 'identify', [{user!r}]]];" if user else "")
        )
        if route:
            route(context)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.faults = faults  # pyright: ignore[reportAttributeAccessIssue]
        page.goto(f"{address}/index.html")
        if key:
            begin(page, key)
        return page

    with servers:
        yield open_page
        for context in contexts:
            context.close()


def begin(page: Page, key: str) -> None:
    """Starts a survey once the server has answered."""
    page.wait_for_function("window.handrail?.start")
    for _ in range(200):
        if page.evaluate("(key) => handrail.start(key)", key)["started"]:
            break
        page.wait_for_timeout(100)
    expect(card(page)).to_be_visible()


def card(page: Page) -> Locator:
    return page.locator("handrail-root [role=dialog]").last


def titled(page: Page, text: str) -> None:
    expect(card(page).locator("h2")).to_contain_text(text)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def walk(page: Page, key: str, there: str) -> None:
    """Presses a key, at most thrice, until something holds."""
    for _ in range(3):
        press(page, key)
        if page.evaluate(there):
            return
    raise AssertionError(f"{key} does not lead to where {there}")


def leave(page: Page, act: Callable[[], None]) -> None:
    """Does what ends a step until it does: one that came just now takes nothing that was not filled in."""
    before = card(page).element_handle()

    def is_left() -> bool:
        if before.is_visible():
            act()
        return not before.is_visible()

    eventually(page, is_left)


def said(folder: Path, user: str, name: str = "question_answered") -> list[dict[str, Any]]:
    """The properties of a user's events of one name, as the log has them."""
    return [
        json.loads(bytes(event.body))["properties"] | {"id": event.message_id}
        for event in logged(folder, user)
        if event.name == name
    ]


def settled(page: Page) -> None:
    """Waits until the outbox is empty."""
    page.wait_for_function(
        "() => Object.keys(localStorage).filter((key) => key.endsWith(':outbox'))"
        ".every((key) => JSON.parse(localStorage[key]).length === 0)",
        timeout=60_000,
    )


def answers(folder: Path, user: str) -> list[tuple[str, Any]]:
    return [(each["step"], each["answer"]) for each in said(folder, user)]


def test_every_question_is_answered_with_the_keyboard_alone(host: Open, folder: Path) -> None:
    page = host(user="keys")
    page.locator("#before").focus()
    titled(page, "How likely")
    # Said, it has all that it is used with.
    expect(page.locator("handrail-root [role=status]")).not_to_be_empty()
    press(page, "F6", "Tab")
    focused = page.evaluate("document.querySelector('handrail-root').shadowRoot.activeElement.ariaLabel")
    assert focused == "0 out of 10"
    press(page, "3", "ArrowRight", "ArrowLeft", "ArrowLeft")
    expect(card(page).get_by_role("radio", name="2 out of 10")).to_be_checked()
    press(page, "1", "0")
    expect(card(page).get_by_role("radio", name="10 out of 10")).to_be_checked()
    # Of 103 the scale has the last digit only.
    press(page, "3", "Enter")
    titled(page, "What held you back?")
    press(page, "Tab", "4", "Tab")
    page.keyboard.type("The colours, café")
    press(page, "Enter")
    titled(page, "How easy")
    press(page, "Tab", "ArrowRight", "ArrowRight", "Enter")
    titled(page, "Rate the new dashboard")
    press(page, "Tab", "4", "Enter")
    titled(page, "How do you feel")
    press(page, "Tab", "Space", "Enter")
    titled(page, "And our support?")
    press(page, "Tab", "5", "Enter")
    titled(page, "What do you use")
    press(page, "Tab", "Space", "Tab", "Tab", "Space", "Enter")
    titled(page, "How many hours")
    press(page, "Tab", "ArrowRight", "Enter")
    titled(page, "Anything")
    press(page, "Tab")
    page.keyboard.type("All\ngood")
    press(page, "Tab", "Enter")
    titled(page, "Almost there")
    press(page, "Tab")
    leave(page, lambda: press(page, "Enter"))
    titled(page, "Talk to us?")
    press(page, "Tab", "Enter")
    titled(page, "Thank you")
    # A word of thanks that was seen completes the survey.
    eventually(page, lambda: said(folder, "keys", "experience_completed"))
    press(page, "Tab", "Enter")
    expect(page.locator("handrail-root")).to_have_count(0)
    settled(page)
    assert answers(folder, "keys") == [
        ("recommend", 3),
        ("why", "other"),
        ("effort", 3),
        ("stars", 4),
        ("faces", 1),
        ("hearts", 5),
        ("uses", ["reports", "api"]),
        ("hours", 11),
        ("words", "All\ngood"),
    ]
    assert said(folder, "keys")[1]["words"] == "The colours, café"
    assert len(said(folder, "keys", "experience_completed")) == 1
    assert said(folder, "keys", "experience_dismissed") == []
    assert page.evaluate("document.activeElement.id") == "before", "focus returns to where it was"
    assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]


def is_missed(page: Page) -> None:
    """Sends a question without its answer, as soon as it takes any, and stands where a step begins again."""
    submit, alert = card(page).locator("button[type=submit]"), card(page).get_by_role("alert")
    eventually(page, lambda: submit.click() is None and alert.inner_text())
    card(page).focus()


def fill(page: Page, step: int) -> None:
    """Answers the gallery's question at this place of the walk."""
    match step:
        case 1:
            press(page, "Tab", "4")
        case 2 | 3 | 4 | 5 | 6:
            press(page, "Tab", "2")
        case 7:
            press(page, "Tab", "Space")
        case 8:
            press(page, "Tab", "ArrowRight")
        case 9:
            press(page, "Tab", "a")
        case _:
            pass


@pytest.mark.parametrize(
    ("key", "scheme", "lang", "direction", "width"),
    [
        ("survey-everything", "light", "en", "ltr", 1000),
        ("survey-everything", "dark", "fr", "ltr", 1000),
        ("insisting", "light", "ar", "rtl", 320),
        ("insisting", "dark", "en", "ltr", 320),
    ],
)
def test_every_state_is_accessible_and_fits(
    host: Open, key: str, scheme: str, lang: str, direction: str, width: int
) -> None:
    window = {"width": width, "height": 640}
    page = host(key, lang=lang, direction=direction, color_scheme=scheme, viewport=window, reduced_motion="reduce")
    found: list[str] = []
    for step in range(1, 13):
        if key == "insisting" and step in MISSABLE:
            is_missed(page)
        found += [f"{step}: {each}" for each in violations(page)]
        box = card(page).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 640.5
        assert card(page).evaluate("(card) => card.scrollWidth <= card.clientWidth"), f"step {step} scrolls sideways"
        if width == 320:
            assert box["width"] == 320, "a sheet from edge to edge"
        if step < 12:
            if step > 1:
                fill(page, step)
            else:
                card(page).locator("input[value='4']").check(force=True)
            leave(page, card(page).locator("button.secondary" if step == 11 else "button[type=submit]").click)
    assert found == []


def test_a_zoomed_page_still_holds_the_whole_card(host: Open) -> None:
    page = host("survey-everything", viewport={"width": 500, "height": 400}, device_scale_factor=2)
    box = card(page).bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 500
    assert box["y"] + box["height"] <= 400
    button = card(page).locator("button[type=submit]")
    button.scroll_into_view_if_needed()
    expect(button).to_be_in_viewport()
    card(page).locator("input[value='3']").check(force=True)
    button.click()
    titled(page, "What held")


def test_reduced_motion_is_still(host: Open) -> None:
    still = host(reduced_motion="reduce")
    assert card(still).evaluate("(card) => getComputedStyle(card).animationName") == "none"
    moving = host(reduced_motion="no-preference")
    assert card(moving).evaluate("(card) => getComputedStyle(card).animationName") != "none"


def test_our_own_words_are_the_reader_s(host: Open) -> None:
    page = host(lang="fr")
    expect(card(page)).to_contain_text("1 sur 11")
    expect(card(page).get_by_role("radio", name="7 sur 10")).to_have_count(1)
    expect(card(page).get_by_label("Me le rappeler plus tard")).to_be_visible()


def test_a_mistake_is_announced_tied_to_its_field_and_forgotten(host: Open, folder: Path) -> None:
    page = host(user="wrong")
    field = card(page).get_by_role("radiogroup")
    assert field.get_attribute("aria-required") == "true"
    card(page).get_by_role("button", name="Next").click()
    error = card(page).get_by_role("alert")
    expect(error).to_have_text("Please answer this question.")
    assert field.get_attribute("aria-invalid") == "true"
    assert "error" in (field.get_attribute("aria-describedby") or "")
    assert error.get_attribute("id") == "error"
    assert page.evaluate("document.querySelector('handrail-root').shadowRoot.activeElement.type") == "radio"
    press(page, "7")
    expect(error).to_have_text("")
    assert field.get_attribute("aria-invalid") is None
    low = card(page).get_by_role("radio", name="0 out of 10", exact=True)
    assert low.get_attribute("aria-describedby") == "low"
    assert answers(folder, "wrong") == []


@pytest.mark.parametrize(
    ("score", "next_title"), [("3", "What held you back?"), ("8", "How easy"), ("9", "Rate the new dashboard")]
)
def test_the_answer_decides_what_comes_next(host: Open, score: str, next_title: str) -> None:
    page = host()
    card(page).locator(f"input[value='{score}']").check(force=True)
    card(page).get_by_role("button", name="Next").click()
    titled(page, next_title)


def test_conditions_close_and_launch_as_buttons_do(host: Open, folder: Path) -> None:
    page = host("leaving", user="leaver")
    card(page).get_by_label("B", exact=True).check()
    card(page).get_by_role("button", name="Send").click()
    titled(page, "A?")
    press(page, "Escape")
    expect(page.locator("handrail-root")).to_have_count(0)
    begin(page, "leaving")
    card(page).get_by_label("A", exact=True).check()
    card(page).get_by_role("button", name="Send").click()
    expect(page.locator("handrail-root")).to_have_count(0)
    settled(page)
    assert answers(folder, "leaver") == [("why", "b"), ("why", "a")]
    fired = [(each["action"], each["by"]) for each in said(folder, "leaver", "action_fired")]
    assert ("launch_experience", "condition") in fired
    assert ("dismiss", "condition") in fired


def test_back_finds_the_answer_and_another_one_is_said_anew(host: Open, folder: Path) -> None:
    page = host(user="back")
    card(page).locator("input[value='8']").check(force=True)
    card(page).get_by_role("button", name="Next").click()
    titled(page, "How easy")
    card(page).locator("input[value='2']").check(force=True)
    card(page).get_by_role("button", name="Back").click()
    titled(page, "How likely")
    expect(card(page).locator("input[value='8']")).to_be_checked()
    leave(page, card(page).get_by_role("button", name="Next").click)
    titled(page, "How easy")
    expect(card(page).locator("input[value='2']")).to_be_checked()
    card(page).get_by_role("button", name="Back").click()
    card(page).locator("input[value='7']").check(force=True)
    card(page).get_by_role("button", name="Next").click()
    titled(page, "How easy")
    settled(page)
    assert answers(folder, "back") == [("recommend", 8), ("recommend", 7)]
    first, second = said(folder, "back")
    assert first["id"] == f"{first['run']}.0.1"
    assert second["id"] == f"{first['run']}.0.2"


def test_a_reload_goes_on_where_it_was_and_says_nothing_twice(host: Open, folder: Path) -> None:
    page = host(user="reload")
    card(page).locator("input[value='8']").check(force=True)
    card(page).get_by_role("button", name="Next").click()
    titled(page, "How easy")
    for _ in range(3):
        page.reload()
        titled(page, "How easy")
    card(page).get_by_role("button", name="Back").click()
    expect(card(page).locator("input[value='8']")).to_be_checked()
    page.reload()
    titled(page, "How likely")
    expect(card(page).locator("input[value='8']")).to_be_checked()
    settled(page)
    assert answers(folder, "reload") == [("recommend", 8)]


def test_a_skipped_question_says_nothing_and_an_answer_may_be_taken_over(host: Open, folder: Path) -> None:
    page = host("optional", user="skip")
    card(page).get_by_role("button", name="Next").click()
    titled(page, "B?")
    card(page).locator("input[value='0']").check(force=True)
    card(page).get_by_role("button", name="Next").click()
    titled(page, "Thank you")
    settled(page)
    assert answers(folder, "skip") == [("b", 0)]


def test_a_second_click_does_not_skip_the_next_question(host: Open, folder: Path) -> None:
    page = host("optional", user="double")
    card(page).locator("input[value='5']").check(force=True)
    card(page).get_by_role("button", name="Next").dblclick()
    titled(page, "B?")
    # Had it been passed over, the thanks would stand here.
    card(page).locator("input[value='7']").check(force=True)
    card(page).get_by_role("button", name="Next").click()
    titled(page, "Thank you")
    settled(page)
    assert answers(folder, "double") == [("a", 5), ("b", 7)]


def test_the_cross_of_the_first_step_snoozes(host: Open, folder: Path) -> None:
    page = host("snoozing", user="later")
    card(page).get_by_label("Remind me later").click()
    expect(page.locator("handrail-root")).to_have_count(0)
    settled(page)
    assert len(said(folder, "later", "experience_snoozed")) == 1
    assert said(folder, "later", "experience_dismissed") == []


def test_thanks_complete_however_they_are_closed(host: Open, folder: Path) -> None:
    page = host("snoozing", user="thanks")
    card(page).locator("input[value='10']").check(force=True)
    card(page).get_by_role("button", name="Next").click()
    titled(page, "Thank you")
    eventually(page, lambda: said(folder, "thanks", "experience_completed"))
    press(page, "Escape")
    expect(page.locator("handrail-root")).to_have_count(0)
    settled(page)
    assert len(said(folder, "thanks", "experience_completed")) == 1
    assert said(folder, "thanks", "experience_dismissed") == []


STRICT = (
    "default-src 'none'; script-src SDK; connect-src SDK; style-src 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)


def test_a_strict_page_needs_to_allow_nothing_more(host: Open, folder: Path) -> None:
    page = host("survey-modal", user="strict", csp=STRICT)
    assert page.evaluate("(() => { try { document.body.innerHTML = '<b>'; return '' } catch { return 'held' } })()")
    assert card(page).evaluate("(card) => getComputedStyle(card).position") == "fixed"
    assert card(page).get_attribute("aria-modal") == "true"
    before = page.evaluate("violations.length")
    card(page).locator("input[value='2']").check(force=True)
    card(page).get_by_role("button", name="Next").click()
    titled(page, "What could be better?")
    card(page).get_by_role("textbox").fill("Less of it")
    card(page).get_by_role("button", name="Send").or_(card(page).get_by_role("button", name="Next")).click()
    titled(page, "Thank you")
    settled(page)
    assert page.evaluate("violations.length") == before
    assert answers(folder, "strict") == [("stars", 2), ("why", "Less of it")]


def test_a_modal_keeps_tab_inside_radios_included(host: Open) -> None:
    page = host("survey-modal")
    card(page).locator("input[value='3']").check(force=True)
    page.wait_for_function(KEPT)
    for key in ("Tab", "Shift+Tab"):
        for _ in range(8):
            press(page, key)
            assert page.evaluate("document.activeElement.localName") == "handrail-root", key


def stand_in(context: BrowserContext) -> None:
    """Serves a page in the provider's place: its site cannot be asked here."""
    body = (
        "<!doctype html><title>Calendar</title><h1>Choose a time</h1><button>9:00</button><p id=where></p>"
        "<script>where.textContent=location</script>"
    )
    context.route("https://calendly.com/**", lambda route: route.fulfill(content_type="text/html", body=body))


def test_an_interview_is_booked_in_a_frame_and_the_survey_goes_on(host: Open, folder: Path) -> None:
    page = host("booking", user="booker", route=stand_in)
    titled(page, "Talk to us?")
    card(page).get_by_role("button", name="Book a time").click()
    frame = page.frame_locator("handrail-root iframe")
    expect(frame.get_by_role("heading")).to_have_text("Choose a time")
    expect(frame.locator("#where")).to_contain_text(
        "https://calendly.com/handrail/interview?name=you&embed_type=Inline"
    )
    element = page.locator("handrail-root iframe")
    assert element.get_attribute("title") == "Book a time"
    assert "allow-top-navigation" not in (element.get_attribute("sandbox") or "allow-top-navigation")
    expect(card(page).get_by_role("link", name="Open in a new tab")).to_have_attribute("target", "_blank")
    assert violations(page) == []
    # Tab comes round to the calendar again, also backwards; the frame's own page may be a stop or two.
    at = "document.activeElement.shadowRoot?.activeElement?.localName"
    for name in ("iframe", "a", "button", "iframe", "a"):
        walk(page, "Tab", f"{at} === '{name}'")
    walk(page, "Shift+Tab", f"{at} === 'iframe'")
    walk(page, "Tab", f"{at} === 'a'")
    press(page, "Escape")
    expect(page.locator("handrail-root iframe")).to_have_count(0)
    titled(page, "Thank you")
    settled(page)
    fired = [each["action"] for each in said(folder, "booker", "action_fired")]
    assert fired == ["go_to_step", "book_interview"]
    assert said(folder, "booker", "frame_blocked") == []


def test_where_frames_are_blocked_a_new_tab_opens_within_the_click(host: Open, folder: Path) -> None:
    page = host("booking", user="blocked", route=stand_in, csp="frame-src 'none'; script-src SDK")
    with page.context.expect_page() as opened:
        card(page).get_by_role("button", name="Book a time").click()
    tab = opened.value
    tab.wait_for_load_state()
    assert tab.url == "https://calendly.com/handrail/interview?name=you"
    assert tab.evaluate("window.opener") is None
    assert "frame-src" in page.evaluate("violations")
    expect(card(page).get_by_role("link", name="Open in a new tab")).to_be_visible()
    page.bring_to_front()
    card(page).get_by_label("Close").click()
    titled(page, "Thank you")
    settled(page)
    assert len(said(folder, "blocked", "frame_blocked")) == 1


def cutting(seed: int, share: float) -> Callable[[BrowserContext], None]:
    """Lets every batch reach the server, and cuts the answer to some of them."""
    chance = random.Random(seed)

    def answer(route: Route) -> None:
        response = route.fetch()
        if chance.random() < share:
            route.abort()
        else:
            route.fulfill(response=response)

    def install(context: BrowserContext) -> None:
        context.route("**/v1/batch", answer)

    return install


def submit_all(page: Page, chance: random.Random, rounds: int, count: int) -> Counter[tuple[int, str, int]]:
    """Answers the long survey again and again, with reloads and second clicks in between; gives what was answered."""
    given: Counter[tuple[int, str, int]] = Counter()
    for number in range(rounds):
        begin(page, "long")
        for step in range(count):
            titled(page, f"Question {step}?")
            answer = chance.randint(1, 5)
            card(page).locator(f"input[value='{answer}']").check(force=True)
            button = card(page).locator("button[type=submit]")
            if chance.random() < 0.02:
                button.dblclick()
            else:
                button.click()
            given[(number, f"q{step}", answer)] += 1
            if step + 1 < count and chance.random() < 0.05:
                titled(page, f"Question {step + 1}?")
                page.reload()
                page.wait_for_function("window.handrail?.start")
        expect(page.locator("handrail-root")).to_have_count(0)
    return given


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_answer_given_is_an_answer_kept_once(host: Open, folder: Path, seed: int) -> None:
    """A fifth of the replies cut after commit, a twentieth of the steps reloaded, some second clicks."""
    rounds, count = ROUNDS, 20
    user = f"kept-{seed}"
    page = host("", user=user, route=cutting(seed, 0.2))
    given = submit_all(page, random.Random(seed), rounds, count)
    settled(page)
    kept = said(folder, user)
    runs = list(dict.fromkeys(each["run"] for each in kept))
    assert len(runs) == rounds
    found = Counter((runs.index(each["run"]), each["step"], each["answer"]) for each in kept)
    assert sum(given.values()) == rounds * count
    assert found == given, "0 lost, 0 duplicated"
    assert len({each["id"] for each in kept}) == len(kept)
    assert len(said(folder, user, "experience_completed")) == rounds
