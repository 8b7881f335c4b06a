"""Boot: what a browser hears when it opens a page: what this user may meet, and all it needs to decide the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from handrail.compile.predicates import found
from handrail.compile.residual import fold
from handrail.core.arbitration import UNITS
from handrail.core.conditions.evaluate import World, attribute_of, evaluate
from handrail.core.conditions.model import Condition
from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Forbidden, Invalid
from handrail.core.fold import facts, facts_of
from handrail.core.pages import covers
from handrail.core.people import FEED, AttributeValue, ExperienceState, Facts, Person, Subject
from handrail.core.values import Refused, check_user_id, day_of, day_start
from handrail.delivery.origins import find_environment
from handrail.delivery.ports import Previewed, Publications
from handrail.delivery.published import Entry, Ready, edges, ready
from handrail.delivery.wire import BootRequest, BootUser, ClaimRequest, RateLimit
from handrail.delivery.words import words_for

NO_STATE = ExperienceState()


class Decision(msgspec.Struct, frozen=True):
    """What boot decided for one user, for those who watch."""

    environment: str
    user: str | None
    url: str
    candidates: list[str]
    at: int


class Delivery:
    """Decides for one installation; keeps each environment's published state compiled."""

    def __init__(self, publications: Publications, watch: Callable[[Decision], None] | None = None) -> None:
        self._publications = publications
        self._ready: dict[str, Ready] = {}
        self._watch = watch

    async def ready(self, environment: str) -> Ready:
        """The environment's published state, compiled once for each revision."""
        snapshot = await self._publications.snapshot(environment)
        kept = self._ready.get(environment)
        if kept is None or kept.snapshot is not snapshot:
            kept = self._ready[environment] = ready(snapshot)
        return kept

    async def environment(self, request: BootRequest | ClaimRequest, origin: str | None) -> EnvironmentSettings:
        """Where a request belongs: an explicit key wins, else the page's origin decides. Raises Forbidden."""
        if request.key is not None:
            found_by_key = await self._publications.environment_by_key(request.key)
            if found_by_key is None:
                raise Forbidden("There is no such write key.", code="unknown_key")
            return found_by_key
        environments = await self._publications.environments(request.project)
        if not environments:
            raise Forbidden("There is no such project.", code="unknown_project")
        return find_environment(environments, origin)

    async def previewed(self, token: str, now: int) -> tuple[Ready, Previewed]:
        """The environment with a preview's version in it. Raises Forbidden for a token that opens nothing."""
        shown = await self._publications.preview(token)
        if shown is None or now >= shown.expires_at:
            raise Forbidden("This preview has ended; ask for a new link.", code="preview_ended")
        snapshot = await self._publications.snapshot(shown.environment)
        others = [each for each in snapshot.experiences if each.id != shown.published.id]
        return ready(msgspec.structs.replace(snapshot, experiences=(*others, shown.published))), shown

    def reply(
        self,
        request: BootRequest,
        state: Ready,
        subject: Subject,
        known: Facts,
        *,
        accepted: list[str],
        rejected: dict[str, str],
        preview: str = "",
    ) -> bytes:
        """The boot reply as JSON. The parts that change with the user are written around the parts that do not.

        `preview` is the key of an experience that is looked at whoever it is for, and whenever.
        """
        settings, now, url, device = state.snapshot.environment, known.now, request.page.url, request.device
        candidates: list[bytes] = []
        content: list[bytes] = []
        names: set[str] = set()
        keys: list[str] = []
        valid_until = day_start(known.today + 1, known.zone) if state.asks_days else 0
        entries, have, experiences, on_page = (
            state.entries,
            request.have,
            subject.experiences,
            state.pages.of(url, device),
        )
        chosen = state.predicate(known)
        given = state.given(url, preview)
        for at in chosen if not given else sorted({*chosen, *given}):
            entry = entries[at]
            key = entry.key
            if entry.plain and key not in experiences:
                candidates.append(entry.whole)
            elif at in given:
                asked = None if entry.tasks is None else entry.tasks.asked(known)
                candidates.append(_candidate(entry, experiences.get(key, NO_STATE), True, 0, 0, asked))
            else:
                left = self.residual(entry, state, known)
                if left is False:
                    continue
                starts, ends = edges(entry.published.document.when, request.zone) if entry.dated else (0, 0)
                if ends and now >= ends:
                    continue
                mine = experiences.get(key, NO_STATE)
                if starts or ends or mine.snoozes:
                    until = mine.snoozes[-1].until if mine.snoozes else 0
                    valid_until = _earliest(valid_until, now, starts, ends, until)
                tasks = None if entry.tasks is None else entry.tasks.asked(known)
                candidates.append(_candidate(entry, mine, left, starts, ends, tasks))
            keys.append(key)
            if entry.names:
                names |= entry.names
            shows = on_page.get(at)
            if shows is None:
                shows = on_page[at] = covers(entry.published.document.where, url, device, found)
            if shows and (entry.inline or preview == key) and entry.published.version not in have:
                content.append(entry.content)
        user_id = None if request.user_id is None else str(request.user_id)
        said = BootUser(
            now=now,
            anonymous_id=request.anonymous_id,
            user_id=user_id,
            attributes=values_of(names, known),
            segments=segments_of(state, known) if request.segments else None,
            valid_until=valid_until,
            rate_limit=rate_limit(settings, state, subject, now),
            accepted=accepted,
            rejected=rejected,
            words=words_for(request.locale),
            feed=experiences.get(FEED),
            preview=preview,
        )
        if self._watch is not None:
            self._watch(Decision(settings.id, user_id or request.anonymous_id, url, keys, now))
        return b'%s,%s,"candidates":[%s],"content":{%s}}' % (
            state.head,
            msgspec.json.encode(said)[1:-1],
            b",".join(candidates),
            b",".join(content),
        )

    @staticmethod
    def residual(entry: Entry, state: Ready, known: Facts) -> Condition | bool:
        """What only the browser can still answer of an audience that may hold; True when nothing is left."""
        if not entry.deferred or entry.audience is None:
            return True
        world = World(known, state.snapshot.segments, None, found)
        return fold(entry.audience, lambda leaf: evaluate(leaf, world).verdict is True)


def _candidate(
    entry: Entry,
    mine: ExperienceState,
    left: Condition | bool,
    starts: int,
    ends: int,
    tasks: Mapping[str, Condition] | None,
) -> bytes:
    parts = [entry.fixed]
    if mine is not NO_STATE:
        parts.append(b',"state":' + msgspec.json.encode(mine))
    if not isinstance(left, bool):
        parts.append(b',"residual":' + msgspec.json.encode(left))
    if starts or ends:
        parts.append(b',"starts":%d,"ends":%d' % (starts, ends))
    if tasks is not None:
        parts.append(b',"tasks":' + msgspec.json.encode(tasks))
    return b"".join(parts) + b"}"


def _earliest(so_far: int, now: int, *instants: int) -> int:
    coming = [instant for instant in (so_far, *instants) if instant > now]
    return min(coming, default=0)


def segments_of(state: Ready, known: Facts) -> list[str]:
    """Keys of the segments the user is in. One that only a browser could answer is not among them."""
    segments = state.snapshot.segments
    world = World(known, segments, None, found)
    return [key for key, condition in sorted(segments.items()) if evaluate(condition, world).verdict is True]


def values_of(names: set[str], known: Facts) -> dict[str, AttributeValue]:
    """Just the attributes that are named and there."""
    return {name: value for name in sorted(names) if (value := attribute_of(name, known)) is not None}


def rate_limit(settings: EnvironmentSettings, state: Ready, subject: Subject, now: int) -> RateLimit | None:
    """The project's limit, and when this user last saw experiences that count for it."""
    limit = settings.rate_limit
    if limit is None:
        return None
    if not subject.experiences:
        return RateLimit(limit.count, limit.every, limit.unit)
    since = now - limit.every * UNITS[limit.unit]
    shown = sorted(
        mine.last_seen for key, mine in subject.experiences.items() if mine.last_seen > since and key in state.limited
    )
    return RateLimit(limit.count, limit.every, limit.unit, shown)


Asking = TypeVar("Asking", BootRequest, ClaimRequest)


def checked(request: Asking) -> Asking:
    """The request with its ids in the form the log knows. Raises Invalid for an id that is none."""
    if request.user_id is not None:
        request.user_id = _id(request.user_id, "userId")
    if request.anonymous_id is not None:
        request.anonymous_id = _id(request.anonymous_id, "anonymousId")
    return request


def _id(value: str | int, member: str) -> str:
    identity = check_user_id(value)
    if isinstance(identity, Refused):
        raise Invalid(f"{member}: {identity.reason}", code="bad_id", path=member)
    return identity


def known_of(subject: Subject, company: object, now: int, zone: str) -> Facts:
    """What conditions may ask of a subject at this instant."""
    return facts(subject, company, day_of(now, zone), now, zone)  # pyright: ignore[reportArgumentType]


def known_now(person: Person, now: int, zone: str) -> Facts:
    """What conditions may ask of a person already read."""
    return facts_of(person, day_of(now, zone), now, zone)
