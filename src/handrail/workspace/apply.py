"""Apply: bring an environment to what a set of documents says, all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from handrail.compile.patterns import why_not
from handrail.core.conditions.model import Condition
from handrail.core.conditions.problems import condition_problems
from handrail.core.errors import Conflict, Invalid
from handrail.core.experiences.codec import encode_experience
from handrail.core.experiences.model import Experience
from handrail.core.experiences.problems import Surroundings, find_problems
from handrail.core.experiences.themes import Theme, theme_problems
from handrail.core.problems import Problem, key_problems
from handrail.core.segments import Segment, segment_problems
from handrail.segmentio.destination.model import Destination, destination_problems
from handrail.workspace.code import refusal_of
from handrail.workspace.ports import Connected, Live, Work

Document: TypeAlias = Experience | Segment | Theme | Destination
NO_EXPERIENCE = (Segment, Theme, Destination)
Change: TypeAlias = Literal["created", "updated", "resumed", "unchanged", "paused"]


class Placed(msgspec.Struct, frozen=True):
    """A document and where it was written: `source` is a file's name, or empty."""

    document: Document
    source: str = ""
    root: str = ""
    """The path of the document inside its file, such as `[2]` in a list; problems add theirs behind it."""


class Found(msgspec.Struct, frozen=True):
    """A problem and the file it is in."""

    source: str
    path: str
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"


class NotPublishable(Invalid):
    """Documents have problems; every one is listed with its file and path."""

    code = "not_publishable"

    def __init__(self, problems: Sequence[Found]) -> None:
        first = problems[0]
        place = f"{first.source}: {first.path}".strip(": ")
        super().__init__(f"{place}: {first.message}", path=first.path)
        self.problems = list(problems)


class Changed(msgspec.Struct, frozen=True):
    """What an apply did to one document."""

    kind: str
    key: str
    change: Change


class Applied(msgspec.Struct, frozen=True):
    """What an apply did, and the environment's revision after it."""

    revision: int
    changes: list[Changed]
    warnings: list[Found]


async def apply(
    work: Work, environment: str, documents: Sequence[Placed], now: int, *, base: int | None = None, prune: bool = False
) -> Applied:
    """Publish what differs from the environment named by `environment` (a key); `prune` pauses what is not listed.

    Raises NotPublishable with every problem, and Conflict when `base` is no longer the environment's revision.
    """
    await work.claim()
    place = await work.environment(environment)
    if base is not None and base != await work.revision(place.id):
        raise Conflict(f"{environment!r} was published to since revision {base}: pull, look, and apply again.")
    live, segments, themes = await work.live(place.id), await work.segments(), await work.themes()
    connected = await work.destinations(place.id)
    approved = await work.code.approved()
    problems = check(documents, live=live, segments=segments, themes=themes, run_js=place.run_js, approved=approved)
    problems += _elsewhere(documents, place.public_id)
    if any(problem.severity == "error" for problem in problems):
        raise NotPublishable(sorted(problems, key=lambda each: each.severity))
    coming = themes | {each.document.key: each.document for each in documents if isinstance(each.document, Theme)}
    changes = [
        await _connect(work, place.id, placed.document, connected)
        if isinstance(placed.document, Destination)
        else await _keep(work, place.id, placed.document, live, segments, themes, coming, now)
        for placed in documents
    ]
    changes += await _restyle(work, place.id, documents, live, coming, now)
    if prune:
        listed = {placed.document.key for placed in documents if not isinstance(placed.document, Destination)}
        for key, published in live.items():
            if key not in listed and not published.paused:
                await work.pause(place.id, key, True)
                changes.append(Changed(kind_of(published.document), key, "paused"))
        wanted = {placed.document.key for placed in documents if isinstance(placed.document, Destination)}
        for key, each in connected.items():
            if key not in wanted and not each.paused:
                await work.put_destination(place.id, each.document, True)
                changes.append(Changed("destination", key, "paused"))
    stirred = any(changed.change != "unchanged" for changed in changes)
    revision = await work.announce(place.id) if stirred else await work.revision(place.id)
    return Applied(revision, changes, problems)


def kind_of(document: Document) -> str:
    """The word for a document: an experience's kind, `segment`, `theme` or `destination`."""
    match document:
        case Segment():
            return "segment"
        case Theme():
            return "theme"
        case _:
            return str(document.__struct_config__.tag)


def _elsewhere(documents: Sequence[Placed], public_id: str) -> list[Found]:
    """Destinations whose Id is not this project's: in a browser they would ask for another one."""
    return [
        _placed(placed, Problem("other_project", "settings.projectId", f"This project's Id is {public_id}.", "warning"))
        for placed in documents
        if isinstance(placed.document, Destination) and placed.document.settings.projectId != public_id
    ]


async def _connect(work: Work, environment: str, document: Destination, connected: dict[str, Connected]) -> Changed:
    before = connected.get(document.key)
    if before is None or before.document != document or before.paused:
        await work.put_destination(environment, document, False)
    if before is None:
        return Changed("destination", document.key, "created")
    if before.document != document:
        return Changed("destination", document.key, "updated")
    return Changed("destination", document.key, "resumed" if before.paused else "unchanged")


async def _keep(
    work: Work,
    environment: str,
    document: Experience | Segment | Theme,
    live: dict[str, Live],
    segments: dict[str, Segment],
    themes: dict[str, Theme],
    coming: dict[str, Theme],
    now: int,
) -> Changed:
    match document:
        case Segment():
            before = segments.get(document.key)
            if before != document:
                await work.put_segment(document)
        case Theme():
            before = themes.get(document.key)
            if before != document:
                await work.put_theme(document)
        case _:
            published = live.get(document.key)
            before = published.document if published else None
            theme = theme_of(document, coming)
            same = published is not None and encode_experience(published.document) == encode_experience(document)
            same = same and published is not None and published.theme == theme
            if published and same and published.paused:
                await work.pause(environment, document.key, False)
                return Changed(kind_of(document), document.key, "resumed")
            if not same:
                version = await work.add_version(document, theme, now)
                await work.publish(environment, document.key, version, now)
            else:
                before = document
    change = "created" if before is None else "unchanged" if before == document else "updated"
    return Changed(kind_of(document), document.key, change)


def theme_of(document: Experience, themes: dict[str, Theme]) -> Theme:
    """The theme a document is drawn with: its own, else the one called `default`, else the built-in look."""
    own = themes.get(document.theme) if document.theme is not None else None
    return own or themes.get("default") or Theme(key="default")


async def _restyle(
    work: Work, environment: str, documents: Sequence[Placed], live: dict[str, Live], themes: dict[str, Theme], now: int
) -> list[Changed]:
    """New versions of what is live, not listed, and drawn with a theme that changed: content never changes in place."""
    listed = {placed.document.key for placed in documents if not isinstance(placed.document, NO_EXPERIENCE)}
    changes: list[Changed] = []
    for key, published in live.items():
        theme = theme_of(published.document, themes)
        if key in listed or published.paused or published.theme == theme:
            continue
        await work.publish(environment, key, await work.add_version(published.document, theme, now), now)
        changes.append(Changed(kind_of(published.document), key, "updated"))
    return changes


def check(
    documents: Sequence[Placed],
    *,
    live: dict[str, Live],
    segments: dict[str, Segment],
    themes: dict[str, Theme],
    run_js: bool = False,
    approved: frozenset[str] | None = None,
) -> list[Found]:
    """Every problem of a set of documents that would come to stand beside what is there.

    `approved`: the hashes of approved code; None where nothing is asked but whether code is JavaScript.
    """
    found = list(_twice(documents))
    coming = [placed.document for placed in documents]
    known: dict[str, Condition] = {key: segment.asks for key, segment in segments.items()}
    known |= {each.key: each.asks for each in coming if isinstance(each, Segment)}
    kinds = {key: kind_of(each.document) for key, each in live.items() if not each.paused}
    kinds |= {each.key: kind_of(each) for each in coming if not isinstance(each, NO_EXPERIENCE)}
    around = Surroundings(
        experiences=frozenset(kinds),
        posts=frozenset({key for key, kind in kinds.items() if kind == "post"}),
        segments=known,
        themes=frozenset(themes) | frozenset({each.key for each in coming if isinstance(each, Theme)}),
        run_js=run_js,
        check_pattern=why_not,
        check_code=lambda code: refusal_of(code, approved),
    )
    for placed in documents:
        found += [_placed(placed, problem) for problem in _problems_of(placed.document, around)]
    return found


def _problems_of(document: Document, around: Surroundings) -> list[Problem]:
    match document:
        case Segment():
            return [
                *key_problems(document.key),
                *segment_problems(document),
                *_asked_problems(document, around),
            ]
        case Theme():
            return list(theme_problems(document))
        case Destination():
            return list(destination_problems(document))
        case _:
            return find_problems(document, around)


def _asked_problems(segment: Segment, around: Surroundings) -> list[Problem]:
    # A manual segment's list stands in the document itself, not under `condition`.
    path = "condition" if segment.condition is not None else ""
    found = condition_problems(segment.asks, path, around, inside=(segment.key,))
    return [msgspec.structs.replace(problem, path=problem.path.lstrip(".")) for problem in found]


def _placed(placed: Placed, problem: Problem) -> Found:
    path = f"{placed.root}.{problem.path}" if placed.root else problem.path
    return Found(placed.source, path, problem.code, problem.message, problem.severity)


def _twice(documents: Sequence[Placed]) -> list[Found]:
    """Documents of one sort that share a key."""
    first: dict[tuple[str, str], Placed] = {}
    found: list[Found] = []
    for placed in documents:
        kind = kind_of(placed.document)
        sort = (kind if isinstance(placed.document, NO_EXPERIENCE) else "experience", placed.document.key)
        if sort in first:
            message = f"{sort[0]} {sort[1]!r} is also written in {first[sort].source or 'the same set'}."
            found.append(Found(placed.source, f"{placed.root}.key".lstrip("."), "duplicate_key", message))
        first.setdefault(sort, placed)
    return found
