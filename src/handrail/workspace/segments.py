"""Segments as members work with them: where one is used, and deleting it when nothing is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from handrail.core.conditions.problems import segments_in
from handrail.core.errors import Conflict, NotFound
from handrail.workspace.apply import kind_of
from handrail.workspace.ports import Work


class Use(msgspec.Struct, frozen=True):
    """One thing that asks for a segment: an experience published to an environment, or another segment."""

    kind: str
    key: str
    environment: str = ""


class SegmentInUse(Conflict):
    """A segment that something asks for cannot be deleted; each of them is named."""

    code = "segment_in_use"

    def __init__(self, key: str, uses: Sequence[Use]) -> None:
        named = ", ".join(
            f"{use.kind} {use.key!r}" + (f" in {use.environment}" if use.environment else "") for use in uses
        )
        super().__init__(f"The segment {key!r} is asked for by {named}; change these first.")
        self.uses = list(uses)


async def segment_uses(work: Work, key: str) -> list[Use]:
    """Everything that asks for a segment itself. Raises NotFound."""
    segments = await work.segments()
    if key not in segments:
        raise NotFound(f"There is no segment {key!r}.")
    uses = [Use("segment", other, "") for other, each in sorted(segments.items()) if key in segments_in(each.asks)]
    for environment in await work.environments():
        for live in (await work.live(environment.id)).values():
            audience = live.document.audience
            if audience is not None and key in segments_in(audience):
                uses.append(Use(kind_of(live.document), live.document.key, environment.key))
    return uses


async def delete_segment(work: Work, key: str) -> None:
    """Delete a segment that nothing asks for. Raises NotFound, or SegmentInUse naming what does; paused ones count."""
    if uses := await segment_uses(work, key):
        raise SegmentInUse(key, uses)
    await work.delete_segment(key)
