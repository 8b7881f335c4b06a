"""Themes: brand tokens that become CSS variables inside our shadow root."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from handrail.core.problems import Problem, key_problems

COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
FONT = re.compile(r"[\w \-,'\"]{1,200}")
MOST_RADIUS = 40
WIDTHS = (200, 640)


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


LIGHT = Palette("#3b4fe4", "#ffffff", "#ffffff", "#16181d", "#5b6170", "#e3e5ea")
DARK = Palette("#8c9bff", "#10131c", "#1d2028", "#eceef3", "#a8afbf", "#363b48")
"""The built-in look. Text on surface and on primary has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""


def resolved(theme: Theme) -> Theme:
    """The theme with every colour said: a browser is told what to draw with, not what to fall back to."""
    return msgspec.structs.replace(theme, light=_filled(theme.light, LIGHT), dark=_filled(theme.dark, DARK))


def _filled(palette: Palette, default: Palette) -> Palette:
    return Palette(*(getattr(palette, name) or getattr(default, name) for name in Palette.__struct_fields__))


def theme_problems(theme: Theme) -> Iterator[Problem]:
    """All problems of a theme: its members become style values, so nothing else may stand in them."""
    yield from key_problems(theme.key)
    for scheme in ("light", "dark"):
        palette: Palette = getattr(theme, scheme)
        for name in palette.__struct_fields__:
            colour = getattr(palette, name)
            if colour is not None and COLOUR.fullmatch(colour) is None:
                yield Problem("colour", f"{scheme}.{name}", f"{colour!r} is no colour; write #rgb or #rrggbb.")
    if theme.font is not None and FONT.fullmatch(theme.font) is None:
        yield Problem("font", "font", f"{theme.font!r} is no list of font names.")
    if not 0 <= theme.radius <= MOST_RADIUS:
        yield Problem("length", "radius", f"A radius has 0 to {MOST_RADIUS} pixels.")
    if not WIDTHS[0] <= theme.width <= WIDTHS[1]:
        yield Problem("length", "width", f"A width has {WIDTHS[0]} to {WIDTHS[1]} pixels.")
