"""Values as Segment's own code has them: it is JavaScript, and FQL and mappings are full of its conversions.

A payload is JSON: None, bool, numbers, text, lists and dicts. `UNDEFINED` is what JSON has no word for: nothing there.
Only own members are ever found, so `__proto__` and `constructor` are plain keys that are usually missing (RULES 1).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Final, Literal, TypeAlias, cast


class _Undefined(Enum):
    UNDEFINED = "undefined"

    def __bool__(self) -> Literal[False]:
        return False


UNDEFINED: Final = _Undefined.UNDEFINED
Undefined: TypeAlias = Literal[_Undefined.UNDEFINED]

SPACES = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""What `trim` takes off."""

LARGEST_PLAIN = 10**21
_KEY = re.compile(r"[^\[.\]]+")
_INDEX = re.compile(r"0|[1-9]\d{0,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_BASED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)


def type_of(value: object) -> str:
    """The name of a value's type as Segment's messages have it: `object`, `array`, `null`, `undefined`, ..."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list() | tuple():
            return "array"
        case dict():
            return "object"
        case _:
            return "undefined"


def number_text(number: float) -> str:
    """A number as `String(number)` prints it."""
    if isinstance(number, int) and abs(number) < 1 << 53:
        return str(number)
    try:
        double = float(number)
    except OverflowError:
        return "Infinity" if number > 0 else "-Infinity"
    if math.isnan(double):
        return "NaN"
    if math.isinf(double):
        return "Infinity" if double > 0 else "-Infinity"
    if not double:
        return "0"
    sign = "-" if double < 0 else ""
    _, digits, exponent = Decimal(repr(abs(double))).normalize().as_tuple()
    shown = "".join(map(str, digits))
    point = len(shown) + cast("int", exponent)
    if 0 < point <= 21:
        text = shown + "0" * (point - len(shown)) if point >= len(shown) else f"{shown[:point]}.{shown[point:]}"
    elif -6 < point <= 0:
        text = "0." + "0" * -point + shown
    else:
        power = point - 1
        text = shown[0] + (f".{shown[1:]}" if len(shown) > 1 else "") + f"e{'+' if power > 0 else '-'}{abs(power)}"
    return sign + text


def text_of(value: object) -> str:
    """`String(value)`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return number_text(value)
        case list() | tuple():
            members = cast("Sequence[object]", value)
            return ",".join("" if each is None or each is UNDEFINED else text_of(each) for each in members)
        case dict():
            return "[object Object]"
        case _:
            return "undefined"


def number_of(value: object) -> float:
    """`Number(value)` of text, a number or a boolean; NaN for what is none."""
    match value:
        case None:
            return 0
        case bool() | int() | float():
            return value
        case str():
            text = value.strip(SPACES)
            if not text:
                return 0
            if _NUMBER.fullmatch(text):
                return float(text)
            if _BASED.fullmatch(text):
                return int(text, 0)
            return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(text, math.nan)
        case _:
            return math.nan


def truthy(value: object) -> bool:
    """Whether `if (value)` goes on. Empty lists and objects do."""
    match value:
        case list() | tuple() | dict():
            return True
        case float():
            return bool(value) and not math.isnan(value)
        case _:
            return bool(value)


def loosely_empty(value: object) -> bool:
    """`value == ''`: 0, false, "" and text of a list that is empty."""
    match value:
        case bool() | int() | float():
            return value == 0
        case str():
            return not value
        case list() | tuple():
            return not text_of(cast("list[object]", value))
        case _:
            return False


def units(text: str) -> int:
    """A text's `length`: UTF-16 units, of which a character outside the basic plane has two."""
    return len(text) if text.isascii() else len(text) + sum(each > "\uffff" for each in text)


def unit(text: str, at: int) -> str | Undefined:
    """The UTF-16 unit of a text at an index."""
    if text.isascii():
        return text[at] if at < len(text) else UNDEFINED
    found = text.encode("utf-16-le", "surrogatepass")[2 * at : 2 * at + 2]
    return found.decode("utf-16-le", "surrogatepass") if found else UNDEFINED


def member(value: object, key: str) -> object:
    """`value[key]`, own members only; a list and a text have `length` and their indexes."""
    match value:
        case dict():
            return cast("dict[str, object]", value).get(key, UNDEFINED)
        case list() | tuple():
            members = cast("Sequence[object]", value)
            if key == "length":
                return len(members)
            return members[int(key)] if _INDEX.fullmatch(key) and int(key) < len(members) else UNDEFINED
        case str():
            if key == "length":
                return units(value)
            return unit(value, int(key)) if _INDEX.fullmatch(key) else UNDEFINED
        case _:
            return UNDEFINED


def step(value: object, key: str) -> object:
    """One step of a walk: what is falsy stays what it is, anything else is looked into."""
    return member(value, key) if truthy(value) else value


def path_keys(path: str) -> tuple[str, ...]:
    """The keys of a path, cut at dots and brackets, quotes around a key taken off."""
    return tuple(_unquoted(each) for each in _KEY.findall(path))


def _unquoted(key: str) -> str:
    return key.strip("\"'") if key[0] in "\"'" or key[-1] in "\"'" else key


def walk(value: object, keys: Sequence[str]) -> object:
    """Follow keys; the first falsy value on the way is the answer."""
    for key in keys:
        if not truthy(value):
            return value
        value = member(value, key)
    return value


def lookup(value: object, path: str) -> object:
    """What is at a path; `""` and `.` are the value itself."""
    if path in ("", "."):
        return value
    keys = path_keys(path)
    return walk(value, keys) if keys else UNDEFINED


def ordered_keys(members: Mapping[str, object]) -> list[str]:
    """An object's keys as JavaScript lists them: whole numbers first, ascending, then as they were written."""
    numbers = [key for key in members if _INDEX.fullmatch(key) and int(key) < 2**32 - 1]
    if not numbers:
        return list(members)
    numbers.sort(key=int)
    seen = set(numbers)
    return numbers + [key for key in members if key not in seen]


def json_text(value: object) -> str | Undefined:
    """`JSON.stringify(value)`: members that are undefined are left out, undefined in a list is null."""
    return UNDEFINED if value is UNDEFINED else "".join(_json_parts(value))


def _json_parts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield json.dumps(value, ensure_ascii=False)
        case bool() | None:
            yield text_of(value)
        case int() | float():
            text = number_text(value)
            yield text if text[-1].isdigit() else "null"
        case list() | tuple():
            yield "["
            for at, each in enumerate(cast("Sequence[object]", value)):
                if at:
                    yield ","
                yield from _json_parts(each)
            yield "]"
        case dict():
            members = cast("dict[str, object]", value)
            yield "{"
            first = True
            for key in ordered_keys(members):
                if members[key] is UNDEFINED:
                    continue
                if not first:
                    yield ","
                first = False
                yield json.dumps(key, ensure_ascii=False) + ":"
                yield from _json_parts(members[key])
            yield "}"
        case _:
            yield "null"
