"""A snapshot made ready to serve: audiences compiled, every candidate's unchanging part encoded once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

import msgspec

from handrail.compile.code import BadCode, name_of
from handrail.compile.normal_form import Both, Either, Leaf, Node, normal_form
from handrail.compile.patterns import compile_pattern
from handrail.compile.predicates import Predicate, compile_audiences
from handrail.core.code import codes_in
from handrail.core.conditions.model import DEFERRED, Condition, Device, PageCondition
from handrail.core.conditions.names import Names, names_in
from handrail.core.experiences import release
from handrail.core.experiences.model import Experience, OnLink, OnNothing, OnPageOpening, Post, ShowOn, When
from handrail.core.experiences.themes import resolved
from handrail.core.experiences.waiting import conditions_in
from handrail.core.experiences.walk import attributes_in, patterns_in
from handrail.core.pages import address_of, parameter
from handrail.delivery.ports import Published, Snapshot
from handrail.delivery.tasks import Tasks, tasks_of, without_conditions
from handrail.delivery.wire import BootHead, Content, Watch

PAGES = 500

LINK = "handrail"
"""The parameter of a shared link, `?handrail=KEY`."""


class Entry(msgspec.Struct, frozen=True):
    """One live experience, ready: what of its candidate never changes, and what its decision needs."""

    published: Published
    fixed: bytes
    """The candidate's JSON without its closing brace, state and residual left out."""
    whole: bytes
    """The candidate's JSON when nothing is left out: for a user who never met it, with nothing left to ask."""
    plain: bool
    """Whether nothing is left to ask once the audience may hold: no dates, no tasks, nothing only a browser knows."""
    key: str
    dated: bool
    """Whether it starts or ends."""
    audience: Node | None
    deferred: bool
    tasks: Tasks | None
    names: frozenset[str]
    content: bytes
    """The content as a member of an object: its version, a colon, its document."""
    inline: bool
    """Whether boot brings the content along; posts are asked for together when the feed is opened."""


class Ready(msgspec.Struct, frozen=True):
    """One environment at one revision, ready to decide."""

    snapshot: Snapshot
    entries: tuple[Entry, ...]
    predicate: Predicate
    attributes: tuple[str, ...]
    """Attributes whose change could flip a verdict."""
    events: tuple[str, ...]
    limited: frozenset[str]
    """Keys of the experiences that count for the project's rate limit, paused ones included."""
    asks_days: bool
    """Whether a verdict can change because a day ends."""
    links: Mapping[str, int]
    """Experiences that a shared link shows, by key."""
    head: bytes
    """The part of a reply that is the same for everybody, without its closing brace."""
    pages: Pages

    def given(self, url: str, preview: str) -> frozenset[int]:
        """What a page's address or a preview gives by name: experiences that nothing else is asked of (RULES 19)."""
        if not preview and (not self.links or LINK not in url):
            return NONE
        address = address_of(url)
        by_link = self.links.get(parameter(address.query, LINK) or "") if address is not None else None
        by_preview = next((at for at, each in enumerate(self.entries) if preview and each.key == preview), None)
        return frozenset(at for at in (by_link, by_preview) if at is not None)


NONE: frozenset[int] = frozenset()


def ready(snapshot: Snapshot) -> Ready:
    """Compile a snapshot. Paused experiences are left out: they are live nowhere. So are those with unapproved code."""
    live = [each for each in snapshot.experiences if not each.paused and not withheld(each, snapshot)]
    names = names_in((asked for each in live for asked in conditions_in(each.document)), snapshot.segments)
    return Ready(
        snapshot=snapshot,
        entries=tuple(_entry(each, snapshot) for each in live),
        predicate=compile_audiences(
            [each.document.audience for each in live], snapshot.segments, snapshot.environment.zone
        ),
        attributes=names.attributes,
        events=names.events,
        limited=frozenset(each.document.key for each in snapshot.experiences if counts(each.document)),
        asks_days=names.asks_days,
        links={each.document.key: at for at, each in enumerate(live) if isinstance(each.document.show_on, OnLink)},
        head=_head(snapshot, names),
        pages=Pages(),
    )


def withheld(published: Published, snapshot: Snapshot) -> bool:
    """Whether it holds code that may not run: whatever way it came here, nobody gets it."""
    return not {code_name(code) for code in codes_in(published.document)} <= snapshot.approved


class Pages:
    """Which experiences cover which page: answered once for each, for the pages asked about lately."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Device], dict[int, bool]] = {}

    def of(self, url: str, device: Device) -> dict[int, bool]:
        """What is known of this page, by the experience's index; whoever finds out more adds it."""
        known = self._known.get((url, device))
        if known is None:
            if len(self._known) >= PAGES:
                self._known.clear()
            known = self._known[url, device] = {}
        return known


def _head(snapshot: Snapshot, names: Names) -> bytes:
    settings = snapshot.environment
    fixed = BootHead(
        environment=settings.id,
        key=settings.write_key,
        project=settings.public_id,
        zone=settings.zone,
        alias=settings.alias,
        revision=snapshot.revision,
        revision_url=f"/sdk/v1/revision/{settings.id}.json",
        # Our own words are told in the reader's language, whether an audience asks for it or not.
        watch=Watch(sorted({*names.attributes, "native.language"}), list(names.events), list(names.experiences)),
    )
    return msgspec.json.encode(fixed)[:-1]


def counts(document: Experience) -> bool:
    """Whether seeing this experience counts for the project's rate limit: an interrupting kind that respects it."""
    return document.__struct_config__.tag in release.INTERRUPTING and document.respects_rate_limit


def _show_on(document: Experience) -> ShowOn:
    """A post is in the feed: a page that opens does not open it."""
    waits = isinstance(document, Post) and isinstance(document.show_on, OnPageOpening)
    return OnNothing() if waits else document.show_on


def _entry(published: Published, snapshot: Snapshot) -> Entry:
    document = published.document
    audience = None if document.audience is None else normal_form(document.audience, snapshot.segments)
    fixed: dict[str, object] = {
        "id": published.id,
        "key": document.key,
        "kind": document.__struct_config__.tag,
        "version": published.version,
        "url": f"/sdk/v1/content/{published.version}.json",
        "priority": document.priority,
        "publishedAt": published.published_at,
        "showOn": _show_on(document),
        "where": document.where,
        "frequency": document.frequency,
        "respectsRateLimit": document.respects_rate_limit,
    }
    if document.__struct_config__.tag in release.STAYING:
        fixed["stays"] = True
    tasks = tasks_of(document, snapshot.segments, snapshot.environment.zone)
    nodes = (*(() if audience is None else (audience,)), *(() if tasks is None else tasks.nodes))
    if patterns := _patterns(document, nodes):
        fixed["patterns"] = patterns
    encoded = msgspec.json.encode(fixed)
    dated = bool(document.when.start or document.when.end)
    deferred = audience is not None and has_deferred(audience)
    return Entry(
        inline=not isinstance(document, Post),
        published=published,
        fixed=encoded[:-1],
        whole=encoded,
        key=document.key,
        plain=tasks is None and not deferred and not dated,
        dated=dated,
        audience=audience,
        deferred=deferred,
        tasks=tasks,
        names=attributes_in(document),
        content=b"%s:%s" % (msgspec.json.encode(published.version), content_of(published)),
    )


def has_deferred(node: Node) -> bool:
    """Whether some leaf below can only be answered by a browser."""
    match node:
        case Leaf(condition):
            return isinstance(condition, DEFERRED)
        case Both(members) | Either(members):
            return any(has_deferred(member) for member in members)
        case _:
            return False


def _patterns(document: Experience, nodes: tuple[Node, ...]) -> dict[str, object]:
    """The programs of every pattern that the browser has to run, by the text the author wrote."""
    found = set(patterns_in(document))
    waiting = list(nodes)
    while waiting:
        match waiting.pop():
            case Leaf(PageCondition(_, "matches", value)):
                found.add(value)
            case Both(members) | Either(members):
                waiting.extend(members)
            case _:
                pass
    return {text: compile_pattern(text) for text in sorted(found)}


def content_of(published: Published) -> bytes:
    """The immutable content document of a version."""
    document = published.document
    content = without_conditions(document)
    return msgspec.json.encode(
        Content(
            version=published.version,
            key=document.key,
            kind=document.__struct_config__.tag,  # pyright: ignore[reportArgumentType] the tag is the kind
            name=document.name,
            default_locale=document.default_locale,
            content=msgspec.Raw(msgspec.json.encode(_named(content) if codes_in(content) else content)),
            theme=msgspec.Raw(msgspec.json.encode(resolved(published.theme))),
        )
    )


def code_name(code: str) -> str:
    """The hash of an action's code; empty for code that cannot be published, which no approval names."""
    try:
        return name_of(code)
    except BadCode:
        return ""


def _named(content: object) -> object:
    """The content with every run_js action's code replaced by the hash that names its module."""

    def named(node: object) -> object:
        match node:
            case {"type": "run_js", "code": str(code)}:
                return {"type": "run_js", "code": code_name(code)}
            case dict():
                return {key: named(value) for key, value in cast("dict[str, object]", node).items()}
            case list() | tuple():
                return [named(each) for each in cast("list[object]", node)]
            case _:
                return node

    return named(msgspec.json.decode(msgspec.json.encode(content)))


def edges(when: When, user_zone: str) -> tuple[int, int]:
    """The instants (milliseconds, 0 for open) at which an experience starts and ends, in its zone or the user's."""
    name = user_zone if when.in_user_zone else when.zone
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    start, end = ((0 if text is None else _instant(text, zone)) for text in (when.start, when.end))
    return start, end


def _instant(text: str, zone: ZoneInfo) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)


__all__ = ["Condition", "Entry", "Ready", "content_of", "edges", "has_deferred", "ready"]
