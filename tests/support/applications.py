"""Host applications as somebody who writes experiences for them knows them, and what they would put on each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.hosts import ADMIN, GENTELELLA, MATERIAL, SPA, SWAGGER, folder_server, shop_page
from tests.support.kinds import DONE

Document = dict[str, object]

NEXT = {"type": "button", "label": "Next", "actions": [{"type": "go_to_step", "step": "next"}]}


@dataclass(frozen=True)
class Application:
    """A host application, and the elements of it that experiences point at, as selectors."""

    name: str
    folder: Path
    start: str
    link: str
    """Leads to another page or route when it is clicked."""
    beyond: str
    """An element that is only there after `link` was followed."""
    marked: str
    pages: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


APPLICATIONS = [
    Application(
        name="gentelella",
        folder=GENTELELLA,
        start="/production/index.html",
        link="a[href='tables.html']",
        beyond="table",
        marked="[aria-label='Notifications']",
    ),
    Application(
        name="sb-admin",
        folder=ADMIN,
        start="/index.html",
        link="a.nav-link[href='tables.html']",
        beyond="#dataTable_filter input",
        marked="#userDropdown",
    ),
    Application(
        name="material",
        folder=MATERIAL,
        start="/pages/dashboard.html",
        link="a[href='../pages/tables.html']",
        beyond="table",
        marked="#navbarBlur",
    ),
    Application(
        name="swagger",
        folder=SWAGGER,
        start="/shop.html",
        link="#operations-orders-get_orders .opblock-summary-control",
        beyond="#operations-orders-get_orders .try-out__btn",
        marked="#operations-tag-customers",
        pages={"/shop.html": shop_page()},
    ),
    Application(
        name="stock",
        folder=SPA,
        start="/",
        link="#to-orders",
        beyond="#region",
        marked="#to-overview",
        pages=dict.fromkeys(("/", "/orders"), (SPA / "index.html").read_bytes()),
    ),
]

DEEP: Document = {
    "kind": "tour",
    "key": "stock-deep",
    "name": "Deep",
    "show_on": {"on": "manual"},
    "respects_rate_limit": False,
    "content": {
        "steps": [
            {
                "key": key,
                "target": {"css": css},
                "missing": {"wait_seconds": 60},
                "blocks": [{"type": "heading", "text": text}, NEXT],
            }
            for key, css, text in (
                ("late", "#region", "Your region"),
                ("row", "[data-row='400']", "A row far down"),
                ("dialog", "#pieces", "How many pieces"),
            )
        ]
    },
}
"""A tour of ours through what is hard: an element that comes late, one of a virtual list, and one in a modal dialog."""


@contextmanager
def served(application: Application, tag: str) -> Iterator[str]:
    """The application with the SDK on each page, or without it where `tag` is empty; gives its origin."""

    def edit(page: bytes) -> bytes:
        return page.replace(b"<body", tag.encode() + b"<body", 1)

    with folder_server(application.folder, edit=edit, pages=application.pages, host="localhost") as origin:
        yield origin


def experiences_for(application: Application) -> dict[str, Document]:
    """A tour that crosses pages, a checklist, a hint and a survey, by their kinds."""
    crossed = {"when": [{"on": "element_clicked"}], "then": [{"type": "go_to_step", "step": "next"}]}
    documents: dict[str, Document] = {
        "tour": {
            "respects_rate_limit": False,
            "content": {
                "steps": [
                    {
                        "key": "here",
                        "target": {"css": application.link},
                        "blocks": [{"type": "heading", "text": "Follow me"}],
                        "triggers": [crossed],
                    },
                    {
                        "key": "there",
                        "target": {"css": application.beyond},
                        "blocks": [{"type": "heading", "text": "Here we are"}, DONE],
                    },
                ]
            },
        },
        "checklist": {
            "content": {
                "title": "First steps",
                "expand": "never",
                "launcher": {"label": "Steps"},
                "tasks": [
                    {
                        "key": key,
                        "title": key.title(),
                        "action": {"type": "navigate_to", "url": "#there"},
                        "done_when": {"event": f"{key.title()} Done"},
                    }
                    for key in ("look", "make")
                ],
            }
        },
        "hint": {
            "content": {
                "hints": [
                    {
                        "key": "mark",
                        "target": {"css": application.marked},
                        "label": "What is this?",
                        "blocks": [{"type": "heading", "text": "Good to know"}],
                    }
                ]
            }
        },
        "survey": {
            "respects_rate_limit": False,
            "content": {
                "steps": [
                    {"key": "stars", "type": "rating", "title": "How do you like it?"},
                    {"key": "words", "type": "open_text", "title": "And why?"},
                ]
            },
        },
    }
    return {
        kind: {
            "kind": kind,
            "key": f"{application.name}-{kind}",
            "name": kind.title(),
            "show_on": {"on": "manual"},
            **document,
        }
        for kind, document in documents.items()
    }
