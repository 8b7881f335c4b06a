"""Answers of the API: values as JSON, errors as RFC 9457 problem+json."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import structlog
from litestar import MediaType, Response
from litestar.exceptions import HTTPException

from handrail.core.errors import HandrailError, TooMany, Unavailable
from handrail.http.api.policy import ApiRequest
from handrail.http.errors import status_of

PROBLEM = "application/problem+json"
_log = structlog.get_logger(__name__)


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong. `type` is a stable name, `path` the place in what was sent.

    `problems` lists all of several, `uses` what still needs a thing that was to go.
    """

    type: str
    title: str
    status: int
    path: str = ""
    problems: list[object] = []
    uses: list[object] = []


def shown(value: object, status: int = 200) -> Response[bytes]:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status_code=status, media_type=MediaType.JSON)


def handrail_problem(_request: ApiRequest, error: HandrailError) -> Response[bytes]:
    """An error of ours."""
    number = status_of(error)
    problems: list[object] = list(getattr(error, "problems", ()))
    uses: list[object] = list(getattr(error, "uses", ()))
    headers = {"retry-after": str(error.retry_after)} if isinstance(error, Unavailable | TooMany) else {}
    if number == 401:
        headers["www-authenticate"] = "Bearer"
    return _told(Problem(f"urn:handrail:{error.code}", error.message, number, error.path, problems, uses), headers)


def http_problem(_request: ApiRequest, error: HTTPException) -> Response[bytes]:
    """An error of the framework: no such route, a parameter of another type."""
    name = {404: "not_found", 405: "method_not_allowed", 400: "invalid"}.get(error.status_code, "error")
    said = [str(each.get("message", "")) for each in _each(error.extra)]
    title = f"{error.detail.rstrip('.')}{': ' if said else ''}{'; '.join(said)}".rstrip(".") + "."
    path = next((str(each["key"]) for each in _each(error.extra) if "key" in each), "")
    return _told(Problem(f"urn:handrail:{name}", title, error.status_code, path), dict(error.headers or {}))


def unexpected_problem(request: ApiRequest, error: Exception) -> Response[bytes]:
    """Anything else: logged here, and not told to whoever asked."""
    _log.error("request_failed", path=request.url.path, exc_info=error)
    return _told(Problem("urn:handrail:error", "The server failed; its log says how.", 500), {})


def _each(extra: object) -> list[Mapping[str, object]]:
    found = extra if isinstance(extra, list) else []  # pyright: ignore[reportUnknownVariableType]
    return [each for each in found if isinstance(each, dict)]  # pyright: ignore[reportUnknownVariableType]


def _told(problem: Problem, headers: Mapping[str, str]) -> Response[bytes]:
    return Response(msgspec.json.encode(problem), status_code=problem.status, media_type=PROBLEM, headers=dict(headers))
