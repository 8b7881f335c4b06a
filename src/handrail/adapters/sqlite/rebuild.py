"""State made anew: from the log when it was lost, and beside the one that serves to compare the two."""

from __future__ import annotations

from pathlib import Path

from handrail.adapters.sqlite.days import list_days, read_blocks
from handrail.adapters.sqlite.state import Rules, StateReader, StateWriter
from handrail.ingest.ports import RebuildReport
from handrail.ingest.rebuild import Comparison


def rebuild(folder: Path, rules: Rules) -> RebuildReport:
    """Fold everything that `folder` holds and compare. The writer may go on: the comparison is of one moment."""
    path = folder / "rebuilt.db"
    _remove_database(path)
    serving = StateReader(folder / "state.db")
    try:
        upto = serving.begin()
        if (folder / "base.db").exists():
            base = StateWriter(folder / "base.db")
            base.copy_to(path)
            base.close()
        events = _refold(folder, path, upto, rules)
        fresh = StateReader(path)
        try:
            found = _compare(serving, fresh)
        finally:
            fresh.close()
        serving.end()
    finally:
        serving.close()
        _remove_database(path)
    return RebuildReport(events=events, rows=found.rows, differences=tuple(found.differences))


def open_state(folder: Path) -> StateWriter:
    """The state that serves. One that is lost, or behind days that the log no longer has, starts from those days."""
    state = StateWriter(folder / "state.db")
    if not (folder / "base.db").exists():
        return state
    base = StateWriter(folder / "base.db")
    try:
        if base.position <= state.position:
            return state
        state.close()
        _remove_database(folder / "state.db")
        base.copy_to(folder / "state.db")
    finally:
        base.close()
    return StateWriter(folder / "state.db")


def _refold(folder: Path, path: Path, upto: int, rules: Rules) -> int:
    rebuilt, count = StateWriter(path), 0
    try:
        for block in read_blocks(list_days(folder), rebuilt.position, upto):
            events = [event for _, event in block.decode()]
            rebuilt.fold(events, block.last, rules)
            count += len(events)
    finally:
        rebuilt.close()
    return count


def _compare(serving: StateReader, fresh: StateReader) -> Comparison:
    found = Comparison()
    mine, theirs = serving.rows(), fresh.rows()
    one, other = next(mine, None), next(theirs, None)
    while one is not None or other is not None:
        mine_moves, theirs_move = found.moves(one, other)
        one = next(mine, None) if mine_moves else one
        other = next(theirs, None) if theirs_move else other
    return found


def _remove_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
