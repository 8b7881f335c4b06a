"""Targets: the page element a step points at, described by several signals, never one selector."""

from __future__ import annotations

from typing import Literal

import msgspec

from handrail.core.experiences.blocks import Text


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Signals of one element. At least one is needed; each given one must agree, `css` narrows the search.

    `test_id` is any of data-testid, data-test, data-cy, data-qa, data-test-id. `name` is the accessible name and is
    compared per locale. `near` is the text of the nearest heading. `nth` (from 0) picks among equals. `frame` and
    `shadow` are CSS paths into same-origin frames and open shadow roots, outermost first.
    """

    css: str | None = None
    test_id: str | None = None
    id: str | None = None
    role: str | None = None
    name: Text | None = None
    text: Text | None = None
    near: Text | None = None
    nth: int | None = None
    frame: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()


class Missing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens when the target is not there: wait `wait_seconds`, then do `then` (`step` names go_to_step's)."""

    wait_seconds: float = 6
    then: Literal["float", "skip", "go_to_step", "end"] = "float"
    step: str | None = None
