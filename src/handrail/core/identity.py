"""Identity verification: whether a signature proves that the caller may speak for a user.

A page's back end signs the user's id with one of the project's keys: as a JWT (HS256 or ES256) that names the project
and ends within a day, or as the hex HMAC-SHA256 of the id. What a key is for is fixed when it is made: a token never
chooses its algorithm, and a key of one method answers nothing of another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Literal, TypeAlias

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey

from handrail.core.errors import Forbidden, Invalid

Method: TypeAlias = Literal["hs256", "es256", "hmac"]

LIVE_KEYS = 2
"""Keys that may be live at once: the one in use, and the one that is taking over."""
SECRET_LENGTH = 32
"""Shortest shared secret, in bytes."""
LONGEST_LIFE = 86_400
"""Seconds that a token may still have to live."""
LEEWAY = 60
"""Seconds by which a signer's clock may be wrong where a token says when it was made, or from when it holds."""
LONGEST_SIGNATURE = 4096

SIGN_IN_FAILED = "IDENTIFY_VERIFICATION_SIGNATURE_SIGNIN_FAILED"
"""A call for a user who is known already was not signed, or signed wrong."""
SIGN_UP_FAILED = "IDENTIFY_VERIFICATION_SIGNATURE_SIGNUP_FAILED"
"""The same for a user who is new."""

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_ALGORITHMS = {"hs256": "HS256", "es256": "ES256"}


class IdentityKey(msgspec.Struct, frozen=True):
    """A key that signatures are checked with. `secret` is the shared secret, or for `es256` the public key as PEM."""

    id: str
    method: Method
    secret: str


class Verification(msgspec.Struct, frozen=True):
    """How one environment checks identities. `audience` is the project's public id.

    Without `enforced`, an unsigned call may still speak for users whom no signature ever proved.
    """

    keys: tuple[IdentityKey, ...] = ()
    enforced: bool = False
    audience: str = ""


class Unproven(msgspec.Struct, frozen=True):
    """Why a signature proves nothing, in words fit for the customer's log."""

    reason: str


def check_key(method: Method, secret: str) -> None:
    """Hold a new key to its method. Raises Invalid."""
    if method != "es256":
        if len(secret.encode()) < SECRET_LENGTH:
            raise Invalid(f"A shared secret has at least {SECRET_LENGTH} bytes.", code="weak_key", path="secret")
        if "-----BEGIN" in secret:
            raise Invalid("A shared secret is no PEM; choose es256 for a public key.", code="bad_key", path="secret")
        return
    try:
        key = ECKey.import_key(secret)
    except (JoseError, ValueError, TypeError) as problem:
        raise Invalid(f"This is no public key in PEM: {problem}", code="bad_key", path="secret") from None
    if key.is_private:
        raise Invalid("This is a private key; only its public half belongs here.", code="bad_key", path="secret")
    if key.curve_name != "P-256":
        raise Invalid(f"ES256 needs a key on P-256, not {key.curve_name}.", code="bad_key", path="secret")


def prove(user_id: str, signature: object, verification: Verification, now: int) -> Unproven | None:
    """None when `signature` proves `user_id` at `now` (milliseconds), else why it does not."""
    if not isinstance(signature, str) or not signature:
        return Unproven("the signature is no text")
    if len(signature) > LONGEST_SIGNATURE:
        return Unproven(f"the signature is longer than {LONGEST_SIGNATURE} characters")
    if _HEX.fullmatch(signature):
        return _prove_by_hmac(user_id, signature, verification)
    if _TOKEN.fullmatch(signature):
        return _prove_by_token(user_id, signature, verification, now // 1000)
    return Unproven("the signature is neither a JWT nor 64 lower-case hex digits")


def claimed_email(signature: object) -> str | None:
    """The e-mail address that a token names beside the user; ask it of one that proved the user only."""
    if not isinstance(signature, str) or not _TOKEN.fullmatch(signature):
        return None
    payload = signature.split(".")[1]
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Named).email
    except (ValueError, msgspec.MsgspecError):
        return None


def refusal(*, known: bool, reason: str) -> Forbidden:
    """What an unproven caller is told."""
    return Forbidden(f"The identity of this user was not proven: {reason}.", code=refusal_code(known=known))


def refusal_code(*, known: bool) -> str:
    """The contract's word for it: a user who is known signs in, a new one signs up."""
    return SIGN_IN_FAILED if known else SIGN_UP_FAILED


def _prove_by_hmac(user_id: str, signature: str, verification: Verification) -> Unproven | None:
    keys = [key for key in verification.keys if key.method == "hmac"]
    for key in keys:
        expected = hmac.new(key.secret.encode(), user_id.encode(), hashlib.sha256).hexdigest()
        if hmac.compare_digest(expected, signature):
            return None
    return Unproven("no live key made this HMAC for this user" if keys else "no live key is for HMAC")


def _prove_by_token(user_id: str, token: str, verification: Verification, now: int) -> Unproven | None:
    keys = [key for key in verification.keys if key.method != "hmac"]
    for key in keys:
        try:
            read = jwt.decode(token, _key(key), algorithms=[_ALGORITHMS[key.method]])
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            continue
        return _check_claims(user_id, read.header, read.claims, verification.audience, now)
    return Unproven("no live key signed this token" if keys else "no live key is for tokens")


def _key(key: IdentityKey) -> OctKey | ECKey:
    return ECKey.import_key(key.secret) if key.method == "es256" else OctKey.import_key(key.secret)


class _Named(msgspec.Struct):
    email: str | None = None


class _Header(msgspec.Struct):
    typ: str = "JWT"


class _Claims(msgspec.Struct):
    sub: str
    aud: str | list[str]
    exp: int | float
    nbf: int | float = 0
    iat: int | float = 0


def _check_claims(user_id: str, header: object, claims: object, audience: str, now: int) -> Unproven | None:
    """What a token says whose signature holds."""
    try:
        kind = msgspec.convert(header, _Header).typ
        said = msgspec.convert(claims, _Claims)
    except msgspec.ValidationError as problem:
        return Unproven(f"the token does not say what it must: {problem}")
    if kind.upper() != "JWT":
        return Unproven(f"the token is of type {kind!r:.40}, not JWT")
    if said.aud not in (audience, [audience]):
        return Unproven("aud is not this project's public id")
    if said.sub != user_id:
        return Unproven("sub is another user")
    if said.exp <= now:
        return Unproven("the token is expired")
    if said.exp > now + LONGEST_LIFE:
        return Unproven("exp is more than 24 hours away")
    if said.nbf > now + LEEWAY or said.iat > now + LEEWAY:
        return Unproven("nbf or iat is in the future")
    return None
