"""The filler: how an analytic store follows the log.

A store is filled by position. Each step takes the next events of the log, works out who they are about, and hands all
of it to the store as one `Batch`, which carries the position reached. A store that was stopped half-way is given the
same events again, so what it writes twice it must count once.

People are written less often than their events. Whoever an event touches is stale until their row is written from what
is known of them by then: at once where few events come, else many people together after a while. The store keeps a
second position, up to which everybody's row says what happened; who is stale behind it is read from the log again after
a stop. Only who turns out to be somebody else is written with the step that says so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice

import msgspec

from handrail.core.events import Event
from handrail.core.fold import FoldRules, Key, State, company_id, fold, needed, person, subject_key
from handrail.core.people import Subject
from handrail.ingest.ports import Log
from handrail.ingest.replica import PROPERTY, Batch, ByColumn, CompanyRow, EventRow, PersonRow, Replica, event_row

BATCH = 10_000
"""Most events of a step."""
CROWDED = 2_500
"""Most events of a step while no more people than that may become stale: they need the memory."""
PEOPLE = 1_000
"""Most people that are written at once. Who asks waits meanwhile, and what is known of them is in memory."""
HURRIED = 2_500
"""As many while the log is ahead and nobody is crowded: a write of people waits longer for its turns than it works."""
BATCH_BYTES = 4 * 1024 * 1024
"""How long their bodies may be together."""
LONGEST = 100_000
"""Most events of one step, whatever it was asked to take: an interrupted step is repeated whole."""
STALE = 25_000
"""How many people may be stale; who comes on top has the first of them written."""
STALE_SECONDS = 15.0
"""How long after each other all stale people are written while many events come. A few are written at once."""


class Made(msgspec.Struct, frozen=True):
    """What is written of some events, as far as it follows from them alone."""

    subjects: set[Key]
    """Whom they are about."""
    rows: Sequence[EventRow]
    values: ByColumn


class Step(msgspec.Struct, frozen=True):
    """Events read behind a position, ready to be written."""

    after: int
    limit: int
    events: Sequence[tuple[int, Event]]
    made: Made | None
    """Their rows; None where they cannot all be made."""
    are_all: bool
    """Whether the log had no more."""


class Filler:
    """Keeps one store behind the log."""

    def __init__(self, store: Replica, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds."""
        self._store = store
        self._clock = clock
        self._filling = asyncio.Lock()
        self._stale: dict[Key, int] = {}
        """Who is stale, the longest first, and a position that none of what their rows miss came before."""
        self._traced = -1
        """Where the store was when that was true."""
        self._round = 0
        """How many of the first stale people are to be written by now."""
        self._began = clock()
        """When the last such round began."""
        self._ahead: Step | None = None
        """What was read while the step before it was written."""

    @property
    def is_describing(self) -> bool:
        """Whether people are being written, a part with each call of `fill`."""
        return self._round > 0

    async def fill(self, log: Log, *, limit: int = BATCH) -> int:
        """Take the next events of the log, and write stale people when it is time, at most `HURRIED` of them.

        Returns how many of both there were; 0 when the store is up to date.
        """
        # Two steps at once would start from one position, and count its events twice.
        async with self._filling:
            if not self._store.is_open:
                await asyncio.to_thread(self._store.open)
            await self._trace(log)
            is_crowded = len(self._stale) > STALE - CROWDED
            step = await self._next(log, min(limit, CROWDED) if is_crowded else limit)
            if step.are_all:
                await self._fill(log, step.events, step.made)
            else:
                await self._fill_reading_on(log, step)
            taken, are_all = len(step.events), step.are_all
            del step  # People need the memory.
            # While events of many people come, a short step is no reason to write all of them.
            is_time = are_all and (taken == 0 or len(self._stale) <= PEOPLE)
            return taken + await self._describe(log, is_time, PEOPLE if are_all or is_crowded else HURRIED)

    async def clear(self) -> None:
        """Have the store begin again. A step that is under way ends first: it would lead on from where it began."""
        async with self._filling:
            await asyncio.to_thread(self._store.open)
            await asyncio.to_thread(self._store.clear)

    async def _trace(self, log: Log) -> None:
        """Find who is stale, unless it is known: the store was opened, emptied, or filled by another process."""
        upto = self._store.position
        if self._traced == upto:
            return
        self._stale.clear()
        at = self._store.described
        while at < upto:
            events = [each async for each in log.read(at, BATCH) if each[0] <= upto]
            if not events:
                break
            keys = {key for _, each in events if (key := subject_key(each))}
            self._note_stale(keys, await asyncio.to_thread(self._who, keys, {}), events[0][0])
            at = events[-1][0]
        self._traced, self._round = upto, len(self._stale)

    async def _next(self, log: Log, limit: int) -> Step:
        """The next step: the interrupted one, or one of as many events as it may have."""
        after, pending = self._store.position, self._store.pending
        ahead, self._ahead = self._ahead, None
        if ahead is not None and pending is None and (ahead.after, ahead.limit) == (after, limit):
            return ahead
        return await self._read(log, after, limit, pending)

    async def _fill_reading_on(self, log: Log, step: Step) -> None:
        """Write a step and read the next: most of a write is waiting for the disk."""
        filled, ahead = await asyncio.gather(
            self._fill(log, step.events, step.made),
            self._read(log, step.events[-1][0], step.limit, None),
            return_exceptions=True,
        )
        if isinstance(ahead, Step):
            self._ahead = ahead
        if filled is not None:
            raise filled

    async def _read(self, log: Log, after: int, limit: int, pending: int | None) -> Step:
        events: list[tuple[int, Event]] = []
        size = 0
        async for each in log.read(after, limit if pending is None else LONGEST):
            if pending is not None and each[0] > pending:
                break
            events.append(each)
            size += len(each[1].body)
            if pending is None and size > BATCH_BYTES:
                break
        are_all = not events or (pending is None and len(events) < limit and size <= BATCH_BYTES)
        return Step(after, limit, events, await asyncio.to_thread(self._ready, events), are_all)

    def _ready(self, events: Sequence[tuple[int, Event]]) -> Made | None:
        try:
            return self._make(events)
        except self._store.refusals:
            return None

    def _make(self, events: Sequence[tuple[int, Event]]) -> Made:
        subjects: set[Key] = set()
        rows: list[EventRow] = []
        for position, event in events:
            key = subject_key(event)
            if key is None:
                continue
            subjects.add(key)
            if event.type == "track":
                rows.append(event_row(event, position, key[1]))
        return Made(
            subjects, rows, self._store.by_column(((each.environment, each.properties) for each in rows), PROPERTY)
        )

    async def follow(self, log: Log, pause: Callable[[], Awaitable[None]], failed: Callable[[Exception], None]) -> None:
        """Fill the store for ever, pausing whenever it is up to date or does not answer. `failed` is told why."""
        while True:
            try:
                if await self.fill(log):
                    continue
            except Exception as problem:  # noqa: BLE001 whatever it is, the log keeps what the store has not got
                failed(problem)
            await pause()

    async def _fill(self, log: Log, events: Sequence[tuple[int, Event]], made: Made | None = None) -> None:
        if not events:
            return
        try:
            left = await asyncio.to_thread(self._take, events, made)
            if left is not None:
                await self._write_with(log, *left)
        except self._store.refusals as problem:
            if len(events) > 1:
                middle = len(events) // 2
                await self._fill(log, events[:middle])
                await self._fill(log, events[middle:])
                return
            # One event that cannot be kept costs only itself; the log still has it.
            position = events[0][0]
            batch = Batch(quarantined={position: _reason(problem)}, position=position)
            await asyncio.to_thread(self._write, batch)

    async def _describe(self, log: Log, is_time: bool, most: int) -> int:
        """Write the first stale people, if it is time or has been for long, or they are too many: so many at once.

        Returns how many.
        """
        now = self._clock()
        if not self._round and (is_time or now - self._began >= STALE_SECONDS):
            self._round, self._began = len(self._stale), now
        written = 0
        while self._stale and ((self._round and not written) or len(self._stale) > STALE):
            names = list(islice(self._stale, most))
            await self._write_people(log, names)
            written += len(names)
        self._round = min(max(self._round - written, 0), len(self._stale))
        return written

    async def _write_people(self, log: Log, names: Sequence[Key]) -> None:
        """Write these people as they are by now."""
        try:
            await self._write_with(log, Batch(), names, set(), names)
        except self._store.refusals as problem:
            if len(names) > 1:
                middle = len(names) // 2
                await self._write_people(log, names[:middle])
                await self._write_people(log, names[middle:])
                return
            # So does one person, who is not counted until something else is known of them.
            batch = Batch(gone=names, quarantined={self._store.position: _reason(problem)})
            await asyncio.to_thread(self._write, batch, names)

    async def _write_with(
        self, log: Log, batch: Batch, names: Iterable[Key], companies: set[Key], fresh: Collection[Key] = ()
    ) -> None:
        """Write a batch with rows of these people and companies, and of the companies of these people, as of now."""
        await log.folded(self._store.position if batch.position is None else batch.position)
        asked: dict[str, list[str]] = {}
        for environment, name in names:
            asked.setdefault(environment, []).append(name)
        known: list[tuple[str, dict[str, Subject]]] = []
        wanted = set(companies)
        for environment, persons in asked.items():
            known.append((environment, await log.people(environment).users(persons)))
            belongs = {company_id(each) for each in known[-1][1].values() if each.first_seen}
            wanted |= {(environment, company) for company in belongs if company is not None}
        batch.companies = [await self._company(log, environment, company) for environment, company in sorted(wanted)]
        await asyncio.to_thread(self._write, batch, fresh, known)

    def _write(
        self, batch: Batch, fresh: Collection[Key] = (), known: list[tuple[str, dict[str, Subject]]] | None = None
    ) -> None:
        """Write a batch with rows of these people. They and whom it `fresh`ens are stale no more."""
        people: list[PersonRow] = []
        while known:
            # What is known of them is let go as it becomes rows: the write needs the memory.
            environment, subjects = known.pop()
            while subjects:
                name, subject = subjects.popitem()
                # Of whom nothing is known any more, who was erased, there is no row.
                if subject.first_seen:
                    people.append(self._person(environment, name, subject))
        batch.people = people
        done = {*fresh, *batch.gone, *((each.environment, each.person) for each in batch.people)}
        reached = self._store.position if batch.position is None else batch.position
        batch.described = next((at - 1 for key, at in self._stale.items() if key not in done), reached)
        self._store.write(batch)
        for key in done:
            self._stale.pop(key, None)
        self._traced = reached

    def _note_stale(self, subjects: set[Key], named: Mapping[Key, str], position: int) -> None:
        """Note that events from this position on touched these subjects, who are the people `named`, or themselves."""
        people = [(key[0], named.get(key, key[1])) for key in subjects] if named else subjects.difference(self._stale)
        for key in people:
            self._stale.setdefault(key, position)

    def _take(self, events: Sequence[tuple[int, Event]], made: Made | None) -> tuple[Batch, list[Key], set[Key]] | None:
        """Write what these events say of themselves and of who is who.

        Nothing is written yet where rows of people or of companies must change with it: those are told then.
        """
        made = self._make(events) if made is None else made
        others = [event for _, event in events if event.type != "track"]
        state, persons, gone = self._linked(others)
        named = self._who(made.subjects, persons)
        # Whoever a subject belonged to before, itself or somebody else, has lost what it did.
        before = {key: key[1] for key in persons} | self._who(set(persons), {})
        moved = {(key[0], name) for known in (persons, before) for key, name in known.items()} - gone
        batch = Batch(
            events=made.rows,
            values=made.values,
            named=named,
            persons=persons,
            gone=gone,
            rowless=[key for key in gone if key in self._stale],
            links=state.links,
            aliases=state.aliases,
            position=events[-1][0],
        )
        self._note_stale(made.subjects, named, events[0][0])
        companies = {(each.environment, each.group_id) for each in others if each.type == "group" and each.group_id}
        if moved or companies:
            return batch, sorted(moved), companies
        self._write(batch)
        return None

    def _person(self, environment: str, name: str, subject: Subject) -> PersonRow:
        known = person(subject, None)
        attributes = {f"native.{name}": value for name, value in known.native.items()}
        attributes |= {f"custom.{name}": value for name, value in known.custom.items()}
        return PersonRow(environment, name, attributes, company_id(subject), subject.experiences)

    async def _company(self, log: Log, environment: str, company: str) -> CompanyRow:
        known = person(Subject(), await log.people(environment).company(company))
        return CompanyRow(environment, company, {f"company.{name}": value for name, value in known.company.items()})

    def _linked(self, events: Sequence[Event]) -> tuple[State, dict[Key, str], set[Key]]:
        """What the events say about who is who: links and aliases that changed, who subjects are now, who is gone."""
        joining = [each for each in events if each.type in ("identify", "alias")]
        if not joining:
            return State(), {}, set()
        state = self._store.links(needed(joining).links, needed(joining).aliases)
        changed = fold(state, joining, lambda environment: FoldRules())
        users = {(environment, state.links[environment, anonymous].user_id) for environment, anonymous in changed.links}
        state.links = {key: state.links[key] for key in changed.links}
        state.aliases = {key: state.aliases[key] for key in changed.aliases}
        canonical = self._store.canonical(users) | state.aliases
        linked = self._store.linked_to(changed.aliases)
        persons = {
            (environment, f"a:{anonymous}"): f"u:{canonical.get((environment, user), user)}"
            for (environment, anonymous), user in (
                linked | {key: link.user_id for key, link in state.links.items()}
            ).items()
        }
        persons |= {(environment, f"u:{user}"): f"u:{least}" for (environment, user), least in state.aliases.items()}
        gone = {key for key, person in persons.items() if key[1] != person}
        return state, persons, gone

    def _who(self, subjects: set[Key], persons: Mapping[Key, str]) -> dict[Key, str]:
        """Who those of these subjects are that are not simply themselves, by this batch before what the store knew."""
        # Who is stale is a person, so nobody else by now.
        known = self._store.who(subjects.difference(self._stale))
        if not persons and not known:
            return {}
        return {key: name for key in subjects if (name := persons.get(key) or known.get(key))}


def _reason(problem: Exception) -> str:
    return str(problem)[:500]
