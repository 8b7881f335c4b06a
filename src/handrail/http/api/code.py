"""The API's routes about Run JavaScript: the agreement, and code that waits for a second member."""

from __future__ import annotations

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath

from handrail.core.experiences.codec import decode
from handrail.http.api.members import guesses_of
from handrail.http.api.policy import CLI_SCOPE, ApiRequest, actor_of, admin_of
from handrail.http.api.showing import shown
from handrail.workspace.access import proved
from handrail.workspace.code import Person, Standing, approve, propose, sign, standing, withdraw
from handrail.workspace.ports import Proposal


class AgreementBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which text is signed (the `version` that GET /api/v1/run-js tells), and the password that proves the owner."""

    version: str
    password: str = ""


class CodeBody(msgspec.Struct, forbid_unknown_fields=True):
    """Code to be approved."""

    code: str


class Switched(msgspec.Struct, frozen=True):
    """Whether code may run now."""

    on: bool


async def person_of(request: ApiRequest) -> Person:
    """Whoever acts. A key is nobody: it has no role."""
    actor = await actor_of(request)
    return Person(actor.name, actor.role or "", operates=CLI_SCOPE in request.scope)


@get("/api/v1/run-js", policy="experiences:read", answer=Standing)
async def show_run_js(request: ApiRequest) -> Response[bytes]:
    """Whether code may run, the agreement's text, all code, and the audit record."""
    admin = admin_of(request)
    project = await admin.project()
    async with admin.works(project) as work:
        return shown(await standing(work.code, project))


@post("/api/v1/run-js/agreement", status_code=200, policy="admin", body=AgreementBody, answer=Switched, secret=True)
async def sign_agreement(request: ApiRequest) -> Response[bytes]:
    """Sign the agreement: an owner, who proves anew who they are by their password."""
    admin, person = admin_of(request), await person_of(request)
    body = decode(await request.body(), AgreementBody)
    if not person.operates:
        await proved(admin.access, admin.passwords, guesses_of(request, admin, person.name), person.name, body.password)
    async with admin.works(await admin.project()) as work:
        await sign(work, person, body.version, admin.now())
    return shown(Switched(on=True))


@delete("/api/v1/run-js/agreement", status_code=200, policy="admin", answer=Switched)
async def withdraw_agreement(request: ApiRequest) -> Response[bytes]:
    """Turn Run JavaScript off; what is live and holds code is withheld, in open tabs within a minute."""
    admin, person = admin_of(request), await person_of(request)
    async with admin.works(await admin.project()) as work:
        await withdraw(work, person.name, admin.now())
    return shown(Switched(on=False))


@post("/api/v1/run-js/code", status_code=200, policy="experiences:publish", body=CodeBody, answer=Proposal)
async def propose_code(request: ApiRequest) -> Response[bytes]:
    """Have code looked at; the answer names its hash."""
    admin, person = admin_of(request), await person_of(request)
    body = decode(await request.body(), CodeBody)
    async with admin.works(await admin.project()) as work:
        return shown(await propose(work, person, body.code, admin.now()))


@post("/api/v1/run-js/code/{hash:str}/approval", status_code=200, policy="experiences:publish", answer=Proposal)
async def approve_code(request: ApiRequest, hash: FromPath[str]) -> Response[bytes]:
    """Approve exactly the code with this hash: a member other than its author."""
    admin, person = admin_of(request), await person_of(request)
    async with admin.works(await admin.project()) as work:
        return shown(await approve(work, person, hash, admin.now()))


code_routes = (show_run_js, sign_agreement, withdraw_agreement, propose_code, approve_code)
