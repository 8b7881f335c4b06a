"""segment test and segment status: Segment destinations from the command line."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from handrail.cli.client import ask, told
from handrail.cli.documents import read_files, show
from handrail.core.errors import HandrailError
from handrail.ingest.destinations import DestinationReport
from handrail.ingest.trying import Tried
from handrail.segmentio.destination.fields import FieldProblem
from handrail.segmentio.destination.model import Destination


def try_file(file: str, environment: str, *, key: str | None, destination: str | None) -> int:
    """0 when no mapping fails, 1 when one does or the door refuses the event."""
    body: dict[str, object] = {"event": _event(file), "environment": environment, "key": key}
    if destination is not None:
        files = read_files([destination])
        if files.problems:
            show(files, files.problems)
            return 1
        documents = [each.document for each in files.documents if isinstance(each.document, Destination)]
        if len(documents) != 1:
            raise HandrailError(f"{destination} holds {len(documents)} destinations; one is expected.")
        body["destination"] = documents[0]
    tried = msgspec.json.decode(told(ask("POST", "/api/v1/segment/test", body=body)).body, type=Tried)
    for problem in tried.problems:
        click.echo(f"The door refuses this event: {_said(problem)}", err=True)
    if not tried.problems and not tried.destinations:
        click.echo(f"{environment} has no Segment destination: this event would be kept as it is.")
    failed = bool(tried.problems)
    for each in tried.destinations:
        click.echo(each.key)
        for mapping in each.mappings:
            failed |= mapping.outcome == "failed"
            click.echo(f"  {mapping.outcome:>9}  {mapping.name}  ({mapping.action} when {mapping.trigger})")
            for problem in mapping.problems:
                click.echo(f"             {_said(problem)}")
            if mapping.payload is not None:
                click.echo(f"             {msgspec.json.encode(mapping.payload).decode()}")
    return 1 if failed else 0


def _event(file: str) -> msgspec.Raw:
    try:
        text = Path(file).read_bytes()
    except OSError as problem:
        raise HandrailError(f"{file} cannot be read: {problem.strerror}.") from None
    try:
        return msgspec.Raw(msgspec.json.encode(msgspec.json.decode(text)))
    except (msgspec.DecodeError, RecursionError) as problem:
        raise HandrailError(f"{file} is no JSON: {problem}.") from None


def _said(problem: FieldProblem) -> str:
    return f"{problem.path}: {problem.message}" if problem.path else problem.message


class _Reports(msgspec.Struct):
    destinations: list[DestinationReport]


def show_status(environment: str) -> int:
    """0; 1 when a mapping failed."""
    answer = told(ask("GET", "/api/v1/segment/destinations", query={"environment": environment}))
    reports = msgspec.json.decode(answer.body, type=_Reports).destinations
    if not reports:
        click.echo(f"{environment} has no Segment destination.")
    failed = 0
    for each in reports:
        state = "" if each.enabled else ", disabled"
        click.echo(f"{each.key}: {each.received} received, {each.unmatched} matched nothing{state}")
        for mapping in each.mappings:
            counted = mapping.counted
            failed += counted.failed
            click.echo(
                f"  {mapping.name}: {counted.sent} sent, {counted.held} held, "
                f"{counted.blocked} blocked, {counted.failed} failed"
            )
            for failure in mapping.failures[:5]:
                for problem in failure.problems:
                    click.echo(f"      {failure.message_id}  {_said(problem)}")
    return 1 if failed else 0
