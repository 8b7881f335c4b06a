"""A condition has one meaning: each case of `spec/cases/conditions` is answered by every implementation in Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.analytics import batch_of, place, zone_of
from tests.support.cases import asked, load_cases
from tests.support.clickhouse import clickhouse_or_skip

from handrail.adapters.clickhouse import ClickhouseAnalytics
from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.compile.patterns import found
from handrail.compile.predicates import compile_audiences
from handrail.compile.queries import Scope, audience
from handrail.compile.residual import residual
from handrail.core.conditions.evaluate import World, evaluate

Analytics = DuckdbAnalytics | ClickhouseAnalytics
CASES = load_cases("conditions")


def test_there_are_cases_for_every_question() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("case", CASES)
def test_explain_answers_as_the_case_says(case: Any) -> None:
    each = asked(case)
    assert evaluate(each.condition, World(each.facts, each.segments, each.browser, found)).verdict is each.matches
    assert evaluate(each.condition, World(each.facts, each.segments, None, found)).verdict is each.server


@pytest.mark.parametrize("case", CASES)
def test_the_predicate_answers_as_the_case_says(case: Any) -> None:
    each = asked(case)
    may = bool(compile_audiences([each.condition], each.segments, each.facts.zone)(each.facts))
    assert may is (each.server is not False)


@pytest.mark.parametrize("case", CASES)
def test_the_residual_answers_as_the_case_says(case: Any) -> None:
    each = asked(case)
    left = residual(each.condition, each.segments, each.facts)
    if isinstance(left, bool):
        assert left is each.server
    else:
        assert each.server is None
        assert evaluate(left, World(each.facts, {}, each.browser, found)).verdict is each.matches


@pytest.fixture(scope="module", params=["duckdb", "clickhouse"])
def store(request: pytest.FixtureRequest) -> Iterator[Analytics]:
    """The users of all cases in one store, each in an environment of its own."""
    server = clickhouse_or_skip() if request.param == "clickhouse" else None
    store = DuckdbAnalytics(None, zone_of) if server is None else ClickhouseAnalytics(server.address(), zone_of)
    store.write(batch_of((at, asked(case.values[0])) for at, case in enumerate(CASES)))
    yield store
    store.close()
    if server is not None:
        server.close()


@pytest.mark.parametrize(
    ("at", "case"), [(at, *each.values) for at, each in enumerate(CASES)], ids=[e.id for e in CASES]
)
async def test_the_store_answers_as_the_case_says(at: int, case: Any, store: Analytics) -> None:
    each = asked(case)
    facts = each.facts
    query = audience(each.condition, each.segments, scope=Scope(place(at, each)), today=facts.today, zone=facts.zone)
    found = f"u:{at}" in await store.list(query)
    assert found is (each.server is not False)
    if each.server is None:
        assert query.up_to
