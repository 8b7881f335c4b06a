"""JSON Schema of a Segment destination's document."""

from __future__ import annotations

from handrail.core.schema import Node, schema_of
from handrail.segmentio.destination.actions import ActionKey
from handrail.segmentio.destination.model import Destination
from handrail.segmentio.fql.triggers import Mode


def destination_schema() -> dict[str, Node]:
    """The schema by the name of its file."""
    named = {"ActionKey": ActionKey, "Mode": Mode}
    return {"destination": schema_of(Destination, "A Segment destination of Handrail", named=named)}
