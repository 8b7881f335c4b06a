"""The demo's host application: gentelella's built pages, unchanged but for the snippet and our persona switcher.

Beside it stands the gallery, a page of ours that shows every kind, state and theme under a strict policy.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from handrail.http.asgi import Receive, Scope, Send, answer

SNIPPET = """<script>window.jimo=window.jimo||[];window.JIMO_PROJECT_ID={project!r}</script>
<script defer src="/demo/switcher.js"></script><script defer crossorigin src="{sdk}/sdk/v1/handrail.js"></script>"""
"""In this order: the SDK asks as soon as it is there, and by then the page has said who its user is."""

GALLERY_SNIPPET = """<script src="/demo/gallery/buffer.js"></script>
<script async crossorigin src="{sdk}/sdk/v1/handrail.js" data-project="{project}" data-key="{key}"></script>"""
GALLERY_POLICY = (
    "default-src 'none'; script-src 'self' {sdk}; connect-src {sdk}; style-src 'self'; img-src 'self' data:; "
    "frame-src https:; base-uri 'none'; form-action 'none'"
)


class DemoHost:
    """Serves the pages on `/demo/`, their own files where they expect them, and refuses everything else.

    `gallery` is the folder of the gallery's page, `gallery_key` the write key of the environment it shows.
    """

    def __init__(self, pages: Path, ours: Path, project: str, sdk: str, *, gallery: Path, gallery_key: str) -> None:
        self._pages = pages
        self._ours = ours
        self._gallery = gallery
        self._snippet = SNIPPET.format(project=project, sdk=sdk).encode()
        self._gallery_snippet = GALLERY_SNIPPET.format(project=project, sdk=sdk, key=gallery_key).encode()
        self._gallery_policy = GALLERY_POLICY.format(sdk=sdk).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path in ("/", "/demo", "/production/index.html"):
            return await answer(send, 307, b"", [(b"location", b"/demo/index.html")])
        if path == "/demo/":
            path = "/demo/index.html"
        if path == "/demo/switcher.js":
            return await self._file(send, self._ours / "switcher.js")
        if path in ("/demo/gallery", "/demo/gallery/"):
            return await self._gallery_page(send)
        if path == "/demo/gallery/buffer.js":
            return await answer(
                send, 200, b"window.jimo = window.jimo || []\n", [(b"content-type", b"text/javascript")]
            )
        if path.startswith("/demo/gallery/"):
            return await self._file(send, self._gallery / path.removeprefix("/demo/gallery/"))
        if path.startswith("/demo/"):
            return await self._page(send, self._pages / "production" / path.removeprefix("/demo/"))
        if path.startswith(("/js/", "/assets/", "/images/", "/production/", "/site.webmanifest", "/sw.js")):
            return await self._file(send, self._pages / path.lstrip("/"))
        return await answer(
            send, 404, b"The demo's host page serves /demo/ only.\n", [(b"content-type", b"text/plain")]
        )

    async def _page(self, send: Send, file: Path) -> None:
        if file.suffix != ".html" or not self._inside(file):
            return await self._file(send, file)
        # Small files of a demo: reading them here keeps nobody waiting.
        page = file.read_bytes().replace(b"</head>", self._snippet + b"</head>", 1)  # noqa: ASYNC240
        return await answer(
            send, 200, page, [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]
        )

    async def _gallery_page(self, send: Send) -> None:
        page = (self._gallery / "index.html").read_bytes()
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", self._gallery_policy),
        ]
        return await answer(send, 200, page.replace(b"</head>", self._gallery_snippet + b"</head>", 1), headers)

    async def _file(self, send: Send, file: Path) -> None:
        if not self._inside(file):
            return await answer(send, 404, b"There is no such file.\n", [(b"content-type", b"text/plain")])
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        body = file.read_bytes()  # noqa: ASYNC240
        return await answer(send, 200, body, [(b"content-type", kind.encode()), (b"cache-control", b"max-age=60")])

    def _inside(self, file: Path) -> bool:
        """Whether it is a file of ours: a path may not climb out."""
        resolved = file.resolve()
        return resolved.is_file() and any(
            resolved.is_relative_to(root.resolve()) for root in (self._pages, self._ours, self._gallery)
        )
