"""The experience document: what an author writes, a version freezes and an environment shows.

Seven kinds share one envelope; `content` is by kind. Decode with `decode_experience`, which names the path of
whatever is wrong; `handrail.core.experiences.problems.find_problems` lists what decodes but may not be published.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.conditions.model import Condition
from handrail.core.experiences.banners import BannerContent
from handrail.core.experiences.checklists import ChecklistContent
from handrail.core.experiences.hints import HintContent
from handrail.core.experiences.posts import PostContent
from handrail.core.experiences.resource_centers import ResourceCenterContent
from handrail.core.experiences.surveys import SurveyContent
from handrail.core.experiences.tours import TourContent
from handrail.core.pages import Where

Kind: TypeAlias = Literal["tour", "survey", "banner", "hint", "checklist", "resource_center", "post"]


class OnPageOpening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="page_opening"):
    """As soon as an eligible user is on a matching page. The default."""

    delay_seconds: float = 0


class OnElementClick(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="element_click"):
    """When the user clicks the element with this CSS path."""

    css: str


class OnPageExit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="page_exit"):
    """When the pointer leaves towards the top of the window."""


class OnEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="event"):
    """When the user does something that is tracked under this name."""

    event: str


class OnManual(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="manual"):
    """When the host calls `handrail.start(key)`."""


class OnLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="link"):
    """When the user follows a shared link."""


class OnNothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="on", tag="none"):
    """No automatic trigger: only an action or the SDK launches it."""


ShowOn: TypeAlias = OnPageOpening | OnElementClick | OnPageExit | OnEvent | OnManual | OnLink | OnNothing


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """From `start` until `end`, each a local date-time such as `2026-12-01T09:00`, in `zone` or in the user's own."""

    start: str | None = None
    end: str | None = None
    zone: str = "UTC"
    in_user_zone: bool = False


class Once(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="every", tag="once"):
    """One time for each user, counted from seeing the first step. The default.

    `strict`: a browser asks the server for it before it draws, so that two devices never both do.
    """

    strict: bool = False


class EveryTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="every", tag="time"):
    """Once per page load and show-on firing, never again on a route change after it was closed in that load."""


class EveryDays(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="every", tag="days"
):
    """Again from the n-th day after the day it was last seen, in whole days of the project's zone."""

    days: int
    strict: bool = False


Frequency: TypeAlias = Once | EveryTime | EveryDays


class Envelope(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True, tag_field="kind"
):
    """What every kind carries. `key` is stable: files, the API and the SDK name the experience by it.

    `priority` runs from 1 to 5, 5 first. `goal` is the name of the event that counts as success.
    """

    key: str
    name: str
    tags: tuple[str, ...] = ()
    audience: Condition | None = None
    where: Where = Where()
    show_on: ShowOn = OnPageOpening()
    when: When = When()
    frequency: Frequency = Once()
    priority: Literal[1, 2, 3, 4, 5] = 3
    respects_rate_limit: bool = True
    goal: str | None = None
    theme: str | None = None
    default_locale: str = "en"


class Tour(Envelope, frozen=True, tag="tour"):
    """An ordered walkthrough."""

    content: TourContent


class Banner(Envelope, frozen=True, tag="banner"):
    """One step across the top or bottom of the page."""

    content: BannerContent


class Survey(Envelope, frozen=True, tag="survey"):
    """A sequence of question steps."""

    content: SurveyContent


class Hint(Envelope, frozen=True, tag="hint"):
    """Marks on the page."""

    content: HintContent


class Checklist(Envelope, frozen=True, tag="checklist"):
    """A to-do list for the user."""

    content: ChecklistContent


class ResourceCenter(Envelope, frozen=True, tag="resource_center"):
    """The help panel."""

    content: ResourceCenterContent


class Post(Envelope, frozen=True, tag="post"):
    """One changelog entry."""

    content: PostContent


Experience: TypeAlias = Tour | Banner | Survey | Hint | Checklist | ResourceCenter | Post
