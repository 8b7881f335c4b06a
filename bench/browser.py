"""SDK: bytes, and what one tour step costs a real page, beside driver.js on the same page in interleaved rounds.

The page is gentelella's dashboard as its package ships it, served unchanged. Three ways on it take turns: nothing
(the page alone, which every figure is corrected by), Handrail, and driver.js 1.8 (MIT, the leanest tour library).
Costs are the main thread's CPU time (`threadTicks`), so a busy machine disturbs them less than wall time.

- *snippet to painted*: from inserting the loader until the bubble stood in a frame: core, boot, content and renderer
  included for Handrail; script and style sheet included for driver.js, which asks no server.
- *start to painted*: both loaded, from the call that starts the step.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import chromium_arguments, find_chromium
from tests.support.hosts import GENTELELLA, ROOT, folder_server

STATIC = ROOT / "src" / "handrail" / "static" / "sdk"
DRIVER = ROOT / "bench" / "node_modules" / "driver.js" / "dist"
ROUNDS = int(os.environ.get("HANDRAIL_BENCH_ROUNDS", "7"))
TARGET = "main h1"


def zipped(*files: Path) -> int:
    """Bytes after gzip -9, each file by itself, as a browser fetches them."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def size_rows() -> list[dict[str, object]]:
    """Bytes of the core and of all that a tour loads."""
    manifest = json.loads((STATIC / "manifest.json").read_bytes())
    core, tour = STATIC / manifest["core"], STATIC / manifest["chunks"]["tour"]
    driver = zipped(DRIVER / "driver.js.iife.js", DRIVER / "driver.css")
    return [
        row("core, bytes gz", zipped(core), None, 10_000, "<= 10 kB"),
        row(
            "core + tour, bytes gz (peer: driver.js, no targeting, no server)",
            zipped(core, tour),
            driver,
            20_000,
            "<= 20 kB",
        ),
    ]


def row(
    what: str, ours: float, peer: float | None, limit: float | None, goal: str, met: bool | None = None
) -> dict[str, object]:
    """One line of the table; lower is better throughout this bench."""
    return {
        "bench": "sdk",
        "what": what,
        "ours": ours,
        "peer": peer,
        "limit": limit,
        "ratio_to_peer": round(ours / peer, 3) if peer else None,
        "ratio_to_limit": round(ours / limit, 3) if limit else None,
        "goal": goal,
        "met": met if met is not None else ours <= (limit if limit is not None else peer or 0),
    }


WATCH = """
(() => {
  // When a bubble stands: found, of a size, visible, and one frame gone by.
  window.__painted = (find) => new Promise((done) => {
    const stood = () => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => done(performance.now())
      port2.postMessage(0)
    }
    const look = () => {
      const found = find()
      const box = found && found.getBoundingClientRect()
      if (box && box.width > 40 && box.height > 20) requestAnimationFrame(stood)
      else requestAnimationFrame(look)
    }
    look()
  })
  window.__bubble = {
    handrail: () => document.querySelector('handrail-root')?.shadowRoot?.querySelector('[role=dialog]'),
    driver: () => document.querySelector('.driver-popover'),
  }
  window.__long = 0
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.__long += entry.duration })
    .observe({ type: 'longtask' })
  window.__shift = 0
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shift += entry.value })
    .observe({ type: 'layout-shift' })
  window.__script = (src) => new Promise((loaded) => {
    const script = document.createElement('script')
    script.src = src
    script.onload = loaded
    document.head.append(script)
  })
  window.__scroll = (frames) => new Promise((done) => {
    let left = frames
    const step = () => { scrollBy(0, left % 2 ? 6 : -4); if (--left) requestAnimationFrame(step); else done() }
    requestAnimationFrame(step)
  })
})()
"""


class Meter:
    """Main-thread CPU and layouts of one page, through the browser's own counters."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read(self) -> dict[str, float]:
        """CPU in milliseconds, layouts and style recalculations so far."""
        found = {each["name"]: each["value"] for each in self._session.send("Performance.getMetrics")["metrics"]}
        return {
            "cpu": found["TaskDuration"] * 1000,
            "layouts": found["LayoutCount"],
            "styles": found["RecalcStyleCount"],
        }

    def during(self, act: str) -> dict[str, float]:
        """What an async page function costs."""
        before = self.read()
        self._page.evaluate(act)
        after = self.read()
        return {name: after[name] - before[name] for name in after}


def start_script(way: str, base: str, project: str) -> str:
    """The page function that puts one way's first bubble on the page, nothing loaded before; gives its times."""
    step = f"{{element: {json.dumps(TARGET)}, popover: {{title: 'Welcome', description: 'This is where your day starts.'}}}}"
    match way:
        case "handrail":
            load = f"""window.JIMO_PROJECT_ID = {json.dumps(project)}; window.jimo = [];
                window.jimo.push(['do', 'identify', ['bench-user']]); __script({json.dumps(base + "/sdk/v1/handrail.js")});"""
        case "driver":
            load = f"""const sheet = document.createElement('link'); sheet.rel = 'stylesheet'; sheet.href = '/driver/driver.css';
                const styled = new Promise((done) => sheet.onload = done); document.head.append(sheet);
                await Promise.all([styled, __script('/driver/driver.js.iife.js')]);
                const tour = window.driver.js.driver({{steps: [{step}]}}); tour.drive();"""
        case _:
            return "() => new Promise((done) => setTimeout(done, 1200))"
    return f"""async () => {{
        const begun = performance.now()
        {load}
        const at = await __painted(__bubble.{way})
        await new Promise((done) => setTimeout(done, 700))
        return {{painted: at - begun}}
    }}"""
