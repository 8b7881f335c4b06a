"""A guard for doors that are tried alone: it knows no keys and nobody who was erased."""

from __future__ import annotations

from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Forbidden
from handrail.core.privacy import Privacy
from handrail.ingest.guard import Guard
from handrail.ingest.ports import Log
from handrail.ingest.suppression import Suppression


def lenient(log: Log) -> Guard:
    """A guard that lets everything pass."""

    async def nothing(environment: str) -> Privacy:
        return Privacy()

    return Guard(log, Suppression(b""), nothing)


async def no_server_key(secret: str | None, environment: str) -> EnvironmentSettings:
    """No secret key is known."""
    raise Forbidden("There is no such API key.", code="unknown_key")
