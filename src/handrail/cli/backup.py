"""backup and restore: everything that an installation keeps, in one file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import click

from handrail.cli.client import ask, told
from handrail.core.errors import Conflict, Unavailable
from handrail.settings import read_settings
from handrail.storage import restore

TRAILER = 65


def back_up_to(name: str) -> int:
    """Write a backup to a new file."""
    target = Path(name)
    if target.exists():
        raise Conflict(f"{name!r} is there already; a backup replaces nothing.")
    content = told(ask("GET", "/api/v1/backup")).body
    if content[-TRAILER:] != hashlib.sha256(content[:-TRAILER]).hexdigest().encode() + b"\n":
        raise Unavailable("The backup did not arrive whole; try again.")
    part = target.with_name(target.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(target)
    click.echo(f"{target}: {len(content)} bytes.")
    return 0


def restore_from(name: str) -> int:
    """Make an empty data folder from a backup."""
    settings = read_settings()
    if settings.database:
        raise Conflict("HANDRAIL_DATABASE is set: restore PostgreSQL with pg_restore.")
    if not Path(name).is_file():
        raise Conflict(f"There is no file {name!r}.")
    manifest = restore(settings, Path(name))
    click.echo(f"{len(manifest.files)} files of Handrail {manifest.handrail} restored to {settings.folder}.")
    return 0
