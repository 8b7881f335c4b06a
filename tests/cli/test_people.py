"""users, import users, export and erase on a folder that no server has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_exit_codes import Run, run

at_a_folder = run


def a_file(tmp_path: Path, content: str) -> str:
    path = tmp_path / "people.csv"
    path.write_text(content)
    return str(path)


def test_users_are_imported_listed_exported_and_erased(at_a_folder: Run, tmp_path: Path) -> None:
    file = a_file(tmp_path, "who,mail,seats\nann,ann@example.com,15\nbob,bob@example.com,3\n")
    words = ("--map", "who=id", "--map", "mail=native.email", "--map", "seats=custom.seats:number")
    tried = at_a_folder("import", "users", file, *words, "--dry-run")
    assert (tried.exit_code, "2 users would be imported" in tried.stdout) == (0, True), tried.output
    assert at_a_folder("users").stdout == ""
    made = at_a_folder("import", "users", file, *words)
    assert (made.exit_code, "2 lines: 2 users imported, 0 lines refused." in made.stdout) == (0, True), made.output
    assert at_a_folder("users").stdout.splitlines() == ["ann  ann@example.com", "bob  bob@example.com"]
    assert at_a_folder("users", "bob@").stdout == "bob  bob@example.com\n"
    assert at_a_folder("users", "--limit", "1").stdout == "ann  ann@example.com\n"
    exported = at_a_folder("export", "ann")
    assert exported.exit_code == 0
    assert "ann@example.com" in json.dumps(json.loads(exported.stdout))
    receipt = at_a_folder("erase", "ann", "--yes")
    assert (receipt.exit_code, json.loads(receipt.stdout)["subjects"]) == (0, 1)
    assert at_a_folder("users").stdout == "bob  bob@example.com\n"


def test_bad_lines_are_told_by_number_and_a_bad_mapping_is_refused(at_a_folder: Run, tmp_path: Path) -> None:
    file = a_file(tmp_path, "user_id,plan\nann,pro\nnull,pro\n")
    made = at_a_folder("import", "users", file, "--map", "user_id=id", "--map", "plan=custom.plan")
    assert (made.exit_code, f"{file}:3:" in made.stderr) == (1, True), made.output
    assert at_a_folder("users").stdout == "ann\n"
    assert at_a_folder("import", "users", file, "--map", "nonsense").exit_code == 3
    unmapped = at_a_folder("import", "users", file, "--map", "nobody=id")
    assert (unmapped.exit_code, unmapped.stdout, "no column 'nobody'" in unmapped.stderr) == (1, "", True)


def test_who_is_meant_must_be_said(at_a_folder: Run) -> None:
    assert at_a_folder("export").exit_code == 3
    assert at_a_folder("export", "ann", "--anonymous", "d").exit_code == 3
    assert at_a_folder("erase", "--yes").exit_code == 3


def test_the_analytic_store_is_emptied_and_its_place_told(at_a_folder: Run) -> None:
    assert at_a_folder("analytics").exit_code in (0, 1)
    emptied = at_a_folder("rebuild", "--analytics")
    assert (emptied.exit_code, "is empty" in emptied.stdout) == (0, True), emptied.output


def test_a_project_that_is_not_there_is_said(at_a_folder: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert at_a_folder("users").exit_code == 0
    monkeypatch.setenv("HANDRAIL_PROJECT", "p_none")
    refused = at_a_folder("users")
    assert (refused.exit_code, "There is no project 'p_none'" in refused.stderr) == (3, True), refused.output
