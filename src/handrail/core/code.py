"""Code of run_js actions: what is approved and served is one module's bytes, and its hash is its name.

An author writes the body of a function, or a whole module that exports `run`. Both become module text; the SHA-256 of
that text is what a second member approves, what delivered content names, and what the module's address is.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Literal, TypeAlias

from handrail.core.actions import RunJs
from handrail.core.experiences.walk import structs_in

Form: TypeAlias = Literal["body", "module"]

LONGEST = 20_000
"""Code points of one action's code."""


def module_of(code: str, form: Form) -> str:
    """The module that runs: the code itself, or a function around it."""
    if form == "module":
        return code
    return f"export function run(context) {{\n{code}\n}}\n"


def hash_of(module: str) -> str:
    """The name of a module: its SHA-256 in base64url, 43 characters."""
    return urlsafe_b64encode(hashlib.sha256(module.encode()).digest()).rstrip(b"=").decode()


def codes_in(document: object) -> frozenset[str]:
    """The code of every run_js action of a document, as it is written there."""
    return frozenset(each.code for each in structs_in(document) if isinstance(each, RunJs))
