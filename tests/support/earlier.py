"""Databases as earlier releases left them, with what was in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import msgspec
from alembic import command
from sqlalchemy import text

from handrail.adapters import duckdb as analytics
from handrail.adapters.control.database import ControlDatabase, configuration

KEPT = Path(__file__).parents[1] / "fixtures" / "control_0001.json"
BOOLEANS = {"alias", "run_js", "paused"}


async def first_control(address: str) -> None:
    """A control database of the first schema, with a project, its experiences and their versions."""
    kept: dict[str, list[dict[str, Any]]] = msgspec.json.decode(KEPT.read_bytes())
    database = ControlDatabase(address)
    async with database.transaction() as connection:
        await connection.run_sync(lambda plain: command.upgrade(configuration(plain), "0001"))
        for table, rows in kept.items():
            for row in rows:
                # SQLite keeps booleans as numbers; PostgreSQL wants them said.
                values = {name: bool(value) if name in BOOLEANS else value for name, value in row.items()}
                names = ", ".join(row)
                places = ", ".join(f":{name}" for name in row)
                await connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)
    await database.close()


def first_analytics(path: Path, position: int) -> duckdb.DuckDBPyConnection:
    """An analytic store of the first version that has come to `position`, without rows. Close what is returned."""
    connection = duckdb.connect(str(path))
    connection.execute(analytics.SCHEMA)
    connection.execute(
        "ALTER TABLE meta DROP COLUMN clustered; ALTER TABLE meta DROP COLUMN described;"
        " DROP TABLE late; DROP TABLE erasures; DROP TABLE strays"
    )
    connection.execute("ALTER TABLE events DROP COLUMN person")
    for column in ("words", "number", "truth", "choices"):
        connection.execute(f"ALTER TABLE answers DROP COLUMN {column}")
    connection.execute("INSERT INTO meta VALUES (1, $1)", [position])
    return connection
