"""Targets in a real browser: late, in shadow roots and frames, in lists that make their rows anew, in dialogs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.bundles import bundled, module

Watched = Callable[..., Page]

WATCH = """(target) => {
  window.told = []
  window.seen = undefined
  const words = (text) => typeof text === 'string' ? text : Object.values(text)[0]
  window.off = targets.watchTarget(document, target, words, (found) => {
    window.seen = found.element
    told.push(found.element ? (found.element.id || found.element.textContent.trim()) : found.missing)
  })
}"""


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """Opens a page of this body and watches a target on it; `told` lists what was reported, from the first look on."""
    contexts = []

    def open_page(body: str, **target: object) -> Page:
        context = browser.new_context()
        contexts.append(context)
        page = context.new_page()
        page.set_content(f"<!doctype html><html lang=en><title>Targets</title><body>{body}</body></html>")
        page.add_script_tag(content=bundled("targets/src/index.ts", "targets"))
        page.evaluate(WATCH, target)
        return page

    yield open_page
    for context in contexts:
        context.close()


def told(page: Page, *expected: str) -> None:
    """Waits until exactly this was reported, then makes sure that nothing follows."""
    page.wait_for_function("(expected) => JSON.stringify(told) === JSON.stringify(expected)", arg=list(expected))
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("told") == list(expected)


def test_a_target_that_is_there_is_told_at_once(watched: Watched) -> None:
    page = watched("<button id=save>Save</button>", role="button", name="Save")
    assert page.evaluate("told") == ["save"]


def test_a_late_target_is_told_when_it_comes_and_when_it_goes(watched: Watched) -> None:
    page = watched("<main></main>", text={"en": "Invite"})
    page.evaluate("document.querySelector('main').innerHTML = '<p><button id=invite><b>Inv</b>ite</button></p>'")
    told(page, "none", "invite")
    page.evaluate("document.querySelector('main').replaceChildren()")
    told(page, "none", "invite", "none")


def test_words_that_change_in_place_are_noticed(watched: Watched) -> None:
    page = watched("<button id=a>Loading</button>", text="Save")
    page.evaluate("a.firstChild.nodeValue = 'Save'")
    told(page, "none", "a")


@pytest.mark.parametrize(
    ("style", "body", "show"),
    [
        (".closed > div { display: none }", "<section id=s class=closed><div><p><a id=t>T</a></p></div></section>",
         "s.className = ''"),
        ("", "<section id=s style='visibility: hidden'><p><a id=t>T</a></p></section>", "s.style.visibility = ''"),
        ("#s { width: 0; overflow: hidden; transition: width .2s } #s.open { width: 9em } a { display: block }",
         "<section id=s><a id=t>T</a></section>", "s.className = 'open'"),
        ("", "<details id=s><summary>More</summary><a id=t>T</a></details>", "s.open = true"),
        ("", "<dialog id=s><a id=t>T</a></dialog>", "s.showModal()"),
        ("", "<div id=s popover><a id=t>T</a></div>", "s.showPopover()"),
    ],
    ids=["a class above", "a style above", "a transition above", "details", "a modal dialog", "a popover"],
)  # fmt: skip
def test_a_hidden_target_is_told_when_it_shows(watched: Watched, style: str, body: str, show: str) -> None:
    page = watched(f"<style>{style}</style>{body}", id="t")
    assert page.evaluate("told") == ["hidden"]
    page.evaluate(f"void ({show})")
    told(page, "hidden", "t")


def test_a_dialog_that_closes_takes_its_target_along(watched: Watched) -> None:
    page = watched("<dialog id=d><a id=t>T</a></dialog>", id="t")
    page.evaluate("d.showModal()")
    told(page, "hidden", "t")
    page.evaluate("d.close()")
    told(page, "hidden", "t", "hidden")


CARD = """customElements.define('app-card', class extends HTMLElement {
  constructor() { super(); this.attachShadow({ mode: 'open' }) }
  connectedCallback() { setTimeout(() => { this.shadowRoot.innerHTML = '<b><button id=go>Go</button></b>' }, 30) }
})"""


def test_a_shadow_root_that_comes_late_is_followed(watched: Watched) -> None:
    page = watched("<app-card></app-card>", shadow=["app-card"], role="button", name="Go")
    assert page.evaluate("told") == ["none"]
    page.evaluate(f"void {CARD}")
    told(page, "none", "go")
    page.evaluate("document.querySelector('app-card').shadowRoot.querySelector('b').hidden = true")
    told(page, "none", "go", "hidden")
    page.evaluate("document.querySelector('app-card').shadowRoot.querySelector('b').innerHTML = '<i>Gone</i>'")
    told(page, "none", "go", "hidden", "none")


def test_a_shadow_root_inside_a_shadow_root_is_followed_when_made_anew(watched: Watched) -> None:
    page = watched("<main id=m></main>", shadow=["#outer", "#inner"], text="Deep")
    page.evaluate("""() => {
      window.begin = () => {
        m.innerHTML = '<div id=outer></div>'
        m.firstChild.attachShadow({ mode: 'open' }).innerHTML = '<p><span id=inner></span></p>'
      }
      window.finish = (id) => {
        const outer = m.firstChild.shadowRoot
        outer.querySelector('span').attachShadow({ mode: 'open' }).innerHTML = '<a id=' + id + '>Deep</a>'
        outer.querySelector('p').title = 'ready'
      }
    }""")
    page.evaluate("begin()")
    told(page, "none")
    page.evaluate("finish('first')")
    told(page, "none", "first")
    page.evaluate("begin()")
    told(page, "none", "first", "none")
    page.evaluate("finish('second')")
    told(page, "none", "first", "none", "second")


def test_a_frame_is_followed_through_its_pages(watched: Watched) -> None:
    page = watched("<iframe id=f srcdoc='<p>empty'></iframe>", frame=["#f"], css="#t")
    page.wait_for_function("f.contentDocument.querySelector('p')")
    page.evaluate("f.contentDocument.body.innerHTML = '<a id=t>T</a>'")
    told(page, "none", "t")
    page.evaluate("f.srcdoc = '<p>other page'")
    told(page, "none", "t", "none")
    page.evaluate("f.srcdoc = '<ul><li id=t>again</ul>'")
    told(page, "none", "t", "none", "t")
    page.evaluate("f.style.visibility = 'hidden'")
    told(page, "none", "t", "none", "t", "hidden")


def test_a_frame_in_a_frame_and_a_shadow_root_in_it_are_reached(watched: Watched) -> None:
    page = watched("<iframe id=f srcdoc='<iframe id=g></iframe>'></iframe>", frame=["#f", "#g"], shadow=["#h"], id="t")
    page.wait_for_function("f.contentDocument?.getElementById('g')?.contentDocument")
    page.evaluate("""() => {
      const inner = f.contentDocument.getElementById('g').contentDocument
      inner.body.innerHTML = '<div id=h></div>'
      inner.getElementById('h').attachShadow({ mode: 'open' }).innerHTML = '<button id=t>T</button>'
    }""")
    told(page, "none", "t")


def test_a_list_that_makes_its_rows_anew_keeps_its_target(watched: Watched) -> None:
    """Rows come and go as it scrolls, and their elements serve other rows in between."""
    page = watched("<div id=list style='height: 100px; overflow: auto'><div id=all></div></div>", text="Row 50")
    page.evaluate("""() => {
      const rows = Array.from({ length: 8 }, () => document.createElement('button'))
      all.style.cssText = 'height: 20000px; position: relative'
      all.append(...rows)
      const draw = () => rows.forEach((row, at) => {
        const number = Math.floor(list.scrollTop / 20) + at
        row.style.cssText = `position: absolute; height: 20px; top: ${number * 20}px`
        row.textContent = 'Row ' + number
      })
      list.addEventListener('scroll', draw)
      draw()
    }""")
    told(page, "none")
    page.evaluate("list.scrollTop = 940")
    told(page, "none", "Row 50")
    page.evaluate("list.scrollTop = 960")
    page.wait_for_function("document.querySelector('button').textContent === 'Row 48'")
    page.wait_for_function("seen?.textContent === 'Row 50'")
    page.evaluate("list.scrollTop = 3000")
    page.wait_for_function("told.at(-1) === 'none'")
    assert set(page.evaluate("told")) == {"none", "Row 50"}, "never another row"


def test_a_target_far_down_in_nested_scrollers_is_found(watched: Watched) -> None:
    box = "<div style='height: 80px; overflow: auto'>"
    page = watched(f"{box}<p style='height: 900px'>{box}<p style='height: 700px'></p><a id=t>T</a></div></div>", id="t")
    assert page.evaluate("told") == ["t"]


def test_a_watch_that_is_off_says_nothing_more(watched: Watched) -> None:
    page = watched("<p id=p></p>", id="t")
    page.evaluate("p.innerHTML = '<a id=t>T</a>'; off()")
    page.wait_for_timeout(100)
    assert page.evaluate("told") == ["none"]


SHOP = """<main><h1>Orders</h1><p><button class="btn primary" id="export">Export orders</button>
  <button class="btn">Print</button></p><h2>Today</h2><ul><li>First <button class="btn">Edit</button></li>
  <li>Second <button class="btn">Edit</button></li></ul></main>"""


def with_fingerprint(page: Page, of: str, **more: object) -> None:
    """Watches what `of` selects by its fingerprint alone, after the page was built anew around it."""
    page.add_script_tag(content=bundled("targets/src/fingerprint/index.ts", "prints"))
    page.evaluate(
        """([code, of, more]) => {
          window.FINDER = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
          off()
          window.target = { fingerprint: prints.capture(document.querySelector(of)).fingerprint, ...more }
        }""",
        [module("targets/src/fingerprint/finder.ts"), of, more],
    )


def test_a_fingerprint_finds_its_element_in_a_page_built_anew_and_nothing_when_it_is_gone(watched: Watched) -> None:
    page = watched(SHOP, id="export")
    with_fingerprint(page, "#export")
    page.evaluate("""() => {
      document.querySelector('#export').id = 'x7'
      for (const each of document.querySelectorAll('.btn')) each.className = 'css-' + each.textContent.length + 'a9k2'
      document.querySelector('p').outerHTML = '<div><div>' + document.querySelector('p').innerHTML + '</div></div>'
    }""")
    page.evaluate(f"({WATCH})(target)")
    # Nothing is missing while what finds it is on its way.
    told(page, "x7")
    page.evaluate("x7.remove()")
    told(page, "x7", "weak")


def test_a_finder_that_does_not_come_leaves_what_the_other_signals_say(watched: Watched) -> None:
    page = watched(SHOP, id="export")
    with_fingerprint(page, "#export", css="#gone")
    page.evaluate("window.FINDER = 'data:text/javascript,throw 1'")
    page.evaluate(f"({WATCH})(target)")
    told(page, "none")
    page.evaluate("document.querySelector('ul').id = 'gone'")
    told(page, "none", "gone")


def test_a_fingerprint_follows_its_row_through_a_list(watched: Watched) -> None:
    page = watched(SHOP, id="export")
    with_fingerprint(page, "li:last-child button")
    page.evaluate("document.querySelector('ul').prepend(document.querySelector('li:last-child'))")
    page.evaluate(f"({WATCH})(target)")
    page.wait_for_function("seen?.parentElement.textContent.startsWith('Second')")


STORM = """async (frames) => {
  const spans = document.querySelectorAll('span')
  for (let frame = 0; frame < frames; frame++) {
    for (let at = frame % 7; at < spans.length; at += 50) {
      spans[at].firstChild.nodeValue = 'cell ' + frame
      spans[at].className = 'c' + (frame % 3)
    }
    await new Promise(requestAnimationFrame)
  }
}"""


def test_a_storm_of_mutations_on_a_big_page_stays_cheap_and_a_quiet_page_costs_nothing(watched: Watched) -> None:
    rows = "".join(f"<tr><td><span>cell {n}</span></td><td><b>{n}</b></td></tr>" for n in range(1000))
    page = watched(f"<table>{rows}</table>", text="Not yet there")
    assert page.evaluate("document.querySelectorAll('*').length") > 5000
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def cpu(work: Callable[[], object]) -> float:
        def scripts() -> float:
            told = session.send("Performance.getMetrics")["metrics"]
            return next(each["value"] * 1000 for each in told if each["name"] == "ScriptDuration")

        before = scripts()
        work()
        return scripts() - before

    stormy = cpu(lambda: page.evaluate(STORM, 120))
    page.wait_for_timeout(500)
    idle = cpu(lambda: page.wait_for_timeout(1000))
    page.evaluate("off()")
    bare = cpu(lambda: page.evaluate(STORM, 120))
    share = (stormy - bare) / (120 * 1000 / 60)
    assert share < 0.2, f"{stormy:.0f} ms of scripts with a watch, {bare:.0f} without"
    assert idle < 1
