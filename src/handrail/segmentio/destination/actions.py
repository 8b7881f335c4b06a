"""What the destination can do: its actions, their fields, and the presets that call them.

Facts: Segment's `Jimo (Actions)`; `spec/tables/segment_destination.json` holds them, and a test holds this file to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, cast

import msgspec

NAME = "Jimo (Actions)"
"""The destination's name, by which an event's `integrations` switch it off."""

ACCEPTS = frozenset({"page", "alias", "group", "identify", "track"})
"""Call types that reach mappings; screen does not."""

MOST_MAPPINGS = 50

ActionKey: TypeAlias = Literal["sendUserData", "sendTrackEvent", "sendGroupData"]
FieldType: TypeAlias = Literal["string", "object"]


class Field(msgspec.Struct, frozen=True):
    """One field of an action. Where null is not allowed it counts as absent."""

    type: FieldType
    default: Mapping[str, str]
    required: bool = False
    allow_null: bool = False


class Action(msgspec.Struct, frozen=True):
    """One action: the preset that calls it, the trigger it has unless told otherwise, and its fields."""

    preset: str
    trigger: str
    fields: Mapping[str, Field]


def _path(path: str) -> Mapping[str, str]:
    return {"@path": path}


ACTIONS: Mapping[ActionKey, Action] = {
    "sendUserData": Action(
        "Send User Data",
        'type = "identify"',
        {
            "userId": Field("string", _path("$.userId"), allow_null=True),
            "email": Field("string", _path("$.traits.email"), allow_null=True),
            "traits": Field("object", _path("$.traits")),
        },
    ),
    "sendTrackEvent": Action(
        "Send Track Event",
        'type = "track"',
        {
            "messageId": Field("string", _path("$.messageId"), required=True),
            "timestamp": Field("string", _path("$.timestamp"), required=True),
            "event_name": Field("string", _path("$.event"), required=True),
            "userId": Field("string", _path("$.userId")),
            "anonymousId": Field("string", _path("$.anonymousId")),
            "properties": Field("object", _path("$.properties")),
        },
    ),
    "sendGroupData": Action(
        "Send Group Data",
        'type = "group"',
        {
            "groupId": Field("string", _path("$.groupId"), required=True),
            "traits": Field("object", _path("$.traits")),
        },
    ),
}


def is_switched_on(integrations: object, action: ActionKey) -> bool:
    """Whether an event's integrations let this action have it.

    The destination's name decides; where it has no entry, the name with the action does; where neither has, `All`.
    Only an exact false switches off; null is no entry.
    """
    if not isinstance(integrations, dict):
        return True
    entries = cast("Mapping[str, object]", integrations)
    for name in (NAME, f"{NAME} {action}", "All"):
        entry = entries.get(name)
        if entry is not None:
            return entry is not False
    return True
