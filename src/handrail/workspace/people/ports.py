"""What this room needs from the outside, and what passes through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from handrail.core.identity import Method
from handrail.core.privacy import Privacy
from handrail.core.scrub import ScrubRules


class NewIdentityKey(msgspec.Struct, frozen=True):
    """An identity key to be kept."""

    id: str
    method: Method
    name: str
    secret: str


class ShownKey(msgspec.Struct, frozen=True):
    """An identity key as it may be shown: never its secret."""

    id: str
    method: Method
    name: str
    created_at: int


class Erasure(msgspec.Struct, frozen=True):
    """Somebody to be erased: their subjects (`u:`, `a:`) in an environment, and the hashes that stay of them."""

    id: str
    environment: str
    subjects: tuple[str, ...]
    digests: tuple[str, ...]
    requested_at: int


class Noted(msgspec.Struct, frozen=True):
    """An erasure as it is noted outside the databases, where no restored backup takes it back. It names nobody."""

    id: str
    project: str
    environment: str
    digests: tuple[str, ...]
    requested_at: int


class Ledger(Protocol):
    """Every erasure that was ever asked for."""

    def note(self, erasure: Noted, /) -> None: ...
    def noted(self) -> Sequence[Noted]: ...


class PrivacySettings(Protocol):
    """Identity keys, rules and erasures of every project."""

    async def of(self, environment: str, /) -> Privacy: ...
    async def keys(self, project: str, /) -> list[ShownKey]: ...
    async def add_key(self, project: str, made: NewIdentityKey, now: int, /) -> None: ...
    async def delete_key(self, project: str, key: str, /) -> None: ...
    async def settle(
        self, project: str, environment: str, /, *, enforced: bool | None = None, scrub: ScrubRules | None = None
    ) -> None: ...
    async def record_erasure(self, project: str, made: Erasure, /) -> None: ...
    async def finish_erasure(self, erasure: str, receipt: bytes, /) -> None: ...
    async def digests(self) -> list[str]: ...
    def forget(self) -> None: ...
    async def receipts(self, project: str, /) -> list[bytes]: ...
    async def unfinished(self) -> Sequence[Erasure]: ...
    async def finished(self) -> Sequence[Noted]: ...
    async def unknown(self, noted: Sequence[Noted], /) -> Sequence[Noted]: ...
