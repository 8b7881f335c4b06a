"""Banners: one step across the top or bottom of the page."""

from __future__ import annotations

from typing import Literal

import msgspec

from handrail.core.experiences.blocks import Block
from handrail.core.experiences.tours import Cross


class BannerContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A banner's content. `inline` pushes the page; `floating` lies over it."""

    blocks: tuple[Block, ...]
    position: Literal["top", "bottom"] = "top"
    layout: Literal["inline", "floating"] = "floating"
    cross: Cross = Cross()
