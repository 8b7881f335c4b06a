"""The log of one process: one writer thread, one sync for everything that waits for it.

Appends queue up; the writer takes all there are, drops the duplicates, commits the rest in one synced transaction,
answers, and joins the events into the rows of state that it holds in memory. A second file, the state, follows by
position: rows are saved when nothing more comes, or when they are many, half a second old, or waited for, so that a row
is written once for many events. So an answer means "on disk", and state may be a moment behind it: `folded` waits.

When a sync fails nobody knows what is on disk. The writer then answers Unavailable to all who waited, leaves that file
for good and goes on in a new one that starts behind the last position it ever acknowledged (`days` explains overlaps).
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias, TypeVarTuple

import apsw
import msgspec
import structlog

from handrail.adapters.sqlite.copying import copy_log
from handrail.adapters.sqlite.days import Day, DayWriter, count_received, delete_day, list_days, read_blocks
from handrail.adapters.sqlite.erasure import cut_day
from handrail.adapters.sqlite.persons import KnownPersons
from handrail.adapters.sqlite.rebuild import open_state, rebuild
from handrail.adapters.sqlite.roster import SqliteRoster
from handrail.adapters.sqlite.state import SqlitePeople, StateReader, StateWriter
from handrail.core.errors import Unavailable
from handrail.core.events import Event
from handrail.core.fold import FoldRules, Key
from handrail.core.people import Subject
from handrail.core.retention import LEAST_DAYS, count_past, day_at
from handrail.ingest.blocks import needles
from handrail.ingest.dedupe import ID_SIZE, SeenIds, dedupe_ids
from handrail.ingest.erasure import Cut
from handrail.ingest.ports import Appended, Progress, RebuildReport

QUEUED_EVENTS = 20_000
QUEUED_BYTES = 32 * 1024 * 1024
GROUP_EVENTS = 5_000
SAVE_ROWS = 20_000
SAVE_SECONDS = 0.5
IDLE_SECONDS = 0.005
"""How long nothing has to come before what was folded is saved."""
READ_CHARACTERS = 8 * 1024 * 1024
"""How much of the log a reader holds before it hands on what it has."""
FREE_FLOOR = 1024 * 1024 * 1024
SOME_SUBJECTS = 500
"""Subjects that are looked at between two groups."""

_NO_RULES = FoldRules()
_log = structlog.get_logger(__name__)


class _Append(msgspec.Struct):
    events: Sequence[Event]
    size: int
    done: asyncio.Future[Appended]


class _Task(msgspec.Struct):
    """Something the writer does between two groups."""

    run: Callable[[], None]
    done: asyncio.Future[None]


class _Save(msgspec.Struct):
    """Somebody waits for state to be on disk."""


class _Close(msgspec.Struct):
    """Nothing comes after this."""


_Told = TypeVarTuple("_Told")
_Work: TypeAlias = _Append | _Task | _Save | _Close


class SqliteLog:
    """The log and the state that follows it, in one folder. Open with `SqliteLog.open`, close with `close`.

    The folder belongs to this object alone (`DataDirectory`).
    """

    def __init__(self, folder: Path, rules: Mapping[str, FoldRules]) -> None:
        self._folder = folder
        self._rules = dict(rules)
        self._loop = asyncio.get_running_loop()
        self._inbox: SimpleQueue[_Work] = SimpleQueue()
        self._closed = False
        self._upkeep = asyncio.Lock()
        self._counting: dict[str, Progress] = {}
        """How far the writer's thread has counted back, by environment."""
        self._thinned: dict[Path, tuple[frozenset[str], bool]] = {}
        """The environments whose events were cut out of a file, so that it is not read again for nothing."""
        # Known to the loop's thread only:
        self._queued_events = 0
        self._queued_bytes = 0
        self._folded = 0
        self._acknowledged = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._persons = KnownPersons()
        self._behind = False
        """Whether a fold failed and left the state behind the log."""
        self._reader: StateReader
        self._thread = threading.Thread(target=self._write, name="handrail-log", daemon=True)
        # Known to the writer's thread only:
        self._days: list[Day] = []
        self._file: DayWriter | None = None
        self._state: StateWriter
        self._seen = SeenIds()
        self._end = 0
        self._unsaved_since: float | None = None
        """When the first event was committed that the state on disk does not know yet."""
        self._recounted = False
        """Whether more rows changed since the last save than those that events touched."""
        self._unruled: set[str] = set()
        """Environments with counters that nobody has given rules for since the log was opened."""

    @classmethod
    async def open(cls, folder: Path, rules: Mapping[str, FoldRules] | None = None) -> SqliteLog:
        """Open the log in `folder`, reading the ids it holds and folding what state has missed.

        Give `rules`, or `follow` every environment before the first append: what is folded by no rules is not counted.
        """
        log = cls(folder, rules or {})
        await asyncio.to_thread(log._start)
        log._folded, log._acknowledged = log._state.position, log._end
        log._reader = StateReader(folder / "state.db")
        log._thread.start()
        return log

    async def close(self) -> None:
        """Commit and fold what is queued, then close the files."""
        if not self._closed:
            self._closed = True
            self._inbox.put(_Close())
            await asyncio.to_thread(self._thread.join)
            self._reader.close()

    async def append(self, events: Sequence[Event]) -> Appended:
        """Keep new events; see `ingest.ports.Log`."""
        if not events:
            return Appended(self._acknowledged, 0, 0)
        size = sum([len(event.body) for event in events])
        if self._closed:
            raise Unavailable("The log is closing.")
        # One append always fits, however large: a bound that it alone exceeds would refuse it for ever.
        if self._queued_events and (
            self._queued_events + len(events) > QUEUED_EVENTS or self._queued_bytes + size > QUEUED_BYTES
        ):
            raise Unavailable("More events wait for the disk than may; try again shortly.")
        self._queued_events += len(events)
        self._queued_bytes += size
        done: asyncio.Future[Appended] = self._loop.create_future()
        self._inbox.put(_Append(events, size, done))
        return await done

    async def folded(self, position: int) -> None:
        """Return once state has caught up; see `ingest.ports.Log`."""
        if self._folded >= position:
            return
        if position > self._acknowledged:
            raise Unavailable(f"The log has no position {position} yet.")
        if self._behind:
            await self._do(self._catch_up)
            if self._folded < position:
                raise Unavailable("What is known of users is behind the log.")
            return
        done: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((position, done))
        self._inbox.put(_Save())
        await done

    async def settled(self) -> None:
        """Return once state has caught up with what is acknowledged; see `ingest.ports.Log`."""
        await self.folded(self._acknowledged)

    async def read(self, after: int, limit: int = 1000) -> AsyncIterator[tuple[int, Event]]:
        """At most `limit` events behind `after`, in order."""
        upto = self._acknowledged
        while limit > 0 and after < upto:
            try:
                found, last = await asyncio.to_thread(self._read_some, after, upto, limit)
            except apsw.Error as problem:
                raise Unavailable(f"The log could not be read: {problem}") from problem
            for each in found:
                yield each
            after, limit = last, limit - len(found)

    def _read_some(self, after: int, upto: int, limit: int) -> tuple[list[tuple[int, Event]], int]:
        """The next events, as many as are read in one go, and the position up to which they were looked for."""
        found: list[tuple[int, Event]] = []
        size = 0
        for block in read_blocks(list_days(self._folder), after, upto):
            if block.first > after:
                found += block.decode()
            else:
                found += (each for each in block.decode() if each[0] > after)
            size += len(block.events)
            if len(found) >= limit or size >= READ_CHARACTERS:
                return found[:limit], block.last
        return found, upto

    async def end(self) -> int:
        """The position of the last event on disk."""
        return self._acknowledged

    def people(self, environment: str) -> SqlitePeople:
        """Folded state of one environment."""
        return SqlitePeople(self._reader, environment, self._persons)

    async def follow(self, environment: str, rules: FoldRules) -> None:
        """Fold by these rules from now on; see `ingest.ports.Log`. Appends wait while new counters count back."""

        def change() -> None:
            self._change_counters(environment, rules)
            self._rules[environment] = rules
            self._unruled.discard(environment)
            if not self._unruled:
                self._catch_up()
            self._report_folded()

        async with self._upkeep:
            await self._do(change)

    async def counting(self, environment: str) -> Progress | None:
        """How far new counters have been counted back; see `ingest.ports.Log`."""
        return self._counting.get(environment)

    async def retain(self, today: date, usual: int, days: Mapping[str, int], upto: int | None = None) -> int:
        """Drop what is past its time; see `storage.OpenLog`. Returns how many files were deleted or cut.

        A file goes once no environment keeps it; until then, events of those that do not are cut out of it. What went
        stays folded, in `base.db`, which `rebuild` starts from.
        """
        if min([usual, *days.values()]) < LEAST_DAYS:
            raise ValueError(f"The log is kept for at least {LEAST_DAYS} days.")
        async with self._upkeep:
            files = list_days(self._folder)
            received = [each.day for each in files]
            ends = [*(each.first - 1 for each in files[1:]), self._acknowledged]
            # What a reader has not reached is nowhere else.
            read = sum(upto is None or end <= upto for end in ends)
            past = {name: min(count_past(received, today, kept), read) for name, kept in days.items()}
            others = min(count_past(received, today, usual), read)
            furthest = max([others, *past.values()])
            # The last file is the one that is written to, so it is only cut.
            gone = min([others, *past.values(), max(len(files) - 1, 0)])
            for day, end in zip(files[:furthest], ends, strict=False):
                await asyncio.to_thread(self._fold_into_base, day, end)
            for day in files[:gone]:
                await self._do(partial(self._forget_file, day))
                self._thinned.pop(day.path, None)
            cut = 0
            for number, day in enumerate(files[gone:furthest], gone):
                left = frozenset(name for name, count in past.items() if count > number)
                cut += await self._thin(day, left, past.keys() if others > number else None)
        return gone + cut

    async def _thin(self, day: Day, left: frozenset[str], named: Collection[str] | None) -> int:
        """Cut events of the environments `left` out of a file; with `named`, those of all other environments too."""
        asked = left, named is None
        if self._thinned.get(day.path) == asked:
            return 0

        def cut(event: Event) -> Event | None:
            mine = event.environment
            return None if mine in left or (named is not None and mine not in named) else event

        run = partial(cut_day, day.path, ("",), cut)
        changed = await (self._done(run) if self._is_open(day) else asyncio.to_thread(run))
        self._thinned[day.path] = asked
        return changed > 0

    async def expire(self, environment: str, before: int) -> list[str]:
        """Forget idle visitors; see `storage.OpenLog`. Whoever is in the base as in the state has no event left."""
        path = self._folder / "base.db"
        expired: list[str] = []
        async with self._upkeep:
            after = ""
            while path.exists():
                idle = await asyncio.to_thread(self._idle_in_base, environment, before, after)
                if not idle:
                    break
                after = max(idle)
                gone: list[str] = []
                await self._do(partial(self._expire_state, environment, idle, gone))
                if gone:
                    await asyncio.to_thread(self._erase_base, environment, gone)
                    expired += gone
        return expired

    async def forget_answers(self, environment: str, before: int) -> None:
        """Take old answers out of the state; see `storage.OpenLog`."""
        async with self._upkeep:
            after = [""]
            while True:
                await self._do(partial(self._forget_some_answers, environment, before, after))
                if not after[0]:
                    break
            await asyncio.to_thread(self._forget_base_answers, environment, before)

    async def received(self, since: int, until: int) -> dict[tuple[str, int], int]:
        """How many events were received, by environment and minute; see `storage.OpenLog`."""
        return await asyncio.to_thread(count_received, self._folder, since, until)

    async def dropped(self) -> int:
        """The position up to which events may be missing."""
        return await asyncio.to_thread(self._base_position)

    async def copy_to(self, target: Path) -> None:
        """Copy log and state into a folder; appends go on meanwhile, and everything acknowledged before is in it."""
        async with self._upkeep:
            await asyncio.to_thread(copy_log, self._folder, target)

    async def erase(self, environment: str, subjects: Collection[str], cut: Cut) -> int:
        """Forget these subjects; see `ingest.ports.Log`. Appends wait while the day's own file is cut."""
        naming = needles(subjects)
        total = 0
        async with self._upkeep:
            # First what serves, so that nobody reads them from now on; then what it could be made from again.
            await self._do(partial(self._erase_state, environment, subjects))
            for day in list_days(self._folder):
                if day.path.exists():
                    run = partial(cut_day, day.path, naming, cut)
                    total += await (self._done(run) if self._is_open(day) else asyncio.to_thread(run))
            await asyncio.to_thread(self._erase_base, environment, subjects)
            await self._do(partial(self._erase_state, environment, subjects))
        return total

    def roster(self) -> SqliteRoster:
        """People as members look for them."""
        return SqliteRoster(self._folder)

    async def rebuild(self) -> RebuildReport:
        """Refold and compare; see `ingest.ports.Log`. Appends go on meanwhile."""
        async with self._upkeep:
            with suppress(Unavailable):
                await self.settled()
            return await asyncio.to_thread(rebuild, self._folder, self._rules_of)

    # What follows runs in the writer's thread, or in `open` before there is one.

    def _start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._state = open_state(self._folder)
        try:
            self._days = list_days(self._folder)
            if self._days:
                self._file = DayWriter(self._days[-1])
                self._end = self._file.last()
            for index, day in enumerate(self._days):
                upto = self._days[index + 1].first - 1 if index + 1 < len(self._days) else self._end
                for block in read_blocks([day], 0, upto):
                    self._seen.add([block.ids[at : at + ID_SIZE] for at in range(0, len(block.ids), ID_SIZE)])
                if index + 1 < len(self._days):
                    self._seen.seal_day()
            if self._state.position == 0 and self._end == 0:
                for environment, rules in self._rules.items():
                    self._state.adopt_counters(environment, rules)
            for environment, rules in self._rules.items():
                self._change_counters(environment, rules)
            self._unruled = self._state.counted_environments() - self._rules.keys()
            if self._unruled and self._state.position < self._end:
                # Whoever opened the log is about to say how to fold what the state has missed.
                self._behind = True
            else:
                self._catch_up()
        except BaseException:
            self._state.close()
            if self._file is not None:
                self._file.close()
            raise

    def _write(self) -> None:
        while True:
            work = self._next()
            if isinstance(work, _Append):
                group, work = self._gather(work)
                self._keep(group)
            if work is not None or self._is_save_due():
                self._save()
            if isinstance(work, _Task):
                self._run(work)
            elif isinstance(work, _Close):
                break
        if self._file is not None:
            self._file.close()
        self._state.close()

    def _next(self) -> _Work:
        """What is to be done next; saving waits until nothing else does."""
        if self._unsaved_since is not None:
            with suppress(Empty):
                return self._inbox.get(timeout=IDLE_SECONDS)
            self._save()
        return self._inbox.get()

    def _is_save_due(self) -> bool:
        """Whether saving comes before the next commit: many rows wait for it, since long, or somebody does."""
        return self._unsaved_since is not None and (
            bool(self._waiting)
            or self._state.unsaved() >= SAVE_ROWS
            or time.monotonic() - self._unsaved_since > SAVE_SECONDS
        )

    def _gather(self, first: _Append) -> tuple[list[_Append], _Task | _Save | _Close | None]:
        """Every append that waits, until the group is full or something else is next; and that."""
        group, count = [first], len(first.events)
        while count < GROUP_EVENTS:
            try:
                work = self._inbox.get_nowait()
            except Empty:
                break
            if not isinstance(work, _Append):
                return group, work
            group.append(work)
            count += len(work.events)
        return group, None

    def _keep(self, group: Sequence[_Append]) -> None:
        events: list[Event] = []
        try:
            answers = self._store(group, events)
        except Unavailable as problem:
            _log.warning("log_unavailable", reason=problem.message)
            self._tell(self._refuse, group, problem)
        except Exception as problem:  # noqa: BLE001 whatever it was, those who wait hear of it
            _log.exception("log_commit_failed")
            self._tell(self._refuse, group, Unavailable(f"The log could not be written: {problem}", retry_after=2))
        else:
            self._tell(self._answer, answers, self._end)
            if events:
                self._join(events)

    def _store(self, group: Sequence[_Append], events: list[Event]) -> list[tuple[_Append, Appended]]:
        """Commit what is new, which is left in `events`."""
        ids: list[bytes] = []
        answers: list[tuple[_Append, Appended]] = []
        taken: set[bytes] = set()
        seen = self._seen
        for append in group:
            identities = dedupe_ids(append.events)
            fresh = seen.fresh_among(identities, taken)
            if len(fresh) == len(identities):
                ids += identities
                events += append.events
            else:
                ids += [identities[at] for at in fresh]
                events += [append.events[at] for at in fresh]
            answers.append((append, Appended(self._end + len(events), len(fresh), len(identities) - len(fresh))))
        if events:
            self._commit(events, ids)
        return answers

    def _commit(self, events: Sequence[Event], ids: Sequence[bytes]) -> None:
        space = os.statvfs(self._folder)
        if space.f_bavail * space.f_frsize < min(space.f_blocks * space.f_frsize // 20, FREE_FLOOR):
            raise Unavailable("The disk is nearly full.", retry_after=30)
        file = self._file_for(day_at(events[0].received_at))
        try:
            file.append(self._end + 1, events, ids)
        except apsw.FullError:
            # Refused before any sync: the file is as it was.
            file.rollback()
            raise
        except BaseException:
            self._abandon(file)
            raise
        self._end += len(events)
        self._seen.add(ids)

    def _file_for(self, day: date) -> DayWriter:
        """The file that takes events received on `day`; a clock may waver by a day without starting a new one."""
        file = self._file
        if file is not None and file.day.day - timedelta(days=1) <= day <= file.day.day:
            return file
        if self._days and self._days[-1].first == self._end + 1:
            # The last file holds nothing that anyone was told is kept, and the new one would have its place.
            if file is not None:
                self._file = None
                file.close()
            delete_day(self._days.pop())
        elif self._days:
            self._seen.seal_day()
        named = Day.named(self._folder, self._end + 1, day)
        self._days.append(named)
        if file is not None and self._file is not None:
            self._file = None
            file.close()
        self._file = DayWriter(named)
        return self._file

    def _abandon(self, file: DayWriter) -> None:
        self._file = None
        try:
            file.close()
        except apsw.Error:
            _log.exception("log_file_left_open", file=str(file.day.path))

    def _join(self, events: Sequence[Event]) -> None:
        """Fold the events just committed, in memory."""
        if self._unsaved_since is None:
            self._unsaved_since = time.monotonic()
        if self._state.joined != self._end - len(events):
            return  # the state is behind, and catches up when it is saved
        try:
            self._drop_unruled(events)
            self._state.join(events, self._end, self._rules_of)
        except Exception:  # noqa: BLE001 the events are on disk; the state catches up
            _log.exception("fold_failed", position=self._state.position)

    def _save(self) -> None:
        """Bring the state on disk up to the log's end."""
        if self._unsaved_since is None:
            return
        self._unsaved_since = None
        touched = None
        try:
            touched = self._state.save()
        except Exception:  # noqa: BLE001 the events are on disk; the state catches up
            _log.exception("fold_failed", position=self._state.position)
        if self._state.position < self._end:
            self._catch_up()
        else:
            self._report_folded(None if self._recounted else touched)
        self._recounted = False

    def _catch_up(self) -> None:
        """Fold what the log has and the state has not."""
        if self._state.position >= self._end:
            return
        try:
            for block in read_blocks(self._days, self._state.position, self._end):
                events = [event for position, event in block.decode() if position > self._state.position]
                self._drop_unruled(events)
                self._fold_patiently(events, block.last)
        except apsw.Error:
            _log.exception("catch_up_failed", position=self._state.position)
        self._report_folded()

    def _fold_patiently(self, events: Sequence[Event], position: int) -> None:
        """Fold a block; when one event makes that impossible, fold all the others."""
        try:
            self._state.fold(events, position, self._rules_of)
        except apsw.Error:
            raise
        except Exception:  # noqa: BLE001 one bad event costs only itself
            for event in events:
                try:
                    self._state.fold([event], self._state.position, self._rules_of)
                except apsw.Error:
                    raise
                except Exception:  # noqa: BLE001
                    _log.exception("event_not_folded", environment=event.environment, message_id=event.message_id)
            self._state.fold([], position, self._rules_of)

    def _drop_unruled(self, events: Sequence[Event]) -> None:
        """Forget the counts of environments whose events are folded though nobody said what to count there.

        They would miss these events; `follow` counts them again over the log.
        """
        if self._unruled and (met := self._unruled & {event.environment for event in events}):
            self._state.save()
            for environment in met:
                self._change_counters(environment, _NO_RULES)
            self._unruled -= met
            self._recounted = True

    def _change_counters(self, environment: str, rules: FoldRules) -> None:
        if self._state.counts_by(environment, rules):
            return
        known, upto = self._state.known_counters(environment, rules.zone), self._state.position
        names = {
            name for name, counters in rules.counters.items() if any(counter not in known for counter, _ in counters)
        }
        base = self._folder / "base.db"
        if base.exists():
            writer = StateWriter(base)
            try:
                # Of the days behind the base some files may still be there, kept for other environments.
                writer.change_counters(environment, rules, self._named(names, writer.position))
            finally:
                writer.close()
        self._state.change_counters(
            environment,
            rules,
            self._told(environment, names, upto),
        )

    def _told(self, environment: str, names: Collection[str], upto: int) -> Iterator[Event]:
        """The same as `_named`, and how far it has come."""
        try:
            for number, name in enumerate(sorted(names)):
                for position, event in self._with_name(name, upto):
                    self._counting[environment] = Progress(number * upto + position, len(names) * upto)
                    yield event
        finally:
            self._counting.pop(environment, None)

    def _named(self, names: Collection[str], upto: int) -> Iterator[Event]:
        """Events with these names, of the days that are still there."""
        for name in sorted(names):
            yield from (event for _, event in self._with_name(name, upto))

    def _with_name(self, name: str, upto: int) -> Iterator[tuple[int, Event]]:
        for block in read_blocks(self._days, 0, upto, naming=msgspec.json.encode(name).decode()):
            yield from ((position, event) for position, event in block.decode() if event.name == name)

    def _rules_of(self, environment: str) -> FoldRules:
        return self._rules.get(environment, _NO_RULES)

    def _forget_file(self, oldest: Day) -> None:
        if len(self._days) > 1 and self._days[0] == oldest:
            delete_day(self._days.pop(0))
            self._seen.forget_day()

    def _erase_state(self, environment: str, subjects: Collection[str]) -> None:
        self._state.erase(environment, subjects)
        self._report_folded()

    def _expire_state(self, environment: str, idle: Mapping[str, Subject], gone: list[str]) -> None:
        gone += self._state.unchanged(environment, idle)
        if gone:
            self._erase_state(environment, gone)

    def _forget_some_answers(self, environment: str, before: int, after: list[str]) -> None:
        after[0] = self._state.forget_answers(environment, before, after[0], SOME_SUBJECTS)
        self._report_folded()

    def _report_folded(self, touched: set[Key] | None = None) -> None:
        """Tell how far state is, and which rows changed; without them, any may have."""
        self._tell(self._note_folded, self._state.position, self._state.position < self._end, touched)

    def _run(self, task: _Task) -> None:
        try:
            task.run()
        except Exception as problem:  # noqa: BLE001 goes to whoever asked
            self._tell(_settle, task.done, problem)
        else:
            self._tell(_settle, task.done, None)

    def _tell(self, what: Callable[[*_Told], None], *told: *_Told) -> None:
        # A loop that is closed already has nobody left to tell.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what, *told)

    # What follows runs in threads of its own, beside the writer.

    def _erase_base(self, environment: str, subjects: Collection[str]) -> None:
        path = self._folder / "base.db"
        if path.exists():
            base = StateWriter(path)
            try:
                base.erase(environment, subjects)
            finally:
                base.close()

    def _idle_in_base(self, environment: str, before: int, after: str) -> dict[str, Subject]:
        base = StateWriter(self._folder / "base.db")
        try:
            return base.idle(environment, before, after, SOME_SUBJECTS)
        finally:
            base.close()

    def _forget_base_answers(self, environment: str, before: int) -> None:
        path = self._folder / "base.db"
        if path.exists():
            base = StateWriter(path)
            try:
                after = base.forget_answers(environment, before, "", SOME_SUBJECTS)
                while after:
                    after = base.forget_answers(environment, before, after, SOME_SUBJECTS)
            finally:
                base.close()

    def _base_position(self) -> int:
        path = self._folder / "base.db"
        if not path.exists():
            return 0
        base = StateReader(path)
        try:
            return base.position()
        finally:
            base.close()

    def _fold_into_base(self, day: Day, last: int) -> None:
        base = StateWriter(self._folder / "base.db")
        try:
            if base.position == 0:
                for environment, rules in self._rules.items():
                    base.adopt_counters(environment, rules)
            for block in read_blocks([day], base.position, last):
                base.fold([event for _, event in block.decode()], block.last, self._rules_of)
            if base.position < last:
                base.fold([], last, self._rules_of)
        finally:
            base.close()

    # What follows runs in the loop's thread.

    def _is_open(self, day: Day) -> bool:
        """Whether the writer may be appending to this file: to the last one only."""
        return day == list_days(self._folder)[-1]

    async def _done(self, run: Callable[[], int]) -> int:
        """What `run` gives, run between two groups."""
        given: list[int] = []
        await self._do(lambda: given.append(run()))
        return given[0]

    async def _do(self, run: Callable[[], None]) -> None:
        if self._closed:
            raise Unavailable("The log is closing.")
        done: asyncio.Future[None] = self._loop.create_future()
        self._inbox.put(_Task(run, done))
        await done

    def _answer(self, answers: Sequence[tuple[_Append, Appended]], end: int) -> None:
        self._acknowledged = end
        for append, appended in answers:
            self._queued_events -= len(append.events)
            self._queued_bytes -= append.size
            if not append.done.done():
                append.done.set_result(appended)

    def _refuse(self, group: Sequence[_Append], reason: Unavailable) -> None:
        for append in group:
            self._queued_events -= len(append.events)
            self._queued_bytes -= append.size
            if not append.done.done():
                append.done.set_exception(reason)

    def _note_folded(self, position: int, behind: bool, touched: set[Key] | None) -> None:
        if touched is None:
            self._persons.clear()
        else:
            self._persons.forget(touched)
        self._folded = max(self._folded, position)
        self._behind = behind
        waiting, self._waiting = self._waiting, []
        for wanted, done in waiting:
            if wanted <= self._folded:
                _settle(done, None)
            elif behind:
                _settle(done, Unavailable("What is known of users is behind the log."))
            else:
                self._waiting.append((wanted, done))


def _settle(done: asyncio.Future[None], problem: Exception | None) -> None:
    if done.done():
        return
    if problem is None:
        done.set_result(None)
    else:
        done.set_exception(problem)
