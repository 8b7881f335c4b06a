"""key, member and jobs: who may do what, and what waits to be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import cast
from urllib.parse import quote

import click

from handrail.cli.client import ask, told

Line = Mapping[str, object]


def create_key(name: str, scopes: tuple[str, ...]) -> int:
    """Make a key and print its secret, this once."""
    made = told(ask("POST", "/api/v1/keys", body={"name": name, "scopes": list(scopes)})).json()
    key = cast("Line", made["key"])
    click.echo(f"{key['id']}  {key['name']}  {' '.join(cast('list[str]', key['scopes']))}", err=True)
    click.echo("Its secret, which is shown this once:", err=True)
    click.echo(made["secret"])
    return 0


def list_keys() -> int:
    """Print every key, without its secret."""
    for key in everything("/api/v1/keys"):
        scopes = " ".join(cast("list[str]", key["scopes"]))
        click.echo(f"{key['id']}  {key['hint']}...  {clock(key['created_at'])}  {key['name']}  {scopes}")
    return 0


def revoke_key(id: str) -> int:
    """Revoke a key."""
    told(ask("DELETE", f"/api/v1/keys/{quote(id, safe='')}"))
    click.echo(f"Revoked {id}.")
    return 0


def add_member(email: str, role: str) -> int:
    """Add a member and print a one-time token for their password."""
    member = told(ask("POST", "/api/v1/members", body={"email": email, "role": role})).json()
    click.echo(f"{member['email']} is {member['role']}.", err=True)
    return link_member(email)


def link_member(email: str) -> int:
    """Print a one-time token with which a member sets a password."""
    link = told(ask("POST", "/api/v1/members/links", body={"email": email})).json()
    click.echo("A token to set a password with, once, within 72 hours (POST /api/v1/password):", err=True)
    click.echo(link["token"])
    return 0


def set_password(token: str, password: str) -> int:
    """Use a one-time token."""
    told(ask("POST", "/api/v1/password", body={"token": token, "password": password}))
    click.echo("The password is set.")
    return 0


def list_members() -> int:
    """Print every member."""
    for member in everything("/api/v1/members"):
        state = "" if member["signs_in"] else "  (no password yet)"
        click.echo(f"{member['email']}  {member['role']}  {clock(member['created_at'])}{state}")
    return 0


def remove_member(email: str) -> int:
    """Remove a member."""
    told(ask("DELETE", f"/api/v1/members/{quote(email, safe='')}"))
    click.echo(f"Removed {email}.")
    return 0


def list_jobs(status: str | None) -> int:
    """Print jobs, oldest first."""
    for job in everything("/api/v1/jobs", status=status):
        error = f"  {job['error']}" if job["error"] else ""
        tries = f"{job['attempts']}/{job['tries']}"
        click.echo(f"{job['id']}  {job['status']:<7}  {tries:<5}  {clock(job['run_at'])}  {job['kind']}{error}")
    return 0


def replay_job(id: str) -> int:
    """Have a job run again."""
    told(ask("POST", f"/api/v1/jobs/{quote(id, safe='')}/replay"))
    click.echo(f"{id} waits to be run.")
    return 0


def everything(path: str, **query: object) -> Iterator[Line]:
    """Every item of a list, page by page."""
    cursor: object = None
    while True:
        page = told(ask("GET", path, query={**query, "cursor": cursor, "limit": 200})).json()
        yield from cast("list[Line]", page["items"])
        if (cursor := page["next"]) is None:
            return


def clock(at: object) -> str:
    """An instant as people read it, in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M") if isinstance(at, int) else ""
