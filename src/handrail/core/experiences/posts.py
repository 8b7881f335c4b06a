"""Posts: changelog entries, read in a feed or alone."""

from __future__ import annotations

import msgspec

from handrail.core.experiences.blocks import Button, Divider, Heading, Image, ListBlock, Paragraph, Text, Video


class PostContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry. Its languages are those its title is written in; a reader of none of them is shown the default.

    `label` is a short word over the title (New, Improved). The one CTA launches an experience or navigates. `likes`
    and `comments` say what readers may do.
    """

    title: Text
    blocks: tuple[Heading | Paragraph | Image | Video | ListBlock | Divider, ...] = ()
    cover: Image | None = None
    label: Text = ""
    cta: Button | None = None
    likes: bool = True
    comments: bool = True
