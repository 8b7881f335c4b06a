"""drift: what was edited elsewhere since files and installation were last the same.

`pull` and `apply` of a folder leave a small file in it that says what both held then. With it, drift tells edits here
from edits elsewhere; without it, it can only say that the two differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import click
import msgspec

from handrail.cli.client import ask, told
from handrail.cli.documents import SORTS, read_files, show
from handrail.core.experiences.codec import decode
from handrail.http.api.documents import type_of_document
from handrail.workspace.apply import Document, kind_of

BASE = ".handrail-base.json"

Digests: TypeAlias = Mapping[str, str]
"""A digest of each document, by its sort and key."""


class Base(msgspec.Struct):
    """What a folder and its installation held when they were last the same, by environment."""

    environments: dict[str, dict[str, str]] = {}


def report_drift(paths: Sequence[str], environment: str) -> int:
    """A line for each document that differs. 0 when none does, 1 otherwise."""
    files = read_files(paths)
    if files.problems:
        show(files, files.problems)
        return 1
    here = digests([each.document for each in files.documents])
    live, paused = _live(environment)
    differences = list(compare(here, live, _base(paths, environment), paused))
    for what, name in differences:
        click.echo(f"{what:>22}  {name}")
    if not differences:
        click.echo(f"{environment} holds exactly these documents.")
    return 1 if differences else 0


def compare(here: Digests, live: Digests, base: Digests | None, paused: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What became of each document that differs, and its name."""
    for name in sorted(here.keys() | live.keys()):
        mine, theirs = here.get(name), live.get(name)
        before = None if base is None else base.get(name)
        if mine == theirs:
            if name in paused:
                yield "paused elsewhere", name
        elif theirs is None:
            yield "not published" if before is None else "deleted elsewhere", name
        elif mine is None:
            yield "only published" if base is None else "added elsewhere" if before is None else "deleted here", name
        elif before is None:
            yield "differs", name
        elif before == mine:
            yield "edited elsewhere", name
        else:
            yield "edited here" if before == theirs else "edited here and there", name


def digests(documents: Sequence[Document]) -> dict[str, str]:
    """A digest of each document, by its sort and key."""
    return {f"{_sort(each)} {each.key}": _digest(each) for each in documents}


def remember(paths: Sequence[str], environment: str) -> None:
    """Note in a folder what it and the installation hold now; several paths or single files are not noted."""
    folder = _folder(paths)
    if folder is None:
        return
    base = _read(folder)
    base.environments[environment] = _live(environment)[0]
    (folder / BASE).write_bytes(msgspec.json.format(msgspec.json.encode(base, order="sorted"), indent=2) + b"\n")


def _sort(document: Document) -> str:
    return SORTS.get(kind_of(document), "experience")


def _digest(document: Document) -> str:
    return hashlib.blake2b(msgspec.json.encode(document, order="sorted"), digest_size=12).hexdigest()


def _live(environment: str) -> tuple[dict[str, str], frozenset[str]]:
    """Digests of what is published, and the names of what is paused."""
    answer = told(ask("GET", "/api/v1/documents", query={"environment": environment})).json()
    documents = [
        cast("Document", decode(sent["document"], cast("type", type_of_document[str(sent["sort"])])))
        for sent in msgspec.convert(answer["documents"], list[dict[str, object]])
    ]
    return digests(documents), frozenset(f"experience {key}" for key in cast("list[str]", answer["paused"]))


def _folder(paths: Sequence[str]) -> Path | None:
    return Path(paths[0]) if len(paths) == 1 and Path(paths[0]).is_dir() else None


def _base(paths: Sequence[str], environment: str) -> Digests | None:
    folder = _folder(paths)
    return None if folder is None else _read(folder).environments.get(environment)


def _read(folder: Path) -> Base:
    try:
        return msgspec.json.decode((folder / BASE).read_bytes(), type=Base)
    except (OSError, msgspec.DecodeError):
        return Base()
