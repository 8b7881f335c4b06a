"""Origins: which environment a page belongs to. A look-up, not authentication: anyone can claim an origin."""

from __future__ import annotations

from collections.abc import Sequence

import ada_url

from handrail.compile.predicates import found
from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Forbidden


def find_environment(environments: Sequence[EnvironmentSettings], origin: str | None) -> EnvironmentSettings:
    """The environment an origin belongs to: exact host, then the longest suffix, then a pattern (RULES 7).

    Hosts are written as `app.example.com` (any port), `localhost:8000`, `*.example.com` or `re:PATTERN`. Raises
    Forbidden naming the origin.
    """
    host, port = _host(origin)
    if host:
        for wanted in (f"{host}:{port}" if port else host, host):
            for environment in environments:
                if wanted in environment.origins:
                    return environment
        suffixes = [
            (len(each), environment)
            for environment in environments
            for each in environment.origins
            if each.startswith("*.") and host.endswith(each[1:]) and len(host) > len(each) - 1
        ]
        if suffixes:
            return max(suffixes, key=lambda found: found[0])[1]
        for environment in environments:
            if any(each.startswith("re:") and found(f"^(?:{each[3:]})$", host) for each in environment.origins):
                return environment
    raise Forbidden(
        f"The origin {origin or 'null'!r} belongs to no environment of this project: add its host to one, "
        "with `handrail environments set`.",
        code="unknown_origin",
    )


def _host(origin: str | None) -> tuple[str, str]:
    """An origin's host and, where it is not the scheme's own, its port; empty when it has none."""
    try:
        parsed = ada_url.URL(origin or "")
    except ValueError:
        return "", ""
    if parsed.protocol not in ("http:", "https:"):
        return "", ""
    return parsed.hostname, parsed.port
