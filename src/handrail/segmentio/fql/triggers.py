"""Triggers of either mode: parsed, explained when they cannot be, and compiled to a Python predicate.

The predicate is built as syntax nodes, never as text: names are fixed, and whatever an author wrote is a constant that
the function looks up by index, so a hostile trigger is only ever a value.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Literal, TypeAlias

import msgspec

from handrail.core.errors import Invalid
from handrail.segmentio.fql import full, strict
from handrail.segmentio.fql.model import Comparison, Failed, Group
from handrail.segmentio.fql.tokens import tokenize
from handrail.segmentio.javascript import UNDEFINED, number_of, path_keys, text_of, walk

Mode: TypeAlias = Literal["strict", "full"]
Event: TypeAlias = Mapping[str, object]
Predicate: TypeAlias = Callable[[Event], bool]


class Oddity(msgspec.Struct, frozen=True):
    """Something in a strict trigger that means other than it seems."""

    code: str
    message: str


def why_not(text: str, mode: Mode) -> str | None:
    """Why a trigger can never match because it cannot be read; None when it can."""
    try:
        if mode == "full":
            full.parse(text)
            return None
        tokenize(text)
    except Invalid as problem:
        return problem.message
    trigger = strict.parse(text)
    if not isinstance(trigger, Failed):
        return None
    if trigger.error == strict.NO_TYPE:
        return "It holds no condition that can be read, a group in a group, or a group that is not closed."
    return f"{trigger.error.removeprefix('Error: ')}."


def oddities(text: str) -> list[Oddity]:
    """What a strict trigger says that Segment's runtime reads otherwise; nothing for one that cannot be read."""
    trigger = strict.parse(text)
    if isinstance(trigger, Failed):
        return []
    words = tokenize(text)
    found: list[Oddity] = []
    if any(word.type == "string" and word.value[0] == "'" for word in words):
        found.append(Oddity("single_quotes", "In strict mode a text in single quotes keeps them and matches nothing."))
    joins = {word.value for word in words if word.type == "conditional"}
    if len(joins) > 1 and _is_flat(trigger):
        found.append(Oddity("mixed_joins", f"In strict mode the last word, {trigger.operator!r}, joins all of it."))
    for word, following in pairwise(words):
        if word.type == "operator" and word.value == "!" and following.type == "(":
            found.append(Oddity("negated_group", "In strict mode '!' before a group is ignored."))
    for word, following in pairwise(strict.joined(words)):
        is_field = word.type == "ident" and following.type == "operator" and following.value != "!"
        if is_field and word.value.partition(".")[0] not in strict.SUBJECTS:
            message = f"In strict mode there is no field {word.value!r}: its condition is left out, the others decide."
            found.append(Oddity("unknown_field", message))
    return found


def _is_flat(group: Group) -> bool:
    return not any(isinstance(child, Group) for child in group.children)


def compile_trigger(text: str, mode: Mode) -> Predicate:
    """A predicate over events. One that strict mode fails at never matches. Raises Invalid for bad full FQL."""
    builder = _Builder()
    if mode == "full":
        return builder.build(builder.truth(full.parse(text)))
    trigger = strict.parse(text)
    if isinstance(trigger, Failed):
        return never
    body = builder.node(trigger)
    predicate = builder.build(body)
    return _guarded(predicate) if builder.may_throw else predicate


def never(event: Event) -> bool:
    """The predicate of what cannot match."""
    return False


class _Throws(Exception):
    pass


def _throw() -> bool:
    raise _Throws


def _guarded(predicate: Predicate) -> Predicate:
    def ask(event: Event) -> bool:
        try:
            return predicate(event)
        except _Throws:
            return False

    return ask


def _name(identifier: str) -> ast.expr:
    return ast.Name(identifier, ast.Load())


def _call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(function, list(arguments), [])


def _compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [operator], [right])


def _attribute(value: ast.expr, name: str) -> ast.expr:
    return ast.Attribute(value, name, ast.Load())


ORDERED: Mapping[str, type[ast.cmpop]] = {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}
NUMBERS = frozenset({int, float})


def _found(value: object, keys: tuple[str, ...]) -> object:
    """What is at a path; nothing and null are one to every test."""
    found = walk(value, keys)
    return None if found is UNDEFINED else found


class _Builder:
    def __init__(self) -> None:
        self._constants: dict[str, object] = {"numbers": NUMBERS, "string": str, "object": dict, "found": _found}
        self.may_throw = False

    def build(self, body: ast.expr) -> Predicate:
        """The finished function."""
        arguments = ast.arguments([], [ast.arg("event")], None, [], [], None, [])
        function = ast.FunctionDef("trigger", arguments, [ast.Return(body)], [])
        module = ast.fix_missing_locations(ast.Module([function], []))
        space = dict(self._constants)
        exec(compile(module, "<trigger>", "exec"), space)  # noqa: S102 built from nodes above, no authored text in it
        return space["trigger"]  # pyright: ignore[reportReturnType]

    def _constant(self, value: object) -> ast.expr:
        name = f"k{len(self._constants)}"
        self._constants[name] = value
        return _name(name)

    def _get(self, owner: ast.expr, key: str) -> ast.expr:
        return _call(_attribute(owner, "get"), self._constant(key))

    # Strict.

    def node(self, node: Group | Comparison | None) -> ast.expr:
        """A strict node as an expression."""
        match node:
            case None:
                self.may_throw = True
                return _call(self._constant(_throw))
            case Group("and" | "or" as word, children):
                join = ast.And() if word == "and" else ast.Or()
                return ast.BoolOp(join, [ast.Constant(word == "and"), *map(self.node, children)])
            case Group():
                return ast.Constant(False)
            case Comparison():
                return self._test(node)

    def _test(self, comparison: Comparison) -> ast.expr:
        value, expected = self._actual(comparison), comparison.value
        match comparison.operator:
            case "=":
                return _compare(value, ast.Eq(), self._constant(text_of(expected)))
            case "!=":
                return _compare(value, ast.NotEq(), self._constant(text_of(expected)))
            case "exists" | "not_exists" as word:
                return _compare(value, ast.IsNot() if word == "exists" else ast.Is(), ast.Constant(None))
            case "is_true" | "is_false" as word:
                return _compare(value, ast.Is(), ast.Constant(word == "is_true"))
            case "number_equals" | "number_not_equals" as word:
                operator = ast.Eq() if word == "number_equals" else ast.NotEq()
                return self._if_number(value, operator, self._constant(expected))
            case "<" | "<=" | ">" | ">=" as word:
                return self._if_number(value, ORDERED[word](), self._constant(number_of(expected)))
            case "contains" | "not_contains" as word:
                operator = ast.In() if word == "contains" else ast.NotIn()
                return self._if_text(value, lambda held: _compare(self._constant(text_of(expected)), operator, held))
            case "starts_with" | "ends_with" | "not_starts_with" | "not_ends_with" as word:
                method = word.removeprefix("not_").replace("_", "")
                wanted = self._constant(text_of(expected))

                def ask(held: ast.expr) -> ast.expr:
                    verdict = _call(_attribute(held, method), wanted)
                    return ast.UnaryOp(ast.Not(), verdict) if word.startswith("not_") else verdict

                return self._if_text(value, ask)
            case _:
                return ast.Constant(False)

    def _actual(self, comparison: Comparison) -> ast.expr:
        if comparison.name is None:
            return self._get(_name("event"), strict.PLAIN[comparison.type])
        owner = self._get(_name("event"), strict.OBJECTS[comparison.type])
        keys = path_keys(comparison.name)
        if comparison.name == ".":
            return owner
        if len(keys) != 1:
            return _call(_name("found"), owner, self._constant(keys))
        held = ast.NamedExpr(ast.Name("held", ast.Store()), owner)
        is_object = _compare(_attribute(held, "__class__"), ast.Is(), _name("object"))
        slow = _call(_name("found"), _name("held"), self._constant(keys))
        return ast.IfExp(is_object, self._get(_name("held"), keys[0]), slow)

    def _held(self, value: ast.expr) -> ast.expr:
        return ast.NamedExpr(ast.Name("value", ast.Store()), value)

    def _if_number(self, value: ast.expr, operator: ast.cmpop, expected: ast.expr) -> ast.expr:
        is_number = _compare(_attribute(self._held(value), "__class__"), ast.In(), _name("numbers"))
        return ast.BoolOp(ast.And(), [is_number, _compare(_name("value"), operator, expected)])

    def _if_text(self, value: ast.expr, ask: Callable[[ast.expr], ast.expr]) -> ast.expr:
        is_text = _compare(_attribute(self._held(value), "__class__"), ast.Is(), _name("string"))
        return ast.BoolOp(ast.And(), [is_text, ask(_name("value"))])

    # Full.

    def truth(self, term: full.Term) -> ast.expr:
        """Whether a term is exactly true."""
        match term:
            case full.Joined(word, members):
                return ast.BoolOp(ast.And() if word == "and" else ast.Or(), [self.truth(each) for each in members])
            case full.Not(inner):
                return ast.UnaryOp(ast.Not(), self.truth(inner))
            case full.Compared():
                return self._value(term)
            case _:
                return _compare(self._value(term), ast.Is(), ast.Constant(True))

    def _value(self, term: full.Term) -> ast.expr:
        match term:
            case full.Constant(value):
                return self._constant(value)
            case full.Path((key,)):
                return self._get(_name("event"), key)
            case full.Path(keys):
                return _call(self._constant(full.find), _name("event"), self._constant(keys))
            case full.Listed(members):
                return ast.List([self._value(each) for each in members], ast.Load())
            case full.Call(function, arguments):
                return _call(self._constant(full.FUNCTIONS[function]), *map(self._value, arguments))
            case full.Compared("=" | "!=" as word, left, full.Constant(str() as text)):
                return _compare(self._value(left), ast.Eq() if word == "=" else ast.NotEq(), self._constant(text))
            case full.Compared(operator, left, right):
                return _call(self._constant(full.OPERATORS[operator]), self._value(left), self._value(right))
            case full.Joined() | full.Not():
                return self.truth(term)
