"""retention: how long a project keeps things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import click

from handrail.cli.client import ask, told
from handrail.workspace.retention import Retention

NAMES = Retention.__struct_fields__


def show_retention() -> int:
    """Print what holds."""
    return _show(told(ask("GET", "/api/v1/retention")).json())


def set_retention(changes: Mapping[str, int | None]) -> int:
    """Change what is named, leave the rest."""
    settings = cast("dict[str, object]", told(ask("GET", "/api/v1/retention")).json()["settings"])
    body = settings | {name: days for name, days in changes.items() if days is not None}
    return _show(told(ask("PUT", "/api/v1/retention", body=body)).json())


def confirm_date() -> int:
    """Say that the server's date is right."""
    told(ask("POST", "/api/v1/retention/confirm-date"))
    click.echo("The date is taken as right; handrail jobs replay ID runs what was refused.")
    return 0


def _show(shown: Mapping[str, object]) -> int:
    kept = cast("Mapping[str, int]", shown["kept"])
    for name in NAMES:
        click.echo(f"{name:<16}{kept[name] or 'for good'}")
    if not shown["trusted"]:
        click.echo("Nothing is deleted yet: the server's clock has to go on for three days first.", err=True)
    return 0
