"""The catalogue: which attributes and events were ever received, with which kinds of value, learnt from the log.

It stays bounded whatever is sent: when it is full, the name that was received least gives way to a new one, so that a
flood of made-up names pushes out made-up names. It holds names, counts and hashes, no values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Literal, TypeAlias, TypeVar

import msgspec

from handrail.core.events import Event
from handrail.core.fold import NATIVE, read_traits
from handrail.core.values import Refused, check_attribute, instant_of, kind_of

MAX_ATTRIBUTES = 1000
"""Names of attributes that one environment's catalogue holds; spec/tables/limits.json."""
MAX_EVENTS = 1000
MAX_DISTINCT = 100
"""Distinct values that are told apart; there may be more."""
MAX_NAME = 200
COVERAGE_DAYS = 7
DAY = 86_400_000

Kind: TypeAlias = Literal["text", "number", "boolean", "array", "date", "refused"]


class SeenAttribute(msgspec.Struct):
    """An attribute as it was received. Instants in milliseconds; `kinds` counts values by kind."""

    count: int = 0
    first: int = 0
    last: int = 0
    kinds: dict[str, int] = {}
    refused: str = ""
    """Why the latest refused value was."""
    distinct: list[int] = []


class SeenEvent(msgspec.Struct):
    """An event's name as it was received."""

    count: int = 0
    first: int = 0
    last: int = 0


class Coverage(msgspec.Struct, frozen=True):
    """Of the calls that named a user in the last days: how many were signed."""

    signed: int
    unsigned: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None when there were no calls."""
        total = self.signed + self.unsigned
        return self.signed / total if total else None


class Catalogue(msgspec.Struct):
    """What one environment received. Attributes carry their source: `native.email`, `custom.plan`, `company.tier`."""

    attributes: dict[str, SeenAttribute] = {}
    events: dict[str, SeenEvent] = {}
    forgotten: int = 0
    """How often a name gave way to another."""
    identified: dict[int, tuple[int, int]] = {}
    """Day since 1970 (UTC) -> calls that named a user: signed, unsigned. Calls with a secret key count as neither."""

    def coverage(self, now: int) -> Coverage:
        """The figure to look at before enforcing signatures."""
        since = now // DAY - COVERAGE_DAYS
        days = [counts for day, counts in self.identified.items() if day > since]
        return Coverage(sum(signed for signed, _ in days), sum(unsigned for _, unsigned in days))


def observe(catalogue: Catalogue, events: Iterable[Event]) -> None:
    """Take in events of the catalogue's environment."""
    for event in events:
        if event.user_id is not None and event.verified != "key":
            _count_identified(catalogue, event)
        match event.type:
            case "identify":
                _observe_identify(catalogue, event)
            case "group":
                traits, _ = read_traits(event)
                _observe_attributes(catalogue, "company.", traits, event.received_at)
            case "track" if event.name is not None:
                seen = _place(catalogue, catalogue.events, event.name, SeenEvent, MAX_EVENTS)
                seen.count += 1
                seen.first = seen.first or event.received_at
                seen.last = event.received_at
            case _:
                pass


def type_of(seen: SeenAttribute) -> Kind | None:
    """The kind of most values that were kept; None when none was."""
    kinds = {kind: count for kind, count in seen.kinds.items() if kind not in ("refused", "date")}
    if not kinds:
        return None
    most = max(sorted(kinds), key=lambda kind: kinds[kind])
    return "date" if most == "text" and seen.kinds.get("date") == kinds["text"] else most  # pyright: ignore[reportReturnType]


def conflicts(seen: SeenAttribute) -> list[str]:
    """The kinds that an attribute was received with, when there are several."""
    kinds = sorted(kind for kind in seen.kinds if kind not in ("refused", "date"))
    return kinds if len(kinds) > 1 else []


def _observe_identify(catalogue: Catalogue, event: Event) -> None:
    traits, native = read_traits(event)
    at = event.received_at
    _observe_attributes(catalogue, "custom.", traits, at)
    told = traits if native is None else native
    _observe_attributes(catalogue, "native.", {name: told[name] for name in NATIVE if name in told}, at)


def _observe_attributes(catalogue: Catalogue, source: str, values: Mapping[str, object], at: int) -> None:
    for name, value in values.items():
        if value is None or len(name) > MAX_NAME:
            continue
        seen = _place(catalogue, catalogue.attributes, source + name, SeenAttribute, MAX_ATTRIBUTES)
        seen.count += 1
        seen.first = seen.first or at
        seen.last = at
        checked = check_attribute(value)
        if isinstance(checked, Refused):
            seen.refused = checked.reason
            seen.kinds["refused"] = seen.kinds.get("refused", 0) + 1
            continue
        kind = kind_of(checked)
        seen.kinds[kind] = seen.kinds.get(kind, 0) + 1
        if kind == "text" and instant_of(checked, "UTC") is not None:
            seen.kinds["date"] = seen.kinds.get("date", 0) + 1
        if len(seen.distinct) < MAX_DISTINCT:
            hashed = int.from_bytes(blake2b(msgspec.json.encode(checked), digest_size=6).digest())
            if hashed not in seen.distinct:
                seen.distinct.append(hashed)


_Seen = TypeVar("_Seen", SeenAttribute, SeenEvent)


def _place(catalogue: Catalogue, known: dict[str, _Seen], name: str, make: type[_Seen], most: int) -> _Seen:
    seen = known.get(name)
    if seen is None:
        if len(known) >= most:
            # The least received go, of those the ones not heard of for longest: a name in use always stays.
            least = sorted(known, key=lambda each: (known[each].count, known[each].last, each))[: most // 10]
            for each in least:
                del known[each]
            catalogue.forgotten += len(least)
        seen = known[name] = make()
    return seen


def _count_identified(catalogue: Catalogue, event: Event) -> None:
    day = event.received_at // DAY
    signed, unsigned = catalogue.identified.get(day, (0, 0))
    if event.verified == "signature":
        signed += 1
    else:
        unsigned += 1
    catalogue.identified[day] = (signed, unsigned)
    if len(catalogue.identified) > 2 * COVERAGE_DAYS:
        del catalogue.identified[min(catalogue.identified)]
