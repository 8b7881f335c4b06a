"""Suppression: ids that were erased, known by keyed hashes only, so that what is sent of them again is dropped."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from handrail.core.events import Event
from handrail.core.fold import Key, subject_key


def digest(secret: bytes, subject: Key) -> str:
    """The keyed hash of a subject (`u:` or `a:` and its id) in its environment, as hex."""
    environment, identity = subject
    return blake2b(
        f"{environment}\0{identity}".encode("utf-8", "surrogatepass"), digest_size=16, key=secret
    ).hexdigest()


class Suppression:
    """Every suppressed subject of an installation. Empty, it costs nothing."""

    def __init__(self, secret: bytes, digests: Iterable[str] = ()) -> None:
        self._secret = secret
        self._digests = set(digests)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def add(self, digests: Iterable[str]) -> None:
        """Suppress these from now on."""
        self._digests.update(digests)

    def digest(self, subject: Key) -> str:
        """The keyed hash that stands for a subject."""
        return digest(self._secret, subject)

    def holds(self, event: Event) -> bool:
        """Whether the event speaks of somebody who was erased."""
        key = subject_key(event)
        if key is not None and self.digest(key) in self._digests:
            return True
        if event.previous_id is None:
            return False
        named = (f"u:{event.previous_id}", f"a:{event.previous_id}")
        return any(self.digest((event.environment, each)) in self._digests for each in named)

    def without_erased_device(self, event: Event) -> Event:
        """The event of another user without the anonymous id of somebody who was erased."""
        if event.anonymous_id is None or event.user_id is None:
            return event
        if self.digest((event.environment, f"a:{event.anonymous_id}")) not in self._digests:
            return event
        return msgspec.structs.replace(event, anonymous_id=None)
