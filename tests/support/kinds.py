"""One experience of each kind and form, as hosts meet them, for tests that look at all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from tests.support.demo import Demo

PROJECT = "5f0f3b1e-7c1d-4c39-9d0a-2a6d1f1d0b57"
DONE = {"type": "button", "label": "Got it", "actions": [{"type": "dismiss"}]}
WORDS = [
    {"type": "heading", "text": "Your reports"},
    {"type": "paragraph", "text": "Everything you saved stands here, newest first."},
]


def _tour(key: str, **step: object) -> dict[str, object]:
    return {
        "kind": "tour",
        "key": key,
        "name": key.title(),
        "show_on": {"on": "manual"},
        "respects_rate_limit": False,
        "content": {"steps": [{"key": "one", "blocks": [*WORDS, DONE], **step}]},
    }


def _banner(key: str, layout: str) -> dict[str, object]:
    blocks = [{"type": "paragraph", "text": "Maintenance tonight at nine."}, DONE]
    content = {"layout": layout, "position": "top", "blocks": blocks}
    return {"kind": "banner", "key": key, "name": key.title(), "show_on": {"on": "manual"}, "content": content}


def _survey(key: str, **question: object) -> dict[str, object]:
    return {
        "kind": "survey",
        "key": key,
        "name": key.title(),
        "show_on": {"on": "manual"},
        "respects_rate_limit": False,
        "content": {"steps": [{"key": "ask", "title": "What would make reports better?", **question}]},
    }


FORMS: dict[str, dict[str, object]] = {
    "tooltip": _tour("tooltip", target={"css": "#target"}, backdrop=True, placement="bottom"),
    "modal": _tour("modal", form="modal"),
    "snippet": _tour("snippet", form="snippet"),
    "floating": _banner("floating", "floating"),
    "inline": _banner("inline", "inline"),
    "survey": _survey("survey", type="open_text"),
}

CURSOR = _tour("cursor", form="cursor", target={"css": "#target"}, placement="bottom")

TO = {"type": "navigate_to", "url": "#reports"}
OPEN = {"type": "button", "label": "Open", "actions": [TO]}

PASSIVE: dict[str, dict[str, object]] = {
    "checklist": {
        "kind": "checklist",
        "content": {
            "title": "First steps",
            "expand": "never",
            "launcher": {"label": "Steps", "icon": "check"},
            "tasks": [
                {"key": "look", "title": "Look at reports", "text": "The newest first.", "action": TO},
                {"key": "make", "title": "Create a report", "action": TO, "skippable": True},
            ],
        },
    },
    "resource_center": {
        "kind": "resource_center",
        "content": {
            "title": "How can we help?",
            "launcher": {"label": "Help"},
            "cards": [
                {"type": "search", "placeholder": "Search guides"},
                {"type": "card", "key": "import", "title": "Import reports", "text": "From a file.", "actions": [TO]},
                {"type": "links", "title": "More", "links": [{"label": "Status", "url": "#status"}]},
            ],
        },
    },
    "hint": {
        "kind": "hint",
        "content": {"hints": [{"key": "text", "target": {"css": "#text"}, "label": "About sales", "blocks": WORDS}]},
    },
    "badge": _tour("badge", form="badge", target={"css": "#target"}),
    "post": {
        "kind": "post",
        "content": {"label": "New", "title": "Exports are faster", "blocks": [WORDS[1]], "cta": OPEN},
    },
}
"""What stays on the page or waits there for a press: each stands behind a button of its own, or in the feed."""
for _key, _document in PASSIVE.items():
    PASSIVE[_key] = {"key": _key, "name": _key.title(), "show_on": {"on": "manual"}, **_document}
PRESSED = ("hint", "badge")
"""Those of them that are started without a card: it comes when somebody presses for it."""


def in_theme(documents: dict[str, dict[str, object]], scheme: str) -> dict[str, dict[str, object]]:
    """The same documents again in a theme of this scheme, as `KEY-SCHEME`."""
    return {
        f"{key}-{scheme}": {**document, "key": f"{key}-{scheme}", "theme": scheme}
        for key, document in documents.items()
    }


@contextmanager
def live(demo: Demo, folder: Path, documents: dict[str, dict[str, object]]) -> Iterator[Demo]:
    """The demo with these documents live beside what is, paused again afterwards: other tests share it.

    A theme they name is one of the scheme that is called so.
    """
    schemes = sorted({str(document["theme"]) for document in documents.values() if "theme" in document})
    (folder / "themes.yaml").write_text(json.dumps([{"key": scheme, "scheme": scheme} for scheme in schemes]))
    files = [str(folder / "themes.yaml")] if schemes else []
    for key, document in documents.items():
        file = folder / f"{key}.yaml"
        file.write_text(json.dumps(document))
        files.append(str(file))
    told = demo.command("apply", *files)
    assert told.returncode == 0, told.stdout + told.stderr
    yield demo
    for document in documents.values():
        demo.ask("POST", f"/api/v1/experiences/{document['key']}/pause")


def tag_for(demo: Demo, more: str = "") -> str:
    """The script element that a host puts on its page, with the write key of the demo's first environment."""
    told = cast("dict[str, list[dict[str, str]]]", demo.ask("GET", "/api/v1/project"))
    key = told["environments"][0]["write_key"]
    source = f"{demo.server}/sdk/v1/handrail.js"
    return f'<script async src="{source}" data-project="{PROJECT}" data-key="{key}" {more}></script>'
