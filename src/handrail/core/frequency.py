"""Frequency: how soon the same user may meet an experience again.

`spec/cases/frequency` is the authority. A snoozed view is no view here: while the latest snooze is not older than the
latest sight, the experience is due again as soon as the snooze is over. Kinds that stay (checklists, the resource
center) are not used up by being seen: there, the frequency says when one comes back that the user put away, and one
that was completed is over.
"""

from __future__ import annotations

import msgspec

from handrail.core.experiences.model import EveryDays, EveryTime, Frequency, Once
from handrail.core.people import ExperienceState
from handrail.core.values import day_of, day_start


class Due(msgspec.Struct, frozen=True):
    """Whether it is due, the reason code when it is not, and the instant from which it is (None for never)."""

    due: bool
    because: str = ""
    again_at: int | None = None


def due(
    frequency: Frequency,
    state: ExperienceState,
    now: int,
    zone: str,
    *,
    shown_in_load: bool = False,
    stays: bool = False,
    returns: bool = False,
) -> Due:
    """Whether the experience may show again. `shown_in_load`: this page load and show-on firing showed it already.

    `stays`: its kind stays on the page (`release.STAYING`). `returns`: it may come back after it was completed, as
    after it was dismissed (`release.RETURNING`).
    """
    if stays and state.completed and not returns:
        return Due(False, "frequency_once")
    last_seen = max(state.dismissed, state.completed) if stays else state.last_seen
    snooze = state.snoozes[-1] if state.snoozes else None
    if snooze is not None and snooze.at >= max(last_seen, state.dismissed, state.completed):
        return Due(True) if now >= snooze.until else Due(False, "snoozed", snooze.until)
    match frequency:
        case EveryTime():
            return Due(False, "frequency_load") if shown_in_load else Due(True)
        case Once():
            return Due(False, "frequency_once") if last_seen else Due(True)
        case EveryDays(days):
            if not last_seen:
                return Due(True)
            next_day = day_of(last_seen, zone) + days
            return (
                Due(True) if day_of(now, zone) >= next_day else Due(False, "frequency_days", day_start(next_day, zone))
            )


def snoozes_used(state: ExperienceState) -> int:
    """Snoozes of this recurrence cycle: those after the last completion or dismissal."""
    since = max(state.completed, state.dismissed)
    return sum(snooze.at > since for snooze in state.snoozes)
