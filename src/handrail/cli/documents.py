"""apply, pull and lint: documents in files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import click
import msgspec

from handrail.adapters.files.documents import Files, file_name, write_yaml
from handrail.cli.client import ask, told
from handrail.core.experiences.codec import decode
from handrail.http.api.documents import SentDocument, type_of_document
from handrail.workspace.apply import Applied, Document, Found, Placed, check, kind_of

SORTS = {"segment": "segment", "theme": "theme", "destination": "destination"}


def read_files(paths: Sequence[str]) -> Files:
    """The files a command was given."""
    files = Files()
    files.add([Path(path) for path in paths])
    return files


def show(files: Files, problems: Sequence[Found]) -> None:
    """Each problem on a line: file, line, path, what is wrong."""
    for problem in problems:
        mark = "warning: " if problem.severity == "warning" else ""
        click.echo(f"{files.place(problem)}: {mark}{problem.message}", err=True)


def lint_files(paths: Sequence[str]) -> int:
    """0 when the documents could be published, 1 when not."""
    files = read_files(paths)
    # No server is asked, so nobody knows whether the agreement is signed and the code approved: apply asks for that.
    problems = [*files.problems, *check(files.documents, live={}, segments={}, themes={}, run_js=True)]
    show(files, problems)
    errors = sum(problem.severity == "error" for problem in problems)
    count = len(files.documents)
    click.echo(f"{count} document{'s' if count != 1 else ''}, {errors} error{'s' if errors != 1 else ''}.")
    return 1 if errors else 0


def sent(files: Files) -> list[SentDocument]:
    """The documents of files as an apply or a plan sends them."""
    return [
        SentDocument(
            SORTS.get(kind_of(each.document), "experience"),
            msgspec.Raw(msgspec.json.encode(each.document)),
            each.source,
            each.root,
        )
        for each in files.documents
    ]


def apply_files(paths: Sequence[str], environment: str, *, base: int | None, prune: bool) -> int:
    """Publish; says what changed. 0 done, 1 refused, 4 the environment was published to since `base`."""
    files = read_files(paths)
    if files.problems:
        show(files, files.problems)
        return 1
    body = {"documents": sent(files), "environment": environment, "base": base, "prune": prune}
    answer = ask("POST", "/api/v1/apply", body=body)
    if answer.status == 422 and (found := answer.json().get("problems")):
        show(files, msgspec.convert(found, list[Found]))
        click.echo("Nothing was published.", err=True)
        return 1
    if answer.status == 409:
        click.echo(f"handrail: {answer.json()['title']}", err=True)
        return 4
    applied = msgspec.json.decode(told(answer).body, type=Applied)
    show(files, applied.warnings)
    for changed in applied.changes:
        click.echo(f"{changed.change:>9}  {changed.kind} {changed.key}")
    click.echo(f"{environment} is at revision {applied.revision}.")
    return 0


def preview_file(path: str, page: str, key: str | None, persona: str, days: int, environment: str) -> int:
    """Make a preview link. 0 done, 1 refused."""
    files = read_files([path])
    if files.problems:
        show(files, files.problems)
        return 1
    documents = [each for each in files.documents if kind_of(each.document) not in SORTS]
    chosen = [each for each in documents if key in (None, each.document.key)]
    if len(chosen) != 1:
        names = ", ".join(each.document.key for each in documents) or "none"
        click.echo(f"Name one experience with --key; {path} has {names}.", err=True)
        return 1
    try:
        who = msgspec.json.decode(persona)
    except msgspec.DecodeError as problem:
        click.echo(f"--as is not JSON: {problem}", err=True)
        return 1
    document = msgspec.Raw(msgspec.json.encode(chosen[0].document))
    body = {"document": document, "url": page, "environment": environment, "persona": who, "days": days}
    answer = ask("POST", "/api/v1/previews", body=body)
    if answer.status == 422 and (found := answer.json().get("problems")):
        show(files, [_in_file(each, chosen[0]) for each in msgspec.convert(found, list[Found])])
        return 1
    made = told(answer).json()
    click.echo(made["link"])
    return 0


def _in_file(found: Found, placed: Placed) -> Found:
    """A problem of a call's one document, where it stands in its file."""
    path = f"{placed.root}.{found.path.removeprefix('document').lstrip('.')}".strip(".")
    return msgspec.structs.replace(found, source=placed.source, path=path)


def pull_files(folder: str, environment: str) -> int:
    """Write every live document into a folder."""
    answer = told(ask("GET", "/api/v1/documents", query={"environment": environment}))
    pulled = answer.json()
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    lists: dict[str, list[str]] = {"segments": [], "themes": []}
    for sent in msgspec.convert(pulled["documents"], list[dict[str, object]]):
        sort = str(sent["sort"])
        document = cast("Document", decode(sent["document"], cast("type", type_of_document[sort])))
        if sort in ("experience", "destination"):
            (target / file_name(document)).write_text(write_yaml(document))
        else:
            lists[f"{sort}s"].append(write_yaml(document))
    for name, written in lists.items():
        if written:
            text = "".join("- " + each.replace("\n", "\n  ").rstrip() + "\n" for each in written)
            (target / f"{name}.yaml").write_text(text)
    click.echo(f"{environment} at revision {pulled['revision']}, written to {folder}.")
    return 0
