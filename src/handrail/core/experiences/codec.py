"""Reading and writing experience documents."""

from __future__ import annotations

import re
from typing import TypeVar, cast

import msgspec
from msgspec import inspect

from handrail.core.conditions.model import decode_hook
from handrail.core.errors import Invalid
from handrail.core.experiences.model import Experience

Decoded = TypeVar("Decoded")

PATHS = re.compile(r" - at `([^`]*)`")


def decode_experience(data: bytes | object, at: str = "") -> Experience:
    """The document that JSON bytes or plain data describe. Raises Invalid whose `path` is `content.steps[2].target`."""
    return cast("Experience", decode(data, cast("type", Experience), at))


def decode(data: bytes | object, kind: type[Decoded], at: str = "") -> Decoded:
    """JSON bytes or plain data as `kind`, conditions inside included. Raises Invalid with one clean path.

    `at` is where the data stands in what was sent; the path goes on from there.
    """
    try:
        if isinstance(data, bytes):
            return msgspec.json.decode(data, type=kind, dec_hook=_hook)
        return msgspec.convert(data, kind, dec_hook=_hook)
    except msgspec.ValidationError as problem:
        message, path = message_and_path(str(problem))
        if message.startswith(("Invalid value", "Invalid enum value")) and (allowed := _allowed(kind, path)):
            message = f"{message}; it is one of {', '.join(allowed)}"
        raise Invalid(message, path=f"{at}.{path}" if at and path else at or path) from None
    except msgspec.DecodeError as problem:
        raise Invalid(f"Not JSON: {problem}", path=at) from None
    except RecursionError:
        raise Invalid("What was sent is nested too deep to be read.", code="too_deep", path=at) from None


def _hook(expected: type, value: object) -> object:
    """Conditions, and the content of kinds that no release runs yet, which is kept as it came."""
    return value if expected is object else decode_hook(expected, value)


def message_and_path(text: str) -> tuple[str, str]:
    """msgspec's message and its path; where a condition's error carries an inner path, the two are joined."""
    paths = PATHS.findall(text)
    message = PATHS.sub("", text)
    path = "".join(part.removeprefix("$") for part in reversed(paths)).removeprefix(".")
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", message):
        path = f"{path}.{unknown[1]}" if path else unknown[1]
        message = f"Unknown member {unknown[1]!r}"
    return message, path


def _allowed(kind: type, path: str) -> list[str]:
    """The words that may stand at a path; none where the types do not say, as inside a condition."""
    *before, last = re.findall(r"[^.\[\]]+|\[[^\]]*\]", path) or [""]
    types = _members(inspect.type_info(kind))
    for part in before:
        types = [inner for each in types for inner in _inside(each, part)]
    tags = {str(each.tag) for each in types if isinstance(each, inspect.StructType) and each.tag_field == last}
    values = (inner for each in types for inner in _inside(each, last) if isinstance(inner, inspect.LiteralType))
    return sorted(tags | {str(value) for each in values for value in each.values})


def _members(kind: inspect.Type) -> list[inspect.Type]:
    return list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]


def _inside(kind: inspect.Type, part: str) -> list[inspect.Type]:
    """What may stand at one part of a path: a member's types, or those of a list's lines."""
    if isinstance(kind, inspect.StructType):
        return [inner for each in kind.fields if each.encode_name == part for inner in _members(each.type)]
    if isinstance(kind, inspect.ListType | inspect.VarTupleType) and part.startswith("["):
        return _members(kind.item_type)
    return []


def encode_experience(document: Experience) -> bytes:
    """The document as JSON, defaults left out."""
    return msgspec.json.encode(document)
