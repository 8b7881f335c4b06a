"""Strict FQL: triggers exactly as Segment's browser runtime parses and answers them, oddities included.

Facts: Segment's destination-subscriptions. `spec/cases/fql` holds each observed behaviour; nothing here mends one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import TypeAlias, cast

from handrail.core.errors import Invalid
from handrail.segmentio.fql.model import Comparison, Failed, Group, Subject, Trigger
from handrail.segmentio.fql.tokens import Token, tokenize
from handrail.segmentio.javascript import UNDEFINED, lookup, number_of, text_of

SUBJECTS: Mapping[str, Subject] = {
    "type": "event-type",
    "event": "event",
    "name": "name",
    "userId": "userId",
    "context": "event-context",
    "properties": "event-property",
    "traits": "event-trait",
}
OBJECTS: Mapping[Subject, str] = {"event-property": "properties", "event-trait": "traits", "event-context": "context"}
"""Where a comparison with a path looks."""

PLAIN: Mapping[Subject, str] = {"event-type": "type", "event": "event", "name": "name", "userId": "userId"}
FUNCTIONS = frozenset({"contains", "match"})
NO_TYPE = "TypeError: Cannot read properties of undefined (reading 'type')"

Node: TypeAlias = Comparison | Group


class _Fails(Exception):
    """Segment's parser throws here."""


def parse(text: str) -> Trigger:
    """The trigger, or why Segment's parser fails at it."""
    try:
        tokens = joined(tokenize(text))
    except Invalid:
        return Failed(NO_TYPE)
    try:
        node = _level(deque(tokens))
    except _Fails as problem:
        return Failed(str(problem))
    if node is None:
        return Failed(NO_TYPE)
    return node if isinstance(node, Group) else Group("and", (node,))


def joined(tokens: list[Token]) -> list[Token]:
    """Names with dots between them become one."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        last = made[-1] if made else None
        if token.type == "dot" and last and last.type == "ident" and following and following.type == "ident":
            made[-1] = Token("ident", f"{last.value}.{following.value}", last.at)
            at += 2
        else:
            made.append(token)
            at += 1
    return made


def _level(tokens: deque[Token]) -> Node | None:
    """One level up to its end. A group ends at the first `)`, so a group inside a group never finds its own end."""
    nodes: list[Node | None] = []
    operator = "and"
    while tokens and (token := tokens.popleft()).type != "eos":
        match token.type:
            case "ident":
                if token.value in FUNCTIONS:
                    nodes += _function(token.value, tokens, negated=False)
                elif (subject := SUBJECTS.get(token.value.partition(".")[0])) is not None:
                    nodes.append(_comparison(subject, token, tokens))
            case "operator" if token.value == "!" and tokens and tokens[0].type == "ident":
                if tokens[0].value in FUNCTIONS:
                    nodes += _function(tokens.popleft().value, tokens, negated=True)
            case "(":
                nodes.append(_group(tokens))
            case "conditional":
                operator = token.value
            case _:
                pass
    return Group(operator, tuple(nodes)) if len(nodes) > 1 else nodes[0] if nodes else None


def _group(tokens: deque[Token]) -> Node | None:
    inner: deque[Token] = deque()
    while True:
        if not tokens:
            raise _Fails(NO_TYPE)
        token = tokens.popleft()
        if token.type == ")":
            break
        inner.append(token)
    inner.append(Token("eos", "eos"))
    return _level(inner)


def _comparison(subject: Subject, field: Token, tokens: deque[Token]) -> Comparison:
    if not tokens:
        raise _Fails("Error: Operator token is missing")
    operator = tokens.popleft().value
    if not tokens:
        raise _Fails("Error: Value token is missing")
    token = tokens.popleft()
    name = _name(subject, field.value) if subject in OBJECTS else None
    if subject in OBJECTS or subject == "userId":
        special = {
            ("!=", "null"): "exists",
            ("=", "null"): "not_exists",
            ("=", "true"): "is_true",
            ("=", "false"): "is_false",
        }.get((operator, token.value))
        if special is not None:
            return Comparison(subject, special, name)
    value = _value(token)
    if subject not in OBJECTS:
        return Comparison(subject, operator, None, text_of(value))
    if token.type == "number" and operator in ("=", "!="):
        operator = "number_equals" if operator == "=" else "number_not_equals"
    return Comparison(subject, operator, name, value)


def _name(subject: Subject, path: str) -> str:
    return path.removeprefix(f"{OBJECTS[subject]}.")


def _value(token: Token) -> str | float | bool:
    if token.type == "string":
        return token.value.removeprefix('"').removesuffix('"')
    if token.type == "number":
        number = number_of(token.value)
        return int(number) if number == number and number.is_integer() else number
    if token.type == "ident" and token.value in ("true", "false"):
        return token.value == "true"
    return token.value


def _function(name: str, tokens: deque[Token], *, negated: bool) -> list[Comparison]:
    """`contains(field, "text")` or `match(field, "a*")`: five tokens, whatever they are."""
    taken: list[Token | None] = [tokens.popleft() if tokens else None for _ in range(4)]
    _, field, _, given = taken
    if field is None:
        raise _Fails(f"Error: {name}() is missing a 1st argument")
    if given is None:
        raise _Fails(f"Error: {name}() is missing a 2nd argument")
    if tokens:
        tokens.popleft()
    value = text_of(_value(given))
    operator = "contains"
    if name == "match":
        operator = "starts_with" if given.value.endswith('*"') else "ends_with"
        value = value[:-1] if operator == "starts_with" else value[1:]
    if negated:
        operator = f"not_{operator}"
    if field.value in ("event", "name", "userId"):
        return [Comparison(SUBJECTS[field.value], operator, None, value)]
    return [
        Comparison(subject, operator, _name(subject, field.value), value)
        for subject, word in OBJECTS.items()
        if field.value.startswith(word)
    ]


# Answering: the reference that the compiled form is held to.


class _Throws(Exception):
    """Segment's runtime throws here, and the event does not match."""


def matches(trigger: Trigger, event: Mapping[str, object]) -> bool:
    """Whether an event fires a trigger. One that Segment fails at never does."""
    if isinstance(trigger, Failed):
        return False
    try:
        return _holds(trigger, event)
    except _Throws:
        return False


def _holds(node: Node | None, event: Mapping[str, object]) -> bool:
    match node:
        case None:
            raise _Throws
        case Group("and", children):
            return all(_holds(child, event) for child in children)
        case Group("or", children):
            return any(_holds(child, event) for child in children)
        case Group():
            return False
        case Comparison():
            return _test(node.operator)(actual(node, event), node.value)


def actual(comparison: Comparison, event: Mapping[str, object]) -> object:
    """What an event has where a comparison looks."""
    if comparison.name is None:
        return event.get(PLAIN[comparison.type], UNDEFINED)
    value = event.get(OBJECTS[comparison.type], UNDEFINED)
    return lookup(value, comparison.name) if comparison.name else UNDEFINED


Test: TypeAlias = Callable[[object, object], bool]


def is_number(value: object) -> bool:
    """Whether JavaScript calls it a number; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(compare: Callable[[float, float], bool]) -> Test:
    return lambda found, expected: is_number(found) and compare(cast("float", found), number_of(expected))


def _text(compare: Callable[[str, str], bool], *, wanted: bool = True) -> Test:
    return lambda found, expected: isinstance(found, str) and compare(found, text_of(expected)) is wanted


def _contains(found: str, expected: str) -> bool:
    return expected in found


TESTS: Mapping[str, Test] = {
    "=": lambda found, expected: isinstance(found, str) and found == text_of(expected),
    "!=": lambda found, expected: not isinstance(found, str) or found != text_of(expected),
    "number_equals": lambda found, expected: is_number(found) and found == expected,
    "number_not_equals": lambda found, expected: is_number(found) and found != expected,
    "<": _ordered(lt),
    "<=": _ordered(le),
    ">": _ordered(gt),
    ">=": _ordered(ge),
    "contains": _text(_contains),
    "not_contains": _text(_contains, wanted=False),
    "starts_with": _text(str.startswith),
    "not_starts_with": _text(str.startswith, wanted=False),
    "ends_with": _text(str.endswith),
    "not_ends_with": _text(str.endswith, wanted=False),
    "exists": lambda found, _: found is not UNDEFINED and found is not None,
    "not_exists": lambda found, _: found is UNDEFINED or found is None,
    "is_true": lambda found, _: found is True,
    "is_false": lambda found, _: found is False,
}


def _test(operator: str) -> Test:
    return TESTS.get(operator, _never)


def _never(found: object, expected: object) -> bool:
    return False
