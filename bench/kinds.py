"""Every kind: what fifty times open and closed leave behind, and what a slow machine feels, beside driver.js for tours.

Each thing stands on gentelella's dashboard, opened and closed by its own buttons. *Left behind* is measured with the
DevTools protocol after collecting garbage: cycles to fill caches, a first measurement, fifty cycles, a second one.
The limit is the same page with nothing on it, which waits as long. *Longest task* is the main thread's CPU time in its
longest task of five cycles, times four: on a machine with other work the clock on the wall says nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from tests.support.chromium import chromium_arguments, find_chromium
from tests.support.hosts import GENTELELLA, folder_server

from bench.browser import DRIVER, TARGET, counters, row, server

CYCLES = int(os.environ.get("HANDRAIL_BENCH_CYCLES", "50"))
WARM = 100
"""Cycles after which engines have compiled what they will."""
SLOW = 4
TRACED = ("toplevel", "disabled-by-default-devtools.timeline", "__metadata")
HEAP = 20_000
"""Bytes that fifty cycles may leave: what engines keep for themselves varies by as much."""
LONG = 50
"""Milliseconds from which a task keeps people waiting."""

DOCUMENTS = f"""
- kind: tour
  key: tour
  name: Tour
  show_on: {{on: manual}}
  frequency: {{every: time}}
  respects_rate_limit: false
  content:
    steps:
      - key: first
        target: {{css: {TARGET}}}
        backdrop: true
        blocks:
          - {{type: heading, text: Welcome}}
          - {{type: paragraph, text: This is where your day starts.}}
          - {{type: button, label: Next, actions: [{{type: go_to_step}}]}}
      - {{key: second, form: modal, blocks: [{{type: heading, text: Done}}]}}
- kind: tour
  key: badge
  name: Badge
  show_on: {{on: manual}}
  frequency: {{every: time}}
  respects_rate_limit: false
  content:
    steps:
      - key: first
        form: badge
        target: {{css: {TARGET}}}
        blocks: [{{type: heading, text: Behind a mark}}]
- kind: tour
  key: cursor
  name: Cursor
  show_on: {{on: manual}}
  frequency: {{every: time}}
  respects_rate_limit: false
  content:
    steps:
      - key: first
        form: cursor
        target: {{css: {TARGET}}}
        blocks: [{{type: heading, text: Here}}]
- kind: survey
  key: survey
  name: Survey
  show_on: {{on: manual}}
  frequency: {{every: time}}
  respects_rate_limit: false
  content:
    steps:
      - {{type: nps, key: score, title: "How likely are you to recommend us?", low: Not at all, high: Very likely}}
      - {{type: thank_you, key: thanks, blocks: [{{type: heading, text: Thank you}}]}}
- kind: banner
  key: banner
  name: Banner
  show_on: {{on: manual}}
  frequency: {{every: time}}
  content: {{blocks: [{{type: paragraph, text: Maintenance on Saturday.}}]}}
- kind: hint
  key: hint
  name: Hint
  show_on: {{on: manual}}
  frequency: {{every: time}}
  content:
    hints:
      - {{key: title, target: {{css: {TARGET}}}, label: About, blocks: [{{type: paragraph, text: A page.}}]}}
- kind: checklist
  key: checklist
  name: Checklist
  show_on: {{on: manual}}
  content:
    title: Get started
    tasks:
      - {{key: orders, title: Look at your orders, text: All of them., action: {{type: navigate_to, url: "#orders"}}}}
      - {{key: plan, title: Choose a plan, action: {{type: navigate_to, url: "#plan"}}}}
- kind: resource_center
  key: center
  name: Help
  show_on: {{on: manual}}
  content:
    title: Help
    cards:
      - {{type: search}}
      - {{type: card, key: guide, title: Guide, actions: [{{type: navigate_to, url: "#guide"}}]}}
      - {{type: feed}}
- kind: post
  key: post
  name: Post
  content: {{title: Faster exports, blocks: [{{type: paragraph, text: Ten times.}}]}}
"""

PAGE = """
const roots = () => [...document.querySelectorAll('handrail-root')].map((each) => each.shadowRoot)
const all = (css) => roots().flatMap((each) => [...each.querySelectorAll(css)])
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
const until = async (holds) => {
  for (let frames = 0; frames < 600; frames++) {
    const found = holds()
    if (found) return found
    await frame()
  }
  throw new Error(`${holds}: ${all('*').map((each) => each.className).join(' ')}`)
}
const press = async (css) => (await until(() => all(css).at(-1))).click()
const shown = (css) => until(() => all(css).length)
const gone = (css) => until(() => !all(css).length)
window.__load = (tag, name, address) => new Promise((loaded) => {
  const element = document.createElement(tag)
  if (tag === 'link') element.rel = 'stylesheet'
  element[name] = address
  element.onload = loaded
  document.head.append(element)
})
const card = (key) => ({
  open: async () => { await handrail.start(key); await shown('.card') },
  close: async () => { await press('.cross'); await gone('.card') },
})
const badge = (key) => ({
  // Nobody presses a mark within the task that draws it.
  open: async () => { await handrail.start(key); await frame(); await press('.mark'); await shown('.card') },
  close: async () => { await press('.card .cross'); await gone('.mark') },
})
const hint = (key) => ({
  begin: async () => { await handrail.start(key); await shown('.mark') },
  open: async () => { await press('.mark'); await shown('.card') },
  close: async () => { await press('.card .cross'); await gone('.card') },
})
const panel = (key) => ({
  begin: async () => { await handrail.start(key); await shown('.panel'); await panel(key).close() },
  open: async () => { await press('.launcher button'); await shown('.panel') },
  close: async () => { await press('.panel .cross'); await gone('.panel') },
})
window.__kinds = {
  tour: card('tour'), cursor: card('cursor'), survey: card('survey'), banner: card('banner'), post: card('post'),
  badge: badge('badge'), hint: hint('hint'),
  checklist: panel('checklist'), resource_center: panel('center'),
  feed: {
    open: async () => { jimo.push(['do', 'widget:open']); await shown('.card') },
    close: async () => { await press('.cross'); await gone('.card') },
  },
  driver: {
    begin: async () => {
      const styled = __load('link', 'href', '/driver/driver.css')
      await Promise.all([styled, __load('script', 'src', '/driver/driver.js.iife.js')])
    },
    open: async () => {
      const popover = { title: 'Welcome', description: 'This is where your day starts.' }
      window.__tour = window.driver.js.driver({ steps: [{ element: 'h1.page-title', popover }] })
      __tour.drive()
      await until(() => document.querySelector('.driver-popover'))
    },
    close: async () => { __tour.destroy(); await until(() => !document.querySelector('.driver-popover')) },
  },
  nothing: { open: async () => { await frame(); await frame() }, close: async () => { await frame(); await frame() } },
}
window.__cycle = async (kind, times) => {
  for (let done = 0; done < times; done++) {
    await __kinds[kind].open()
    await frame()
    await __kinds[kind].close()
    await frame()
  }
}
window.__shift = 0
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { __shift += entry.value }))
  .observe({ type: 'layout-shift' })
null
"""

KINDS = ("tour", "badge", "cursor", "survey", "banner", "hint", "checklist", "resource_center", "post", "feed")


@dataclass(frozen=True)
class Left:
    """What a page holds after garbage was collected: bytes of the JavaScript heap, listeners, nodes."""

    heap: float
    listeners: float
    nodes: float

    def __sub__(self, other: Left) -> Left:
        return Left(self.heap - other.heap, self.listeners - other.listeners, self.nodes - other.nodes)


@dataclass(frozen=True)
class Cost:
    """One kind's figures: what is left behind, its longest task (ms of CPU, times four), layout shift, idle CPU."""

    left: Left
    longest: float
    shift: float
    idle: float


def held(session: CDPSession) -> Left:
    """What the page holds now."""
    # Twice: what finalizers let go of is garbage only then.
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    counted = session.send("Memory.getDOMCounters")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    return Left(heap, counted["jsEventListeners"], counted["nodes"])


@contextmanager
def opened(browser: Browser, kind: str, host: str, base: str, project: str) -> Iterator[tuple[Page, CDPSession]]:
    """The dashboard, settled, with what draws this kind loaded."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.route(lambda address: "127.0.0.1" not in address, lambda route: route.abort())
        page.goto(f"{host}/production/index.html")
        page.wait_for_load_state("networkidle")
        page.evaluate(PAGE)
        if kind in KINDS:
            page.evaluate(
                """([base, project]) => new Promise((done) => {
                  window.JIMO_PROJECT_ID = project
                  window.jimo = [['on', 'ready', [done]]]
                  __load('script', 'src', base + '/sdk/v1/handrail.js')
                }).then(() => null)""",
                [base, project],
            )
        page.evaluate("(kind) => __kinds[kind].begin?.()", kind)
        yield page, context.new_cdp_session(page)
    finally:
        context.close()


def measure(browser: Browser, kind: str, host: str, base: str, project: str) -> Cost:
    """One kind's figures on a fresh page."""
    with opened(browser, kind, host, base, project) as (page, session):
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.evaluate("([kind, times]) => __cycle(kind, times)", [kind, WARM])
        before = held(session)
        page.evaluate("([kind, times]) => __cycle(kind, times)", [kind, CYCLES])
        left = held(session) - before
        browser.start_tracing(page=page, categories=list(TRACED))
        page.evaluate("([kind, times]) => __cycle(kind, times)", [kind, 5])
        longest = SLOW * longest_task(json.loads(browser.stop_tracing())["traceEvents"])
        shift = page.evaluate("__shift")
        page.evaluate("(kind) => __kinds[kind].open()", kind)
        # A mark's pulse and a cursor's travel are over by then.
        page.wait_for_timeout(6000)
        rested = counters(session)
        page.wait_for_timeout(2000)
        idle = (counters(session)["cpu"] - rested["cpu"]) / 2
    return Cost(left, longest, shift, idle)


def longest_task(trace: Sequence[dict[str, Any]]) -> float:
    """Milliseconds of CPU in the longest task of a renderer's main thread."""
    mains = {
        (each["pid"], each["tid"])
        for each in trace
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    tasks = (each for each in trace if each["name"].endswith("RunTask") and (each["pid"], each["tid"]) in mains)
    return max((each.get("tdur", 0) / 1000 for each in tasks), default=0.0)


def rows() -> list[dict[str, object]]:
    """The rows of every kind."""
    costs: dict[str, Cost] = {}
    with (
        folder_server(GENTELELLA, also={"/driver/": DRIVER}) as host,
        server(host, DOCUMENTS) as (base, project),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=str(find_chromium()), args=chromium_arguments())
        for kind in ("nothing", "driver", *KINDS):
            costs[kind] = measure(browser, kind, host, base, project)
        browser.close()
    return [each for kind in KINDS for each in rows_of(kind, costs)]


def rows_of(kind: str, costs: dict[str, Cost]) -> list[dict[str, object]]:
    """One kind beside driver.js, which only knows tours, and the bare page, which is the limit."""
    ours, bare = costs[kind], costs["nothing"]
    peer = costs["driver"] if kind == "tour" else None
    heap = ours.left.heap - max(0.0, bare.left.heap)

    def beside(
        what: str, mine: float, theirs: float | None, limit: float, goal: str, *, met: bool
    ) -> dict[str, object]:
        return row(f"{kind}: {what}", mine, theirs, limit, goal, met) | {"bench": "kinds"}

    return [
        beside(
            f"heap after {CYCLES} cycles, bytes",
            ours.left.heap,
            peer and peer.left.heap,
            bare.left.heap,
            "<= 20 kB above the bare page",
            met=heap <= HEAP,
        ),
        beside(
            f"listeners after {CYCLES} cycles",
            ours.left.listeners,
            peer and peer.left.listeners,
            bare.left.listeners,
            "0",
            met=ours.left.listeners <= 0,
        ),
        beside(
            f"nodes after {CYCLES} cycles",
            ours.left.nodes,
            peer and peer.left.nodes,
            bare.left.nodes,
            "0",
            met=ours.left.nodes <= 0,
        ),
        beside(
            "longest task at a quarter of the speed, CPU ms",
            ours.longest,
            peer and peer.longest,
            bare.longest,
            "none over 50 ms",
            met=ours.longest <= LONG,
        ),
        beside("layout shift", ours.shift, peer and peer.shift, bare.shift, "0", met=ours.shift <= bare.shift + 0.0001),
        beside(
            "idle CPU, ms a second",
            ours.idle,
            peer and peer.idle,
            bare.idle,
            "0 (within the page's own noise of 1)",
            met=ours.idle <= bare.idle + 1,
        ),
    ]


if __name__ == "__main__":
    from bench.__main__ import table

    print(table(rows()))
