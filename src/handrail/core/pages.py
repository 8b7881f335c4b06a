"""Where an experience may show: the device first, then rules on parts of the page's URL.

URLs are parsed by WHATWG rules on both sides. A rule compares text exactly (case-sensitive, NFC); the authored value
is percent-encoded as a browser would, so `/café` matches. `hash` is compared without its `#`. `query` needs `name`
and compares the first value of that parameter, decoded. `glob` knows `*` (any run) and `?` (any one character) and
covers the whole part. `matches` finds an RE2 pattern anywhere in the part; parts over 2,048 characters never match.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, TypeAlias
from urllib.parse import unquote_plus

import ada_url
import msgspec

from handrail.core.conditions.model import Device, PagePart
from handrail.core.values import normal

UrlOperator: TypeAlias = Literal["equals", "contains", "starts_with", "ends_with", "glob", "matches"]


class UrlRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One comparison with one part of the URL. `name` is the query parameter, for part `query` only."""

    part: PagePart
    operator: UrlOperator
    value: str
    name: str | None = None


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where an experience may show: any device listed, any `include` rule (none means all), no `exclude` rule."""

    devices: tuple[Device, ...] = ()
    include: tuple[UrlRule, ...] = ()
    exclude: tuple[UrlRule, ...] = ()


MAX_INPUT = 2048
"""Longest part of a URL that a pattern or glob is tried on, in characters."""

Matcher: TypeAlias = Callable[[str, str], bool]
"""Whether an RE2 pattern is found in a text: `(pattern, text)`."""


def covers(where: Where, url: str, device: Device, found: Matcher) -> bool:
    """Whether an experience may show on this page and device."""
    if where.devices and device not in where.devices:
        return False
    if where.include and not any(covers_rule(rule, url, found) for rule in where.include):
        return False
    return not any(covers_rule(rule, url, found) for rule in where.exclude)


def covers_rule(rule: UrlRule, url: str, found: Matcher) -> bool:
    """Whether one rule holds for a page's address. An address that does not parse satisfies no rule."""
    actual = part_of(rule, url)
    if actual is None:
        return False
    wanted = wanted_text(rule)
    match rule.operator:
        case "equals":
            return actual == wanted
        case "contains":
            return wanted in actual
        case "starts_with":
            return actual.startswith(wanted)
        case "ends_with":
            return actual.endswith(wanted)
        case "glob":
            return len(actual) <= MAX_INPUT and glob_covers(wanted, actual)
        case "matches":
            return len(actual) <= MAX_INPUT and found(wanted, actual)


def part_of(rule: UrlRule, url: str) -> str | None:
    """The part of the address that a rule looks at, as a browser would serialise it; None when there is none."""
    address = address_of(url)
    if address is None:
        return None
    match rule.part:
        case "url":
            return address.href
        case "host":
            return address.host
        case "path":
            return address.path
        case "hash":
            return address.hash
        case "query":
            return parameter(address.query, rule.name or "")


class Address(msgspec.Struct, frozen=True):
    """The parts of an address as a browser serialises them; `hash` without its `#`, `query` with its `?`."""

    href: str
    host: str
    path: str
    query: str
    hash: str


@lru_cache(maxsize=1024)
def address_of(url: str) -> Address | None:
    """A parsed address, None when it does not parse. Kept, because one page is asked about by every experience."""
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        return None
    return Address(parsed.href, parsed.hostname, parsed.pathname, parsed.search, parsed.hash.removeprefix("#"))


def parameter(search: str, name: str) -> str | None:
    """The first value of a query parameter, decoded as browsers do, or None; `?a` and `?a=` are the empty text."""
    # Not ada_url's own search params: they answer "" for a parameter that is not there, and raise for bad UTF-8.
    for pair in search.removeprefix("?").split("&"):
        key, _, value = pair.partition("=")
        if pair and _decoded(key) == name:
            return normal(_decoded(value))
    return None


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="replace")


def wanted_text(rule: UrlRule) -> str:
    """The authored value in the form the part has: percent-encoded where a browser would, lower case for hosts."""
    match rule.part:
        case _ if rule.operator == "matches":
            return normal(rule.value)
        case "query":
            return normal(rule.value)
        case "host":
            return rule.value.lower()
        case "hash":
            return percent_encoded(rule.value.removeprefix("#"))
        case _:
            return percent_encoded(rule.value)


def percent_encoded(text: str) -> str:
    """Spaces, controls and everything beyond ASCII as UTF-8 percent escapes, the rest as it stands."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    return "".join(
        character
        if "!" <= character <= "~"
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))
        for character in text
    )


def glob_covers(glob: str, text: str) -> bool:
    """Whether `*` (any run) and `?` (any one character) spell the whole text. Linear in the text for each star."""
    at = star = 0
    mark = -1
    for_glob = 0
    while at < len(text):
        if for_glob < len(glob) and glob[for_glob] == "*":
            star, mark = for_glob, at
            for_glob += 1
        elif for_glob < len(glob) and glob[for_glob] in ("?", text[at]):
            for_glob += 1
            at += 1
        elif mark >= 0:
            mark += 1
            for_glob, at = star + 1, mark
        else:
            return False
    return all(character == "*" for character in glob[for_glob:])
