"""People: what is known of a user, as a fold over events by joins only.

Every member of `Subject` is joined by minimum, maximum, last writer or union, so events may arrive in any order and
any number of times (each `message_id` once, RULES 38) and give the same state. State is kept per subject and merged
at read: a subject is an anonymous id or a user id; links tell which belong together.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from handrail.core.events import NO_STAMP, Stamp

AttributeValue: TypeAlias = str | int | float | bool | list[str | int | float | bool] | None
"""None is a tombstone: the attribute was unset. A list holds one type only (`core.values.check_attribute`)."""


class Written(msgspec.Struct, array_like=True, gc=False):
    """A value and who said it last."""

    value: AttributeValue
    stamp: Stamp


class Snoozed(msgspec.Struct, frozen=True, order=True, array_like=True):
    """One snooze of an experience: when it was said, and until when it hides. Milliseconds."""

    at: int
    message_id: str
    until: int


class Claim(msgspec.Struct, frozen=True, order=True, array_like=True):
    """That one of a user's browsers may draw what is shown strictly once, and since when (milliseconds)."""

    at: int
    claimant: str


NO_CLAIM = Claim(0, "")


class ExperienceState(msgspec.Struct, omit_defaults=True):
    """What became of one experience for one user. Instants in milliseconds, 0 for never; joined by min and max."""

    first_seen: int = 0
    last_seen: int = 0
    completed: int = 0
    dismissed: int = 0
    answered: int = 0
    snoozes: list[Snoozed] = []
    """The ten latest, oldest first. How many count: those after the last completion or dismissal (the cycle)."""
    answers: dict[str, Written] = {}
    reset: int = 0
    """The latest reset: what happened up to then counts no more (`core.fold.since_reset`)."""
    done: dict[str, int] = {}
    """Tasks of a checklist that got done and marks of a hint that were opened, by key, with the latest instant.
    Of a post: `like` (liked when later than the same of `skipped`) and `comment`."""
    skipped: dict[str, int] = {}
    """Tasks that the user passed over, likewise."""
    claim: Claim = NO_CLAIM
    """The latest claim; whether it still stands: `core.claims.holder`."""


FEED = "@feed"
"""What is known of the posts feed stands among a subject's experiences under this name, which no key can be."""


class Link(msgspec.Struct, frozen=True, order=True, array_like=True):
    """That an anonymous id belongs to a user. The least link of an anonymous id holds, whenever it arrives."""

    stamp: Stamp
    user_id: str


class Subject(msgspec.Struct, omit_defaults=True, gc=False):
    """One subject's folded state. `native` and `custom` by attribute key; `counters` by counter id, then day number.

    Join two with `core.fold.merge`; ask what a condition may know with `core.fold.facts`.
    """

    first_seen: int = 0
    last_seen: int = 0
    verified: int = 0
    """When a caller first proved to be this user, 0 for never: from then on, unsigned calls may not speak for them."""
    visited: dict[int, int] = {}
    """When the user was on a page: day since 1970 (UTC) -> 48 bits, one for each half-hour. A union, so it repeats."""
    native: dict[str, Written] = {}
    custom: dict[str, Written] = {}
    cleared: Stamp = NO_STAMP
    """Custom attributes written before this stamp are gone (`removeUnspecified`), and are not kept either."""
    company: Written | None = None
    experiences: dict[str, ExperienceState] = {}
    users: list[str] = []
    """The user ids that are this person, sorted. Known of a merged subject only, never stored."""
    counters: dict[str, dict[int, int]] = {}
    """Sums, not joins: right because each event is folded once, and subjects that are merged share no event."""


class Company(msgspec.Struct, omit_defaults=True):
    """One company's folded attributes."""

    custom: dict[str, Written] = {}


class Person(msgspec.Struct, frozen=True):
    """A user as read: the merged subject, the company they belong to, and both's attributes without tombstones.

    Made by `core.fold.person`, shared by whoever asks; nobody changes it.
    """

    subject: Subject
    native: dict[str, AttributeValue]
    custom: dict[str, AttributeValue]
    company: dict[str, AttributeValue]


class Listed(msgspec.Struct, frozen=True):
    """One line of a list of people: a subject (`u:` or `a:` and an id) and what is known of it alone."""

    subject: str
    state: Subject


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a condition is asked about: one user, merged and plain. Days are proleptic ordinals in the project's zone.

    `events` maps a counter id (`core.conditions.counters.counter_id`) to counts per day. `today` is a day, `now` an
    instant in milliseconds, `zone` an IANA name; all three are arguments of the decision, never read from a clock.
    """

    native: dict[str, AttributeValue] = {}
    custom: dict[str, AttributeValue] = {}
    company: dict[str, AttributeValue] = {}
    experiences: dict[str, ExperienceState] = {}
    events: dict[str, dict[int, int]] = {}
    users: frozenset[str] = frozenset()
    """The user ids that are this person's; none for somebody unknown."""
    today: int = 0
    now: int = 0
    zone: str = "UTC"
