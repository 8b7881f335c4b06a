"""Predicates: every audience of an environment as one Python function, built as syntax nodes, never as text.

Authored words cannot reach the compiler: names are made by counting, authored values are constants looked up by
index. What the function does is decided by the tree alone, so a hostile string is only ever a value.

The function takes one user's `Facts` and gives the indexes of the audiences that may hold. Leaves that only a browser
can answer count as "may" whichever way they are asked; `handrail.compile.residual` says what remains to be asked.

Two tricks make it fast. Each attribute is read once, in the form its operators want: a wrong-typed number is read as
NaN, for which every comparison is false and `!=` true, just as the operator table says of missing numbers. And leaves
that several audiences share are answered once.
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from handrail.compile.normal_form import Both, Either, Known, Leaf, Node, normal_form
from handrail.compile.patterns import found
from handrail.core.conditions.counters import count, counter_id
from handrail.core.conditions.evaluate import COMPARE, World, evaluate
from handrail.core.conditions.model import (
    DEFERRED,
    AttributeCondition,
    Condition,
    EventCondition,
    ExperienceCondition,
)
from handrail.core.conditions.operators import NEGATIVE, date_bounds, holds, normal, row_of
from handrail.core.people import ExperienceState, Facts
from handrail.core.values import day_start, instant_of

Predicate: TypeAlias = Callable[[Facts], list[int]]
"""Which audiences may hold for a user, by index, ascending."""

NAN = math.nan
SOURCES = ("native", "custom", "company")


def compile_audiences(audiences: Sequence[Condition | None], segments: Mapping[str, Condition], zone: str) -> Predicate:
    """One function for a whole list of audiences. None is everyone. Raises Invalid as `normal_form` does."""
    return _Builder(zone).build([Known(True) if each is None else normal_form(each, segments) for each in audiences])


def _number(value: object) -> float:
    return value if value.__class__ is int or value.__class__ is float else NAN  # pyright: ignore[reportReturnType]


def _instant(value: object, zone: str) -> float:
    found_at = instant_of(value, zone)
    return NAN if found_at is None else found_at


def _name(identifier: str) -> ast.expr:
    return ast.Name(identifier, ast.Load())


def _call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(function, list(arguments), [])


def _compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [operator], [right])


def _assign(identifier: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(identifier, ast.Store())], value)


NUMBER_OPERATORS: Mapping[str, type[ast.cmpop]] = {
    "=": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}


class _Builder:
    """Collects constants and bindings while the tree is turned into expressions."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._constants: dict[str, object] = {
            "number": _number,
            "instant": _instant,
            "day_start": day_start,
            "ask": self._ask,
            "string": str,
        }
        self._bound: dict[object, str] = {}
        self._head: list[ast.stmt] = []

    def build(self, nodes: Sequence[Node]) -> Predicate:
        """The finished function."""
        uses: Counter[bytes] = Counter()
        for node in nodes:
            _count(node, uses)
        self._shared = {leaf for leaf, times in uses.items() if times > 1}
        tests: list[ast.stmt] = []
        for index, node in enumerate(nodes):
            verdict = self._node(node)
            keep: ast.stmt = ast.Expr(_call(_name("keep"), ast.Constant(index)))
            if isinstance(verdict, ast.Constant):
                if verdict.value:
                    tests.append(keep)
            else:
                tests.append(ast.If(verdict, [keep], []))
        facts = _name("facts")
        body: list[ast.stmt] = [
            *(
                _assign(each, ast.Attribute(ast.Attribute(facts, each, ast.Load()), "get", ast.Load()))
                for each in SOURCES
            ),
            _assign("experience", ast.Attribute(ast.Attribute(facts, "experiences", ast.Load()), "get", ast.Load())),
            _assign("today", ast.Attribute(facts, "today", ast.Load())),
            _assign("out", ast.List([], ast.Load())),
            _assign("keep", ast.Attribute(_name("out"), "append", ast.Load())),
            *self._head,
            *tests,
            ast.Return(_name("out")),
        ]
        function = ast.FunctionDef("audiences", ast.arguments([], [ast.arg("facts")], None, [], [], None, []), body, [])
        module = ast.fix_missing_locations(ast.Module([function], []))
        space = dict(self._constants)
        exec(compile(module, "<audiences>", "exec"), space)  # noqa: S102 built from nodes above, no authored text in it
        return space["audiences"]  # pyright: ignore[reportReturnType]

    def _constant(self, value: object) -> ast.expr:
        name = f"k{len(self._constants)}"
        self._constants[name] = value
        return _name(name)

    def _bind(self, key: object, make: Callable[[], ast.expr]) -> ast.expr:
        """A local variable for `key`, computed once at the function's head."""
        if key not in self._bound:
            value = make()
            name = f"v{len(self._bound)}"
            self._bound[key] = name
            self._head.append(_assign(name, value))
        return _name(self._bound[key])

    def _node(self, node: Node) -> ast.expr:
        match node:
            case Known(verdict):
                return ast.Constant(verdict)
            case Leaf():
                return self._leaf(node)
            case Both(members):
                return self._group(members, ast.And(), stops_at=False)
            case Either(members):
                return self._group(members, ast.Or(), stops_at=True)

    def _group(self, members: tuple[Node, ...], operator: ast.boolop, *, stops_at: bool) -> ast.expr:
        parts: list[ast.expr] = []
        for member in members:
            part = self._node(member)
            if isinstance(part, ast.Constant):
                if part.value is stops_at:
                    return part
                continue
            parts.append(part)
        if not parts:
            return ast.Constant(not stops_at)
        return parts[0] if len(parts) == 1 else ast.BoolOp(operator, parts)

    def _leaf(self, leaf: Leaf) -> ast.expr:
        if isinstance(leaf.condition, DEFERRED):
            return ast.Constant(True)
        if (key := _key(leaf)) in self._shared:
            return self._bind(key, lambda: self._answer(leaf))
        return self._answer(leaf)

    def _answer(self, leaf: Leaf) -> ast.expr:
        match leaf.condition:
            case AttributeCondition() as condition:
                verdict = self._attribute(condition)
            case ExperienceCondition(experience, fact, None, None) if fact in ("seen", "completed", "dismissed"):
                member = "last_seen" if fact == "seen" else fact
                state = self._bind(
                    ("x", experience),
                    lambda: _call(_name("experience"), self._constant(experience), self._constant(NEVER)),
                )
                verdict = _compare(ast.Attribute(state, member, ast.Load()), ast.Gt(), ast.Constant(0))
            case EventCondition() as condition:
                verdict = self._event(condition)
            case condition:
                verdict = _call(_name("ask"), self._constant(condition), _name("facts"))
        return verdict if leaf.positive else ast.UnaryOp(ast.Not(), verdict)

    def _event(self, condition: EventCondition) -> ast.expr:
        counter, within, compare, value = (
            counter_id(condition),
            condition.within_days,
            COMPARE[condition.operator],
            condition.value,
        )
        none: dict[int, int] = {}

        def answer(facts: Facts) -> bool:
            return compare(count(facts.events.get(counter, none), within, facts.today), value)

        return _call(self._constant(answer), _name("facts"))

    def _ask(self, condition: Condition, facts: Facts) -> bool:
        """The slow way, for leaves too rare to be worth syntax of their own."""
        return evaluate(condition, World(facts, {}, None, found)).verdict is True

    def _value(self, name: str) -> ast.expr:
        source, _, key = name.partition(".")
        if source not in SOURCES:
            return ast.Constant(None)
        return self._bind(name, lambda: _call(_name(source), self._constant(key)))

    def _attribute(self, condition: AttributeCondition) -> ast.expr:
        value = self._value(condition.attribute)
        match row_of(condition):
            case "any":
                missing = _compare(value, ast.Is(), ast.Constant(None))
                if condition.operator == "is_set":
                    return _compare(value, ast.IsNot(), ast.Constant(None))
                empties = [_compare(value, ast.Eq(), self._constant(empty)) for empty in ("", [])]
                return ast.BoolOp(ast.Or(), [missing, *empties])
            case "boolean":
                return _compare(value, ast.Is(), ast.Constant(condition.value is True))
            case "number":
                return self._numeric(condition, value)
            case "text":
                return self._textual(condition, value)
            case "date":
                return self._dated(condition, value)
            case _:
                return self._slow(condition, value)

    def _slow(self, condition: AttributeCondition, value: ast.expr) -> ast.expr:
        zone = self._zone

        def answer(actual: object, today: int) -> bool:
            return holds(condition, actual, today=today, zone=zone, found=found)  # pyright: ignore[reportArgumentType]

        return _call(self._constant(answer), value, _name("today"))

    def _numeric(self, condition: AttributeCondition, value: ast.expr) -> ast.expr:
        number = self._bind(("n", condition.attribute), lambda: _call(_name("number"), value))
        if isinstance(condition.value, tuple):
            low, high = condition.value
            return ast.Compare(self._constant(low), [ast.LtE(), ast.LtE()], [number, self._constant(high)])
        return _compare(number, NUMBER_OPERATORS[condition.operator](), self._constant(condition.value))

    def _textual(self, condition: AttributeCondition, value: ast.expr) -> ast.expr:
        operator, wanted = condition.operator, condition.value
        is_text = _compare(ast.Attribute(value, "__class__", ast.Load()), ast.Is(), _name("string"))
        if isinstance(wanted, tuple):
            choices = self._constant(frozenset(normal(str(each)) for each in wanted))
            inside = ast.BoolOp(ast.And(), [is_text, _compare(value, ast.In(), choices)])
            return inside if operator == "one_of" else ast.UnaryOp(ast.Not(), inside)
        text = self._constant(normal(str(wanted)))
        match operator:
            case "is":
                return _compare(value, ast.Eq(), text)
            case "is_not":
                return _compare(value, ast.NotEq(), text)
            case "contains" | "not_contains":
                inside = ast.BoolOp(ast.And(), [is_text, _compare(text, ast.In(), value)])
                return ast.UnaryOp(ast.Not(), inside) if operator in NEGATIVE else inside
            case "starts_with" | "ends_with":
                method = ast.Attribute(value, operator.replace("_", ""), ast.Load())
                return ast.BoolOp(ast.And(), [is_text, _call(method, text)])
            case _:
                return self._slow(condition, value)

    def _dated(self, condition: AttributeCondition, value: ast.expr) -> ast.expr:
        zone = self._constant(self._zone)
        instant = self._bind(("t", condition.attribute), lambda: _call(_name("instant"), value, zone))
        match condition.operator, condition.value:
            case "within_last" | "more_than_ago", int(days):
                start = self._day(1 - days)
                if condition.operator == "more_than_ago":
                    return _compare(instant, ast.Lt(), start)
                return ast.Compare(start, [ast.LtE(), ast.Lt()], [instant, self._day(1)])
            case _:
                bounds = date_bounds(condition.operator, condition.value, 0, self._zone)
                if bounds is None:
                    return ast.Constant(False)
                low, high = (self._constant(edge) for edge in bounds)
                return ast.Compare(low, [ast.LtE(), ast.Lt()], [instant, high])

    def _day(self, offset: int) -> ast.expr:
        day = ast.BinOp(_name("today"), ast.Add(), ast.Constant(offset))
        return self._bind(("d", offset), lambda: _call(_name("day_start"), day, self._constant(self._zone)))


NEVER = ExperienceState()


def _key(leaf: Leaf) -> bytes:
    """A leaf's own words. Structs would not do: Python holds `1` and `true` for equal, conditions do not."""
    return msgspec.json.encode([leaf.condition, leaf.positive])


def _count(node: Node, uses: Counter[bytes]) -> None:
    match node:
        case Leaf():
            uses[_key(node)] += 1
        case Both(members) | Either(members):
            for member in members:
                _count(member, uses)
        case Known():
            pass
