"""The gallery's documents are sound, and there is one of every kind that this release runs."""

from __future__ import annotations

from pathlib import Path

from handrail.adapters.files.documents import Files
from handrail.cli.server import themed
from handrail.core.experiences import release
from handrail.workspace.apply import check, kind_of

FOLDER = Path(__file__).parents[2] / "examples" / "gallery" / "experiences"


def test_they_read_have_no_problem_and_show_every_kind() -> None:
    files = Files()
    files.add([FOLDER])
    assert files.problems == []
    documents = themed(files.documents)
    found = check(documents, live={}, segments={}, themes={})
    assert [each for each in found if each.severity == "error"] == []
    assert {kind_of(each.document) for each in documents} >= release.KINDS
    assert len({each.document.key for each in documents}) == len(documents)
