"""Erasure: what becomes of each event when somebody is erased."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias

import msgspec

from handrail.core.events import Event
from handrail.core.fold import read_traits, subject_key

Cut: TypeAlias = Callable[[Event], Event | None]
"""What stays of an event: itself, less of it, or nothing."""


def cutting(environment: str, subjects: Collection[str]) -> Cut:
    """What stays of each event once `subjects` (`u:` or `a:` and an id) are erased from an environment.

    A company is no person: what a group call said of it stays, without whoever said it. An event of another user from
    the same device stays without the device's id.
    """
    gone = frozenset(subjects)

    def cut(event: Event) -> Event | None:
        if event.environment != environment:
            return event
        key = subject_key(event)
        joins = event.previous_id is not None and ("u:" + event.previous_id in gone or "a:" + event.previous_id in gone)
        if joins or (key is not None and key[1] in gone):
            return _company_alone(event)
        if event.anonymous_id is not None and "a:" + event.anonymous_id in gone:
            return msgspec.structs.replace(event, anonymous_id=None)
        return event

    return cut


def rows_of(subjects: Collection[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Where an analytic store holds something of these subjects: table, column and the values that name them."""
    named, ids = [*subjects], [each[2:] for each in subjects]
    for table in ("people", "experiences", "answers"):
        yield table, "person", named
    for table in ("events", "persons"):
        yield table, "subject", named
    yield "links", "anonymous_id", ids
    yield "links", "user_id", ids
    yield "aliases", "user_id", ids


def belongs(event: Event, environment: str, subjects: Collection[str]) -> bool:
    """Whether an event is one of these subjects'."""
    key = subject_key(event)
    return key is not None and key[0] == environment and key[1] in subjects


def _company_alone(event: Event) -> Event | None:
    if event.type != "group":
        return None
    traits, _ = read_traits(event)
    body = msgspec.Raw(msgspec.json.encode({"traits": traits}))
    return msgspec.structs.replace(event, user_id=None, anonymous_id=None, verified=None, body=body)
