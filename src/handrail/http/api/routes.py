"""The API: every route, and what stands before and behind. A handler translates and leaves: who, what, do, show."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version

from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from handrail.core.errors import HandrailError
from handrail.http.api.admin import Admin
from handrail.http.api.code import code_routes
from handrail.http.api.counters import counter_routes
from handrail.http.api.documents import document_routes
from handrail.http.api.identity import identity_routes
from handrail.http.api.imports import import_routes
from handrail.http.api.jobs import job_routes
from handrail.http.api.members import member_routes
from handrail.http.api.openapi import describe, openapi
from handrail.http.api.operations import operation_routes
from handrail.http.api.people import people_routes
from handrail.http.api.policy import obey
from handrail.http.api.previews import preview_routes
from handrail.http.api.projects import project_routes
from handrail.http.api.questions import question_routes
from handrail.http.api.retention import retention_routes
from handrail.http.api.segment import segment_routes
from handrail.http.api.showing import handrail_problem, http_problem, unexpected_problem
from handrail.http.api.status import status_routes

ROUTES: tuple[HTTPRouteHandler, ...] = (
    *document_routes,
    *preview_routes,
    *code_routes,
    *question_routes,
    *segment_routes,
    *counter_routes,
    *people_routes,
    *import_routes,
    *identity_routes,
    *member_routes,
    *job_routes,
    *operation_routes,
    *project_routes,
    *retention_routes,
    openapi,
    *status_routes,
)


def create_api(admin: Admin) -> Litestar:
    """The Litestar application."""

    def on_start(config: AppConfig) -> AppConfig:
        config.state.admin = admin
        config.state.describe = lru_cache(1)(lambda: describe(ROUTES, version("handrail")))
        return config

    return Litestar(
        route_handlers=ROUTES,
        guards=[obey],
        exception_handlers={
            HandrailError: handrail_problem,
            HTTPException: http_problem,
            Exception: unexpected_problem,
        },
        on_app_init=[on_start],
        openapi_config=None,
    )
