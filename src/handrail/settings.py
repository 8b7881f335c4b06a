"""Settings: one frozen object, read at start from `HANDRAIL_*` variables or a TOML file, handed down from there."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from handrail.core.errors import Invalid

NO_ANALYTICS = "none"
SHORTEST_LOG = 7
"""Days. What is sent again within them is known as a repeat."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one installation runs. Nothing has to be set.

    `data` is the folder of log, state and control database. With `database`, a `postgresql://` address, all three are
    there, and the folder holds only the analytic store. `analytics` is the address of a ClickHouse, such as
    `http://user:password@host:8123/handrail`, or `none` for an installation without counts.
    `secret_keys` are what secrets at rest are encrypted with, the newest first, apart by blanks; without, they lie in
    the folder's `secrets.key`.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    data: str = ".handrail"
    database: str = ""
    analytics: str = ""
    log_days: int = 30
    trusted_proxies: int = 0
    """Proxies of your own in front, each of which appends to X-Forwarded-For whom it saw."""
    limit_address: int = 500
    limit_key: int = 50_000
    limit_user: int = 100
    """Requests of one address, events by one key, boots and events of one user, a second; 0 for no limit."""
    processes: int = 1
    """How many processes share one key's limit; `serve --workers` tells its workers."""
    demo: bool = False
    project: str = ""
    """Which project commands mean, where there are several."""
    secret_keys: str = ""
    erasures: str = ""
    """The file that notes erasures, outside what a backup holds; empty: `erasures.jsonl` in the data folder."""

    @property
    def builds(self) -> Path:
        """Where files of the SDK are kept that earlier releases served."""
        return self.folder / "sdk"

    @property
    def folder(self) -> Path:
        """The data folder as a path."""
        return Path(self.data).expanduser().resolve()

    @property
    def socket(self) -> Path:
        """The Unix socket through which commands reach a running server."""
        return self.folder / "socket"

    @property
    def control_address(self) -> str:
        """Where the control database is: an address, or a file in the data folder."""
        return self.database or str(self.folder / "control.db")


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the TOML file that HANDRAIL_CONFIG names, overridden by `HANDRAIL_*` variables. Raises Invalid."""
    values: dict[str, object] = {}
    if file := environ.get("HANDRAIL_CONFIG"):
        try:
            values = tomllib.loads(Path(file).read_text())
        except (OSError, tomllib.TOMLDecodeError) as problem:
            raise Invalid(f"The settings file {file!r} cannot be read: {problem}") from None
    for name in Settings.__struct_fields__:
        if (value := environ.get(f"HANDRAIL_{name.upper()}")) is not None:
            values[name] = value
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as problem:
        raise Invalid(f"The settings are wrong: {_named(str(problem))}.") from None
    if not 0 <= settings.port <= 65_535:
        raise Invalid(f"HANDRAIL_PORT is a port, 1 to 65535, and not {settings.port}.", path="port")
    if settings.log_days < SHORTEST_LOG:
        raise Invalid(f"HANDRAIL_LOG_DAYS is {SHORTEST_LOG} at least.", path="log_days")
    if settings.processes < 1:
        raise Invalid("HANDRAIL_PROCESSES is at least 1.", path="processes")
    if settings.database and not settings.database.startswith("postgresql://"):
        raise Invalid("HANDRAIL_DATABASE is an address such as postgresql://user:password@host/name.", path="database")
    if settings.analytics not in ("", NO_ANALYTICS) and not settings.analytics.startswith(("http://", "https://")):
        raise Invalid(
            f"HANDRAIL_ANALYTICS is empty, {NO_ANALYTICS!r}, or an address such as http://host:8123/handrail.",
            path="analytics",
        )
    return settings


def unknown(environ: Mapping[str, str] = os.environ) -> list[str]:
    """`HANDRAIL_*` variables that are no setting: most likely a slip of the pen."""
    known = {"HANDRAIL_CONFIG", *(f"HANDRAIL_{name.upper()}" for name in Settings.__struct_fields__)}
    return sorted(name for name in environ if name.startswith("HANDRAIL_") and name not in known)


def _named(problem: str) -> str:
    """msgspec's sentence with the setting's own name in front."""
    if found := re.fullmatch(r"Object contains unknown field `(.+)`", problem):
        return f"there is no setting {found[1]!r}"
    message, _, place = problem.partition(" - at `$.")
    return f"HANDRAIL_{place.rstrip('`').upper()}: {message}" if place else message
