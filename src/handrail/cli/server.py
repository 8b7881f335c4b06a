"""serve and demo: running the server."""

from __future__ import annotations

import asyncio
import errno
import secrets
import socket
import sys
import time
import uuid
from pathlib import Path

import click
import msgspec
import uvloop

from handrail.adapters.files.documents import Files
from handrail.app import STATIC, Installation, milliseconds
from handrail.cli.workers import supervise
from handrail.core.environments import RateLimit
from handrail.core.errors import Conflict, HandrailError, NotFound
from handrail.core.experiences.themes import Theme
from handrail.core.pages import UrlRule, Where
from handrail.core.segments import Segment
from handrail.http.demo import DemoHost
from handrail.http.public.builds import keep_build
from handrail.segmentio.destination.model import Destination
from handrail.serving import open_command_socket, open_listener, run
from handrail.settings import Settings, read_settings
from handrail.workspace.apply import Placed, apply
from handrail.workspace.seed import NewEnvironment, NewProject

DEMO_PROJECT = "5f0f3b1e-7c1d-4c39-9d0a-2a6d1f1d0b57"
"""The demo's public id is fixed: the snippet on its pages carries it."""
EXAMPLES = Path(__file__).parents[3] / "examples" / "demo"
GALLERY = EXAMPLES.parent / "gallery"


def first_project(settings: Settings, *, demo: bool = False) -> NewProject:
    """The project a new installation starts with: two environments, keys of their own."""
    public = DEMO_PROJECT if demo else str(uuid.uuid4())
    local = (f"localhost:{settings.port}",) if demo else ("localhost", "127.0.0.1")
    return NewProject(
        id=f"p_{secrets.token_urlsafe(12)}",
        public_id=public,
        name="Demo" if demo else "My project",
        environments=(
            NewEnvironment("production", "Production", local, f"wk_{secrets.token_urlsafe(24)}"),
            NewEnvironment("staging", "Staging", ("staging.localhost",), f"wk_{secrets.token_urlsafe(24)}"),
        ),
        # Said explicitly, so that the demo shows one experience that the limit holds back.
        rate_limit=RateLimit(1, 2, "minute") if demo else RateLimit(1, 4, "hour"),
    )


def serve_forever(*, demo: bool, workers: int = 1) -> None:
    """Run until interrupted. Exits with 3 and one sentence when it cannot."""
    settings = read_settings()
    try:
        if workers != 1:
            sys.exit(supervise(settings, workers))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, demo=demo))
    except OSError as problem:
        if problem.errno not in (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise
        message = f"The data folder {settings.folder} cannot be written; name another with HANDRAIL_DATA."
        click.echo(f"handrail: {message}", err=True)
        sys.exit(3)
    except HandrailError as problem:
        click.echo(f"handrail: {problem.message}", err=True)
        sys.exit(3)
    except KeyboardInterrupt:
        return


async def _serve(settings: Settings, *, demo: bool) -> None:
    listener = open_listener(settings)
    try:
        await _serve_on(listener, settings, demo=demo)
    finally:
        listener.close()


async def _serve_on(listener: socket.socket, settings: Settings, *, demo: bool) -> None:
    installation = await Installation.open(settings)
    try:
        keep_build(STATIC / "sdk" / "assets", settings.builds, time.time())
        project = await installation.seeded(first_project(settings, demo=demo))
        host = await _demo_host(installation, project) if demo else None
        application = installation.application(host)
        commands = open_command_socket(settings)
        _announce(installation, demo=demo)
        await run(application, listener, commands, beside=installation.work())
    finally:
        settings.socket.unlink(missing_ok=True)
        await installation.close()


async def _demo_host(installation: Installation, project: str) -> DemoHost:
    """Publish the examples and prepare the host page."""
    pages = EXAMPLES / "node_modules" / "gentelella" / "dist"
    if not pages.is_dir():
        raise NotFound("The demo's host application is not installed; `make demo` does that.")
    if not (STATIC / "sdk" / "manifest.json").exists():
        raise NotFound("The browser SDK is not built; `make demo` does that.")
    async with installation.works(project) as work:
        await apply(work, "production", read(EXAMPLES / "experiences"), milliseconds())
        await apply(work, "staging", themed(read(GALLERY / "experiences")), milliseconds())
        staging = await work.environment("staging")
    await installation.followed()
    sdk = f"http://127.0.0.1:{installation.settings.port}"
    return DemoHost(pages, EXAMPLES, DEMO_PROJECT, sdk, gallery=GALLERY / "page", gallery_key=staging.write_key)


def read(folder: Path) -> list[Placed]:
    """The documents of a folder. Raises Conflict with the first problem."""
    files = Files()
    files.add([folder])
    if files.problems:
        first = files.problems[0]
        raise Conflict(f"{files.place(first)}: {first.message}")
    return files.documents


def themed(documents: list[Placed]) -> list[Placed]:
    """The gallery's documents: each experience once in every theme, `KEY`, `KEY-dark` and so on.

    What stands together, such as the posts of a feed, is of one theme: the one that the page's address names.
    """
    themes = [each.document.key for each in documents if isinstance(each.document, Theme)]
    made = [each for each in documents if isinstance(each.document, Theme | Segment | Destination)]
    for each in documents:
        if not isinstance(each.document, Theme | Segment | Destination):
            for theme in themes:
                suffix = theme.removeprefix("gallery").removesuffix("-light")
                key = each.document.key + suffix
                document = msgspec.structs.replace(each.document, key=key, theme=theme, where=_where(suffix))
                made.append(msgspec.structs.replace(each, document=document))
    return made


def _where(theme: str) -> Where:
    """Addresses of the gallery with this theme in their query; without one it is the light theme."""
    if theme:
        return Where(include=(UrlRule("query", "equals", theme, name="theme"),))
    return Where(exclude=(UrlRule("query", "starts_with", "-", name="theme"),))


def _announce(installation: Installation, *, demo: bool) -> None:
    port = installation.settings.port
    click.echo(f"Handrail is on http://127.0.0.1:{port}/  (data in {installation.settings.folder})")
    if demo:
        click.echo(f"The demo's host application is on http://localhost:{port}/demo/index.html")
        click.echo(f"Every kind, state and theme is on http://localhost:{port}/demo/gallery/")
        click.echo("Try: switch persona, bottom left; then, with HANDRAIL_PORT set alike, handrail tail, and")
        click.echo(f"     handrail explain ada --page http://localhost:{port}/demo/index.html")
    click.echo("Stop with Ctrl+C.")
