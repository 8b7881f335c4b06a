"""Plan: what an apply would change, and who would gain and lose each experience; nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from handrail.compile.queries import Audience, Query, Scope, audience_of, difference
from handrail.core.conditions.model import Condition
from handrail.workspace.apply import Changed, Found, Placed, apply
from handrail.workspace.ports import Work, Works
from handrail.workspace.questions.ask import Analytics, Place

Audiences: TypeAlias = Mapping[str, Condition | None]


class Standing(msgspec.Struct, frozen=True):
    """The audiences of what is live and not paused, by key, and the segments they may ask for."""

    audiences: Audiences
    segments: Mapping[str, Condition]


class Planned(msgspec.Struct, frozen=True):
    """What an apply would do, and how the environment stands before and after it."""

    revision: int
    changes: list[Changed]
    warnings: list[Found]
    before: Standing
    after: Standing


class Effect(msgspec.Struct, frozen=True):
    """Who may meet one experience after an apply, and how many gain and lose it. `up_to`: at most so many."""

    experience: str
    users: int
    gain: int
    lose: int
    up_to: bool


class Plan(msgspec.Struct, frozen=True):
    """What an apply would do. `effects` are of experiences whose audience changes, by themselves or by a segment."""

    revision: int
    changes: list[Changed]
    warnings: list[Found]
    effects: list[Effect]


class _NotKept(Exception):
    """Ends a transaction without keeping it."""


async def planned(
    works: Works,
    project: str,
    environment: str,
    documents: Sequence[Placed],
    now: int,
    *,
    base: int | None = None,
    prune: bool = False,
) -> Planned:
    """Apply in a transaction that is not kept. Raises what `apply` raises."""
    made: list[Planned] = []
    try:
        async with works(project) as work:
            place = await work.environment(environment)
            revision = await work.revision(place.id)
            before = await _standing(work, place.id)
            applied = await apply(work, environment, documents, now, base=base, prune=prune)
            after = await _standing(work, place.id)
            made.append(Planned(revision, applied.changes, applied.warnings, before, after))
            raise _NotKept
    except _NotKept:
        return made[0]


async def _standing(work: Work, environment: str) -> Standing:
    live = await work.live(environment)
    segments = await work.segments()
    return Standing(
        {key: each.document.audience for key, each in live.items() if not each.paused},
        {key: segment.asks for key, segment in segments.items()},
    )


async def effects(plan: Planned, place: Place, analytics: Analytics) -> list[Effect]:
    """Who gains and loses what, counted in the analytic store."""
    found: list[Effect] = []
    for key in sorted(plan.before.audiences.keys() | plan.after.audiences.keys()):
        before, after = (_audience(key, standing, place) for standing in (plan.before, plan.after))
        if before != after:
            found.append(await _effect(key, before, after, place, analytics))
    return found


def _audience(key: str, standing: Standing, place: Place) -> Audience:
    """Who may meet an experience as things stand; nobody, when it is not live."""
    if key not in standing.audiences:
        return audience_of(None, {}, today=place.today, zone=place.zone, nobody=True)
    return audience_of(standing.audiences[key], standing.segments, today=place.today, zone=place.zone)


async def _effect(key: str, before: Audience, after: Audience, place: Place, analytics: Analytics) -> Effect:
    scope = Scope(place.environment)
    return Effect(
        key,
        await analytics.count(Query(scope=scope, where=after.may)),
        await analytics.count(difference(after, before, scope=scope)),
        await analytics.count(difference(before, after, scope=scope)),
        before.up_to or after.up_to,
    )
