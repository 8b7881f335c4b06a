"""JSON Schema (draft 2020-12) of our types, with the unions that people know by name kept by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import cleandoc
from typing import TypeAlias, cast

import msgspec

from handrail.core.conditions.model import KINDS, Condition

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Node: TypeAlias = dict[str, Json]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
REF = "#/$defs/{name}"
ANYTHING = {"description": "Not looked into."}
NULL: Node = {"type": "null"}


def schema_of(
    root: object,
    title: str,
    *,
    named: Mapping[str, object],
    also: Sequence[type] = (),
    given: Mapping[str, Node] = {},
    members: Mapping[str, Mapping[str, Node]] = {},
    always: Mapping[str, Sequence[str]] = {},
) -> Node:
    """The schema of a type. `named` unions become definitions of their own; `given` are definitions that no type has.

    `members` says what stands in a member that its type leaves open (`{"Content": {"content": {...}}}`), `also` are
    the types that only `members` names. `always` are members that have a default and are said all the same.
    """
    types = [root, *KINDS.values(), *also, *named.values()]
    schemas, found = msgspec.json.schema_components(types, schema_hook=_hook, ref_template=REF)
    components = cast("dict[str, Node]", found)
    for component, described in members.items():
        properties = cast("dict[str, Node]", components[component]["properties"])
        for member, schema in described.items():
            properties[member] = {**{k: v for k, v in properties[member].items() if k == "default"}, **schema}
    for component, names in always.items():
        cast("list[Json]", components[component]["required"]).extend(names)
    aliases = dict(zip(named, cast("list[Node]", list(schemas[1 + len(KINDS) + len(also) :])), strict=True))
    naming = _Naming(aliases)
    defs: dict[str, Json] = {name: naming.inside(schema) for name, schema in components.items()}
    defs |= {name: naming.inside(schema, but=name) for name, schema in aliases.items()}
    defs["Condition"] = {"anyOf": [{"$ref": REF.format(name=kind.__name__)} for kind in KINDS.values()]}
    defs |= given
    top = naming.inside(cast("Node", schemas[0]))
    return {"$schema": DRAFT, "title": title, **top, "$defs": _needed(top, defs)}


def _hook(kind: type) -> dict[str, object]:
    if kind is Condition:
        return {"$ref": REF.format(name="Condition")}
    if kind is object:
        return dict(ANYTHING)
    raise NotImplementedError(kind)


class _Naming:
    """Puts a reference wherever the schema of a named union stands."""

    def __init__(self, aliases: Mapping[str, Node]) -> None:
        self._by_enum = {_text(schema["enum"]): name for name, schema in aliases.items() if "enum" in schema}
        self._by_options = {_options(schema): name for name, schema in aliases.items() if "anyOf" in schema}

    def inside(self, node: Node, *, but: str = "") -> Node:
        """The schema with every named union below it as a reference; `but` is the one being defined."""
        options = _options(node) if "anyOf" in node else frozenset[str]()
        name = self._by_enum.get(_text(node["enum"])) if "enum" in node else self._by_options.get(options)
        left = {key: value for key, value in node.items() if key not in ("enum", "anyOf", "discriminator")}
        if name is not None and name != but:
            return {"$ref": REF.format(name=name), **left}
        name = self._by_options.get(options - {_text(NULL)})
        if name is not None and name != but:
            return {"anyOf": [{"$ref": REF.format(name=name)}, dict(NULL)], **left}
        return {key: self._member(key, value) for key, value in node.items() if key != "discriminator"}

    def _member(self, key: str, value: Json) -> Json:
        match key, value:
            case "description", str():
                return cleandoc(value)
            case "default", _:
                return value
            case "properties", dict():
                return {name: self._below(each) for name, each in value.items()}
            case _:
                return self._below(value)

    def _below(self, value: Json) -> Json:
        match value:
            case dict():
                return self.inside(value)
            case list():
                return [self._below(each) for each in value]
            case _:
                return value


def _text(value: Json) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _options(node: Node) -> frozenset[str]:
    return frozenset(_text(each) for each in cast("list[Json]", node["anyOf"]))


def _needed(top: Node, defs: Mapping[str, Json]) -> dict[str, Json]:
    """The definitions that are reached, by name."""
    reached: set[str] = set()
    waiting = _references(top)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _references(defs[name])
    return {name: defs[name] for name in sorted(reached)}


def _references(value: Json) -> list[str]:
    match value:
        case dict():
            own = [str(value["$ref"]).removeprefix(REF.format(name=""))] if "$ref" in value else []
            return own + [name for key, each in value.items() if key != "default" for name in _references(each)]
        case list():
            return [name for each in value for name in _references(each)]
        case _:
            return []


def written(schema: Node) -> bytes:
    """A schema as its file holds it."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def tuple_of(*members: Node) -> Node:
    """A list with these members, no more and no fewer."""
    return {"type": "array", "prefixItems": list(members), "minItems": len(members), "items": False}


def one_of(*values: str | int) -> Node:
    """One of these values."""
    return {"enum": list(values)}


def any_of(options: Sequence[Node]) -> Node:
    """One of these shapes."""
    return {"anyOf": list(options)}
