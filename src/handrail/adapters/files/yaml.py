"""YAML as documents use it: the core schema of YAML 1.2, with the line of every value remembered.

PyYAML composes the nodes; we make the values. So `no` and `on` stay text, a key written twice is an error, aliases
cannot be used (they are how small files become large trees), and every later problem finds its line.
"""

from __future__ import annotations

import re
from typing import cast

import msgspec
import yaml

from handrail.core.errors import Invalid

NULL = frozenset({"", "~", "null", "Null", "NULL"})
TRUE = frozenset({"true", "True", "TRUE"})
FALSE = frozenset({"false", "False", "FALSE"})
INTEGER = re.compile(r"[-+]?[0-9]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
MAX_BYTES = 1024 * 1024


class Read(msgspec.Struct, frozen=True):
    """A file's value, and the line (from 1) of every path in it: `content.steps[0].key`."""

    value: object
    lines: dict[str, int]

    def line_of(self, path: str) -> int:
        """The line of a path, or of the nearest one above it that is written down."""
        while path and path not in self.lines:
            cut = max(path.rfind("."), path.rfind("["))
            path = path[:cut] if cut > 0 else ""
        return self.lines.get(path, 1)


class BadFile(Invalid):
    """A file that cannot be read as YAML; the message carries file and line."""

    code = "bad_file"

    def __init__(self, source: str, line: int, message: str) -> None:
        super().__init__(f"{source}:{line}: {message}")
        self.source = source
        self.line = line


def read_yaml(data: bytes, source: str) -> Read:
    """The value of a YAML document. `source` names it in errors. Raises BadFile."""
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise BadFile(source, 1, "The file starts with a byte order mark; save it as UTF-8 without one.")
    if len(data) > MAX_BYTES:
        raise BadFile(source, 1, f"The file is larger than {MAX_BYTES} bytes.")
    try:
        text = data.decode()
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise BadFile(source, line, "The file is not UTF-8.") from None
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise BadFile(source, 1, "Aliases (*name) cannot be used in documents.")
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        raise BadFile(source, (mark.line if mark else 0) + 1, problem.problem or "This is no YAML.") from None
    except yaml.YAMLError as problem:
        raise BadFile(source, 1, f"This is no YAML: {problem}") from None
    except RecursionError:
        raise BadFile(source, 1, "The file is nested too deep.") from None
    lines: dict[str, int] = {}
    return Read(None if node is None else _value(node, "", lines, source), lines)


def _value(node: yaml.Node, path: str, lines: dict[str, int], source: str) -> object:
    lines.setdefault(path, node.start_mark.line + 1)
    match node:
        case yaml.MappingNode():
            return _mapping(node, path, lines, source)
        case yaml.SequenceNode():
            members = cast("list[yaml.Node]", node.value)
            return [_value(each, f"{path}[{at}]", lines, source) for at, each in enumerate(members)]
        case yaml.ScalarNode():
            return _scalar(node, source)
        case _:
            raise BadFile(source, node.start_mark.line + 1, "This cannot be used in documents.")


def _mapping(node: yaml.MappingNode, path: str, lines: dict[str, int], source: str) -> dict[str, object]:
    made: dict[str, object] = {}
    for key, member in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise BadFile(source, line, "A key is plain text.")
        name = str(key.value)
        if name in made:
            raise BadFile(source, line, f"The key {name!r} is written twice.")
        inner = f"{path}.{name}" if path else name
        lines[inner] = line
        made[name] = _value(member, inner, lines, source)
    return made


def _scalar(node: yaml.ScalarNode, source: str) -> object:
    text = str(node.value)
    if node.style is not None or (node.tag == "tag:yaml.org,2002:str" and not _plain(text)):
        return text
    if node.tag.startswith("!"):
        raise BadFile(source, node.start_mark.line + 1, f"The tag {node.tag!r} cannot be used in documents.")
    return _plain_value(text)


def _plain(text: str) -> bool:
    return _plain_value(text) is not text


def _plain_value(text: str) -> object:
    if text in NULL:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    if INTEGER.fullmatch(text):
        return int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    return text
