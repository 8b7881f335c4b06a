"""Host applications for tests and benches: folders of built pages, served as they are on a loopback port."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[2]
GENTELELLA = ROOT / "examples" / "demo" / "node_modules" / "gentelella" / "dist"
"""A real admin dashboard that nobody here wrote; its pages live in `production/`."""


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder, changes pages through `edit`, and adds `headers`."""

    def __init__(
        self,
        *arguments: object,
        edit: Callable[[bytes], bytes] | None,
        headers: Mapping[str, str],
        also: Mapping[str, Path],
        **more: object,
    ):
        self._edit = edit
        self._headers = headers
        self._also = also
        super().__init__(*arguments, **more)  # pyright: ignore[reportArgumentType]

    def translate_path(self, path: str) -> str:
        for prefix, folder in self._also.items():
            if path.startswith(prefix):
                return str(folder / path.removeprefix(prefix))
        return super().translate_path(path)

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if self._edit is None or path.suffix != ".html" or not path.is_file():
            return super().do_GET()
        body = self._edit(path.read_bytes())
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
    host: str = "127.0.0.1",
) -> Iterator[str]:
    """Serve `folder` on a free port; gives its origin.

    `edit` may put a snippet into each HTML page; `also` maps path prefixes to other folders.
    """
    handler = functools.partial(_Handler, directory=str(folder), edit=edit, headers=headers or {}, also=also or {})
    server = ThreadingHTTPServer((host, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
