"""The replica: what an analytic store keeps of people and events, row by row, and how it is written.

An attribute gets a column for each kind of value that was ever kept for it. Events keep the subject they came with;
`persons` says who it is today.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, cast

import msgspec

from handrail.compile.queries import Kind, element_text
from handrail.core.conditions.evaluate import experience_instant
from handrail.core.conditions.model import ExperienceFact
from handrail.core.events import Event
from handrail.core.fold import Key, State
from handrail.core.people import AttributeValue, ExperienceState, Link
from handrail.core.values import instant_of

ANSWERED = "question_answered"
"""The event that carries an answer."""
PROPERTY = "property."
"""What the full name of an event's property begins with."""
Attributes: TypeAlias = Mapping[str, AttributeValue]
"""Values by full name: `custom.plan`, `company.size`."""


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
    properties: Mapping[str, object]
    """By their own names as they were received: what no attribute may hold among them."""
    position: int = 0
    """Where it stands in the log."""


ByColumn: TypeAlias = Mapping[tuple[str, Kind], Mapping[int, object]]
"""Values of many rows, by attribute and kind and then by row."""


class Batch(msgspec.Struct):
    """What one transaction writes. People and companies replace their earlier rows."""

    people: Sequence[PersonRow] = ()
    companies: Sequence[CompanyRow] = ()
    events: Sequence[EventRow] = ()
    values: ByColumn | None = None
    """What the events' properties come to column by column; None where nobody has worked it out yet."""
    named: Mapping[Key, str] = {}
    """Who the events' subjects are, for those that are not simply themselves."""
    persons: Mapping[Key, str] = {}
    """Who a subject is today, by environment and subject."""
    gone: Iterable[Key] = ()
    """People who turned out to be somebody else."""
    links: Mapping[Key, Link] = {}
    aliases: Mapping[Key, str] = {}
    quarantined: Mapping[int, str] = {}
    rowless: Collection[Key] = ()
    """Who of those that are gone had no row yet, though events."""
    position: int | None = None
    """The position in the log that the store has reached with these rows; None keeps it."""
    described: int | None = None
    """The position up to which everybody's row says what happened; None keeps it."""


class Replica(Protocol):
    """A store that is filled. Its methods block: the filler calls them in a thread, one at a time."""

    def open(self) -> None:
        """Make ready, unless it is. Raises Unavailable."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it is ready."""
        ...

    @property
    def position(self) -> int:
        """The position in the log that the store has reached."""
        ...

    @property
    def described(self) -> int:
        """The position up to which everybody's row says what happened."""
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

    def by_column(self, rows: Iterable[tuple[str, Mapping[str, object]]], prefix: str = "") -> ByColumn:
        """The values of rows, told their environments and values by name, as `write` takes them.

        `prefix` and a name are an attribute's full name. What no attribute may hold is left out.
        """
        ...

    def write(self, batch: Batch) -> None:
        """Keep rows and the position they lead to."""
        ...

    def clear(self) -> None:
        """Forget everything, to be filled anew from the log's start."""
        ...


def event_row(event: Event, position: int, subject: str) -> EventRow:
    """The row of an event."""
    instant = event.timestamp
    return EventRow(
        event.environment, subject, event.name or "", instant if instant > 1 else 1, _properties(event), position
    )


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


def _properties(event: Event) -> Mapping[str, object]:
    try:
        found = _PROPERTIES.decode(event.body).properties
    except msgspec.DecodeError:
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


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
