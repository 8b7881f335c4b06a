"""Events: something that happened, as every door hands it to `ingest` and the log keeps it.

Tracking calls, lifecycle events and what a boot says of its user all become an `Event`; there is no second way in.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

EventType: TypeAlias = Literal["identify", "track", "page", "screen", "group", "alias"]

Proof: TypeAlias = Literal["signature", "key"]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One accepted event, past the door: checked, its clock corrected, ready for the log.

    Instants are milliseconds since 1970 UTC. `timestamp` is corrected for clock skew and never after `received_at`.
    `body` is the JSON text of the event's own members as received after the poison scan (traits or properties,
    context, integrations); lifecycle and rule code reads it through `traits()` and `properties()` of this module.
    """

    environment: str
    message_id: str
    type: EventType
    anonymous_id: str | None = None
    user_id: str | None = None
    name: str | None = None
    """The track event's name, the page's or screen's name."""
    group_id: str | None = None
    previous_id: str | None = None
    timestamp: int
    received_at: int
    verified: Proof | None = None
    """What proved that the caller may speak for `user_id`: the user's own signature, or a secret key of the project."""
    body: msgspec.Raw = msgspec.Raw(b"{}")


class EventBody(msgspec.Struct, omit_defaults=True):
    """The members of `Event.body`. Values stay as received; what may become an attribute is decided by the fold."""

    traits: dict[str, object] = {}
    properties: dict[str, object] = {}
    context: dict[str, object] = {}
    integrations: dict[str, object] = {}


class Stamp(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """When a fact was said: greater wins. `message_id` breaks ties, so any order of arrival gives one answer."""

    timestamp: int
    message_id: str


NO_STAMP = Stamp(0, "")
