"""Bringing the schema `ingest` up to this release: numbered SQL files, each once, one process at a time."""

from __future__ import annotations

from importlib.resources import files

from handrail.adapters.postgres.connection import Connection
from handrail.core.errors import Conflict

MIGRATIONS = files("handrail.adapters.postgres") / "migrations"
LOCK = 0x68616E64  # "hand": held while migrating
FOLD_LOCK = 0x68616E65  # held while folding: one folder at a time


async def migrate(connection: Connection) -> None:
    """Run what is missing, all of it or nothing. Raises Conflict when a newer release was here."""
    shipped = sorted(file.name for file in MIGRATIONS.iterdir() if file.name.endswith(".sql"))
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        await connection.execute("CREATE SCHEMA IF NOT EXISTS ingest")
        await connection.execute("CREATE TABLE IF NOT EXISTS ingest.migrations (name text PRIMARY KEY)")
        done = {row["name"] for row in await connection.fetch("SELECT name FROM ingest.migrations")}
        if unknown := sorted(done.difference(shipped)):
            raise Conflict(
                f"The database was written by a newer Handrail ({unknown[-1]}); run that one, or a later one."
            )
        for name in shipped:
            if name not in done:
                await connection.execute((MIGRATIONS / name).read_text())
                await connection.execute("INSERT INTO ingest.migrations VALUES ($1)", name)
