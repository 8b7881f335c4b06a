"""Retention: what a log and an analytic store let go of in time. `workspace.retention` says when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

LEAST_DAYS = 7
"""The log is never kept for less: retries and the SDK's outbox (6 days) rely on dedupe knowing them."""


class Leaving(msgspec.Struct, frozen=True):
    """What an analytic store lets go of in one environment. Instants in milliseconds, 0 for nothing."""

    events_before: int = 0
    answers_before: int = 0
    people: Sequence[str] = ()
    """Persons (`a:` and an anonymous id) who were idle for too long."""


def day_at(instant: int) -> date:
    """The UTC day of an instant in milliseconds."""
    return datetime.fromtimestamp(instant / 1000, UTC).date()


def count_past(days: Sequence[date], today: date, kept: int) -> int:
    """How many of a log's parts are past their time, from the first on; `days` says when each was received, in order.

    A part goes only with everything in front of it: where a clock was wrong for a while its day says nothing, but its
    neighbours do. So one from a day that has not come yet goes only with a later part that is past its time.
    """
    oldest, past = today - timedelta(days=kept), 0
    for number, day in enumerate(days, 1):
        if day > today + timedelta(days=1):
            continue
        if day >= oldest:
            break
        past = number
    return past
