"""The claim that what is shown strictly once asks for before it is drawn."""

from __future__ import annotations

from handrail.core.claims import claim_event, holder
from handrail.core.errors import Invalid, NotFound
from handrail.core.experiences.model import EveryTime
from handrail.core.frequency import due
from handrail.core.people import ExperienceState
from handrail.delivery.wire import ClaimReply, ClaimRequest
from handrail.http.deps import Deps
from handrail.http.public.intake import keep
from handrail.ingest.accept import Accepted

MOST_CLAIMANT = 100


async def claimed(deps: Deps, request: ClaimRequest, origin: str | None, now: int) -> ClaimReply:
    """Let one browser of the user draw an experience, and no other until it was seen. Asking again changes nothing.

    Raises Forbidden as boot does, NotFound for what is not live, Invalid for what is not shown strictly.
    """
    if not 0 < len(request.claimant) <= MOST_CLAIMANT:
        raise Invalid(f"A claimant has 1 to {MOST_CLAIMANT} characters.", code="bad_claimant", path="claimant")
    settings = await deps.delivery.environment(request, origin)
    who = None if request.user_id is None else str(request.user_id)
    deps.limits.user(settings.id, who or request.anonymous_id or "", 1, now)
    anonymous_id, user_id = await deps.guard.reader(
        settings.id, request.anonymous_id, who, now=now, signature=request.signature
    )
    if not (anonymous_id or user_id):
        raise Invalid("A claim is made for somebody: userId or anonymousId.", code="no_user", path="anonymousId")
    state = await deps.delivery.ready(settings.id)
    key = request.experience
    document = next((each.published.document for each in state.entries if each.key == key), None)
    if document is None:
        raise NotFound(f"There is no experience {key!r} here.")
    frequency = document.frequency
    if isinstance(frequency, EveryTime) or not frequency.strict:
        raise Invalid(f"{key!r} is not shown strictly, so nobody claims it.", code="not_strict", path="experience")
    people = deps.log.people(settings.id)

    async def mine() -> ExperienceState:
        subject = (await people.person(anonymous_id, user_id)).subject
        return subject.experiences.get(key, ExperienceState())

    known = await mine()
    if not holder(known):
        verdict = due(frequency, known, now, settings.zone)
        if not verdict.due:
            return ClaimReply(verdict.because)
        accepted = Accepted([claim_event(settings.id, anonymous_id, user_id, key, request.claimant, known, now)])
        accepted = await deps.guard.check(accepted, settings.id, now=now, signature=request.signature)
        appended = await keep(deps, settings.id, now, accepted, accepted.events)
        await deps.log.folded(appended.position)
        known = await mine()
    return ClaimReply("" if holder(known) == request.claimant else "claimed")
