"""Serving an application: the port, and the data folder's socket, whose callers own the installation."""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
from collections.abc import Coroutine
from contextlib import suppress

import structlog

from handrail.core.errors import Unavailable
from handrail.http.api.policy import CLI_SCOPE
from handrail.http.asgi import Application, Receive, Scope, Send
from handrail.settings import Settings


class Trusted:
    """Marks requests that came through the data folder's socket."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[CLI_SCOPE] = True
        await self._application(scope, receive, send)


def open_listener(settings: Settings) -> socket.socket:
    """The port, bound and listening. Raises Unavailable, saying which setting to change."""
    # The loop switches Nagle's algorithm off only for sockets that say they are TCP; with it on, every answer that goes
    # out in two writes waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as problem:
        listener.close()
        port, host = settings.port, settings.host
        match problem.errno:
            case errno.EADDRINUSE:
                raise Unavailable(f"Port {port} is taken; choose another with HANDRAIL_PORT.") from None
            case errno.EACCES:
                raise Unavailable(
                    f"Port {port} may not be opened by this user; choose one from 1024 on with HANDRAIL_PORT, "
                    "and have a proxy in front."
                ) from None
            case _:
                raise Unavailable(
                    f"{host!r} is no IPv4 address of this machine; name another with HANDRAIL_HOST."
                ) from None
    return listener


def open_command_socket(settings: Settings) -> socket.socket:
    """The data folder's socket, for commands. The folder's lock is held, so one that lies there is nobody's."""
    settings.socket.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(settings.socket))
    settings.socket.chmod(0o600)
    listener.listen(128)
    return listener


def plain_logs() -> None:
    """Log exceptions without the values of variables: those are users' data, and sometimes secrets."""
    *before, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, plain])


def calm_collector() -> None:
    """Look for garbage in cycles seldom: a request leaves none, and each look walks over all that batches made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def run(
    application: Application, listener: socket.socket, commands: socket.socket, beside: Coroutine[None, None, None]
) -> None:
    """Serve on the port and on the folder's socket until told to stop, with `beside` running until then."""
    import uvicorn

    from handrail.http.joined import JoinedProtocol

    plain_logs()
    calm_collector()
    common: dict[str, object] = {"lifespan": "off", "log_level": "warning", "access_log": False, "server_header": False}
    common["http"] = JoinedProtocol
    # Whom a request comes from is settled by `http.limits`, by how many proxies are trusted.
    common["proxy_headers"] = False
    web = uvicorn.Server(uvicorn.Config(application, **common))  # pyright: ignore[reportArgumentType]
    command = uvicorn.Server(uvicorn.Config(Trusted(application), **common))  # pyright: ignore[reportArgumentType]
    command.install_signal_handlers = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    task = asyncio.create_task(command.serve(sockets=[commands]))
    working = asyncio.create_task(beside)
    try:
        await web.serve(sockets=[listener])
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        command.should_exit = True
        await task
