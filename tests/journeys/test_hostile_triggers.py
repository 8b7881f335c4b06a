"""Progress triggers on a page that moves under them: the first click counts, and only what is really so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.demo import Demo
from tests.support.guest import Guest, wait_for
from tests.support.hostile import BODY, Hostility, hostile_host
from tests.support.kinds import WORDS, live, tag_for

FIELDS = """<input id="plain"><input id="secret" type="password"><input id="card" autocomplete="billing cc-number">
<input id="code" autocomplete="one-time-code"><input id="box" type="checkbox"><p id="pale">Pale</p>
<input id="mark"><p id="shown" hidden>Shown</p>
<p id="below">Below</p>"""
STYLE = "#pale{opacity:0}#below{margin-top:3000px}"
WHEN: dict[str, dict[str, object]] = {
    "own": {"on": "element_clicked"},
    **{key: {"on": "element_state", "target": {"css": f"#{key}"}, "fact": "filled"}
       for key in ("plain", "secret", "card", "code", "box")},
    **{key: {"on": "element_state", "target": {"css": f"#{key}"}, "fact": "visible"} for key in ("pale", "below")},
}  # fmt: skip


def waiting_for(key: str) -> dict[str, object]:
    """Its first step waits for one thing and goes on then. `#mark` and `#shown` lead to a step of their own."""
    trigger = {"when": [WHEN[key]], "then": [{"type": "go_to_step", "step": "next"}]}
    marks = [
        {
            "when": [{"on": "element_state", "target": {"css": f"#{each}"}, "fact": fact}],
            "then": [{"type": "go_to_step", "step": "mark"}],
        }
        for each, fact in (("mark", "filled"), ("shown", "visible"))
    ]
    target: dict[str, object] = {"target": {"css": "#target"}} if key == "own" else {"form": "snippet"}
    return {
        "kind": "tour",
        "key": f"waits-{key}",
        "name": key,
        "show_on": {"on": "manual"},
        "respects_rate_limit": False,
        "content": {
            "steps": [
                {"key": "one", "blocks": WORDS, "triggers": [trigger, *marks], **target},
                {"key": "two", "form": "snippet", "blocks": [{"type": "heading", "text": "Second"}]},
                {"key": "mark", "form": "snippet", "blocks": [{"type": "heading", "text": "Mark"}]},
            ]
        },
    }


@pytest.fixture(scope="module")
def waits(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server with one tour for each thing to wait for."""
    with live(quiet, tmp_path_factory.mktemp("waits"), {key: waiting_for(key) for key in WHEN}) as demo:
        yield demo


@pytest.fixture
def begun(waits: Demo, browser: Browser) -> Iterator[Callable[[str], Guest]]:
    """A page on which the first step of such a tour stands."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    with hostile_host(
        Hostility("fields", "true", body=BODY + FIELDS, style=STYLE), waits.server, tag_for(waits)
    ) as host:

        def begin(key: str) -> Guest:
            guest = Guest(context.new_page())
            guest.open(f"{host}/")
            guest.show(f"waits-{key}")
            return guest

        yield begin
    context.close()


SHOW = "void (shown.hidden = false)"
FILL = "void (mark.focus(), (mark.value = 'x'), mark.dispatchEvent(new Event('input', {bubbles: true})), mark.blur())"
HEADING = "document.querySelector('handrail-root')?.shadowRoot.querySelector('h2')?.textContent"
SECOND = f"{HEADING} === 'Second'"


def is_still_there(page: Page, act: str) -> None:
    """Nothing came of what was done: what is done now, and heard alike, finds the first step. Closes the page."""
    page.evaluate(act)
    wait_for(page, f"{HEADING} !== 'Your reports'")
    assert page.evaluate(HEADING) == "Mark"
    page.close()


def test_an_element_that_is_made_anew_just_before_the_click_is_still_the_one(begun: Callable[[str], Guest]) -> None:
    page = begun("own").page
    page.evaluate("() => { const anew = target.cloneNode(true); target.replaceWith(anew); anew.click() }")
    wait_for(page, SECOND)


def test_the_journal_is_written_before_the_page_goes_elsewhere(begun: Callable[[str], Guest]) -> None:
    page = begun("own").page
    page.evaluate("() => { target.onclick = () => { location.href = '/?next=1' } }")
    page.locator("#target").click()
    page.wait_for_url("**/?next=1")
    wait_for(page, SECOND)


def test_visible_is_what_can_be_seen(begun: Callable[[str], Guest]) -> None:
    is_still_there(begun("pale").page, SHOW)
    page = begun("pale").page
    page.evaluate("() => { pale.style.transition = 'opacity .1s'; pale.style.opacity = 1 }")
    wait_for(page, SECOND)
    # What is scrolled out of sight is not visible.
    is_still_there(begun("below").page, SHOW)
    page = begun("below").page
    page.evaluate("below.scrollIntoView()")
    wait_for(page, SECOND)


def test_filled_is_what_somebody_went_on_from(begun: Callable[[str], Guest]) -> None:
    page = begun("plain").page
    page.locator("#plain").press_sequentially("ab")
    # They are still at it.
    is_still_there(page, SHOW)
    page = begun("plain").page
    page.locator("#plain").press_sequentially("ab")
    page.locator("#plain").blur()
    wait_for(page, SECOND)
    # A box has a value when it is not ticked, too.
    is_still_there(begun("box").page, FILL)
    page = begun("box").page
    page.locator("#box").check()
    wait_for(page, SECOND)


@pytest.mark.parametrize("secret", ["secret", "card", "code"])
def test_what_is_secret_never_counts_as_filled(begun: Callable[[str], Guest], secret: str) -> None:
    page = begun(secret).page
    page.locator(f"#{secret}").fill("1234")
    page.locator(f"#{secret}").blur()
    is_still_there(page, FILL)
