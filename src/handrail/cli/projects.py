"""projects and environments: what an installation has, and making more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import quote

import click

from handrail.cli.client import ask, told

Line = Mapping[str, object]


def list_projects() -> int:
    """Print every project."""
    found = told(ask("GET", "/api/v1/projects")).json()
    for each in cast("list[Line]", found["projects"]):
        click.echo(f"{each['id']}  public id {each['public_id']}  {each['zone']}  {each['name']}")
    return 0


def create_project(name: str, zone: str) -> int:
    """Make a project and print its environments."""
    return _show(told(ask("POST", "/api/v1/projects", body={"name": name, "zone": zone})).json())


def list_environments() -> int:
    """Print the project's environments."""
    return _show(told(ask("GET", "/api/v1/project")).json())


def create_environment(key: str, name: str | None, origins: tuple[str, ...]) -> int:
    """Give the project one more environment."""
    body = {"key": key, "name": name or key.capitalize(), "origins": list(origins)}
    return _show(told(ask("POST", "/api/v1/environments", body=body)).json())


def change_environment(key: str, name: str | None, origins: tuple[str, ...]) -> int:
    """Rename an environment, or have it hold other origins."""
    body = {"name": name, "origins": list(origins) or None}
    return _show(told(ask("PUT", f"/api/v1/environments/{quote(key, safe='')}", body=body)).json())


def _show(project: Line) -> int:
    click.echo(f"{project['id']}  public id {project['public_id']}")
    for each in cast("list[Line]", project["environments"]):
        origins = ", ".join(cast("list[str]", each["origins"])) or "no origins yet"
        click.echo(f"  {each['key']}  {each['name']}  write key {each['write_key']}  ({origins})")
    return 0
