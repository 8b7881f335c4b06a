"""Predicates: every audience of an environment as one Python function, built as syntax nodes, never as text.

Authored words cannot reach the compiler: names are made by counting, authored values are constants looked up by
index. What the function does is decided by the tree alone, so a hostile string is only ever a value.

The function takes one user's `Facts` and gives the indexes of the audiences that may hold. Leaves that only a browser
can answer count as "may" whichever way they are asked; `handrail.compile.residual` says what remains to be asked.

Two tricks make it fast. Each attribute is read once, in the form its operators want: a wrong-typed number is read as
NaN, for which every comparison is false and `!=` true, just as the operator table says of missing numbers. And leaves
that several audiences share are answered once, and asked first wherever they stand.
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

import msgspec

from handrail.compile.normal_form import Both, Either, Known, Leaf, Node, normal_form
from handrail.compile.patterns import found
from handrail.core.conditions.counters import count, counted_by, counter_id, edge_day
from handrail.core.conditions.evaluate import World, evaluate, is_within
from handrail.core.conditions.model import (
    DEFERRED,
    AttributeCondition,
    Condition,
    EventCondition,
    EventTimeCondition,
    ExperienceCondition,
    UsersCondition,
)
from handrail.core.conditions.operators import FOREVER, NEGATIVE, date_bounds, holds, normal, row_of
from handrail.core.people import ExperienceState, Facts
from handrail.core.values import day_start, double, remembered_instant

Predicate: TypeAlias = Callable[[Facts], list[int]]
"""Which audiences may hold for a user, by index, ascending."""

NAN = math.nan
SOURCES = ("native", "custom", "company")


def compile_audiences(audiences: Sequence[Condition | None], segments: Mapping[str, Condition], zone: str) -> Predicate:
    """One function for a whole list of audiences. None is everyone. Raises Invalid as `normal_form` does."""
    return _Builder(zone).build([Known(True) if each is None else normal_form(each, segments) for each in audiences])


NOTHING: frozenset[object] = frozenset()


def _elements(value: object) -> frozenset[object]:
    """An attribute's elements as they compare; none when it is no array. An array holds one type only."""
    if value.__class__ is not list:
        return NOTHING
    values = cast("list[object]", value)
    return frozenset(map(_element, values)) if values and values[0].__class__ is bool else frozenset(values)


def _element(value: object) -> object:
    """An element as it compares with others: text in NFC, and booleans apart from the numbers they equal in Python."""
    match value:
        case bool():
            return ("boolean", value)
        case str():
            return normal(value)
        case _:
            return _double(value)


def _double(value: object) -> object:
    return double(value) if isinstance(value, int | float) else value


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
            "instant": remembered_instant,
            "day_start": day_start,
            "ask": self._ask,
            "elements": _elements,
            "string": str,
            "whole": int,
            "broken": float,
            "array": list,
            "nan": NAN,
            "empty": "",
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
        # What was answered once already costs least, and often decides.
        parts.sort(key=lambda part: not isinstance(part, ast.Name))
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
            case EventTimeCondition() as condition:
                verdict = self._event_time(condition)
            case UsersCondition(users):
                apart = _call(ast.Attribute(self._constant(frozenset(users)), "isdisjoint", ast.Load()), self._users())
                verdict = ast.UnaryOp(ast.Not(), apart)
            case condition:
                verdict = _call(_name("ask"), self._constant(condition), _name("facts"))
        return verdict if leaf.positive else ast.UnaryOp(ast.Not(), verdict)

    def _event(self, condition: EventCondition) -> ast.expr:
        counter, within = counter_id(condition), condition.within_days

        def times(facts: Facts) -> int:
            days = facts.events.get(counter)
            return 0 if days is None else count(days, within, facts.today)

        counted = self._bind(("e", counter, within), lambda: _call(self._constant(times), _name("facts")))
        return _compare(counted, NUMBER_OPERATORS[condition.operator](), ast.Constant(condition.value))

    def _event_time(self, condition: EventTimeCondition) -> ast.expr:
        asked, zone = counted_by(condition), self._zone
        assert asked is not None
        counter = counter_id(asked)

        def holds_for(facts: Facts) -> bool:
            day = edge_day(facts.events.get(counter, {}), condition.which)
            return day is not None and is_within(condition, day, facts.today, zone)

        return _call(self._constant(holds_for), _name("facts"))

    def _users(self) -> ast.expr:
        return self._bind("users", lambda: ast.Attribute(_name("facts"), "users", ast.Load()))

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
                empties = [_compare(value, ast.Eq(), empty) for empty in (_name("empty"), ast.List([], ast.Load()))]
                return ast.BoolOp(ast.Or(), [missing, *empties])
            case "boolean":
                return _compare(value, ast.Is(), ast.Constant(condition.value is True))
            case "number":
                return self._numeric(condition, value)
            case "text":
                return self._textual(condition, value)
            case "date":
                return self._dated(condition, value)
            case "array" if isinstance(condition.value, tuple):
                return self._listed(condition, value)
            case _:
                return self._slow(condition, value)

    def _slow(self, condition: AttributeCondition, value: ast.expr) -> ast.expr:
        zone = self._zone

        def answer(actual: object, today: int) -> bool:
            return holds(condition, actual, today=today, zone=zone, found=found)  # pyright: ignore[reportArgumentType]

        return _call(self._constant(answer), value, _name("today"))

    def _numeric(self, condition: AttributeCondition, value: ast.expr) -> ast.expr:
        number = self._bind(("n", condition.attribute), lambda: self._if_class(value, ("whole", "broken"), "nan"))
        operator, expected = condition.operator, condition.value
        if isinstance(expected, tuple):
            low, high = (self._constant(_double(edge)) for edge in expected)
            return ast.Compare(low, [ast.LtE(), ast.LtE()], [number, high])
        return _compare(number, NUMBER_OPERATORS[operator](), self._constant(_double(expected)))

    def _textual(self, condition: AttributeCondition, value: ast.expr) -> ast.expr:
        operator, expected = condition.operator, condition.value
        # What is no text is read as "": no operator finds a longer value in it, so only "" itself needs a guard.
        text = self._bind(("s", condition.attribute), lambda: self._if_class(value, ("string",), "empty"))
        is_text = _compare(ast.Attribute(value, "__class__", ast.Load()), ast.Is(), _name("string"))
        if isinstance(expected, tuple):
            choices = frozenset(normal(str(each)) for each in expected)
            verdict = _compare(text, ast.In(), self._constant(choices))
            return self._turned(operator, verdict, is_text if "" in choices else None)
        wanted = normal(str(expected))
        constant = self._constant(wanted)
        match operator:
            case "is" | "is_not":
                return _compare(value, ast.Eq() if operator == "is" else ast.NotEq(), constant)
            case "contains" | "not_contains":
                verdict = _compare(constant, ast.In(), text)
                return self._turned(operator, verdict, None if wanted else is_text)
            case "starts_with" | "ends_with":
                verdict = _call(ast.Attribute(text, operator.replace("_", ""), ast.Load()), constant)
                return self._turned(operator, verdict, None if wanted else is_text)
            case _:
                return self._slow(condition, value)

    def _turned(self, operator: str, verdict: ast.expr, guard: ast.expr | None) -> ast.expr:
        if guard is not None:
            verdict = ast.BoolOp(ast.And(), [guard, verdict])
        return ast.UnaryOp(ast.Not(), verdict) if operator in NEGATIVE else verdict

    def _if_class(self, value: ast.expr, classes: tuple[str, ...], otherwise: str) -> ast.expr:
        kind = ast.Attribute(value, "__class__", ast.Load())
        tests = [_compare(kind, ast.Is(), _name(each)) for each in classes]
        return ast.IfExp(tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests), value, _name(otherwise))

    def _listed(self, condition: AttributeCondition, value: ast.expr) -> ast.expr:
        assert isinstance(condition.value, tuple)
        wanted = frozenset(_element(each) for each in condition.value)
        elements = self._bind(("a", condition.attribute), lambda: _call(_name("elements"), value))
        if condition.operator == "has_all":
            if not wanted:
                return _compare(ast.Attribute(value, "__class__", ast.Load()), ast.Is(), _name("array"))
            return _compare(self._constant(wanted), ast.LtE(), elements)
        apart = _call(ast.Attribute(elements, "isdisjoint", ast.Load()), self._constant(wanted))
        return apart if condition.operator == "has_none" else ast.UnaryOp(ast.Not(), apart)

    def _dated(self, condition: AttributeCondition, value: ast.expr) -> ast.expr:
        instant = self._bind(("t", condition.attribute), lambda: self._instant(condition.attribute, value))
        match condition.operator, condition.value:
            case "within_last", int(days):
                return ast.Compare(self._day(1 - days), [ast.LtE(), ast.Lt()], [instant, self._day(1)])
            case "more_than_ago", int(days):
                return _compare(instant, ast.Lt(), self._day(1 - days))
            case _:
                bounds = date_bounds(condition.operator, condition.value, 0, self._zone)
                if bounds is None:
                    return ast.Constant(False)
                low, high = (self._constant(edge) for edge in bounds)
                if bounds[0] == -FOREVER:
                    return _compare(instant, ast.Lt(), high)
                if bounds[1] == FOREVER:
                    return _compare(low, ast.LtE(), instant)
                return ast.Compare(low, [ast.LtE(), ast.Lt()], [instant, high])

    def _instant(self, attribute: str, value: ast.expr) -> ast.expr:
        """The instant an attribute names, NaN when none: no comparison holds for it."""
        zone = self._constant(self._zone)
        read = self._bind(("i", attribute), lambda: _call(_name("instant"), value, zone))
        return ast.IfExp(_compare(read, ast.Is(), ast.Constant(None)), _name("nan"), read)

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
