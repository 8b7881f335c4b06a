"""docs/sdk: a section for each command and event that the code knows, whose examples run and give what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.support.demo import Demo
from tests.support.hosts import ROOT

DOCS = ROOT / "docs"
PAGES = {page.stem: page.read_text() for page in sorted((DOCS / "sdk").glob("*.md"))}
COMMANDS = [page for page in PAGES if page != "lifecycle"]
SECTION = re.compile(r"^## `(?P<name>.+)`\n(?P<text>(?:(?!^## ).*\n?)*)", re.MULTILINE)
BLOCK = re.compile(r"^```js\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GIVES = re.compile(r"^(?P<expression>[^/\n].*?) // gives (?P<value>.+)$")
WORD = re.compile(r"'((?:user|core|jimer|widget|badge|boosted|resource-center|storage|segmentio):[\w-]+)'")
"""A command's name as the code writes it."""
ALONE = {"do identify", "do reset", "do hold", "do release", "set user", "on", "off"}
"""Commands whose names are plain words."""


def sections(page: str) -> dict[str, str]:
    """The sections of a page that a command or an event has, by its name."""
    return {each["name"]: each["text"] for each in SECTION.finditer(PAGES[page])}


def sources(*packages: str) -> Iterator[str]:
    for package in packages:
        for path in sorted((ROOT / "web" / "packages" / package / "src").rglob("*.ts")):
            yield path.read_text()


def anchor(heading: str) -> str:
    """What a heading's link is called on the pages that forges draw of Markdown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def examples() -> Iterator[tuple[str, int, str]]:
    for page, text in PAGES.items():
        for at, code in enumerate(BLOCK.findall(text), start=1):
            yield page, at, code


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


def test_each_command_of_the_code_has_a_section_and_no_other() -> None:
    written = [name for page in COMMANDS for name in sections(page)]
    assert len(written) == len(set(written))
    coded = {word for text in sources("sdk", "client") for word in WORD.findall(text)}
    # Languages are read and set by either name; what texts are asked for in is told in one place.
    told = {name.partition(" ")[2] for name in written} | {"core:language", "user:language"}
    assert coded - told == set(), "commands without a section in docs/sdk"
    assert {name for name in written if ":" not in name} == ALONE
    assert {name.partition(" ")[2] for name in written if ":" in name} - coded == set(), "sections without a command"


@pytest.mark.parametrize("page", COMMANDS)
def test_a_command_has_its_shape_an_example_its_errors_and_jimo_s_name(page: str) -> None:
    for name, text in sections(page).items():
        for label in ("Shape", "Errors", "Jimo"):
            assert f"- **{label}:** " in text, f"{name} does not say its {label.lower()}"
        verb, _, word = name.partition(" ")
        assert f"['{verb}', '{word}'" in text or verb in ("on", "off"), f"the shape of {name}"
        assert any(f"'{word or verb}'" in code or f"{word}(" in code for code in BLOCK.findall(text)), name


def test_each_event_of_the_table_and_of_our_types_has_a_section() -> None:
    table = json.loads((ROOT / "spec" / "tables" / "events.json").read_text())["events"]
    written = sections("lifecycle")
    typed = re.findall(r"^  '?([a-z]+(?::[a-z_]+)?)'?: ", _interface("Events"), re.MULTILINE)
    ends = re.findall(r"'(\w+)'", re.search(r"EndReason = (.*)", _types())[1])  # pyright: ignore[reportOptionalSubscript]
    assert {*typed, *(f"experience:{reason}" for reason in ends)} - set(written) == set()
    for each in table:
        name = each["event"].replace("_", ":", 1)
        if "said by the server" in each["meaning"]:
            assert name not in written
        elif name.removeprefix("experience:") not in (*ends, "ended"):
            for told in (*each["properties"], *each["optional"]):
                assert f"`{told}`" in written[name], f"{name} does not tell of {told}"


def _types() -> str:
    return (ROOT / "web" / "packages" / "client" / "src" / "commands.ts").read_text()


def _interface(name: str) -> str:
    return _types().partition(f"interface {name}")[2].partition("\n}")[0]


def test_the_table_of_contents_links_every_section_and_nothing_else() -> None:
    links = re.findall(r"\[`([^`]+)`\]\(sdk/(\w+)\.md#([\w-]+)\)", (DOCS / "sdk.md").read_text())
    assert links == [(name, page, anchor(name)) for page in _in_order() for name in sections(page)]


def _in_order() -> list[str]:
    """The pages as the table of contents has them."""
    return list(dict.fromkeys(re.findall(r"\]\(sdk/(\w+)\.md\)", (DOCS / "sdk.md").read_text())))


@pytest.mark.parametrize("page", list(PAGES))
def test_an_example_gives_what_it_says(visit: Callable[..., Page], demo: Demo, page: str) -> None:
    """Those of a page one after the other, as a reader would try them, in a browser that is opened once for all."""
    host = visit(None, path="/demo/plain_page.html")
    warnings: list[str] = []
    host.on("console", lambda said: warnings.append(said.text) if said.text.startswith("[handrail]") else None)
    host.wait_for_function("window.handrail?.decisions?.().length")
    mine = [(at, code) for of, at, code in examples() if of == page]
    assert mine, "a page without an example"
    for at, code in mine:
        body, values = runnable(code)
        assert host.evaluate(f"(async () => {{ {body} }})()") == values, f"example {at}: {code}"
        assert warnings == [], f"example {at}: {code}"
    assert host.faults == []  # pyright: ignore[reportAttributeAccessIssue]
