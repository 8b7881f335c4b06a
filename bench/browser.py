"""SDK: bytes, and what one tour step costs a real page, beside driver.js on the same page in interleaved rounds.

The page is gentelella's dashboard as its package ships it. Three ways on it take turns: nothing (every figure is
corrected by it), Handrail against a real server, and driver.js 1.8 (MIT, the leanest tour library). Costs are the main
thread's CPU time (`threadTicks`), which a busy machine disturbs less than wall time.

*Snippet to painted*: from inserting the loader until the end of the frame that drew the bubble; for Handrail that is
core, boot, renderer and content, for driver.js its script and style sheet. *Start to painted*: all loaded, from the
call on.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, CDPSession, sync_playwright
from tests.support.chromium import chromium_arguments, find_chromium
from tests.support.hosts import GENTELELLA, ROOT, folder_server
from tests.support.network import find_free_port

STATIC = ROOT / "src" / "handrail" / "static" / "sdk"
DRIVER = ROOT / "bench" / "node_modules" / "driver.js" / "dist"
ROUNDS = int(os.environ.get("HANDRAIL_BENCH_ROUNDS", "7"))
TARGET = "h1.page-title"
WAYS = ("nothing", "handrail", "driver")
FRAMES = 60
# A page that asks elsewhere is refused by the browser itself: routes would lead every request through this program.
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

TOUR = f"""kind: tour
key: bench
name: Bench
frequency: {{every: time}}
respects_rate_limit: false
content:
  steps:
    - key: first
      target: {{css: {TARGET}}}
      placement: bottom
      backdrop: true
      blocks:
        - {{type: heading, text: Welcome}}
        - {{type: paragraph, text: This is where your day starts.}}
        - {{type: button, label: Next, actions: [{{type: go_to_step}}]}}
    - key: second
      form: modal
      blocks: [{{type: heading, text: Done}}]
"""

WATCH = """
window.__bubble = {
  handrail: () => document.querySelector('handrail-root')?.shadowRoot?.querySelector('[role=dialog]'),
  driver: () => document.querySelector('.driver-popover'),
}
// When a bubble stands: the end of the first frame that had it, of a size. What came between two frames and what came
// within the call are both looked for where a frame begins.
window.__painted = (way) => new Promise((done) => {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => done(performance.now())
  const look = () => requestAnimationFrame(() => {
    const box = __bubble[way]()?.getBoundingClientRect()
    if (box && box.width > 40 && box.height > 20) port2.postMessage(0)
    else look()
  })
  look()
})
window.__long = 0
window.__shift = 0
const observe = (type, add) => new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({ type })
observe('longtask', (entry) => { __long += entry.duration })
observe('layout-shift', (entry) => { if (!entry.hadRecentInput) __shift += entry.value })
window.__load = (tag, name, address, alone = false) => new Promise((loaded) => {
  const element = document.createElement(tag)
  if (tag === 'link') element.rel = 'stylesheet'
  // As the snippet does.
  if (alone) element.crossOrigin = ''
  element[name] = address
  element.onload = loaded
  document.head.append(element)
})
window.__scroll = (frames) => new Promise((done) => {
  const step = () => { scrollBy(0, frames % 2 ? 7 : -5); if (--frames) requestAnimationFrame(step); else done() }
  requestAnimationFrame(step)
})
null
"""

BEGIN = {
    "nothing": "async () => ({painted: 0})",
    "handrail": """async ([base, project]) => {
        const begun = performance.now()
        window.JIMO_PROJECT_ID = project
        window.jimo = []
        __load('script', 'src', base + '/sdk/v1/handrail.js', true)
        return {painted: await __painted('handrail') - begun}
    }""",
    "driver": """async ([,, target]) => {
        const begun = performance.now()
        const styled = __load('link', 'href', '/driver/driver.css')
        await Promise.all([styled, __load('script', 'src', '/driver/driver.js.iife.js')])
        const popover = {title: 'Welcome', description: 'This is where your day starts.'}
        window.__tour = window.driver.js.driver({steps: [{element: target, popover}]})
        __tour.drive()
        return {painted: await __painted('driver') - begun}
    }""",
}

AGAIN = {
    "handrail": """async () => {
        __bubble.handrail().querySelector('.cross').click()
        await new Promise((done) => setTimeout(done, 300))
        const begun = performance.now()
        handrail.start('bench')
        return await __painted('handrail') - begun
    }""",
    "driver": """async () => {
        __tour.destroy()
        await new Promise((done) => setTimeout(done, 600))
        const begun = performance.now()
        __tour.drive()
        return await __painted('driver') - begun
    }""",
}


def zipped(*files: Path) -> int:
    """Bytes as a browser fetches them, each file by itself: ours as they are served, others after gzip -9."""
    served = [file.with_name(f"{file.name}.gz") for file in files]
    return sum(
        one.stat().st_size if one.exists() else len(gzip.compress(file.read_bytes(), 9))
        for one, file in zip(served, files, strict=True)
    )


def row(what: str, ours: float, peer: float | None, limit: float | None, goal: str, met: bool) -> dict[str, object]:
    """One line of the table; lower is better throughout this bench."""
    return {
        "bench": "sdk",
        "what": what,
        "ours": round(ours, 3),
        "peer": None if peer is None else round(peer, 3),
        "limit": limit,
        "ratio_to_peer": round(ours / peer, 3) if peer else None,
        "ratio_to_limit": round(ours / limit, 3) if limit else None,
        "goal": goal,
        "met": met,
    }


def size_rows() -> list[dict[str, object]]:
    """Bytes of the core and of all that a tour loads."""
    manifest = json.loads((STATIC / "manifest.json").read_bytes())
    core, chunks = STATIC / manifest["core"], manifest["chunks"]
    path = [core, STATIC / chunks["tour"]]
    driver = zipped(DRIVER / "driver.js.iife.js", DRIVER / "driver.css")
    return [
        row("core, bytes gz", zipped(core), None, 10_000, "<= 10 kB", zipped(core) <= 10_000),
        row(
            "core + tour, bytes gz (driver.js asks no server)",
            zipped(*path),
            driver,
            20_000,
            "<= 20 kB",
            zipped(*path) <= 20_000,
        ),
    ]


@contextmanager
def server(origin: str, documents: str = TOUR) -> Iterator[tuple[str, str]]:
    """A real server with these documents live for `origin`; gives its address and the project's public id."""
    with tempfile.TemporaryDirectory() as folder:
        port = find_free_port()
        environment = {**os.environ, "HANDRAIL_DATA": folder, "HANDRAIL_PORT": str(port)}
        command = [str(ROOT / ".venv" / "bin" / "handrail")]
        process = subprocess.Popen([*command, "serve"], env=environment, stdout=subprocess.DEVNULL)
        try:
            _wait_for(f"http://127.0.0.1:{port}/readyz")
            file = Path(folder) / "live.yaml"
            file.write_text(documents)
            subprocess.run([*command, "apply", str(file)], env=environment, check=True, stdout=subprocess.DEVNULL)
            transport = httpx.HTTPTransport(uds=str(Path(folder) / "socket"))
            with httpx.Client(transport=transport, base_url="http://handrail") as client:
                project = client.get("/api/v1/project").json()["public_id"]
            yield f"http://127.0.0.1:{port}", project
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(address: str) -> None:
    for _ in range(200):
        try:
            httpx.get(address).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise RuntimeError(f"{address} did not answer")


def measure(browser: Browser, way: str, host: str, base: str, project: str) -> dict[str, float]:
    """One way's figures on a fresh page."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.goto(f"{host}/production/index.html")
        page.wait_for_load_state("networkidle")
        page.evaluate(WATCH)
        page.wait_for_timeout(500)
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        found: dict[str, float] = {}
        before = counters(session)
        found |= page.evaluate(BEGIN[way], [base, project, TARGET])
        page.wait_for_timeout(700)
        settled = counters(session)
        found["cpu"] = settled["cpu"] - before["cpu"]
        page.evaluate(f"__scroll({FRAMES})")
        scrolled = counters(session)
        found["scroll"] = (scrolled["cpu"] - settled["cpu"]) / FRAMES
        found["layouts"] = (scrolled["layouts"] - settled["layouts"]) / FRAMES
        page.wait_for_timeout(1500)
        rested = counters(session)
        page.wait_for_timeout(2000)
        found["idle"] = (counters(session)["cpu"] - rested["cpu"]) / 2
        found |= page.evaluate("({long: __long, shift: __shift})")
        if way in AGAIN:
            found["again"] = page.evaluate(AGAIN[way])
        return found
    finally:
        context.close()


def counters(session: CDPSession) -> dict[str, float]:
    """Main-thread CPU since the session began (ms), and layouts."""
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return {"cpu": metrics["TaskDuration"] * 1000, "layouts": metrics["LayoutCount"]}


def page_rows() -> list[dict[str, object]]:
    """What one step costs the page, by way, in interleaved rounds; medians."""
    samples: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with (
        folder_server(GENTELELLA, also={"/driver/": DRIVER}) as host,
        server(host) as (base, project),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=str(find_chromium()), args=[*chromium_arguments(), ALONE])
        for _ in range(ROUNDS):
            for way in WAYS:
                samples[way].append(measure(browser, way, host, base, project))
        browser.close()

    def median(way: str, name: str) -> float:
        return statistics.median(each[name] for each in samples[way])

    def beside(what: str, name: str, goal: str, *, above: bool = True, most: float | None = None) -> dict[str, object]:
        bare = median("nothing", name) if above else 0
        ours, peer = median("handrail", name) - bare, median("driver", name) - bare
        return row(what, ours, peer, None, goal, ours <= peer if most is None else ours <= most)

    return [
        beside("snippet to painted, ms (ours asks a server, driver.js nobody)", "painted", "ahead", above=False),
        beside("start to painted, ms", "again", "ahead", above=False),
        beside("main-thread CPU until settled, ms above the bare page", "cpu", "ahead"),
        beside("long tasks, ms above the bare page", "long", "0", most=0),
        beside("layout shift above the bare page", "shift", "0", most=0.0001),
        beside("idle CPU, ms a second above the bare page", "idle", "0 (within the page's own noise of 1)", most=1),
        beside("scrolling CPU, ms a frame above the bare page", "scroll", "ahead"),
        beside("layouts a scrolled frame above the bare page", "layouts", "0", most=0.05),
    ]


def rows() -> list[dict[str, object]]:
    """The SDK's rows of the table."""
    return [*size_rows(), *page_rows()]


if __name__ == "__main__":
    from bench.__main__ import table

    print(table(rows()))
