"""Author's code: what it becomes, and what is refused, by spec/cases/code."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.cases import load_cases

from handrail.compile.code import BadCode, module_text, name_of, why_not_code
from handrail.core.code import LONGEST, hash_of


@pytest.mark.parametrize("case", load_cases("code"))
def test_code_becomes_a_module_or_is_refused(case: dict[str, Any]) -> None:
    if "module" in case:
        assert module_text(case["code"]) == case["module"]
        assert name_of(case["code"]) == hash_of(case["module"])
    else:
        with pytest.raises(BadCode, match=case["refused"]):
            module_text(case["code"])


def test_a_hash_is_the_sha_256_of_the_module_s_bytes_in_43_letters() -> None:
    # From `printf 'export function run(context) {\n1\n}\n' | openssl dgst -sha256 -binary | base64`.
    assert name_of("1") == hash_of("export function run(context) {\n1\n}\n")
    assert len(name_of("1")) == 43
    assert name_of("1") != name_of("1 ")


def test_code_that_is_too_long_or_no_text_is_refused() -> None:
    assert "characters" in (why_not_code("1" * (LONGEST + 1)) or "")
    assert why_not_code("1" * LONGEST) is None
    assert "surrogate" in (why_not_code("'\ud800'") or "")


def test_deep_code_is_read_without_recursion() -> None:
    assert why_not_code("(" * 5000 + "1" + ")" * 5000) is None
