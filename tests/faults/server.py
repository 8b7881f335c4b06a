"""A server for fault tests: the tracking door and the log behind it, nothing else.

    python -m tests.faults.server --data FOLDER --port PORT [--mutant]

`--mutant` takes the protection away (no sync before an answer); the checks must notice.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from typing import cast

import uvicorn

from handrail.adapters.sqlite import log as sqlite_log
from handrail.adapters.sqlite.days import Day, DayWriter
from handrail.adapters.sqlite.directory import DataDirectory
from handrail.adapters.sqlite.log import SqliteLog
from handrail.core.environments import EnvironmentSettings
from handrail.delivery.boot import Delivery
from handrail.delivery.ports import Publications
from handrail.http.deps import Deps
from handrail.http.limits import Limits, Rates
from handrail.http.public.tracking import Tracking
from handrail.ingest.accounting import Accounting
from handrail.ingest.destinations import Books, Destinations, none
from handrail.testing.guard import lenient, no_server_key


class Keys:
    """Publications that know a write key is its environment's id; these tests publish nothing."""

    async def environment_by_key(self, write_key: str) -> EnvironmentSettings:
        return EnvironmentSettings(
            id=write_key, name=write_key, project="project", public_id="public", write_key=write_key, origins=()
        )


def the_door(log: SqliteLog) -> Tracking:
    """The tracking door before this log, with nothing else behind it."""
    deps = Deps(
        publications=cast(Publications, Keys()),
        destinations=Destinations(none, Accounting(), cast(Books, None)),
        delivery=cast(Delivery, None),
        log=log,
        guard=lenient(log),
        server_key=no_server_key,
        now=lambda: time.time_ns() // 1_000_000,
        tell=lambda topic, told, environment: None,
        static=Path(),
        limits=Limits(Rates(1_000_000, 100_000_000, 100_000_000)),
    )
    return Tracking(deps)


async def serve(data: Path, port: int) -> None:
    """Serve until told to stop."""
    with DataDirectory(data):
        log = await SqliteLog.open(data)
        server = uvicorn.Server(
            uvicorn.Config(the_door(log), host="127.0.0.1", port=port, lifespan="off", log_level="warning")
        )
        try:
            await server.serve()
        finally:
            await log.close()


class Unsynced(DayWriter):
    """A day's file that answers before anything is synced."""

    def __init__(self, day: Day) -> None:
        super().__init__(day)
        self._connection.execute("PRAGMA synchronous = OFF")


def main() -> None:
    """Parse arguments and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mutant", action="store_true")
    arguments = parser.parse_args()
    if arguments.mutant:
        sqlite_log.DayWriter = Unsynced
    asyncio.run(serve(arguments.data, arguments.port))


if __name__ == "__main__":
    main()
