"""What boot says and hears. TypeScript's twin is generated from these structs (`web/packages/wire`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from handrail.core.conditions.model import Condition, Device
from handrail.core.experiences.model import Frequency, Kind, ShowOn
from handrail.core.pages import Where
from handrail.core.people import AttributeValue, ExperienceState


class Page(msgspec.Struct, omit_defaults=True):
    """The page the browser is on."""

    url: str
    title: str = ""
    referrer: str = ""


class BootRequest(msgspec.Struct, rename="camel", omit_defaults=True):
    """`POST /sdk/v1/boot`, JSON in a text/plain body. `batch` holds the outbox's unsent events, Segment-shaped."""

    project: str
    page: Page
    sdk: str
    key: str | None = None
    anonymous_id: str | None = None
    user_id: str | int | None = None
    device: Device = "desktop"
    locale: str = "en"
    zone: str = "UTC"
    sent_at: str | None = None
    batch: list[msgspec.Raw] = []
    signature: str | None = None
    """Proves that the page may speak for `user_id`, where the project verifies identities."""
    have: list[str] = []
    """Versions whose content the browser holds."""
    preview: str | None = None
    """A preview's token: boot answers for its persona, with its version, and counts nothing."""
    segments: bool = False
    """Whether the page asked which segments the user is in; else boot keeps their names to itself."""


class ClaimRequest(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """`POST /sdk/v1/claim`, JSON in a text/plain body. `claimant` is what a browser calls itself, always the same."""

    project: str
    experience: str
    claimant: str
    key: str | None = None
    anonymous_id: str | None = None
    user_id: str | int | None = None
    signature: str | None = None


class ClaimReply(msgspec.Struct, rename="camel"):
    """Why the experience may not be drawn: `claimed` by another browser, or not due; empty when it may."""

    because: str


class Candidate(msgspec.Struct, rename="camel", omit_defaults=True):
    """One live experience this user may meet. `residual` is what only the browser can answer; absent means nothing.

    `starts` and `ends` are instants (milliseconds, 0 for open). `url` is where the version's content is.
    """

    id: str
    key: str
    kind: Kind
    version: str
    url: str
    priority: int
    published_at: int
    show_on: ShowOn
    where: Where
    frequency: Frequency
    respects_rate_limit: bool = True
    stays: bool = False
    """Its kind stays on the page, in every tab: seeing it does not use it up."""
    starts: int = 0
    ends: int = 0
    residual: Condition | None = None
    state: ExperienceState | None = None
    patterns: dict[str, msgspec.Raw] = {}
    """Programs for the patterns that `where`, `residual` and `tasks` name, by the text the author wrote."""
    tasks: dict[str, Condition] = {}
    """What is left to ask of each part that waits for a condition; an empty `all` holds, an empty `any` does not.

    A checklist's task stands by its key, a tour's condition as `step/trigger/condition`, counted from 0.
    """


class RateLimit(msgspec.Struct, rename="camel"):
    """At most `count` interrupting experiences every `every` `unit`s. `shown`: instants of the latest that count."""

    count: int
    every: int
    unit: Literal["minute", "hour", "day", "week"]
    shown: list[int] = []


class Watch(msgspec.Struct, rename="camel", omit_defaults=True):
    """What could flip a verdict when it changes: boot again when it does.

    Attributes with their source, names of events, and keys of experiences (seen, completed, dismissed and the like).
    """

    attributes: list[str] = []
    events: list[str] = []
    experiences: list[str] = []


class BootReply(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Boot's answer. `attributes` holds just what the candidates' templates name. Instants in milliseconds.

    `content` inlines versions that may show on this page now, by version. `valid_until`: boot again once it passed.
    """

    environment: str
    key: str
    project: str
    now: int
    zone: str
    alias: bool
    anonymous_id: str | None = None
    user_id: str | None = None
    attributes: dict[str, AttributeValue] = {}
    segments: list[str] | None = None
    revision: str
    revision_url: str
    candidates: list[Candidate] = []
    watch: Watch = msgspec.field(default_factory=Watch)
    valid_until: int = 0
    rate_limit: RateLimit | None = None
    content: dict[str, msgspec.Raw] = {}
    accepted: list[str] = []
    """messageIds of `batch` that are on disk now."""
    rejected: dict[str, str] = {}
    """messageIds of `batch` that were refused, with the reason."""
    preview: str = ""
    """The key of the experience that is previewed."""
    words: Mapping[str, str] = {}
    """Our own words in the reader's language; English ones are in the browser already."""
    feed: ExperienceState | None = None
    """What is known of the posts feed: when it was last opened."""


class BootHead(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """The members of a `BootReply` that are the same for everybody until something is published."""

    environment: str
    key: str
    project: str
    zone: str
    alias: bool
    revision: str
    revision_url: str
    watch: Watch = msgspec.field(default_factory=Watch)


class BootUser(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """The members of a `BootReply` that change with the user and the moment."""

    now: int
    anonymous_id: str | None = None
    user_id: str | None = None
    attributes: dict[str, AttributeValue] = {}
    segments: list[str] | None = None
    valid_until: int = 0
    rate_limit: RateLimit | None = None
    accepted: list[str] = []
    rejected: dict[str, str] = {}
    preview: str = ""
    words: Mapping[str, str] = {}
    feed: ExperienceState | None = None


class Content(msgspec.Struct, rename="camel", omit_defaults=True):
    """`GET /sdk/v1/content/{version}.json`: one frozen version as the renderers draw it, its theme resolved."""

    version: str
    key: str
    kind: Kind
    name: str
    default_locale: str
    content: msgspec.Raw
    theme: msgspec.Raw


class Revision(msgspec.Struct, rename="camel", omit_defaults=True):
    """`GET /sdk/v1/revision/{environment}.json`, cacheable for seconds: what is live now, by version."""

    revision: str
    live: list[str]
