"""The directives at work: each turns what it was given into a function from a payload to a value.

Facts: Segment's mapping kit; `spec/cases/mapping` holds what was observed of it, oddities included. A value may be
`UNDEFINED`: members that are undefined are dropped when the whole is finished, never before, because `@merge` lets an
undefined member win over an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

import msgspec

from handrail.segmentio.javascript import (
    SPACES,
    UNDEFINED,
    json_text,
    lookup,
    loosely_empty,
    ordered_keys,
    path_keys,
    text_of,
    truthy,
    type_of,
    unit,
    units,
    walk,
)
from handrail.segmentio.mapping.budget import Budget, MappingFailed
from handrail.segmentio.mapping.problems import MAX_LIQUID, MAX_PATTERN, MAX_REPLACEMENT

Resolver: TypeAlias = Callable[[object], object]
Members: TypeAlias = "dict[str, object]"
_THREE = re.compile(r"\{\{\{([^}]+)\}\}\}")
_TWO = re.compile(r"\{\{([^}]+)\}\}")


def resolver(mapping: object, budget: Budget) -> Resolver:
    """A mapping as a function of the payload. What cannot be run raises MappingFailed when it is."""
    match mapping:
        case dict():
            members = cast("Members", mapping)
            name = next((key for key in members if key.startswith("@")), None)
            if name is not None and all(key.startswith("@") or key == "_metadata" for key in members):
                return _directive(name, members[name], budget)
            return _members([(key, resolver(value, budget)) for key, value in members.items()])
        case list() | tuple():
            items = [resolver(value, budget) for value in cast("Sequence[object]", mapping)]
            return lambda payload: [resolve(payload) for resolve in items]
        case _:
            return lambda _: mapping


def _members(each: Sequence[tuple[str, Resolver]]) -> Resolver:
    def resolve(payload: object) -> object:
        made: Members = {}
        for key, run in each:
            try:
                made[key] = run(payload)
            except MappingFailed as problem:
                raise MappingFailed(problem.message, path=f"/{key}{problem.path}") from None
        return made

    return resolve


def _directive(name: str, options: object, budget: Budget) -> Resolver:
    make = DIRECTIVES.get(name)
    if make is None:
        return _failing(f"{name} is not a valid directive, got undefined", f"/{name}")
    run = make(options, budget)

    def resolve(payload: object) -> object:
        try:
            return run(payload)
        except MappingFailed as problem:
            raise MappingFailed(problem.message, path=f"/{name}{problem.path}") from None

    return resolve


def _failing(message: str, path: str = "") -> Resolver:
    def fail(_: object) -> object:
        raise MappingFailed(message, path=path)

    return fail


def cleaned(value: object) -> object:
    """The value without members that are undefined; what is undefined in a list is null, as JSON would have it."""
    match value:
        case dict():
            members = cast("Members", value)
            return {key: cleaned(each) for key, each in members.items() if each is not UNDEFINED}
        case list() | tuple():
            return [None if each is UNDEFINED else cleaned(each) for each in cast("Sequence[object]", value)]
        case _:
            return value


def _on_text(name: str, make: Callable[[str, Budget], Resolver]) -> Callable[[object, Budget], Resolver]:
    """A directive that wants a text, or another directive that makes one."""

    def directive(options: object, budget: Budget) -> Resolver:
        if isinstance(options, str):
            return make(options, budget)
        inner = resolver(options, budget)

        def resolve(payload: object) -> object:
            made = inner(payload)
            if not isinstance(made, str):
                raise MappingFailed(f"{name}: expected string, got {type_of(made)}")
            return make(made, budget)(payload)

        return resolve

    return directive


def without_root(path: str) -> str:
    """A path without its first `$.`, wherever that stands."""
    return path.replace("$.", "", 1)


def _path(path: str, budget: Budget) -> Resolver:
    plain = without_root(path)
    if plain in ("", "."):
        return lambda payload: payload
    keys = path_keys(plain)
    if not keys:
        return lambda _: UNDEFINED
    return lambda payload: walk(payload, keys)


def _template(template: str, budget: Budget) -> Resolver:
    def fill(pattern: re.Pattern[str], text: str, payload: object) -> str:
        parts: list[str] = []
        end = 0
        for found in pattern.finditer(text):
            value = lookup(payload, found[1].strip(SPACES))
            made = "" if value is None or value is UNDEFINED else text_of(value)
            budget.spend(len(made))
            parts += [text[end : found.start()], made]
            end = found.end()
        return "".join([*parts, text[end:]])

    return lambda payload: fill(_TWO, fill(_THREE, template, payload), payload)


def _object(options: object) -> Members | None:
    return cast("Members", options) if isinstance(options, dict) else None


def _if(options: object, budget: Budget) -> Resolver:
    given = _object(options)
    if given is None:
        return _failing('@if requires an object with an "exists" key')
    if not truthy(given.get("exists", UNDEFINED)) and not truthy(given.get("blank", UNDEFINED)):
        return _failing('@if requires an "exists" key or a "blank" key')
    by_blank = "exists" not in given
    asked = resolver(given["blank" if by_blank else "exists"], budget)
    then = resolver(given.get("then", UNDEFINED), budget)
    other = given.get("else", UNDEFINED)
    otherwise = resolver(other if truthy(other) else UNDEFINED, budget)

    def resolve(payload: object) -> object:
        value = asked(payload)
        holds = value is not UNDEFINED and value is not None and not (by_blank and loosely_empty(value))
        return then(payload) if holds else otherwise(payload)

    return resolve


def _case(options: object, budget: Budget) -> Resolver:
    given = _object(options)
    if given is None:
        return _failing('@case requires an object with a "operator" key')
    operator = given.get("operator", UNDEFINED)
    if not truthy(operator):
        return _failing('@case requires a "operator" key')
    if not truthy(given.get("value", UNDEFINED)):
        return lambda _: UNDEFINED
    inner = resolver(given["value"], budget)

    def resolve(payload: object) -> object:
        value = inner(payload)
        if not isinstance(value, str):
            return value
        if operator not in ("lower", "upper"):
            raise MappingFailed('operator key should have a value of "lower" or "upper"')
        return value.lower() if operator == "lower" else value.upper()

    return resolve


def _replace(options: object, budget: Budget) -> Resolver:
    given = _object(options)
    if given is None or not truthy(given.get("pattern", UNDEFINED)):
        return _failing('@replace requires a "pattern" key')
    if not truthy(given.get("value", UNDEFINED)):
        return lambda _: UNDEFINED
    inner = resolver(given["value"], budget)
    ignore_case = _given(given, "ignorecase", False)
    everywhere = _given(given, "global", True)
    pairs = [(given["pattern"], _given(given, "replacement", ""))]
    if truthy(given.get("pattern2", UNDEFINED)):
        pairs.append((given["pattern2"], _given(given, "replacement2", "")))

    def resolve(payload: object) -> object:
        value = inner(payload)
        if isinstance(value, bool | int | float):
            value = text_of(value)
        if not isinstance(value, str) or not isinstance(ignore_case, bool) or not isinstance(everywhere, bool):
            return ""
        made = value
        for at, (pattern, replacement) in enumerate(pairs):
            if isinstance(pattern, str) and isinstance(replacement, str):
                made = _replaced(made, pattern, replacement, ignore_case, everywhere, budget)
            elif not at:
                return ""
        return made

    return resolve


def _given(options: Members, name: str, default: object) -> object:
    value = options.get(name)
    return default if value is None else value


def _replaced(text: str, pattern: str, replacement: str, ignore_case: bool, everywhere: bool, budget: Budget) -> str:
    for word, given, most in (("pattern", pattern, MAX_PATTERN), ("replacement", replacement, MAX_REPLACEMENT)):
        if units(given) > most:
            raise MappingFailed(f'@replace requires a "{word}" less than {most} characters')
    expression = re.compile(re.escape(pattern), re.IGNORECASE if ignore_case else 0)
    parts: list[str] = []
    end = 0
    for found in expression.finditer(text):
        made = "".join(_expanded(replacement, text, found))
        budget.spend(len(made))
        parts += [text[end : found.start()], made]
        end = found.end()
        if not everywhere:
            break
    return "".join([*parts, text[end:]])


def _expanded(replacement: str, text: str, found: re.Match[str]) -> Iterator[str]:
    """A replacement with the sequences that `String.replace` knows: `$$`, `$&`, a backtick and a single quote."""
    known = {"$": "$", "&": found[0], "`": text[: found.start()], "'": text[found.end() :]}
    at = 0
    while at < len(replacement):
        if replacement[at] == "$" and replacement[at + 1 : at + 2] in known:
            yield known[replacement[at + 1]]
            at += 2
        else:
            yield replacement[at]
            at += 1


def _array_path(options: object, budget: Budget) -> Resolver:
    if not isinstance(options, list | tuple):
        return _failing(f"@arrayPath expected array, got {type_of(options)}")
    parts = [*cast("Sequence[object]", options), UNDEFINED, UNDEFINED]
    path, shape = parts[0], parts[1]
    root_of = _path(path, budget) if isinstance(path, str) else resolver(path, budget)
    members = _object(shape)
    shapes = resolver(members, budget) if members else None
    size = len(members or ()) + 1

    def resolve(payload: object) -> object:
        root = root_of(payload)
        if shapes is None or not isinstance(root, dict | list | tuple):
            return root
        items = cast("Sequence[object]", [root] if isinstance(root, dict) else root)
        budget.spend(len(items) * size)
        return [shapes(item) for item in items]

    return resolve


def _flatten(options: object, budget: Budget) -> Resolver:
    given = _object(options)
    if given is None or not truthy(given.get("separator", UNDEFINED)):
        return _failing('@flatten requires a "separator" key')
    separator_of = resolver(given["separator"], budget)
    inner = resolver(given.get("value", UNDEFINED), budget)
    omit = truthy(given.get("omitArrays", UNDEFINED))

    def resolve(payload: object) -> object:
        separator = separator_of(payload)
        if not isinstance(separator, str):
            raise MappingFailed("@flatten requires a string separator")
        made: Members = {}
        _flat(inner(payload), "", separator, omit, made, budget)
        return made

    return resolve


def _flat(value: object, path: str, separator: str, omit: bool, made: Members, budget: Budget) -> None:
    match value:
        case dict():
            pairs = [(key, each) for key, each in cast("Members", value).items()]
        case list() | tuple() if not omit:
            pairs = [(str(at), each) for at, each in enumerate(cast("Sequence[object]", value))]
        case _:
            budget.spend(len(path) + 1)
            made[path] = value
            return
    for key, each in pairs:
        _flat(each, f"{path}{separator}{key}" if path else key, separator, omit, made, budget)


def _json(options: object, budget: Budget) -> Resolver:
    given = _object(options)
    if given is None:
        return _failing('@json requires an object with a "value" key')
    mode = given.get("mode", UNDEFINED)
    for name in ("mode", "value"):
        if not truthy(given.get(name, UNDEFINED)):
            return _failing(f'@json requires a "{name}" key')
    inner = resolver(given["value"], budget)
    if mode == "encode":

        def encode(payload: object) -> object:
            made = json_text(inner(payload))
            budget.spend(len(made) if isinstance(made, str) else 0)
            return made

        return encode
    if mode == "decode":
        return lambda payload: _decoded(inner(payload))
    return lambda _: UNDEFINED


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return value


def _merge(options: object, budget: Budget) -> Resolver:
    given = _object(options)
    if given is None:
        return _failing('@merge requires an object with an "objects" key and a "direction" key')
    for name in ("direction", "objects"):
        if not truthy(given.get(name, UNDEFINED)):
            return _failing(f'@merge requires a "{name}" key')
    if not isinstance(given["objects"], list | tuple):
        return _failing(f"@merge: expected opts.array, got {type_of(given['objects'])}")
    direction = resolver(given["direction"], budget)
    resolvers = [resolver(each, budget) for each in cast("Sequence[object]", given["objects"])]

    def resolve(payload: object) -> object:
        objects = [each(payload) for each in resolvers]
        if direction(payload) == "left":
            objects.reverse()
        made: Members = {}
        for each in objects:
            spread = _spread(each)
            budget.spend(len(spread))
            made.update(spread)
        return made

    return resolve


def _spread(value: object) -> Mapping[str, object]:
    match value:
        case dict():
            members = cast("Members", value)
            return {key: members[key] for key in ordered_keys(members)}
        case list() | tuple():
            return {str(at): each for at, each in enumerate(cast("Sequence[object]", value))}
        case str():
            return {str(at): unit(value, at) for at in range(units(value))}
        case _:
            return {}


def _transform(options: object, budget: Budget) -> Resolver:
    given = _object(options)
    if given is None:
        return _failing('@transform requires an object with an "apply" key and a "mapping" key')
    for name in ("mapping", "apply"):
        if not truthy(given.get(name, UNDEFINED)):
            return _failing(f'@transform requires a "{name}" key')
    apply = _object(given["apply"])
    if apply is None:
        return _failing('@transform "apply" key should be an object')
    first, then = resolver(apply, budget), resolver(given["mapping"], budget)
    return lambda payload: then(cleaned(first(payload)))


def _exclude_when_null(options: object, budget: Budget) -> Resolver:
    inner = resolver(options, budget)
    return lambda payload: _without_null(inner(payload))


def _without_null(value: object) -> object:
    if value is None:
        return UNDEFINED
    if isinstance(value, dict):
        return {key: _without_null(each) for key, each in cast("Members", value).items()}
    return value


def _liquid(options: object, budget: Budget) -> Resolver:
    if not isinstance(options, str):
        return _failing("liquid template value must be a string")
    if not options:
        return lambda _: ""
    if units(options) > MAX_LIQUID:
        return _failing(f"liquid template values are limited to {MAX_LIQUID} characters")
    from handrail.segmentio.mapping.liquid import renderer

    return renderer(options, budget)


DIRECTIVES: Mapping[str, Callable[[object, Budget], Resolver]] = {
    "@path": _on_text("@path", _path),
    "@template": _on_text("@template", _template),
    "@literal": resolver,
    "@if": _if,
    "@case": _case,
    "@replace": _replace,
    "@arrayPath": _array_path,
    "@flatten": _flatten,
    "@json": _json,
    "@merge": _merge,
    "@transform": _transform,
    "@excludeWhenNull": _exclude_when_null,
    "@liquid": _liquid,
}
"""The thirteen directives."""
