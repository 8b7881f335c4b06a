"""What points at elements inside a frame of the page: it stands where they are seen, and hears what is done to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.demo import Demo
from tests.support.guest import Guest, wait_for
from tests.support.hostile import BODY, Hostility, hostile_host
from tests.support.kinds import TO, WORDS, live, tag_for

INNER = {"css": "#inner", "frame": ["#frame"]}
BODY_WITH_FRAME = f"""{BODY}<div style="height:1200px"></div>
<iframe id="frame" style="display:block;width:600px;height:300px;margin-inline-start:200px;border:7px solid;padding:5px"
  srcdoc="<div style='height:500px'></div><button id=inner style='margin:0 0 900px 150px'>Inner</button>"></iframe>
<div style="height:1200px"></div>"""
SECOND = {"key": "two", "form": "snippet", "blocks": [{"type": "heading", "text": "Second"}]}


def a_tour(key: str, **step: object) -> dict[str, Any]:
    onward = {"type": "button", "label": "Next", "actions": [{"type": "go_to_step", "step": "next"}]}
    steps = [{"key": "one", "blocks": [*WORDS, onward], "target": INNER, **step}, SECOND]
    return {"kind": "tour", "key": key, "respects_rate_limit": False, "content": {"steps": steps}}


DOCUMENTS: dict[str, dict[str, Any]] = {
    "tooltip": a_tour("tooltip", backdrop=True),
    "badge": a_tour("badge", form="badge"),
    "cursor": a_tour("cursor", form="cursor"),
    "advances": a_tour("advances", on_target="advance"),
    "hint": {
        "kind": "hint",
        "key": "hint",
        "content": {"hints": [{"key": "it", "target": INNER, "mark": "target", "label": "It", "blocks": WORDS}]},
    },
    "checklist": {
        "kind": "checklist",
        "key": "checklist",
        "content": {
            "title": "First steps",
            "expand": "never",
            "launcher": {"target": INNER},
            "tasks": [{"key": "look", "title": "Look", "action": TO}],
        },
    },
}
for _key, _document in DOCUMENTS.items():
    _document |= {"name": _key.title(), "show_on": {"on": "manual"}}

OURS = """[...document.querySelectorAll('handrail-root')]
  .map((each) => each.shadowRoot.querySelector('{}')).find((each) => each)"""
OFF = """() => {{
  const of = (element, x = .5, y = .5) => {{
    const {{ left, top, width, height }} = element.getBoundingClientRect()
    return [left + width * x, top + height * y]
  }}
  const ours = {}
  if (!ours) return Infinity
  const frame = document.querySelector('#frame')
  const [left, top] = of(ours)
  // A mark stands on the corner of its element.
  const place = ours.matches('.mark') ? [1, 0] : []
  const [x, y] = of(frame.contentDocument.querySelector('#inner'), ...place)
  // The frame's page begins inside its border and padding, as large as the frame is scaled.
  const outer = frame.getBoundingClientRect()
  const scale = outer.width / frame.offsetWidth
  return Math.max(Math.abs(left - outer.left - scale * (12 + x)), Math.abs(top - outer.top - scale * (12 + y)))
}}"""
"""How far the middle of what we drew is from its place at the framed element, in pixels."""


@pytest.fixture(scope="module")
def framed(quiet: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with live(quiet, tmp_path_factory.mktemp("framed"), DOCUMENTS) as demo:
        yield demo


Begin = Callable[..., Guest]


@pytest.fixture
def begin(framed: Demo, browser: Browser) -> Iterator[Begin]:
    """Opens a page with a frame in it, and starts an experience on it where one is named."""
    with ExitStack() as stack:

        def open_page(key: str = "") -> Guest:
            context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            stack.callback(context.close)
            plain = Hostility("plain", "true", body=BODY_WITH_FRAME)
            host = stack.enter_context(hostile_host(plain, framed.server, tag_for(framed)))
            guest = Guest(context.new_page())
            guest.open(f"{host}/")
            if key:
                guest.page.evaluate("(key) => handrail.start(key)", key)
            return guest

        yield open_page


def is_there(guest: Guest, css: str) -> None:
    """What we drew comes to stand over the element in the frame."""
    wait_for(guest.page, f"({OFF.format(OURS.format(css))})() < 1.5")


REVEAL = "document.querySelector('#frame').contentDocument.querySelector('#inner').scrollIntoView({block: 'center'})"
STANDS = {"tooltip": ".ring", "badge": ".mark", "cursor": ".pointer"}
"""What each draws at its target."""


@pytest.mark.parametrize("key", STANDS)
def test_it_stands_where_the_element_is_seen_and_follows_it(begin: Begin, key: str) -> None:
    guest = begin(key)
    page, css = guest.page, STANDS[key]
    # A badge leaves the page where it is.
    if key == "badge":
        wait_for(page, OURS.format(css))
        page.evaluate(REVEAL)
    is_there(guest, css)
    shown = f"{OURS.format(css)}.checkVisibility({{visibilityProperty: true}})"
    wait_for(page, shown)
    page.evaluate("document.querySelector('#frame').contentWindow.scrollBy(0, 40)")
    is_there(guest, css)
    page.evaluate("scrollBy(0, 30)")
    is_there(guest, css)
    page.evaluate("document.querySelector('#frame').style.transform = 'scale(.8)'")
    is_there(guest, css)
    page.evaluate("document.querySelector('#frame').contentWindow.scrollTo(0, 0)")
    wait_for(page, f"!{shown}")
    page.evaluate(REVEAL)
    wait_for(page, shown)
    is_there(guest, css)
    assert guest.complaints == []


def test_a_step_scrolls_the_frame_and_the_page_to_its_element(begin: Begin) -> None:
    guest = begin("tooltip")
    assert guest.look() == "fine"
    page = guest.page
    seen = page.evaluate("""() => {
      const frame = document.querySelector('#frame')
      const inner = frame.contentDocument.querySelector('#inner').getBoundingClientRect()
      const top = frame.getBoundingClientRect().top + 12 + inner.top
      return inner.top >= 0 && inner.bottom <= 300 && top >= 0 && top + inner.height <= innerHeight
    }""")
    assert seen
    # In sight inside its frame, and the frame is not.
    guest = begin()
    guest.page.evaluate(REVEAL)
    guest.page.evaluate("scrollTo(0, 0)")
    guest.page.evaluate("handrail.start('tooltip')")
    is_there(guest, ".ring")
    assert guest.look() == "fine"
    assert guest.page.evaluate("scrollY") > 0


def test_using_the_element_goes_on(begin: Begin) -> None:
    guest = begin("advances")
    is_there(guest, ".ring")
    guest.page.frame_locator("#frame").locator("#inner").click()
    wait_for(guest.page, f"{OURS.format('h2')}?.textContent === 'Second'")


def test_the_element_is_a_mark_and_opens_its_card(begin: Begin) -> None:
    guest = begin("hint")
    page = guest.page
    wait_for(page, OURS.format(".mark"))
    inner = page.frame_locator("#frame").locator("#inner")
    inner.click()
    wait_for(page, f"{OURS.format('h2')}?.textContent === 'Your reports'")
    is_there(guest, ".ring")
    page.frame_locator("#frame").locator("body").click(position={"x": 5, "y": 5})
    wait_for(page, f"!{OURS.format('h2')}")
    page.evaluate("handrail.shutdown()")
    inner.click()
    assert page.locator("handrail-root").count() == 0
    assert guest.complaints == []


def test_the_element_opens_and_closes_a_panel(begin: Begin) -> None:
    guest = begin("checklist")
    page = guest.page
    panel = OURS.format(".panel")
    wait_for(page, panel)
    inner = page.frame_locator("#frame").locator("#inner")
    inner.click()
    wait_for(page, f"!{panel}")
    inner.click()
    wait_for(page, panel)
