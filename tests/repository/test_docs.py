"""The documents: no dead link, every command, option and setting, and examples that can be read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from handrail import cli
from handrail.adapters.files.yaml import read_yaml
from handrail.core.conditions.model import parse_condition
from handrail.core.experiences.codec import decode
from handrail.settings import Settings
from handrail.workspace.questions.model import Question

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "web" / "packages").glob("*/README.md")),
    key=str,
)
LINK = re.compile(r"\]\(([^)\s#:]*)(?:#([\w-]+))?\)")
YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WRITING = ("experiences", "targets", "actions", "run-js", "conditions")
EVERYWHERE = {"--environment", "--help", "--version"}
"""Options that docs/cli.md tells of once for all commands."""


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links, as forges draw them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(group: click.Group, words: tuple[str, ...] = ()) -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        inner = (*words, name)
        found += commands(command, inner) if isinstance(command, click.Group) else [(" ".join(inner), command)]
    return found


def samples(name: str) -> list[str]:
    return YAML.findall((ROOT / "docs" / name).read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead(page: Path) -> None:
    for to, anchor in LINK.findall(page.read_text()):
        target = page.parent / to if to else page
        assert target.exists(), f"{page.name} links {to}"
        assert not anchor or anchor in anchors(target), f"{page.name} links {to}#{anchor}"


@pytest.mark.parametrize(
    ("name", "command"), commands(cli.main), ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    first, *rest = name.split()
    lines = (ROOT / "docs" / "cli.md").read_text().splitlines()
    rows = " ".join(line for line in lines if re.match(rf"\| `handrail {first}\b", line))
    assert all(re.search(rf"\b{word}\b", rows) for word in (first, *rest)), f"docs/cli.md does not tell of {name}"
    options = {each.opts[0] for each in command.params if isinstance(each, click.Option)} - EVERYWHERE
    assert {option for option in options if f"`{option}" not in rows and f" {option}" not in rows} == set()


@pytest.mark.parametrize("name", [each for each in Settings.__struct_fields__ if each != "demo"])
def test_every_setting_is_documented(name: str) -> None:
    assert f"`HANDRAIL_{name.upper()}`" in (ROOT / "docs" / "cli.md").read_text()


def test_documents_that_are_shown_can_be_published(tmp_path: Path) -> None:
    shown = [
        text
        for name in ("experiences.md", "segments.md", "install.md", "segment.md")
        for text in samples(name)
        if re.search(r"^(kind|- key): ", text, re.MULTILINE)
    ]
    assert len(shown) >= 5
    for number, text in enumerate(shown):
        # A list says in its first line which file it is.
        listed = re.match(r"# ((?:segments|themes)\.yaml)$", text, re.MULTILINE)
        (tmp_path / (listed[1] if listed else f"{number}.yaml")).write_text(text)
    told = CliRunner().invoke(cli.main, ["lint", str(tmp_path)])
    assert told.exit_code == 0, told.output


def test_questions_and_conditions_that_are_shown_can_be_asked() -> None:
    for text in samples("questions.md"):
        decode(read_yaml(text.encode(), "docs/questions.md").value, Question)  # pyright: ignore[reportArgumentType]
    for text in samples("conditions.md"):
        parse_condition(read_yaml(text.encode(), "docs/conditions.md").value)


def test_every_member_of_an_experience_is_documented() -> None:
    schema = json.loads((ROOT / "spec" / "schema" / "experience.json").read_text())
    pages = "".join((ROOT / "docs" / f"{name}.md").read_text() for name in WRITING)
    # A fingerprint is taken by a program, and written by nobody.
    kinds = (each for name, each in schema["$defs"].items() if name != "Fingerprint")
    named = {name for each in kinds for name in each.get("properties", {})}
    assert {name for name in named if not re.search(rf"\b{name}\b", pages)} == set()
