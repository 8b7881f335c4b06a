"""Rows of the analytic store for users that were never in a log."""

from __future__ import annotations

from collections.abc import Iterable

from handrail.adapters.duckdb import Batch, CompanyRow, EventRow, PersonRow
from tests.support.cases import Asked, attributes


def batch_of(users: Iterable[tuple[int, Asked]], *, environment: str | None = None) -> Batch:
    """Each user as the person `u:<number>` with a company of their own; the environment is their zone by default."""
    people: list[PersonRow] = []
    companies: list[CompanyRow] = []
    events: list[EventRow] = []
    for number, each in users:
        where, person, facts = environment or each.facts.zone, f"u:{number}", each.facts
        known = {f"native.{key}": value for key, value in facts.native.items()}
        known |= {f"custom.{key}": value for key, value in facts.custom.items()}
        people.append(PersonRow(where, person, known, f"company {number}", facts.experiences))
        company = {f"company.{key}": value for key, value in facts.company.items()}
        companies.append(CompanyRow(where, f"company {number}", company))
        for happened in each.events:
            kept = {f"property.{key}": value for key, value in attributes(happened.properties).items()}
            events.append(EventRow(where, person, happened.event, happened.at, kept))
    return Batch(people=people, companies=companies, events=events)
