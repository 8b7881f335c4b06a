"""Segment destinations at the tracking door: events in, what the environment's mappings make of them out.

An environment without a destination takes calls as they are. One with a destination is what a Segment source with that
destination is: a call changes what its mappings say, and nothing where no mapping matches. Events of our own SDK pass
by, because the browser has mapped what it sends. `docs/segment.md` says this to users.

What each mapping did is counted in the installation's books, where its last failures lie as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Protocol

import msgspec
import structlog

from handrail.core.errors import Invalid
from handrail.core.events import Event
from handrail.ingest.accounting import Kept, Kind, Tallies
from handrail.segmentio.destination.fields import FieldProblem
from handrail.segmentio.destination.model import Destination, Subscription, subscriptions
from handrail.segmentio.destination.run import Instance, Made, compile_destination, is_our_own, payload_of, run

SAMPLES = 20
"""Failures that are kept of each mapping, the newest."""

SAMPLE_BYTES = 4096
"""A larger event is not kept with its failure."""

_logger = structlog.get_logger(__name__)

Find = Callable[[str], Awaitable[tuple[Destination, ...]]]
"""The destinations of an environment, the same object until they change."""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event that a mapping could not use. `event` is what the mapping saw, unless it is large."""

    at: int
    message_id: str
    problems: tuple[FieldProblem, ...]
    event: dict[str, object] | None = None


class Tally(msgspec.Struct, frozen=True):
    """What became of the events that a mapping matched."""

    sent: int = 0
    held: int = 0
    """Without a user id, where the instance waits for one."""
    blocked: int = 0
    """Switched off by the event's integrations."""
    failed: int = 0


class MappingReport(msgspec.Struct, frozen=True):
    """A mapping, how often it did what, and its last failures, newest first."""

    name: str
    action: str
    trigger: str
    mode: str
    enabled: bool
    counted: Tally
    failures: list[Failure]


class DestinationReport(msgspec.Struct, frozen=True):
    """A destination and its mappings. `since` is the first hour (milliseconds) that is counted, None before any is."""

    key: str
    name: str
    enabled: bool
    since: int | None
    received: int
    unmatched: int
    """Events that no mapping matched: they changed nothing."""
    mappings: list[MappingReport]


class Notes(Protocol):
    """What a process notes for the books."""

    def tally(self, environment: str, at: int, name: str, outcome: str, /) -> None: ...
    def sample(self, kept: Kept, /) -> None: ...


class Books(Protocol):
    """Where what every process noted is read."""

    async def tallies(self, environment: str, /) -> Mapping[str, Tallies]: ...
    async def samples(self, environment: str, kind: Kind, name: str, /) -> list[bytes]: ...


class _Working:
    """One destination at work."""

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self.instance = _compiled(destination)
        self.mappings = list(subscriptions(destination))
        self.name = _digest(destination.key.encode())
        """What it is counted by, whatever its document says by now."""
        self.names = [_name(destination.key, mapping) for mapping in self.mappings]
        """What each mapping is counted by: one that is changed begins anew."""

    def note(self, notes: Notes, event: Event, payload: dict[str, object], made: Sequence[Made]) -> None:
        """Note what became of an event."""
        environment, at = event.environment, event.received_at
        notes.tally(environment, at, self.name, "matched" if made else "unmatched")
        for each in made:
            name = self.names[each.mapping]
            notes.tally(environment, at, name, each.outcome)
            if each.outcome == "failed":
                small = len(bytes(event.body)) <= SAMPLE_BYTES
                failure = Failure(at, event.message_id, each.problems, payload if small else None)
                notes.sample(Kept(environment, "mapping", name, at, msgspec.json.encode(failure), SAMPLES))

    def report(self, tallies: Mapping[str, Tallies], failures: Sequence[list[Failure]]) -> DestinationReport:
        mine = tallies.get(self.name, Tallies())
        return DestinationReport(
            self.destination.key,
            self.destination.name,
            self.destination.enabled,
            mine.since,
            sum(mine.counts.values()),
            mine.counts.get("unmatched", 0),
            [
                MappingReport(each.name, each.action, each.trigger, each.mode, each.enabled, tally, failed)
                for each, tally, failed in zip(
                    self.mappings, (_tally(tallies.get(name)) for name in self.names), failures, strict=True
                )
            ],
        )


def _tally(counted: Tallies | None) -> Tally:
    return Tally() if counted is None else msgspec.convert(counted.counts, Tally)


def _name(destination: str, mapping: Subscription) -> str:
    return _digest(destination.encode() + b"\0" + msgspec.json.encode(mapping))


def _digest(text: bytes) -> str:
    return blake2b(text, digest_size=16).hexdigest()


def _compiled(destination: Destination) -> Instance:
    try:
        return compile_destination(destination)
    except Invalid as problem:
        # Saved documents are checked, so only one that an older release let pass comes here: it makes nothing.
        _logger.error("destination_broken", key=destination.key, reason=problem.message)
        return Instance(destination, ())


async def none(environment: str) -> tuple[Destination, ...]:
    """For an installation without destinations."""
    return ()


class Destinations:
    """The destinations of every environment. `find` gives an environment's documents."""

    def __init__(self, find: Find, notes: Notes, books: Books) -> None:
        self._find = find
        self._notes = notes
        self._books = books
        self._documents: dict[str, tuple[Destination, ...]] = {}
        self._working: dict[str, list[_Working]] = {}

    async def _of(self, environment: str) -> list[_Working]:
        documents = await self._find(environment)
        if self._documents.get(environment) is not documents:
            self._working[environment] = [_Working(each) for each in documents]
            self._documents[environment] = documents
        return self._working[environment]

    async def documents(self, environment: str) -> tuple[Destination, ...]:
        """The destinations of an environment as they are written."""
        return await self._find(environment)

    async def route(self, environment: str, events: list[Event]) -> list[Event]:
        """The events to keep in place of those that came."""
        working = [each for each in await self._of(environment) if each.destination.enabled]
        if not working:
            return events
        made: list[Event] = []
        for event in events:
            if is_our_own(event):
                made.append(event)
                continue
            payload = payload_of(event)
            for each in working:
                results = run(each.instance, event, payload)
                each.note(self._notes, event, payload, results)
                made += [result.event for result in results if result.event is not None]
        return made

    async def report(self, environment: str) -> list[DestinationReport]:
        """What each destination of an environment did, as far as the books go back, and its failures."""
        tallies = await self._books.tallies(environment)
        return [
            each.report(tallies, [await self._failures(environment, name) for name in each.names])
            for each in await self._of(environment)
        ]

    async def _failures(self, environment: str, name: str) -> list[Failure]:
        kept = await self._books.samples(environment, "mapping", name)
        return [msgspec.json.decode(each, type=Failure) for each in kept]
