"""What can go wrong, by kind. `http/errors.py` is the only place that turns a kind into a status.

HandrailError
├── Invalid       what was sent cannot be meant; names the path
├── NotFound      there is no such thing here
├── Forbidden     the credential does not reach that far
├── Conflict      it fits no longer with what is there now
├── Unavailable   not now; try again after `retry_after` seconds
└── TooMany       not so often; try again after `retry_after` seconds
"""

from __future__ import annotations


class HandrailError(Exception):
    """Any error that Handrail raises on purpose. `str(error)` is fit to show; `code` is stable."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        if code is not None:
            self.code = code


class Invalid(HandrailError):
    """What was sent cannot be meant. `path` names the place, such as `batch[3].event`."""

    code = "invalid"


class NotFound(HandrailError):
    """There is no such thing here, or not for this credential: the two answer alike."""

    code = "not_found"


class Forbidden(HandrailError):
    """The credential is missing, wrong, or does not reach that far."""

    code = "forbidden"


class Conflict(HandrailError):
    """It fits no longer with what is there now."""

    code = "conflict"


class Unavailable(HandrailError):
    """Not now: a queue is full, a disk is, or a sync failed. Nothing was acknowledged."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooMany(HandrailError):
    """One address, key or user asks for more than its share. Nothing was done."""

    code = "too_many"

    def __init__(self, message: str, *, code: str | None = None, retry_after: int = 1) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after
