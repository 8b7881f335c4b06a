"""`spec/cases/programs.json` holds what the compiler makes of every pattern in a case file."""

from __future__ import annotations

from tests.support.programs import PROGRAMS, written


def test_the_programs_of_the_case_files_are_current() -> None:
    assert PROGRAMS.read_text() == written(), "write them anew: python -m tests.support.programs"
