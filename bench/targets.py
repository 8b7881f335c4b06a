"""Targets: how often an element is found again after its page was worked on, beside the selectors of @medv/finder 4.

Real pages that nobody here wrote, each frozen once its scripts have run. Targets are three controls to every heading,
card, cell or entry, picked by lot, twins and all. Each is captured on the page as it is, the page is changed in one of
twelve ways, and each is asked for twice: as it is then, and with the target taken away, where any answer is wrong.
The same element decides, not one that looks like it. Weights were set on the first four pages; the others were held
out. `translated` is asked with the words of both languages in the document; a row tells how it goes with one.
"""

from __future__ import annotations

import functools
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from playwright.sync_api import Browser, Page, sync_playwright
from tests.support.chromium import chromium_arguments, find_chromium
from tests.support.hosts import ADMIN, GENTELELLA, MATERIAL, ROOT, SWAGGER, folder_server, shop_page

COUNT = int(os.environ.get("HANDRAIL_BENCH_TARGETS", "20"))

TUNED_ON = ((ADMIN, "index.html"), (ADMIN, "tables.html"), (GENTELELLA, "production/index.html"),
            (GENTELELLA, "production/form.html"))  # fmt: skip
HELD_OUT = ((MATERIAL, "pages/dashboard.html"), (MATERIAL, "pages/billing.html"), (MATERIAL, "pages/profile.html"),
            (SWAGGER, "bench.html"))  # fmt: skip


class Trial(TypedDict):
    """One target asked for once; `gone`: something was answered after the target was taken away."""

    mutation: str
    strategy: str
    at: int
    right: bool
    wrong: bool
    gone: bool
    ms: float


class Told(TypedDict):
    """What one page's trials came to. Times are milliseconds."""

    results: list[Trial]
    elements: int
    capture: list[float]
    confidence: list[float]


@functools.cache
def script() -> str:
    """The bench's page script with the finders, as the global `bench`."""
    esbuild = ROOT / "web" / "node_modules" / ".bin" / "esbuild"
    # Its own packages come from bench/, those of the workspace by their path.
    command = [str(esbuild), "bench/targets.mjs", "--bundle", "--format=iife", "--global-name=bench"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return f"{made.stdout}\nwindow.bench = bench;"


@contextmanager
def frozen(browser: Browser, folder: Path, path: str) -> Iterator[Page]:
    """The page as its scripts left it, without them, and with the bench's own."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is missing: npm ci in tests/hosts/ (and examples/demo/) brings it.")
    with folder_server(folder) as host:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.route(lambda address: "127.0.0.1" not in address, lambda route: route.abort())
        made = shop_page()
        page.route(f"{host}/bench.html", lambda route: route.fulfill(body=made, content_type="text/html"))
        page.goto(f"{host}/{path}")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)
        page.evaluate("document.querySelectorAll('script,noscript,iframe').forEach((each) => each.remove())")
        still = page.content()
        page.unroute_all()
        page.route(lambda address: "127.0.0.1" not in address, lambda route: route.abort())
        page.route(f"{host}/{path}", lambda route: route.fulfill(body=still, content_type="text/html"))
        page.goto(f"{host}/{path}")
        page.wait_for_load_state("networkidle")
        page.evaluate(script())
        try:
            yield page
        finally:
            context.close()


def percent(part: int, of: int) -> float:
    """A percentage, 0 where there is nothing to count."""
    return 100 * part / of if of else 0.0


class Score:
    """What a strategy's trials come to, in percent."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        right, wrong = sum(each["right"] for each in trials), sum(each["wrong"] for each in trials)
        self.count = len(trials)
        self.recall = percent(right, len(trials))
        self.precision = percent(right, right + wrong)
        self.wrong = percent(wrong, len(trials))
        self.gone = percent(sum(each["gone"] for each in trials), len(trials))
        self.ms = statistics.median(each["ms"] for each in trials) if trials else 0.0


def measured(pages: Sequence[tuple[Path, str]]) -> tuple[list[Trial], list[float], list[float]]:
    """All trials on these pages, the times of capture, and the times of finding at 1,500 elements; milliseconds."""
    trials: list[Trial] = []
    captures: list[float] = []
    finds: list[float] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(find_chromium()), args=chromium_arguments())
        for folder, path in pages:
            with frozen(browser, folder, path) as page:
                told: Told = page.evaluate("([page, count]) => bench.trials(page, count)", [path, COUNT])
                trials += told["results"]
                captures += told["capture"]
            with frozen(browser, folder, path) as page:
                asked = [path, COUNT, 1500]
                finds += page.evaluate("(asked) => bench.timings(...asked)", asked)
        browser.close()
    return trials, captures, finds


def row(what: str, ours: float, peer: float | None, goal: str, met: bool | None) -> dict[str, object]:
    """One line of the table."""
    return {
        "bench": "targets",
        "what": what,
        "ours": round(ours, 2),
        "peer": None if peer is None else round(peer, 2),
        "limit": None,
        "ratio_to_peer": round(ours / peer, 3) if peer else None,
        "ratio_to_limit": None,
        "goal": goal,
        "met": met,
    }


def by(trials: Sequence[Trial], strategy: str, mutation: str | None = None) -> Score:
    """The score of one strategy, over all mutations or in one."""
    chosen = [each for each in trials if each["strategy"] == strategy and mutation in (None, each["mutation"])]
    return Score(chosen)


def rows() -> list[dict[str, object]]:
    """The targets' rows of the table."""
    held, captures, finds = measured(HELD_OUT)
    tuned, _, _ = measured(TUNED_ON)
    ours, peer = by(held, "handrail"), by(held, "medv")
    where = f"{len(HELD_OUT)} held-out pages, n = {ours.count}"
    find = statistics.median(finds)
    made = [
        row(f"targets found again, % ({where})", ours.recall, peer.recall, ">= 88", ours.recall >= 88),
        row("answers that are right, %", ours.precision, peer.precision, ">= 99.5", ours.precision >= 99.5),
        row("wrong element, %", ours.wrong, peer.wrong, "<= 0.3", ours.wrong <= 0.3),
        row("answers when the target is gone, %", ours.gone, peer.gone, "", None),
        row("find at 1,500 elements, ms, median", find, None, "< 4", find < 4),
        row("find on these pages, ms, median", ours.ms, peer.ms, "", None),
        row("capture, ms, median", statistics.median(captures), None, "", None),
    ]
    for mutation in dict.fromkeys(each["mutation"] for each in held):
        mine, theirs = by(held, "handrail", mutation), by(held, "medv", mutation)
        what = f"found again after {mutation}, % (wrong: {mine.wrong:.3g}, peer {theirs.wrong:.3g})"
        made.append(row(what, mine.recall, theirs.recall, "", None))
    one = by(held, "one language")
    made.append(row(f"found again after translated, words of one language (wrong: {one.wrong:.3g})", one.recall,
                    None, "", None))  # fmt: skip
    known, known_peer = by(tuned, "handrail"), by(tuned, "medv")
    made.append(row(f"targets found again, % ({len(TUNED_ON)} tuned-on pages, n = {known.count})", known.recall,
                    known_peer.recall, "", None))  # fmt: skip
    made.append(row("wrong element there, %", known.wrong, known_peer.wrong, "", None))
    made.append(row("answers when gone there, %", known.gone, known_peer.gone, "", None))
    return made


def tuning() -> None:
    """The tuned-on pages alone, mutation by mutation: what to look at while weights are set."""
    trials, captures, finds = measured(TUNED_ON)
    for mutation in (None, *dict.fromkeys(each["mutation"] for each in trials)):
        for strategy in ("handrail", "medv", "one language"):
            score = by(trials, strategy, mutation)
            if score.count:
                told = f"{score.recall:6.1f} recall {score.precision:6.1f} precision {score.wrong:5.1f} wrong"
                print(f"{mutation or 'all':16} {strategy:12} {told} {score.gone:5.1f} gone {score.ms:5.1f} ms")
    print(f"find at 1,500: {statistics.median(finds):.2f} ms; capture {statistics.median(captures):.1f} ms")


if __name__ == "__main__":
    from bench.__main__ import table

    if sys.argv[1:] == ["tuning"]:
        tuning()
    else:
        print(table(rows()))
