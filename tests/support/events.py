"""Builders of events, as the doors hand them to ingest, and what of them the log of a data folder has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from handrail.adapters.sqlite.days import list_days, read_blocks
from handrail.core.events import Event, EventType, Proof

NOON = 1_795_521_600_000
"""2026-11-24T12:00:00Z in milliseconds."""


def an_event(
    message_id: str,
    type: EventType = "track",
    *,
    at: int = NOON,
    environment: str = "production",
    received_at: int | None = None,
    traits: dict[str, Any] | None = None,
    properties: dict[str, Any] | None = None,
    handrail: dict[str, Any] | None = None,
    verified: Proof | None = None,
    **said: str | None,
) -> Event:
    """An event said at `at`. `handrail` becomes `context.handrail`; `said` are the event's own text fields."""
    body: dict[str, Any] = {}
    if traits is not None:
        body["traits"] = traits
    if properties is not None:
        body["properties"] = properties
    if handrail is not None:
        body["context"] = {"handrail": handrail}
    if type == "track":
        said.setdefault("name", "Order Completed")
    if "user_id" not in said and "anonymous_id" not in said:
        said["user_id"] = "ann"
    return Event(
        environment=environment,
        message_id=message_id,
        type=type,
        timestamp=at,
        received_at=at if received_at is None else received_at,
        body=msgspec.Raw(msgspec.json.encode(body)),
        verified=verified,
        **said,
    )


def a_lifecycle_event(message_id: str, name: str, experience: str, *, at: int = NOON, **properties: Any) -> Event:
    """What the SDK says when something became of an experience; anonymous id `anon`, user `ann`."""
    return an_event(
        message_id,
        at=at,
        name=name,
        user_id="ann",
        anonymous_id="anon",
        properties={"experience": experience, "kind": "tour", **properties},
        handrail={"lifecycle": True, "sdk": "0.1.0"},
    )


def logged(folder: Path, user: str) -> list[Event]:
    """A user's events as the log has them, each as often as it has it."""
    return [
        event
        for block in read_blocks(list_days(folder), 0, 1 << 60)
        for _, event in block.decode()
        if event.user_id == user
    ]
