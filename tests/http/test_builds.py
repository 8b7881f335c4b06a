"""Files of the SDK: what an earlier release served is still there, and what never was is told apart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from handrail.http.public.builds import KEPT_FOR, keep_build
from tests.support.installation import Running

NOW = 1_800_000_000.0


def built(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_build_stays_beside_the_next_one_for_a_year_after_it_was_last_served(tmp_path: Path) -> None:
    kept, old, new = tmp_path / "kept", built(tmp_path / "old", one="1"), built(tmp_path / "new", two="2")
    keep_build(old, kept, NOW)
    keep_build(old, kept, NOW + 1000)
    keep_build(new, kept, NOW + 1000 + KEPT_FOR)
    assert names(kept) == ["one.js", "two.js"]
    keep_build(new, kept, NOW + 1001 + KEPT_FOR)
    assert names(kept) == ["two.js"]
    assert (kept / "two.js").read_text() == "2"


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    kept, build = tmp_path / "kept", built(tmp_path / "build", one="1")
    keep_build(build, kept, NOW)
    os.utime(kept / "one.js", (NOW, NOW))
    before = (kept / "one.js").stat().st_ino
    keep_build(build, kept, NOW + 5)
    assert ((kept / "one.js").stat().st_ino, (kept / "one.js").stat().st_mtime) == (before, NOW + 5)


def test_a_checkout_without_a_build_keeps_nothing(tmp_path: Path) -> None:
    keep_build(tmp_path / "nothing", tmp_path / "kept", NOW)
    assert names(tmp_path / "kept") == []


async def test_kept_files_are_served_for_ever_in_every_form(door: Running, tmp_path: Path) -> None:
    kept = door.installation.settings.builds
    kept.mkdir()
    (kept / "tour-old.js").write_text("export {}")
    (kept / "tour-old.js.gz").write_bytes(b"zipped")
    plain = await door.client.get("/sdk/v1/assets/tour-old.js", headers={"accept-encoding": "identity"})
    assert (plain.status_code, plain.text) == (200, "export {}")
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["access-control-allow-origin"] == "*"
    head = await door.client.head("/sdk/v1/assets/tour-old.js", headers={"accept-encoding": "gzip"})
    assert head.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("file", ["assets/tour-unknown.js", "assets/handrail-unknown.js"])
async def test_a_chunk_of_an_unknown_build_is_named(door: Running, file: str) -> None:
    answer = await door.client.get(f"/sdk/v1/{file}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_build")
    assert file in answer.json()["message"]
    assert answer.headers["access-control-allow-origin"] == "*"
