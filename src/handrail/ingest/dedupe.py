"""Which events have been counted: exact ids of (environment, message id), kept for as long as the log is.

An id is 128 bits of BLAKE2b. Ids stand in buckets by twenty bits of their first four bytes, each bucket their last
twelve bytes end to end; all buckets have the same width and lie in one stretch of memory, so a look-up is one search in
a short run of bytes at a known place: no Bloom filter, nothing to merge, 20 bytes an event. When too many buckets run
over, all of them get wider. Age is the order inside a bucket: forgetting a day cuts the front off each.
docs/decisions/0010 and 0123 have figures.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from operator import sub

from handrail.core.events import Event

ID_SIZE = 16
BUCKETS = 1 << 20
WIDTHS = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 255)
"""How many ids a bucket holds, as a table grows."""
PIECE = BUCKETS >> 4
"""How many buckets are widened before the memory they had goes back: of any width, whole pages."""
OVER = 512
"""One id in so many may stand beside its bucket before the buckets get wider."""
_HEAD = 4
"""Leading bytes that tell the bucket, and are not kept."""
_REST = ID_SIZE - _HEAD


def dedupe_id(environment: str, message_id: str) -> bytes:
    """The id under which this event counts once. Environments never share one: no id holds the separator."""
    return blake2b(f"{environment}\0{message_id}".encode("utf-8", "surrogatepass"), digest_size=ID_SIZE).digest()


def dedupe_ids(events: Iterable[Event]) -> list[bytes]:
    """`dedupe_id` of each event. A hash begun per environment and copied costs a quarter of one begun anew."""
    ids: list[bytes] = []
    keep, environment, begun = ids.append, None, blake2b(digest_size=ID_SIZE)
    for event in events:
        if event.environment != environment:
            environment = event.environment
            begun = blake2b(f"{environment}\0".encode("utf-8", "surrogatepass"), digest_size=ID_SIZE)
        hashed = begun.copy()
        hashed.update(event.message_id.encode("utf-8", "surrogatepass"))
        keep(hashed.digest())
    return ids


class SeenIds:
    """The ids of every event the log holds, in the log's order, cut into the log's days."""

    def __init__(self) -> None:
        self._width = WIDTHS[0]
        self._table = _reserve(BUCKETS * self._width * _REST)
        self._counts = bytearray(BUCKETS)
        """How many ids each bucket holds."""
        self._over: dict[bytes, int] = {}
        """Ids whose bucket was full, and the day they came on, counted from the first."""
        self._ran_over = 0
        """How many of them since the buckets are as wide as they are."""
        self._days: list[bytes] = []
        """For each sealed day, oldest first: how many ids of each bucket are its own."""
        self._sealed = bytes(BUCKETS)
        """How many ids of each bucket belong to sealed days."""
        self._day = 0
        self._count = 0

    def __contains__(self, identity: bytes) -> bool:
        return not self.fresh_among([identity], set())

    def __len__(self) -> int:
        return self._count

    def fresh_among(self, identities: Sequence[bytes], taken: set[bytes]) -> list[int]:
        """Where in `identities` those stand that are neither known nor in `taken`, which they join."""
        find, counts, over, stride = self._table.find, self._counts, self._over, self._width * _REST
        fresh: list[int] = []
        for at, (bucket, identity) in enumerate(zip(_buckets(identities), identities, strict=True)):
            start = bucket * stride
            # A match across two neighbours is as unlikely as two ids colliding, and would need 96 equal bits.
            if (
                identity not in taken
                and find(identity[_HEAD:], start, start + counts[bucket] * _REST) < 0
                and identity not in over
            ):
                taken.add(identity)
                fresh.append(at)
        return fresh

    def add(self, identities: Sequence[bytes]) -> None:
        """Remember these, none of which is known yet."""
        table, counts, width = self._table, self._counts, self._width
        for bucket, identity in zip(_buckets(identities), identities, strict=True):
            count = counts[bucket]
            if count < width:
                start = (bucket * width + count) * _REST
                table[start : start + _REST] = identity[_HEAD:]
                counts[bucket] = count + 1
            else:
                self._over[identity] = self._day
                self._ran_over += 1
        self._count += len(identities)
        if self._ran_over * OVER > self._count and self._width < WIDTHS[-1]:
            self._widen()

    def seal_day(self) -> None:
        """What follows belongs to the next day."""
        whole = bytes(self._counts)
        self._days.append(bytes(map(sub, whole, self._sealed)))
        self._sealed = whole
        self._day += 1

    def forget_day(self) -> None:
        """Drop the oldest sealed day."""
        gone, oldest = self._days.pop(0), self._day - len(self._days) - 1
        table, counts, stride = self._table, self._counts, self._width * _REST
        for bucket, length in enumerate(gone):
            if length:
                start, left = bucket * stride, counts[bucket] - length
                table.move(start, start + length * _REST, left * _REST)
                counts[bucket] = left
        self._sealed = bytes(map(sub, self._sealed, gone))
        before = len(self._over)
        self._over = {identity: day for identity, day in self._over.items() if day > oldest}
        self._count -= sum(gone) + before - len(self._over)

    def _widen(self) -> None:
        """Give every bucket room for more; ids that ran over stay where they are, so that age keeps its order."""
        width = next(each for each in WIDTHS if each > self._width)
        table, narrow, wide = _reserve(BUCKETS * width * _REST), self._width * _REST, width * _REST
        with memoryview(self._table) as old, memoryview(table) as new:
            for first in range(0, BUCKETS, PIECE):
                for bucket in range(first, first + PIECE):
                    new[bucket * wide : bucket * wide + narrow] = old[bucket * narrow : bucket * narrow + narrow]
                # Both tables whole would be half as much again as the new one.
                self._table.madvise(mmap.MADV_DONTNEED, first * narrow, PIECE * narrow)
        self._table.close()
        self._table, self._width, self._ran_over = table, width, 0


def _buckets(identities: Sequence[bytes]) -> list[int]:
    """The bucket of each id."""
    heads = memoryview(b"".join(identities)).cast("I")[:: ID_SIZE // _HEAD].tolist()
    return [head & (BUCKETS - 1) for head in heads]


def _reserve(size: int) -> mmap.mmap:
    """Memory that counts once it is written to, in large pages where the system has them: half the misses."""
    table = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(AttributeError, OSError):
        table.madvise(mmap.MADV_HUGEPAGE)
    return table
