"""Run JavaScript: the owner's agreement, and the code that a second member has approved.

Nothing here runs code. An author proposes it, somebody else approves the hash of the module it becomes, and only then
may a version that holds it be published, previewed or served; with the agreement off, none of that.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from handrail.compile.code import BadCode, module_text, name_of
from handrail.core.audit import AuditEntry, broken
from handrail.core.code import hash_of
from handrail.core.errors import Conflict, Forbidden, Invalid, NotFound
from handrail.workspace.ports import CodeWork, Proposal, Work

AGREEMENT = (Path(__file__).parent / "agreement.txt").read_text(encoding="utf-8")
"""What an owner signs. Its hash is its version: a signature counts for the text that was read."""
VERSION = hashlib.sha256(AGREEMENT.encode()).hexdigest()


class Standing(msgspec.Struct, frozen=True):
    """Where a project stands: whether code may run, the text to sign, the code, and what was done."""

    on: bool
    agreement: str
    version: str
    code: list[Proposal]
    audit: list[AuditEntry]
    audit_broken_at: int | None
    """The entry at which the audit record was tampered with; None when it is whole."""


class Person(msgspec.Struct, frozen=True):
    """Who acts: a member by address and role; an operator at the data folder's socket has no role."""

    name: str
    role: str = ""
    operates: bool = False


async def sign(work: Work, person: Person, version: str, now: int) -> None:
    """Turn Run JavaScript on. The caller has proved anew who they are.

    Raises Forbidden for anybody but an owner, Conflict for another version of the text.
    """
    if not (person.operates or person.role == "owner"):
        raise Forbidden("Only an owner signs the Run JavaScript agreement.", code="owner_only")
    if version != VERSION:
        raise Conflict("The agreement's text has changed since it was read; read it again.", code="other_text")
    await work.claim()
    await work.code.turn(True)
    await work.code.note(now, person.name, "run_js_agreement_signed", {"text": VERSION})
    await _tell(work)


async def withdraw(work: Work, who: str, now: int) -> None:
    """Turn Run JavaScript off: what is live and holds code is withheld."""
    await work.claim()
    await work.code.turn(False)
    await work.code.note(now, who, "run_js_agreement_withdrawn", {})
    await _tell(work)


async def propose(work: Work, person: Person, text: str, now: int) -> Proposal:
    """Keep code for somebody to look at; what was proposed before stays as it was. Raises Invalid, Forbidden."""
    _check_person(person)
    try:
        hash = hash_of(module_text(text))
    except BadCode as problem:
        raise Invalid(str(problem), code="bad_code", path="code") from None
    await work.claim()
    if (before := await work.code.proposal(hash)) is not None:
        return before
    made = Proposal(hash, text, person.name, now)
    await work.code.put(made)
    await work.code.note(now, person.name, "code_proposed", {"code": hash})
    return made


async def approve(work: Work, person: Person, hash: str, now: int) -> Proposal:
    """Approve code by the hash of its module: a member other than its author, where the project has one.

    Raises NotFound for code that nobody proposed, Forbidden for who may not approve it.
    """
    await work.claim()
    found = await work.code.proposal(hash)
    if found is None:
        raise NotFound(f"Nobody proposed code {hash!r}.")
    _check_person(person)
    members = await work.code.members()
    others = {address for address, role in members.items() if role != "viewer"} - {found.proposed_by}
    if others and person.name not in others:
        raise Forbidden("Somebody else than its author approves code, a member of this project.", code="second_member")
    if found.approved_by:
        return found
    made = msgspec.structs.replace(found, approved_by=person.name, approved_at=now)
    await work.code.put(made)
    await work.code.note(now, person.name, "code_approved", {"code": hash, "author": found.proposed_by})
    await _tell(work)
    return made


async def standing(code: CodeWork, project: str) -> Standing:
    """Where a project stands."""
    audit = await code.noted()
    return Standing(await code.is_on(), AGREEMENT, VERSION, await code.proposals(), audit, broken(project, audit))


def refusal_of(code: str, approved: frozenset[str] | None) -> tuple[str, str] | None:
    """Why a document may not hold this code, as a problem's code and message; None as `approved` asks for none."""
    try:
        hash = name_of(code)
    except BadCode as problem:
        return "bad_code", str(problem)
    if approved is None or hash in approved:
        return None
    return "unapproved_code", f"This code ({hash}) is not approved: propose it, and have another member approve it."


def _check_person(person: Person) -> None:
    # A key is nobody: what it holds could be in a pipeline's log, and it cannot look at code.
    if not person.operates and person.role in ("", "viewer"):
        raise Forbidden("Code is proposed and approved by members who may publish, signed in.", code="members_only")


async def _tell(work: Work) -> None:
    """Every environment's revision goes up: servers read anew what may run, and open pages ask anew."""
    for each in await work.environments():
        await work.announce(each.id)
