"""The data directory: one process at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from handrail.core.errors import Conflict


class DataDirectory:
    """A folder that this process alone writes to, from `DataDirectory(path)` to `close()`.

    Raises Conflict when another process has it, and OSError when the folder cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(path, os.W_OK):
            # The lock of an earlier run could be had all the same, and each database would say it in its own way.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        self.path = path
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # The system lets go when the process dies, however it dies; a stale file means nothing.
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._lock, 20).decode(errors="replace").strip()
            os.close(self._lock)
            raise Conflict(
                f"The data directory {str(path)!r} is in use by another Handrail process"
                + (f" (pid {holder})" if holder.isdigit() else "")
                + "; stop that one, or name another directory with HANDRAIL_DATA."
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Let the next process in."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> DataDirectory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
