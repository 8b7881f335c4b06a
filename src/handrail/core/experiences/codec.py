"""Reading and writing experience documents."""

from __future__ import annotations

import re
from typing import TypeVar, cast

import msgspec

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
        raise Invalid(message, path=f"{at}.{path}" if at and path else at or path) from None
    except msgspec.DecodeError as problem:
        raise Invalid(f"Not JSON: {problem}", path=at) from None


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


def encode_experience(document: Experience) -> bytes:
    """The document as JSON, defaults left out."""
    return msgspec.json.encode(document)
