"""FQL's words. One lexer serves both modes; what is odd about it is odd in Segment's own, and cases hold it.

Facts: Segment's fql-ts lexer. Two of its oddities matter in practice: `!=`, `<=` and `>=` need white space, `,`, `]`,
`)` or the end right behind them, and so does a closing quote (otherwise that quote opens the next text).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from handrail.core.errors import Invalid

MAX_LENGTH = 5 * 1024
"""Bytes of one trigger. Segment's documents name 5 KB for a filter."""

TokenType: TypeAlias = Literal[
    "ident", "dot", "operator", "conditional", "string", "number", "null", "[", "]", "(", ")", ",", "eos"
]


class Token(msgspec.Struct, frozen=True):
    """One word. A string keeps its quotes, an identifier has lost its backslashes; `at` is where it starts."""

    type: TokenType
    value: str
    at: int = 0


WHITE = " \t\n"
END = ""
_ALPHA = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_IDENT = _ALPHA | _DIGITS | {"_", "-", "\\"}
_TERMINATORS = frozenset({END, *WHITE, ",", "]", ")"})
_AFTER_IDENT = _TERMINATORS | {".", "(", "=", "!"}
_SIGNS: dict[str, TokenType] = {".": "dot", "[": "[", "]": "]", ",": ",", "(": "(", ")": ")"}
_WORDS: dict[str, tuple[str, TokenType]] = {"a": ("nd", "conditional"), "o": ("r", "conditional"), "n": ("ull", "null")}


def tokenize(text: str, *, forgiving: bool = False) -> list[Token]:
    """The words of a trigger, `eos` last. Raises Invalid where Segment's lexer gives up.

    A forgiving lexer reads what the reference describes: words end where the next begins, white space or not.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_LENGTH:
        raise Invalid(f"A trigger has at most {MAX_LENGTH} bytes.", code="trigger_too_long")
    return _Lexer(text, forgiving).tokens()


class _Lexer:
    def __init__(self, text: str, forgiving: bool) -> None:
        self._text = text
        self._forgiving = forgiving
        self._at = 0

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._text[at] if at < len(self._text) else END

    def tokens(self) -> list[Token]:
        found: list[Token] = []
        while True:
            start, first = self._at, self._peek()
            self._at += 1
            if first == END:
                found.append(Token("eos", "eos", start))
                return found
            if first not in WHITE:
                kind, value = self._word(first)
                found.append(Token(kind, value, start))

    def _word(self, first: str) -> tuple[TokenType, str]:
        if first == "!" and (self._peek() != "=" if self._forgiving else self._peek() in _ALPHA or self._peek() == "("):
            return "operator", "!"
        if first == "=":
            return "operator", "="
        if first in "!<>":
            if self._accept("="):
                return "operator", first + "="
            if first == "!":
                raise self._wrong("'=' and a space are expected behind '!'")
            return "operator", first
        if first in _WORDS and not self._forgiving and self._accept(_WORDS[first][0]):
            return _WORDS[first][1], first + _WORDS[first][0]
        if first in _ALPHA or first in "_\\":
            name = self._identifier(first)
            rest, kind = _WORDS.get(first, ("", "ident"))
            return (kind if self._forgiving and name == first + rest else "ident"), name
        if first in _DIGITS or first in "+-":
            return "number", self._number(first)
        if first in "\"'":
            return "string", self._string(first)
        if first in _SIGNS:
            return _SIGNS[first], first
        raise self._wrong(f"{first!r} is no word of FQL")

    def _accept(self, rest: str) -> bool:
        """Take `rest` when a terminator follows it. Upstream loses what it read when the end comes too early."""
        if self._forgiving:
            found = self._text.startswith(rest, self._at)
            self._at += len(rest) if found else 0
            return found
        for ahead in range(len(rest)):
            if self._peek(ahead) == END:
                self._at += ahead
                return False
            if self._peek(ahead) in _TERMINATORS:
                return False
        if not self._text.startswith(rest, self._at) or self._peek(len(rest)) not in _TERMINATORS:
            return False
        self._at += len(rest)
        return True

    def _identifier(self, first: str) -> str:
        made = [self._escaped() if first == "\\" else first]
        while self._peek() in _IDENT:
            character = self._peek()
            self._at += 1
            made.append(self._escaped() if character == "\\" else character)
        if not self._forgiving and self._peek() not in _AFTER_IDENT:
            raise self._wrong(f"{self._peek()!r} cannot follow a name")
        return "".join(made)

    def _escaped(self) -> str:
        character = self._peek()
        if character == END:
            raise self._wrong("a backslash escapes a character, and there is none")
        self._at += 1
        return character

    def _number(self, first: str) -> str:
        start, points = self._at, 0
        while self._peek() in _DIGITS or self._peek() == ".":
            is_point = self._peek() == "."
            self._at += 1
            if is_point:
                points += 1
                if (self._peek() not in _DIGITS if self._forgiving else self._peek() in _TERMINATORS) or points > 1:
                    raise self._wrong("a number has one point at most, and digits behind it")
        return first + self._text[start : self._at]

    def _string(self, quote: str) -> str:
        end = self._text.find(quote, self._at)
        if end < 0:
            raise self._wrong("a text is not closed")
        value = self._text[self._at : end]
        self._at = end
        self._accept(quote)
        return quote + value + quote

    def _wrong(self, what: str) -> Invalid:
        return Invalid(f"Character {self._at}: {what}.", code="bad_trigger")
