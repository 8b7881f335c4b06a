"""Retention: how long a project's events, answers and idle visitors are kept, and the clock that it is held against.

What is deleted by a wrong clock is gone, so nothing is deleted by a clock that jumped: it has to have gone on steadily
for three days, or a member has to say that the date is right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Protocol

import msgspec

from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Conflict, Invalid
from handrail.core.problems import Problem
from handrail.core.retention import LEAST_DAYS, Leaving

HOUR, DAY = 3_600_000, 86_400_000
LONGEST_ABSENCE = 3 * DAY
"""Milliseconds that a server may have been off: after more, its clock is one that jumped."""
SETTLED = 3 * DAY
"""Milliseconds after which a clock is believed."""
IDLE_DAYS = 30
"""Days after which an anonymous visitor is forgotten, unless the log is kept for longer."""
MOST_DAYS = 3650
SOME = 5_000
"""Visitors that are looked at in one go."""


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whole days (UTC) that a project keeps things for; 0 is for good. None is the installation's own, or `IDLE_DAYS`.

    `log_days`: raw events, and by them repeats. `event_days`: events in the analytic store. `answer_days`: what users
    answered in surveys. `anonymous_days`: visitors without a user, since they were last seen.
    """

    log_days: int | None = None
    event_days: int = 0
    answer_days: int = 0
    anonymous_days: int | None = None


class Kept(msgspec.Struct, frozen=True):
    """What holds: every member of `Retention` as a number."""

    log_days: int
    event_days: int
    answer_days: int
    anonymous_days: int


class Clock(msgspec.Struct, frozen=True):
    """How the servers' clock went on. Milliseconds: since when without a jump, when it was last read, the last jump."""

    steady_since: int
    read_at: int
    jumped: int = 0


class RetentionShown(msgspec.Struct, frozen=True):
    """A project's settings, what holds, and whether the clock is believed."""

    settings: Retention
    kept: Kept
    trusted: bool
    clock: Clock | None


class RetentionSettings(Protocol):
    """What every project keeps things for, and the clock of the installation."""

    async def of(self, project: str, /) -> Retention: ...
    async def put(self, project: str, settings: Retention, /) -> None: ...
    async def answers_from(self, project: str, /) -> int: ...
    async def move_answers(self, project: str, instant: int, /) -> None: ...
    async def clock(self) -> Clock | None: ...
    async def read_clock(self, read: Callable[[Clock | None], Clock], /) -> Clock: ...


class RetainingLog(Protocol):
    """The log as retention needs it."""

    async def retain(self, today: date, usual: int, days: Mapping[str, int], upto: int | None, /) -> int: ...
    async def expire(self, environment: str, before: int, /) -> list[str]: ...
    async def forget_answers(self, environment: str, before: int, /) -> None: ...


class RetainingAnalytics(Protocol):
    """The analytic store as retention needs it."""

    async def visitors(self, environment: str, /, *, after: str, limit: int) -> list[str]: ...
    async def retain(self, environment: str, leaving: Leaving, /) -> None: ...


class Known(Protocol):
    """Whom the state knows."""

    async def known(self, environment: str, subjects: Collection[str], /) -> set[str]: ...


class NotKept(Invalid):
    """Settings have problems; every one is listed with its path."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message, path=problems[0].path)
        self.problems = list(problems)


def read_clock(clock: Clock | None, now: int) -> Clock:
    """What is known of the clock once it was read at `now`."""
    if clock is None:
        return Clock(now, now)
    moved = now - clock.read_at
    if not -HOUR <= moved <= LONGEST_ABSENCE:
        return Clock(now, now, moved)
    if now - clock.steady_since >= SETTLED:
        return Clock(clock.steady_since, now)
    return Clock(clock.steady_since, now, clock.jumped)


def is_trusted(clock: Clock) -> bool:
    """Whether something may be deleted by this clock."""
    return clock.read_at - clock.steady_since >= SETTLED


def confirmed(now: int) -> Clock:
    """The clock once a member said that its date is right."""
    return Clock(now - SETTLED, now)


def kept_by(settings: Retention, log_days: int) -> Kept:
    """What holds where the installation keeps its log for `log_days`."""
    log = log_days if settings.log_days is None else settings.log_days
    idle = max(IDLE_DAYS, log) if settings.anonymous_days is None else settings.anonymous_days
    return Kept(log, settings.event_days, settings.answer_days, idle)


async def settle(kept: RetentionSettings, project: str, settings: Retention, log_days: int) -> None:
    """Keep settings. Raises NotKept with every problem."""
    if problems := list(_problems(settings, log_days)):
        raise NotKept(problems)
    await kept.put(project, settings)


async def show(kept: RetentionSettings, project: str, log_days: int) -> RetentionShown:
    """What holds in a project."""
    settings, clock = await kept.of(project), await kept.clock()
    return RetentionShown(settings, kept_by(settings, log_days), clock is not None and is_trusted(clock), clock)


async def let_go(
    kept: RetentionSettings,
    log: RetainingLog,
    environments: Collection[EnvironmentSettings],
    followed: Callable[[], Awaitable[None]],
    *,
    now: int,
    log_days: int,
    taken: int | None,
) -> None:
    """Delete from log and state what is past its time, in every environment; it may run again.

    `followed` returns once the fold keeps no answers from before what `kept` says. `taken` is the position that an
    analytic store has reached: what it has not taken yet is nowhere else. Raises Conflict after the clock jumped.
    """
    clock = await kept.read_clock(lambda before: read_clock(before, now))
    if not is_trusted(clock):
        if clock.jumped:
            days = round(clock.jumped / DAY)
            raise Conflict(
                f"The clock moved by {days} days since it was last read, so nothing is deleted by it until it has gone "
                "on for three days. If the date is right: handrail retention confirm-date, then replay this job."
            )
        return
    today = datetime.fromtimestamp(now / 1000, UTC).date()
    rules = await _rules(kept, environments, log_days)
    days = {each.id: rules[each.project].log_days for each in environments}
    await log.retain(today, max([log_days, *days.values()]), days, taken)
    for project, holds in rules.items():
        if answers := _begin(now, holds.answer_days):
            await kept.move_answers(project, answers)
    await followed()
    for each in environments:
        holds = rules[each.project]
        if answers := _begin(now, holds.answer_days):
            await log.forget_answers(each.id, answers)
        if idle := _begin(now, holds.anonymous_days):
            await log.expire(each.id, idle)


async def let_go_analytics(
    kept: RetentionSettings,
    state: Known,
    analytics: RetainingAnalytics,
    environments: Collection[EnvironmentSettings],
    *,
    now: int,
    log_days: int,
) -> None:
    """Delete from an analytic store what is past its time, and visitors whom the state let go; it may run again.

    Several processes may keep a store each, so it looks for itself, whoever it was that saw to the state. Nothing goes
    by a clock that is not to be believed.
    """
    clock = await kept.clock()
    if clock is None or not is_trusted(clock):
        return
    rules = await _rules(kept, environments, log_days)
    for each in environments:
        holds = rules[each.project]
        events, answers = _begin(now, holds.event_days), _begin(now, holds.answer_days)
        gone = await _gone(state, analytics, each.id)
        await analytics.retain(each.id, Leaving(events, answers, gone))


async def _rules(
    kept: RetentionSettings, environments: Collection[EnvironmentSettings], log_days: int
) -> dict[str, Kept]:
    return {each.project: kept_by(await kept.of(each.project), log_days) for each in environments}


def _begin(now: int, days: int) -> int:
    """The instant from which on something is kept for so many days; 0 when it is kept for good."""
    return now - now % DAY - days * DAY if days else 0


async def _gone(state: Known, analytics: RetainingAnalytics, environment: str) -> list[str]:
    """Visitors whom the store has, and the state no longer."""
    gone, after = list[str](), ""
    while page := await analytics.visitors(environment, after=after, limit=SOME):
        known = await state.known(environment, page)
        gone += [each for each in page if each not in known]
        after = page[-1]
    return gone


def _problems(settings: Retention, log_days: int) -> Iterator[Problem]:
    holds = kept_by(settings, log_days)
    if not LEAST_DAYS <= holds.log_days <= MOST_DAYS:
        yield Problem("log_days", "log_days", f"The log is kept for {LEAST_DAYS} to {MOST_DAYS} days.")
    for name in ("event_days", "answer_days", "anonymous_days"):
        days: int = getattr(holds, name)
        if not 0 <= days <= MOST_DAYS:
            yield Problem(name, name, f"From 1 to {MOST_DAYS} days, or 0 for good.")
        elif days and days < holds.log_days:
            # The log would bring back, at the next rebuild, what was let go.
            yield Problem(name, name, f"At least as long as the log, which is kept for {holds.log_days} days.")
