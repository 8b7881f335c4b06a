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
<p id="below">Below</p>"""
STYLE = "#pale{opacity:0}#below{margin-top:3000px}"
WHEN: dict[str, dict[str, object]] = {
    "own": {"on": "element_clicked"},
    **{key: {"on": "element_state", "target": {"css": f"#{key}"}, "fact": "filled"}
       for key in ("plain", "secret", "card", "code", "box")},
    **{key: {"on": "element_state", "target": {"css": f"#{key}"}, "fact": "visible"} for key in ("pale", "below")},
}  # fmt: skip


def waiting_for(key: str) -> dict[str, object]:
    """A tour whose first step waits for one thing and goes on then."""
    trigger = {"when": [WHEN[key]], "then": [{"type": "go_to_step", "step": "next"}]}
    target: dict[str, object] = {"target": {"css": "#target"}} if key == "own" else {"form": "snippet"}
    return {
        "kind": "tour",
        "key": f"waits-{key}",
        "name": key,
        "show_on": {"on": "manual"},
        "respects_rate_limit": False,
        "content": {
            "steps": [
                {"key": "one", "blocks": WORDS, "triggers": [trigger], **target},
                {"key": "two", "form": "snippet", "blocks": [{"type": "heading", "text": "Second"}]},
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


def heading(page: Page) -> str:
    """What the card says."""
    return page.locator("handrail-root h2").inner_text()


SECOND = "document.querySelector('handrail-root')?.shadowRoot.querySelector('h2')?.textContent === 'Second'"


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
    page = begun("pale").page
    page.wait_for_timeout(400)
    assert heading(page) == "Your reports"
    page.evaluate("() => { pale.style.transition = 'opacity .1s'; pale.style.opacity = 1 }")
    wait_for(page, SECOND)
    page = begun("below").page
    page.wait_for_timeout(400)
    assert heading(page) == "Your reports", "what is scrolled out of sight is not visible"
    page.evaluate("below.scrollIntoView()")
    wait_for(page, SECOND)


def test_filled_is_what_somebody_went_on_from(begun: Callable[[str], Guest]) -> None:
    page = begun("plain").page
    page.locator("#plain").press_sequentially("ab")
    page.wait_for_timeout(300)
    assert heading(page) == "Your reports", "they are still at it"
    page.locator("#plain").blur()
    wait_for(page, SECOND)
    page = begun("box").page
    page.wait_for_timeout(300)
    assert heading(page) == "Your reports", "a box has a value when it is not ticked, too"
    page.locator("#box").check()
    wait_for(page, SECOND)


@pytest.mark.parametrize("secret", ["secret", "card", "code"])
def test_what_is_secret_never_counts_as_filled(begun: Callable[[str], Guest], secret: str) -> None:
    page = begun(secret).page
    page.locator(f"#{secret}").fill("1234")
    page.locator(f"#{secret}").blur()
    page.wait_for_timeout(400)
    assert heading(page) == "Your reports"
