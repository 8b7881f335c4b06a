"""Segments: saved conditions over users, used by audiences, filters and other segments."""

from __future__ import annotations

import msgspec

from handrail.core.conditions.model import Condition


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A segment as it is written: a stable key, a name, and who is in it."""

    key: str
    condition: Condition
    name: str = ""
    description: str = ""
