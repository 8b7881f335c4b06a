"""The installation: every adapter opened, every door mounted. With `settings`, the only module that knows everyone."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec
import structlog

from handrail.adapters.control.access import Argon2Passwords, ControlAccess
from handrail.adapters.control.answers import ControlAnswers
from handrail.adapters.control.books import ControlBooks
from handrail.adapters.control.jobs import ControlJobs
from handrail.adapters.control.projects import ControlProjects
from handrail.adapters.control.publications import ControlPublications
from handrail.adapters.control.retention import ControlRetention
from handrail.adapters.control.tries import ControlTries
from handrail.adapters.control.work import ControlWorks
from handrail.core.changes import PEOPLE, PROJECTS
from handrail.core.environments import EnvironmentSettings
from handrail.core.errors import Conflict, Forbidden, NotFound
from handrail.core.fold import FoldRules
from handrail.counts import Counts
from handrail.delivery.boot import Delivery
from handrail.delivery.counting import counting
from handrail.http.api.admin import Admin
from handrail.http.api.desk import Desk
from handrail.http.api.repeats import KEPT, PATIENCE, Repeats
from handrail.http.api.routes import create_api
from handrail.http.asgi import Application
from handrail.http.demo import DemoHost
from handrail.http.deps import Deps
from handrail.http.hosts import Hosts
from handrail.http.limits import Limits, Rates
from handrail.http.public.events import ServerEvents
from handrail.http.public.sdk import Sdk
from handrail.http.public.tracking import Tracking
from handrail.http.tail import Tail
from handrail.ingest.accounting import MINUTE, Accounting, Bookkeeper
from handrail.ingest.destinations import Destinations
from handrail.people import OwnAnalytics, open_desk
from handrail.settings import Settings
from handrail.storage import Storage, back_up, open_storage
from handrail.workspace.access import digest_of
from handrail.workspace.jobs import Handler, Schedule, enqueue_due, work_once
from handrail.workspace.retention import let_go, let_go_analytics, read_clock
from handrail.workspace.seed import NewProject, seed

_logger = structlog.get_logger(__name__)

SCHEDULES = (Schedule("retention", "17 3 * * *"), Schedule("tidy", "30 * * * *"))
DONE_KEPT = 7 * 86_400_000
"""Milliseconds that a done job stays to be looked at."""
BOOKS_KEPT = 7 * 86_400_000
"""Milliseconds that the books go back."""
MENDED_AFTER = 10.0
"""Seconds after a minute's end at which every living process has entered what it noted of it."""
ENTER = 1.0
"""Seconds between two entries into the books."""
DAY = 86_400.0
"""Seconds between two looks at what a store of this process's own lets go of."""
LOOK = 2.0
"""Seconds between two looks at the jobs that are due."""
STATIC = Path(__file__).parent / "static"


def milliseconds() -> int:
    """The present instant."""
    return time.time_ns() // 1_000_000


class Installation:
    """One running Handrail. Open with `Installation.open`, close with `close`."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self.settings = settings
        self.control = storage.control
        self.log = storage.log
        self.accounts = Accounting()
        self.books = ControlBooks(storage.control)
        self.bookkeeper = Bookkeeper(
            self.accounts, self.books, lambda problem: _logger.error("books_closed", reason=str(problem))
        )
        self.tail = Tail(storage.log if storage.changes is not None else None)
        self.publications = ControlPublications(storage.control)
        self.projects = ControlProjects(storage.control, self.publications.forget)
        self.works = ControlWorks(storage.control, self._announced)
        self.delivery = Delivery(
            self.publications, lambda decision: self.tail.tell("decision", (decision,), decision.environment)
        )
        self.destinations = Destinations(self.publications.destinations, self.accounts, self.books)
        self.counts = Counts(storage, self.publications, self._zone_of, milliseconds)
        self.access = ControlAccess(storage.control)
        self.passwords = Argon2Passwords()
        self.tries = ControlTries(storage.control)
        self.retention = ControlRetention(storage.control)
        self.jobs = ControlJobs(storage.control)
        self._storage = storage
        self._rules: dict[str, FoldRules] = {}
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.desk: Desk

    @classmethod
    async def open(cls, settings: Settings, *, worker: bool = False) -> Installation:
        """Open what the settings name and catch up with the log. Raises what `open_storage` raises."""
        storage = await open_storage(settings, worker=worker)
        try:
            made = cls(settings, storage)
            if storage.changes is not None:
                await storage.changes.follow(made._heard)
            await made.followed()
            keys = settings.secret_keys
            made.desk = await open_desk(
                settings.folder,
                keys,
                made.control,
                made.log,
                made.counts.store,
                made.counts.caught_up,
                milliseconds,
                settings.erasures,
            )
        except BaseException:
            await storage.close()
            raise
        # What other processes erased while this one was away is found like what they erase from now on.
        made._changed.set()
        going = [made.counts.keep(), made._keep_following(), made._learn(), made._keep_books(milliseconds())]
        if storage.changes is not None:
            going.append(made._keep_let_go())
        made._tasks = [asyncio.create_task(each) for each in going]
        return made

    def _zone_of(self, environment: str) -> str:
        rules = self._rules.get(environment)
        return rules.zone if rules is not None else "UTC"

    async def _learn(self) -> None:
        """Keep the catalogue behind the log; what fails is tried again."""
        while True:
            try:
                await self.desk.learner.follow()
            except Conflict:
                pass  # another process learnt this part
            except Exception:
                _logger.exception("learning_failed")
            await asyncio.sleep(1)

    async def _keep_books(self, begun: int) -> None:
        """Enter what this process notes, and once what one that was killed could not enter."""
        mending = asyncio.create_task(self._mend(begun))
        try:
            await self.bookkeeper.keep(ENTER)
        finally:
            mending.cancel()

    async def _mend(self, begun: int) -> None:
        """Once other processes have entered what they noted before this one began, add what nobody did."""
        await asyncio.sleep((MINUTE - begun % MINUTE) / 1000 + MENDED_AFTER)
        try:
            await self.mended(begun)
        except Exception:
            _logger.exception("books_not_mended")

    async def mended(self, begun: int) -> int:
        """Enter what the log holds of the minutes up to `begun`'s, and the books do not. Returns how many events."""
        await self.bookkeeper.enter()
        since = max(min(await self.books.latest() or begun, begun), begun - BOOKS_KEPT) // MINUTE * MINUTE
        return await self.books.mend(await self.log.received(since, begun - begun % MINUTE + MINUTE))

    async def close(self) -> None:
        """Answer what waits, then let go of files and folder."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.counts.close()
        try:
            await self.bookkeeper.enter()
        except Exception:
            _logger.exception("books_closed")
        await self._storage.close()

    def _announced(self, environment: str) -> None:
        self.publications.forget(environment)

    def _heard(self, said: str | None) -> None:
        """Another process changed something (`core.changes`); anything, for all that is known, when nothing is said."""
        if said == PEOPLE:
            self.tail.forget()
        else:
            self.publications.forget(None if said == PROJECTS else said)
        self._changed.set()

    async def backed_up(self) -> Path:
        """A backup in a file of its own in the data folder; whoever asked removes it."""
        handle, name = tempfile.mkstemp(dir=self.settings.folder, prefix="backup-", suffix=".tar")
        os.close(handle)
        try:
            await back_up(self._storage, self.settings, Path(name), milliseconds())
        except BaseException:
            os.unlink(name)
            raise
        return Path(name)

    def _handlers(self) -> dict[str, Handler]:
        """What each kind of job does here."""

        async def retain(_payload: msgspec.Raw) -> None:
            store = self.counts.store
            if store is not None:
                await asyncio.to_thread(store.open)
            await let_go(
                self.retention,
                self.log,
                await self.publications.all_environments(),
                self.followed,
                now=milliseconds(),
                log_days=self.settings.log_days,
                taken=None if store is None else store.described,
            )
            await self.let_go_analytics()

        async def tidy(_payload: msgspec.Raw) -> None:
            now = milliseconds()
            await self.retention.read_clock(lambda before: read_clock(before, now))
            await self.access.tidy(now)
            await self.tries.tidy(now)
            await self.books.tidy(now - BOOKS_KEPT)
            await self.jobs.tidy(now - DONE_KEPT)

        return {"retention": retain, "tidy": tidy}

    async def let_go_analytics(self) -> None:
        """Delete from this process's analytic store what is past its time."""
        if (store := self.counts.store) is not None:
            places = await self.publications.all_environments()
            kept, roster, days = self.retention, self.log.roster(), self.settings.log_days
            await let_go_analytics(kept, roster, store, places, now=milliseconds(), log_days=days)

    async def _keep_let_go(self) -> None:
        """Once a day let go in the store that this process keeps for itself: the job does it in one process only."""
        while isinstance(self.counts.store, OwnAnalytics):
            try:
                await self.let_go_analytics()
            except Exception:
                _logger.exception("analytics_kept")
            await asyncio.sleep(DAY)

    async def work(self) -> None:
        """Do jobs that are due, one at a time, and enqueue what is scheduled; what fails is tried again."""
        worker = f"{socket.gethostname()}:{os.getpid()}"
        handlers = self._handlers()
        while True:
            try:
                await enqueue_due(self.jobs, SCHEDULES, milliseconds(), lambda: str(uuid.uuid4()))
                while await work_once(self.jobs, handlers, worker, milliseconds, random.random):
                    pass
            except Exception:
                _logger.exception("jobs_failed")
            await asyncio.sleep(LOOK)

    async def _keep_following(self) -> None:
        """Have the fold count what other processes' publications ask; what fails is tried again."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                # Who was erased comes first: counting back may take its time.
                await self.desk.refresh()
                await self.followed()
                await self.desk.catch_up()
            except Exception:
                _logger.exception("publication_not_followed")
                self._changed.set()
                await asyncio.sleep(1)

    async def followed(self) -> None:
        """Return once the fold counts everything that published audiences ask."""
        for environment in await self.publications.all_environments():
            rules = msgspec.structs.replace(
                counting(await self.publications.snapshot(environment.id)),
                answers_from=await self.retention.answers_from(environment.project),
            )
            known = self._rules.get(environment.id)
            if known is None or not known.counts_as(rules):
                await self.log.follow(environment.id, rules)
                self._rules[environment.id] = rules

    async def project(self) -> str:
        """The installation's project. Raises NotFound before there is one."""
        found = await self.projects.first()
        if found is None:
            raise NotFound("There is no project yet.")
        return found

    async def seeded(self, project: NewProject) -> str:
        """The installation's project, made from `project` when there is none."""
        made = await seed(self.projects, project, milliseconds())
        self.publications.forget()
        await self.followed()
        return made

    def admin(self, demo: DemoHost | None = None) -> Admin:
        """What the API is handed."""
        return Admin(
            works=self.works,
            delivery=self.delivery,
            log=self.log,
            destinations=self.destinations,
            books=self.bookkeeper,
            desk=self.desk,
            tail=self.tail,
            now=milliseconds,
            project=self.project,
            projects=self.projects,
            access=self.access,
            passwords=self.passwords,
            tries=self.tries,
            retention=self.retention,
            log_days=self.settings.log_days,
            trusted_proxies=self.settings.trusted_proxies,
            jobs=self.jobs,
            followed=self.followed,
            counted=self.counts.counted,
            analytics=self.counts.store,
            filled=self.counts.filled,
            filling=self.counts.filling,
            refill=self.counts.refill,
            backed_up=self.backed_up,
            demo_address=f"http://localhost:{self.settings.port}/demo/" if demo is not None else "",
        )

    async def server_key(self, secret: str | None, environment: str) -> EnvironmentSettings:
        """The environment, by its key, that a secret key may send events to. Raises Forbidden."""
        if not secret:
            raise Forbidden("A secret API key is needed in x-api-key.", code="no_key")
        actor = await self.access.actor(digest_of(secret), milliseconds())
        if actor is None or actor.role is not None:
            # A member's sign-in is for the dashboard, whatever it reaches there.
            raise Forbidden("There is no such API key.", code="unknown_key")
        if "events:write" not in actor.scopes:
            raise Forbidden("This key does not reach 'events:write'.")
        async with self.works(actor.project) as work:
            return await work.environment(environment)

    def application(self, demo: DemoHost | None = None) -> Hosts:
        """Every door, as one ASGI application."""
        deps = Deps(
            publications=self.publications,
            delivery=self.delivery,
            log=self.log,
            destinations=self.destinations,
            guard=self.desk.guard,
            server_key=self.server_key,
            now=milliseconds,
            tell=self.tail.tell,
            static=STATIC,
            kept=self.settings.builds,
            accounts=self.accounts,
            limits=Limits(
                Rates(self.settings.limit_address, self.settings.limit_key, self.settings.limit_user).for_one_of(
                    self.settings.processes
                ),
                self.settings.trusted_proxies,
            ),
        )
        admin = self.admin(demo)
        answers = ControlAnswers(self.control, kept=KEPT, patience=PATIENCE)
        api = Repeats(cast("Application", create_api(admin)), answers, milliseconds)
        return Hosts(Tracking(deps), Sdk(deps), ServerEvents(deps), api, demo)
