"""Guessing passwords: how often somebody may be wrong, for one account and from one address.

A try counts before its password is looked at, so that many at once are no way around it. An account takes few wrong
tries from addresses that it never signed in from, however many there are; one that it did sign in from has a count of
its own, so that strangers cannot keep the owner out.
"""

from __future__ import annotations

import hashlib
from typing import Literal, Protocol, TypeAlias

import msgspec

from handrail.core.errors import TooMany

WINDOW = 3_600_000
"""Milliseconds after which wrong tries are forgotten."""
FREE = 4
"""Wrong tries without a pause behind them."""
ACCOUNT_TRIES = 10
"""Wrong tries of one account within `WINDOW`, from strange addresses together and from each known one."""
ADDRESS_TRIES = 100
"""Wrong tries from one address within `WINDOW`, for whatever accounts."""
KNOWN_FOR = 90 * 86_400_000
"""Milliseconds that an address stays known to an account after a sign-in."""

Kind: TypeAlias = Literal["account", "address", "pair", "known"]


class Tries(msgspec.Struct, frozen=True):
    """Wrong tries since an instant; the latest at `last`."""

    since: int = 0
    count: int = 0
    last: int = 0


class SignInTries(Protocol):
    """What is kept of tries, by kind and name. Names are digests: nobody's address lies in the table."""

    async def count(self, kind: Kind, name: str, now: int, free: int, most: int, /) -> int:
        """Count one more try unless it has to wait (`next_try`). Milliseconds that it has to; 0: it was counted."""
        ...

    async def forgive(self, kind: Kind, name: str, /) -> None:
        """Take one try back: it was right."""
        ...

    async def know(self, name: str, now: int, /) -> None:
        """Note that this pair of account and address signed in."""
        ...

    async def is_known(self, name: str, now: int, /) -> bool:
        """Whether it did within `KNOWN_FOR`."""
        ...


def next_try(tries: Tries, now: int, free: int, most: int) -> tuple[Tries, int]:
    """What is kept once one more try is counted, and how long it has to wait instead (milliseconds, 0: not at all).

    After `free` wrong ones each pause is twice as long; after `most` the window has to end.
    """
    if not tries.since <= now < tries.since + WINDOW:
        return Tries(now, 1, now), 0
    over = tries.since + WINDOW - now
    if tries.count >= most:
        return tries, over
    pause = 1000 << (tries.count - free) if tries.count >= free else 0
    waiting = min(tries.last + pause - now, over)
    if waiting > 0:
        return tries, waiting
    return Tries(tries.since, tries.count + 1, now), 0


class Guesses:
    """Counts one sign-in's try: `begin` before the password is looked at, `right` when it was."""

    def __init__(self, kept: SignInTries, email: str, address: str | None, now: int) -> None:
        self._kept = kept
        self._now = now
        self._account = _digest(email.strip().lower())
        self._address = None if address is None else _digest(address)
        self._pair = _digest(f"{email.strip().lower()}\0{address or ''}")
        self._counted: list[tuple[Kind, str]] = []

    async def begin(self) -> None:
        """Count the try. Raises TooMany."""
        known = await self._kept.is_known(self._pair, self._now)
        counts: list[tuple[Kind, str, int, int]] = [
            ("pair", self._pair, FREE, ACCOUNT_TRIES) if known else ("account", self._account, FREE, ACCOUNT_TRIES)
        ]
        if self._address is not None and not known:
            # Many sign in from one office, so an address has no pauses.
            counts.insert(0, ("address", self._address, ADDRESS_TRIES, ADDRESS_TRIES))
        for kind, name, free, most in counts:
            if (waiting := await self._kept.count(kind, name, self._now, free, most)) > 0:
                raise TooMany(
                    "Too many wrong passwords; try again later.", code="sign_in_limit", retry_after=-(-waiting // 1000)
                )
            self._counted.append((kind, name))

    async def right(self) -> None:
        """The password was right: what was counted here was no guess."""
        for kind, name in self._counted:
            await self._kept.forgive(kind, name)
        await self._kept.know(self._pair, self._now)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
