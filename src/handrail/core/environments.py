"""Environments: where experiences are published to, and the project's settings that hold there."""

from __future__ import annotations

from typing import Literal

import msgspec


class RateLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `count` interrupting experiences every `every` units."""

    count: int = 1
    every: int = 4
    unit: Literal["minute", "hour", "day", "week"] = "hour"


class EnvironmentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One environment of one project. `origins`: exact hosts with their port, `*.suffix`, or `re:PATTERN`.

    `public_id` is the project's, what the snippet carries; `write_key` is this environment's own.
    """

    id: str
    name: str
    project: str
    public_id: str
    write_key: str
    origins: tuple[str, ...]
    zone: str = "UTC"
    alias: bool = True
    rate_limit: RateLimit | None = None
    run_js: bool = False
