"""Identity verification as members set it up: keys, and when an environment takes signed identities only."""

from __future__ import annotations

import msgspec

from handrail.core.catalogue import Coverage
from handrail.core.errors import Conflict, Invalid
from handrail.core.identity import Method, check_key
from handrail.core.scrub import ScrubRules
from handrail.workspace.people.ports import NewIdentityKey, PrivacySettings, ShownKey

ENOUGH = 0.95
"""Share of signed calls from which an environment may be switched without insisting."""
MAX_RULES = 200


class KeyWanted(msgspec.Struct, forbid_unknown_fields=True):
    """What a member asks for: a method, a name; a secret or, for es256, a public key of their own."""

    method: Method
    name: str = ""
    secret: str | None = None


class KeyMade(msgspec.Struct, omit_defaults=True):
    """The key as it was made. A secret that we chose is told this once."""

    id: str
    method: Method
    name: str
    secret: str | None = None


class PrivacyWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Changes to what holds in an environment; None leaves a setting. `insist`: enforce below `ENOUGH` coverage."""

    verify_identity: bool | None = None
    scrub: ScrubRules | None = None
    insist: bool = False


class IdentityShown(msgspec.Struct):
    """How an environment checks identities, and the figure to look at before enforcing them."""

    keys: list[ShownKey]
    enforced: bool
    signed: int
    unsigned: int
    share: float | None
    scrub: ScrubRules


async def make_key(
    settings: PrivacySettings, project: str, wanted: KeyWanted, *, key_id: str, secret: str, now: int
) -> KeyMade:
    """Keep a new key; `secret` is what it gets when the member brings none. Raises Invalid or Conflict."""
    if wanted.method == "es256" and wanted.secret is None:
        raise Invalid("An es256 key is the public half of a key of yours, as PEM.", code="no_key_given", path="secret")
    if len(wanted.name) > 200:
        raise Invalid("A name has at most 200 characters.", path="name")
    chosen = wanted.secret or secret
    check_key(wanted.method, chosen)
    await settings.add_key(project, NewIdentityKey(key_id, wanted.method, wanted.name, chosen), now)
    return KeyMade(key_id, wanted.method, wanted.name, None if wanted.secret else chosen)


async def settle_privacy(
    settings: PrivacySettings, project: str, environment: str, wanted: PrivacyWanted, coverage: Coverage
) -> None:
    """Change what holds in an environment. Raises Conflict for enforcement that would lock most callers out."""
    if wanted.scrub is not None and len(wanted.scrub.allow) + len(wanted.scrub.drop) > MAX_RULES:
        raise Invalid(f"At most {MAX_RULES} names may be allowed or dropped.", path="scrub")
    if wanted.verify_identity:
        if not await settings.keys(project):
            raise Conflict("There is no identity key; make one before enforcing signatures.", path="verify_identity")
        share = coverage.share
        if not wanted.insist and (share is None or share < ENOUGH):
            told = "No call that names a user was seen" if share is None else f"Only {share:.0%} of calls were signed"
            raise Conflict(f"{told} in the last days; say insist to enforce all the same.", path="verify_identity")
    await settings.settle(project, environment, enforced=wanted.verify_identity, scrub=wanted.scrub)


async def show_identity(settings: PrivacySettings, project: str, environment: str, coverage: Coverage) -> IdentityShown:
    """What is set up, with the coverage figure."""
    privacy = await settings.of(environment)
    enforced = privacy.verification is not None and privacy.verification.enforced
    keys = await settings.keys(project)
    return IdentityShown(keys, enforced, coverage.signed, coverage.unsigned, coverage.share, privacy.scrub)
