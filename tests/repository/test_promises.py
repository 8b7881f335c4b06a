"""Every test that the promises name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"`((?:tests|spec|web)/[\w./-]+)`", (ROOT / "docs" / "promises.md").read_text())))


@pytest.mark.parametrize("name", NAMED)
def test_what_a_promise_names_is_there(name: str) -> None:
    assert (ROOT / name).exists()


def test_promises_name_tests() -> None:
    assert len(NAMED) > 20
