"""`handrail segment` and the page about it: what docs/segment.md shows can be applied and tried."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail.cli import main

DOCS = Path(__file__).parents[2] / "docs" / "segment.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HANDRAIL_DATA", str(tmp_path / "data"))
    return tmp_path


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    return result.exit_code, result.output


def test_what_the_page_shows_can_be_applied_tried_and_pulled(folder: Path) -> None:
    document, mappings = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    file = folder / "jimo.yaml"
    file.write_text(document + mappings)
    assert run("lint", file) == (0, "1 document, 0 errors.\n")
    event = folder / "event.json"
    event.write_text(json.dumps({"type": "track", "event": "Order Completed", "userId": "ann", "messageId": "m-1",
                                 "properties": {"total": 5, "more": 1}}))  # fmt: skip
    code, told = run("segment", "test", event)
    assert (code, "no Segment destination" in told) == (0, True)
    code, told = run("segment", "test", event, "--destination", file)
    assert code == 0, told
    assert re.search(r"unmatched +Send User Data", told)
    assert re.search(r"sent +Orders", told)
    assert '"event_name":"Shop: Order Completed","userId":"ann","properties":{"total":5}' in told.replace(
        '"messageId":"m-1",', ""
    ).replace(re.search(r'"timestamp":"[^"]*",', told)[0], "")  # pyright: ignore[reportOptionalSubscript]
    code, told = run("apply", file)
    assert (code, "created  destination jimo" in told) == (0, True)
    code, told = run("segment", "status")
    assert (code, "jimo: 0 received" in told) == (0, True)
    assert run("pull", folder / "pulled")[0] == 0
    assert [each.name for each in (folder / "pulled").glob("*.yaml")] == ["jimo.destination.yaml"]
    assert run("lint", folder / "pulled") == (0, "1 document, 0 errors.\n")


def test_a_mapping_that_fails_and_a_file_that_is_no_event_are_told(folder: Path) -> None:
    file = folder / "jimo.yaml"
    file.write_text(
        "kind: destination\nkey: jimo\nsettings: {projectId: p}\nmappings:\n"
        "- action: sendTrackEvent\n  fields: {event_name: {'@path': $.nothing}}\n"
    )
    event = folder / "event.json"
    event.write_text('{"type": "track", "event": "E", "userId": "ann"}')
    code, told = run("segment", "test", event, "--destination", file)
    assert (code, "event_name: event_name is required." in told) == (1, True)
    event.write_text('{"type": "track"}')
    assert run("segment", "test", event)[0] == 1
    for text in ("{", "[" * 100_000):
        event.write_text(text)
        assert run("segment", "test", event)[0] == 3
    assert run("segment", "test", folder / "none.json")[0] == 3
    file.write_text("kind: destination\nkey: jimo\nsettings: {manualInit: true}\n")
    code, told = run("lint", file)
    assert code == 1
    assert "jimo.yaml:3: settings" in told
