"""Host applications for tests and benches: folders of built pages, served as they are on a loopback port."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "tests" / "hosts" / "node_modules"
GENTELELLA = ROOT / "examples" / "demo" / "node_modules" / "gentelella" / "dist"
"""A real admin dashboard that nobody here wrote; its pages live in `production/`."""
ADMIN = MODULES / "startbootstrap-sb-admin-2"
"""Another, with Bootstrap 4, jQuery and DataTables, and dialogs that keep the focus."""
MATERIAL = MODULES / "material-dashboard"
"""A third, with Bootstrap 5; its pages live in `pages/`."""
SWAGGER = MODULES / "swagger-ui-dist"
"""Swagger UI, a React application without a page of its own: `shop_page` is one."""
SPA = Path(__file__).parent / "spa"
"""A small application of ours: routes by history, a table that comes late, a virtual list and a modal dialog."""


def shop_page() -> bytes:
    """Swagger UI over the interface of a made-up shop."""
    things = {"orders": "Order", "customers": "Customer", "invoices": "Invoice", "products": "Product"}
    paths: dict[str, object] = {}
    for plural, name in things.items():
        told = {"200": {"description": f"The {name.lower()}"}, "404": {"description": "There is none"}}
        number = [{"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}]
        paths[f"/{plural}"] = {
            "get": {"tags": [plural], "summary": f"List {plural}", "responses": told},
            "post": {"tags": [plural], "summary": f"Create a {name.lower()}", "responses": told},
        }
        paths[f"/{plural}/{{number}}"] = {
            "get": {"tags": [plural], "summary": f"Read a {name.lower()}", "parameters": number, "responses": told},
            "delete": {"tags": [plural], "summary": f"Delete a {name.lower()}", "parameters": number,
                       "responses": told},
        }  # fmt: skip
    spec = {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}, "paths": paths,
            "servers": [{"url": "/v1"}]}  # fmt: skip
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>
      <link rel="stylesheet" href="swagger-ui.css">
      <body><div id="ui"></div><script src="swagger-ui-bundle.js"></script>
      <script>SwaggerUIBundle({{spec: {json.dumps(spec)}, dom_id: '#ui', docExpansion: 'list'}})</script>""".encode()


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder, changes pages through `edit`, and adds `headers`."""

    def __init__(
        self,
        *arguments: object,
        edit: Callable[[bytes], bytes] | None,
        headers: Mapping[str, str],
        also: Mapping[str, Path],
        pages: Mapping[str, bytes],
        **more: object,
    ):
        self._edit = edit
        self._headers = headers
        self._also = also
        self._pages = pages
        super().__init__(*arguments, **more)  # pyright: ignore[reportArgumentType]

    def translate_path(self, path: str) -> str:
        for prefix, folder in self._also.items():
            if path.startswith(prefix):
                return str(folder / path.removeprefix(prefix))
        return super().translate_path(path)

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        page = self._pages.get(self.path.partition("?")[0])
        if page is None and (self._edit is None or path.suffix != ".html" or not path.is_file()):
            return super().do_GET()
        body = path.read_bytes() if page is None else page
        if self._edit is not None:
            body = self._edit(body)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def end_headers(self) -> None:
        for name, value in self._headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests' own output is what people read."""


@contextmanager
def folder_server(
    folder: Path,
    *,
    edit: Callable[[bytes], bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    also: Mapping[str, Path] | None = None,
    pages: Mapping[str, bytes] | None = None,
    host: str = "127.0.0.1",
) -> Iterator[str]:
    """Serve `folder` on a free port; gives its origin.

    `edit` may put a snippet into each HTML page; `also` maps path prefixes to other folders, `pages` paths to HTML.
    """
    handler = functools.partial(
        _Handler, directory=str(folder), edit=edit, headers=headers or {}, also=also or {}, pages=pages or {}
    )
    server = ThreadingHTTPServer((host, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
