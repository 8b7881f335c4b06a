"""A person as members see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from handrail.compile.predicates import found
from handrail.core.conditions.evaluate import World, evaluate
from handrail.core.conditions.model import Condition
from handrail.core.events import Event
from handrail.core.fold import facts
from handrail.core.people import AttributeValue, Company, Listed, Subject, Written
from handrail.core.values import day_of

EXPORTED = ("user_id", "native.email", "native.name", "native.language", "first_seen", "last_seen", "visits")
"""First columns of a list of users as CSV."""


class ShownAttribute(msgspec.Struct, frozen=True):
    """An attribute: its full name, whose it is, its value, and when that was said."""

    name: str
    source: str
    value: AttributeValue
    said_at: int


def list_line(listed: Listed) -> dict[str, object]:
    """A person as one line of a list."""
    kind, _, identity = listed.subject.partition(":")
    state = listed.state
    return {
        "user_id": identity if kind == "u" else None,
        "anonymous_id": identity if kind == "a" else None,
        "email": _value(state.native.get("email")),
        "name": _value(state.native.get("name")),
        "first_seen": state.first_seen,
        "last_seen": state.last_seen,
        "verified": bool(state.verified),
    }


def table_line(user_id: str, subject: Subject, custom: Sequence[str]) -> list[AttributeValue]:
    """A person as one line of a table whose columns are `EXPORTED` and these custom attributes."""
    known = facts(subject, None, 0, 0, "UTC")
    native = [known.native.get(name) for name in ("email", "name", "language", "first_seen", "last_seen", "visits")]
    return [user_id, *native, *(known.custom.get(name.removeprefix("custom.")) for name in custom)]


def profile_of(
    subjects: Sequence[str],
    subject: Subject,
    company: Company | None,
    events: Sequence[Event],
    segments: Mapping[str, Condition],
    *,
    now: int,
    zone: str,
) -> dict[str, object]:
    """Everything known of a person; `segments` are asked now, a line that only a browser answers being open (null)."""
    known = facts(subject, company, day_of(now, zone), now, zone)
    world = World(known, segments, None, found)
    attributes = [
        *(_shown("native", name, each) for name, each in sorted(subject.native.items())),
        *(_shown("custom", name, each) for name, each in sorted(subject.custom.items())),
    ]
    belongs = subject.company.value if subject.company is not None else None
    said = [] if company is None else [_shown("company", name, each) for name, each in sorted(company.custom.items())]
    return {
        "user_ids": [each[2:] for each in subjects if each.startswith("u:")],
        "anonymous_ids": [each[2:] for each in subjects if each.startswith("a:")],
        "first_seen": subject.first_seen,
        "last_seen": subject.last_seen,
        "visits": known.native.get("visits", 0),
        "verified_since": subject.verified or None,
        "attributes": attributes,
        "company": {"id": belongs, "attributes": said} if isinstance(belongs, str) else None,
        "segments": {key: evaluate(each, world).verdict for key, each in sorted(segments.items())},
        "experiences": subject.experiences,
        "counters": subject.counters,
        "events": [_told(event) for event in events],
    }


def _shown(source: str, name: str, written: Written) -> ShownAttribute:
    return ShownAttribute(f"{source}.{name}", source, written.value, written.stamp.timestamp)


def _value(written: Written | None) -> AttributeValue:
    return None if written is None else written.value


def _told(event: Event) -> dict[str, object]:
    moment = datetime.fromtimestamp(event.timestamp / 1000, UTC).isoformat(timespec="milliseconds")
    return {
        "message_id": event.message_id,
        "type": event.type,
        "name": event.name,
        "at": moment,
        "user_id": event.user_id,
        "anonymous_id": event.anonymous_id,
        "body": event.body,
    }
