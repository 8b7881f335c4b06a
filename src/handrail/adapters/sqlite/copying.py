"""Copies of the log and its state while they are written to."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import apsw

from handrail.adapters.sqlite.connection import connect, connect_to_read
from handrail.adapters.sqlite.days import list_days


def copy_log(folder: Path, target: Path) -> None:
    """Copy state, then the log, each as of one moment. State first: it may be behind the log, but never ahead of it."""
    for name in ("state.db", "base.db"):
        if (folder / name).exists():
            _copy(folder / name, target / name)
    for day in list_days(folder):
        _copy(day.path, target / day.path.name)


def _copy(path: Path, target: Path) -> None:
    source = connect_to_read(path)
    copy = connect(target)
    try:
        with cast("apsw.Connection", copy).backup("main", cast("apsw.Connection", source), "main") as backup:
            while not backup.done:
                backup.step(-1)
        # One file, without a companion that a copy could lose.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    finally:
        copy.close()
        source.close()
