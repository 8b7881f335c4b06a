"""Accounting: what became of every event that a door received, exact, per environment and minute.

received + made = stored + duplicate + rejected, at every moment. `made` are events that a destination's mappings made
out of received ones. Rejections are counted by their code, and the latest are kept as samples. Requests that could not
be read as events, or not be attributed to a key, are counted beside it by the reason they were refused for.

Counts are this process's own, since it began, for the last day.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence

import msgspec

from handrail.core.errors import HandrailError
from handrail.ingest.accept import Accepted, Rejection
from handrail.ingest.ports import Appended

MINUTE = 60_000
KEPT = 24 * 60
SAMPLES = 100
NOT_MAPPED = "not_mapped"
"""The code of an event that the environment's destinations made nothing of."""


class Minute(msgspec.Struct, omit_defaults=True):
    """What became of the events of one minute. `at` is its first instant, in milliseconds."""

    at: int
    received: int = 0
    made: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: dict[str, int] = {}

    def refuse(self, code: str, count: int) -> None:
        """Note that so many events were not kept, for this reason."""
        self.rejected[code] = self.rejected.get(code, 0) + count

    def is_balanced(self) -> bool:
        """Whether every event is accounted for."""
        return self.received + self.made == self.stored + self.duplicate + sum(self.rejected.values())


class Sample(msgspec.Struct, frozen=True):
    """A rejection, and when it was said."""

    at: int
    rejection: Rejection


class Account(msgspec.Struct, frozen=True):
    """One environment's minutes, oldest first, their sum, and the latest rejections, newest first."""

    total: Minute
    minutes: list[Minute]
    samples: list[Sample]


class Accounting:
    """The books of one process."""

    def __init__(self) -> None:
        self._minutes: dict[str, deque[Minute]] = {}
        self._samples: dict[str, deque[Sample]] = {}
        self.refused: Counter[str] = Counter()
        """Requests refused whole, by code."""

    def kept(self, environment: str, at: int, accepted: Accepted, routed: int, appended: Appended) -> None:
        """A request was answered: what was accepted of it, how much of that was routed to the log, what that did."""
        minute = self._minute(environment, at)
        before = len(accepted.events)
        minute.received += before
        minute.made += max(routed - before, 0)
        minute.stored += appended.stored
        minute.duplicate += appended.duplicates
        if routed < before:
            minute.refuse(NOT_MAPPED, before - routed)
        self._reject(minute, environment, at, accepted.rejections)

    def lost(self, environment: str, at: int, accepted: Accepted, error: HandrailError) -> None:
        """What was accepted could not be kept; its sender was told so, and tries again."""
        minute = self._minute(environment, at)
        minute.received += len(accepted.events)
        if accepted.events:
            minute.refuse(error.code, len(accepted.events))
        self._reject(minute, environment, at, accepted.rejections)

    def refuse(self, environment: str, at: int, rejection: Rejection) -> None:
        """One event came by itself, and was refused."""
        self._reject(self._minute(environment, at), environment, at, (rejection,))

    def account(self, environment: str, since: int) -> Account:
        """The minutes from `since` (milliseconds) on."""
        minutes = [each for each in self._minutes.get(environment, ()) if each.at + MINUTE > since]
        samples = [each for each in reversed(self._samples.get(environment, ())) if each.at >= since]
        return Account(_sum(since, minutes), minutes, samples)

    def _minute(self, environment: str, at: int) -> Minute:
        minutes = self._minutes.get(environment)
        if minutes is None:
            minutes = self._minutes[environment] = deque(maxlen=KEPT)
        begins = at - at % MINUTE
        # A clock that steps back goes on in the minute that is open.
        if not minutes or minutes[-1].at < begins:
            minutes.append(Minute(begins))
        return minutes[-1]

    def _reject(self, minute: Minute, environment: str, at: int, rejections: Sequence[Rejection]) -> None:
        if not rejections:
            return
        minute.received += len(rejections)
        for each in rejections:
            minute.refuse(each.code, 1)
        samples = self._samples.setdefault(environment, deque(maxlen=SAMPLES))
        samples.extend([Sample(at, each) for each in rejections[-SAMPLES:]])


def _sum(since: int, minutes: Iterable[Minute]) -> Minute:
    total = Minute(since)
    for each in minutes:
        total.received += each.received
        total.made += each.made
        total.stored += each.stored
        total.duplicate += each.duplicate
        for code, count in each.rejected.items():
            total.refuse(code, count)
    return total
