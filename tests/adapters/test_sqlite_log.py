"""What SQLite's log promises beyond every log: restarts, failing disks, days."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import apsw
import pytest

from handrail.adapters.sqlite import log as sqlite_log
from handrail.adapters.sqlite.days import list_days
from handrail.adapters.sqlite.directory import DataDirectory
from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.errors import Conflict, Unavailable
from handrail.core.fold import FoldRules
from handrail.core.retention import day_at
from tests.support.events import NOON, an_event

DAY = 86_400_000
ORDERS = {"production": FoldRules("UTC", {"Order Completed": [("orders", None)]})}


@asynccontextmanager
async def opened(folder: Path, rules: dict[str, FoldRules] | None = None) -> AsyncIterator[SqliteLog]:
    log = await SqliteLog.open(folder, rules)
    try:
        yield log
    finally:
        await log.close()


async def kept(log: SqliteLog) -> list[str]:
    return [event.message_id async for _, event in log.read(0, 100_000)]


async def orders(log: SqliteLog) -> int:
    counters = (await log.people("production").user(None, "ann")).counters
    return sum(counters.get("orders", {}).values())


async def test_ids_and_state_survive_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path, ORDERS) as log:
        await log.append([an_event("m1"), an_event("m2")])
    async with opened(tmp_path, ORDERS) as log:
        again = await log.append([an_event("m1"), an_event("m3")])
        assert (again.stored, again.duplicates, again.position) == (1, 1, 3)
        await log.folded(3)
        assert await orders(log) == 3
        assert (await log.rebuild()).differences == ()


async def test_ids_of_any_characters_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    strange = ['a"b', "back\\slash", "it's", "tab\t\n", "\x1f", "\u2028", "\U0001f600", '{"a":[1]}', "null", "12"]
    for told in (1, 2):
        async with opened(tmp_path) as log:
            events = [
                an_event(f"{told} {environment} {user}", user_id=user, environment=environment, at=NOON + told)
                for environment in ("production", 'sta"ging')
                for user in strange
            ]
            said = {f"said {told}": 'a"b'}
            group = an_event(f"{told} group", "group", at=NOON + told, traits=said, group_id='ac"me\\')
            await log.append([*events, group])
            await log.settled()
    async with opened(tmp_path) as log:
        for environment in ("production", 'sta"ging'):
            for user in strange:
                known = await log.people(environment).user(None, user)
                assert (known.first_seen, known.last_seen) == (NOON + 1, NOON + 2), user
        company = await log.people("production").company('ac"me\\')
        assert {name: each.value for name, each in company.custom.items()} == {"said 1": 'a"b', "said 2": 'a"b'}
        assert (await log.rebuild()).differences == ()


async def test_a_state_that_is_behind_or_gone_catches_up_from_the_log(tmp_path: Path) -> None:
    async with opened(tmp_path, ORDERS) as log:
        await log.append([an_event("m1")])
    shutil.copy(tmp_path / "state.db", tmp_path / "old.db")
    async with opened(tmp_path, ORDERS) as log:
        await log.append([an_event(f"m{number}") for number in range(2, 2000)])
    (tmp_path / "old.db").replace(tmp_path / "state.db")
    async with opened(tmp_path, ORDERS) as log:
        assert await orders(log) == 1999
    (tmp_path / "state.db").unlink()
    async with opened(tmp_path, ORDERS) as log:
        assert await orders(log) == 1999


async def test_counters_that_ran_uncounted_while_nobody_asked_are_counted_again(tmp_path: Path) -> None:
    async with opened(tmp_path, ORDERS) as log:
        await log.append([an_event("m1")])
    async with opened(tmp_path) as log:
        await log.folded((await log.append([an_event("m2")])).position)
        assert await orders(log) == 0
        await log.follow("production", ORDERS["production"])
        assert await orders(log) == 2


async def test_following_after_opening_keeps_what_was_counted_even_of_days_that_are_gone(tmp_path: Path) -> None:
    async with opened(tmp_path, ORDERS) as log:
        await a_month(log, 20)
        await log.folded(40)
        copier = apsw.Connection(str(tmp_path / "state.db"))
        copier.execute("VACUUM INTO ?", (str(tmp_path / "old.db"),))
        copier.close()
        await log.append([an_event("last", at=NOON + 20 * DAY)])
        assert await log.retain(day_at(NOON + 20 * DAY), 7, {}) > 0
    for state in ("state.db", "old.db", None):
        if state is None:
            (tmp_path / "state.db").unlink()
        else:
            # The second time as after a crash: the state is behind the log.
            (tmp_path / state).replace(tmp_path / "state.db")
        async with opened(tmp_path) as log:
            await log.follow("production", ORDERS["production"])
            await log.folded(41)
            assert await orders(log) == 21
            assert (await log.rebuild()).differences == ()


async def test_rebuild_names_a_row_that_differs(tmp_path: Path) -> None:
    async with opened(tmp_path) as log:
        await log.append([an_event("m1"), an_event("m2", user_id="bob"), an_event("m3", user_id="cid")])
        await log.folded(3)
        meddler = apsw.Connection(str(tmp_path / "state.db"))
        meddler.execute("UPDATE subjects SET body = '{\"first_seen\":1}' WHERE id = 'u:ann'")
        meddler.execute("DELETE FROM subjects WHERE id = 'u:bob'")
        meddler.close()
        report = await log.rebuild()
        assert report.differences == ("subjects production u:ann", "subjects production u:bob")


async def test_a_damaged_event_in_the_log_costs_only_itself(tmp_path: Path) -> None:
    async with opened(tmp_path) as log:
        await log.append([an_event("m1"), an_event("m2", user_id="bob"), an_event("m3")])
    meddler = apsw.Connection(str(list_days(tmp_path)[0].path))
    meddler.execute("UPDATE blocks SET events = json_set(events, '$[1].timestamp', 'never')")
    meddler.close()
    (tmp_path / "state.db").unlink()
    async with opened(tmp_path) as log:
        assert await kept(log) == ["m1", "m3"]
        assert (await log.append([an_event("m2", user_id="bob")])).duplicates == 1


async def test_a_counter_that_fails_on_one_event_costs_only_that_event(tmp_path: Path) -> None:
    def holds(properties: object) -> bool:
        assert isinstance(properties, dict)
        return properties["total"] > 0

    async with opened(tmp_path, {"production": FoldRules("UTC", {"Order Completed": [("orders", holds)]})}) as log:
        good = [an_event(f"m{number}", properties={"total": 1}) for number in range(3)]
        appended = await log.append([*good, an_event("bad", user_id="bob")])
        assert appended.stored == 4
        await log.folded(appended.position)
        assert await orders(log) == 3


async def test_a_full_queue_refuses_and_keeps_nothing_of_what_it_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_log, "QUEUED_EVENTS", 10)
    async with opened(tmp_path) as log:
        batches = [[an_event(f"b{batch}m{number}") for number in range(4)] for batch in range(5)]
        results = await asyncio.gather(*map(log.append, batches), return_exceptions=True)
        assert [isinstance(result, Unavailable) for result in results] == [False, False, True, True, True]
        assert sorted(await kept(log)) == sorted(event.message_id for batch in batches[:2] for event in batch)
        assert (await log.append(batches[4])).stored == 4


async def test_a_nearly_full_disk_refuses_with_a_time_to_wait_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as log:
        real = os.statvfs
        monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=4, f_frsize=4096, f_blocks=100))
        with pytest.raises(Unavailable) as refused:
            await log.append([an_event("m1")])
        assert refused.value.retry_after >= 5
        monkeypatch.setattr(os, "statvfs", real)
        assert (await log.append([an_event("m1")])).stored == 1


class FaultyFiles(apsw.VFS):
    """The default file system, with syncs that can be counted and made to fail."""

    def __init__(self) -> None:
        self.syncs: list[str] = []
        self.failing = ""
        super().__init__("faulty", "unix", makedefault=True)

    def xOpen(self, name: object, flags: list[int]) -> FaultyFile:
        return FaultyFile(self, name, flags)


class FaultyFile(apsw.VFSFile):
    def __init__(self, files: FaultyFiles, name: object, flags: list[int]) -> None:
        self._files = files
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("unix", name, flags)  # pyright: ignore[reportArgumentType]

    def xSync(self, flags: int) -> None:
        if self._files.failing and self._files.failing in self._name:
            raise apsw.IOError("the test made this sync fail")
        self._files.syncs.append(self._name)
        super().xSync(flags)


@pytest.fixture
def files() -> Iterator[FaultyFiles]:
    faulty = FaultyFiles()
    yield faulty
    faulty.unregister()


async def test_appends_that_wait_share_a_sync(tmp_path: Path, files: FaultyFiles) -> None:
    async with opened(tmp_path) as log:
        await log.append([an_event("first")])
        before = len(files.syncs)
        await asyncio.gather(*(log.append([an_event(f"m{number}")]) for number in range(100)))
        assert 1 <= len(files.syncs) - before <= 5


async def test_every_lone_append_has_a_sync_of_its_own(tmp_path: Path, files: FaultyFiles) -> None:
    async with opened(tmp_path) as log:
        await log.append([an_event("first")])
        for number in range(5):
            before = len(files.syncs)
            await log.append([an_event(f"m{number}")])
            assert [name for name in files.syncs[before:] if ".log" in name]


async def test_a_failed_sync_is_never_acknowledged_and_the_next_append_is_kept(
    tmp_path: Path, files: FaultyFiles
) -> None:
    async with opened(tmp_path, ORDERS) as log:
        await log.append([an_event("m1")])
        files.failing = ".log"
        for _ in range(3):
            with pytest.raises(Unavailable):
                await log.append([an_event("m2"), an_event("m3")])
        files.failing = ""
        again = await log.append([an_event("m2"), an_event("m3")])
        assert (again.stored, again.position) == (2, 3)
        await log.folded(3)
        assert await kept(log) == ["m1", "m2", "m3"]
        assert await orders(log) == 3
    async with opened(tmp_path, ORDERS) as log:
        assert await kept(log) == ["m1", "m2", "m3"]
        assert (await log.append([an_event("m3")])).duplicates == 1
        assert (await log.rebuild()).differences == ()


async def test_a_sync_that_fails_for_the_first_event_ever_leaves_nothing_behind(
    tmp_path: Path, files: FaultyFiles
) -> None:
    async with opened(tmp_path) as log:
        files.failing = ".log"
        with pytest.raises(Unavailable):
            await log.append([an_event("m1")])
        files.failing = ""
        assert (await log.append([an_event("m1")])).position == 1
        assert len(list_days(tmp_path)) == 1


async def test_a_state_that_cannot_be_written_leaves_answers_standing_and_catches_up(tmp_path: Path) -> None:
    async with opened(tmp_path, ORDERS) as log:
        await log.append([an_event("m1")])
        await log.folded(1)
        blocker = apsw.Connection(str(tmp_path / "state.db"))
        blocker.execute("BEGIN IMMEDIATE")
        log._state._connection.execute("PRAGMA busy_timeout = 0").fetchall()
        assert (await log.append([an_event("m2")])).stored == 1
        with pytest.raises(Unavailable):
            await log.folded(2)
        blocker.execute("ROLLBACK")
        blocker.close()
        await log.folded(2)
        assert await orders(log) == 2


async def a_month(log: SqliteLog, days: int = 30) -> None:
    for day in range(days):
        at = NOON + day * DAY
        await log.append([an_event(f"d{day}", at=at), an_event(f"e{day}", "identify", at=at, traits={"day": day})])


async def test_no_event_goes_before_whoever_reads_the_log_has_it(tmp_path: Path) -> None:
    async with opened(tmp_path, ORDERS) as log:
        await a_month(log)
        today = day_at(NOON + 29 * DAY)
        assert await log.retain(today, 10, {}, upto=0) == 0
        # Two events a day: the store stands in the middle of the fourth.
        assert await log.retain(today, 10, {}, upto=7) == 3
        assert (await kept(log))[0] == "d3"
        assert await log.retain(today, 10, {}, upto=60) == 16


async def test_each_day_has_a_file_and_retention_deletes_whole_days(tmp_path: Path) -> None:
    async with opened(tmp_path, ORDERS) as log:
        await a_month(log)
        assert len(list_days(tmp_path)) == 30
        today = day_at(NOON + 29 * DAY)
        assert await log.retain(today, 10, {}) == 19
        assert list_days(tmp_path)[0].day == today - timedelta(days=10)
        # Of a day that one environment still keeps, the others' events are cut out of the file.
        assert await log.retain(today, 10, {"production": 8}) == 2
        assert len(list_days(tmp_path)) == 11
        assert (await kept(log))[0] == "d21"
        assert (await log.append([an_event("d19", at=NOON + 29 * DAY)])).duplicates == 1, "its id stays with the file"


async def test_days_are_sealed_while_the_log_stays_open_for_reading(tmp_path: Path) -> None:
    async with opened(tmp_path) as log:
        await a_month(log, 12)
        reading = log.read(0, 100)
        _, first = await anext(reading)
        await log.retain(day_at(NOON + 11 * DAY), 7, {})
        assert first.message_id == "d0"
        assert len([event async for event in reading]) == 23


def test_a_data_directory_lets_one_process_in(tmp_path: Path) -> None:
    with DataDirectory(tmp_path / "data"), pytest.raises(Conflict, match=f"pid {os.getpid()}"):
        DataDirectory(tmp_path / "data")
    DataDirectory(tmp_path / "data").close()


async def test_files_of_a_newer_release_are_refused_by_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as log:
        await log.append([an_event("m1")])
    newer = apsw.Connection(str(tmp_path / "state.db"))
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(Conflict, match=r"state\.db"):
        await SqliteLog.open(tmp_path)
