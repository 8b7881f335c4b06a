"""What is wrong with a mapping before any event meets it: Segment's own checks, in its words, and our limits.

Facts: the validator of Segment's mapping kit. It looks into objects, not into lists, and into the members that a
directive names; what it passes over shows when the mapping runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

import msgspec

from handrail.segmentio.javascript import UNDEFINED, truthy, type_of, units

ROOT = "__segment_internal_directive"
MAX_DEPTH = 32
MAX_NODES = 5_000
MAX_TEXT = 10_000
"""UTF-16 units of one text in a mapping, a template for instance."""

MAX_PATTERN = 10
MAX_REPLACEMENT = 10
MAX_LIQUID = 1_000

Path: TypeAlias = "tuple[str, ...]"


class MappingProblem(msgspec.Struct, frozen=True):
    """One thing wrong, at a path such as `/traits/@path`. `str()` is how Segment tells it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path} {self.message}."


def mapping_problems(mapping: object) -> list[MappingProblem]:
    """Everything wrong with a mapping that can be said without an event."""
    too_much = _too_much(mapping)
    return [too_much] if too_much else [_told(*each) for each in _mapping(rooted(mapping), ())]


def rooted(mapping: object) -> object:
    """The mapping with its root directive, if it has one, put around its other members."""
    if not isinstance(mapping, dict) or ROOT not in mapping:
        return cast("object", mapping)
    members = cast("dict[str, object]", mapping)
    root = members[ROOT]
    rest = {key: value for key, value in members.items() if key != ROOT}
    if not isinstance(root, dict) or len(cast("dict[str, object]", root)) != 1:
        return cast("object", root)
    [(name, options)] = cast("dict[str, object]", root).items()
    if not isinstance(options, dict):
        return cast("object", root)
    return {name: {**cast("dict[str, object]", options), "mapping": rest}}


def _too_much(mapping: object) -> MappingProblem | None:
    """Depth, size and long texts, without recursion: a mapping that holds itself is only ever too deep."""
    waiting: list[tuple[object, Path]] = [(mapping, ())]
    count = 0
    while waiting:
        value, path = waiting.pop()
        count += 1
        if len(path) > MAX_DEPTH:
            return MappingProblem("/" + "/".join(path[:3]) + "/...", f"should nest at most {MAX_DEPTH} levels deep")
        if count > MAX_NODES:
            return MappingProblem("/", f"should hold at most {MAX_NODES} values")
        match value:
            case str() if len(value) > MAX_TEXT:
                return _told(path, f"should be a text of length {MAX_TEXT} or less")
            case dict():
                members = cast("dict[str, object]", value)
                waiting += [(each, (*path, key)) for key, each in members.items()]
            case list() | tuple():
                listed = cast("Sequence[object]", value)
                waiting += [(each, (*path, str(at))) for at, each in enumerate(listed)]
            case _:
                pass
    return None


Found: TypeAlias = "list[tuple[Path, str]]"
Check: TypeAlias = Callable[[object, Path], Found]


def _told(path: Path, message: str) -> MappingProblem:
    return MappingProblem("/" + "/".join(path), message)


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def kind_of(value: object) -> str:
    """A value's type, `directive` for an object with a key that starts with @."""
    kind = type_of(value)
    if kind == "object" and any(key.startswith("@") for key in cast("dict[str, object]", value)):
        return "directive"
    return kind


def _mapping(mapping: object, path: Path) -> Found:
    match kind_of(mapping):
        case "directive":
            return _directive(mapping, path)
        case "object":
            return _members(mapping, path)
        case _:
            return []


def _members(mapping: object, path: Path) -> Found:
    members = cast("dict[str, object]", mapping)
    return [problem for key, value in members.items() for problem in _mapping(value, (*path, key))]


def _directive(mapping: object, path: Path) -> Found:
    members = cast("dict[str, object]", mapping)
    names = [key for key in members if key.startswith("@")]
    others = [key for key in members if not key.startswith("@") and key != "_metadata"]
    if len(names) > 1 or others:
        count = len(names) if len(names) > 1 else len(members)
        return [(path, f"should only have one @-prefixed key but it has {count} keys")]
    check = DIRECTIVES.get(names[0])
    if check is None:
        return [(path, f"has an invalid directive: {names[0]}")]
    return check(members[names[0]], (*path, names[0]))


def _or_raw(value: object, path: Path) -> Found:
    return _directive(value, path) if kind_of(value) == "directive" else []


def _or_text(value: object, path: Path) -> Found:
    match kind_of(value):
        case "directive":
            return _directive(value, path)
        case "string":
            return []
        case kind:
            return [(path, f"should be a string or a mapping directive but it is {_article(kind)}")]


def _typed(wanted: str, said: str) -> Check:
    def check(value: object, path: Path) -> Found:
        kind = kind_of(value)
        return [] if kind == wanted else [(path, f"should be {said} but it is {_article(kind)}")]

    return check


_text = _typed("string", "a string")
_boolean = _typed("boolean", "a boolean")
_object = _typed("object", "an object")
_array = _typed("array", "an array")


def _long(least: int, most: int) -> Check:
    def check(value: object, path: Path) -> Found:
        if found := _text(value, path):
            return found
        length = units(str(value))
        if length < least:
            return [(path, f"should be a string of length {least} or greater")]
        return [(path, f"should be a string of length {most} or less")] if length > most else []

    return check


def _one_of(*words: str) -> Check:
    """A text, compared without case. When it runs, the word is compared with case; that is Segment's own oddity."""

    def check(value: object, path: Path) -> Found:
        if found := _text(value, path):
            return found
        return [] if str(value).lower() in words else [(path, f"should be one of {', '.join(words)} but it is {value}")]

    return check


def _fields(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    def check(value: object, path: Path) -> Found:
        kind = kind_of(value)
        members = cast("dict[str, object]", value)
        if kind == "directive":
            name = next(key for key in members if key.startswith("@"))
            return [(path, f'shouldn\'t have directive (@-prefixed) keys but it has "{name}"')]
        if kind != "object":
            return [(path, f"should be an object but it is {_article(kind)}")]
        found: Found = []
        for name, ask in required.items():
            if name in members:
                found += ask(members[name], (*path, name))
            else:
                found.append((path, f'should have field "{name}" but it doesn\'t'))
        for name, ask in optional.items():
            if name in members:
                found += ask(members[name], (*path, name))
        return found

    return check


def _array_path(value: object, path: Path) -> Found:
    if found := _array(value, path):
        return found
    parts = [*cast("Sequence[object]", value), UNDEFINED, UNDEFINED]
    return [*_or_text(parts[0], path), *_mapping(parts[1], path)]


def _objects(value: object, path: Path) -> Found:
    if found := _array(value, path):
        return found
    problems: Found = []
    for at, each in enumerate(cast("Sequence[object]", value)):
        where = (*path, str(at))
        problems += _directive(each, where) if kind_of(each) == "directive" else _object(each, where)
    return problems


def _liquid(value: object, path: Path) -> Found:
    if found := _long(0, MAX_LIQUID)(value, path):
        return found
    from handrail.segmentio.mapping.liquid import why_not

    reason = why_not(str(value))
    return [(path, f"should be a Liquid template: {reason}")] if reason and truthy(value) else []


DIRECTIVES: Mapping[str, Check] = {
    "@path": _or_text,
    "@template": _or_text,
    "@literal": _or_raw,
    "@if": _fields({}, {"exists": _or_raw, "blank": _or_raw, "then": _or_raw, "else": _or_raw}),
    "@case": _fields({}, {"operator": _text, "value": _or_text}),
    "@replace": _fields(
        {"pattern": _long(1, MAX_PATTERN), "value": _or_text},
        {"replacement": _long(0, MAX_REPLACEMENT), "ignorecase": _boolean, "global": _boolean},
    ),
    "@arrayPath": _array_path,
    "@flatten": _fields({"value": _or_raw}, {"separator": _text, "omitArrays": _boolean}),
    "@json": _fields({"value": _or_raw, "mode": _one_of("encode", "decode")}, {}),
    "@merge": _fields({"objects": _objects}, {"direction": _one_of("left", "right")}),
    "@transform": _fields({"apply": _mapping, "mapping": _mapping}, {}),
    "@excludeWhenNull": _or_raw,
    "@liquid": _liquid,
}
"""What each directive wants to be given."""
