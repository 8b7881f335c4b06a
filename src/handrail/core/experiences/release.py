"""What this release runs. A document that asks for more is refused by name, never accepted and ignored (RULES 35).

`spec/tables/kinds.json` and `spec/tables/actions.json` say the same; a test holds them equal.
"""

from __future__ import annotations

KINDS = frozenset({"tour", "survey", "banner", "checklist", "resource_center"})
FORMS = frozenset({"tooltip", "modal", "snippet"})
ACTIONS = frozenset({"go_to_step", "launch_experience", "dismiss", "snooze", "book_interview", "navigate_to"})
SHOW_ON = frozenset({"page_opening", "element_click", "page_exit", "event", "manual", "link", "none"})

INTERRUPTING = frozenset({"tour", "survey"})
"""Kinds that share the one place, and whose showing counts for the project's rate limit."""

STAYING = frozenset({"checklist", "resource_center"})
"""Kinds that stay on the page: seeing one does not use it up, and it stands in every tab."""

POINTING = frozenset({"tooltip", "badge", "cursor"})
"""Forms that need a target."""
STANDING = frozenset({"modal", "snippet"})
"""Forms that stand alone."""


def listed(words: frozenset[str]) -> str:
    """The words as a sentence lists them."""
    return ", ".join(sorted(words))
