"""What this release runs. A document that asks for more is refused by name, never accepted and ignored (RULES 35).

`spec/tables/kinds.json` and `spec/tables/actions.json` say the same; a test holds them equal.
"""

from __future__ import annotations

from handrail.core.actions import ORDER

KINDS = frozenset({"tour", "survey", "banner", "hint", "checklist", "resource_center", "post"})
FORMS = frozenset({"tooltip", "modal", "snippet", "badge", "cursor"})
ACTIONS = frozenset(ORDER)
SHOW_ON = frozenset({"page_opening", "element_click", "page_exit", "event", "manual", "link", "none"})

INTERRUPTING = frozenset({"tour", "survey"})
"""Kinds that share the one place, and whose showing counts for the project's rate limit."""

STAYING = frozenset({"hint", "checklist", "resource_center", "post"})
"""Kinds that stay on the page: seeing one does not use it up, and it stands in every tab."""
RETURNING = frozenset({"hint"})
"""Of these, those that come back after they were completed as after they were dismissed, by their frequency."""

POINTING = frozenset({"tooltip", "badge", "cursor"})
"""Forms that need a target."""
STANDING = frozenset({"modal", "snippet"})
"""Forms that stand alone."""


def listed(words: frozenset[str]) -> str:
    """The words as a sentence lists them."""
    return ", ".join(sorted(words))
