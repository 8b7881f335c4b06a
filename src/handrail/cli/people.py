"""users, import, export and erase: people from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import click
import msgspec

from handrail.cli.client import ask, told, upload
from handrail.core.errors import Invalid


def list_users(search: str, environment: str, limit: int, *, anonymous: bool) -> int:
    """Print users, one a line: id, e-mail address, name."""
    after, left = "", limit
    while left > 0:
        query = {"environment": environment, "search": search, "after": after, "limit": min(left, 200)}
        page = told(ask("GET", "/api/v1/users", query=query | {"anonymous": anonymous})).json()
        for user in cast("list[dict[str, object]]", page["users"]):
            who = user["user_id"] or f"(anonymous {user['anonymous_id']})"
            click.echo("  ".join(str(each) for each in (who, user["email"], user["name"]) if each))
            left -= 1
        if page["next"] is None:
            break
        after = str(page["next"])
    return 0


def export_user(user: str | None, anonymous: str | None, environment: str) -> int:
    """Print everything kept about one person, as JSON."""
    query = {"user": user, "anonymous": anonymous, "environment": environment}
    answer = told(ask("GET", "/api/v1/user/export", query=query))
    click.echo(msgspec.json.format(answer.body, indent=2))
    return 0


def erase_user(user: str | None, anonymous: str | None, environment: str, *, sure: bool) -> int:
    """Erase one person and print the receipt."""
    who = user or anonymous
    if not sure and not click.confirm(f"Erase everything about {who!r} in {environment}, for ever?"):
        return 1
    query = {"user": user, "anonymous": anonymous, "environment": environment}
    answer = told(ask("DELETE", "/api/v1/user", query=query))
    click.echo(msgspec.json.format(answer.body, indent=2))
    return 0


def import_users(file: str, pairs: tuple[str, ...], environment: str, *, dry_run: bool, import_id: str | None) -> int:
    """Import users from a CSV file, with progress. 0 all of them, 1 when lines were left out."""
    query: dict[str, object] = {
        "environment": environment,
        "map": msgspec.json.encode(mapping_of(pairs)).decode(),
        "dry_run": dry_run,
        "id": import_id,
    }
    last: dict[str, object] = {}
    for line in upload("/api/v1/users/import", query=query, file=Path(file)):
        last = msgspec.json.decode(line, type=dict[str, object])
        if "rows" in last and "done" not in last and sys.stderr.isatty():
            click.echo(f"\r{last['rows']} lines, {last['imported']} users ", err=True, nl=False)
    if "error" in last:
        click.echo(f"handrail: {last['error']}", err=True)
        last = cast("dict[str, object]", last["report"])
        if last["rows"]:
            _show(last, file)
        return 1
    _show(last, file)
    return 1 if last["refused"] else 0


def mapping_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """COLUMN=TARGET pairs as a mapping. Raises Invalid."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        column, equals, target = pair.rpartition("=")
        if not equals:
            raise Invalid(f"{pair!r} is no COLUMN=TARGET, such as 'User ID=id' or 'Seats=custom.seats:number'.")
        mapping[column] = target
    return mapping


def _show(report: dict[str, object], file: str) -> None:
    for problem in cast("list[dict[str, object]]", report["problems"]):
        column = f" {problem['column']!r}:" if problem["column"] else ""
        click.echo(f"{file}:{problem['line']}:{column} {problem['message']}", err=True)
    verb = "would be imported" if report["dry_run"] else "imported"
    click.echo(f"{report['rows']} lines: {report['imported']} users {verb}, {report['refused']} lines refused.")
    if report["cells_left_out"]:
        click.echo(f"{report['cells_left_out']} cells were left out.")
    for name, count in cast("dict[str, int]", report["attributes"]).items():
        click.echo(f"  {name}: {count}")
