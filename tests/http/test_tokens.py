"""A token works for its purpose only: every kind of token at every place that takes one."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey

from tests.http.test_access import key, member
from tests.support.documents import a_document
from tests.support.installation import KEY, PUBLIC_ID, Running

SECRET = "a secret that only a back end knows, 40 b"
PAGE = "https://app.example.com/"
Send = Callable[[str], Awaitable[bool]]

TAKES: Mapping[str, frozenset[str]] = {
    "api": frozenset({"api key", "sign-in"}),
    "server events": frozenset({"api key"}),
    "password": frozenset({"link"}),
    "tracking body": frozenset({"write key"}),
    "tracking basic": frozenset({"write key"}),
    "boot key": frozenset({"write key"}),
    "boot project": frozenset({"public id"}),
    "preview": frozenset({"preview"}),
    "signature": frozenset({"jwt", "hmac"}),
}
"""Which kinds each place takes; a new place or kind needs its row here."""


async def tokens(door: Running) -> dict[str, str]:
    """One good token of each kind."""
    email = "ann@example.com"
    signed_in = (await member(door, email, "owner"))["authorization"].removeprefix("Bearer ")
    link = (await door.operator.post("/api/v1/members/links", json={"email": email})).json()["token"]
    for method in ("hs256", "hmac"):
        made = await door.operator.post("/api/v1/identity/keys", json={"method": method, "secret": SECRET})
        assert made.status_code == 201
    claims = {"sub": "ann", "aud": PUBLIC_ID, "exp": int(time.time()) + 600}
    preview = await door.operator.post("/api/v1/previews", json={"document": a_document("tour"), "url": PAGE})
    return {
        "api key": (await key(door, "events:write", "admin", "users:read"))["authorization"].removeprefix("Bearer "),
        "sign-in": signed_in,
        "link": link,
        "write key": KEY,
        "public id": PUBLIC_ID,
        "preview": parse_qs(urlsplit(preview.json()["link"]).query)["handrail_preview"][0],
        "jwt": jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET)),
        "hmac": hmac.new(SECRET.encode(), b"ann", hashlib.sha256).hexdigest(),
        "secret": SECRET,
        "nothing": "",
    }


def places(door: Running) -> dict[str, Send]:
    """Every place that takes a token, and whether it took it."""
    event = {"type": "track", "event": "Order", "userId": "bob", "timestamp": "2026-11-24T12:00:00Z"}

    async def sent(method: str, path: str, **more: Any) -> bool:
        answer = await door.client.request(method, path, **more)
        assert answer.status_code < 500, answer.text
        return answer.is_success

    async def boot(**more: Any) -> bool:
        body = {"sdk": "t", "anonymousId": "a", "page": {"url": PAGE}} | more
        return await sent("POST", "/sdk/v1/boot", json=body, headers={"origin": "https://app.example.com"})

    async def password(token: str) -> bool:
        return await sent("POST", "/api/v1/password", json={"token": token, "password": "another horse"})

    return {
        "api": lambda token: sent("GET", "/api/v1/users", headers={"authorization": f"Bearer {token}"}),
        "server events": lambda token: sent("POST", "/sse/webhook", json=event, headers={"x-api-key": token}),
        "tracking body": lambda token: sent("POST", "/v1/track", json=event | {"writeKey": token}),
        "tracking basic": lambda token: sent("POST", "/v1/track", json=event, auth=(token, "")),
        "boot key": lambda token: boot(project="none", key=token or "none"),
        "boot project": lambda token: boot(project=token),
        "preview": lambda token: boot(project=PUBLIC_ID, key=KEY, preview=token or "none"),
        "signature": lambda token: boot(project=PUBLIC_ID, key=KEY, userId="ann", signature=token or "none"),
        # Last: it ends the sign-ins of its member.
        "password": password,
    }


async def test_every_token_is_refused_wherever_it_does_not_belong(door: Running) -> None:
    given, taking = await tokens(door), places(door)
    assert set(taking) == set(TAKES)
    taken = {place: {kind for kind, token in given.items() if await send(token)} for place, send in taking.items()}
    assert taken == {place: set(kinds) for place, kinds in TAKES.items()}


async def test_one_changed_bit_makes_any_token_another(door: Running) -> None:
    given, taking = await tokens(door), places(door)
    for place, kinds in TAKES.items():
        for kind in sorted(kinds):
            token = given[kind]
            at = len(token) // 2
            changed = token[:at] + chr(ord(token[at]) ^ 1) + token[at + 1 :]
            assert not await taking[place](changed), (place, kind)
