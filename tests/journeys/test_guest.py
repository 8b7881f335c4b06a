"""Good manners: what a host page may rely on, whatever it or the server is like."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.demo import Demo, become
from tests.support.guest import KEPT
from tests.support.hosts import GENTELELLA, ROOT, folder_server
from tests.support.waiting import eventually

STATIC = ROOT / "src" / "handrail" / "static" / "sdk"
PROJECT = "5f0f3b1e-7c1d-4c39-9d0a-2a6d1f1d0b57"
Visit = Callable[..., Page]

NATIVES = """() => {
  const names = [[window, ['fetch', 'setTimeout', 'addEventListener', 'open', 'MutationObserver', 'queueMicrotask']],
    [history, ['pushState', 'replaceState', 'back']], [JSON, ['parse', 'stringify']],
    [Array.prototype, ['push', 'splice', 'map']], [Node.prototype, ['appendChild', 'removeChild', 'insertBefore']],
    [Element.prototype, ['attachShadow', 'setAttribute', 'scrollIntoView']],
    [XMLHttpRequest.prototype, ['open', 'send']],
    [EventTarget.prototype, ['addEventListener', 'removeEventListener', 'dispatchEvent']],
    [Storage.prototype, ['setItem', 'getItem']], [navigator, ['sendBeacon']]]
  const frame = document.createElement('iframe')
  document.body.append(frame)
  const told = names.flatMap(([owner, each]) => each.map((name) => String(owner[name])))
  frame.remove()
  return told.filter((text) => !text.includes('[native code]'))
}"""


@contextmanager
def answering(status: int, body: bytes, *, hang: bool = False) -> Iterator[str]:
    """A server that serves the SDK's own files and answers everything else alike, or never."""
    free = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = STATIC / self.path.removeprefix("/sdk/v1/")
            if file.is_file():
                self.send_response(200)
                self.send_header("content-type", "text/javascript")
                self.end_headers()
                self.wfile.write(file.read_bytes())
            else:
                self.answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.answer()

        def answer(self) -> None:
            if hang:
                free.wait(30)
                return
            self.send_response(status)
            self.send_header("access-control-allow-origin", "*")
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        free.set()
        server.shutdown()
        server.server_close()


def guest(browser: Browser, sdk: str, before: str = "") -> tuple[Page, list[str]]:
    """A real page with our script on it, and the errors it met."""
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    context.add_init_script(f"window.JIMO_PROJECT_ID = '{PROJECT}';{before}")
    page.route(lambda address: "127.0.0.1" not in address and "localhost" not in address, lambda route: route.abort())
    return page, faults


def snippet(sdk: str) -> Callable[[bytes], bytes]:
    tag = f'<script async src="{sdk}/sdk/v1/handrail.js"></script></head>'.encode()
    return lambda page: page.replace(b"</head>", tag, 1)


@pytest.mark.parametrize(
    ("status", "body", "hang"),
    [(500, b"no", False), (200, b"<html>a page</html>", False), (503, b"", False), (200, b"", True)],
    ids=["500", "html instead of json", "503", "never answers"],
)
def test_a_server_in_trouble_leaves_the_page_as_it_is(browser: Browser, status: int, body: bytes, hang: bool) -> None:
    with answering(status, body, hang=hang) as sdk, folder_server(GENTELELLA, edit=snippet(sdk)) as host:
        page, faults = guest(browser, sdk, "window.jimo = []; window.ran = 0")
        page.goto(f"{host}/production/plain_page.html")
        page.wait_for_function("window.handrail?.version")
        page.evaluate("jimo.push(['do', 'identify', ['ann', () => { window.ran++ }]])")
        page.evaluate("jimo.push(['do', 'identify', ['ann', () => { window.after = true }]])")
        page.wait_for_function("window.after")
        assert page.evaluate("window.ran") == 1, "the callback runs once, server or not"
        assert page.evaluate("jimo.push(['get', 'user:id'])") == "ann"
        expect(page.locator("handrail-root")).to_have_count(0)
        assert page.evaluate(NATIVES) == []
        assert faults == []
        page.context.close()


def test_a_server_that_is_gone_leaves_the_page_as_it_is(browser: Browser) -> None:
    with folder_server(GENTELELLA, edit=snippet("http://127.0.0.1:9")) as host:
        page, faults = guest(browser, "", "window.jimo = []")
        page.goto(f"{host}/production/plain_page.html")
        page.evaluate("jimo.push(['do', 'identify', ['ann']])")
        assert faults == []
        page.context.close()


def test_exactly_our_globals_are_added_and_all_of_them_go_again(visit: Visit) -> None:
    page = visit(None)
    become(page, "globals", plan="pro", role="admin")
    expect(page.locator("handrail-root [role=dialog]")).to_contain_text("Welcome")
    ours = {"handrail", "jimo", "segmentJimo", "jimoInit", "jimoKill"}
    names = page.evaluate("""() => {
      const frame = document.createElement('iframe')
      document.body.append(frame)
      const clean = new Set(Object.getOwnPropertyNames(frame.contentWindow))
      frame.remove()
      return Object.getOwnPropertyNames(window).filter((name) => !clean.has(name) && /handrail|jimo/i.test(name))
    }""")
    assert set(names) == ours | {"JIMO_PROJECT_ID"}
    assert page.evaluate(NATIVES) == []
    attributes = page.evaluate("document.documentElement.getAttribute('style')")
    page.evaluate("window.jimoKill()")
    expect(page.locator("handrail-root")).to_have_count(0)
    assert (
        page.evaluate("['handrail', 'jimo', 'segmentJimo', 'jimoInit', 'jimoKill'].filter((name) => name in window)")
        == []
    )
    assert page.evaluate("document.documentElement.getAttribute('style')") == attributes
    assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "pushed",
    [
        "['do', 'identify', ['u1']]",
        "['identify', {id: 'u1'}]",
        "['set', 'user:id', ['u1']]",
        "['do', 'identify', [42]]",
        "['set', 'user:attributes', {plan: 'pro'}]",
        "['set', 'user:attributes', [{plan: 'pro'}, true, true]]",
        "['set', 'user', {name: 'Ann', email: 'ann@example.com'}]",
        "['set', 'core:language', ['jp']]",
        "['set', 'user:group', [{groupId: 'g1', traits: {}}, {fromSegment: true}]]",
        "['do', 'segmentio:track', [{event: 'E', messageId: 'm', timestamp: '2026-11-24T00:00:00Z'}]]",
        "['do', 'boosted:hash-change']",
        "['do', 'boosted:trigger', [{evolutionId: 'nope'}]]",
        "['get', 'jimer:attributes']",
        "null",
        "[]",
        "['what']",
        "['do']",
        "[1, 2]",
        "{}",
        "['set', 'user:phone', ['1']]",
        "['do', 'identify', [Promise.resolve(1)]]",
        "['do', 'identify', ['u1', () => { throw new Error('host') }]]",
        "['do', 'identify', ['null']]",
        "['on', 'ready', [3]]",
        "['do', 'identify', ['u2', () => jimo.push(['set', 'user:name', ['A']])]]",
    ],
)
def test_no_command_throws_into_the_page(visit: Visit, pushed: str) -> None:
    page = visit(None, path="/demo/plain_page.html")
    page.wait_for_function("window.handrail?.version")
    assert (
        page.evaluate(f"(() => {{ try {{ jimo.push({pushed}); return 'fine' }} catch (e) {{ return String(e) }} }})()")
        == "fine"
    )
    assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]


def test_a_plain_array_is_adopted_in_order_and_stays_the_same_object(browser: Browser, demo: Demo) -> None:
    context = browser.new_context()
    context.add_init_script(
        "window.jimo = [['set', 'user:attributes', [{a: 1}]], ['set', 'user:attributes', [{a: 2, b: 3}]]];"
        "window.kept = window.jimo"
    )
    page = context.new_page()
    page.goto(f"{demo.host}/demo/plain_page.html")
    page.wait_for_function("window.handrail?.version")
    assert page.evaluate("window.kept === window.jimo && window.jimo.length === 0")
    assert page.evaluate("kept.push(['get', 'jimer:attributes'])") == {"a": 2, "b": 3}
    context.close()


def test_a_frozen_array_costs_one_warning(browser: Browser, demo: Demo) -> None:
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(window, 'jimo', {value: Object.freeze([]), writable: false})")
    page = context.new_page()
    warnings: list[str] = []
    faults: list[str] = []
    page.on("console", lambda said: warnings.append(said.text) if "handrail" in said.text else None)
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.goto(f"{demo.host}/demo/plain_page.html")
    eventually(page, lambda: warnings)
    # What else it said would have come with this.
    page.evaluate("new Promise((done) => setTimeout(done))")
    assert len(warnings) == 1
    assert faults == []
    context.close()


def test_two_snippets_make_one_sdk(visit: Visit, demo: Demo) -> None:
    page = visit(None)
    become(page, "twice", plan="team")
    page.evaluate(f"""() => new Promise((done) => {{
      const again = document.createElement('script')
      again.src = '{demo.server}/sdk/v1/handrail.js'
      again.onload = done
      document.head.append(again)
    }})""")
    expect(page.locator("handrail-root [role=dialog]")).to_have_count(1)
    page.wait_for_timeout(500)
    expect(page.locator("handrail-root [role=dialog]")).to_have_count(1)
    assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]


def test_storage_that_is_denied_leaves_everything_working(browser: Browser, demo: Demo) -> None:
    context = browser.new_context()
    denied = "Object.defineProperty(window, '{}', {{get() {{ throw new DOMException('denied', 'SecurityError') }}}});"
    context.add_init_script(denied.format("localStorage") + denied.format("sessionStorage"))
    page = context.new_page()
    page.goto(f"{demo.host}/demo/plain_page.html")
    assert page.evaluate("(() => { try { localStorage; return false } catch { return true } })()"), "storage is denied"
    page.wait_for_function("window.handrail?.version")
    page.evaluate("""jimo.push(['do', 'identify', ['denied', () =>
      jimo.push(['set', 'user:attributes', [{plan: 'free'}, true]])]])""")
    expect(page.locator("handrail-root [role=region]")).to_contain_text("Maintenance")
    context.close()


def test_the_strictest_policy_is_enough_and_is_in_force(browser: Browser, demo: Demo, tmp_path: Path) -> None:
    told = cast("dict[str, list[dict[str, str]]]", demo.ask("GET", "/api/v1/project"))
    key = told["environments"][0]["write_key"]
    page_folder = tmp_path / "demo"
    page_folder.mkdir()
    tag = f'<script src="{demo.server}/sdk/v1/handrail.js" data-project="{PROJECT}" data-key="{key}"></script>'
    scripts = f'<script src="/demo/host.js"></script>{tag}'
    (page_folder / "index.html").write_text(f"<!doctype html><title>Strict</title><h1>Strict</h1>{scripts}")
    (page_folder / "host.js").write_text("""window.violations = []
        addEventListener('securitypolicyviolation', (e) => violations.push(e.effectiveDirective + ' ' + e.blockedURI))
        window.jimo = [['do', 'identify', ['strict', () => {
          jimo.push(['set', 'user:name', ['S']])
          jimo.push(['set', 'user:attributes', [{plan: 'pro', role: 'admin'}, true]])
        }]]]""")
    policy = (
        f"default-src 'none'; script-src 'self' {demo.server}; connect-src {demo.server}; style-src 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    with folder_server(tmp_path, headers={"content-security-policy": policy}) as host:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{host}/demo/index.html")
        card = page.locator("handrail-root [role=dialog]")
        expect(card).to_contain_text("Welcome, S")
        assert card.evaluate("(card) => getComputedStyle(card).position") == "fixed", "our styles are in force"
        page.get_by_role("button", name="Show me around").click()
        page.keyboard.press("Escape")
        assert page.evaluate("violations") == []
        page.evaluate("""() => {
          try { document.body.innerHTML = '<b>x</b>' } catch { violations.push('refused') }
          const style = document.createElement('style')
          style.textContent = 'body { color: red }'
          document.body.append(style)
        }""")
        # The policy is in force.
        eventually(page, lambda: len(page.evaluate("violations")) >= 2)
        context.close()


def test_escape_closes_and_focus_returns_where_it_was(visit: Visit) -> None:
    page = visit(None)
    page.wait_for_function("window.handrail?.version")
    page.get_by_label("Toggle theme").focus()
    page.evaluate("""jimo.push(['do', 'identify', ['keys', () =>
      jimo.push(['set', 'user:attributes', [{plan: 'pro', role: 'admin'}, true]])]])""")
    card = page.locator("handrail-root [role=dialog]")
    expect(card).to_contain_text("Welcome")
    page.wait_for_function(KEPT)
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.localName") == "handrail-root", "a modal keeps focus"
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Toggle theme"


def test_the_pages_own_shortcuts_do_not_hear_what_happens_in_a_step(visit: Visit) -> None:
    page = visit(None)
    become(page, "shortcuts", plan="pro", role="admin")
    page.evaluate("window.heard = []; addEventListener('keydown', (e) => heard.push(e.key))")
    expect(page.locator("handrail-root [role=dialog]")).to_contain_text("Welcome")
    page.keyboard.press("c")
    assert page.evaluate("heard") == []
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    assert page.evaluate("heard") == ["c"]


def test_logging_out_leaves_nothing_of_the_user(visit: Visit) -> None:
    page = visit(None)
    become(page, "leaver", plan="pro", role="admin")
    expect(page.locator("handrail-root [role=dialog]")).to_contain_text("Welcome")
    page.evaluate("jimo.push(['do', 'reset'])")
    expect(page.locator("handrail-root [role=dialog]")).to_have_count(0)
    assert page.evaluate("jimo.push(['get', 'user:id']) ?? null") is None
    assert page.evaluate("jimo.push(['get', 'jimer:attributes'])") == {}
    kept = page.evaluate(
        "JSON.stringify(Object.fromEntries(Object.entries(localStorage).filter(([k]) => k.endsWith(':person'))))"
    )
    assert "leaver" not in kept


def test_a_set_attribute_boots_again_with_the_flag_or_when_watched_and_not_otherwise(visit: Visit, demo: Demo) -> None:
    page = visit(None, clock=True)
    page.wait_for_function("window.handrail?.decisions?.().length")
    # The first boot is long enough ago for another.
    page.clock.run_for(3000)
    boots: list[str] = []
    page.on("request", lambda asked: boots.append(asked.method) if asked.url.endswith("/sdk/v1/boot") else None)

    page.evaluate("window.answers = 0; jimo.push(['on', 'ready', [() => { answers++ }]])")

    def boots_after(command: str) -> int:
        boots.clear()
        before = page.evaluate("answers")
        page.evaluate(f"jimo.push({command})")
        page.clock.run_for(3000)
        # What is asked for has left by the end of the next task.
        page.evaluate("new Promise((done) => setTimeout(done))")
        page.wait_for_function("(count) => answers === count", arg=before + boots.count("POST"))
        return boots.count("POST")

    assert boots_after("['set', 'user:attributes', [{colour: 'red'}]]") == 0
    assert boots_after("['set', 'user:attributes', [{colour: 'blue'}, true]]") == 1
    assert boots_after("['set', 'user:attributes', [{colour: 'green'}, {refreshBoosted: true}]]") == 1
    assert boots_after("['set', 'user:attributes', [{role: 'guest'}]]") == 1, "role is among boot's watch keys"
