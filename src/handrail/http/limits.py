"""Limits: how much one address, one key and one user may ask of the public doors, by token buckets.

A bucket fills at a rate and holds ten seconds of it, so a burst passes and a flood does not. An IPv6 address counts by
its /64, because whoever has one has them all. Behind proxies the address is the one that the outermost trusted proxy
saw; what a client writes into forwarding headers itself stands left of that and is never read.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import msgspec

from handrail.core.errors import TooMany
from handrail.http.asgi import Scope

BURST = 10
"""Seconds of the rate that a full bucket holds."""
REMEMBERED = 20_000
"""Buckets of one kind. Past that the ones that were idle longest start anew, full."""


class Rates(msgspec.Struct, frozen=True):
    """What flows into a bucket in a second; 0 for no limit."""

    address: int = 500
    """Requests of one address."""
    key: int = 50_000
    """Events by one key."""
    user: int = 100
    """Boots and events of one user or browser."""

    def for_one_of(self, processes: int) -> Rates:
        """What each of so many processes takes, which share one port.

        Events by one key come over many connections, so each process gets its part of them. One address or user may
        come over a single connection, to one process; to divide theirs would refuse what is allowed.
        """
        return Rates(self.address, -(-self.key // processes), self.user)


class Buckets:
    """Token buckets of one kind."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._full = rate * BURST
        self._buckets: dict[str, tuple[float, int]] = {}
        """What is in each, and when that was so (milliseconds); the last used stand last."""

    def take(self, name: str, cost: int, now: int) -> float:
        """Take `cost` out: 0 when it is there, else the seconds until it will be. More than fits takes all there is."""
        rate, full, buckets = self._rate, self._full, self._buckets
        if not rate:
            return 0
        left, then = buckets.pop(name, (full, now))
        if now > then:
            left += (now - then) * rate / 1000
            left = left if left < full else full
        wanted = cost if cost < full else full
        enough = left >= wanted
        buckets[name] = (left - wanted if enough else left, now)
        if len(buckets) > REMEMBERED:
            del buckets[next(iter(buckets))]
        return 0 if enough else (wanted - left) / rate


class Limits:
    """The limits of one process."""

    def __init__(self, rates: Rates | None = None, trusted_proxies: int = 0) -> None:
        rates = Rates() if rates is None else rates
        self._proxies = trusted_proxies
        self._addresses = Buckets(rates.address)
        self._keys = Buckets(rates.key)
        self._users = Buckets(rates.user)

    def address(self, scope: Scope, now: int) -> None:
        """Count a request against its address. Raises TooMany."""
        where = address_of(scope, self._proxies)
        if where is not None and (wait := self._addresses.take(where, 1, now)):
            raise _too_many(wait, "This address asks too often.", "address_limit")

    def key(self, environment: str, events: int, now: int) -> None:
        """Count events against their environment's key. Raises TooMany."""
        if wait := self._keys.take(environment, events, now):
            raise _too_many(wait, "Too many events come with this key.", "key_limit")

    def user(self, environment: str, user: str, events: int, now: int) -> None:
        """Count a boot, or events, against one user or browser. Raises TooMany."""
        if wait := self._users.take(f"{environment}\0{user}", events, now):
            raise _too_many(wait, "Too much comes from one user.", "user_limit")


def _too_many(seconds: float, message: str, code: str) -> TooMany:
    return TooMany(message, retry_after=max(1, round(seconds + 0.5)), code=code)


def address_of(scope: Scope, trusted_proxies: int) -> str | None:
    """The address a request came from, behind so many proxies of our own; None for a local socket."""
    client = scope.get("client")
    if not client:
        return None
    peer = str(client[0])
    if not trusted_proxies:
        return network_of(peer) or peer
    said = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    hops = [each.strip() for each in said.split(",") if each.strip()]
    # Each proxy appends whom it saw, so ours wrote the last ones; what stands left of those anybody may have written.
    seen = hops[-trusted_proxies] if len(hops) >= trusted_proxies else peer
    return network_of(seen) or network_of(peer) or peer


@lru_cache(maxsize=4096)
def network_of(text: str) -> str | None:
    """An IPv4 address, or an IPv6 address's /64; None for what is neither. A port is passed over."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
