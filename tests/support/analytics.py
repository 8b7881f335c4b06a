"""Rows of the analytic store for users that were never in a log."""

from __future__ import annotations

from collections.abc import Iterable

from handrail.ingest.replica import Batch, CompanyRow, EventRow, PersonRow
from tests.support.cases import Asked, attributes


def batch_of(users: Iterable[tuple[int, Asked]], *, environment: str | None = None) -> Batch:
    """Each user as the person `u:<number>` with a company of their own; an environment of their own by default."""
    people: list[PersonRow] = []
    companies: list[CompanyRow] = []
    events: list[EventRow] = []
    persons: dict[tuple[str, str], str] = {}
    for number, each in users:
        where, person, facts = environment or place(number, each), f"u:{number}", each.facts
        persons |= {(where, f"u:{user}"): person for user in facts.users}
        known = {f"native.{key}": value for key, value in facts.native.items()}
        known |= {f"custom.{key}": value for key, value in facts.custom.items()}
        people.append(PersonRow(where, person, known, f"company {number}", facts.experiences))
        company = {f"company.{key}": value for key, value in facts.company.items()}
        companies.append(CompanyRow(where, f"company {number}", company))
        for happened in each.events:
            events.append(EventRow(where, person, happened.event, happened.at, attributes(happened.properties)))
    return Batch(people=people, companies=companies, events=events, persons=persons, named=persons)


def place(number: int, each: Asked) -> str:
    """The environment of a case's user, `<number> <zone>`."""
    return f"{number} {each.facts.zone}"


def zone_of(environment: str) -> str:
    """The zone of an environment that is called like this."""
    return environment.partition(" ")[2]
