"""The smallest document of each kind that has no problem."""

from __future__ import annotations

from typing import Any

HEADING = {"type": "heading", "text": "Hello"}

CONTENT: dict[str, Any] = {
    "tour": {"steps": [{"key": "only", "form": "modal", "blocks": [HEADING]}]},
    "banner": {"blocks": [HEADING]},
    "survey": {"steps": [{"type": "nps", "key": "score", "title": "Would you recommend us?"}]},
    "hint": {"hints": [{"key": "only", "target": {"css": "h1"}, "blocks": [HEADING]}]},
    "checklist": {
        "title": "First steps",
        "tasks": [{"key": "look", "title": "Look", "action": {"type": "navigate_to", "url": "/"}}],
    },
    "resource_center": {
        "title": "Help",
        "cards": [
            {"type": "card", "key": "docs", "title": "Docs", "actions": [{"type": "navigate_to", "url": "/docs"}]}
        ],
    },
    "post": {"title": "New", "blocks": [HEADING]},
}


def a_document(kind: str, **more: Any) -> dict[str, Any]:
    """The smallest document of a kind, with members of its own where `more` has them."""
    return {"kind": kind, "key": "hello", "name": "Hello", "content": CONTENT[kind], **more}
