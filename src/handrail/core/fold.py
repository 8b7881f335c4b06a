"""The fold: events in, state of people out.

Everything here is a join (minimum, maximum, union, last writer by `Stamp`), except counters, which are sums over events
that dedupe lets through once. So the order in which events arrive changes nothing, and `rebuild` finds no difference.

Where an event goes: to the user it names, else to the anonymous id it names. Nothing ever moves between the two; an
identify only leaves a `Link`, an alias only joins two sets of user ids, and `merge` puts a person together at read.

What an `identify` says. From a Segment library (no `context.handrail`), `traits.email`, `name` and `language` set the
native fields, and every trait is a custom attribute too, as Jimo's own destination does it. From our SDK, and from a
destination at the tracking door, `context.handrail.native` carries the native fields and `traits` only custom ones, so
that a custom `email` never changes the native one (RULES 1). `context.handrail.remove_unspecified` drops custom
attributes said before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias, TypeVar

import msgspec

from handrail.core.events import NO_STAMP, Event, Stamp
from handrail.core.people import (
    AttributeValue,
    Claim,
    Company,
    ExperienceState,
    Facts,
    Link,
    Person,
    Snoozed,
    Subject,
    Written,
)
from handrail.core.problems import KEY
from handrail.core.values import Refused, check_attribute, day_of

NATIVE = ("email", "name", "language")
"""The native fields that a caller may set; the others (`first_seen`, `last_seen`, `visits`) follow from events."""

SNOOZES_KEPT = 10
ANSWERS_KEPT = 100
"""Answers kept of one survey, the latest; a survey has fewer questions, so only made-up ones are dropped."""
MAX_ANSWER = 4000
"""Longest answer, in code points, a list as its JSON."""
MAX_KEY = 100
ATTRIBUTES_KEPT = 1000
"""Custom attributes kept of one subject or company, the latest said: a write key is public, and every event of somebody
reads and writes all that is known of them."""
EXPERIENCES_KEPT = 10_000
"""Experiences remembered of one subject, the first by key; a project has fewer, so only made-up ones are dropped."""
TASKS_KEPT = 100
"""Tasks of one checklist that are remembered as done, and as skipped: the latest."""
_INTEGERS = 1 << 63
_FLOATS = 1 << 1023
HALF_HOUR = 1_800_000
DAY = 86_400_000

Properties: TypeAlias = Mapping[str, object]
Counter: TypeAlias = tuple[str, Callable[[Properties], bool] | None]
"""A counter's id, and which events of its name it counts, by their properties; None counts all."""

_Converted = TypeVar("_Converted")

Key: TypeAlias = tuple[str, str]
"""An environment and an id in it. Subjects carry what kind of id: `a:` anonymous, `u:` user."""


class FoldRules(msgspec.Struct, frozen=True):
    """What an environment adds to the fold: the zone its days are counted in, and counters by event name.

    Answers from before `answers_from` (milliseconds) are not kept; that somebody answered is.
    """

    zone: str = "UTC"
    counters: Mapping[str, Sequence[Counter]] = {}
    answers_from: int = 0

    def counter_ids(self) -> frozenset[str]:
        """Every counter that these rules keep."""
        return frozenset(counter for counters in self.counters.values() for counter, _ in counters)

    def counts_as(self, other: FoldRules) -> bool:
        """Whether a fold by these keeps the same as by the others."""
        same = (self.zone, self.answers_from) == (other.zone, other.answers_from)
        return same and self.counter_ids() == other.counter_ids()


class Keys(msgspec.Struct):
    """Rows of state, by kind: what a fold needs, or what it changed."""

    subjects: set[Key] = msgspec.field(default_factory=set[Key])
    companies: set[Key] = msgspec.field(default_factory=set[Key])
    links: set[Key] = msgspec.field(default_factory=set[Key])
    aliases: set[Key] = msgspec.field(default_factory=set[Key])

    def update(self, more: Keys) -> None:
        """Take in more of them."""
        self.subjects |= more.subjects
        self.companies |= more.companies
        self.links |= more.links
        self.aliases |= more.aliases


class State(msgspec.Struct):
    """Folded state, all of it or the rows that one fold needs. `aliases` maps a user id to its set's least id."""

    subjects: dict[Key, Subject] = msgspec.field(default_factory=dict[Key, Subject])
    companies: dict[Key, Company] = msgspec.field(default_factory=dict[Key, Company])
    links: dict[Key, Link] = msgspec.field(default_factory=dict[Key, Link])
    aliases: dict[Key, str] = msgspec.field(default_factory=dict[Key, str])


class _Mark(msgspec.Struct, frozen=True):
    lifecycle: bool = False
    remove_unspecified: bool = False
    native: dict[str, object] | None = None
    visit: bool = True
    """Whether the user was on a page then; false for what a destination says on the server."""


class _Context(msgspec.Struct, frozen=True):
    handrail: _Mark | None = None


class _Body(msgspec.Struct, frozen=True):
    traits: dict[str, object] = {}
    properties: dict[str, object] = {}
    context: _Context = _Context()


class _LooseBody(msgspec.Struct):
    traits: object = None
    properties: object = None
    context: object = None


_BODY = msgspec.json.Decoder(_Body)
_LOOSE_BODY = msgspec.json.Decoder(_LooseBody)
_NOTHING = _Body()


def fold(state: State, events: Iterable[Event], rules: Callable[[str], FoldRules]) -> Keys:
    """Join `events` into `state`, which must hold every row that `needed` names and exists. Returns what changed."""
    changed = Keys()
    subjects, touched = state.subjects, changed.subjects
    environment, applied = "", FoldRules()
    for event in events:
        if event.environment != environment:
            environment = event.environment
            applied = rules(environment)
        key = (environment, "u:" + user_id) if (user_id := event.user_id) is not None else subject_key(event)
        if key is not None:
            subject = subjects.get(key)
            if subject is None:
                subject = subjects[key] = Subject()
            join_event(subject, event, applied)
            touched.add(key)
        kind = event.type
        if kind == "track" or kind == "page":
            continue
        match kind:
            case "identify":
                if event.user_id is not None and event.anonymous_id is not None:
                    _join_link(state, changed, environment, event.anonymous_id, _link(event, event.user_id))
            case "alias":
                if event.user_id is not None and event.previous_id not in (None, event.user_id):
                    # What was known before may have been an anonymous id or a user id; the event does not say.
                    _join_link(state, changed, environment, event.previous_id, _link(event, event.user_id))
                    _join_alias(state, changed, environment, event.previous_id, event.user_id)
            case "group":
                if event.group_id is not None:
                    company_key = (environment, event.group_id)
                    company = state.companies.setdefault(company_key, Company())
                    _write_traits(company.custom, _read(event.body).traits, _stamp(event))
                    changed.companies.add(company_key)
            case _:
                pass
    return changed


def needed(events: Iterable[Event], known: Container[Key] = ()) -> Keys:
    """The rows that folding `events` reads, but no subject that is `known`. For aliases: the whole set of each id."""
    keys = Keys()
    about = keys.subjects
    for event in events:
        environment = event.environment
        key = (environment, "u:" + user_id) if (user_id := event.user_id) is not None else subject_key(event)
        if key is not None and key not in known:
            about.add(key)
        if event.type == "track" or event.type == "page":
            continue
        if event.type == "identify" and event.anonymous_id is not None:
            keys.links.add((environment, event.anonymous_id))
        elif event.type == "alias" and event.previous_id is not None and event.user_id is not None:
            keys.links.add((environment, event.previous_id))
            keys.aliases.update(((environment, event.previous_id), (environment, event.user_id)))
        elif event.type == "group" and event.group_id is not None:
            keys.companies.add((environment, event.group_id))
    return keys


def subject_key(event: Event) -> Key | None:
    """The subject an event is about: its user, else its anonymous id."""
    if event.user_id is not None:
        return (event.environment, "u:" + event.user_id)
    if event.anonymous_id is not None:
        return (event.environment, "a:" + event.anonymous_id)
    return None


def ids_of(subject: str) -> tuple[str | None, str | None]:
    """The anonymous id and the user id that a subject's own id, `a:` or `u:`, says; one of them is None."""
    kind, _, identity = subject.partition(":")
    return (None, identity) if kind == "u" else (identity, None)


def subjects_of(state: State, environment: str, anonymous_id: str | None, user_id: str | None) -> list[Key]:
    """Which subjects are this person: the user's ids joined by alias, and every anonymous id linked to one of them."""
    if user_id is None and anonymous_id is not None:
        link = state.links.get((environment, anonymous_id))
        if link is None:
            return [(environment, "a:" + anonymous_id)]
        user_id = link.user_id
    if user_id is None:
        return []
    users = {user_id}
    canonical = state.aliases.get((environment, user_id))
    if canonical is not None:
        users |= {user for (where, user), least in state.aliases.items() if where == environment and least == canonical}
    keys = [(environment, "u:" + user) for user in sorted(users)]
    keys += sorted(
        (environment, "a:" + anonymous)
        for (where, anonymous), link in state.links.items()
        if where == environment and link.user_id in users
    )
    return keys


def join_event(subject: Subject, event: Event, rules: FoldRules) -> None:
    """Join one event into the subject it is about."""
    at = event.timestamp
    if at < 1:
        at = 1  # 0 means never
    if at < subject.first_seen or not subject.first_seen:
        subject.first_seen = at
    if at > subject.last_seen:
        subject.last_seen = at
    if event.verified == "signature":
        subject.verified = _first(subject.verified, at)
    kind = event.type
    if kind == "track":
        counters = rules.counters.get(event.name or "")
        # A body that never says "handrail" cannot be marked, and most are not: those are not decoded at all.
        # (`find`, because `in` takes it for a number first, and twice as long.)
        if counters is None and bytes(event.body).find(b'"handrail"') < 0:
            return
        body = _read(event.body)
        if body.context.handrail is not None:
            if body.context.handrail.visit:
                _join_visit(subject, at)
            if body.context.handrail.lifecycle:
                _join_lifecycle(subject, event, at, body.properties, rules.answers_from)
        if counters is not None:
            _count(subject, counters, body.properties, at, rules.zone)
    elif kind in {"page", "screen"}:
        _join_visit(subject, at)
    elif kind == "identify":
        body = _read(event.body)
        mark, stamp = body.context.handrail, _stamp(event)
        if mark is not None:
            if mark.visit:
                _join_visit(subject, at)
            native: Properties = mark.native or {}
        else:
            native = body.traits
        for name in NATIVE:
            if name in native:
                _write(subject.native, name, native[name], stamp)
        if mark is not None and mark.remove_unspecified:
            _clear(subject, stamp)
        _write_traits(subject.custom, body.traits, stamp, subject.cleared)
    elif kind == "group" and event.group_id is not None:
        written = Written(event.group_id, _stamp(event))
        if subject.company is None or written.stamp > subject.company.stamp:
            subject.company = written


def count_back(state: State, event: Event, rules: FoldRules) -> None:
    """Count one event that was folded before its counters existed; nothing else of it is joined again."""
    key = subject_key(event)
    if event.type == "track" and key in state.subjects and (counters := rules.counters.get(event.name or "")):
        at = max(event.timestamp, 1)
        _count(state.subjects[key], counters, _read(event.body).properties, at, rules.zone)


def forget_answers(subject: Subject, before: int) -> bool:
    """Take out what was answered before an instant; that it was answered stays. Whether there was any."""
    found = False
    for state in subject.experiences.values():
        for question in [key for key, written in state.answers.items() if written.stamp.timestamp < before]:
            del state.answers[question]
            found = True
    return found


def users_among(keys: Iterable[str]) -> list[str]:
    """The user ids among the ids of subjects."""
    return [key.removeprefix("u:") for key in keys if key.startswith("u:")]


def merge(subjects: Iterable[Subject], users: Iterable[str] = ()) -> Subject:
    """One person out of the subjects that belong together. Shares nothing with them; their order does not matter.

    `users` are the user ids that are this person, those without a subject included.
    """
    found = list(subjects)
    whole = _copy(found.pop()) if len(found) == 1 else Subject()
    whole.users = sorted(users)
    for subject in found:
        whole.first_seen = _first(whole.first_seen, subject.first_seen)
        whole.last_seen = max(whole.last_seen, subject.last_seen)
        whole.verified = _first(whole.verified, subject.verified)
        for day, bits in subject.visited.items():
            whole.visited[day] = whole.visited.get(day, 0) | bits
        for mine, theirs in ((whole.native, subject.native), (whole.custom, subject.custom)):
            for name, written in theirs.items():
                if name not in mine or written.stamp > mine[name].stamp:
                    mine[name] = written
        whole.cleared = max(whole.cleared, subject.cleared)
        if subject.company is not None and (whole.company is None or subject.company.stamp > whole.company.stamp):
            whole.company = subject.company
        for key, state in subject.experiences.items():
            whole.experiences[key] = _joined(whole.experiences.get(key, ExperienceState()), state)
        for counter, days in subject.counters.items():
            counts = whole.counters.setdefault(counter, {})
            for day, count in days.items():
                counts[day] = counts.get(day, 0) + count
    if whole.cleared > NO_STAMP:
        _clear(whole, whole.cleared)
    for key, state in whole.experiences.items():
        if state.reset:
            whole.experiences[key] = since_reset(state)
    return whole


def _copy(subject: Subject) -> Subject:
    return Subject(
        first_seen=subject.first_seen,
        last_seen=subject.last_seen,
        verified=subject.verified,
        visited=dict(subject.visited),
        native=dict(subject.native),
        custom=dict(subject.custom),
        cleared=subject.cleared,
        company=subject.company,
        experiences={key: _joined(ExperienceState(), state) for key, state in subject.experiences.items()},
        counters={counter: dict(days) for counter, days in subject.counters.items()},
    )


def since_reset(state: ExperienceState) -> ExperienceState:
    """What is left of an experience's state after its latest reset.

    The joined parts stay as they are, so that any order of arrival gives one answer; of several views after the reset
    only the last is known, which then stands for the first as well.
    """

    def after(instant: int) -> int:
        return instant if instant > state.reset else 0

    return ExperienceState(
        first_seen=after(state.first_seen) or after(state.last_seen),
        last_seen=after(state.last_seen),
        completed=after(state.completed),
        dismissed=after(state.dismissed),
        answered=after(state.answered),
        snoozes=[snooze for snooze in state.snoozes if snooze.at > state.reset],
        answers={key: each for key, each in state.answers.items() if each.stamp.timestamp > state.reset},
        done={task: at for task, at in state.done.items() if at > state.reset},
        skipped={task: at for task, at in state.skipped.items() if at > state.reset},
        reset=state.reset,
        claim=state.claim,
    )


def facts(subject: Subject, company: Company | None, today: int, now: int, zone: str) -> Facts:
    """What a condition may know of a merged subject. Tombstones are gone: a missing attribute is simply not there."""
    return facts_of(person(subject, company), today, now, zone)


def person(subject: Subject, company: Company | None) -> Person:
    """A merged subject with its company, attributes ready to be asked."""
    native = _values(subject.native)
    if subject.first_seen:
        native["first_seen"] = _iso(subject.first_seen)
        native["last_seen"] = _iso(subject.last_seen)
    native["visits"] = count_visits(subject.visited)
    return Person(
        subject=subject,
        native=native,
        custom=_values(subject.custom),
        company=_values(company.custom) if company is not None else {},
    )


def company_id(subject: Subject) -> str | None:
    """The company a merged subject belongs to, if any."""
    value = subject.company.value if subject.company is not None else None
    return value if isinstance(value, str) else None


def facts_of(known: Person, today: int, now: int, zone: str) -> Facts:
    """What a condition may know of a person on this day and at this instant."""
    return Facts(
        native=known.native,
        custom=known.custom,
        company=known.company,
        experiences=known.subject.experiences,
        events=known.subject.counters,
        users=frozenset(known.subject.users),
        today=today,
        now=now,
        zone=zone,
    )


def count_visits(visited: Mapping[int, int]) -> int:
    """Visits: stretches of half-hours with activity. A half-hour without any ends a visit."""
    visits, day_before, carry = 0, -2, 0
    for day in sorted(visited):
        bits = visited[day]
        visits += (bits & ~((bits << 1) | (carry if day == day_before + 1 else 0))).bit_count()
        day_before, carry = day, bits >> 47
    return visits


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = int((datetime(2, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds() * 1000)
_LAST = int((datetime(9998, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds() * 1000)


def read_traits(event: Event) -> tuple[Properties, Properties | None]:
    """An event's traits; and its native fields, None when it came from a Segment library that has none of its own."""
    body = _read(event.body)
    mark = body.context.handrail
    return body.traits, None if mark is None else mark.native or {}


def _stamp(event: Event) -> Stamp:
    return Stamp(event.timestamp, event.message_id)


def _link(event: Event, user_id: str) -> Link:
    return Link(_stamp(event), user_id)


def _read(raw: msgspec.Raw) -> _Body:
    """An event's body. A member of the wrong type counts as absent: a fold never fails."""
    try:
        return _BODY.decode(raw)
    except msgspec.ValidationError:
        pass
    except msgspec.DecodeError:
        return _NOTHING
    try:
        loose = _LOOSE_BODY.decode(raw)
    except msgspec.DecodeError:
        return _NOTHING
    return _Body(
        traits=_convert(loose.traits, dict[str, object]) or {},
        properties=_convert(loose.properties, dict[str, object]) or {},
        context=_convert(loose.context, _Context) or _Context(),
    )


def _convert(value: object, kind: type[_Converted]) -> _Converted | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def _write_traits(written: dict[str, Written], traits: Properties, stamp: Stamp, cleared: Stamp | None = None) -> None:
    if cleared is not None and stamp < cleared:
        return
    for name, value in traits.items():
        _write(written, name, value, stamp)
    if len(written) > ATTRIBUTES_KEPT:
        # Cutting off the earliest leaves a join: what stays was never among the cut.
        for name in sorted(written, key=lambda each: (written[each].stamp, each))[:-ATTRIBUTES_KEPT]:
            del written[name]


def _write(written: dict[str, Written], name: str, value: object, stamp: Stamp) -> None:
    last = written.get(name)
    if last is not None and last.stamp >= stamp:
        return
    checked = check_attribute(_bounded(value))
    if not isinstance(checked, Refused):
        written[name] = Written(checked, stamp)


def _bounded(value: object) -> object:
    """JSON knows no bound for a number, but every store and the browser do."""
    if isinstance(value, int) and not -_INTEGERS <= value < _INTEGERS:
        return float(value) if abs(value) < _FLOATS else math.inf
    return value


def _clear(subject: Subject, stamp: Stamp) -> None:
    subject.cleared = max(subject.cleared, stamp)
    gone = [name for name, written in subject.custom.items() if written.stamp < subject.cleared]
    for name in gone:
        del subject.custom[name]


def _join_visit(subject: Subject, at: int) -> None:
    day = at // DAY
    subject.visited[day] = subject.visited.get(day, 0) | 1 << (at % DAY // HALF_HOUR)


def _join_lifecycle(subject: Subject, event: Event, at: int, properties: Properties, answers_from: int) -> None:
    key = properties.get("experience")
    if not isinstance(key, str) or not key:
        return
    said = ExperienceState(first_seen=at, last_seen=at)
    match event.name:
        case "experience_reset":
            said = ExperienceState(reset=at)
        case "experience_claimed":
            claimant = properties.get("claimant")
            if not isinstance(claimant, str) or not 0 < len(claimant) <= MAX_KEY:
                return
            # Whoever claimed it has not seen it yet.
            said = ExperienceState(claim=Claim(at, claimant))
        case "experience_seen":
            pass
        # Whoever completed, dismissed or snoozed it has seen it, also when that event was lost.
        case "experience_completed":
            said.completed = at
        case "experience_dismissed":
            said.dismissed = at
        case "experience_snoozed":
            until = properties.get("until")
            if isinstance(until, int | float) and not isinstance(until, bool) and abs(until) < 1 << 53:
                said.snoozes = [Snoozed(at, event.message_id, int(until))]
        case "question_answered":
            question, answer = properties.get("step"), check_attribute(_bounded(properties.get("answer")), MAX_ANSWER)
            if not isinstance(question, str) or KEY.fullmatch(question) is None or isinstance(answer, Refused):
                return
            if event.timestamp >= answers_from:
                said.answers = {question: Written(answer, _stamp(event))}
            # An answer that was taken back leaves a tombstone, as an attribute does.
            said.answered = 0 if answer is None else at
        case "step_seen" if properties.get("kind") == "hint":
            mark = properties.get("step")
            if isinstance(mark, str) and 0 < len(mark) <= MAX_KEY:
                said.done[mark] = at
        case "feed_opened" | "post_seen":
            pass
        case "feed_reset":
            said = ExperienceState(reset=at)
        case "post_liked":
            said.done["like"] = at
        case "post_unliked":
            said.skipped["like"] = at
        case "post_commented":
            said.done["comment"] = at
        case "task_completed" | "task_skipped":
            task = properties.get("task")
            if isinstance(task, str) and 0 < len(task) <= MAX_KEY:
                settled = said.done if event.name == "task_completed" else said.skipped
                settled[task] = at
        case _:
            return
    subject.experiences[key] = _joined(subject.experiences.get(key, ExperienceState()), said)
    if len(subject.experiences) > EXPERIENCES_KEPT:
        # By key, because what is known of one that comes back must not have been cut before.
        del subject.experiences[max(subject.experiences)]


def _joined(one: ExperienceState, other: ExperienceState) -> ExperienceState:
    answers = dict(one.answers)
    for question, written in other.answers.items():
        if question not in answers or written.stamp > answers[question].stamp:
            answers[question] = written
    if len(answers) > ANSWERS_KEPT:
        latest = sorted(answers, key=lambda question: answers[question].stamp)[-ANSWERS_KEPT:]
        answers = {question: answers[question] for question in latest}
    return ExperienceState(
        first_seen=_first(one.first_seen, other.first_seen),
        last_seen=max(one.last_seen, other.last_seen),
        completed=max(one.completed, other.completed),
        dismissed=max(one.dismissed, other.dismissed),
        answered=max(one.answered, other.answered),
        snoozes=sorted({*one.snoozes, *other.snoozes})[-SNOOZES_KEPT:],
        answers=answers,
        reset=max(one.reset, other.reset),
        done=_latest(one.done, other.done),
        skipped=_latest(one.skipped, other.skipped),
        claim=max(one.claim, other.claim),
    )


def _latest(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The greatest instant of each task. Cutting off the earliest leaves a join: what stays was never among the cut."""
    latest = {task: max(one.get(task, at), at) for task, at in {**one, **other}.items()}
    if len(latest) <= TASKS_KEPT:
        return latest
    return dict(sorted(latest.items(), key=lambda pair: (pair[1], pair[0]))[-TASKS_KEPT:])


def _count(subject: Subject, counters: Sequence[Counter], properties: Properties, at: int, zone: str) -> None:
    day = day_of(at, zone)
    for counter, holds in counters:
        if holds is None or holds(properties):
            days = subject.counters.setdefault(counter, {})
            days[day] = days.get(day, 0) + 1


def _join_link(state: State, changed: Keys, environment: str, anonymous_id: str, link: Link) -> None:
    key = (environment, anonymous_id)
    if key not in state.links or link < state.links[key]:
        state.links[key] = link
        changed.links.add(key)


def _join_alias(state: State, changed: Keys, environment: str, one: str, other: str) -> None:
    sets = {state.aliases.get((environment, each), each) for each in (one, other)}
    least = min(sets)
    joined = {one, other} | {
        user for (where, user), canonical in state.aliases.items() if where == environment and canonical in sets
    }
    for user in joined:
        key = (environment, user)
        if state.aliases.get(key) != least:
            state.aliases[key] = least
            changed.aliases.add(key)


def _first(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other


def _values(written: Mapping[str, Written]) -> dict[str, AttributeValue]:
    return {name: each.value for name, each in written.items() if each.value is not None}


def _iso(instant: int) -> str:
    second, milliseconds = divmod(min(max(instant, _FIRST), _LAST), 1000)
    return f"{_iso_second(second)}.{milliseconds:03}Z"


@lru_cache(maxsize=4096)
def _iso_second(second: int) -> str:
    # Many are seen in one second, and writing a date is most of what reading a person takes.
    return (_EPOCH + timedelta(seconds=second)).replace(tzinfo=None).isoformat(timespec="seconds")
