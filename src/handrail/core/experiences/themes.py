"""Themes: brand tokens that become CSS variables inside our shadow root."""

from __future__ import annotations

from typing import Literal

import msgspec


class Palette(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Colours of one scheme, as `#rgb` or `#rrggbb`."""

    primary: str | None = None
    on_primary: str | None = None
    surface: str | None = None
    text: str | None = None
    muted: str | None = None
    border: str | None = None


class Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How experiences look. Lengths are CSS pixels. `scheme: auto` follows the reader's system."""

    key: str
    name: str = ""
    scheme: Literal["light", "dark", "auto"] = "light"
    light: Palette = Palette()
    dark: Palette = Palette()
    font: str | None = None
    radius: int = 10
    width: int = 340
