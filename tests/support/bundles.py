"""Bundles parts of the browser packages for a page under test, as the build does it, without a chunk around them."""

from __future__ import annotations

import functools
import subprocess

from tests.support.hosts import ROOT


@functools.cache
def bundled(entry: str, name: str) -> str:
    """A classic script that makes the exports of `web/packages/<entry>` the global `name`."""
    # A script of its own scope keeps `var` to itself; the page under test is to see it.
    return f"{_made(entry, '--format=iife', f'--global-name={name}')}\nwindow.{name} = {name};"


@functools.cache
def module(entry: str) -> str:
    """A module with the exports of `web/packages/<entry>`."""
    return _made(entry, "--format=esm")


def _made(entry: str, *options: str) -> str:
    esbuild = ROOT / "web" / "node_modules" / ".bin" / "esbuild"
    command = [str(esbuild), f"packages/{entry}", "--bundle", "--minify", *options]
    return subprocess.run(command, cwd=ROOT / "web", capture_output=True, text=True, check=True).stdout
