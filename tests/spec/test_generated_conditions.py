"""Generated conditions over generated users: the walk, the predicate, the residual and DuckDB never disagree.

Each example asks six conditions of six users; see `EXAMPLES`. `tests/fuzz` puts the browser's
engine beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.analytics import batch_of, zone_of
from tests.support.cases import Asked, asked
from tests.support.clickhouse import clickhouse_or_skip
from tests.support.questions import Questions

from handrail.adapters.clickhouse import ClickhouseAnalytics
from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.compile.patterns import found
from handrail.compile.predicates import compile_audiences
from handrail.compile.queries import Scope, audience
from handrail.compile.residual import residual
from handrail.core.conditions.evaluate import World, evaluate
from handrail.core.conditions.model import parse_condition

USERS = CONDITIONS = 6
EXAMPLES = 280
CLICKHOUSE_EXAMPLES = 25
assert USERS * CONDITIONS * EXAMPLES >= 10_000


@pytest.fixture(scope="module")
def store() -> Iterator[DuckdbAnalytics]:
    """An empty store whose environments are named `<number> <zone>`."""
    store = DuckdbAnalytics(None, zone_of)
    yield store
    store.close()


@pytest.fixture(scope="module")
def clickhouse() -> Iterator[ClickhouseAnalytics]:
    """The same in ClickHouse."""
    server = clickhouse_or_skip()
    store = ClickhouseAnalytics(server.address(), zone_of)
    yield store
    store.close()
    server.close()


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@given(draw=st.randoms(use_true_random=False))
@settings(max_examples=EXAMPLES, suppress_health_check=CHECKS)
async def test_generated_conditions_have_one_meaning(draw: Random, store: DuckdbAnalytics) -> None:
    await _ask(draw, store)


@given(draw=st.randoms(use_true_random=False))
@settings(max_examples=CLICKHOUSE_EXAMPLES, suppress_health_check=CHECKS)
async def test_generated_conditions_mean_the_same_in_clickhouse(draw: Random, clickhouse: ClickhouseAnalytics) -> None:
    await _ask(draw, clickhouse)


async def _ask(draw: Random, store: DuckdbAnalytics | ClickhouseAnalytics) -> None:
    questions = Questions(draw)
    world = questions.world()
    segments = questions.segments(world["now"])
    conditions = [questions.condition(world["now"]) for _ in range(CONDITIONS)]
    users = [questions.user(world["now"], number) for number in range(USERS)]
    every: dict[str, Any] = {"segments": segments, "matches": True, **world}
    # One condition that asks them all, so that the facts hold every counter.
    facts = [asked({**every, "condition": {"any": conditions}, "user": user}) for user in users]
    environment = f"{next(NUMBERS)} {world['zone']}"
    store.write(batch_of(enumerate(facts), environment=environment))
    await _compare(store, environment, conditions, facts)


NUMBERS = iter(range(1_000_000_000))


async def _compare(
    store: DuckdbAnalytics | ClickhouseAnalytics, environment: str, conditions: list[dict[str, Any]], users: list[Asked]
) -> None:
    parsed = [parse_condition(each) for each in conditions]
    segments, zone, today = users[0].segments, users[0].facts.zone, users[0].facts.today
    predicate = compile_audiences(parsed, segments, zone)
    listed = [set(predicate(user.facts)) for user in users]
    for at, condition in enumerate(parsed):
        query = audience(condition, segments, scope=Scope(environment), today=today, zone=zone)
        counted = set(await store.list(query))
        assert await store.count(query) == len(counted)
        for number, user in enumerate(users):
            line = evaluate(condition, World(user.facts, segments, None, found))
            may = line.verdict is not False
            told = (conditions[at], user.facts)
            assert (at in listed[number]) is may, told
            assert (f"u:{number}" in counted) is may, told
            assert line.verdict is not None or query.up_to, told
            left = residual(condition, segments, user.facts)
            whole = evaluate(condition, World(user.facts, segments, user.browser, found)).verdict
            assert whole is not None
            if isinstance(left, bool):
                assert left is line.verdict is whole, told
            else:
                assert line.verdict is None, told
                assert evaluate(left, World(user.facts, {}, user.browser, found)).verdict is whole, told
