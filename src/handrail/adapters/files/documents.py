"""Documents in files: one experience or destination a file, or `segments.yaml` and `themes.yaml` holding lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import msgspec
import yaml

from handrail.adapters.files.yaml import BadFile, Read, read_yaml
from handrail.core.errors import Invalid
from handrail.core.experiences.codec import decode
from handrail.core.experiences.model import Experience
from handrail.core.experiences.themes import Theme
from handrail.core.segments import Segment
from handrail.segmentio.destination.model import Destination
from handrail.workspace.apply import Document, Found, Placed, kind_of

ENDINGS = (".yaml", ".yml")
LISTS: Mapping[str, type[Segment] | type[Theme]] = {"segments": Segment, "themes": Theme}


class Files:
    """Files read for one command; knows the line of every path in them."""

    def __init__(self) -> None:
        self._read: dict[str, Read] = {}
        self.documents: list[Placed] = []
        self.problems: list[Found] = []

    def add(self, paths: Iterable[Path]) -> None:
        """Read files, and folders with all YAML files in them. What cannot be read becomes a problem."""
        for path in paths:
            files = sorted(each for each in path.rglob("*") if each.suffix in ENDINGS) if path.is_dir() else [path]
            if not files:
                self.problems.append(Found(str(path), "", "no_files", "There is no YAML file in this folder."))
            for file in files:
                self._add(file)

    def _add(self, file: Path) -> None:
        source = str(file)
        try:
            read = self._read[source] = read_yaml(file.read_bytes(), source)
        except OSError as problem:
            self.problems.append(Found(source, "", "unreadable", f"This file cannot be read: {problem.strerror}."))
            return
        except BadFile as problem:
            self._read[source] = Read(None, {"": problem.line})
            self.problems.append(Found(source, "", problem.code, problem.message.partition(": ")[2]))
            return
        for root, value, kind in _parts(read.value, file.stem):
            try:
                self.documents.append(Placed(cast("Document", decode(value, kind, root)), source, root))
            except Invalid as problem:
                self.problems.append(Found(source, problem.path, "invalid", problem.message))

    def place(self, found: Found) -> str:
        """Where a problem is: `file:line: path`."""
        read = self._read.get(found.source)
        line = read.line_of(found.path) if read else 1
        place = f"{found.source}:{line}" if found.source else ""
        return ": ".join(part for part in (place, found.path) if part)


def _parts(value: object, stem: str) -> list[tuple[str, object, type]]:
    """The documents of one file: where each stands, what it says, what it should be."""
    if isinstance(value, list) and value:
        # A file called segments or themes lists those; any other lists experiences.
        kind = LISTS.get(stem, cast("type", Experience))
        return [(f"[{at}]", each, kind) for at, each in enumerate(cast("list[object]", value))]
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        found: list[tuple[str, object, type]] = []
        for word, kind in LISTS.items():
            listed = members.get(word)
            if isinstance(listed, list) and "kind" not in members:
                found += [(f"{word}[{at}]", each, kind) for at, each in enumerate(cast("list[object]", listed))]
        if found:
            return found
        if members.get("kind") == "destination":
            return [("", value, Destination)]
    return [("", value, cast("type", Experience))]


def write_yaml(document: Document) -> str:
    """A document as a file: members in their declared order, texts on their own lines where they are long."""
    plain = msgspec.json.decode(msgspec.json.encode(document))
    order = ("kind", "key", "name", "tags", "audience", "where", "show_on", "when", "frequency", "priority")
    first = {word: plain[word] for word in order if word in plain}
    rest = {word: value for word, value in plain.items() if word not in first and word != "content"}
    last = {"content": plain["content"]} if "content" in plain else {}
    return yaml.dump(first | rest | last, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    """Quotes the words that other YAML readers take for something else; ours reads them as text either way."""


def file_name(document: Document) -> str:
    """The name of a document's own file."""
    return f"{document.key}.{kind_of(document)}.yaml"
