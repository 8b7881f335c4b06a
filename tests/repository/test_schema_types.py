"""The browser's types are those that `spec/schema` describes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"


def test_the_types_of_wire_are_generated_from_the_schema() -> None:
    node = shutil.which("node")
    if node is None or not (WEB / "node_modules" / "json-schema-to-typescript").is_dir():
        assert os.environ.get("HANDRAIL_REQUIRE_ALL") != "1", "run ./dev setup: the web packages are not installed"
        pytest.skip("the web packages are not installed")
    run = subprocess.run(
        [node, "tools/schema-types.mjs", "--check"], cwd=WEB, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
