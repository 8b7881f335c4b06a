"""ask, segments, plan: questions from the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import click
import msgspec

from handrail.adapters.files.yaml import read_yaml
from handrail.cli.client import Answer, ask, told
from handrail.cli.documents import read_files, sent, show
from handrail.core.errors import HandrailError, Invalid
from handrail.delivery.explain import line_text
from handrail.http.api.questions import Why
from handrail.workspace.apply import Found
from handrail.workspace.plan import Plan
from handrail.workspace.questions.model import Cell, Table


def ask_file(file: str, environment: str, *, as_json: bool) -> int:
    """Print the answer to the question in a YAML or JSON file, `-` for standard input."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as problem:
        raise HandrailError(f"{file} cannot be read: {problem.strerror}") from None
    question = read_yaml(data, file).value
    answer = told(ask("POST", "/api/v1/ask", body={"ask": question, "environment": environment}))
    return print_answer(answer, as_json=as_json)


def print_answer(answer: Answer, *, as_json: bool) -> int:
    """A table as people read it, or as it was sent."""
    if as_json:
        click.echo(answer.body.decode())
        return 0
    table = msgspec.json.decode(answer.body, type=Table)
    for line in as_lines(table):
        click.echo(line)
    return 0


def as_lines(table: Table) -> list[str]:
    """Columns under each other, then what is said of all rows."""
    rows = [tuple(map(_shown, row)) for row in table.rows]
    widths = [max(map(len, column)) for column in zip(table.columns, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (table.columns, *rows)
    ]
    lines += [f"{name}: {_shown(value)}" for name, value in table.facts.items() if value is not None]
    if table.up_to:
        lines.append("These are at most so many: a line of the audience can only be answered by a browser.")
    return lines


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return "-"
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 1 << 53:
            return str(int(cell))
        case _:
            return str(cell)


def list_segments() -> int:
    """Every segment, its key and name."""
    answer = told(ask("GET", "/api/v1/segments")).json()
    for segment in msgspec.convert(answer["segments"], list[dict[str, object]]):
        kind = "manual" if "users" in segment else "dynamic"
        click.echo(f"{segment['key']}  {kind}  {segment.get('name', '')}".rstrip())
    return 0


def list_members(key: str, environment: str, after: str, limit: int, *, as_json: bool) -> int:
    """A page of a segment's users."""
    query = {"environment": environment, "after": after, "limit": limit}
    return print_answer(told(ask("GET", f"/api/v1/segments/{key}/members", query=query)), as_json=as_json)


def why_member(key: str, user: str | None, anonymous: str | None, environment: str) -> int:
    """Whether a user is in a segment, line by line."""
    if user is None and anonymous is None:
        raise Invalid("Name a USER, or an anonymous id with --anonymous.")
    query = {"environment": environment, "user": user, "anonymous": anonymous}
    why = msgspec.json.decode(told(ask("GET", f"/api/v1/segments/{key}/why", query=query)).body, type=Why)
    for line in line_text(why.line):
        click.echo(line)
    return 0


def show_counters(environment: str) -> int:
    """Print what is counted, and how far new counters have come."""
    shown = told(ask("GET", "/api/v1/counters", query={"environment": environment})).json()
    for each in cast("list[dict[str, object]]", shown["counters"]):
        click.echo(f"{each['event']}{'  (of some)' if each['filtered'] else ''}")
    if (counting := cast("dict[str, int] | None", shown["counting"])) is not None:
        share = counting["done"] / max(counting["total"], 1)
        click.echo(f"New counters are being counted over the log: {share:.0%} done.", err=True)
    return 0


def list_uses(key: str) -> int:
    """What asks for a segment."""
    answer = told(ask("GET", f"/api/v1/segments/{key}/uses")).json()
    uses = msgspec.convert(answer["uses"], list[dict[str, str]])
    for use in uses:
        place = f" in {use['environment']}" if use.get("environment") else ""
        click.echo(f"{use['kind']} {use['key']}{place}")
    if not uses:
        click.echo(f"Nothing asks for {key}.")
    return 0


def delete_segment(key: str) -> int:
    """Delete a segment that nothing asks for."""
    told(ask("DELETE", f"/api/v1/segments/{key}"))
    click.echo(f"Deleted segment {key}.")
    return 0


def plan_files(paths: Sequence[str], environment: str, *, prune: bool) -> int:
    """Say what an apply of these files would change. 0 nothing or something, 1 refused."""
    files = read_files(paths)
    if files.problems:
        show(files, files.problems)
        return 1
    body = {"documents": sent(files), "environment": environment, "prune": prune}
    answer = ask("POST", "/api/v1/plan", body=body)
    if answer.status == 422 and (found := answer.json().get("problems")):
        show(files, msgspec.convert(found, list[Found]))
        return 1
    plan = msgspec.json.decode(told(answer).body, type=Plan)
    show(files, plan.warnings)
    for changed in plan.changes:
        click.echo(f"{changed.change:>9}  {changed.kind} {changed.key}")
    for effect in plan.effects:
        about = "up to " if effect.up_to else ""
        click.echo(
            f"{effect.experience}: {about}{effect.gain} gain it, {effect.lose} lose it, {effect.users} may meet it then"
        )
    if not plan.effects:
        click.echo("Nobody gains or loses an experience.")
    click.echo(f"{environment} is at revision {plan.revision}; nothing was changed.")
    return 0
