"""Erasure from the analytic stores: the erased are gone, everybody else counts as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from handrail.adapters.clickhouse import ClickhouseAnalytics
from handrail.adapters.duckdb import DuckdbAnalytics
from handrail.compile.queries import audience
from handrail.compile.sql import Printer, Sql
from handrail.core.retention import Leaving
from handrail.ingest.erasure import cutting
from handrail.testing.log import MemoryLog
from tests.support.clickhouse import clickhouse_or_skip
from tests.support.events import NOON, a_lifecycle_event, an_event
from tests.support.replica import DAY, TODAY, ZONE, fill, scope


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


async def test_what_is_past_its_time_goes_and_the_rest_counts_as_before(
    store: DuckdbAnalytics | ClickhouseAnalytics,
) -> None:
    log = MemoryLog()
    answers = [
        a_lifecycle_event(f"a{day}", "question_answered", "nps", at=NOON + day * DAY, step=f"q{day}", answer=day)
        for day in (0, 20)
    ]
    orders = [an_event(f"o{day}", at=NOON + day * DAY) for day in (0, 10, 20)]
    visitors = [an_event(f"v{who}", anonymous_id=who, at=NOON + 20 * DAY) for who in ("idle", "here")]
    await log.append([*answers, *orders, *visitors, an_event("s", environment="staging")])
    await fill(store, log)

    async def kept() -> list[int]:
        found: list[int] = []
        for table in ("events", "answers", "people"):

            def count(printer: Printer, table: str = table) -> Sql:
                return printer.sql(f"SELECT count(*) FROM {table} WHERE environment = {printer.environment}")

            ((number,),) = await store.ask(scope(), count)
            found.append(int(str(number)))
        return found

    assert await kept() == [7, 2, 3]
    assert await store.visitors("production", after="", limit=1) == ["a:here"]
    assert await store.visitors("production", after="a:here", limit=1) == ["a:idle"]
    assert await store.visitors("production", after="a:idle", limit=1) == []
    await store.retain("production", Leaving())
    assert await kept() == [7, 2, 3]
    await store.retain("production", Leaving(events_before=NOON + 5 * DAY))
    assert await kept() == [5, 2, 3]
    await store.retain("production", Leaving(answers_before=NOON + 15 * DAY, people=["a:idle"]))
    assert await kept() == [5, 1, 2]
    await store.retain("production", Leaving(answers_before=NOON + 25 * DAY))
    assert await kept() == [4, 0, 2]
    await log.append([an_event("later", user_id="cid", at=NOON + 21 * DAY)])
    await fill(store, log)
    assert await kept() == [5, 0, 3], "the store goes on following the log"
