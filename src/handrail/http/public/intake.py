"""Keeping what a door accepted: limits first, then the log, and the books whatever came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from handrail.core.errors import HandrailError, TooMany
from handrail.core.events import Event
from handrail.http.deps import Deps
from handrail.ingest.accept import Accepted, Rejection
from handrail.ingest.ports import Appended

BROWSERS_BRING = 8
"""Users in one request up to which each is held to a user's limit. More of them is a server speaking for many."""


async def keep(deps: Deps, environment: str, now: int, accepted: Accepted, events: Sequence[Event]) -> Appended:
    """Append `events`, which destinations may have made of the accepted ones. Raises TooMany or Unavailable."""
    try:
        hold_to_limits(deps, environment, now, events)
        appended = await deps.log.append(events)
    except HandrailError as error:
        deps.accounts.lost(environment, now, accepted, error)
        raise
    deps.accounts.kept(environment, now, accepted, len(events), appended)
    if accepted.rejections:
        deps.tell("rejections", accepted.rejections, environment)
    if events:
        deps.tell("events", events, environment)
    return appended


def hold_to_limits(deps: Deps, environment: str, now: int, events: Sequence[Event]) -> None:
    """Count events against their key and, where they are a browser's, their users. Raises TooMany."""
    if not events:
        return
    limits = deps.limits
    limits.key(environment, len(events), now)
    users = {event.user_id or event.anonymous_id for event in events}
    if len(users) <= BROWSERS_BRING:
        for user, count in Counter(event.user_id or event.anonymous_id for event in events).items():
            limits.user(environment, user or "", count, now)


def refuse_one(deps: Deps, environment: str, now: int, error: HandrailError) -> None:
    """Note a call that came by itself and is no event."""
    if isinstance(error, TooMany):
        return
    rejection = Rejection(error.path, error.code, error.message)
    deps.accounts.refuse(environment, now, rejection)
    deps.tell("rejections", (rejection,), environment)
