"""Erasure from the analytic stores: the erased are gone, everybody else counts as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from handrail.adapters.clickhouse import ClickhouseAnalytics
from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.compile.queries import audience
from handrail.ingest.erasure import cutting
from handrail.testing.log import MemoryLog
from tests.support.clickhouse import clickhouse_or_skip
from tests.support.events import an_event
from tests.support.replica import TODAY, ZONE, fill, scope


@pytest.fixture(params=["duckdb", "clickhouse"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DuckdbAnalytics | ClickhouseAnalytics]:
    """Each analytic store, empty."""
    if request.param == "duckdb":
        duck = DuckdbAnalytics(tmp_path / "analytics.duckdb", lambda environment: ZONE)
        yield duck
        duck.close()
    else:
        server = clickhouse_or_skip()
        yield ClickhouseAnalytics(server.address(), lambda environment: ZONE)
        server.close()


async def test_the_erased_are_gone_and_the_others_count_as_before(
    store: DuckdbAnalytics | ClickhouseAnalytics,
) -> None:
    log = MemoryLog()
    people = [
        an_event(f"{user}-{number}", kind, user_id=user, anonymous_id=f"{user}-device", traits={"plan": user})
        for user in ("ann", "bob")
        for number, kind in enumerate(("identify", "track"))
    ]
    await log.append(people)
    await fill(store, log)
    query = audience(None, {}, scope=scope(), today=TODAY, zone=ZONE)
    assert await store.list(query) == ["u:ann", "u:bob"] or await store.list(query) == ["ann", "bob"]
    subjects = ["u:ann", "a:ann-device"]
    await log.erase(people[0].environment, subjects, cutting(people[0].environment, subjects))
    rows = await store.erase(people[0].environment, subjects)
    assert rows >= 4
    assert await store.count(query) == 1
    assert await store.erase(people[0].environment, subjects) == 0
    await log.append([an_event("later", "identify", user_id="cid")])
    await fill(store, log)
    assert await store.count(query) == 2, "the store goes on following the log"
