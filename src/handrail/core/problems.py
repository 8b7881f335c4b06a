"""Problems: what keeps a document from being published, each at its place."""

from __future__ import annotations

from typing import Literal

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong: a stable code, the path it sits at (`content.steps[2].target`), a sentence."""

    code: str
    path: str
    message: str
    severity: Literal["error", "warning"] = "error"
