"""Explain: why an experience shows, or does not, for a user, a page and an instant: every line with its verdict."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from handrail.compile.predicates import found
from handrail.core.arbitration import UNITS, Contender, turn, within_limit
from handrail.core.checklists import progress_of
from handrail.core.claims import holder
from handrail.core.conditions.evaluate import Browser, Line, World, evaluate
from handrail.core.conditions.model import Device
from handrail.core.experiences import release
from handrail.core.experiences.checklists import ChecklistContent
from handrail.core.experiences.model import Checklist, EveryTime, OnPageOpening, Post
from handrail.core.frequency import due
from handrail.core.pages import Where, covers, covers_rule, part_of
from handrail.core.people import ExperienceState, Facts, Subject
from handrail.delivery.boot import rate_limit
from handrail.delivery.ports import Published
from handrail.delivery.published import Ready, counts, edges, withheld


class Explained(msgspec.Struct, frozen=True):
    """One experience's explanation. `because` is the reason code of the line that decided, empty when it shows."""

    key: str
    name: str
    shows: bool | None
    because: str
    lines: tuple[Line, ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """For whom, where and when."""

    url: str
    device: Device = "desktop"
    zone: str = "UTC"


def explain(state: Ready, subject: Subject, known: Facts, asked: Asked, key: str | None = None) -> list[Explained]:
    """Every experience of the environment (or the one with this key), the ones that would show first."""
    alone = {each.document.key: _explain(each, state, subject, known, asked) for each in state.snapshot.experiences}
    competing = [
        each for each in state.snapshot.experiences if opens(each) and alone[each.document.key].shows is not False
    ]
    waiting = [each.document.key for each in sorted(competing, key=lambda each: turn(_contender(each)))]
    told = dict(alone)
    for place, later in enumerate(waiting[1:], start=1):
        # Of those ahead only one that shows for certain, by itself, rules out whoever comes after it.
        certain = next((ahead for ahead in waiting[:place] if alone[ahead].shows), None)
        first = certain or waiting[0]
        note = f"{first} goes first" if certain else f"{first} goes first where it shows"
        line = Line(
            f"its turn among those that interrupt: {place + 1} of {len(waiting)}",
            False if certain else None,
            first,
            note,
        )
        told[later] = msgspec.structs.replace(
            alone[later],
            shows=False if certain else None,
            because="outranked" if certain else "",
            lines=(*alone[later].lines, line),
        )
    chosen = [each for each in told.values() if key is None or each.key == key]
    return sorted(chosen, key=lambda each: (each.shows is False, each.key))


def opens(published: Published) -> bool:
    """Whether it competes, as a page opens, for the one place that interrupting experiences share."""
    document = published.document
    return document.__struct_config__.tag in release.INTERRUPTING and isinstance(document.show_on, OnPageOpening)


def _contender(published: Published) -> Contender:
    document = published.document
    return Contender(
        id=published.id,
        respects_rate_limit=document.respects_rate_limit,
        priority=document.priority,
        published_at=published.published_at,
    )


def _explain(published: Published, state: Ready, subject: Subject, known: Facts, asked: Asked) -> Explained:
    document = published.document
    lines: list[Line] = []
    because = ""
    shows: bool | None = True
    for code, line in _lines(published, state, subject, known, asked):
        lines.append(line)
        if line.verdict is False and shows is not False:
            shows, because = False, code
        elif line.verdict is None and shows is True:
            shows = None
    return Explained(document.key, document.name, shows, because, tuple(lines))


def _lines(
    published: Published, state: Ready, subject: Subject, known: Facts, asked: Asked
) -> Iterator[tuple[str, Line]]:
    document, now = published.document, known.now
    settings = state.snapshot.environment
    live = "paused" if published.paused else "live"
    yield "paused", Line(f"published to {settings.name}", not published.paused, live, f"version {published.version}")
    if withheld(published, state.snapshot):
        why = "its code is approved" if settings.run_js else "the Run JavaScript agreement is signed"
        yield "run_js", Line(why, False, "no", "what holds code that may not run is withheld")
    starts, ends = edges(document.when, asked.zone)
    if starts:
        yield "not_started", Line(f"starts {clock(starts)}", now >= starts, clock(now))
    if ends:
        yield "ended", Line(f"ends {clock(ends)}", now < ends, clock(now))
    browser = Browser(url=asked.url, device=asked.device)
    if document.audience is None:
        yield "audience", Line("audience: everyone", True)
    else:
        line = evaluate(document.audience, World(known, state.snapshot.segments, None, found))
        yield "audience", msgspec.structs.replace(line, text=f"audience: {line.text}")
    yield "where", _where(document.where, browser)
    show_on = document.show_on
    opens = isinstance(show_on, OnPageOpening) and not isinstance(document, Post)
    note = "" if opens else "waits for it; page opening alone does not start it"
    if isinstance(document, Post):
        note = "a post is in the feed and never opens by itself"
    yield (
        "show_on",
        Line(f"show on {str(show_on.__struct_config__.tag).replace('_', ' ')}", True if opens else None, note=note),
    )
    mine = subject.experiences.get(document.key, ExperienceState())
    if isinstance(document, Checklist):
        yield "tasks", _tasks(document.content, mine, World(known, state.snapshot.segments, None, found))
    kind = document.__struct_config__.tag
    stays, returns = kind in release.STAYING, kind in release.RETURNING
    verdict = due(document.frequency, mine, now, known.zone, stays=stays, returns=returns)
    again = f"due again {clock(verdict.again_at)}" if verdict.again_at else ""
    seen = f"seen {clock(mine.last_seen)}" if mine.last_seen else "never seen"
    frequency = msgspec.json.encode(document.frequency).decode()
    yield verdict.because or "frequency_once", Line(f"frequency {frequency}", verdict.due, seen, again)
    if not isinstance(document.frequency, EveryTime) and document.frequency.strict:
        note = "the browser that claimed it may still draw it, no other" if holder(mine) else ""
        claim = f"claimed {clock(mine.claim.at)}" if holder(mine) else "not claimed"
        yield "claimed", Line("strict: claimed by one browser before it is drawn", None if note else True, claim, note)
    limit = rate_limit(settings, state, subject, now)
    if limit is not None and counts(document):
        allowance = within_limit(limit.count, limit.every * UNITS[limit.unit], limit.shown, now)
        plural = "" if limit.every == 1 else "s"
        text = f"rate limit: {limit.count} every {limit.every} {limit.unit}{plural}"
        shown = f"{len(limit.shown)} shown"
        yield (
            "rate_limit",
            Line(text, allowance.allowed, shown, "" if allowance.allowed else f"again {clock(allowance.again_at)}"),
        )


def _tasks(content: ChecklistContent, mine: ExperienceState, world: World) -> Line:
    """How far the user is: a line for each task, and what its condition says now."""
    progress = progress_of(content, mine)
    lines: list[Line] = []
    for task, state in zip(content.tasks, progress.tasks, strict=True):
        asked = () if task.done_when is None else (evaluate(task.done_when, world),)
        lines.append(Line(f"task {task.key}", state in ("done", "skipped"), state, lines=asked))
    return Line("tasks settled", True, f"{progress.settled} of {len(lines)}", lines=tuple(lines))


def _where(where: Where, browser: Browser) -> Line:
    lines: list[Line] = []
    if where.devices:
        lines.append(Line(f"device is {' or '.join(where.devices)}", browser.device in where.devices, browser.device))
    rules = [(rule, "page") for rule in where.include] + [(rule, "not page") for rule in where.exclude]
    for rule, word in rules:
        held = covers_rule(rule, browser.url, found)
        name = f" {rule.name}" if rule.name else ""
        text = f"{word} {rule.part}{name} {rule.operator} {rule.value!r}"
        lines.append(Line(text, held is (word == "page"), part_of(rule, browser.url)))
    verdict = covers(where, browser.url, browser.device, found)
    return Line(
        "where: any include, no exclude" if lines else "where: every page", verdict, browser.url, lines=tuple(lines)
    )


def clock(instant: int) -> str:
    """An instant as people read it, in UTC."""
    return datetime.fromtimestamp(instant / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


MARKS = {True: "+", False: "-", None: "?"}


def as_text(explained: list[Explained]) -> str:
    """Explanations as indented lines: `+` holds, `-` does not, `?` only the browser can tell."""
    out: list[str] = []
    for each in explained:
        conclusion = {True: "shows", None: "may show", False: f"does not show ({each.because})"}[each.shows]
        out.append(f"{MARKS[each.shows]} {each.key}: {conclusion}")
        for line in each.lines:
            out += _text(line, 1)
        out.append("")
    return "\n".join(out).rstrip()


def line_text(line: Line) -> list[str]:
    """One explanation as indented lines."""
    return _text(line, 0)


def _text(line: Line, depth: int) -> list[str]:
    value = (
        ""
        if line.actual is None
        else f"  [{line.actual if isinstance(line.actual, str) else msgspec.json.encode(line.actual).decode()}]"
    )
    note = f"  ({line.note})" if line.note else ""
    own = f"{'    ' * depth}{MARKS[line.verdict]} {line.text}{value}{note}"
    return [own, *(each for below in line.lines for each in _text(below, depth + 1))]
