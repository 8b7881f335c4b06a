"""Author's JavaScript, read but never run: which form it has, what forbids it, and the module it becomes.

The parser is tree-sitter with its grammar for JavaScript. It knows the language's syntax, not every early error (a name
declared twice, `await` outside of an async function): a browser refuses such a module, and its run is told as failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from handrail.core.code import LONGEST, hash_of, module_of

_LANGUAGE = Language(tree_sitter_javascript.language())


class BadCode(ValueError):
    """Code that may not be published; the message says why, fit to show."""


@lru_cache(256)
def module_text(code: str) -> str:
    """The module that this code becomes. Raises BadCode."""
    if not code.strip():
        raise BadCode("There is no code.")
    if len(code) > LONGEST:
        raise BadCode(f"Code has at most {LONGEST} characters.")
    if any("\ud800" <= letter <= "\udfff" for letter in code):
        raise BadCode("The code holds half a character (a lone surrogate).")
    if any(node.type == "export_statement" for node in _parse(code).children):
        return _module(code)
    return _body(code)


def why_not_code(code: str) -> str | None:
    """Why this code may not be published, or None."""
    try:
        module_text(code)
    except BadCode as problem:
        return str(problem)
    return None


def name_of(code: str) -> str:
    """The hash that names the code's module. Raises BadCode."""
    return hash_of(module_text(code))


def _module(code: str) -> str:
    root = _parse(code)
    _check(root, lines_before=0)
    if "run" not in set(_exported(root)):
        raise BadCode("The module exports no `run`: write `export function run(context) { ... }`.")
    return module_of(code, "module")


def _body(code: str) -> str:
    text = module_of(code, "body")
    root = _parse(text)
    _check(root, lines_before=1)
    # A body that closes its function and goes on behind it would run when the module is loaded, before any click.
    if [node.type for node in root.named_children if node.type != "comment"] != ["export_statement"]:
        raise BadCode("The code closes a brace that it did not open.")
    return text


def _parse(text: str) -> Node:
    return Parser(_LANGUAGE).parse(text.encode()).root_node


def _check(root: Node, lines_before: int) -> None:
    for node in _nodes(root):
        line = node.start_point.row + 1 - lines_before
        if node.is_error or node.is_missing:
            raise BadCode(f"Line {max(line, 1)} is not JavaScript.")
        # What an import brings is in nobody's hash, so nobody approved it.
        if node.type in ("import_statement", "import") or (node.type == "export_statement" and _is_from(node)):
            raise BadCode(f"Line {line} imports other code, which nobody could approve with this one.")


def _is_from(node: Node) -> bool:
    return node.child_by_field_name("source") is not None


def _nodes(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def _exported(root: Node) -> Iterator[str]:
    """The names that a module exports."""
    for statement in root.children:
        if statement.type != "export_statement":
            continue
        declared = statement.child_by_field_name("declaration")
        if declared is not None and not any(each.type == "default" for each in statement.children):
            yield from _declared(declared)
        for clause in statement.children:
            if clause.type == "export_clause":
                for each in clause.named_children:
                    name = each.child_by_field_name("alias") or each.child_by_field_name("name")
                    if name is not None and name.text is not None:
                        yield name.text.decode()


def _declared(declaration: Node) -> Iterator[str]:
    variables = [each for each in declaration.named_children if each.type == "variable_declarator"]
    for each in variables or [declaration]:
        name = each.child_by_field_name("name")
        if name is not None and name.text is not None:
            yield name.text.decode()
