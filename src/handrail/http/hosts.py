"""Hosts: which application a request means. The dashboard and the demo's host page are two origins on one port."""

from __future__ import annotations

from handrail.http.asgi import Application, Receive, Scope, Send, answer, header

PUBLIC = ("/sdk/v1/", "/v1/", "/sourceConfig")


class Hosts:
    """Sends a request to the hot doors, the API and dashboard, or, on `localhost` with a demo, to the host page."""

    def __init__(
        self,
        tracking: Application,
        sdk: Application,
        events: Application,
        api: Application,
        demo: Application | None,
    ) -> None:
        self._tracking = tracking
        self._sdk = sdk
        self._events = events
        self._api = api
        self._demo = demo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._api(scope, receive, send)
        path: str = scope["path"]
        if self._demo is not None and (header(scope, b"host") or "").partition(":")[0] == "localhost":
            # Each origin refuses the other's paths (RULES 8), so that cross-origin rules are really at work.
            return await self._demo(scope, receive, send)
        if path.startswith("/sdk/v1/"):
            return await self._sdk(scope, receive, send)
        if path.startswith(("/v1/", "/sourceConfig")):
            return await self._tracking(scope, receive, send)
        if path == "/sse/webhook":
            return await self._events(scope, receive, send)
        if path.startswith("/demo"):
            where = b"The demo's host page is another origin: open it on http://localhost, same port.\n"
            return await answer(send, 404, where, [(b"content-type", b"text/plain; charset=utf-8")])
        return await self._api(scope, receive, send)
