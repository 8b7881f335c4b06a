"""An action's fields, checked: what a mapping made is held to the types, what is required, and where null may stand."""

from __future__ import annotations

from typing import cast

import msgspec

from handrail.segmentio.destination.actions import ACTIONS, ActionKey, Field
from handrail.segmentio.javascript import text_of, type_of


class FieldProblem(msgspec.Struct, frozen=True):
    """Why a payload could not be used: the place in it (`event_name`, or `/traits/@replace` in the mapping), why."""

    path: str
    message: str


def checked(action: ActionKey, payload: object) -> dict[str, object] | list[FieldProblem]:
    """The payload's fields as their types want them, or every problem.

    A number or a boolean in a text field becomes its text, as Segment's servers do. Null counts as absent except
    where the field allows it. Members that are no field of the action are left out.
    """
    if not isinstance(payload, dict):
        return [FieldProblem("", f"A payload is an object, not {type_of(payload)}.")]
    members = cast("dict[str, object]", payload)
    made: dict[str, object] = {}
    problems: list[FieldProblem] = []
    for name, field in ACTIONS[action].fields.items():
        value = members.get(name)
        if value is None:
            if field.required:
                problems.append(FieldProblem(name, f"{name} is required."))
            elif name in members and field.allow_null:
                made[name] = None
            continue
        typed = _typed(field, value)
        if typed is None:
            problems.append(FieldProblem(name, f"{name} is {_said(field)}, not {type_of(value)}."))
        else:
            made[name] = typed
    return problems or made


def _typed(field: Field, value: object) -> object | None:
    match field.type, value:
        case "string", str():
            return value
        case "string", bool() | int() | float():
            return text_of(value)
        case "object", dict():
            return cast("object", value)
        case _:
            return None


def _said(field: Field) -> str:
    return "text" if field.type == "string" else "an object"
