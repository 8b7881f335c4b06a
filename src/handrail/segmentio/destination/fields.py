"""An action's fields, checked: what a mapping made is held to the types, what is required, and where null may stand."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TypeGuard, cast

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


def fitting(action: ActionKey) -> Callable[[object], TypeGuard[dict[str, object]]]:
    """A quick test: whether a payload is as its fields want it, with nothing to change but null where it may be absent.

    Built as syntax nodes from the action's own fields; no authored text is in it.
    """
    get = ast.Attribute(ast.Name("payload", ast.Load()), "get", ast.Load())

    def is_class(value: ast.expr, name: str) -> ast.expr:
        return ast.Compare(ast.Attribute(value, "__class__", ast.Load()), [ast.Is()], [ast.Name(name, ast.Load())])

    tests: list[ast.expr] = [is_class(ast.Name("payload", ast.Load()), "object")]
    for name, field in ACTIONS[action].fields.items():
        value = ast.NamedExpr(ast.Name("value", ast.Store()), ast.Call(get, [ast.Constant(name)], []))
        fits = is_class(value, field.type)
        if not field.required:
            missing = ast.Compare(ast.Name("value", ast.Load()), [ast.Is()], [ast.Constant(None)])
            fits = ast.BoolOp(ast.Or(), [fits, missing])
        tests.append(fits)
    arguments = ast.arguments([], [ast.arg("payload")], None, [], [], None, [])
    function = ast.FunctionDef("fits", arguments, [ast.Return(ast.BoolOp(ast.And(), tests))], [])
    space: dict[str, object] = {"string": str, "object": dict}
    exec(compile(ast.fix_missing_locations(ast.Module([function], [])), "<fields>", "exec"), space)  # noqa: S102
    return cast("Callable[[object], TypeGuard[dict[str, object]]]", space["fits"])


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
