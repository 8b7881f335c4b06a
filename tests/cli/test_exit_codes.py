"""Exit codes: the documented ones, each for what it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handrail import cli
from tests.support.network import find_free_port
from tests.support.serving import ROOT

GOOD = "kind: banner\nkey: hello\nname: Hello\ncontent:\n  blocks:\n    - type: paragraph\n      text: Hello\n"
BAD = GOOD.replace("paragraph", "parrot")

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a folder of its own, where `good.yaml` and `bad.yaml` lie."""
    monkeypatch.setenv("HANDRAIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HANDRAIL_PORT", str(find_free_port()))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)

    def command(*words: str) -> Result:
        return CliRunner().invoke(cli.main, words)

    return command


def test_the_documentation_and_the_program_list_the_same_codes() -> None:
    documented = re.findall(r"(\d) ([a-z][^;]*)", (ROOT / "docs/cli.md").read_text().partition("Exit codes:")[2])
    assert [int(code) for code, _ in documented[:5]] == [0, 1, 2, 3, 4]
    assert [int(code) for code in re.findall(r"\b(\d) ", (cli.__doc__ or "").partition("Exit codes:")[2])] == [
        0, 1, 2, 3, 4,
    ]  # fmt: skip


def test_0_is_done(run: Run) -> None:
    for words in (("lint", "good.yaml"), ("apply", "good.yaml"), ("pull", "pulled"), ("rebuild",), ("count",)):
        done = run(*words)
        assert done.exit_code == 0, done.output


def test_1_is_documents_with_problems_and_nothing_is_published(run: Run) -> None:
    for words in (("lint", "bad.yaml"), ("apply", "bad.yaml"), ("apply", "good.yaml", "bad.yaml")):
        done = run(*words)
        assert done.exit_code == 1
        assert "bad.yaml:" in done.stderr
    assert run("pull", "pulled").exit_code == 0
    assert list(Path("pulled").glob("*.yaml")) == []


def test_a_preview_names_its_problems_by_their_place_in_the_file(run: Run) -> None:
    Path("late.yaml").write_text("- " + GOOD.replace("key: hello", "key: hello\ntheme: none").replace("\n", "\n  "))
    assert run("pull", "pulled").exit_code == 0
    done = run("preview", "late.yaml", "--page", "https://host.example/")
    assert (done.exit_code, done.stderr.partition(" ")[0]) == (1, "late.yaml:3:"), done.stderr


def test_2_is_wrong_usage(run: Run) -> None:
    for words in (("lint",), ("dance",), ("explain", "ann"), ("serve", "--workers", "0")):
        assert run(*words).exit_code == 2


def test_3_is_that_it_cannot_run_here_and_now(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("count").exit_code == 0, "it makes the installation, and says so"
    for words in (("tail",), ("apply", "good.yaml", "--environment", "nowhere"), ("count", "--experience", "nothing")):
        done = run(*words)
        assert (done.exit_code, len(done.stderr.splitlines())) == (3, 1), done.output
    monkeypatch.setenv("HANDRAIL_PORT", "http")
    assert run("count").exit_code == 3


def test_4_is_that_somebody_else_was_there_first(run: Run) -> None:
    assert run("apply", "good.yaml", "--base", "0").exit_code == 0
    done = run("apply", "good.yaml", "--base", "0")
    assert done.exit_code == 4
    assert "since revision 0" in done.stderr
    assert run("apply", "good.yaml", "--base", "1").exit_code == 0
