"""Identity verification: what proves a user, and a matrix of forgeries that do not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from handrail.core.errors import Invalid
from handrail.core.identity import IdentityKey, Unproven, Verification, check_key, prove

NOW = 1_795_521_600
PROJECT = "5f0f3b1e-7c1d-4c39-9d0a-2a6d1f1d0b57"
SECRET, NEXT, STRANGER = "s" * 40, "n" * 40, "x" * 40
HMAC_SECRET = "h" * 40
EC, EC_NEXT, EC_STRANGER = (ECKey.generate_key("P-256") for _ in range(3))


def pem(key: ECKey) -> str:
    return key.as_pem(private=False).decode()


TOKENS = Verification((IdentityKey("1", "hs256", SECRET), IdentityKey("2", "es256", pem(EC))), audience=PROJECT)
ROTATING = Verification((IdentityKey("1", "hs256", SECRET), IdentityKey("2", "hs256", NEXT)), audience=PROJECT)
HASHES = Verification((IdentityKey("1", "hmac", HMAC_SECRET),), audience=PROJECT)
VERIFICATIONS = {"hs256 and es256": TOKENS, "two hs256": ROTATING, "hmac": HASHES}


def claims(**more: Any) -> dict[str, Any]:
    made = {"sub": "ann", "aud": PROJECT, "exp": NOW + 3600, "iat": NOW} | more
    return {name: value for name, value in made.items() if value is not ...}


def hs256(secret: str = SECRET, header: dict[str, Any] | None = None, **more: Any) -> str:
    return sign(header or {"alg": "HS256", "typ": "JWT"}, claims(**more), secret.encode())


def es256(key: ECKey = EC, **more: Any) -> str:
    return jwt.encode({"alg": "ES256"}, claims(**more), key)


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def sign(header: object, payload: object, secret: bytes, digest: str = "sha256") -> str:
    told = f"{part(header)}.{part(payload)}"
    return f"{told}.{part(hmac.new(secret, told.encode(), digest).digest())}"


def hashed(user_id: str = "ann", secret: str = HMAC_SECRET, digest: str = "sha256") -> str:
    return hmac.new(secret.encode(), user_id.encode(), digest).hexdigest()


GENUINE = [
    ("hs256", hs256(), TOKENS),
    ("es256", es256(), TOKENS),
    ("the key in use while another takes over", hs256(), ROTATING),
    ("the key that takes over", hs256(NEXT), ROTATING),
    ("an audience in a list of its own", hs256(aud=[PROJECT]), TOKENS),
    ("without iat", hs256(iat=...), TOKENS),
    ("a signer's clock a little ahead", hs256(iat=NOW + 30, nbf=NOW + 30), TOKENS),
    ("a day to live", hs256(exp=NOW + 86_400), TOKENS),
    ("a fraction of a second", hs256(exp=NOW + 0.5), TOKENS),
    ("claims of the signer's own", hs256(role="owner"), TOKENS),
    ("hmac", hashed(), HASHES),
]


@pytest.mark.parametrize(("name", "signature", "verification"), GENUINE, ids=[each[0] for each in GENUINE])
def test_a_genuine_signature_proves_its_user_and_nobody_else(
    name: str, signature: str, verification: Verification
) -> None:
    assert prove("ann", signature, verification, NOW * 1000) is None
    for other in ("bob", "Ann", "ann ", "", "an"):
        assert isinstance(prove(other, signature, verification, NOW * 1000), Unproven), other


def flipped(token: str, at: int) -> str:
    """The token with one bit of one of its parts' bytes changed."""
    parts = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(parts[at] + "=" * (-len(parts[at]) % 4)))
    raw[len(raw) // 2] ^= 1
    parts[at] = part(bytes(raw))
    return ".".join(parts)


def forgeries() -> Iterator[tuple[str, Any]]:
    header, body, signature = hs256().split(".")
    public = pem(EC)
    for word in ("none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "PS256", "ES384", "EdDSA", "hs256"):
        yield f"alg {word!r} without a signature", f"{part({'alg': word})}.{body}."
        yield f"alg {word!r} with an old signature", f"{part({'alg': word})}.{body}.{signature}"
    yield "no alg", f"{part({'typ': 'JWT'})}.{body}.{signature}"
    yield "alg is a list", f"{part({'alg': ['HS256']})}.{body}.{signature}"
    yield "alg is null", f"{part({'alg': None})}.{body}.{signature}"
    for digest in ("sha384", "sha512", "sha1", "md5"):
        yield f"signed with {digest}", sign({"alg": "HS256"}, claims(), SECRET.encode(), digest)
    yield "hs512 named and used", sign({"alg": "HS512"}, claims(), SECRET.encode(), "sha512")
    for name, secret in {
        "the public key": public.encode(),
        "the public key without its last line break": public.strip().encode(),
        "the public key as JSON": json.dumps(EC.as_dict(private=False)).encode(),
        "nothing": b"",
        "blanks": b" " * 40,
        "another secret": STRANGER.encode(),
        "the secret with a line break": SECRET.encode() + b"\n",
        "the project's id": PROJECT.encode(),
    }.items():
        yield f"hs256 keyed with {name}", sign({"alg": "HS256"}, claims(), secret)
    yield "es256 by a stranger", es256(EC_STRANGER)
    own = EC_STRANGER.as_dict(private=False)
    told = {"alg": "ES256", "jwk": own, "jku": "https://evil.example/keys", "x5u": "https://evil.example/x", "kid": "2"}
    yield "es256 that brings its own key", jwt.encode({"alg": "ES256"} | {"jwk": own}, claims(), EC_STRANGER)
    yield "names a key's address", f"{part(told)}.{body}.{signature}"
    yield "es256 named, hs256 used", sign({"alg": "ES256"}, claims(), SECRET.encode())
    yield "a signature of noughts", f"{part({'alg': 'ES256'})}.{body}.{part(bytes(64))}"
    yield "an empty signature", f"{header}.{body}."
    yield "signature and body of two tokens", f"{header}.{hs256(sub='bob').split('.')[1]}.{signature}"
    for at, name in enumerate(("header", "claims", "signature")):
        yield f"one bit of the {name} changed", flipped(hs256(), at)
        yield f"one bit of the {name} changed, es256", flipped(es256(), at)
    for name, more in {
        "expired": {"exp": NOW},
        "expired long ago": {"exp": NOW - 86_400},
        "no exp": {"exp": ...},
        "exp is text": {"exp": str(NOW + 60)},
        "exp is true": {"exp": True},
        "exp is null": {"exp": None},
        "exp is a list": {"exp": [NOW + 60]},
        "exp too far": {"exp": NOW + 86_401},
        "exp in milliseconds": {"exp": (NOW + 60) * 1000},
        "exp beyond numbers": {"exp": 1e308},
        "exp before time": {"exp": -1},
        "another project": {"aud": "00000000-0000-4000-8000-000000000002"},
        "no aud": {"aud": ...},
        "aud is empty": {"aud": []},
        "aud is text of nothing": {"aud": ""},
        "aud names several": {"aud": [PROJECT, "another"]},
        "aud in capitals": {"aud": PROJECT.upper()},
        "aud with more behind": {"aud": PROJECT + "0"},
        "another user": {"sub": "bob"},
        "no sub": {"sub": ...},
        "sub is null": {"sub": None},
        "sub is a number": {"sub": 17},
        "sub is a list": {"sub": ["ann"]},
        "sub in capitals": {"sub": "ANN"},
        "sub with a blank": {"sub": " ann"},
        "not yet": {"nbf": NOW + 3600},
        "made tomorrow": {"iat": NOW + 86_400},
        "iat is text": {"iat": "now"},
    }.items():
        yield name, hs256(**more)
        yield f"{name}, es256", es256(**more)
    yield "another type of token", hs256(header={"alg": "HS256", "typ": "at+jwt"})
    yield "a member's session", hs256(header={"alg": "HS256", "typ": "session"})
    yield "critical members", hs256(header={"alg": "HS256", "crit": ["exp"]})
    yield "critical members nobody knows", hs256(header={"alg": "HS256", "crit": ["x"], "x": 1})
    yield "claims that are a list", sign({"alg": "HS256"}, [1], SECRET.encode())
    yield "claims that are text", sign({"alg": "HS256"}, "ann", SECRET.encode())
    yield "claims that are no JSON", sign({"alg": "HS256"}, b"{", SECRET.encode())
    yield "header that is a list", sign(["HS256"], claims(), SECRET.encode())
    yield "four parts", hs256() + ".x"
    yield "two parts", f"{header}.{body}"
    yield "an encrypted token's five parts", f"{header}.{body}.{signature}.{body}.{signature}"
    yield "blanks around", f" {hs256()} "
    yield "a line break behind", hs256() + "\n"
    yield "padding", f"{header}.{body}==.{signature}="
    yield "very long", hs256(note="x" * 5000)
    yield "as JSON", json.dumps({"payload": body, "protected": header, "signature": signature})
    yield "hmac by a stranger", hashed(secret=STRANGER)
    yield "hmac with a key for tokens", hashed(secret=SECRET)
    yield "hmac with the public key", hashed(secret=public)
    yield "hmac of another user", hashed("bob")
    yield "hmac in capitals", hashed().upper()
    yield "hmac cut short", hashed()[:-1]
    yield "hmac with more behind", hashed() + "0"
    yield "hmac by sha1", hashed(digest="sha1")
    yield "hmac by sha512", hashed(digest="sha512")
    yield "a plain hash", hashlib.sha256(b"ann").hexdigest()
    yield "noughts", "0" * 64
    yield "a token keyed with the secret for hmac", hs256(HMAC_SECRET)
    for value in (None, "", " ", True, 1, [], {}, ["x"], "ann", "undefined", "null", b"x", ".", "..", "é" * 64):
        yield f"no signature: {value!r}", value


FORGERIES = list(forgeries())


def test_the_matrix_is_large_and_every_forgery_stands_in_it_once() -> None:
    assert len(FORGERIES) * len(VERIFICATIONS) >= 200
    assert len({name for name, _ in FORGERIES}) == len(FORGERIES)


@pytest.mark.parametrize("enforced", VERIFICATIONS)
@pytest.mark.parametrize(("name", "signature"), FORGERIES, ids=[name for name, _ in FORGERIES])
def test_a_forgery_proves_nothing(name: str, signature: object, enforced: str) -> None:
    answer = prove("ann", signature, VERIFICATIONS[enforced], NOW * 1000)
    assert isinstance(answer, Unproven)
    assert answer.reason
    assert not any(secret in answer.reason for secret in (SECRET, NEXT, HMAC_SECRET))


@pytest.mark.parametrize(("name", "signature", "verification"), GENUINE, ids=[each[0] for each in GENUINE])
def test_a_genuine_signature_proves_nothing_to_keys_of_another_method_or_project(
    name: str, signature: str, verification: Verification
) -> None:
    elsewhere = HASHES if verification is not HASHES else TOKENS
    assert isinstance(prove("ann", signature, elsewhere, NOW * 1000), Unproven)
    assert isinstance(prove("ann", signature, Verification((), audience=PROJECT), NOW * 1000), Unproven)
    if verification is not HASHES:
        other = Verification(verification.keys, audience="another")
        assert isinstance(prove("ann", signature, other, NOW * 1000), Unproven)


def test_a_key_that_was_let_go_proves_nothing_any_more() -> None:
    left = Verification(ROTATING.keys[1:], audience=PROJECT)
    assert isinstance(prove("ann", hs256(), left, NOW * 1000), Unproven)
    assert prove("ann", hs256(NEXT), left, NOW * 1000) is None


@pytest.mark.parametrize(
    ("method", "secret"),
    [
        ("hs256", "short"),
        ("hmac", ""),
        ("hs256", pem(EC)),
        ("hmac", pem(EC)),
        ("es256", SECRET),
        ("es256", ""),
        ("es256", EC.as_pem(private=True).decode()),
        ("es256", ECKey.generate_key("P-384").as_pem(private=False).decode()),
        ("es256", json.dumps(OctKey.import_key(SECRET).as_dict())),
    ],
)
def test_a_key_that_does_not_fit_its_method_is_refused(method: Any, secret: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_key(method, secret)
    assert refused.value.path == "secret"
    assert not secret or secret not in refused.value.message
