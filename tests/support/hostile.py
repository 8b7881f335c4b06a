"""A host application that can be told to be hostile: its headers, its styles, what its scripts do before and after."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOST = Path(__file__).parent / "host"

STYLED = '<link rel="stylesheet" href="/host.css">'
BODY = """<header><a id="home" href="#home">Home</a></header>
<main><h1>Reports</h1><button id="target" type="button">Create report</button>
<form><label>Name <input id="name_" name="name" value="Q3"></label>
<label>Key <input name="key" value="s"></label></form>
<p id="text">What sold last quarter, by region.</p></main>"""


@dataclass(frozen=True)
class Hostility:
    """One way in which a page is unlike what we would wish for."""

    name: str
    in_force: str
    """Asked of the page once experiences stand: true when the hostility is real."""
    policy: str = ""
    """Content-Security-Policy; `{server}` is where the SDK comes from."""
    only_reports: bool = False
    """Whether the policy is one that reports and refuses nothing."""
    style: str = ""
    library: Path | None = None
    """A script that nobody here wrote, which the page loads first."""
    before: str = ""
    """Runs before the SDK is loaded."""
    after: str = ""
    """Runs when the SDK is ready."""
    shown: str = ""
    """Runs while an experience stands, before it is looked at."""
    uncover: str = ""
    """Runs before what waits on the page is looked at: what rightly stood over it goes."""
    traps: bool = False
    """Whether the page keeps the keyboard to itself: what waits on it is pressed by pointer then."""
    script: str = ""
    """Attributes of the SDK's script element."""
    body: str = BODY
    html: str = ""
    """Attributes of the root element."""
    also: Mapping[str, str] = field(default_factory=dict[str, str])


def page_of(hostility: Hostility, tag: str) -> str:
    """The page as text; `tag` is the SDK's script element, or nothing."""
    nonce = ' nonce="n0nce"' if "nonce-" in hostility.policy else ""
    scripts = "".join(f'<script src="/{name}.js"{nonce}></script>' for name in ("natives", "before", "host"))
    return (
        f'<!doctype html><html lang="en" {hostility.html}><head><meta charset="utf-8"><title>Host</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,">{STYLED if hostility.style else ""}'
        f"{scripts}{tag}</head><body>{hostility.body}</body></html>"
    )


@contextmanager
def hostile_host(hostility: Hostility, server: str, tag: str, digest: str = "") -> Iterator[str]:
    """Serves the page with the SDK on `/`, and the same page without it on `/bare`; gives its origin."""
    library = f"{hostility.library.read_text()};\n" if hostility.library else ""
    texts = {
        "/": ("text/html", page_of(hostility, tag)),
        "/bare": ("text/html", page_of(hostility, "")),
        "/host.css": ("text/css", hostility.style),
        "/before.js": ("text/javascript", library + hostility.before),
        "/host.js": ("text/javascript", (HOST / "host.js").read_text()),
        "/natives.js": ("text/javascript", (HOST / "natives.js").read_text()),
        **{path: ("text/javascript", text) for path, text in hostility.also.items()},
    }
    policy = hostility.policy.replace("{server}", server).replace("{hash}", digest)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def do_PUT(self) -> None:
            self.answer()

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = self.path.partition("?")[0]
            kind, text = texts.get(path, ("text/plain", ""))
            if path == "/echo":
                kind = "application/json"
                text = json.dumps({"method": self.command, "path": self.path, "bytes": len(sent)})
            self.send_response(200 if path in texts or path == "/echo" else 404)
            self.send_header("content-type", f"{kind}; charset=utf-8")
            if policy:
                self.send_header(f"content-security-policy{'-report-only' * hostility.only_reports}", policy)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the tests' own output is what people read."""

    host = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.daemon_threads = True
    threading.Thread(target=host.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{host.server_address[1]}"
    finally:
        host.shutdown()
        host.server_close()
