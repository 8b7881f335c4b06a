"""Preview links: one version, one persona, for a few days, by a token that only the link holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import msgspec

from handrail.core.errors import Invalid
from handrail.core.experiences.model import Experience
from handrail.core.previews import Persona
from handrail.workspace.apply import NotPublishable, Placed, check, theme_of
from handrail.workspace.ports import Work

PARAMETER = "handrail_preview"
MOST_DAYS = 7
DAY = 86_400_000


class NewPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at: a document as it is written now, on `url`, as `persona`, for `days` (1 to 7)."""

    document: Experience
    url: str
    persona: Persona = Persona()
    days: int = 1


class Preview(msgspec.Struct, frozen=True):
    """A preview that was made. The link is shown once: only the token's hash is kept."""

    link: str
    version: str
    expires_at: int


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def create(work: Work, environment: str, asked: NewPreview, now: int, new_token: Callable[[], str]) -> Preview:
    """Freeze the document as a version that is published nowhere, and make a link to it.

    Raises NotPublishable with every problem (paths begin with `document`), Invalid for an address or a time that cannot
    be, NotFound.
    """
    parts = urlsplit(asked.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid(f"{asked.url!r} is no address of a page: write https://...", path="url")
    if not 1 <= asked.days <= MOST_DAYS:
        raise Invalid(f"A preview lasts 1 to {MOST_DAYS} days.", path="days")
    place = await work.environment(environment)
    segments, themes = await work.segments(), await work.themes()
    found = check(
        [Placed(asked.document, root="document")],
        live=await work.live(place.id),
        segments=segments,
        themes=themes,
        run_js=place.run_js,
        approved=await work.code.approved(),
    )
    if errors := [each for each in found if each.severity == "error"]:
        raise NotPublishable(errors)
    version = await work.add_version(asked.document, theme_of(asked.document, themes), now)
    token, expires_at = new_token(), now + asked.days * DAY
    await work.add_preview(place.id, digest_of(token), version, asked.persona, expires_at)
    query = f"{parts.query}&" if parts.query else ""
    return Preview(urlunsplit(parts._replace(query=f"{query}{PARAMETER}={token}")), version, expires_at)
