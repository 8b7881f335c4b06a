"""A destination instance as it is written: settings, and mappings that say which event calls which action with what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from handrail.core.problems import Problem, key_problems
from handrail.segmentio.destination.actions import ACTIONS, MOST_MAPPINGS, NAME, ActionKey
from handrail.segmentio.fql.triggers import Mode, oddities, why_not
from handrail.segmentio.mapping.problems import ROOT, mapping_problems


class DestinationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The settings of an instance, under Segment's own names. `projectId` is what Segment's page calls Id."""

    projectId: str
    refetchExperiencesOnTraitsUpdate: bool = False
    manualInit: bool = False


class SegmentMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One mapping: when `trigger` matches an event, `action` is called with `fields` made of it.

    A trigger left out is the action's preset; so is each field left out.
    """

    action: ActionKey
    name: str = ""
    trigger: str | None = None
    mode: Mode = "strict"
    enabled: bool = True
    fields: dict[str, object] = {}


class Destination(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="destination", tag_field="kind"
):
    """An instance of `Jimo (Actions)` in one environment. Without `mappings` it has the three presets."""

    key: str
    settings: DestinationSettings
    name: str = NAME
    enabled: bool = True
    mappings: tuple[SegmentMapping, ...] | None = None


class Subscription(msgspec.Struct, frozen=True):
    """A mapping with its presets filled in."""

    name: str
    action: ActionKey
    trigger: str
    mode: Mode
    enabled: bool
    mapping: dict[str, object]


PRESETS: tuple[SegmentMapping, ...] = tuple(SegmentMapping(key) for key in ACTIONS)


def subscriptions(destination: Destination) -> Iterator[Subscription]:
    """Every mapping of an instance, disabled ones too, in the order they are written."""
    for mapping in destination.mappings if destination.mappings is not None else PRESETS:
        action = ACTIONS[mapping.action]
        defaults = {} if ROOT in mapping.fields else {key: dict(field.default) for key, field in action.fields.items()}
        yield Subscription(
            mapping.name or action.preset,
            mapping.action,
            action.trigger if mapping.trigger is None else mapping.trigger,
            mapping.mode,
            mapping.enabled,
            defaults | mapping.fields,
        )


def destination_problems(destination: Destination) -> Iterator[Problem]:
    """Everything that keeps an instance from being saved, and what in it means other than it seems."""
    yield from key_problems(destination.key)
    if not destination.settings.projectId.strip():
        yield Problem("required", "settings.projectId", "Id is required: the project's public id.")
    mappings = destination.mappings or ()
    for at, mapping in enumerate(mappings[MOST_MAPPINGS:], MOST_MAPPINGS):
        name = mapping.name or ACTIONS[mapping.action].preset
        yield Problem(
            "too_many_mappings",
            f"mappings[{at}]",
            f"{name!r} is mapping {at + 1}; a destination has at most {MOST_MAPPINGS}.",
        )
    for at, mapping in enumerate(mappings[:MOST_MAPPINGS]):
        yield from _mapping_problems(mapping, f"mappings[{at}]")


def _mapping_problems(mapping: SegmentMapping, path: str) -> Iterator[Problem]:
    if mapping.trigger is not None:
        if reason := why_not(mapping.trigger, mapping.mode):
            yield Problem("bad_trigger", f"{path}.trigger", f"This trigger cannot be read. {reason}")
        elif mapping.mode == "strict":
            for oddity in oddities(mapping.trigger):
                yield Problem(oddity.code, f"{path}.trigger", oddity.message, "warning")
    known = ACTIONS[mapping.action].fields
    for field in mapping.fields:
        if field not in known and field != ROOT:
            message = f"{mapping.action} has no field {field!r}; it has {', '.join(known)}."
            yield Problem("unknown_field", f"{path}.fields.{field}", message)
    for problem in mapping_problems(mapping.fields):
        yield Problem("bad_mapping", f"{path}.fields{_dotted(problem.path)}", f"{problem}")


def _dotted(path: str) -> str:
    """`/traits/@path` as our paths have it: `.traits.@path`."""
    parts: Sequence[str] = [part for part in path.split("/") if part]
    return "".join(f".{part}" for part in parts)
