"""explain, tail and rebuild: looking at an installation."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import msgspec

from handrail.cli.client import ask, lines_of, told
from handrail.core.errors import Invalid
from handrail.core.values import instant_of
from handrail.http.api.admin import Filling
from handrail.ingest.accounting import Account, Minute
from handrail.ingest.ports import RebuildReport


def explain_user(
    user: str | None,
    anonymous: str | None,
    page: str,
    at: str | None,
    experience: str | None,
    environment: str,
    device: str,
) -> int:
    """Print the explanation tree."""
    instant = None if at is None else instant_of(at, "UTC")
    if at is not None and instant is None:
        raise Invalid(f"--at: {at!r} is no instant such as 2026-12-01T09:00:00Z.")
    query = {
        "url": page,
        "user": user,
        "anonymous": anonymous,
        "environment": environment,
        "experience": experience,
        "at": instant,
        "device": device,
        "text": True,
    }
    click.echo(told(ask("GET", "/api/v1/explain", query=query)).body.decode())
    return 0


def count_users(experience: str | None, segment: str | None, environment: str) -> int:
    """Print the number; "up to" where only a browser can answer the rest."""
    query = {"experience": experience, "segment": segment, "environment": environment}
    counted = told(ask("GET", "/api/v1/count", query=query)).json()
    click.echo(f"{'up to ' if counted['up_to'] else ''}{counted['users']} users")
    return 0


def tail_server() -> int:
    """Print lines until interrupted."""
    try:
        for line in lines_of("/api/v1/tail"):
            click.echo(as_line(msgspec.json.decode(line, type=dict[str, object])))
    except KeyboardInterrupt:
        return 0
    return 0


def as_line(told_line: dict[str, object]) -> str:
    """One event or decision as people read it."""
    at = told_line.get("at")
    if told_line["what"] == "note":
        return f"({told_line['told']})"
    if told_line["what"] == "rejection":
        return f"rejected  {told_line['path']}  {told_line['code']}: {told_line['told']}"
    clock = datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S.%f")[:-3] if isinstance(at, int) else ""
    if told_line["what"] == "decision":
        candidates = told_line["candidates"]
        names = ", ".join(str(each) for each in candidates) if isinstance(candidates, list) else ""  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return f"{clock}  decision  {told_line['user']}  {told_line['url']}  may meet: {names or 'nothing'}"
    return f"{clock}  {told_line['type']}  {told_line['user']}  {told_line['name'] or ''}".rstrip()


def show_accounts(environment: str, minutes: int) -> int:
    """Print the sum, the minutes and the latest refusals; 1 when an event is not accounted for."""
    query = {"environment": environment, "minutes": minutes}
    account = msgspec.json.decode(told(ask("GET", "/api/v1/accounting", query=query)).body, type=Account)
    for minute in account.minutes:
        clock = datetime.fromtimestamp(minute.at / 1000, UTC).strftime("%H:%M")
        click.echo(f"{clock}  {as_sum(minute)}")
    click.echo(f"all    {as_sum(account.total)}")
    for sample in account.samples[:20]:
        rejection = sample.rejection
        click.echo(f"rejected  {rejection.path}  {rejection.code}: {rejection.message}")
    return 0 if account.total.is_balanced() else 1


def as_sum(minute: Minute) -> str:
    """One minute as people read it."""
    reasons = ", ".join(f"{code} {count}" for code, count in sorted(minute.rejected.items()))
    text = f"received {minute.received} = stored {minute.stored} + duplicate {minute.duplicate}"
    text += f" + rejected {sum(minute.rejected.values())}" + (f" ({reasons})" if reasons else "")
    return text + (f", of which {minute.made} were made by destinations" if minute.made else "")


def rebuild_analytics(insist: bool) -> int:
    """Empty the analytic store; the server fills it again."""
    told(ask("POST", "/api/v1/analytics/rebuild", query={"insist": insist}))
    click.echo("The analytic store is empty, and is filled from the log; `handrail analytics` tells how far it is.")
    return 0


def show_filling() -> int:
    """0 when the analytic store is up to date, 1 while it is behind."""
    filling = msgspec.json.decode(told(ask("GET", "/api/v1/analytics")).body, type=Filling)
    if filling.position >= filling.end:
        click.echo("The analytic store is up to date.")
        return 0
    click.echo(f"The analytic store is at position {filling.position} of {filling.end}.")
    return 1


def rebuild_state() -> int:
    """0 when the log folds to exactly the state that serves, 1 when not."""
    report = msgspec.json.decode(told(ask("POST", "/api/v1/rebuild")).body, type=RebuildReport)
    for difference in report.differences:
        click.echo(f"differs: {difference}", err=True)
    click.echo(f"{report.events} events, {report.rows} rows, {len(report.differences)} differences.")
    return 1 if report.differences else 0
