"""Every problem of an experience document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from handrail.core.conditions.problems import condition_problems, rule_problems
from handrail.core.experiences import release
from handrail.core.experiences.model import (
    Banner,
    Checklist,
    EveryDays,
    EveryTime,
    Experience,
    Hint,
    OnEvent,
    OnPageOpening,
    Post,
    ResourceCenter,
    Survey,
    Tour,
)
from handrail.core.experiences.problems.banners import banner_problems
from handrail.core.experiences.problems.checklists import checklist_problems
from handrail.core.experiences.problems.hints import hint_problems
from handrail.core.experiences.problems.place import Surroundings, seconds_problems
from handrail.core.experiences.problems.posts import post_problems
from handrail.core.experiences.problems.resource_centers import resource_center_problems
from handrail.core.experiences.problems.surveys import survey_problems
from handrail.core.experiences.problems.tours import tour_problems
from handrail.core.experiences.texts import LOCALE
from handrail.core.problems import Problem, key_problems

LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?", re.ASCII)


def find_problems(document: Experience, around: Surroundings) -> list[Problem]:
    """All problems of a document, errors and warnings, in document order."""
    return list(_problems(document, around))


def _problems(document: Experience, around: Surroundings) -> Iterator[Problem]:
    kind = str(document.__struct_config__.tag)
    if kind not in release.KINDS:
        message = f"This release cannot run a {kind}; it runs {release.listed(release.KINDS)}."
        yield Problem("unsupported_kind", "kind", message)
    yield from key_problems(document.key)
    if not document.name.strip():
        yield Problem("no_name", "name", "An experience needs a name that people know it by.")
    if document.audience is not None:
        yield from condition_problems(document.audience, "audience", around)
    for which, rules in (("include", document.where.include), ("exclude", document.where.exclude)):
        for at, rule in enumerate(rules):
            yield from rule_problems(rule, f"where.{which}[{at}]", around)
    yield from _show_on_problems(document)
    yield from _when_problems(document)
    if isinstance(document.frequency, EveryDays) and document.frequency.days < 1:
        yield Problem("days", "frequency.days", "A frequency in days starts at 1.")
    if kind in release.STAYING and not isinstance(document.frequency, EveryTime) and document.frequency.strict:
        message = f"A {kind} stays on the page, in every tab; only what comes and goes can be shown strictly once."
        yield Problem("strict", "frequency.strict", message)
    if document.theme is not None and document.theme not in around.themes:
        yield Problem("unknown_theme", "theme", f"There is no theme {document.theme!r}.")
    if LOCALE.fullmatch(document.default_locale) is None:
        message = f"{document.default_locale!r} is no language; write en, fr, pt-BR."
        yield Problem("locale", "default_locale", message)
    match document:
        case Tour():
            yield from tour_problems(document, around)
        case Banner():
            yield from banner_problems(document, around)
        case Survey():
            yield from survey_problems(document, around)
        case Hint():
            yield from hint_problems(document, around)
        case Checklist():
            yield from checklist_problems(document, around)
        case ResourceCenter():
            yield from resource_center_problems(document, around)
        case Post():
            yield from post_problems(document, around)


def _show_on_problems(document: Experience) -> Iterator[Problem]:
    word = str(document.show_on.__struct_config__.tag)
    if word not in release.SHOW_ON:
        message = f"This release cannot show on {word}; it knows {release.listed(release.SHOW_ON)}."
        yield Problem("unsupported_show_on", "show_on.on", message)
    match document.show_on:
        case OnEvent(event) if not event.strip():
            yield Problem("empty_name", "show_on.event", "An event has a name.")
        case OnPageOpening(seconds):
            yield from seconds_problems(seconds, "show_on.delay_seconds")
        case _:
            pass


def _when_problems(document: Experience) -> Iterator[Problem]:
    edges: dict[str, datetime] = {}
    for edge, text in (("start", document.when.start), ("end", document.when.end)):
        if text is None:
            continue
        try:
            if LOCAL.fullmatch(text) is None:
                raise ValueError(text)
            edges[edge] = datetime.fromisoformat(text)
        except ValueError:
            message = f"{text!r} is no local date-time such as 2026-12-01T09:00; `zone` says whose."
            yield Problem("date", f"when.{edge}", message)
    if len(edges) == 2 and edges["end"] <= edges["start"]:
        yield Problem("end_before_start", "when.end", "The end is not after the start.")
    try:
        ZoneInfo(document.when.zone)
    except (KeyError, ValueError, OSError):
        yield Problem("zone", "when.zone", f"There is no time zone {document.when.zone!r}.")
