"""Patterns: what may be written, and that the program a browser runs finds exactly what RE2 finds."""

from __future__ import annotations

import json
import time
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.cases import SPEC
from tests.support.matcher import finds

from handrail.compile.patterns import BadPattern, compile_pattern, found, why_not

CASES = json.loads((SPEC / "cases" / "patterns.json").read_text())["cases"]

REFUSED = {
    "(": "missing )",
    "a)": "unexpected )",
    "[a": "missing ]",
    "*a": "no argument for repetition operator",
    "a**": "bad repetition operator",
    "[b-a]": "invalid character class range",
    "a{2,1}": "invalid repetition size",
    "\\": "trailing \\",
    "(?i)a": "only (...) and (?:...) groups",
    "(?P<name>a)": "only (...) and (?:...) groups",
    "(?=a)": "invalid perl operator",
    "(a)\\1": "invalid escape sequence",
    "[[:alpha:]]": "named classes cannot be used",
    "\\pL": "\\p cannot be used",
    "\\x41": "\\x cannot be used",
    "\\Aa\\z": "\\A cannot be used",
    "\\C": "\\C cannot be used",
    "\\Qa\\E": "\\Q cannot be used",
    "a{101}": "repeats more than 100 times",
    "((a{9}){9}){10}" + "((a{9}){9}){10}" + "((a{9}){9}){10}": "repeats too much",
    "\\Ba": "\\B cannot be used",
    "a" * 257: "at most 256 characters",
}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_pattern_finds_what_its_case_says(case: dict[str, Any]) -> None:
    assert found(case["pattern"], case["text"]) is case["matches"]
    assert finds(compile_pattern(case["pattern"]), case["text"]) is case["matches"]


@pytest.mark.parametrize(("pattern", "reason"), REFUSED.items())
def test_a_pattern_outside_the_subset_is_refused_with_its_reason(pattern: str, reason: str) -> None:
    with pytest.raises(BadPattern) as refused:
        compile_pattern(pattern)
    assert reason in str(refused.value)
    assert why_not(pattern) == str(refused.value)
    assert found(pattern, pattern) is False


def test_a_program_is_plain_json_with_addresses_inside() -> None:
    for pattern in ("", "a|b|", "(a*)*", "^[^x-z]{2,5}$", "(a{3}|b+?){2}\\b"):
        program = compile_pattern(pattern)
        code: Any = json.loads(json.dumps(program))["code"]
        assert program["v"] == 1
        assert code[-1] == ["match"]
        for instruction in code:
            for address in instruction[1:] if instruction[0] in ("split", "jump") else ():
                assert 0 <= address < len(code)


ATOMS = ["a", "b", "ab", ".", "\\d", "\\w", "\\S", "\\b", "^", "$", "[ab]", "[^a]", "[\\d-]", "é", "\\.", "1", " "]


def a_pattern(draw: Random, depth: int = 3) -> str:
    """A pattern of the subset."""
    if depth == 0 or draw.random() < 0.3:
        return draw.choice(ATOMS)
    match draw.randrange(4):
        case 0:
            return "".join(a_pattern(draw, depth - 1) for _ in range(draw.randrange(1, 4)))
        case 1:
            return f"({a_pattern(draw, depth - 1)}|{a_pattern(draw, depth - 1)})"
        case 2:
            return f"(?:{a_pattern(draw, depth - 1)}){draw.choice(('*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?'))}"
        case _:
            return f"({a_pattern(draw, depth - 1)})"


TEXTS = st.lists(st.text("ab1_ é.\n-🚀", max_size=12), min_size=1, max_size=8)
SIGNS = st.text(st.sampled_from("ab01\\[]{}()|*+?.^$-:,dwsbBéx "), max_size=12)


@given(draw=st.randoms(use_true_random=False), texts=TEXTS)
@settings(max_examples=1000)
def test_a_program_finds_what_re2_finds(draw: Random, texts: list[str]) -> None:
    pattern = a_pattern(draw)
    if why_not(pattern) is None:
        program = compile_pattern(pattern)
        for text in texts:
            assert finds(program, text) is found(pattern, text), (pattern, text)


@given(pattern=SIGNS, text=st.text("ab01 \\[]{}-", max_size=8))
@settings(max_examples=3000)
def test_any_text_is_refused_or_means_what_re2_means(pattern: str, text: str) -> None:
    if why_not(pattern) is None:
        assert finds(compile_pattern(pattern), text) is found(pattern, text)


def test_no_pattern_takes_long() -> None:
    started = time.process_time()
    for pattern in ("(a*)*b", "(a|aa)+$", "(.*)(.*)(.*)(.*)x", "((a{9}){9}){9}"):
        if why_not(pattern) is None:
            finds(compile_pattern(pattern), "a" * 500)
    assert time.process_time() - started < 20
