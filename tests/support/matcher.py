"""A matcher for pattern programs in the fewest words: what the browser's one is held against. Only tests run it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_INPUT = 2048
WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def finds(program: Mapping[str, Any], text: str) -> bool:
    """Whether the program finds its pattern anywhere in the text."""
    code, threads = program["code"], set[int]()
    if len(text) > MAX_INPUT:
        return False
    for at in range(len(text) + 1):
        threads = _closure(code, {0, *threads}, text, at)
        if any(code[thread][0] == "match" for thread in threads):
            return True
        threads = {thread + 1 for thread in threads if at < len(text) and _takes(code[thread], ord(text[at]))}
    return False


def _closure(code: Any, threads: set[int], text: str, at: int) -> set[int]:
    reached, waiting = set[int](), list(threads)
    while waiting:
        thread = waiting.pop()
        if thread in reached:
            continue
        reached.add(thread)
        operation, *operands = code[thread]
        edge = (at > 0 and text[at - 1] in WORD) is not (at < len(text) and text[at] in WORD)
        if operation in ("split", "jump"):
            waiting += operands
        elif (
            (operation == "start" and at == 0)
            or (operation == "end" and at == len(text))
            or (operation == "word" and edge is bool(operands[0]))
        ):
            waiting.append(thread + 1)
    return reached


def _takes(instruction: Any, point: int) -> bool:
    match instruction:
        case ["any"]:
            return point != 10
        case ["char", ranges, negated]:
            inside = any(low <= point <= high for low, high in zip(ranges[::2], ranges[1::2], strict=True))
            return inside is not bool(negated)
        case _:
            return False
