"""Walking a document: every struct and every text in it, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import msgspec

from handrail.core.experiences.triggers import AttributeIs
from handrail.core.pages import UrlRule
from handrail.core.templates import chips

ADDRESSES = frozenset({"url", "link", "src", "poster"})
"""Members whose text is an address: chips in it are written `{name}` as well."""


def structs_in(node: object) -> Iterator[msgspec.Struct]:
    """A node and every struct below it, in document order."""
    if isinstance(node, msgspec.Struct):
        yield node
        for name in node.__struct_fields__:
            yield from structs_in(getattr(node, name))
    elif isinstance(node, tuple | list):
        for member in cast("tuple[object, ...]", node):
            yield from structs_in(member)


def chip_names(node: object) -> frozenset[str]:
    """The attributes that the chips of a document name."""
    found: set[str] = set()
    for struct in structs_in(node):
        for name in struct.__struct_fields__:
            kind = "url" if name in ADDRESSES else "text"
            for text in _texts(getattr(struct, name)):
                found.update(chip.name for chip in chips(text, kind))
    return frozenset(found)


def attributes_in(node: object) -> frozenset[str]:
    """The attributes that a document's reader has to be told: those of its chips, and those its triggers wait for."""
    return chip_names(node) | {each.attribute for each in structs_in(node) if isinstance(each, AttributeIs)}


def _texts(value: object) -> Iterator[str]:
    """The texts that a member holds itself: one, or one for each language."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in cast("Mapping[str, object]", value).values():
            if isinstance(each, str):
                yield each
    elif isinstance(value, tuple | list):
        for each in cast("tuple[object, ...]", value):
            if not isinstance(each, msgspec.Struct):
                yield from _texts(each)


def patterns_in(node: object) -> frozenset[str]:
    """The patterns that the URL rules of a document ask for, and what its triggers wait for."""
    return frozenset(
        str(struct.value)
        for struct in structs_in(node)
        if isinstance(struct, UrlRule | AttributeIs) and struct.operator == "matches"
    )
