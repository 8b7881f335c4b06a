"""A whole mapping as one function from an event to a payload.

What most mappings are, members that are paths, becomes syntax nodes (never text: fixed names, constants by index); the
rest runs as the directives' own functions. Members of an event that several paths begin with are read once.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

from handrail.core.errors import Invalid
from handrail.segmentio.javascript import UNDEFINED, path_keys, type_of, walk
from handrail.segmentio.mapping.budget import BUDGET, Budget, MappingFailed
from handrail.segmentio.mapping.directives import Resolver, cleaned, resolver, without_root
from handrail.segmentio.mapping.problems import MappingProblem, mapping_problems, rooted

Transform: TypeAlias = Callable[[Mapping[str, object]], object]


class BadMapping(Invalid):
    """A mapping that no event can pass; every problem names its path."""

    code = "bad_mapping"

    def __init__(self, problems: list[MappingProblem]) -> None:
        super().__init__(" ".join(map(str, problems)), path=problems[0].path)
        self.problems = problems


def transform(mapping: object, data: object) -> object:
    """The payload that a mapping makes of an event. Raises BadMapping, or MappingFailed where the two do not fit."""
    if not isinstance(data, dict):
        raise MappingFailed(f"data must be an object, got {type_of(data)}")
    return compile_mapping(mapping)(cast("dict[str, object]", data))


def compile_mapping(mapping: object) -> Transform:
    """The mapping as a function. What it gives may share parts with the event, and is only read. Raises BadMapping."""
    if problems := mapping_problems(mapping):
        raise BadMapping(problems)
    whole: object = rooted(mapping)
    budget = Budget()
    members = cast("dict[str, object] | None", whole if isinstance(whole, dict) else None)
    if members is None or any(key.startswith("@") for key in members):
        return _limited(resolver(cast("object", whole), budget), budget)
    return _Builder(budget).build(members)


def _limited(run: Resolver, budget: Budget) -> Transform:
    def made(event: Mapping[str, object]) -> object:
        budget.left = BUDGET
        value = cleaned(run(event))
        return None if value is UNDEFINED else value

    return made


def _name(identifier: str) -> ast.expr:
    return ast.Name(identifier, ast.Load())


def _call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(function, list(arguments), [])


def _assign(identifier: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(identifier, ast.Store())], value)


class _Builder:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._constants: dict[str, object] = {"undefined": UNDEFINED, "object": dict, "walk": walk}
        self._first: dict[str, str] = {}
        self._head: list[ast.stmt] = []
        self._is_slow = False

    def build(self, members: Mapping[str, object]) -> Transform:
        """The finished function."""
        body: list[ast.stmt] = []
        for key, value in members.items():
            made = self._value(key, value)
            out = ast.Subscript(_name("out"), self._constant(key), ast.Store())
            if isinstance(made, ast.Constant):
                body.append(ast.Assign([out], made))
                continue
            kept = ast.Compare(ast.NamedExpr(ast.Name("value", ast.Store()), made), [ast.IsNot()], [_name("undefined")])
            body.append(ast.If(kept, [ast.Assign([out], _name("value"))], []))
        begin: list[ast.stmt] = [
            _assign("get", ast.Attribute(_name("event"), "get", ast.Load())),
            _assign("out", ast.Dict([], [])),
        ]
        if self._is_slow:
            begin.append(ast.Expr(_call(self._constant(self._restart))))
        arguments = ast.arguments([], [ast.arg("event")], None, [], [], None, [])
        function = ast.FunctionDef("mapping", arguments, [*begin, *self._head, *body, ast.Return(_name("out"))], [])
        module = ast.fix_missing_locations(ast.Module([function], []))
        space = dict(self._constants)
        exec(compile(module, "<mapping>", "exec"), space)  # noqa: S102 built from nodes above, no authored text in it
        return cast("Transform", space["mapping"])

    def _restart(self) -> None:
        self._budget.left = BUDGET

    def _constant(self, value: object) -> ast.expr:
        name = f"k{len(self._constants)}"
        self._constants[name] = value
        return _name(name)

    def _value(self, key: str, value: object) -> ast.expr:
        if value is None or isinstance(value, bool | int | float):
            return ast.Constant(value)
        if isinstance(value, str):
            return self._constant(value)
        keys = _plain_path(value)
        if keys:
            return self._walk(keys)
        self._is_slow = True
        run = resolver({key: value}, self._budget)

        def slow(event: object) -> object:
            made = cast("dict[str, object]", run(event))[key]
            return made if made is UNDEFINED else cleaned(made)

        return _call(self._constant(slow), _name("event"))

    def _walk(self, keys: tuple[str, ...]) -> ast.expr:
        first, *rest = keys
        if first not in self._first:
            self._first[first] = f"m{len(self._first)}"
            self._head.append(
                _assign(self._first[first], _call(_name("get"), self._constant(first), _name("undefined")))
            )
        found = _name(self._first[first])
        if not rest:
            return found
        slow = _call(_name("walk"), found, self._constant(tuple(rest)))
        if len(rest) > 1:
            return slow
        is_object = ast.Compare(ast.Attribute(found, "__class__", ast.Load()), [ast.Is()], [_name("object")])
        quick = _call(ast.Attribute(found, "get", ast.Load()), self._constant(rest[0]), _name("undefined"))
        return ast.IfExp(is_object, quick, slow)


def _plain_path(value: object) -> tuple[str, ...] | None:
    """The keys of a member that is `{"@path": "$.a.b"}` and nothing else."""
    if not isinstance(value, dict):
        return None
    members = cast("dict[str, object]", value)
    path = members.get("@path")
    if not isinstance(path, str) or not members.keys() <= {"@path", "_metadata"}:
        return None
    plain = without_root(path)
    return None if plain in ("", ".") else path_keys(plain)
