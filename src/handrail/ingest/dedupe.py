"""Which events have been counted: exact ids of (environment, message id), kept for as long as the log is.

An id is 128 bits of BLAKE2b. Ids stand in buckets by their first eighteen bits, each bucket their last fourteen bytes
end to end, so a look-up is one search in a short run of bytes: no Bloom filter, nothing to merge, 20 bytes an event.
Age is the order inside a bucket: forgetting a day cuts the front off each. docs/decisions/0010 has figures.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from operator import sub

from handrail.core.events import Event

ID_SIZE = 16
BUCKETS = 1 << 18
_SHARED = 2
"""Leading bytes that all ids of a bucket have in common, and that it therefore does not keep."""
_REST = ID_SIZE - _SHARED


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
        self._buckets: list[bytes | bytearray] = [b""] * BUCKETS
        self._days: list[array[int]] = []
        """For each sealed day, oldest first: how many bytes of each bucket are its own."""
        self._sealed = array("I", bytes(4 * BUCKETS))
        """How many bytes of each bucket belong to sealed days."""
        self._count = 0

    def __contains__(self, identity: bytes) -> bool:
        # A match across two neighbours is as unlikely as two ids colliding, and would need 112 equal bits.
        return identity[_SHARED:] in self._buckets[identity[0] << 10 | identity[1] << 2 | identity[2] >> 6]

    def __len__(self) -> int:
        return self._count

    def fresh_among(self, identities: Sequence[bytes], taken: set[bytes]) -> list[int]:
        """Where in `identities` those stand that are neither known nor in `taken`, which they join."""
        buckets, fresh = self._buckets, list[int]()
        for at, identity in enumerate(identities):
            bucket = buckets[identity[0] << 10 | identity[1] << 2 | identity[2] >> 6]
            if identity not in taken and identity[_SHARED:] not in bucket:
                taken.add(identity)
                fresh.append(at)
        return fresh

    def add(self, identities: Iterable[bytes]) -> None:
        """Remember these, none of which is known yet."""
        buckets, count = self._buckets, 0
        for identity in identities:
            at = identity[0] << 10 | identity[1] << 2 | identity[2] >> 6
            bucket = buckets[at]
            if bucket:
                bucket += identity[_SHARED:]
            else:
                buckets[at] = bytearray(identity[_SHARED:])
            count += 1
        self._count += count

    def seal_day(self) -> None:
        """What follows belongs to the next day."""
        whole = array("I", map(len, self._buckets))
        self._days.append(array("I", map(sub, whole, self._sealed)))
        self._sealed = whole

    def forget_day(self) -> None:
        """Drop the oldest sealed day."""
        gone = self._days.pop(0)
        for bucket, length in zip(self._buckets, gone, strict=True):
            if length and isinstance(bucket, bytearray):
                del bucket[:length]
        self._sealed = array("I", map(sub, self._sealed, gone))
        self._count -= sum(gone) // _REST
