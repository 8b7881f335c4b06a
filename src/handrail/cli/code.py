"""run-js: the agreement, and code that waits to be approved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import quote

import click

from handrail.cli.client import ask, told

Line = Mapping[str, object]


def show_run_js() -> int:
    """Say whether code may run, what code there is, and what was done."""
    found = told(ask("GET", "/api/v1/run-js")).json()
    click.echo(f"Run JavaScript is {'on' if found['on'] else 'off'}.")
    for each in cast("list[Line]", found["code"]):
        by = f"approved by {each['approved_by']}" if each["approved_by"] else "not approved"
        click.echo(f"{each['hash']}  proposed by {each['proposed_by']}, {by}")
    for each in cast("list[Line]", found["audit"]):
        click.echo(f"{each['number']:>4}  {each['at']}  {each['who']}  {each['what']}  {each['detail']}")
    if found["audit_broken_at"] is not None:
        click.echo(f"The audit record was tampered with at entry {found['audit_broken_at']}.", err=True)
        return 1
    return 0


def sign_agreement(*, yes: bool) -> int:
    """Show the agreement and sign it as the operator of this installation."""
    found = told(ask("GET", "/api/v1/run-js")).json()
    click.echo(found["agreement"])
    if not yes and not click.confirm("Sign this for the project?"):
        return 1
    told(ask("POST", "/api/v1/run-js/agreement", body={"version": found["version"]}))
    click.echo("Run JavaScript is on.")
    return 0


def withdraw_agreement() -> int:
    """Turn Run JavaScript off."""
    told(ask("DELETE", "/api/v1/run-js/agreement"))
    click.echo("Run JavaScript is off; open pages hear of it within a minute.")
    return 0


def propose_code(file: str) -> int:
    """Have the code in FILE looked at; prints its hash."""
    made = told(ask("POST", "/api/v1/run-js/code", body={"code": Path(file).read_text(encoding="utf-8")})).json()
    click.echo(made["hash"])
    return 0


def approve_code(hash: str) -> int:
    """Approve the code with this hash."""
    made = told(ask("POST", f"/api/v1/run-js/code/{quote(hash, safe='')}/approval")).json()
    click.echo(cast("str", made["code"]))
    click.echo(f"{made['hash']} is approved by {made['approved_by']}.", err=True)
    return 0
