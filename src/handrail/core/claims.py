"""Claims: what is shown strictly once is claimed by one of its user's browsers before it is drawn (RULES 44).

A claim is an event like any other, and its message id follows from what it is about: of two browsers that claim the
same thing, the log keeps the first one's, whichever process they asked, and counts the other as a repeat. What the
state then says is who has it. `spec/cases/frequency/claims.json` is the authority.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from handrail.core.events import Event
from handrail.core.people import ExperienceState


def holder(state: ExperienceState) -> str:
    """Who may draw it: whose claim came after it was last seen or reset. Empty while nobody has one."""
    return state.claim.claimant if state.claim.at > _cycle(state) else ""


def claim_id(user: str, experience: str, state: ExperienceState) -> str:
    """The message id of the next claim, the same for everybody who asks before that one is kept."""
    about = msgspec.json.encode((user, experience, _cycle(state)))
    return f"claim.{blake2b(about, digest_size=16).hexdigest()}"


def claim_event(
    environment: str,
    anonymous_id: str | None,
    user_id: str | None,
    experience: str,
    claimant: str,
    state: ExperienceState,
    now: int,
) -> Event:
    """The event that claims `experience` for `claimant`, one of the user's browsers."""
    said = {
        "properties": {"experience": experience, "claimant": claimant},
        "context": {"handrail": {"lifecycle": True}},
    }
    return Event(
        environment=environment,
        message_id=claim_id(user_id or anonymous_id or "", experience, state),
        type="track",
        name="experience_claimed",
        anonymous_id=anonymous_id,
        user_id=user_id,
        timestamp=now,
        received_at=now,
        body=msgspec.Raw(msgspec.json.encode(said)),
    )


def _cycle(state: ExperienceState) -> int:
    """When it was last seen or reset: every time, it may be claimed anew, once it is due again."""
    return max(state.last_seen, state.reset)
