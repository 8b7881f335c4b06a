"""How commands reach the installation: through the running server's socket, or by opening it when none runs."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import unquote, urlencode

import click
import msgspec

from handrail.core.errors import Conflict, HandrailError
from handrail.settings import Settings, read_settings

PIECE = 1 << 20
"""Bytes of an answer that are held at a time."""


class Answer(msgspec.Struct, frozen=True):
    """A server's answer."""

    status: int
    body: bytes

    def json(self) -> dict[str, object]:
        """The body as a JSON object."""
        return msgspec.json.decode(self.body, type=dict[str, object])


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("handrail", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(
    method: str,
    path: str,
    *,
    query: Mapping[str, object] | None = None,
    body: object = None,
    settings: Settings | None = None,
) -> Answer:
    """One request to the installation; answered by the running server, or by opening it here."""
    settings = settings or read_settings()
    words = {name: _word(value) for name, value in (query or {}).items() if value is not None}
    target = f"{path}?{urlencode(words)}" if words else path
    data = None if body is None else msgspec.json.encode(body)
    connection = _SocketConnection(str(settings.socket))
    try:
        headers = {"content-type": "application/json", **_named(settings)}
        connection.request(method, target, body=data, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (FileNotFoundError, ConnectionRefusedError):
        return asyncio.run(_alone(settings, method, path, urlencode(words), data or b""))
    finally:
        connection.close()


def _named(settings: Settings) -> dict[str, str]:
    """The header that names a project, where the settings do."""
    return {"handrail-project": settings.project} if settings.project else {}


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def download(path: str, target: BinaryIO) -> None:
    """Write the body of an answer to a file as it comes. Raises HandrailError with the server's sentence."""
    settings = read_settings()
    connection = _SocketConnection(str(settings.socket))
    try:
        connection.request("GET", path, headers=_named(settings))
        response = connection.getresponse()
        if response.status >= 400:
            told(Answer(response.status, response.read()))
        shutil.copyfileobj(response, target, PIECE)
    except (FileNotFoundError, ConnectionRefusedError):
        told(asyncio.run(_alone(settings, "GET", path, "", b"", target)))
    finally:
        connection.close()


async def _alone(
    settings: Settings, method: str, path: str, query: str, body: bytes, target: BinaryIO | None = None
) -> Answer:
    """Open the installation in this process for one request: no server runs that could answer it.

    The body of a success goes to `target`, where there is one.
    """
    from handrail.app import Installation
    from handrail.cli.server import first_project
    from handrail.serving import Trusted

    installation = await Installation.open(settings)
    try:
        first = first_project(settings)
        if await installation.seeded(first) == first.id:
            click.echo(f"A new installation was made in {settings.folder}; HANDRAIL_DATA names another.", err=True)
        application = Trusted(installation.application())
        sent: list[Mapping[str, object]] = []

        asked = False
        answered = asyncio.Event()

        async def receive() -> dict[str, object]:
            nonlocal asked
            if asked:
                await answered.wait()
                return {"type": "http.disconnect"}
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, object]) -> None:
            piece = message.get("body")
            if target is not None and piece and cast("int", sent[0]["status"]) < 400:
                target.write(cast("bytes", piece))
            else:
                sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                answered.set()

        named = [(name.encode(), value.encode()) for name, value in _named(settings).items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"handrail"), *named],
            "client": None,
            "server": None,
            "root_path": "",
            "state": {},
        }
        await application(scope, receive, send)
        status = cast("int", sent[0]["status"])
        return Answer(status, b"".join(cast("bytes", message.get("body", b"")) for message in sent[1:]))
    finally:
        await installation.close()


def upload(path: str, *, query: Mapping[str, object], file: Path) -> Iterator[bytes]:
    """Send a file's bytes; gives the answer's lines as they come. Raises HandrailError with the server's sentence."""
    settings = read_settings()
    words = urlencode({name: _word(value) for name, value in query.items() if value is not None})
    connection = _SocketConnection(str(settings.socket))
    with file.open("rb") as body:
        try:
            headers = {"content-type": "text/csv", "content-length": str(file.stat().st_size), **_named(settings)}
            connection.request("POST", f"{path}?{words}", body=body, headers=headers)
            response = connection.getresponse()
            if response.status >= 400:
                told(Answer(response.status, response.read()))
            while line := response.readline():
                yield line
        except (FileNotFoundError, ConnectionRefusedError):
            answer = told(asyncio.run(_alone(settings, "POST", path, words, body.read())))
            yield from answer.body.splitlines()
        finally:
            connection.close()


def lines_of(path: str) -> Iterator[bytes]:
    """Lines of an endless answer from the running server. Raises Conflict when none runs."""
    settings = read_settings()
    connection = _SocketConnection(str(settings.socket))
    try:
        connection.request("GET", path, headers=_named(settings))
    except (FileNotFoundError, ConnectionRefusedError):
        raise Conflict("No server is running on this data folder; start one with handrail serve.") from None
    response = connection.getresponse()
    while line := response.readline():
        if line.strip():
            yield line


def told(answer: Answer) -> Answer:
    """The answer, when it is one of success. Raises HandrailError with the server's sentence otherwise."""
    if answer.status >= 400:
        problem = answer.json()
        title, path = str(problem.get("title", "The server refused.")), str(problem.get("path", ""))
        named = path.rpartition(".")[2] in title
        raise HandrailError(title if named else f"{path}: {title}")
    return answer
