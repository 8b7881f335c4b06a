"""The API's route about counters: what the fold counts for an environment, and how far it has come with new ones."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from handrail.delivery.counting import counting
from handrail.http.api.policy import ApiRequest, admin_of
from handrail.http.api.showing import shown
from handrail.ingest.ports import Progress


class CounterShown(msgspec.Struct, frozen=True):
    """One counter. `filtered`: it counts only events whose properties fit a condition."""

    id: str
    event: str
    filtered: bool


class CountersShown(msgspec.Struct, frozen=True):
    """An environment's counters; `counting` while new ones are being counted over the log."""

    counters: list[CounterShown]
    counting: Progress | None


@get("/api/v1/counters", policy="experiences:read", answer=CountersShown)
async def list_counters(request: ApiRequest, environment: FromQuery[str] = "production") -> Response[bytes]:
    """What is counted for segments and audiences, and how far new counters have been counted back over the log."""
    admin = admin_of(request)
    place = await admin.place(environment)
    state = await admin.delivery.ready(place.id)
    rules = counting(state.snapshot)
    counters = [
        CounterShown(identity, event, holds is not None)
        for event, named in sorted(rules.counters.items())
        for identity, holds in named
    ]
    return shown(CountersShown(counters, await admin.log.counting(place.id)))


counter_routes = (list_counters,)
