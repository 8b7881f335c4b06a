"""A history of people who turn out to be each other, and who of them satisfies what: the store is asked beside it."""

from __future__ import annotations

from random import Random
from typing import Any, Protocol

from handrail.compile.filters import property_filter
from handrail.compile.patterns import found
from handrail.compile.queries import Query, Scope, audience
from handrail.core.conditions.counters import counter_id, counters_in
from handrail.core.conditions.evaluate import World, evaluate
from handrail.core.conditions.model import Condition, parse_condition
from handrail.core.events import Event
from handrail.core.fold import FoldRules, facts
from handrail.core.values import day_of
from handrail.ingest.ports import Log
from handrail.testing.log import MemoryLog
from tests.support.events import NOON, a_lifecycle_event, an_event

ZONE = "Europe/Berlin"
TODAY = day_of(NOON, ZONE)
DAY = 86_400_000
CONDITIONS: list[Condition] = [
    parse_condition(each)
    for each in (
        {"attribute": "custom.plan", "operator": "is", "value": "pro"},
        {"attribute": "custom.plan", "operator": "is_not", "value": "pro"},
        {"attribute": "custom.seats", "operator": ">", "value": 2},
        {"attribute": "custom.plan", "operator": "is_set"},
        {"attribute": "native.email", "operator": "ends_with", "value": "@acme.example"},
        {"attribute": "native.first_seen", "operator": "within_last", "value": 2},
        {"attribute": "native.visits", "operator": ">=", "value": 1},
        {"attribute": "company.tier", "operator": "is", "value": "gold"},
        {"not": {"attribute": "company.tier", "operator": "is", "value": "gold"}},
        {"event": "Order Completed", "operator": ">=", "value": 2},
        {"event": "Order Completed", "operator": "=", "value": 1, "within_days": 2},
        {
            "event": "Order Completed",
            "operator": "<",
            "value": 2,
            "where": {"attribute": "property.total", "operator": ">=", "value": 10},
        },
        {"experience": "welcome", "fact": "completed"},
        {"not": {"experience": "welcome", "fact": "seen", "within_days": 1}},
        {"experience": "welcome", "fact": "snoozed"},
        {"event_time": "Order Completed", "which": "first", "operator": "more_than_ago", "value": 2},
        {"event_time": "Order Completed", "which": "last", "operator": "within_last", "value": 2},
        {"users": ["bob", "x"]},
        {"not": {"users": ["ann", "cleo"]}},
    )
]


def rules() -> FoldRules:
    """The counters that the conditions ask for."""
    counters: dict[str, list[Any]] = {}
    for condition in CONDITIONS:
        for leaf in counters_in(condition, {}).values():
            keeps = None if leaf.where is None else property_filter(leaf.where, ZONE)
            if all(identity != counter_id(leaf) for identity, _ in counters.setdefault(leaf.event, [])):
                counters[leaf.event].append((counter_id(leaf), keeps))
    return FoldRules(ZONE, counters)


class Store(Protocol):
    """An analytic store, as far as these tests ask it."""

    async def fill(self, log: Log, *, limit: int = 1000) -> int:
        """Take the next events."""
        ...

    async def count(self, query: Query) -> int:
        """How many."""
        ...

    async def list(self, query: Query, *, after: str = "", limit: int = 1000) -> list[str]:
        """Who."""
        ...


def scope() -> Scope:
    """Where the history happened."""
    return Scope("production")


async def fill(store: Store, log: Log, limit: int = 1000) -> None:
    """Fill a store with all there is."""
    while await store.fill(log, limit=limit):
        pass


async def listed(store: Store, condition: Condition | None) -> set[str]:
    """Whom a store finds, each of them once, and as many as it counts."""
    query = audience(condition, {}, scope=scope(), today=TODAY, zone=ZONE)
    people = await store.list(query)
    assert await store.count(query) == len(people) == len(set(people))
    return set(people)


def people_of(log: MemoryLog) -> set[str]:
    """Everybody the log knows, by the name the store gives them."""
    found: set[str] = set()
    for environment, subject in log.state.subjects:
        kind, _, identity = subject.partition(":")
        if kind == "a" and (link := log.state.links.get((environment, identity))) is not None:
            kind, identity = "u", link.user_id
        if kind == "u":
            identity = log.state.aliases.get((environment, identity), identity)
        found.add(f"{kind}:{identity}")
    return found


async def expected(log: MemoryLog, condition: Condition) -> set[str]:
    """Who satisfies a condition by the log's own people and the walk."""
    found_people: set[str] = set()
    people = log.people("production")
    for person in people_of(log):
        kind, _, identity = person.partition(":")
        subject = await people.user(*((None, identity) if kind == "u" else (identity, None)))
        company = None if subject.company is None else await people.company(str(subject.company.value))
        known = facts(subject, company, TODAY, NOON, ZONE)
        if evaluate(condition, World(known, {}, None, found)).verdict is True:
            found_people.add(person)
    return found_people


def history(draw: Random, count: int, prefix: str = "m") -> list[Event]:
    """Events of a handful of people who turn out to be each other; their ids begin with `prefix`."""
    anonymous, users, companies = ("x", "y", "z"), ("ann", "bob", "cleo"), ("acme", "globex")
    events: list[Event] = []
    for number in range(count):
        at = NOON - draw.choice((0, 1, DAY, 2 * DAY, 9 * DAY)) + draw.randrange(1000)
        who: dict[str, str | None] = draw.choice(
            ({"user_id": draw.choice(users)}, {"user_id": None, "anonymous_id": draw.choice(anonymous)})
        )
        common: dict[str, Any] = {"at": at, **who}
        match draw.randrange(8):
            case 0 | 1 | 2:
                events.append(an_event(f"{prefix}{number}", properties={"total": draw.randrange(20)}, **common))
            case 3:
                traits = {"plan": draw.choice(("pro", "trial", None, 3)), "seats": draw.randrange(5)}
                traits |= {"email": draw.choice(("jo@acme.example", "jo@globex.example"))}
                events.append(an_event(f"{prefix}{number}", "identify", traits=traits, **common))
            case 4:
                both: dict[str, Any] = {"user_id": draw.choice(users), "anonymous_id": draw.choice(anonymous)}
                events.append(an_event(f"{prefix}{number}", "identify", at=at, traits={}, **both))
            case 5:
                pair: dict[str, Any] = {"user_id": draw.choice(users), "previous_id": draw.choice((*users, *anonymous))}
                events.append(an_event(f"{prefix}{number}", "alias", at=at, **pair))
            case 6:
                tier = {"tier": draw.choice(("gold", "tin"))}
                events.append(
                    an_event(f"{prefix}{number}", "group", traits=tier, group_id=draw.choice(companies), **common)
                )
            case _:
                name = draw.choice(("experience_seen", "experience_completed", "experience_snoozed"))
                events.append(a_lifecycle_event(f"{prefix}{number}", name, "welcome", at=at, until=at + DAY))
    return events
