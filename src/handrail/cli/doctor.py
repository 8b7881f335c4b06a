"""doctor: whether an installation can run here, one line a check."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import sys

import click
import msgspec

from handrail.adapters.control.database import ControlDatabase
from handrail.app import STATIC
from handrail.cli.client import ask
from handrail.core.errors import HandrailError, Unavailable
from handrail.http.api.admin import Filling
from handrail.settings import read_settings, unknown


def examine() -> int:
    """0 when everything is well, 3 when something keeps it from running."""
    checks: list[tuple[bool, str]] = []
    checks.append((sys.version_info >= (3, 11), f"Python {sys.version.split()[0]} (3.11 or newer is needed)"))
    try:
        settings = read_settings()
        checks.append((True, "settings can be read"))
    except HandrailError as problem:
        click.echo(f"bad   {problem.message}")
        return 3
    folder = settings.folder
    place = folder if folder.exists() else folder.parent
    checks.append((os.access(place, os.W_OK), f"data folder {folder} can be written"))
    if settings.database:
        checks.append(asyncio.run(_database(settings.database)))
    else:
        checks.append((True, f"SQLite {sqlite3.sqlite_version} for the control database"))
    running = settings.socket.exists() and _answers(str(settings.socket))
    free = _is_free(settings.host, settings.port)
    whose = "ours" if running else "free" if free else "taken"
    checks.append((running or free, f"port {settings.port} is {whose}"))
    checks.append(((STATIC / "sdk" / "manifest.json").exists(), "the browser SDK is built (./dev build)"))
    if running:
        filling = ask("GET", "/api/v1/analytics", settings=settings)
        if filling.status == 200:
            told = msgspec.json.decode(filling.body, type=Filling)
            behind = f"at position {told.position} of {told.end}" if told.position < told.end else "up to date"
            checks.append((True, f"the analytic store is {behind}"))
    for well, text in checks:
        click.echo(f"{'ok ' if well else 'bad'}   {text}")
    for name in unknown():
        click.echo(f"note  {name} is set and is no setting of Handrail's")
    return 0 if all(well for well, _ in checks) else 3


async def _database(address: str) -> tuple[bool, str]:
    database = ControlDatabase(address)
    try:
        return True, f"{await database.answering()} for control database, log and state"
    except Unavailable as problem:
        return False, problem.message
    finally:
        await database.close()


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
