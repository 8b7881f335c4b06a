"""Builds of the SDK: what earlier releases served stays, so that pinned snippets and open tabs survive an upgrade."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

KEPT_FOR = 366 * 86_400
"""Seconds that a build's files stay after the last start of a server that carried them."""


def keep_build(assets: Path, kept: Path, now: float) -> None:
    """Copy the files of the build that is served now beside those of earlier ones, and drop what is too old.

    Their names carry a hash, so a file that is there is the same file; it only counts as fresh again. `now` is in
    seconds. Several servers may do this in one folder at once.
    """
    kept.mkdir(parents=True, exist_ok=True)
    for file in assets.iterdir() if assets.is_dir() else ():
        copy = kept / file.name
        if not copy.exists():
            whole = kept / f".{file.name}.{os.getpid()}"
            whole.write_bytes(file.read_bytes())
            whole.replace(copy)
        os.utime(copy, (now, now))
    for file in kept.iterdir():
        with suppress(FileNotFoundError):  # another server was faster
            if file.stat().st_mtime < now - KEPT_FOR:
                file.unlink()
