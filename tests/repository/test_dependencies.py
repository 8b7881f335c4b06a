"""What we depend on is listed twice and locked; the lists agree and the locks name no download address."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def package_name(line: str) -> str:
    """The package a requirement names, spelled the way registries compare it."""
    found = re.match(r"[A-Za-z0-9._-]+", line)
    assert found, line
    return re.sub(r"[._-]+", "-", found[0]).lower()


def listed(path: Path) -> set[str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    return {package_name(line) for line in lines if line and not line.startswith(("#", "-"))}


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in names.stdout.split("\0") if name and (ROOT / name).exists()]


def test_the_project_and_its_lock_list_the_same_runtime_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {package_name(line) for line in project["dependencies"]} == listed(ROOT / "requirements" / "runtime.in")


@pytest.mark.parametrize("lock", REQUIREMENTS, ids=lambda path: path.name)
def test_a_python_lock_holds_what_was_asked_for_with_hashes_only(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert listed(lock.with_suffix(".in")) <= {
        package_name(line) for line in text.splitlines() if line and line[0].isalnum()
    }
    assert text.count("==") <= text.count("--hash=sha256:")


def test_npm_locks_hold_hashes_and_no_download_address() -> None:
    locks = tracked("*package-lock.json")
    assert locks
    for lock in locks:
        text = lock.read_text()
        # Workspaces are "resolved" to their folder; packages must not be resolved to a host.
        assert not re.search(r'"resolved": "[a-z+]+:', text), lock
        assert '"integrity": "sha512-' in text, lock


def test_an_npm_lock_serves_every_platform() -> None:
    text = (ROOT / "web" / "package-lock.json").read_text()
    for platform in ("darwin-arm64", "linux-arm64", "linux-x64", "win32-x64"):
        assert f"node_modules/@biomejs/cli-{platform}" in text
        assert f"node_modules/@esbuild/{platform}" in text
