"""The replica: what an analytic store keeps of people and events, and how it follows the log.

A store is filled by position. Each step takes the next events of the log, works out who they are about and what these
people are like by now, and hands it all to the store as one `Batch`, which carries the position reached. A store that
was stopped half-way is given the same events again, so what it writes twice it must count once.

An attribute gets a column for each kind of value that was ever kept for it. Events keep the subject they came with and
the person it was then; `persons` says who it is today.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, cast

import msgspec

from handrail.compile.queries import Kind, element_text
from handrail.core.conditions.evaluate import experience_instant
from handrail.core.conditions.model import ExperienceFact
from handrail.core.events import Event
from handrail.core.fold import FoldRules, Key, State, company_id, fold, needed, person, subject_key
from handrail.core.people import AttributeValue, ExperienceState, Link, Subject
from handrail.core.values import Refused, check_attribute, instant_of
from handrail.ingest.ports import Log

ANSWERED = "question_answered"
"""The event that carries an answer."""
BATCH = 2_500
"""Most events of a step. Whom they touch is written once for all of them."""
BATCH_BYTES = 8 * 1024 * 1024
"""How long their bodies may be together."""
LONGEST = 100_000
"""Most events of one step, whatever it was asked to take: an interrupted step is repeated whole."""

Attributes: TypeAlias = Mapping[str, AttributeValue]
"""Values by full name: `custom.plan`, `property.total`."""


class PersonRow(msgspec.Struct, frozen=True, gc=False):
    """One person as they are now. `person` is `u:` and the canonical user id, or `a:` and an anonymous id."""

    environment: str
    person: str
    attributes: Attributes
    company: str | None = None
    experiences: Mapping[str, ExperienceState] = {}


class CompanyRow(msgspec.Struct, frozen=True, gc=False):
    """One company as it is now."""

    environment: str
    company: str
    attributes: Attributes


class EventRow(msgspec.Struct, frozen=True, gc=False):
    """One event, with the subject it came with."""

    environment: str
    subject: str
    name: str
    instant: int
    attributes: Attributes
    position: int = 0
    """Where it stands in the log."""
    person: str = ""
    """Who the subject was when the event was taken; "" is the subject itself."""


class Batch(msgspec.Struct):
    """What one transaction writes. People and companies replace their earlier rows."""

    people: Sequence[PersonRow] = ()
    companies: Sequence[CompanyRow] = ()
    events: Sequence[EventRow] = ()
    persons: Mapping[Key, str] = {}
    """Who a subject is today, by environment and subject."""
    gone: Iterable[Key] = ()
    """People who turned out to be somebody else."""
    links: Mapping[Key, Link] = {}
    aliases: Mapping[Key, str] = {}
    quarantined: Mapping[int, str] = {}
    position: int | None = None
    """The position in the log that the store has reached with these rows; None keeps it."""


class Replica(Protocol):
    """A store that is filled. Its methods block: the filler calls them in a thread, one at a time."""

    def open(self) -> None:
        """Make ready, unless it is. Raises Unavailable."""
        ...

    @property
    def position(self) -> int:
        """The position in the log that the store has reached."""
        ...

    @property
    def pending(self) -> int | None:
        """The position that an interrupted write was to reach; the next one must be over the same events."""
        ...

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What `write` raises for rows that can never be kept, whenever they are tried."""
        ...

    def links(self, links: Iterable[Key], aliases: Iterable[Key]) -> State:
        """The links of these anonymous ids, and the aliases of these user ids with the whole set of each."""
        ...

    def canonical(self, users: Iterable[Key]) -> dict[Key, str]:
        """The least id of each user's set, for users that have one."""
        ...

    def linked_to(self, users: Iterable[Key]) -> dict[Key, str]:
        """The anonymous ids that belong to these users, with the user of each."""
        ...

    def who(self, subjects: Iterable[Key]) -> dict[Key, str]:
        """Who these subjects are, for those that are not simply themselves."""
        ...

    def write(self, batch: Batch) -> None:
        """Keep rows and the position they lead to."""
        ...

    def clear(self) -> None:
        """Forget everything, to be filled anew from the log's start."""
        ...


class Filler:
    """Keeps one store behind the log."""

    def __init__(self, store: Replica) -> None:
        self._store = store
        self._filling = asyncio.Lock()

    async def fill(self, log: Log, *, limit: int = BATCH) -> int:
        """Take the next events of the log. Returns how many there were; 0 when the store is up to date."""
        # Two steps at once would start from one position, and count its events twice.
        async with self._filling:
            return await self._step(log, limit)

    async def clear(self) -> None:
        """Have the store begin again. A step that is under way ends first: it would lead on from where it began."""
        async with self._filling:
            await asyncio.to_thread(self._store.open)
            await asyncio.to_thread(self._store.clear)

    async def _step(self, log: Log, limit: int) -> int:
        await asyncio.to_thread(self._store.open)
        events = await self._next(log, limit)
        if events:
            await log.folded(events[-1][0])
            await self._fill(log, events)
        return len(events)

    async def _next(self, log: Log, limit: int) -> list[tuple[int, Event]]:
        """The events of one step: those of the interrupted one, or as many as a step may have."""
        pending = self._store.pending
        events: list[tuple[int, Event]] = []
        size = 0
        async for each in log.read(self._store.position, limit if pending is None else LONGEST):
            if pending is not None and each[0] > pending:
                break
            events.append(each)
            size += len(each[1].body)
            if pending is None and size > BATCH_BYTES:
                break
        return events

    async def follow(self, log: Log, pause: Callable[[], Awaitable[None]], failed: Callable[[Exception], None]) -> None:
        """Fill the store for ever, pausing whenever it is up to date or does not answer. `failed` is told why."""
        while True:
            try:
                if await self.fill(log):
                    continue
            except Exception as problem:  # noqa: BLE001 whatever it is, the log keeps what the store has not got
                failed(problem)
            await pause()

    async def _fill(self, log: Log, events: Sequence[tuple[int, Event]]) -> None:
        try:
            batch = await self._batch(log, events)
            await asyncio.to_thread(self._store.write, batch)
        except self._store.refusals as problem:
            if len(events) > 1:
                middle = len(events) // 2
                await self._fill(log, events[:middle])
                await self._fill(log, events[middle:])
                return
            # One event that cannot be kept costs only itself; the log still has it.
            position = events[0][0]
            refused = Batch(quarantined={position: str(problem)[:500]}, position=position)
            await asyncio.to_thread(self._store.write, refused)

    async def _batch(self, log: Log, events: Sequence[tuple[int, Event]]) -> Batch:
        happened = [event for _, event in events]
        batch, named, touched = await asyncio.to_thread(self._resolve, happened)
        batch.position = events[-1][0]
        people: list[PersonRow] = []
        for environment, persons in touched.items():
            known = await log.people(environment).users(persons)
            people += await asyncio.to_thread(self._people, environment, known)
        companies = {(each.environment, each.group_id) for each in happened if each.type == "group" and each.group_id}
        companies |= {(each.environment, each.company) for each in people if each.company is not None}
        batch.people = people
        batch.companies = [await self._company(log, environment, company) for environment, company in sorted(companies)]
        batch.events = await asyncio.to_thread(self._events, events, named)
        return batch

    def _resolve(self, events: Sequence[Event]) -> tuple[Batch, dict[Key, str], dict[str, list[str]]]:
        """What these events change in who is who, who their subjects are, and whom they touch, by environment."""
        state, persons, gone = self._linked(events)
        named = self._who({key for each in events if (key := subject_key(each))}, persons)
        # Whoever a subject belonged to before has lost what it did.
        before = self._who(persons, {})
        touched = {(key[0], name) for known in (named, persons, before) for key, name in known.items()}
        by_environment: dict[str, list[str]] = {}
        for environment, name in sorted(touched - gone):
            by_environment.setdefault(environment, []).append(name)
        return Batch(persons=persons, gone=gone, links=state.links, aliases=state.aliases), named, by_environment

    def _people(self, environment: str, known: Mapping[str, Subject]) -> list[PersonRow]:
        return [self._person(environment, name, subject) for name, subject in known.items()]

    def _events(self, events: Sequence[tuple[int, Event]], named: Mapping[Key, str]) -> list[EventRow]:
        return [
            self._event(each, position, named)
            for position, each in events
            if each.type == "track" and subject_key(each)
        ]

    def _person(self, environment: str, name: str, subject: Subject) -> PersonRow:
        known = person(subject, None)
        attributes = {f"native.{name}": value for name, value in known.native.items()}
        attributes |= {f"custom.{name}": value for name, value in known.custom.items()}
        return PersonRow(environment, name, attributes, company_id(subject), subject.experiences)

    async def _company(self, log: Log, environment: str, company: str) -> CompanyRow:
        known = person(Subject(), await log.people(environment).company(company))
        return CompanyRow(environment, company, {f"company.{name}": value for name, value in known.company.items()})

    def _event(self, event: Event, position: int, named: Mapping[Key, str]) -> EventRow:
        key = subject_key(event)
        assert key is not None
        at = max(event.timestamp, 1)
        return EventRow(event.environment, key[1], event.name or "", at, properties(event), position, named[key])

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

    def _who(self, subjects: Iterable[Key], persons: Mapping[Key, str]) -> dict[Key, str]:
        """Who these subjects are, with what this batch says of them before what the store knew."""
        asked = list(subjects)
        known = self._store.who(asked)
        return {key: persons.get(key) or known.get(key) or key[1] for key in asked}


def experience_rows(people: Sequence[PersonRow]) -> list[tuple[str, str, str, int, int, int, int, int]]:
    """Environment, person and experience, and when each of `FACTS` last became true."""
    return [
        (each.environment, each.person, key, *(experience_instant(state, fact) for fact in FACTS))  # pyright: ignore[reportReturnType] five facts
        for each in people
        for key, state in each.experiences.items()
    ]


class AnswerRow(msgspec.Struct, frozen=True):
    """What a person answered to one question. The answer's value stands in the member of its kind."""

    environment: str
    person: str
    experience: str
    question: str
    instant: int
    elements: list[str]
    words: str | None = None
    number: float | None = None
    truth: bool | None = None
    choices: list[str] | None = None


def answer_rows(people: Sequence[PersonRow]) -> list[AnswerRow]:
    """Every answer that these people gave."""
    rows: list[AnswerRow] = []
    for each in people:
        for key, state in each.experiences.items():
            for question, written in state.answers.items():
                value = written.value
                if value is None:
                    continue
                elements = elements_of(value)
                rows.append(
                    AnswerRow(
                        each.environment,
                        each.person,
                        key,
                        question,
                        written.stamp.timestamp,
                        elements,
                        words=value if isinstance(value, str) else None,
                        number=float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None,
                        truth=value if isinstance(value, bool) else None,
                        choices=elements if isinstance(value, list) else None,
                    )
                )
    return rows


FACTS: tuple[ExperienceFact, ...] = ("seen", "completed", "dismissed", "snoozed", "answered")


class _Properties(msgspec.Struct):
    properties: object = None


_PROPERTIES = msgspec.json.Decoder(_Properties)


def properties(event: Event) -> dict[str, AttributeValue]:
    """An event's properties by full name, as a filter asks them; what no attribute may hold is not there."""
    try:
        found = _PROPERTIES.decode(event.body).properties
    except msgspec.DecodeError:
        return {}
    kept: dict[str, AttributeValue] = {}
    if isinstance(found, dict):
        for name, value in cast("dict[str, object]", found).items():
            checked = check_attribute(value)
            if checked is not None and not isinstance(checked, Refused):
                kept[f"property.{name}"] = checked
    return kept


def typed(value: AttributeValue, zone: str) -> list[tuple[Kind, object]]:
    """A value as the columns that keep it: text that is a date has its instant beside it."""
    match value:
        case str():
            instant = instant_of(value, zone)
            return [("text", value)] if instant is None else [("text", value), ("date", instant)]
        case None:
            return []
        case bool():
            return [("boolean", value)]
        case int() | float():
            return [("number", float(value))]
        case list():
            return [("list", elements_of(value))]


def elements_of(value: AttributeValue) -> list[str]:
    return [element_text(each) for each in (value if isinstance(value, list) else [value])]
