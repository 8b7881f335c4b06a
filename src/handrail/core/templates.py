"""Templates: text and addresses with attribute chips, `{{custom.plan|free}}`, filled in when they are shown.

In addresses `{plan}` is read as `{{custom.plan}}` (RULES 32). A value is encoded for the place it stands in, and one
that would supply a scheme or a host, `//` or a backslash is refused: where a link leads is the author's to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias
from urllib.parse import quote

import msgspec

from handrail.core.people import AttributeValue

Place: TypeAlias = Literal["text", "url"]

CHIP = re.compile(r"\{\{\s*([A-Za-z_]+\.[^{}|]*?)\s*(?:\|([^{}]*))?\}\}")
URL_CHIP = re.compile(r"\{\{\s*([A-Za-z_]+\.[^{}|]*?)\s*(?:\|([^{}]*))?\}\}|\{([^{}|]+)\}")
SOURCES = ("native", "custom", "company")
SAFE_SCHEMES = ("http", "https", "mailto", "tel")


class Chip(msgspec.Struct, frozen=True):
    """One chip: the attribute's full name and, where given, what stands in for a missing value."""

    name: str
    fallback: str | None


def chips(template: str, place: Place = "text") -> list[Chip]:
    """The chips of a template, in order."""
    pattern = URL_CHIP if place == "url" else CHIP
    return [_chip(found) for found in pattern.finditer(template)]


def _chip(found: re.Match[str]) -> Chip:
    if found.re is URL_CHIP and found[3] is not None:
        return Chip(found[3] if found[3].partition(".")[0] in SOURCES else f"custom.{found[3]}", None)
    return Chip(found[1], found[2])


def spoken(value: AttributeValue) -> str | None:
    """A value as text: lists joined by a comma, numbers as a browser writes them; None when missing."""
    match value:
        case None:
            return None
        case list():
            return ", ".join(_word(each) for each in value)
        case _:
            return _word(value)


def _word(value: str | int | float | bool) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case _:
            return number_text(value)


def number_text(number: float) -> str:
    """A finite number as every browser writes it: 15.0 is `15`, and from 1e21 on it has an exponent."""
    sign, digits, exponent = Decimal(repr(float(number))).as_tuple()
    assert isinstance(exponent, int)
    figures = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + exponent
    if figures == "0":
        return "0"
    if not -6 < point <= 21:
        fraction = f".{figures[1:]}" if figures[1:] else ""
        written = f"{figures[0]}{fraction}e{point - 1:+d}"
    elif point <= 0:
        written = f"0.{'0' * -point}{figures}"
    elif point >= len(figures):
        written = figures.ljust(point, "0")
    else:
        written = f"{figures[:point]}.{figures[point:]}"
    return f"-{written}" if sign else written


def render_text(template: str, values: Mapping[str, AttributeValue]) -> str:
    """The text with every chip filled in; a missing value without a fallback leaves nothing."""

    def fill(found: re.Match[str]) -> str:
        chip = _chip(found)
        value = spoken(values.get(chip.name))
        return value if value is not None else chip.fallback or ""

    return CHIP.sub(fill, template)


class NoAddress(msgspec.Struct, frozen=True):
    """Why an address may not be followed."""

    reason: Literal["missing_value", "unsafe_value", "unsafe_url"]


def render_url(template: str, values: Mapping[str, AttributeValue]) -> str | NoAddress:
    """The address with every chip encoded for its place, or why there is none."""
    out: list[str] = []
    outline: list[str] = []
    at = 0
    for found in URL_CHIP.finditer(template):
        chip = _chip(found)
        value = spoken(values.get(chip.name))
        if value is None:
            value = chip.fallback
        if value is None:
            return NoAddress("missing_value")
        between = template[at : found.start()]
        before = "".join([*out, between])
        if "\\" in value or "//" in value or MAY_STAND.match(before) is None:
            return NoAddress("unsafe_value")
        out += [between, _encoded(value, before)]
        outline += [between, CHIP_MARK]
        at = found.end()
    address, shape = "".join([*out, template[at:]]), "".join([*outline, template[at:]])
    if _lead_of(address) != _lead_of(shape):
        return NoAddress("unsafe_value")
    return address if is_safe(address) else NoAddress("unsafe_url")


CHIP_MARK = "\x00"
LONE = re.compile("[\ud800-\udfff]")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
DOTS = re.compile(r"(?:^|/)(?:\.|%2[eE]){1,2}(?=/|$)")
SAFE = re.compile(r"(?!//)(?:(?:https?|mailto|tel):|(?![a-z][a-z0-9+.-]*:))[^\\\x00- ]+", re.IGNORECASE | re.ASCII)
ADDRESSEE = re.compile(r"(?:mailto|tel):[^?]*", re.IGNORECASE | re.ASCII)
MAY_STAND = re.compile(
    r"mailto:|tel:|[a-z][a-z0-9+.-]*:/*[^/?#]+[/?#]|(?![a-z][a-z0-9+.-]*:).", re.IGNORECASE | re.ASCII | re.DOTALL
)
"""What a value may stand behind: mailto and tel, a complete host (browsers read `https:host` as `https://host`), or
anything relative that is not empty. So it is neither a scheme, nor a host or a part of one."""


def _encoded(value: str, before: str) -> str:
    """A value for its place in an address: everything that could mean something there is escaped."""
    return quote(LONE.sub("\ufffd", value), safe="@+" if ADDRESSEE.fullmatch(before) else "")


def _lead_of(address: str) -> tuple[str, int]:
    """Where an address leads: its scheme, and how many segments of its path are `.` or `..`. No value may change it."""
    scheme = SCHEME.match(address)
    return scheme[0] if scheme else "", len(DOTS.findall(re.split("[?#]", address, maxsplit=1)[0]))


def scheme_of(address: str) -> str | None:
    """The scheme that an address names, lower case, or None for a relative one."""
    scheme = SCHEME.match(address)
    return scheme[0].removesuffix(":").lower() if scheme else None


def is_safe(address: str) -> bool:
    """Whether an address is relative, or absolute with an allowed scheme; no `//` at its start, no backslash, blank."""
    return SAFE.fullmatch(address) is not None
