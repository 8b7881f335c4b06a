"""Full FQL: the language as Segment's public reference describes it, for those who want what its browser runtime lacks.

Facts: Segment's Public API reference of FQL. Where it is silent we decide, and `spec/cases/fql/full_*.json` says so:
`and` binds closer than `or`; what is missing is null; a condition holds when it is exactly true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import TypeAlias, cast

import msgspec

from handrail.core.errors import Invalid
from handrail.segmentio.fql.tokens import Token, tokenize
from handrail.segmentio.javascript import json_text, number_of, number_text

MAX_DEPTH = 16

Value: TypeAlias = object


class Constant(msgspec.Struct, frozen=True):
    """A literal: text, a number, a boolean or null."""

    value: str | float | bool | None


class Path(msgspec.Struct, frozen=True):
    """A field of the event, key by key."""

    keys: tuple[str, ...]


class Listed(msgspec.Struct, frozen=True):
    """A list of operands."""

    members: tuple[Term, ...]


class Call(msgspec.Struct, frozen=True):
    """A function of the language and its arguments."""

    function: str
    arguments: tuple[Term, ...]


class Not(msgspec.Struct, frozen=True):
    """Negation."""

    member: Term


class Compared(msgspec.Struct, frozen=True):
    """Two operands and what is asked of them."""

    operator: str
    left: Term
    right: Term


class Joined(msgspec.Struct, frozen=True):
    """Terms that must all, or any of them, be true."""

    operator: str
    members: tuple[Term, ...]


Term: TypeAlias = "Constant | Path | Listed | Call | Not | Compared | Joined"

ARGUMENTS: Mapping[str, int] = {
    "contains": 2,
    "match": 2,
    "length": 1,
    "lowercase": 1,
    "uppercase": 1,
    "snakecase": 1,
    "kebabcase": 1,
    "titlecase": 1,
    "typeof": 1,
    "bool": 1,
    "string": 1,
    "number": 1,
}
"""How many arguments each function takes."""

COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})


def parse(text: str) -> Term:
    """The trigger as a tree. Raises Invalid saying which character cannot be read."""
    parser = _Parser(tokenize(text, forgiving=True))
    term = parser.either(0)
    parser.expect("eos")
    return term


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += token.type != "eos"
        return token

    def _is(self, kind: str, value: str | None = None) -> bool:
        return self._next.type == kind and (value is None or self._next.value == value)

    def expect(self, kind: str) -> Token:
        """The next word, which must be of this kind. Raises Invalid."""
        if self._next.type != kind:
            raise self._wrong(f"{'the end' if kind == 'eos' else repr(kind)} is expected")
        return self._take()

    def _wrong(self, what: str) -> Invalid:
        found = "the end" if self._next.type == "eos" else repr(self._next.value)
        return Invalid(f"Character {self._next.at}: {what}, not {found}.", code="bad_trigger")

    def either(self, depth: int) -> Term:
        """Terms joined by `or`."""
        if depth > MAX_DEPTH:
            raise Invalid(f"A trigger nests at most {MAX_DEPTH} levels deep.", code="trigger_too_deep")
        return self._joined("or", lambda: self._joined("and", lambda: self._unary(depth)))

    def _joined(self, word: str, member: Callable[[], Term]) -> Term:
        members = [member()]
        while self._is("conditional", word):
            self._take()
            members.append(member())
        return members[0] if len(members) == 1 else Joined(word, tuple(members))

    def _unary(self, depth: int) -> Term:
        negations = 0
        while self._is("operator", "!"):
            self._take()
            negations += 1
        term = self._comparison(depth) if not negations else self._operand(depth)
        return Not(term) if negations % 2 else Not(Not(term)) if negations else term

    def _comparison(self, depth: int) -> Term:
        left = self._operand(depth)
        if self._next.type == "operator" and self._next.value in COMPARISONS:
            return Compared(self._take().value, left, self._operand(depth))
        if self._is("ident", "in"):
            self._take()
            return Compared("in", left, self._operand(depth))
        return left

    def _operand(self, depth: int) -> Term:
        token = self._take()
        match token.type:
            case "string":
                return Constant(token.value[1:-1])
            case "number":
                number = number_of(token.value)
                if number != number:
                    self._at -= 1
                    raise self._wrong("a number is expected")
                return Constant(int(number) if number.is_integer() else number)
            case "null":
                return Constant(None)
            case "(":
                term = self.either(depth + 1)
                self.expect(")")
                return term
            case "[":
                return Listed(self._members("]", depth))
            case "ident" if self._is("("):
                return self._call(token, depth)
            case "ident" if token.value in ("true", "false"):
                return Constant(token.value == "true")
            case "ident":
                keys = [token.value]
                while self._is("dot"):
                    self._take()
                    keys.append(self.expect("ident").value)
                return Path(tuple(keys))
            case _:
                self._at -= token.type != "eos"
                raise self._wrong("a value is expected")

    def _members(self, closing: str, depth: int) -> tuple[Term, ...]:
        if depth >= MAX_DEPTH:
            raise Invalid(f"A trigger nests at most {MAX_DEPTH} levels deep.", code="trigger_too_deep")
        members: list[Term] = []
        while not self._is(closing):
            if members:
                self.expect(",")
            members.append(self.either(depth + 1))
        self.expect(closing)
        return tuple(members)

    def _call(self, token: Token, depth: int) -> Term:
        self.expect("(")
        count = ARGUMENTS.get(token.value)
        if count is None:
            self._at -= 2
            raise self._wrong(f"a function is expected ({', '.join(ARGUMENTS)})")
        arguments = self._members(")", depth)
        if len(arguments) != count:
            raise Invalid(
                f"Character {token.at}: {token.value}() takes {count} argument{'s' if count > 1 else ''}, "
                f"not {len(arguments)}.",
                code="bad_trigger",
            )
        return Call(token.value, arguments)


# Answering.


def matches(term: Term, event: Mapping[str, object]) -> bool:
    """Whether an event fires a trigger: its value is exactly true."""
    return value_of(term, event) is True


def value_of(term: Term, event: Mapping[str, object]) -> Value:
    """The value of a term for an event; what is missing is null."""
    match term:
        case Constant(value):
            return value
        case Path(keys):
            return find(event, keys)
        case Listed(members):
            return [value_of(each, event) for each in members]
        case Call(function, arguments):
            return FUNCTIONS[function](*(value_of(each, event) for each in arguments))
        case Not(inner):
            return value_of(inner, event) is not True
        case Compared(operator, left, right):
            return OPERATORS[operator](value_of(left, event), value_of(right, event))
        case Joined("and", members):
            return all(value_of(each, event) is True for each in members)
        case Joined(_, members):
            return any(value_of(each, event) is True for each in members)


def find(event: object, keys: Sequence[str]) -> Value:
    """The value at a path, null when a step leads nowhere."""
    for key in keys:
        if not isinstance(event, dict):
            return None
        event = cast("dict[str, object]", event).get(key)
    return event


def type_name(value: Value) -> str:
    """The language's name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list() | tuple():
            return "list"
        case _:
            return "object"


def equal(left: Value, right: Value) -> bool:
    """The same type and the same value."""
    if type_name(left) != type_name(right):
        return False
    if isinstance(left, list) and isinstance(right, list):
        ours, theirs = cast("list[Value]", left), cast("list[Value]", right)
        return len(ours) == len(theirs) and all(equal(each, other) for each, other in zip(ours, theirs, strict=True))
    return left == right


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[Value, Value], bool]:
    def ask(left: Value, right: Value) -> bool:
        numbers = type_name(left) == type_name(right) == "number"
        return numbers and compare(cast("float", left), cast("float", right))

    return ask


def _within(left: Value, right: Value) -> bool:
    return isinstance(right, list) and any(equal(left, each) for each in cast("list[Value]", right))


OPERATORS: Mapping[str, Callable[[Value, Value], bool]] = {
    "=": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _ordered(lt),
    "<=": _ordered(le),
    ">": _ordered(gt),
    ">=": _ordered(ge),
    "in": _within,
}


def _contains(text: Value, part: Value) -> bool:
    return isinstance(text, str) and isinstance(part, str) and part in text


def _match(text: Value, glob: Value) -> bool:
    return isinstance(text, str) and isinstance(glob, str) and globs(text, glob)


def _on_text(change: Callable[[str], str]) -> Callable[[Value], Value]:
    return lambda value: change(value) if isinstance(value, str) else None


def _length(value: Value) -> Value:
    match value:
        case None:
            return 0
        case str():
            return len(value.encode("utf-8", "surrogatepass"))
        case list():
            return len(cast("list[Value]", value))
        case _:
            return None


def _bool(value: Value) -> Value:
    match value:
        case bool():
            return value
        case str():
            return value not in ("", "false")
        case int() | float():
            return value != 0
        case list():
            return bool(cast("list[Value]", value))
        case _:
            return False


def _string(value: Value) -> Value:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case _:
            return json_text(value) or ""


def _number(value: Value) -> Value:
    if type_name(value) == "number":
        return value
    if not isinstance(value, str) or not value.strip():
        return None
    made = number_of(value)
    return made if made == made else None


def _titled(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "contains": _contains,
    "match": _match,
    "length": _length,
    "lowercase": _on_text(str.lower),
    "uppercase": _on_text(str.upper),
    "snakecase": _on_text(lambda text: text.replace(" ", "_")),
    "kebabcase": _on_text(lambda text: text.replace(" ", "-")),
    "titlecase": _on_text(_titled),
    "typeof": type_name,
    "bool": _bool,
    "string": _string,
    "number": _number,
}

Step: TypeAlias = "tuple[tuple[str, str], ...] | None"
"""What one character may be, as ranges; None stands for any run of characters."""

ANY: Step = (("\0", "\U0010ffff"),)


def globs(text: str, glob: str) -> bool:
    """Whether a glob matches the whole text; takes at most text times glob steps."""
    steps = glob_steps(glob)
    at = place = 0
    star, resumed = -1, 0
    while at < len(text):
        step = steps[place] if place < len(steps) else ()
        if step is None:
            star, resumed = place, at
            place += 1
        elif any(low <= text[at] <= high for low, high in step):
            at += 1
            place += 1
        elif star >= 0:
            resumed += 1
            at, place = resumed, star + 1
        else:
            return False
    return all(step is None for step in steps[place:])


def glob_steps(glob: str) -> list[Step]:
    """A glob's steps: `*`, `?`, `[abc]`, `[a-z]`, `\\x`; a bracket that never closes is itself."""
    steps: list[Step] = []
    at = 0
    while at < len(glob):
        character = glob[at]
        closing = glob.find("]", at + 2) if character == "[" else -1
        if character == "\\" and at + 1 < len(glob):
            steps.append(((glob[at + 1], glob[at + 1]),))
            at += 1
        elif character == "*":
            steps.append(None)
        elif character == "?":
            steps.append(ANY)
        elif closing > 0:
            steps.append(_ranges(glob[at + 1 : closing]))
            at = closing
        else:
            steps.append(((character, character),))
        at += 1
    return steps


def _ranges(inside: str) -> tuple[tuple[str, str], ...]:
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(inside):
        if at + 2 < len(inside) and inside[at + 1] == "-":
            ranges.append((inside[at], inside[at + 2]))
            at += 3
        else:
            ranges.append((inside[at], inside[at]))
            at += 1
    return tuple(ranges)
