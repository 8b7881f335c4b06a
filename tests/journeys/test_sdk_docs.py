"""The examples of docs/sdk run as they stand, and give what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.demo import Demo

PAGES = sorted((Path(__file__).parents[2] / "docs" / "sdk").glob("*.md"))
BLOCK = re.compile(r"^```js\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GIVES = re.compile(r"^(?P<expression>[^/\n].*?) // gives (?P<value>.+)$")


def examples() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for at, code in enumerate(BLOCK.findall(page.read_text()), start=1):
            yield f"{page.stem} {at}", code


def runnable(code: str) -> tuple[str, list[object]]:
    """The example as the body of a function that returns what its lines give, and what they should."""
    lines: list[str] = ["const gives = []"]
    values: list[object] = []
    for line in code.splitlines():
        found = GIVES.match(line)
        if found is None:
            lines.append(line)
            continue
        lines.append(f"gives.push({found['expression']})")
        values.append(None if found["value"] == "undefined" else json.loads(found["value"]))
    return "\n".join([*lines, "return gives.map((each) => each ?? null)"]), values


def test_every_page_has_examples() -> None:
    assert len(PAGES) >= 4
    assert {page.stem for page in PAGES} == {name.split()[0] for name, _ in examples()}


@pytest.mark.parametrize("code", [code for _, code in examples()], ids=[name for name, _ in examples()])
def test_an_example_gives_what_it_says(visit: Callable[..., Page], demo: Demo, code: str) -> None:
    page = visit(None, path="/demo/plain_page.html")
    warnings: list[str] = []
    page.on("console", lambda said: warnings.append(said.text) if said.text.startswith("[handrail]") else None)
    page.wait_for_function("window.handrail?.decisions?.().length")
    body, values = runnable(code)
    assert page.evaluate(f"(async () => {{ {body} }})()") == values
    page.wait_for_timeout(100)
    assert warnings == []
    assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]
