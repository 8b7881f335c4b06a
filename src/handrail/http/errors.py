"""What a client is told when something goes wrong: the only place that knows both our kinds and HTTP's numbers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from handrail.core.errors import Conflict, Forbidden, HandrailError, Invalid, NotFound, TooMany, Unavailable

STATUS: Mapping[type[HandrailError], int] = {
    Invalid: 422,
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Unavailable: 503,
    TooMany: 429,
}
"""Statuses of the API."""

DOOR_STATUS: Mapping[type[HandrailError], int] = {**STATUS, Invalid: 400}
"""Statuses of the tracking and SDK doors, as Segment's libraries expect them."""

UNAUTHORIZED = frozenset({"no_key", "unknown_key"})


def status_of(error: HandrailError, statuses: Mapping[type[HandrailError], int] = STATUS) -> int:
    """The status for an error, by its kind; a missing or unknown key is 401."""
    if error.code in UNAUTHORIZED:
        return 401
    return next((number for kind, number in statuses.items() if isinstance(error, kind)), 500)


def door_error(error: HandrailError) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Status, body and headers of a door's error: `{"code", "message", "path"?}`."""
    told = {"code": error.code, "message": error.message} | ({"path": error.path} if error.path else {})
    more = [(b"retry-after", b"%d" % error.retry_after)] if isinstance(error, Unavailable | TooMany) else []
    return status_of(error, DOOR_STATUS), msgspec.json.encode(told), more
