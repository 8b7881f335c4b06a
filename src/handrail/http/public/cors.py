"""Cross-origin answers. Pages of any origin may call the doors; what they may do is decided by the key they bring."""

from __future__ import annotations

from handrail.http.asgi import Scope, Send, answer, header


def cors(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Headers that let the page that asked read the answer, credentials included (Segment's libraries send them)."""
    origin = header(scope, b"origin")
    if origin is None:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        # Without it a page cannot read how long it has to wait after a 429.
        (b"access-control-expose-headers", b"retry-after"),
        (b"vary", b"origin"),
    ]


async def preflight(scope: Scope, send: Send) -> None:
    """The answer to a browser that asks before it calls."""
    wanted = header(scope, b"access-control-request-headers") or "content-type"
    headers = [
        *cors(scope),
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", wanted.encode("latin-1")),
        (b"access-control-max-age", b"86400"),
    ]
    await answer(send, 204, b"", headers)


ANYONE = [(b"access-control-allow-origin", b"*"), (b"timing-allow-origin", b"*")]
"""For documents under unguessable addresses and for the SDK's own files: no credentials, any page."""
