"""backup and restore: everything that an installation keeps, in one file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from handrail.adapters.files.archive import is_whole
from handrail.cli.client import download
from handrail.core.errors import Conflict, Unavailable
from handrail.settings import read_settings
from handrail.storage import CARRIED, restore


def back_up_to(name: str) -> int:
    """Write a backup to a new file."""
    target = Path(name)
    if target.exists():
        raise Conflict(f"{name!r} is there already; a backup replaces nothing.")
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            download("/api/v1/backup", file)
            file.flush()
            os.fsync(file.fileno())
        if not is_whole(part):
            raise Unavailable("The backup did not arrive whole; try again.")
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{target}: {target.stat().st_size} bytes.")
    return 0


def restore_from(name: str, carry: str | None) -> int:
    """Make an empty data folder from a backup."""
    settings = read_settings()
    if settings.database:
        raise Conflict("HANDRAIL_DATABASE is set: restore PostgreSQL with pg_restore.")
    if not Path(name).is_file():
        raise Conflict(f"There is no file {name!r}.")
    manifest = restore(settings, Path(name), None if carry is None else Path(carry))
    if carry is None:
        click.echo(
            f"It has no {' and no '.join(CARRIED)} yet: put those of the installation that was backed up there, or "
            "name its folder with --carry. Without them secrets cannot be read, and who was erased since is back.",
            err=True,
        )
    click.echo(f"{len(manifest.files)} files of Handrail {manifest.handrail} restored to {settings.folder}.")
    return 0
