"""Trying mappings: what an event would become, told mapping by mapping, with nothing kept."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from handrail.core.errors import Invalid
from handrail.core.events import Event
from handrail.ingest.accept import Accepted, Door, accept_parsed
from handrail.segmentio.destination.fields import FieldProblem
from handrail.segmentio.destination.model import Destination, subscriptions
from handrail.segmentio.destination.run import compile_destination, payload_of, run
from handrail.segmentio.fql.triggers import why_not
from handrail.segmentio.javascript import json_text
from handrail.segmentio.wire import Envelope


class TriedMapping(msgspec.Struct, frozen=True):
    """One mapping and the event: `outcome` is `disabled`, `unmatched`, `blocked`, `held`, `failed` or `sent`."""

    name: str
    action: str
    trigger: str
    outcome: str
    payload: object = None
    """What the mapping made of the event, before its fields were checked."""
    event: Event | None = None
    """What would be kept."""
    problems: Sequence[FieldProblem] = ()


class TriedDestination(msgspec.Struct, frozen=True):
    """Every mapping of one destination, in order."""

    key: str
    mappings: list[TriedMapping]


class Tried(msgspec.Struct, frozen=True):
    """The event as mappings see it, or why the door refuses it; and what each destination makes of it."""

    event: dict[str, object] | None
    problems: list[FieldProblem]
    destinations: list[TriedDestination]


def try_event(raw: bytes, destinations: Sequence[Destination], door: Door) -> Tried:
    """What the destinations would make of one tracking call."""
    accepted: Accepted = accept_parsed(Envelope(batch=[msgspec.Raw(raw)]), door)
    if accepted.rejections:
        problems = [
            FieldProblem(each.path.removeprefix("batch[0]").lstrip("."), each.message) for each in accepted.rejections
        ]
        return Tried(None, problems, [])
    [event] = accepted.events
    return Tried(payload_of(event), [], [_tried(each, event) for each in destinations])


def _tried(destination: Destination, event: Event) -> TriedDestination:
    mappings = list(subscriptions(destination))
    try:
        made = {each.mapping: each for each in run(compile_destination(destination), event, payload_of(event))}
    except Invalid as problem:
        failed = [FieldProblem(problem.path, problem.message)]
        return TriedDestination(
            destination.key,
            [TriedMapping(each.name, each.action, each.trigger, "failed", problems=failed) for each in mappings],
        )
    found: list[TriedMapping] = []
    for at, each in enumerate(mappings):
        result = made.get(at)
        if result is not None:
            payload = _showable(result.payload)
            told = TriedMapping(
                each.name, each.action, each.trigger, result.outcome, payload, result.event, result.problems
            )
        elif not each.enabled or not destination.enabled:
            told = TriedMapping(each.name, each.action, each.trigger, "disabled")
        else:
            reason = why_not(each.trigger, each.mode)
            problems = [FieldProblem("trigger", reason)] if reason else []
            told = TriedMapping(each.name, each.action, each.trigger, "unmatched", problems=problems)
        found.append(told)
    return TriedDestination(destination.key, found)


def _showable(payload: object) -> object:
    """What a mapping made, such that JSON can tell it: halves of characters become U+FFFD."""
    try:
        return msgspec.Raw(msgspec.json.encode(payload))
    except UnicodeEncodeError:
        text = str(json_text(payload))
        return msgspec.Raw(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode())
    except RecursionError:
        return "nested too deep to be shown"
