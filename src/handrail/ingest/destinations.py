"""Segment destinations at the tracking door: events in, what the environment's mappings make of them out.

An environment without a destination takes calls as they are. One with a destination is what a Segment source with that
destination is: a call changes what its mappings say, and nothing where no mapping matches. Events of our own SDK pass
by, because the browser has mapped what it sends. `docs/segment.md` says this to users.

Tallies are kept for as long as the process runs; the last failures of each mapping lie in the installation's books.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b

import msgspec
import structlog

from handrail.core.errors import Invalid
from handrail.core.events import Event
from handrail.ingest.accounting import Kept, Kind
from handrail.segmentio.destination.fields import FieldProblem
from handrail.segmentio.destination.model import Destination, Subscription, subscriptions
from handrail.segmentio.destination.run import Instance, Made, compile_destination, is_our_own, payload_of, run

SAMPLES = 20
"""Failures that are kept of each mapping, the newest."""

SAMPLE_BYTES = 4096
"""A larger event is not kept with its failure."""

_logger = structlog.get_logger(__name__)

Recall = Callable[[str, Kind, str], Awaitable[list[bytes]]]
Find = Callable[[str], Awaitable[tuple[Destination, ...]]]
"""The destinations of an environment, the same object until they change."""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event that a mapping could not use. `event` is what the mapping saw, unless it is large."""

    at: int
    message_id: str
    problems: tuple[FieldProblem, ...]
    event: dict[str, object] | None = None


class Tally(msgspec.Struct):
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
    """A destination and its mappings since `since` (milliseconds)."""

    key: str
    name: str
    enabled: bool
    since: int
    received: int
    unmatched: int
    """Events that no mapping matched: they changed nothing."""
    mappings: list[MappingReport]


class _Kept:
    """One destination at work, and what it did. A changed document starts anew."""

    def __init__(self, destination: Destination, since: int) -> None:
        self.destination = destination
        self.instance = _compiled(destination)
        self.since = since
        self.received = self.unmatched = 0
        self.mappings = list(subscriptions(destination))
        self.tallies = [Tally() for _ in self.mappings]
        self.names = [_name(destination.key, mapping) for mapping in self.mappings]
        """What each mapping's failures are kept by: a mapping that is changed begins anew."""

    def count(self, event: Event, payload: dict[str, object], made: Sequence[Made]) -> list[Kept]:
        """Note what became of an event. Failures, to be kept."""
        failures: list[Kept] = []
        self.received += 1
        self.unmatched += not made
        for each in made:
            tally = self.tallies[each.mapping]
            match each.outcome:
                case "sent":
                    tally.sent += 1
                case "held":
                    tally.held += 1
                case "blocked":
                    tally.blocked += 1
                case "failed":
                    tally.failed += 1
                    small = len(bytes(event.body)) <= SAMPLE_BYTES
                    failure = Failure(event.received_at, event.message_id, each.problems, payload if small else None)
                    body = msgspec.json.encode(failure)
                    name = self.names[each.mapping]
                    failures.append(Kept(event.environment, "mapping", name, event.received_at, body, SAMPLES))
        return failures

    def report(self, failures: Sequence[list[Failure]]) -> DestinationReport:
        return DestinationReport(
            self.destination.key,
            self.destination.name,
            self.destination.enabled,
            self.since,
            self.received,
            self.unmatched,
            [
                MappingReport(each.name, each.action, each.trigger, each.mode, each.enabled, tally, failed)
                for each, tally, failed in zip(self.mappings, self.tallies, failures, strict=True)
            ],
        )


def _name(destination: str, mapping: Subscription) -> str:
    return blake2b(destination.encode() + b"\0" + msgspec.json.encode(mapping), digest_size=16).hexdigest()


def _compiled(destination: Destination) -> Instance:
    try:
        return compile_destination(destination)
    except Invalid as problem:
        # Saved documents are checked, so only one that an older release let pass comes here: it makes nothing.
        _logger.error("destination_broken", key=destination.key, reason=problem.message)
        return Instance(destination, ())


async def nothing_kept(environment: str, kind: Kind, name: str) -> list[bytes]:
    """For an installation without books."""
    return []


def forgotten(kept: Kept) -> None:
    """For an installation without books."""


async def none(environment: str) -> tuple[Destination, ...]:
    """For an installation without destinations."""
    return ()


class Destinations:
    """The destinations of every environment. `find` gives an environment's documents, `now` the present instant.

    `keep` is handed each failure, `recall` gives an environment's failures by name, the newest first.
    """

    def __init__(
        self,
        find: Find,
        now: Callable[[], int],
        keep: Callable[[Kept], None] = forgotten,
        recall: Recall = nothing_kept,
    ) -> None:
        self._find = find
        self._now = now
        self._keep = keep
        self._recall = recall
        self._documents: dict[str, tuple[Destination, ...]] = {}
        self._kept: dict[str, list[_Kept]] = {}

    async def _of(self, environment: str) -> list[_Kept]:
        documents = await self._find(environment)
        if self._documents.get(environment) is not documents:
            before = {each.destination.key: each for each in self._kept.get(environment, ())}
            kept: list[_Kept] = []
            for document in documents:
                known = before.get(document.key)
                same = known is not None and known.destination == document
                kept.append(known if known is not None and same else _Kept(document, self._now()))
            self._documents[environment], self._kept[environment] = documents, kept
        return self._kept[environment]

    async def documents(self, environment: str) -> tuple[Destination, ...]:
        """The destinations of an environment as they are written."""
        return await self._find(environment)

    async def route(self, environment: str, events: list[Event]) -> list[Event]:
        """The events to keep in place of those that came."""
        kept = [each for each in await self._of(environment) if each.destination.enabled]
        if not kept:
            return events
        made: list[Event] = []
        for event in events:
            if is_our_own(event):
                made.append(event)
                continue
            payload = payload_of(event)
            for each in kept:
                results = run(each.instance, event, payload)
                for failure in each.count(event, payload, results):
                    self._keep(failure)
                made += [result.event for result in results if result.event is not None]
        return made

    async def report(self, environment: str) -> list[DestinationReport]:
        """What each destination of an environment did, and its failures."""
        return [
            each.report([await self._failures(environment, name) for name in each.names])
            for each in await self._of(environment)
        ]

    async def _failures(self, environment: str, name: str) -> list[Failure]:
        kept = await self._recall(environment, "mapping", name)
        return [msgspec.json.decode(each, type=Failure) for each in kept]
