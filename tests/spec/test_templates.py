"""Templates have one meaning: each case of `spec/cases/templates` is answered as it says, and no value leads astray."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ada_url
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from tests.support.cases import load_cases

from handrail.core.people import AttributeValue
from handrail.core.templates import NoAddress, chips, is_safe, number_text, render_text, render_url

CASES = load_cases("templates")


def values_of(attributes: Mapping[str, Mapping[str, AttributeValue]]) -> dict[str, AttributeValue]:
    return {f"{source}.{key}": value for source, values in attributes.items() for key, value in values.items()}


def test_there_are_cases_for_every_place_and_refusal() -> None:
    assert len(CASES) >= 35
    assert {each.values[0]["place"] for each in CASES} == {"text", "url"}
    assert {each.values[0].get("refused") for each in CASES} == {None, "missing_value", "unsafe_value", "unsafe_url"}


@pytest.mark.parametrize("case", CASES)
def test_a_template_renders_as_the_case_says(case: Any) -> None:
    values = values_of(case["attributes"])
    if case["place"] == "text":
        assert render_text(case["template"], values) == case["text"]
    elif "refused" in case:
        assert render_url(case["template"], values) == NoAddress(case["refused"])
    else:
        assert render_url(case["template"], values) == case["text"]


BASE = "https://host.example/app/page"
PIECES = st.sampled_from(
    ("/", "//", "https:", "https://", "http:/", "app.example", ".", "..", "?", "#", "&q=", ":", "@", "a", "mailto:",
     "tel:", "%2e", "\\", "{{custom.a}}", "{{custom.b|x}}", "{c}", "javascript", "8080", " ", "\t")
)  # fmt: skip
HOSTILE = st.sampled_from(
    ("", ".", "..", "/", "//evil.test", "\\evil.test", "https://evil.test", "evil.test", "javascript:alert(1)", "%2e",
     "@evil.test", ":80", "?x", "#x", "\x00", "\ud800", "é", "\t", "{{custom.b}}", "..;/")
)  # fmt: skip
TEMPLATES = st.lists(PIECES, min_size=1, max_size=7).map("".join)
VALUES = st.fixed_dictionaries(
    {}, optional={f"custom.{key}": HOSTILE | st.text(max_size=12) for key in ("a", "b", "c")}
)


DELIMITERS = "?#&=,/"


def leads_to(address: str, base: str) -> tuple[str, str, tuple[int, ...]] | None:
    """The scheme, the host and the depth of the path that a browser on `base` would go to.

    Mail and telephone have neither: there it is how many of each delimiter stand in whom the address reaches.
    """
    try:
        parsed = ada_url.URL(address, base)
    except ValueError:
        return None
    if parsed.protocol in ("mailto:", "tel:"):
        reached = parsed.href.removeprefix(parsed.protocol)
        return parsed.protocol, "", tuple(map(reached.count, DELIMITERS))
    return parsed.protocol, parsed.host, (parsed.pathname.count("/"),)


@given(template=TEMPLATES, values=VALUES)
@example(template="https:{{custom.a}}", values={"custom.a": "evil.test"})
@example(template="https:/{{custom.a}}", values={"custom.a": "evil.test"})
@example(template="/{{custom.a}}/evil.test", values={"custom.a": ""})
@example(template="ht{{custom.a}}://app.example/", values={"custom.a": "tps"})
@example(template="mailto://{{custom.a}}", values={"custom.a": ""})
@example(template="mailto:{{custom.a}}", values={"custom.a": "ann?bcc=eve&subject=/,bob#x"})
@pytest.mark.parametrize("base", [BASE, "http://host.example/app/page"])
def test_a_value_never_changes_where_an_address_leads(
    base: str, template: str, values: dict[str, AttributeValue]
) -> None:
    url = render_url(template, values)
    harmless = render_url(template, {chip.name: "x" for chip in chips(template, "url")})
    assume(isinstance(url, str) and isinstance(harmless, str))
    led, meant = leads_to(str(url), base), leads_to(str(harmless), base)
    assert led == meant
    assert led is None or led[0] in ("http:", "https:", "mailto:", "tel:")


@given(template=st.text(max_size=40) | TEMPLATES, values=VALUES)
def test_any_template_has_an_answer(template: str, values: dict[str, AttributeValue]) -> None:
    render_text(template, values)
    url = render_url(template, values)
    assert isinstance(url, NoAddress) or is_safe(url)


@given(template=st.text(alphabet="ab {}|.", max_size=30), value=st.text())
def test_a_value_is_never_read_as_a_template(template: str, value: str) -> None:
    shown = render_text(template + "{{custom.a}}", {"custom.a": value})
    assert shown.endswith(value)


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_itself(number: float) -> None:
    assert float(number_text(number)) == number
