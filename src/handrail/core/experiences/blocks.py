"""Blocks: the pieces of content in a step or banner. A node tree, never HTML; text is set as text."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.actions import Action

Text: TypeAlias = str | dict[str, str]
"""What is written: one string for every language, or one string per locale (`{"en": "Hi", "fr": "Salut"}`).

Strings may hold attribute chips, `{{native.name|there}}`: source, key and a fallback for users without it.
The reader's locale picks: exact (`fr-CA`), its language (`fr`), the document's `default_locale`, then the first.
"""

Mark: TypeAlias = Literal["bold", "italic", "underline", "code"]


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A stretch of text with marks and, where given, a link (http, https, mailto, tel or relative)."""

    text: Text
    marks: tuple[Mark, ...] = ()
    link: str | None = None


RichText: TypeAlias = str | dict[str, str] | list[Span]


class Heading(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="heading", omit_defaults=True
):
    """A title. The first heading of a step names it for screen readers."""

    text: Text
    level: Literal[1, 2, 3] = 2


class Paragraph(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="paragraph", omit_defaults=True
):
    """Running text."""

    text: RichText


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="image", omit_defaults=True):
    """A picture. `alt` is required; an empty one marks decoration. Sizes reserve room so that nothing shifts."""

    src: str
    alt: Text
    width: int | None = None
    height: int | None = None


class Video(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="video", omit_defaults=True):
    """A film with the browser's own controls; never plays by itself."""

    src: str
    title: Text
    poster: str | None = None


class Button(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="button", omit_defaults=True
):
    """A CTA: the button that carries actions, fired together in nominal order. `key` names it in events."""

    label: Text
    actions: tuple[Action, ...] = ()
    style: Literal["primary", "secondary"] = "primary"
    key: str | None = None


class ListBlock(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="list", omit_defaults=True
):
    """A list of lines."""

    lines: tuple[RichText, ...]
    ordered: bool = False


class Divider(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="divider"):
    """A thin line."""


class Columns(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="columns", omit_defaults=True
):
    """Blocks side by side; below 320 px of room they stack."""

    columns: tuple[tuple[Heading | Paragraph | Image | Video | Button | ListBlock | Divider, ...], ...]


Block: TypeAlias = Heading | Paragraph | Image | Video | Button | ListBlock | Divider | Columns
