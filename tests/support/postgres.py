"""A PostgreSQL cluster for one process, and a fresh database in it for each test that asks."""

import asyncio
import os
import pwd
import shutil
import subprocess
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from tests.support.network import find_free_port

# Nothing here has to survive a power cut.
SETTINGS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"

Answer = TypeVar("Answer")


class PostgresMissing(Exception):
    """No PostgreSQL server programs were found; the message says what to install."""

    def __init__(self) -> None:
        super().__init__(
            "These tests need PostgreSQL: install the server (Debian and Ubuntu: apt-get install postgresql), "
            "or name one that may create databases with HANDRAIL_TEST_POSTGRES=postgresql://..."
        )


class Cluster:
    """A server in `folder`, on a loopback port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._port = folder / "port"

    def started(self) -> str:
        """The server's address, once it is started."""
        self._start()
        return f"postgresql://postgres@127.0.0.1:{self._port.read_text()}/postgres"

    def remove(self) -> None:
        """Stop the server, if it ever started, and delete everything it wrote."""
        if self._port.exists():
            self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        port = find_free_port()
        if _is_root():
            # The server refuses to run as root; its package brings this account.
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        options = f"-p {port} -k {self._folder} -c listen_addresses=127.0.0.1 {SETTINGS}"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")
        self._port.write_text(str(port))

    def _run(self, program: str, *arguments: str) -> None:
        account = pwd.getpwnam("postgres") if _is_root() else None
        done = subprocess.run(
            [str(find_programs() / program), *arguments],
            check=False,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=[] if account else None,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")


def find_programs() -> Path:
    """The folder with initdb and pg_ctl; the newest version where Debian keeps several."""
    if installed := list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return max(installed, key=lambda program: int(program.parts[-3])).parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise PostgresMissing


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The address of an empty database that lives as long as the block."""
    name = f"handrail_{uuid4().hex}"
    _in_own_loop(_execute(server, f'CREATE DATABASE "{name}"'))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _in_own_loop(_execute(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _in_own_loop(work: Coroutine[None, None, Answer]) -> Answer:
    # A thread of its own, because Playwright's fixtures leave a loop running in the main one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _is_root() -> bool:
    return os.geteuid() == 0
