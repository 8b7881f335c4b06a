"""Where an experience may show: the device first, then rules on parts of the page's URL.

URLs are parsed by WHATWG rules on both sides. A rule compares text exactly (case-sensitive, NFC); the authored value
is percent-encoded as a browser would, so `/café` matches. `hash` is compared without its `#`. `query` needs `name`
and compares the first value of that parameter, decoded. `glob` knows `*` (any run) and `?` (any one character) and
covers the whole part. `matches` finds an RE2 pattern anywhere in the part; parts over 2,048 characters never match.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.conditions.model import Device, PagePart

UrlOperator: TypeAlias = Literal["equals", "contains", "starts_with", "ends_with", "glob", "matches"]


class UrlRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One comparison with one part of the URL. `name` is the query parameter, for part `query` only."""

    part: PagePart
    operator: UrlOperator
    value: str
    name: str | None = None


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The pages an experience may show on: any device listed, any `include` rule (none means all), no `exclude` rule."""

    devices: tuple[Device, ...] = ()
    include: tuple[UrlRule, ...] = ()
    exclude: tuple[UrlRule, ...] = ()
