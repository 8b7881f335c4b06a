"""Which events have been counted: exact ids of (environment, message id), kept for as long as the log is.

An id is 128 bits of BLAKE2b. Ids stand in buckets by their first two bytes, each bucket the other fourteen end to end,
so a look-up is one search in a short run of bytes: no Bloom filter, nothing to merge, about 17 bytes an event. Age is
the order inside a bucket: forgetting a day cuts the front off each. docs/decisions/0010 has figures and the ceiling.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

ID_SIZE = 16
_BUCKET = 2
_REST = ID_SIZE - _BUCKET


def dedupe_id(environment: str, message_id: str) -> bytes:
    """The id under which this event counts once. Environments never share one: no id holds the separator."""
    return blake2b(f"{environment}\0{message_id}".encode("utf-8", "surrogatepass"), digest_size=ID_SIZE).digest()


class SeenIds:
    """The ids of every event the log holds, in the log's order, cut into the log's days."""

    def __init__(self) -> None:
        self._buckets: dict[bytes, bytearray] = {}
        self._days: list[dict[bytes, int]] = []
        """For each sealed day, oldest first: how many bytes of each bucket are its own or older."""
        self._count = 0

    def __contains__(self, identity: bytes) -> bool:
        bucket = self._buckets.get(identity[:_BUCKET])
        # A match across two neighbours is as unlikely as two ids colliding, and would need 112 equal bits.
        return bucket is not None and identity[_BUCKET:] in bucket

    def __len__(self) -> int:
        return self._count

    def add(self, identities: Iterable[bytes]) -> None:
        """Remember these, none of which is known yet."""
        buckets, count = self._buckets, 0
        for identity in identities:
            bucket = buckets.get(identity[:_BUCKET])
            if bucket is None:
                buckets[identity[:_BUCKET]] = bytearray(identity[_BUCKET:])
            else:
                bucket += identity[_BUCKET:]
            count += 1
        self._count += count

    def seal_day(self) -> None:
        """What follows belongs to the next day."""
        self._days.append({prefix: len(bucket) for prefix, bucket in self._buckets.items()})

    def forget_day(self) -> None:
        """Drop the oldest sealed day."""
        gone = self._days.pop(0)
        for prefix, length in gone.items():
            del self._buckets[prefix][:length]
            self._count -= length // _REST
            for later in self._days:
                later[prefix] -= length
