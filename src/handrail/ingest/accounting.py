"""Accounting: what became of every event that a door received, exact, per environment and minute.

received + made = stored + duplicate + rejected, at every moment. `made` are events that a destination's mappings made
out of received ones. Rejections are counted by their code, and the latest are kept as samples. Requests that could not
be read as events, or not be attributed to a key, are counted beside it by the reason they were refused for.

A process notes what it does in memory, and a second later at most adds it to the installation's books, which every
process shares. A process that is killed takes that second's notes with it; what the log kept of it is added by `mend`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from handrail.core.errors import HandrailError
from handrail.ingest.accept import Accepted, Rejection
from handrail.ingest.ports import Appended

MINUTE, HOUR = 60_000, 3_600_000
SAMPLES = 100
"""Rejections of an environment that are kept, the newest."""
NOT_MAPPED = "not_mapped"
"""The code of an event that the environment's destinations made nothing of."""

Key: TypeAlias = tuple[str, int]
"""An environment, and the first instant of a minute."""


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

    def add(self, other: Minute) -> None:
        """Count another minute's events as well."""
        self.received += other.received
        self.made += other.made
        self.stored += other.stored
        self.duplicate += other.duplicate
        for code, count in other.rejected.items():
            self.refuse(code, count)

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


class Tallies(msgspec.Struct, frozen=True):
    """How often something came to which outcome. `since` is the first hour (milliseconds) that is counted."""

    since: int | None = None
    counts: Mapping[str, int] = {}


Tallied: TypeAlias = tuple[str, int, str, str]
"""An environment, the first instant of an hour, whose outcome it was, and which."""

Kind: TypeAlias = Literal["rejection", "mapping"]


class Kept(msgspec.Struct, frozen=True):
    """Something to be kept as a sample, of which the newest `most` of its environment, kind and name stay."""

    environment: str
    kind: Kind
    name: str
    at: int
    body: bytes
    most: int


class Entries(msgspec.Struct):
    """Notes that are not in the books yet. `refused` counts requests by minute and code."""

    minutes: dict[Key, Minute] = {}
    refused: Counter[tuple[int, str]] = msgspec.field(default_factory=Counter[tuple[int, str]])
    tallies: Counter[Tallied] = msgspec.field(default_factory=Counter[Tallied])
    samples: list[Kept] = []

    def __bool__(self) -> bool:
        return bool(self.minutes or self.refused or self.tallies or self.samples)

    def put_in_front(self, earlier: Entries) -> None:
        """Take back notes that could not be entered."""
        for key, minute in self.minutes.items():
            earlier.minutes.setdefault(key, Minute(minute.at)).add(minute)
        self.minutes = earlier.minutes
        self.refused += earlier.refused
        self.tallies += earlier.tallies
        self.samples[:0] = earlier.samples


class Books(Protocol):
    """The books of an installation, to which every process adds."""

    async def add(self, entries: Entries, /) -> None:
        """Add notes, all of them or none."""
        ...

    async def account(self, environment: str, since: int, /) -> Account:
        """The minutes from `since` (milliseconds) on."""
        ...

    async def refused(self, since: int, /) -> dict[str, int]:
        """Requests refused whole since then, by code."""
        ...

    async def tallies(self, environment: str, /) -> Mapping[str, Tallies]:
        """How often what came to which outcome, by its name."""
        ...

    async def samples(self, environment: str, kind: Kind, name: str, /) -> list[bytes]:
        """What is kept of this kind and name, the newest first."""
        ...

    async def mend(self, stored: Mapping[Key, int], /) -> int:
        """Enter events that the log holds more of than the books, by minute. Returns how many there were."""
        ...


class Accounting:
    """The notes of one process."""

    def __init__(self) -> None:
        self._entries = Entries()

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

    def deny(self, at: int, code: str) -> None:
        """A request was refused whole."""
        self._entries.refused[at - at % MINUTE, code] += 1

    def tally(self, environment: str, at: int, name: str, outcome: str) -> None:
        """Something came to this outcome once more."""
        self._entries.tallies[environment, at - at % HOUR, name, outcome] += 1

    def sample(self, kept: Kept) -> None:
        """Something else is to be kept as a sample."""
        self._entries.samples.append(kept)

    def take(self) -> Entries:
        """What was noted since the last time, which is then somebody else's to enter."""
        taken, self._entries = self._entries, Entries()
        return taken

    def give_back(self, entries: Entries) -> None:
        """What was taken could not be entered."""
        self._entries.put_in_front(entries)

    def _minute(self, environment: str, at: int) -> Minute:
        begins = at - at % MINUTE
        minute = self._entries.minutes.get((environment, begins))
        if minute is None:
            minute = self._entries.minutes[environment, begins] = Minute(begins)
        return minute

    def _reject(self, minute: Minute, environment: str, at: int, rejections: Sequence[Rejection]) -> None:
        if not rejections:
            return
        minute.received += len(rejections)
        for each in rejections:
            minute.refuse(each.code, 1)
        for each in rejections[-SAMPLES:]:
            self.sample(Kept(environment, "rejection", "", at, msgspec.json.encode(Sample(at, each)), SAMPLES))
        # A flood of them between two flushes is not kept for ever either.
        del self._entries.samples[: -2 * SAMPLES * 10]


class Bookkeeper:
    """Enters one process's notes into the books, and reads there."""

    def __init__(self, accounts: Accounting, books: Books, failed: Callable[[Exception], None]) -> None:
        """`failed` hears of books that could not be reached; the notes wait."""
        self._accounts = accounts
        self._books = books
        self._failed = failed
        self._entering = asyncio.Lock()

    async def enter(self) -> None:
        """Enter everything noted so far. Raises what the books raise."""
        async with self._entering:
            entries = self._accounts.take()
            if not entries:
                return
            try:
                await self._books.add(entries)
            except BaseException:
                self._accounts.give_back(entries)
                raise

    async def account(self, environment: str, since: int) -> Account:
        """What became of an environment's events since an instant, whichever process they came to."""
        return await self._books.account(environment, since)

    async def refused(self, since: int) -> dict[str, int]:
        """Requests refused whole since then, by code."""
        return await self._books.refused(since)

    async def keep(self, pause: float) -> None:
        """Enter for ever, so many seconds apart."""
        while True:
            await asyncio.sleep(pause)
            try:
                await self.enter()
            except Exception as problem:  # noqa: BLE001 whatever it is, the notes wait for the next time
                self._failed(problem)


def summed(since: int, minutes: Iterable[Minute]) -> Minute:
    """All of these minutes as one."""
    total = Minute(since)
    for each in minutes:
        total.add(each)
    return total
