"""Templates: text and addresses with attribute chips, `{{custom.plan|free}}`, filled in when they are shown.

In addresses `{plan}` is read as `{{custom.plan}}` (RULES 32). A value is encoded for the place it stands in, and one
that would supply a scheme or a host, `//` or a backslash is refused: where a link leads is the author's to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    """A value as text: arrays joined by a comma, booleans and numbers as JSON writes them; None when missing."""
    match value:
        case None:
            return None
        case str():
            return value
        case list():
            return ", ".join(each if isinstance(each, str) else msgspec.json.encode(each).decode() for each in value)
        case _:
            return msgspec.json.encode(value).decode()


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
    at = 0
    for found in URL_CHIP.finditer(template):
        chip = _chip(found)
        value = spoken(values.get(chip.name))
        if value is None:
            value = chip.fallback
        if value is None:
            return NoAddress("missing_value")
        before = "".join([*out, template[at : found.start()]])
        if "\\" in value or "//" in value or not _may_stand(before, value):
            return NoAddress("unsafe_value")
        out += [template[at : found.start()], quote(value, safe="")]
        at = found.end()
    address = "".join([*out, template[at:]])
    return address if is_safe(address) else NoAddress("unsafe_url")


def _may_stand(before: str, value: str) -> bool:
    """Whether a value may stand behind what was written so far: neither as a scheme, nor as or in a host."""
    if value in (".", ".."):
        return False
    rest = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*:", "", before)
    if rest != before and before.lower().startswith(("mailto:", "tel:")):
        return True
    if rest.startswith("//"):
        return any(edge in rest[2:] for edge in "/?#")
    return before != ""


def is_safe(address: str) -> bool:
    """Whether an address is relative, or absolute with an allowed scheme; no `//` at its start, no backslash."""
    if "\\" in address or address.startswith("//") or any(ord(character) <= 32 for character in address):
        return False
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", address)
    return scheme is None or scheme[1].lower() in SAFE_SCHEMES
