"""The API described as OpenAPI 3.1, from the routes themselves: nothing is written twice.

A route's sentence is its docstring, its scope its `policy`, what it takes and gives its `body` and `answer`, structs
that msgspec describes as JSON Schema.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args, get_type_hints

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery

from handrail.core.conditions.model import Condition
from handrail.http.api.policy import ANYONE, ApiRequest
from handrail.http.api.showing import PROBLEM, Problem, shown
from handrail.workspace.access import SCOPES

PREFIX = "/api/v1/"
ERRORS: Mapping[int, str] = {
    400: "A parameter is of another type than it should be.",
    401: "No credential was sent, or an unknown one.",
    403: "The credential does not reach that far.",
    404: "There is no such thing here.",
    409: "It fits no longer with what is there now; or the first request with this Idempotency-Key still runs.",
    422: "What was sent cannot be meant; `path` names the place.",
    429: "Too many wrong passwords; try again after Retry-After seconds.",
    500: "The server failed.",
    503: "Not now; try again after Retry-After seconds.",
}
GUESSED = ("/api/v1/sign-in", "/api/v1/run-js/agreement")
"""Routes that take a password."""
_PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")
_IN_QUERY = get_args(FromQuery[str])[1]
_REFERENCE = "#/components/schemas/{name}"


def describe(handlers: Sequence[HTTPRouteHandler], version: str) -> dict[str, object]:
    """The document for these handlers."""
    described = [each for each in handlers if any(path.startswith(PREFIX) for path in each.paths)]
    named = {each.opt[word] for each in described for word in ("body", "answer") if word in each.opt} | {Problem}
    types = sorted(named, key=str)
    schemas, components = msgspec.json.schema_components(types, schema_hook=_schema_of, ref_template=_REFERENCE)
    schema_of: dict[object, object] = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, object]] = {}
    for handler in described:
        for path in handler.paths:
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                plain = _PLACE.sub(r"{\1}", path)
                paths.setdefault(plain, {})[method.lower()] = _operation(handler, method, path, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Handrail",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": _scopes()}},
        },
    }


def _operation(
    handler: HTTPRouteHandler, method: str, path: str, schema_of: Mapping[object, object]
) -> dict[str, object]:
    open_to_all = handler.opt.get("policy") == ANYONE
    success: dict[str, object] = {"description": "Done."}
    if "answer" in handler.opt:
        success["content"] = {"application/json": {"schema": schema_of[handler.opt["answer"]]}}
    problem = {PROBLEM: {"schema": schema_of[Problem]}}
    errors = {
        str(number): {"description": text, "content": problem}
        for number, text in ERRORS.items()
        if not (open_to_all and number == 401) and (number != 429 or path in GUESSED)
    }
    told: dict[str, object] = {
        "operationId": handler.fn.__name__,
        "summary": inspect.cleandoc(handler.fn.__doc__ or "").partition("\n")[0],
        "parameters": list(_parameters(handler, method, path)),
        "responses": {str(handler.status_code): success, **errors},
        "security": [] if open_to_all else [{"key": []}],
    }
    if not open_to_all:
        told["x-scope"] = handler.opt["policy"]
    if "body" in handler.opt:
        content = {"application/json": {"schema": schema_of[handler.opt["body"]]}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _parameters(handler: HTTPRouteHandler, method: str, path: str) -> Iterator[dict[str, object]]:
    hints = get_type_hints(handler.fn, include_extras=True)
    signature = inspect.signature(handler.fn).parameters
    for name in _PLACE.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name, hint in hints.items():
        if name in signature and _IN_QUERY in getattr(hint, "__metadata__", ()):
            default = signature[name].default
            schema: dict[str, object] = dict(msgspec.json.schema(get_args(hint)[0]))
            if default is not inspect.Parameter.empty and default is not None:
                schema["default"] = default
            required = default is inspect.Parameter.empty
            yield {"name": name, "in": "query", "required": required, "schema": schema}
    if method == "POST":
        about = "A repeat of this request is answered as the first was, for a day."
        text = {"type": "string", "minLength": 1, "maxLength": 200}
        yield {"name": "Idempotency-Key", "in": "header", "required": False, "description": about, "schema": text}


def _schema_of(kind: type) -> dict[str, object]:
    if kind is object:
        return {"description": "Any JSON value."}
    if issubclass(kind, Condition):
        return {"type": "object", "description": "A condition; spec/schema/segment.json has its whole schema."}
    raise NotImplementedError(str(kind))  # pyright: ignore[reportUnknownArgumentType]


def _scopes() -> str:
    lines = "\n".join(f"- `{scope}`: {text}" for scope, text in SCOPES.items())
    return f"An API key (`hk_...`) or a sign-in's token (`hs_...`). Scopes:\n\n{lines}"


@get("/api/v1/openapi.json", policy=ANYONE)
async def openapi(request: ApiRequest) -> Response[bytes]:
    """This description."""
    return shown(request.app.state.describe())
