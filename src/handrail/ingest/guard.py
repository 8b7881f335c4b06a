"""Guard: who may speak for whom. Between a door and the log; where nothing is configured it lets everything pass.

Each event stands for itself: what is refused here costs only itself, and what is kept says how it was proven, so that
folding the log again comes to the same answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from handrail.core.events import Event, Proof
from handrail.core.identity import Unproven, Verification, claimed_email, prove, refusal, refusal_code
from handrail.core.people import Subject
from handrail.core.privacy import Privacy
from handrail.core.scrub import may_hold_any, scrub
from handrail.ingest.accept import Accepted, Rejection
from handrail.ingest.ports import Log, People
from handrail.ingest.suppression import Suppression

MARK, ADDRESS = b'"signature"', b'"email"'
ATTRIBUTES = frozenset({"identify", "group", "alias"})
"""Calls that change what is known of a user, or who a user is."""

_context = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Guard:
    """Checks what the doors accepted, by each environment's verification and the installation's suppression."""

    def __init__(self, log: Log, suppression: Suppression, privacy: Callable[[str], Awaitable[Privacy]]) -> None:
        """`privacy` answers with what holds in an environment."""
        self._log = log
        self._suppression = suppression
        self._privacy = privacy

    async def check(
        self,
        accepted: Accepted,
        environment: str,
        *,
        now: int,
        signature: object = None,
        trusted: bool = False,
        proven: frozenset[str | None] = frozenset(),
        sent: bytes | None = None,
    ) -> Accepted:
        """What may be kept of `accepted`. `signature` came with the request; `trusted`: it brought a secret key.

        `proven` are users whom the same request was proven to speak for already; `sent` is what of its body may
        have to be scrubbed, when at hand.
        """
        if self._suppression:
            accepted = self._unsuppressed(accepted)
        privacy = await self._privacy(environment)
        if sent is None or may_hold_any(sent, privacy.scrub):
            accepted.events = [scrub(event, privacy.scrub) for event in accepted.events]
        verification = privacy.verification
        if verification is None and not trusted:
            return accepted
        if verification is not None and not trusted:
            # Who proved to be a user a moment ago is verified for whoever comes next.
            await self._log.settled()
        return await _Check(self._log.people(environment), verification, signature, trusted, now, proven).run(accepted)

    async def reader(
        self, environment: str, anonymous_id: str | None, user_id: str | None, *, now: int, signature: object
    ) -> tuple[str | None, str | None]:
        """The ids whose state may be read by this caller. Raises Forbidden for a user whom it does not prove to be."""
        verification = (await self._privacy(environment)).verification
        if verification is None:
            return anonymous_id, user_id
        await self._log.settled()
        people = self._log.people(environment)
        if user_id is None:
            # A device that became a verified user's tells nothing of that user to whoever knows its id.
            hidden = anonymous_id is not None and (await people.user(anonymous_id, None)).verified
            return (None, None) if hidden else (anonymous_id, None)
        check = _Check(people, verification, signature, False, now)
        if (problem := await check.problem(user_id, signature)) is not None:
            raise refusal(known=await check.knows(user_id), reason=problem)
        return anonymous_id, user_id

    def _unsuppressed(self, accepted: Accepted) -> Accepted:
        kept: list[Event] = []
        refused: list[Rejection] = []
        for event in accepted.events:
            if self._suppression.holds(event):
                refused.append(Rejection("userId", "suppressed", "This person was erased.", event.message_id))
            else:
                kept.append(self._suppression.without_erased_device(event))
        return Accepted(kept, [*accepted.rejections, *refused], accepted.warnings)


class _Check:
    """One request's events against one environment's verification."""

    def __init__(
        self,
        people: People,
        verification: Verification | None,
        signature: object,
        trusted: bool,
        now: int,
        proven: frozenset[str | None] = frozenset(),
    ) -> None:
        self._users = proven
        self._people = people
        self._verification = verification
        self._signature = signature
        self._trusted = trusted
        self._now = now
        self._subjects: dict[tuple[str | None, str | None], Subject] = {}
        self._proven: dict[tuple[str, object], Unproven | None] = {}

    async def run(self, accepted: Accepted) -> Accepted:
        """Each event, marked by how it was proven, or refused."""
        kept: list[Event] = []
        refused: list[Rejection] = []
        left_out: list[Rejection] = []
        for event, own in map(_signature_of, accepted.events):
            if self._trusted or self._verification is None:
                kept.append(_marked(event, "key") if self._trusted else event)
                continue
            signature = self._signature if own is None else own
            signed = event.user_id is not None and (signature is not None or event.user_id in self._users)
            problem = await self._event_problem(event, signature)
            # What a device says becomes the user's who signs in on it later.
            bare = _without_address(event) if self._verification.enforced and event.user_id is None else None
            if bare is not None and problem is None:
                message = "An e-mail address is taken from signed calls of a user only."
                left_out.append(Rejection("traits.email", "unsigned_email", message, event.message_id))
            if problem is None and signed and _is_another_address(event, signature):
                message = "The token names another e-mail address than the call sets."
                refused.append(Rejection("traits.email", "email_mismatch", message, event.message_id))
            elif problem is None:
                kept.append(_marked(event, "signature") if signed else bare or event)
            else:
                known = await self.knows(event.user_id) if event.user_id is not None else True
                message = f"The identity of this user was not proven: {problem}."
                refused.append(Rejection("userId", refusal_code(known=known), message, event.message_id))
        return Accepted(kept, [*accepted.rejections, *refused], [*accepted.warnings, *left_out])

    async def _event_problem(self, event: Event, signature: object) -> str | None:
        if event.user_id is not None and (problem := await self.problem(event.user_id, signature)) is not None:
            return problem
        if event.type not in ATTRIBUTES:
            return None
        if event.user_id is None and (await self._subject(event.anonymous_id, None)).verified:
            return "this device belongs to a verified user, whose attributes take a signature"
        # Joining a verified user to somebody takes the verified user's word, whichever of the two they are.
        if event.previous_id is not None and (
            (await self._subject(None, event.previous_id)).verified
            or (await self._subject(event.previous_id, None)).verified
        ):
            return await self.problem(event.previous_id, signature)
        return None

    async def problem(self, user_id: str, signature: object) -> str | None:
        """Why the caller may not speak for `user_id`; None when it may."""
        assert self._verification is not None
        if user_id in self._users:
            return None
        if signature is not None:
            asked = (user_id, signature if isinstance(signature, str) else None)
            if asked not in self._proven:
                self._proven[asked] = prove(user_id, signature, self._verification, self._now)
            problem = self._proven[asked]
            return None if problem is None else problem.reason
        if self._verification.enforced:
            return "there is no signature"
        if (await self._subject(None, user_id)).verified:
            return "there is no signature, and this user was verified before"
        return None

    async def knows(self, user_id: str) -> bool:
        """Whether anything was ever heard of this user."""
        return bool((await self._subject(None, user_id)).first_seen)

    async def _subject(self, anonymous_id: str | None, user_id: str | None) -> Subject:
        asked = (anonymous_id, user_id)
        if asked not in self._subjects:
            self._subjects[asked] = await self._people.user(anonymous_id, user_id)
        return self._subjects[asked]


def _marked(event: Event, proof: Proof) -> Event:
    return msgspec.structs.replace(event, verified=proof)


class _Identified(msgspec.Struct):
    """An identify's body taken apart: where its native fields stand, and what holds them."""

    body: dict[str, msgspec.Raw]
    context: dict[str, msgspec.Raw]
    mark: dict[str, msgspec.Raw]
    fields: dict[str, msgspec.Raw]
    ours: bool
    """From our SDK: a trait called email is a custom attribute then, and the fields stand in `context`."""


def _identified(event: Event) -> _Identified | None:
    """An identify that may say an e-mail address, taken apart; None for anything else."""
    if event.type != "identify" or ADDRESS not in bytes(event.body):
        return None
    try:
        body = _context.decode(event.body)
        traits = _context.decode(body.get("traits", b"{}"))
        context = _context.decode(body.get("context", b"{}"))
        mark = _context.decode(context.get("handrail", b"{}"))
        native = _context.decode(mark.get("native", b"{}"))
    except msgspec.DecodeError:
        return None
    ours = "handrail" in context
    return _Identified(body, context, mark, native if ours else traits, ours)


def _without_address(event: Event) -> Event | None:
    """An identify without the e-mail address it sets, whichever way; None when it sets none."""
    parts = _identified(event)
    if parts is None or parts.fields.pop("email", None) is None:
        return None
    if parts.ours:
        parts.mark["native"] = _raw(parts.fields)
        parts.context["handrail"] = _raw(parts.mark)
        parts.body["context"] = _raw(parts.context)
    else:
        parts.body["traits"] = _raw(parts.fields)
    return msgspec.structs.replace(event, body=_raw(parts.body))


def _is_another_address(event: Event, signature: object) -> bool:
    """Whether an identify sets another e-mail address than the token that proved its user names."""
    parts = _identified(event)
    if parts is None or "email" not in parts.fields:
        return False
    claimed, said = claimed_email(signature), msgspec.json.decode(parts.fields["email"])
    if claimed is None or said is None:
        return False
    return not isinstance(said, str) or said.casefold() != claimed.casefold()


def _raw(value: dict[str, msgspec.Raw]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _signature_of(event: Event) -> tuple[Event, object]:
    """The event without `context.handrail.signature`, and that signature: the log keeps none."""
    if MARK not in bytes(event.body):
        return event, None
    try:
        body = _context.decode(event.body)
        context = _context.decode(body.get("context", b"{}"))
        mark = _context.decode(context.get("handrail", b"{}"))
        signature = mark.pop("signature", None)
    except msgspec.DecodeError:
        return event, None
    if signature is None:
        return event, None
    context["handrail"] = msgspec.Raw(msgspec.json.encode(mark))
    body["context"] = msgspec.Raw(msgspec.json.encode(context))
    told = msgspec.json.decode(signature)
    return msgspec.structs.replace(event, body=msgspec.Raw(msgspec.json.encode(body))), told
