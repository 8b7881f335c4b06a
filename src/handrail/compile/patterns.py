"""Patterns: RE2 syntax as authors may write it, compiled to a small program that a browser runs in linear time.

Authored text never becomes a `RegExp`: a pattern is parsed here, at publish, and the browser walks the program with a
set of threads (Thompson's construction, Pike's matcher), so no input takes longer than its length times the program's.
The server itself asks RE2. The subset: literals, `.`, classes, `\\d \\w \\s` and their negations, `\\b`, `^ $`, groups,
`|`, and `* + ? {m,n}` with their lazy forms; matching is a search, letters count as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

import re2  # pyright: ignore[reportMissingTypeStubs]

from handrail.core.values import normal

MAX_PATTERN = 256
MAX_INPUT = 2048
"""Longest text that a pattern is tried on, in code points."""
MAX_REPEAT = 100
MAX_PROGRAM = 2000
LAST = 0x10FFFF

Instruction: TypeAlias = Sequence[str | int | list[int]]
"""`["char", [low, high, ...], negated]`, `["any"]`, `["split", x, y]`, `["jump", x]`, `["start"]`, `["end"]`,
`["word", 0 | 1]`, `["match"]`. Code points and addresses are numbers; `any` is everything but a newline."""

DIGITS = [48, 57]
WORDS = [48, 57, 65, 90, 95, 95, 97, 122]
SPACES = [9, 10, 12, 13, 32, 32]
CLASSES = {"d": DIGITS, "w": WORDS, "s": SPACES}
ESCAPES = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11}


class BadPattern(ValueError):
    """A pattern that may not be used; the message says why, fit to show."""


def found(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text. One that may not be used is found nowhere, as where it has no program."""
    if len(text) > MAX_INPUT:
        return False
    return _search(pattern)(text) is not None


@lru_cache(maxsize=1024)
def _search(pattern: str) -> Callable[[str], object]:
    if why_not(pattern) is not None:
        return _nowhere
    compiled = re2.compile(normal(pattern))  # pyright: ignore[reportUnknownMemberType]
    return compiled.search  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _nowhere(text: str) -> None:
    return None


def why_not(pattern: str) -> str | None:
    """Why a pattern may not be used, or None when it may."""
    try:
        compile_pattern(pattern)
    except BadPattern as problem:
        return str(problem)
    return None


def compile_pattern(pattern: str) -> dict[str, object]:
    """The program for a pattern: `{"v": 1, "code": [...]}`. Raises BadPattern."""
    pattern = normal(pattern)
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"A pattern has at most {MAX_PATTERN} characters, this one {len(pattern)}.")
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)  # pyright: ignore[reportUnknownMemberType]
    except re2.error as problem:  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        reason = bytes(problem.args[0]).decode("utf-8", "replace")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        raise BadPattern(f"{pattern!r} is no RE2 pattern: {reason}.") from None
    code = [*_Parser(pattern).parse(), ["match"]]
    if len(code) > MAX_PROGRAM:
        raise BadPattern(f"{pattern!r} repeats too much.")
    return {"v": 1, "code": code}


class _Parser:
    """Recursive descent over the pattern; every method gives code with addresses relative to its own start."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def parse(self) -> list[Instruction]:
        code = self._either()
        if self._at < len(self._pattern):
            raise BadPattern(f"{self._pattern!r} has an unexpected {self._pattern[self._at]!r}.")
        return code

    def _peek(self) -> str:
        return self._pattern[self._at] if self._at < len(self._pattern) else ""

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise BadPattern(f"{self._pattern!r} ends too early.")
        self._at += 1
        return character

    def _either(self) -> list[Instruction]:
        code = self._sequence()
        while self._peek() == "|":
            self._at += 1
            other = self._sequence()
            head: Instruction = ["split", 1, len(code) + 2]
            code = [head, *_moved(code, 1), ["jump", len(code) + 2 + len(other)], *_moved(other, len(code) + 2)]
        return code

    def _sequence(self) -> list[Instruction]:
        code: list[Instruction] = []
        while self._peek() not in ("", "|", ")"):
            code += _moved(self._repeated(), len(code))
        return code

    def _repeated(self) -> list[Instruction]:
        code = self._atom()
        while (sign := self._peek()) and sign in "*+?{":
            bounds = self._bounds()
            if bounds is None:
                break
            if self._peek() == "?":
                self._at += 1
            code = _repeat(code, *bounds)
            if len(code) > MAX_PROGRAM:
                raise BadPattern(f"{self._pattern!r} repeats too much.")
        return code

    def _bounds(self) -> tuple[int, int | None] | None:
        """The repetition that stands here, or None for a brace that is only a brace."""
        sign = self._take()
        if sign != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        end = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at : end].partition(",") if end > 0 else ("", "", "")
        # RE2 counts in ASCII digits; a brace before anything else is only a brace.
        if not _is_count(low) or (high and not _is_count(high)):
            self._at -= 1
            return None
        self._at = end + 1
        least, most = int(low), int(high) if high else None if comma else int(low)
        if max(least, most or 0) > MAX_REPEAT:
            raise BadPattern(f"{self._pattern!r} repeats more than {MAX_REPEAT} times.")
        return least, most

    def _atom(self) -> list[Instruction]:
        character = self._take()
        match character:
            case "(":
                return self._group()
            case "[":
                return [self._class()]
            case ".":
                return [["any"]]
            case "^":
                return [["start"]]
            case "$":
                return [["end"]]
            case "\\":
                return [self._escape()]
            case "*" | "+" | "?":
                raise BadPattern(f"{self._pattern!r} has nothing to repeat before {character!r}.")
            case _:
                return [_one(ord(character))]

    def _group(self) -> list[Instruction]:
        if self._peek() == "?":
            self._at += 1
            if self._take() != ":":
                raise BadPattern(f"{self._pattern!r}: only (...) and (?:...) groups can be used.")
        code = self._either()
        if self._take() != ")":
            raise BadPattern(f"{self._pattern!r} has a group without an end.")
        return code

    def _escape(self) -> Instruction:
        character = self._take()
        if character.lower() in CLASSES:
            return ["char", CLASSES[character.lower()], int(character.isupper())]
        if character == "b":
            return ["word", 1]
        if character == "B":
            # RE2 looks at bytes and finds one inside every letter beyond ASCII.
            raise BadPattern(f"{self._pattern!r}: \\B cannot be used.")
        return _one(self._escaped(character))

    def _escaped(self, character: str) -> int:
        if character in ESCAPES:
            return ESCAPES[character]
        if character.isalnum():
            raise BadPattern(f"{self._pattern!r}: \\{character} cannot be used.")
        return ord(character)

    def _class(self) -> Instruction:
        negated = self._peek() == "^"
        self._at += negated
        ranges: list[int] = []
        first = True
        while first or self._peek() != "]":
            first = False
            low = self._member(ranges)
            if low is None:
                continue
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._member(ranges)
                if high is None or high < low:
                    raise BadPattern(f"{self._pattern!r} has a range that does not go up.")
                ranges += [low, high]
            else:
                ranges += [low, low]
        self._at += 1
        return ["char", ranges, int(negated)]

    def _member(self, ranges: list[int]) -> int | None:
        """One character of a class; a class inside the class is added to `ranges` and gives None."""
        character = self._take()
        if character == "[" and self._peek() == ":":
            raise BadPattern(f"{self._pattern!r}: named classes cannot be used.")
        if character != "\\":
            return ord(character)
        character = self._take()
        if character.lower() in CLASSES:
            ranges += _complement(CLASSES[character.lower()]) if character.isupper() else CLASSES[character.lower()]
            return None
        return self._escaped(character)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _one(code_point: int) -> Instruction:
    return ["char", [code_point, code_point], 0]


def _complement(ranges: list[int]) -> list[int]:
    found, start = list[int](), 0
    for low, high in zip(ranges[::2], ranges[1::2], strict=True):
        found += [start, low - 1] if low > start else []
        start = high + 1
    return [*found, start, LAST]


def _moved(code: list[Instruction], by: int) -> list[Instruction]:
    """Code whose addresses count from `by` instructions earlier."""
    moved: list[Instruction] = []
    for instruction in code:
        match instruction:
            case ["split", int(left), int(right)]:
                moved.append(["split", left + by, right + by])
            case ["jump", int(to)]:
                moved.append(["jump", to + by])
            case _:
                moved.append(instruction)
    return moved


def _repeat(code: list[Instruction], least: int, most: int | None) -> list[Instruction]:
    made: list[Instruction] = []
    for _ in range(least):
        made += _moved(code, len(made))
    if most is None:
        start = len(made)
        made += [["split", start + 1, start + len(code) + 2], *_moved(code, start + 1), ["jump", start]]
    else:
        end = len(made) + (most - least) * (len(code) + 1)
        for _ in range(most - least):
            made += [["split", len(made) + 1, end], *_moved(code, len(made) + 1)]
    return made
