"""Values: what an attribute may hold, how text compares, and which instant or day a date names."""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

import msgspec

from handrail.core.people import AttributeValue

MAX_CHARACTERS = 700
"""Longest attribute value and user id limits are in spec/tables/limits.json; an array counts as its JSON text."""
MAX_USER_ID = 512
NEVER_AN_ID = frozenset({"", "null", "undefined", "[object Object]"})
BLANKS = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""What a browser trims from text; Python's own list differs."""

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
EPOCH = date(1970, 1, 1).toordinal()
START = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
DAY = 86_400_000
LARGEST_EXACT = 1 << 53


class Refused(msgspec.Struct, frozen=True):
    """Why a value was refused, in words fit to show."""

    reason: str


def normal(text: str) -> str:
    """Text as conditions compare it: Unicode NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def double(number: float) -> float:
    """A number as every engine has it, an IEEE double: whole numbers beyond 2^53 are rounded, or become infinite."""
    if -LARGEST_EXACT <= number <= LARGEST_EXACT or isinstance(number, float):
        return number
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def check_attribute(value: object, most: int = MAX_CHARACTERS) -> AttributeValue | Refused:
    """The value as it is kept, or why it is not (RULES 4), at most `most` code points. None unsets the attribute.

    Text is kept in NFC and numbers as doubles, so that whoever compares facts has nothing left to prepare.
    """
    match value:
        case str():
            if len(value) > most:
                return Refused(f"text of {len(value)} characters, at most {most}")
            return normal(value)
        case None | bool():
            return value
        case int() | float():
            kept = double(value)
            return kept if math.isfinite(kept) else Refused("not a finite number")
        case list():
            return _check_list(cast("list[object]", value), most)
        case dict():
            return Refused("a nested object")
        case _:
            return Refused(f"a value of type {type(value).__name__!r}")


def _check_list(values: list[object], most: int) -> AttributeValue | Refused:
    kinds = {kind_of(each) for each in values}
    if not kinds <= {"text", "number", "boolean"}:
        return Refused("a list of something else than text, numbers or booleans")
    if len(kinds) > 1:
        return Refused("a list of mixed types")
    kept: list[str | int | float | bool] = []
    for each in values:
        match each:
            case bool() | str():
                kept.append(each)
            case int() | float() if math.isfinite(number := double(each)):
                kept.append(number)
            case _:
                return Refused("a list with a number that is not finite")
    length = len(msgspec.json.encode(kept).decode())
    if length > most:
        return Refused(f"a list of {length} characters as JSON, at most {most}")
    return [normal(each) if isinstance(each, str) else each for each in kept]


def kind_of(value: object) -> str:
    """`text`, `number`, `boolean`, `array`, `missing` or `other`. A boolean is no number."""
    match value:
        case None:
            return "missing"
        case bool():
            return "boolean"
        case str():
            return "text"
        case int() | float():
            return "number"
        case list() | tuple():
            return "array"
        case _:
            return "other"


def unkept(text: str) -> str | None:
    """What text holds that no database of ours keeps, in words (NUL, half a character); None when there is nothing."""
    if "\0" in text:
        return "the character NUL"
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate)"
    return None


def check_user_id(value: object) -> str | Refused:
    """An id of a user, a browser or a company as text; numbers become their decimal form.

    Blanks and leaked placeholders are refused (RULES 4).
    """
    if isinstance(value, str):
        if value.strip(BLANKS) in NEVER_AN_ID:
            return Refused(f"{value!r} is no id")
        if len(value) > MAX_USER_ID:
            return Refused(f"an id of {len(value)} characters, at most {MAX_USER_ID}")
        if (problem := unkept(value)) is not None:
            return Refused(f"{value!r} is no id: it holds {problem}")
        return value
    match value:
        case bool() | None:
            return Refused(f"an id is text or a number, not {kind_of(value)}")
        case int():
            return str(value)
        case float() if not math.isfinite(value):
            return Refused("not a finite number")
        case float():
            return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
        case _:
            return Refused("an id is text or a number")


# A day is a whole day in the project's zone; a date-only text means that day, and its instant is the day's start.


@lru_cache(maxsize=4096)
def day_start(day: int, zone: str) -> int:
    """The first instant (milliseconds) of a day (proleptic ordinal) in a zone, whatever its clocks do at midnight."""
    try:
        moment = datetime.combine(date.fromordinal(day), datetime.min.time(), ZoneInfo(zone))
        start = (moment - START) // MILLISECOND
    except (OverflowError, ValueError):
        return (day - EPOCH) * DAY
    if day_of(start - 1, zone) < day:
        return start
    # The clocks jumped over this midnight from before it; the day began when they jumped.
    before = start - DAY
    return before + bisect_left(range(before, start), day, key=lambda instant: day_of(instant, zone))


def day_of(instant: int, zone: str) -> int:
    """The day (proleptic ordinal) that an instant (milliseconds) falls on in a zone."""
    return _day_of_second(instant // 1000, zone)


@lru_cache(maxsize=4096)
def _day_of_second(second: int, zone: str) -> int:
    """Days begin with a second everywhere, so who asks for the present day often is answered once a second."""
    try:
        return (START + timedelta(seconds=second)).astimezone(ZoneInfo(zone)).toordinal()
    except (OverflowError, ValueError, OSError):
        return EPOCH + second // (DAY // 1000)


def instant_of(text: object, zone: str) -> int | None:
    """The instant a date or date-time names, in milliseconds, or None when it is no strict ISO-8601 text."""
    if not isinstance(text, str) or text[4:5] != "-":
        return None
    try:
        if DATE_TIME.fullmatch(text) is not None:
            return (datetime.fromisoformat(text) - START) // MILLISECOND
        if DATE.fullmatch(text) is not None:
            return day_start(date.fromisoformat(text).toordinal(), zone)
    except ValueError:
        pass  # no such day
    return None


def remembered_instant(text: object, zone: str) -> int | None:
    """What `instant_of` says, remembered: for a user's attributes, which are asked about in every boot."""
    return _remembered_instant(text, zone) if isinstance(text, str) else None


_remembered_instant = lru_cache(maxsize=16_384)(instant_of)


def day_text(day: int) -> str:
    """A day (proleptic ordinal) as people write it, `2026-11-24`."""
    try:
        return date.fromordinal(day).isoformat()
    except (OverflowError, ValueError):
        return f"day {day}"


def is_date_only(text: object) -> bool:
    """Whether a text names a day rather than an instant."""
    return isinstance(text, str) and DATE.fullmatch(text) is not None
