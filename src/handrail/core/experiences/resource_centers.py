"""Resource centers: the help panel, a launcher and cards."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.actions import Action
from handrail.core.experiences.blocks import Text
from handrail.core.experiences.launchers import Launcher


class ActionCard(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag="card"
):
    """An action block: the whole card is clickable and fires its actions."""

    key: str
    title: Text
    text: Text = ""
    icon: Literal["none", "book", "play", "chat", "star", "link", "bell"] = "none"
    actions: tuple[Action, ...] = ()


class SearchCard(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag="search"
):
    """A search field over the posts, links and cards of the panel."""

    placeholder: Text | None = None


class FeedCard(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag="feed"
):
    """The posts that this user may read, newest first, `most` of them until more is asked for."""

    most: int = 3


class ChecklistsCard(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag="checklists"
):
    """The checklists that this user has, with their progress; a click opens one."""


class AgentCard(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag="agent"
):
    """Opens the agent; `message` is a template, sent at once as the user's first turn."""

    title: Text | None = None
    message: str = ""


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A labelled address, a template as in navigate_to."""

    label: Text
    url: str
    open_in: Literal["same_tab", "new_tab"] = "new_tab"


class LinksCard(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag="links"
):
    """A list of links."""

    links: tuple[Link, ...]
    title: Text | None = None


class HeadingCard(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag="heading"
):
    """A title between cards."""

    text: Text


Card: TypeAlias = ActionCard | SearchCard | FeedCard | ChecklistsCard | AgentCard | LinksCard | HeadingCard


class ResourceCenterContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The panel: its title, its cards from top to bottom, and what opens it."""

    title: Text
    cards: tuple[Card, ...]
    text: Text = ""
    launcher: Launcher = Launcher()
