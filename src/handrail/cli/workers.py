"""Several server processes on one port: a supervisor that holds folder and sockets, and the workers that answer."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import click

from handrail.app import STATIC, Installation
from handrail.http.public.builds import keep_build
from handrail.serving import open_command_socket, open_listener
from handrail.settings import Settings
from handrail.storage import check_workers

PAUSE = 1.0
"""Seconds before a worker that ended is started again."""
PATIENCE = 30.0
"""Seconds that workers have to answer what they were asked, once told to stop."""


def supervise(settings: Settings, workers: int) -> int:
    """Run `workers` processes until told to stop; whichever dies is started again. An exit code.

    Raises Conflict for storage that belongs to one process, and what opening storage and port raise.
    """
    check_workers(settings, workers)
    # Held here for as long as any worker may run. Migrating and seeding once, before they start, they find it done.
    from handrail.adapters.sqlite.directory import DataDirectory

    with DataDirectory(settings.folder):
        asyncio.run(_prepare(settings))
        listener, commands = open_listener(settings), open_command_socket(settings)
        alive, held = os.pipe()
        try:
            team = _Team(workers, settings.processes, listener.fileno(), commands.fileno(), alive)
            click.echo(f"Handrail is on http://127.0.0.1:{settings.port}/  ({workers} workers on one database)")
            return team.run()
        finally:
            os.close(held)
            os.close(alive)
            listener.close()
            commands.close()
            settings.socket.unlink(missing_ok=True)


async def _prepare(settings: Settings) -> None:
    from handrail.cli.server import first_project

    installation = await Installation.open(settings, worker=True)
    try:
        await installation.seeded(first_project(settings))
        keep_build(STATIC / "sdk" / "assets", settings.builds, time.time())
    finally:
        await installation.close()


class _Team:
    """The workers. Each gets the sockets, and a pipe that closes when the supervisor dies."""

    def __init__(self, workers: int, servers: int, listener: int, commands: int, alive: int) -> None:
        """`servers` like this one share the database, as far as the settings say."""
        self._servers = servers
        self._inherited = (listener, commands, alive)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._count = workers
        self._stopping = False

    def run(self) -> int:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        self._workers = [self._start(number) for number in range(self._count)]
        while not self._stopping:
            for number, worker in enumerate(self._workers):
                code = worker.poll()
                if code is None:
                    continue
                if code == 3:
                    # It said in one sentence why it cannot run; the next would say the same.
                    self._stop()
                    self._end()
                    return 3
                click.echo(f"Worker {number + 1} ended ({code}); starting another.", err=True)
                time.sleep(PAUSE)
                if not self._stopping:
                    self._workers[number] = self._start(number)
            time.sleep(0.1)
        self._end()
        return 0

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        words = [str(each) for each in self._inherited]
        worker = subprocess.Popen(  # noqa: S603 our own interpreter and module
            [sys.executable, "-m", "handrail.cli.worker", *words],
            pass_fds=self._inherited,
            env={**os.environ, "HANDRAIL_PROCESSES": str(self._count * self._servers)},
            # Ctrl+C reaches the supervisor alone, which tells the workers.
            start_new_session=True,
        )
        click.echo(f"Worker {number + 1} of {self._count} is process {worker.pid}.")
        return worker

    def _stop(self, *_signal: object) -> None:
        self._stopping = True

    def _end(self) -> None:
        for worker in self._workers:
            with suppress(ProcessLookupError):
                worker.terminate()
        deadline = time.monotonic() + PATIENCE
        for worker in self._workers:
            try:
                worker.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
