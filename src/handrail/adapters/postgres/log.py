"""The log of many processes, in PostgreSQL.

A position is (transaction, sequence). Transactions commit in another order than they begin, so readers stop below the
oldest one still running: nothing can appear behind them any more. State is folded by whichever process holds the
folding lock, rows and position in one transaction. Each process looks up those of what waits that it met lately and
copies what is new, in blocks; the unique index tells when another one had it. docs/decisions/0138 and 0140 say more.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date
from operator import itemgetter
from typing import TypeVar

import msgspec
import structlog

from handrail.adapters.postgres.blocks import (
    END,
    SEQUENCE,
    Pair,
    find_known,
    find_last,
    joined,
    keep,
    pair,
    read_between,
    read_blocks,
    read_latest,
)
from handrail.adapters.postgres.connection import (
    KNOWN,
    TROUBLE,
    Connection,
    Pool,
    Reading,
    Source,
    connect_pool,
    connect_writer,
)
from handrail.adapters.postgres.hot import Group, HotEvents
from handrail.adapters.postgres.recent import RecentIds
from handrail.adapters.postgres.retention import BASE, OTHERS, SOME, drop, expire, find_dropped, find_past
from handrail.adapters.postgres.roster import PostgresRoster, cut_events
from handrail.adapters.postgres.schema import FOLD_LOCK, migrate
from handrail.adapters.postgres.state import Place, PostgresPeople, StateRows
from handrail.core.errors import Unavailable
from handrail.core.events import Event
from handrail.core.fold import FoldRules, Key, Keys, fold, needed
from handrail.core.people import Subject
from handrail.core.retention import LEAST_DAYS
from handrail.ingest.blocks import BLOCK
from handrail.ingest.dedupe import dedupe_ids
from handrail.ingest.erasure import Cut
from handrail.ingest.ports import Appended, Progress, RebuildReport
from handrail.ingest.rebuild import Comparison

QUEUED_EVENTS = 20_000
QUEUED_BYTES = 32 * 1024 * 1024
GROUP_EVENTS = 5_000
FOLDED_AT_ONCE = 2_000
JOINED_AT_ONCE = 500
"""Events that are joined into state in memory before others have their turn."""
FOLD_SECONDS = 0.5
"""How long state may be behind while more and more events come and nobody waits for it."""
IDLE_SECONDS = 0.005
"""How long nothing has to come before it is folded."""
HELD_SUBJECTS = 20_000
READ_AT_ONCE = 2_000
PLACES: tuple[Place, ...] = ("ingest", BASE)
"""Where state is kept for good."""
PATIENCE = 5.0
"""Seconds that `folded` waits for somebody else's open transaction."""

_TRIES = 4
_Answer = TypeVar("_Answer")
_NO_RULES = FoldRules()
_log = structlog.get_logger(__name__)


class _Append(msgspec.Struct):
    events: Sequence[Event]
    ids: Sequence[bytes]
    size: int
    done: asyncio.Future[Appended]


class Held(msgspec.Struct):
    """The subjects that this process folded last, as they are in the database while nobody else changes them there."""

    position: int = 0
    """Where the state stood when they were saved."""
    changes: int = -1
    subjects: dict[Key, Subject] = msgspec.field(default_factory=dict[Key, Subject])


class PostgresLog:
    """The log and the state that follows it, in one database. Open with `PostgresLog.open`, close with `close`."""

    def __init__(self, pool: Pool, writer: Pool, rules: Mapping[str, FoldRules]) -> None:
        self._pool = pool
        self._reading = Reading(pool)
        self._writer = writer
        self.identity = ""
        """Which log this is: the same for every process on it, another for another database."""
        self._rules = dict(rules)
        self._waiting_appends: deque[_Append] = deque()
        self._queued_events = 0
        self._queued_bytes = 0
        self._appended = asyncio.Event()
        self._folding_wanted = asyncio.Event()
        self._folded = 0
        self._recent = RecentIds()
        self._hot = HotEvents()
        self._held = Held()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._appending: asyncio.Task[None]
        self._folding: asyncio.Task[None]
        self._closed = False

    @classmethod
    async def open(cls, address: str, rules: Mapping[str, FoldRules] | None = None) -> PostgresLog:
        """Connect, bring the schema up to date, and go on folding where the last process stopped."""
        pool = await connect_pool(address)
        log = cls(pool, await connect_writer(address), rules or {})
        try:
            async with pool.acquire() as connection:
                await migrate(connection)
            log.identity = str(await pool.fetchval("SELECT id FROM ingest.identity"))
            for environment, given in log._rules.items():
                await log.follow(environment, given)
            log._held.changes = await pool.fetchval("SELECT changes FROM ingest.followed")
        except BaseException:
            await log._disconnect()
            raise
        log._appending = asyncio.create_task(log._keep_appending())
        log._folding = asyncio.create_task(log._keep_folding())
        return log

    async def close(self) -> None:
        """Commit what is queued, then disconnect."""
        if self._closed:
            return
        self._closed = True
        self._appended.set()
        await self._appending
        self._folding.cancel()
        with suppress(asyncio.CancelledError):
            await self._folding
        for _, done in self._waiting:
            _settle(done, Unavailable("The log is closing."))
        await self._disconnect()

    async def _disconnect(self) -> None:
        await self._writer.close()
        await self._pool.close()

    async def append(self, events: Sequence[Event]) -> Appended:
        """Keep new events; see `ingest.ports.Log`."""
        if not events:
            return Appended(0, 0, 0)
        if self._closed:
            raise Unavailable("The log is closing.")
        size = sum([len(event.body) for event in events])
        if self._queued_events and (
            self._queued_events + len(events) > QUEUED_EVENTS or self._queued_bytes + size > QUEUED_BYTES
        ):
            raise Unavailable("More events wait for the database than may; try again shortly.")
        done: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        # Ids now, while the database may be busy with what came before.
        self._waiting_appends.append(_Append(events, dedupe_ids(events), size, done))
        self._queued_events += len(events)
        self._queued_bytes += size
        self._appended.set()
        return await done

    async def folded(self, position: int) -> None:
        """Return once state has caught up; see `ingest.ports.Log`."""
        if self._folded >= position:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((position, done))
        self._folding_wanted.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await done
        except TimeoutError:
            raise Unavailable("What is known of users is behind the log.") from None

    async def settled(self) -> None:
        """Return once state has caught up with what is acknowledged; see `ingest.ports.Log`."""
        last = await find_last(self._reading, settled=False)
        if last is not None:
            await self.folded(last)

    async def read(self, after: int, limit: int = 1000) -> AsyncIterator[tuple[int, Event]]:
        """At most `limit` events behind `after`, in order, none of which anything can still appear in front of."""
        while limit > 0:
            asked = min(limit, READ_AT_ONCE)
            blocks = await read_blocks(self._reading, after, asked)
            found = [each for block in blocks for each in block.decode() if each[0] > after][:limit]
            for each in found:
                yield each
            if not blocks:
                break
            after, limit = blocks[-1].position, limit - len(found)

    async def end(self) -> int:
        """The last position that nothing can appear in front of any more."""
        last = await find_last(self._reading, settled=True)
        # Where retention has dropped all there was, the log ends where it did so.
        return await self.dropped() if last is None else last

    def people(self, environment: str) -> PostgresPeople:
        """Folded state of one environment."""
        return PostgresPeople(self._pool, environment)

    async def follow(self, environment: str, rules: FoldRules) -> None:
        """Fold by these rules from now on; see `ingest.ports.Log`. Folding waits while new counters count back."""
        async with self._alone() as connection:
            known = await _counters(connection, environment)
            wanted = dict.fromkeys(rules.counter_ids(), rules.zone)
            for counter, zone in known.items():
                if wanted.get(counter) != zone:
                    for place in PLACES:
                        await StateRows(connection, place).forget_counter(environment, counter)
                    await connection.execute(
                        "DELETE FROM ingest.counters WHERE environment = $1 AND id = $2", environment, counter
                    )
            fresh = {counter for counter, zone in wanted.items() if known.get(counter) != zone}
            new = FoldRules(
                rules.zone,
                {
                    name: chosen
                    for name, counters in rules.counters.items()
                    if (chosen := [counter for counter in counters if counter[0] in fresh])
                },
            )
            if fresh:
                for place in PLACES:
                    await self._count_back(connection, place, environment, new)
            await connection.executemany(
                "INSERT INTO ingest.counters VALUES ($1, $2, $3)",
                [(environment, counter, rules.zone) for counter in fresh],
            )
        self._rules[environment] = rules

    async def counting(self, environment: str) -> Progress | None:
        """How far new counters have been counted back; see `ingest.ports.Log`."""
        row = await self._pool.fetchrow("SELECT done, total FROM ingest.counting WHERE environment = $1", environment)
        return None if row is None else Progress(row["done"], row["total"])

    async def retain(self, today: date, usual: int, days: Mapping[str, int], upto: int | None = None) -> int:
        """Drop what is past its time; see `storage.OpenLog`. Returns how many events went."""
        if min([usual, *days.values()]) < LEAST_DAYS:
            raise ValueError(f"The log is kept for at least {LEAST_DAYS} days.")
        most = min(await followed(self._pool), END if upto is None else upto)
        past: dict[str, tuple[Pair, Pair]] = {}
        for environment, kept in {**days, OTHERS: usual}.items():
            after = await find_dropped(self._pool, environment)
            found = await find_past(self._pool, today, kept, after)
            if found is not None and (reached := min(joined(found), most)) > joined(after):
                past[environment] = after, pair(reached)
        if not past:
            return 0
        furthest = max(joined(reached) for _, reached in past.values())
        while await self._fold_into_base(furthest):
            pass
        total = 0
        for environment, (gone, reached) in past.items():
            after = gone
            while after != reached:
                async with self._pool.acquire() as connection, connection.transaction():
                    count, after = await drop(connection, environment, after, reached, days)
                total += count
        return total

    async def _fold_into_base(self, upto: int) -> bool:
        """Fold the next events up to a position into the base. Whether there may be more."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", FOLD_LOCK)
            blocks = await read_blocks(connection, await followed(connection, BASE), FOLDED_AT_ONCE, upto)
            events = [event for block in blocks for event in block.events()]
            if not await self._knows_counters(connection, events):
                raise Unavailable("Another process counts by newer rules; what is past its time goes the next time.")
            if blocks:
                await self._fold_patiently(connection, events, BASE)
                await _follow(connection, blocks[-1].position, BASE)
        return bool(blocks)

    async def expire(self, environment: str, before: int) -> list[str]:
        """Forget idle visitors; see `storage.OpenLog`. Whoever is in the base as in the state has no event left."""
        expired: list[str] = []
        while True:
            async with self._alone() as connection:
                gone = await expire(connection, environment, before)
            expired += gone
            if len(gone) < SOME:
                return expired

    async def forget_answers(self, environment: str, before: int) -> None:
        """Take old answers out of the state; see `storage.OpenLog`."""
        for place in PLACES:
            after: str | None = None
            while after != "":
                async with self._alone() as connection:
                    after = await StateRows(connection, place).forget_answers(environment, before, after or "", SOME)

    async def received(self, since: int, until: int) -> dict[tuple[str, int], int]:
        """How many events were received, by environment and minute; see `storage.OpenLog`."""
        counts: Counter[tuple[str, int]] = Counter()
        # From the end on, as far as it takes: the log has no index by time.
        async for block in read_latest(self._pool, READ_AT_ONCE // BLOCK):
            events = block.events()
            for event in events:
                if since <= event.received_at < until:
                    counts[event.environment, event.received_at // 60_000 * 60_000] += 1
            if events and max(event.received_at for event in events) < since:
                break
        return dict(counts)

    async def dropped(self) -> int:
        """The position up to which events may be missing."""
        return await followed(self._pool, BASE)

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[Connection]:
        """A transaction beside which nobody folds, and after which nobody goes on with rows held in memory."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", FOLD_LOCK)
            await connection.execute("UPDATE ingest.followed SET changes = changes + 1")
            yield connection

    async def erase(self, environment: str, subjects: Collection[str], cut: Cut) -> int:
        """Forget these subjects; see `ingest.ports.Log`. The space is given back, and filled anew, by PostgreSQL."""
        async with self._alone() as connection:
            total = await cut_events(connection, environment, subjects, cut)
        async with self._pool.acquire() as connection:
            await connection.execute("VACUUM ingest.blocks")
            for place in PLACES:
                for table in ("subjects", "links", "aliases"):
                    await connection.execute(f"VACUUM {place}.{table}")
        return total

    def roster(self) -> PostgresRoster:
        """People as members look for them."""
        return PostgresRoster(self._pool)

    async def rebuild(self) -> RebuildReport:
        """Refold and compare; see `ingest.ports.Log`. Appends and folds go on meanwhile."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            upto = await followed(connection)
            serving, fresh = StateRows(connection), StateRows(connection, "pg_temp")
            await fresh.create()
            after, count = await followed(connection, BASE), 0
            while blocks := await read_blocks(connection, after, FOLDED_AT_ONCE, upto):
                after = blocks[-1].position
                events = [event for block in blocks for event in block.events()]
                state = await fresh.load(needed(events))
                await fresh.save(state, fold(state, events, self._rules_of))
                count += len(events)
            found = await _compare(serving, fresh)
        return RebuildReport(events=count, rows=found.rows, differences=tuple(found.differences))

    async def _keep_appending(self) -> None:
        while self._waiting_appends or not self._closed:
            await self._appended.wait()
            self._appended.clear()
            while self._waiting_appends:
                group: list[_Append] = []
                count = 0
                while self._waiting_appends and count < GROUP_EVENTS:
                    group.append(self._waiting_appends.popleft())
                    count += len(group[-1].events)
                await self._keep(group)
                self._queued_events -= count
                self._queued_bytes -= sum(append.size for append in group)

    async def _keep(self, group: Sequence[_Append]) -> None:
        fresh: dict[bytes, Event] = {}
        for append in group:
            for identity, event in zip(append.ids, append.events, strict=True):
                fresh.setdefault(identity, event)
        try:
            stored, position = await self._insert(fresh, sum(append.size for append in group))
        except Exception as problem:  # noqa: BLE001 whatever it was, those who wait hear of it
            _log.warning("log_unavailable", reason=str(problem))
            for append in group:
                _settle(append.done, Unavailable(f"The log could not be written: {problem}", retry_after=2))
            return
        self._recent.add(fresh)
        for append in group:
            # Counted for the first append that brought it.
            kept = stored.intersection(append.ids)
            stored -= kept
            _settle(append.done, Appended(position, len(kept), len(append.ids) - len(kept)))
        self._folding_wanted.set()

    async def _insert(self, fresh: Mapping[bytes, Event], size: int) -> tuple[set[bytes], int]:
        """Insert what is new of events with `size` bytes of bodies. Which that was, and a position behind all."""
        suspects = self._recent.suspects(fresh)
        for left in reversed(range(_TRIES)):
            try:
                return await self._copy(fresh, suspects, size)
            except TROUBLE as problem:
                # One was known after all, or another process was quicker with it; or the connection is lost, and a
                # look at all of them tells what was kept.
                suspects = fresh.keys()
                if isinstance(problem, KNOWN):
                    self._recent.doubt()
                if not left:
                    raise
        raise AssertionError("unreachable")

    async def _copy(
        self, fresh: Mapping[bytes, Event], suspects: Collection[bytes], size: int
    ) -> tuple[set[bytes], int]:
        new = dict(fresh)
        if suspects:
            for identity in await find_known(self._writer, suspects):
                del new[identity]
        if not new:
            return set(), await find_last(Reading(self._writer), settled=False) or 0
        async with self._writer.acquire() as connection, connection.transaction():
            position = await keep(connection, new)
        self._hot.add(Group(position, list(new.values()), size))
        return set(new), position

    async def _keep_folding(self) -> None:
        while True:
            await self._pause()
            self._folding_wanted.clear()
            try:
                while await self._fold_some():
                    pass
            except TROUBLE as problem:
                _log.warning("fold_failed", reason=str(problem))
            if self._waiting:
                # Somebody's transaction is still open; nothing tells when it ends.
                await asyncio.sleep(0.01)
                self._folding_wanted.set()

    async def _pause(self) -> None:
        """Return when it is time to fold: when somebody waits for it, many events do, or no more come just now."""
        # Once a second also without being asked: another process may be gone, or not know a new counter yet.
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._folding_wanted.wait()
        latest = asyncio.get_running_loop().time() + FOLD_SECONDS
        while not (self._waiting or self._hot.many or asyncio.get_running_loop().time() > latest):
            self._folding_wanted.clear()
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._folding_wanted.wait()
            except TimeoutError:
                if not self._queued_events:
                    break

    async def _fold_some(self) -> bool:
        """Fold the next events. Whether there may be more."""
        held, self._held = self._held, Held()
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL synchronous_commit = off")
            await connection.execute("SELECT pg_advisory_xact_lock($1)", FOLD_LOCK)
            stands = await connection.fetchrow(_STANDS)
            assert stands is not None
            position = joined(stands)
            if held.changes != stands["changes"]:
                # Events may have been cut since they were kept.
                self._hot.clear()
            self._hot.forget(position)
            if (held.position, held.changes) != (position, stands["changes"]):
                held = Held(position, stands["changes"])
            found, more = await self._next(connection, position, int(stands["horizon"]))
            events = [event for _, some in found for event in some]
            if not await self._knows_counters(connection, events):
                # A process that was told of other counters folds this; here it would go uncounted.
                return False
            if found:
                held.subjects = await self._fold(connection, events, held.subjects)
                held.position = position = found[-1][0]
                await _follow(connection, position)
        self._held = held
        self._folded = max(self._folded, position)
        waiting, self._waiting = self._waiting, []
        for wanted, done in waiting:
            if wanted <= self._folded:
                _settle(done, None)
            elif not done.done():
                self._waiting.append((wanted, done))
        return more

    async def _next(
        self, connection: Connection, after: int, horizon: int
    ) -> tuple[list[tuple[int, Sequence[Event]]], bool]:
        """What is to be folded behind a position and below a transaction, in order, each with its last position.

        What this process keeps hot is not read; what lies between is. Second, whether there may be more.
        """
        hot = self._hot.below(horizon << 64)
        starts = [after, *(group.position for group in hot)]
        ends = [*(group.position >> 64 for group in hot), horizon]
        if hot and self._queued_events:
            # What is behind them may be just coming here.
            del starts[-1], ends[-1]
        blocks, more = await read_between(connection, starts, ends, FOLDED_AT_ONCE)
        found: list[tuple[int, Sequence[Event]]] = [(block.position, block.events()) for block in blocks]
        upto = blocks[-1].position if more else END
        found += [(group.position, group.events) for group in hot if group.position < upto]
        return sorted(found, key=itemgetter(0)), more

    async def _fold(
        self, connection: Connection, events: Sequence[Event], held: dict[Key, Subject]
    ) -> dict[Key, Subject]:
        """Fold all of them, with the subjects held. Returns those to hold now."""
        rows = StateRows(connection)
        keys = needed(events, held)
        state = await rows.load(keys)
        new = keys.subjects - state.subjects.keys()
        held.update(state.subjects)
        state.subjects = held
        changed = Keys()
        try:
            for at in range(0, len(events), JOINED_AT_ONCE):
                changed.update(fold(state, events[at : at + JOINED_AT_ONCE], self._rules_of))
                # Others have their turn.
                await asyncio.sleep(0)
        except Exception:  # noqa: BLE001 one bad event costs only itself
            for at in range(0, len(events), FOLDED_AT_ONCE):
                await self._fold_patiently(connection, events[at : at + FOLDED_AT_ONCE])
            return {}
        await rows.save(state, changed, new)
        return held if len(held) < HELD_SUBJECTS else {}

    async def _knows_counters(self, connection: Connection, events: Sequence[Event]) -> bool:
        """Whether this process counts what is counted of these events."""
        for environment in {event.environment for event in events}:
            rules = self._rules_of(environment)
            if await _counters(connection, environment) != dict.fromkeys(rules.counter_ids(), rules.zone):
                return False
        return True

    async def _fold_patiently(self, connection: Connection, events: Sequence[Event], place: Place = "ingest") -> None:
        """Fold all; when one event makes that impossible, all the others."""
        rows = StateRows(connection, place)
        try:
            state = await rows.load(needed(events))
            changed = fold(state, events, self._rules_of)
        except TROUBLE:
            raise
        except Exception:  # noqa: BLE001 one bad event costs only itself
            for event in events:
                try:
                    state = await rows.load(needed([event]))
                    await rows.save(state, fold(state, [event], self._rules_of))
                except TROUBLE:
                    raise
                except Exception:  # noqa: BLE001
                    _log.exception("event_not_folded", environment=event.environment, message_id=event.message_id)
        else:
            await rows.save(state, changed)

    async def _count_back(self, connection: Connection, place: Place, environment: str, rules: FoldRules) -> None:
        state = StateRows(connection, place)
        after, upto = 0, await followed(connection, place)
        try:
            while blocks := await read_blocks(connection, after, FOLDED_AT_ONCE, upto, environment):
                after = blocks[-1].position
                await state.count_back([event for block in blocks for event in block.events()], rules)
                # Not in the transaction, of which nobody sees anything before it ends.
                await self._pool.execute(_COUNTING, environment, after & SEQUENCE, upto & SEQUENCE)
        finally:
            await self._pool.execute("DELETE FROM ingest.counting WHERE environment = $1", environment)

    def _rules_of(self, environment: str) -> FoldRules:
        return self._rules.get(environment, _NO_RULES)


_FOLLOWED = "SELECT transaction::text, sequence FROM {place}.followed"
_STANDS = """
SELECT transaction::text, sequence, changes, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon
FROM ingest.followed
"""
_FOLLOW = "UPDATE {place}.followed SET transaction = $1::text::xid8, sequence = $2"
_COUNTING = """
INSERT INTO ingest.counting VALUES ($1, $2::bigint, greatest($2::bigint, $3::bigint))
ON CONFLICT (environment) DO UPDATE SET done = excluded.done, total = excluded.total
"""


async def followed(source: Source, place: Place = "ingest") -> int:
    """The position that the state in a place stands at."""
    row = await source.fetchrow(_FOLLOWED.format(place=place))
    assert row is not None
    return joined(row)


async def _follow(connection: Connection, position: int, place: Place = "ingest") -> None:
    await connection.execute(_FOLLOW.format(place=place), *pair(position))


async def _counters(connection: Connection, environment: str) -> dict[str, str]:
    rows = await connection.fetch("SELECT id, zone FROM ingest.counters WHERE environment = $1", environment)
    return {row["id"]: row["zone"] for row in rows}


async def _compare(serving: StateRows, fresh: StateRows) -> Comparison:
    found = Comparison()
    mine, theirs = serving.rows(), fresh.rows()
    one, other = await anext(mine, None), await anext(theirs, None)
    while one is not None or other is not None:
        mine_moves, theirs_move = found.moves(one, other)
        one = await anext(mine, None) if mine_moves else one
        other = await anext(theirs, None) if theirs_move else other
    return found


def _settle(done: asyncio.Future[_Answer], answer: _Answer | Unavailable) -> None:
    # Whoever waited may have gone away meanwhile.
    if done.done():
        return
    if isinstance(answer, Unavailable):
        done.set_exception(answer)
    else:
        done.set_result(answer)
