"""Real host applications: on each, a tour crosses pages, and a checklist, a hint and a survey are used by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.applications import APPLICATIONS, DEEP, Application, experiences_for, served
from tests.support.demo import Demo
from tests.support.gallery import listen, told
from tests.support.guest import CARD
from tests.support.kinds import live, tag_for
from tests.support.panels import watch
from tests.support.waiting import eventually

Open = Callable[[Application], Page]


@pytest.fixture(scope="module")
def published(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server with the four experiences of each application."""
    documents = [DEEP, *(one for each in APPLICATIONS for one in experiences_for(each).values())]
    folder: Path = tmp_path_factory.mktemp("applications")
    with live(quiet, folder, {str(document["key"]): document for document in documents}) as demo:
        yield demo


def card(page: Page) -> Locator:
    return page.locator("handrail-root [role=dialog]")


def start(page: Page, key: str) -> None:
    """Starts an experience from outside, once the server has answered for this page."""
    page.wait_for_function("window.isReady")
    assert page.evaluate("(key) => handrail.start(key)", key) == {"started": True}, key


def cross_with_a_tour(page: Page, application: Application) -> None:
    """Follows a tour by the host's own link, to the element that is only there afterwards."""
    start(page, f"{application.name}-tour")
    expect(card(page)).to_contain_text("Follow me")
    page.locator(application.link).first.click()
    expect(card(page)).to_contain_text("Here we are")
    expect(page.locator(application.beyond).first).to_be_visible()
    card(page).get_by_role("button", name="Got it").click()
    expect(card(page)).to_have_count(0)


def finish_a_checklist(page: Page, application: Application) -> None:
    """Opens the list by its launcher and does its tasks, as the host's events tell."""
    start(page, f"{application.name}-checklist")
    expect(card(page)).to_contain_text("First steps")
    card(page).get_by_role("button", name="Close").click()
    expect(card(page)).to_have_count(0)
    launcher = page.locator("handrail-root .launcher button")
    expect(launcher).to_be_in_viewport(ratio=1)
    launcher.focus()
    page.keyboard.press("Enter")
    expect(card(page)).to_be_focused()
    for event, done in (("Look Done", "1 of 2 done"), ("Make Done", "All done!")):
        page.evaluate("(event) => void handrail.push(['do', 'segmentio:track', [{event}]])", event)
        expect(card(page)).to_contain_text(done)
    page.keyboard.press("Escape")
    expect(page.locator("handrail-root .panel")).to_have_count(0)


def read_a_hint(page: Page, application: Application) -> None:
    """Opens the mark at the host's element by keyboard, and puts its card away again."""
    start(page, f"{application.name}-hint")
    mark = page.locator("handrail-root button.mark")
    expect(mark).to_be_visible()
    mark.focus()
    page.keyboard.press("Enter")
    expect(card(page)).to_contain_text("Good to know")
    page.keyboard.press("Escape")
    expect(card(page)).to_have_count(0)
    expect(mark).to_be_focused()


# Whether the second question has the focus as soon as it stands, even where a trap of the page's is after it.
WATCH_FOCUS = f"""() => new MutationObserver((_, watching) => {{
  const card = {CARD}
  if (!card?.textContent.includes('And why?')) return
  window.focusedAtOnce = card.matches(':focus')
  watching.disconnect()
}}).observe(document, {{ childList: true, subtree: true }})"""


def answer_a_survey(page: Page, application: Application) -> None:
    """Answers two questions by keyboard, and waits until the answers were sent."""
    start(page, f"{application.name}-survey")
    expect(card(page)).to_contain_text("How do you like it?")
    # What holds its own against a trap of the page's comes after the first painting: before a hand, not before a test.
    expect(page.locator("handrail-root [role=status]")).to_be_attached()
    card(page).get_by_role("radio").first.focus()
    page.evaluate(WATCH_FOCUS)
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(card(page).filter(has_text="And why?")).to_be_focused()
    assert page.evaluate("focusedAtOnce"), "whoever goes on by keyboard need not wait for the focus"
    page.keyboard.press("Tab")
    expect(card(page).locator("textarea")).to_be_focused()
    page.keyboard.type("c j k /")
    expect(card(page).locator("textarea")).to_have_value("c j k /")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card(page).filter(has_text="And why?")).to_have_count(0)


@pytest.fixture
def opened(published: Demo, browser: Browser) -> Iterator[Open]:
    """Opens an application with the SDK on it, and keeps everything outside away."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.route(lambda address: "localhost" not in address and "127.0.0.1" not in address, lambda each: each.abort())
    context.add_init_script(
        "(window.handrail ??= []).push(['on', 'ready', [() => { window.isReady = true }]])",
    )
    with ExitStack() as stack:

        def open_page(application: Application) -> Page:
            origin = stack.enter_context(served(application, tag_for(published)))
            page = context.new_page()
            page.faults = watch(page)  # pyright: ignore[reportAttributeAccessIssue]
            listen(page)
            page.goto(origin + application.start)
            return page

        yield open_page
        context.close()


def answers(page: Page) -> list[object]:
    """What was answered, as it was sent."""
    return [each["properties"]["answer"] for each in told(page) if each["event"] == "question_answered"]


# What is asked for outside is kept away, and which of it is still waited for when a page is left is a matter of time.
OUTSIDE = ("Failed to load resource", "ViewTransition")


def complaints(said: list[str]) -> set[str]:
    """What an application complains about of itself."""
    return {each for each in said if not any(word in each for word in OUTSIDE)}


def own_complaints(page: Page, application: Application) -> set[str]:
    """What the application complains about on the same way without us."""
    with served(application, "") as origin:
        bare = page.context.new_page()
        said = watch(bare)
        bare.goto(origin + application.start)
        bare.locator(application.link).first.click()
        expect(bare.locator(application.beyond).first).to_be_attached()
    return complaints(said)


@pytest.mark.slow
@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda each: each.name)
def test_a_tour_a_checklist_a_hint_and_a_survey_work_on(opened: Open, application: Application) -> None:
    page = opened(application)
    cross_with_a_tour(page, application)
    finish_a_checklist(page, application)
    read_a_hint(page, application)
    answer_a_survey(page, application)
    eventually(page, lambda: answers(page) == [4, "c j k /"])
    faults: list[str] = page.faults  # pyright: ignore[reportAttributeAccessIssue]
    assert complaints(faults) <= own_complaints(page, application)


def test_a_tour_waits_for_what_is_late_for_a_row_and_for_a_dialog(opened: Open) -> None:
    page = opened(APPLICATIONS[-1])
    start(page, "stock-deep")
    expect(page.locator("#region")).to_have_count(0)
    page.locator("#to-orders").click()
    expect(card(page)).to_contain_text("Your region")
    card(page).get_by_role("button", name="Next").click()
    expect(card(page)).to_have_count(0)
    assert page.locator("[data-row='400']").count() == 0, "the list holds the rows in view only"
    page.locator("#rows").evaluate("(list) => list.scrollTo(0, 396 * 32)")
    expect(card(page)).to_contain_text("A row far down")
    card(page).get_by_role("button", name="Next").click()
    page.locator("#new").click()
    expect(card(page)).to_contain_text("How many pieces")
    assert page.evaluate("document.querySelector('dialog').matches(':modal')")
    page.locator("#pieces").fill("12")
    expect(page.locator("#pieces")).to_have_value("12")
    card(page).get_by_role("button", name="Next").click()
    expect(card(page)).to_have_count(0)
    page.locator("#save").click()
    expect(page.locator("dialog")).to_be_hidden()
    assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]


def test_a_dialog_that_keeps_the_focus_leaves_a_survey_its_own(opened: Open) -> None:
    admin = next(each for each in APPLICATIONS if each.name == "sb-admin")
    page = opened(admin)
    page.locator("#userDropdown").click()
    page.locator("[data-target='#logoutModal']").click()
    dialog = page.locator("#logoutModal")
    expect(dialog).to_be_focused()
    page.locator("#userDropdown").evaluate("(link) => link.focus()")
    expect(dialog).to_be_focused()
    answer_a_survey(page, admin)
    expect(dialog).to_be_visible()
