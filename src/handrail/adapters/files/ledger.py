"""The ledger of erasures: a file beside the databases, one line an erasure, that no backup of them takes back.

A line names nobody: it holds the keyed hashes of the ids, as the receipt does.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from handrail.workspace.people.ports import Noted

FILE = "erasures.jsonl"


class FileLedger:
    """One installation's ledger; see `workspace.people.ports.Ledger`. The file is made with the first line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, erasure: Noted) -> None:
        """Add a line, synced. Raises OSError."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # A line that a crash cut short ends where the next one begins.
            file.write(b"\n" + msgspec.json.encode(erasure) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def noted(self) -> list[Noted]:
        """Every erasure that was ever noted, the oldest first; a line that was cut short is passed over."""
        found: list[Noted] = []
        if not self._path.exists():
            return found
        for line in self._path.read_bytes().splitlines():
            try:
                found.append(msgspec.json.decode(line, type=Noted))
            except msgspec.MsgspecError:
                continue
        return found
