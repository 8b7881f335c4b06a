"""Identity verification at the doors: who may write, who may read, and the figure before it is enforced."""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from handrail.core.identity import SIGN_IN_FAILED, SIGN_UP_FAILED
from tests.support.installation import KEY, PUBLIC_ID, Running

SECRET = "a secret that only a back end knows, 40 b"


def signed(user: str, secret: str = SECRET, **more: Any) -> str:
    claims = {"sub": user, "aud": PUBLIC_ID, "exp": int(time.time()) + 600} | more
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


async def a_key(door: Running, **wanted: Any) -> dict[str, Any]:
    answer = await door.operator.post("/api/v1/identity/keys", json={"method": "hs256", "secret": SECRET} | wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def enforce(door: Running, **more: Any) -> dict[str, Any]:
    settings = {"verify_identity": True, "insist": True} | more
    answer = await door.operator.put("/api/v1/environments/production/privacy", json=settings)
    assert answer.status_code == 200, answer.text
    return answer.json()


def identify(user: str | None, message: str, **more: Any) -> dict[str, Any]:
    call = {"type": "identify", "messageId": message, "anonymousId": "device", "traits": {"said": message}} | more
    return call if user is None else call | {"userId": user}


async def batch(door: Running, *calls: dict[str, Any], signature: object = None) -> dict[str, Any]:
    body = {"writeKey": KEY, "batch": calls} | ({} if signature is None else {"signature": signature})
    answer = await door.client.post("/v1/batch", json=body)
    assert answer.status_code == 200
    return answer.json()


async def boot(door: Running, **more: Any) -> tuple[int, dict[str, Any]]:
    request = {"project": PUBLIC_ID, "key": KEY, "page": {"url": "https://app.example.com/"}, "sdk": "0.1.0"} | more
    answer = await door.client.post("/sdk/v1/boot", json=request)
    return answer.status_code, answer.json()


def files_of(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


async def said(door: Running, user: str) -> object:
    await door.installation.log.settled()
    answer = await door.operator.get("/api/v1/user", params={"user": user})
    values = {each["name"]: each["value"] for each in answer.json()["attributes"]}
    return values.get("custom.said")


async def test_without_a_key_signatures_mean_nothing(door: Running) -> None:
    assert await batch(door, identify("ann", "m1"), signature="nonsense") == {"success": True}
    assert (await boot(door, userId="ann", signature="nonsense"))[0] == 200


async def test_a_verified_user_is_neither_read_nor_overwritten_by_unsigned_calls(door: Running) -> None:
    await a_key(door)
    await batch(door, identify("ann", "m1"), signature=signed("ann"))
    assert await said(door, "ann") == "m1"
    wrong = [None, "nonsense", signed("bob"), signed("ann", SECRET + "x"), signed("ann", exp=1)]
    for number, signature in enumerate(wrong):
        answer = await batch(door, identify("ann", f"forged-{number}"), signature=signature)
        assert [each["code"] for each in answer["rejected"]] == [SIGN_IN_FAILED]
        status, told = await boot(door, userId="ann", **({} if signature is None else {"signature": signature}))
        assert (status, told["code"]) == (403, SIGN_IN_FAILED)
    assert await said(door, "ann") == "m1"
    assert (await boot(door, userId="ann", signature=signed("ann")))[0] == 200


async def test_what_is_not_verified_yet_goes_on_unsigned_until_it_is_enforced(door: Running) -> None:
    await a_key(door)
    assert await batch(door, identify("bob", "m1")) == {"success": True}
    assert (await boot(door, userId="bob"))[0] == 200
    await enforce(door)
    answer = await batch(door, identify("bob", "m2"), identify("new", "m3"), identify(None, "m4"))
    assert [(each["message_id"], each["code"]) for each in answer["rejected"]] == [
        ("m2", SIGN_IN_FAILED),
        ("m3", SIGN_UP_FAILED),
    ]
    assert (await boot(door, userId="bob"))[1]["code"] == SIGN_IN_FAILED
    assert (await boot(door, userId="nobody"))[1]["code"] == SIGN_UP_FAILED
    assert (await boot(door, anonymousId="another device"))[0] == 200


@pytest.mark.parametrize("call", ["identify", "track", "page", "screen", "group", "alias"])
async def test_every_kind_of_call_is_held_to_it(door: Running, call: str) -> None:
    await a_key(door)
    await batch(door, identify("ann", "m1"), signature=signed("ann"))
    more = {"event": "Order", "groupId": "acme", "previousId": "other", "messageId": "m2", "userId": "ann"}
    answer = await door.client.post(f"/v1/{call}", json={"writeKey": KEY, **more})
    assert answer.json()["rejected"][0]["code"] == SIGN_IN_FAILED
    assert (await batch(door, {"type": call, **more}, signature=signed("ann"))) == {"success": True}


async def test_nobody_joins_a_verified_user_to_themselves(door: Running) -> None:
    await a_key(door)
    await batch(door, identify("ann", "m1"), signature=signed("ann"))
    for number, (previous, user, signature) in enumerate(
        [("ann", "eve", None), ("ann", "eve", signed("eve")), ("eve", "ann", None), ("eve", "ann", signed("eve"))]
    ):
        alias = {"type": "alias", "previousId": previous, "userId": user, "messageId": f"a{number}"}
        assert len((await batch(door, alias, signature=signature))["rejected"]) == 1
    shown = (await door.operator.get("/api/v1/user", params={"user": "ann"})).json()
    assert shown["user_ids"] == ["ann"]


async def test_a_device_of_a_verified_user_tells_nothing_and_sets_nothing_unsigned(door: Running) -> None:
    await a_key(door)
    await batch(door, identify("ann", "m1"), signature=signed("ann"))
    await batch(door, {"type": "track", "event": "Order", "anonymousId": "device", "messageId": "m2"})
    answer = await batch(door, identify(None, "m3"))
    assert [each["code"] for each in answer["rejected"]] == [SIGN_IN_FAILED]
    assert await said(door, "ann") == "m1"
    assert (await boot(door, anonymousId="device"))[0] == 200


@pytest.mark.parametrize("ours", [False, True])
async def test_a_device_cannot_bring_an_address_to_the_user_who_signs_in_on_it(door: Running, ours: bool) -> None:
    await a_key(door)
    await enforce(door)
    address = {"email": "eve@example.com", "said": "m2"}
    native = {"context": {"handrail": {"sdk": "0.1.0", "native": {"email": "eve@example.com"}}}}
    known = {"email": "ann@example.com", "said": "m1"}
    await batch(door, identify("ann", "m1", anonymousId="own", traits=known), signature=signed("ann"))
    planted = identify(None, "m2", anonymousId="shared", traits={"said": "m2"} if ours else address)
    answer = await batch(door, planted | (native if ours else {}))
    assert [(each["message_id"], each["code"]) for each in answer["warnings"]] == [("m2", "unsigned_email")]
    await batch(door, identify("ann", "m3", anonymousId="shared", traits={}), signature=signed("ann"))
    await door.installation.log.settled()
    shown = (await door.operator.get("/api/v1/user", params={"user": "ann"})).json()
    values = {each["name"]: each["value"] for each in shown["attributes"]}
    assert values["native.email"] == "ann@example.com"
    # What else the device said is the user's now.
    assert values["custom.said"] == "m2"
    kept = await door.kept()
    assert not [each for each in kept if b"eve@example.com" in bytes(each.body)]


@pytest.mark.parametrize("ours", [False, True])
async def test_a_token_that_names_an_address_is_held_to_it(door: Running, ours: bool) -> None:
    await a_key(door)

    def sets(message: str, address: object) -> dict[str, Any]:
        native = {"context": {"handrail": {"sdk": "0.1.0", "native": {"email": address}}}}
        return identify("ann", message, **native) if ours else identify("ann", message, traits={"email": address})

    token = signed("ann", email="Ann@example.com")
    others = [sets(f"o{at}", each) for at, each in enumerate(["eve@example.com", ["eve@example.com"], 5, True])]
    answer = await batch(door, *others, sets("m2", "ann@example.com"), signature=token)
    assert [(each["message_id"], each["code"], each["path"]) for each in answer["rejected"]] == [
        (f"o{at}", "email_mismatch", "traits.email") for at in range(4)
    ]
    # A token that names none is no word about it, and whoever takes the address back sets none.
    assert await batch(door, sets("m3", "other@example.com"), signature=signed("ann")) == {"success": True}
    assert await batch(door, sets("m4", None), signature=token) == {"success": True}
    assert [each.message_id for each in await door.kept()] == ["m2", "m3", "m4"]


async def test_a_signature_in_the_context_counts_and_is_not_kept(door: Running, tmp_path: Path) -> None:
    await a_key(door)
    token = signed("ann")
    context = {"handrail": {"signature": token}, "page": {"path": "/"}}
    assert await batch(door, identify("ann", "m1", context=context)) == {"success": True}
    (event,) = await door.kept()
    assert (event.verified, b"signature" in bytes(event.body)) == ("signature", False)
    assert token.encode() not in files_of(tmp_path)


async def test_hmac_and_es256_keys_work_side_by_side_and_two_are_the_most(door: Running) -> None:
    pair = ECKey.generate_key("P-256")
    await a_key(door, method="hmac")
    await a_key(door, method="es256", secret=pair.as_pem(private=False).decode())
    code = hmac.new(SECRET.encode(), b"ann", hashlib.sha256).hexdigest()
    assert await batch(door, identify("ann", "m1"), signature=code) == {"success": True}
    claims = {"sub": "bob", "aud": PUBLIC_ID, "exp": int(time.time()) + 60}
    token = jwt.encode({"alg": "ES256"}, claims, pair)
    assert await batch(door, identify("bob", "m2"), signature=token) == {"success": True}
    assert "rejected" in await batch(door, identify("bob", "m3"), signature=signed("bob"))
    refused = await door.operator.post("/api/v1/identity/keys", json={"method": "hs256"})
    assert refused.status_code == 409


async def test_a_secret_is_told_once_and_lies_encrypted(door: Running, tmp_path: Path) -> None:
    made = await door.operator.post("/api/v1/identity/keys", json={"method": "hs256", "name": "back end"})
    secret = made.json()["secret"]
    brought = await a_key(door)
    assert "secret" not in brought, "a secret that was brought is known already"
    answers = [await door.operator.get("/api/v1/identity"), await door.operator.get("/api/v1/project")]
    files = files_of(tmp_path)
    for each in (secret, SECRET):
        assert all(each not in answer.text for answer in answers)
        assert each.encode() not in files
    assert await batch(door, identify("ann", "m1"), signature=signed("ann", secret)) == {"success": True}


async def test_rotation_lets_the_old_key_go_and_the_last_one_stays_while_enforced(door: Running) -> None:
    old, new = await a_key(door), await a_key(door, secret=SECRET + " new")
    await enforce(door)
    assert await batch(door, identify("ann", "m1"), signature=signed("ann")) == {"success": True}
    assert (await door.operator.delete(f"/api/v1/identity/keys/{old['id']}")).status_code == 200
    assert "rejected" in await batch(door, identify("ann", "m2"), signature=signed("ann"))
    assert await batch(door, identify("ann", "m3"), signature=signed("ann", SECRET + " new")) == {"success": True}
    assert (await door.operator.delete(f"/api/v1/identity/keys/{new['id']}")).status_code == 409
    assert (await door.operator.delete("/api/v1/identity/keys/ik_none")).status_code == 404


async def test_enforcing_asks_for_a_key_and_for_coverage(door: Running) -> None:
    path = "/api/v1/environments/production/privacy"
    assert (await door.operator.put(path, json={"verify_identity": True})).status_code == 409
    await a_key(door)
    answer = await door.operator.put(path, json={"verify_identity": True})
    assert (answer.status_code, answer.json()["path"]) == (409, "verify_identity")
    await batch(door, *(identify(f"u{number}", f"m{number}") for number in range(3)))
    for number in range(97):
        await batch(door, identify(f"s{number}", f"s{number}"), signature=signed(f"s{number}"))
    shown = (await door.operator.get("/api/v1/identity")).json()
    assert (shown["signed"], shown["unsigned"], shown["share"], shown["enforced"]) == (97, 3, 0.97, False)
    assert (await door.operator.put(path, json={"verify_identity": True})).json()["enforced"] is True
    assert (await door.operator.get("/api/v1/identity", params={"environment": "staging"})).json()["enforced"] is False


async def test_the_settings_survive_a_restart(tmp_path: Path) -> None:
    from tests.support.installation import running

    async with running(tmp_path) as door:
        await a_key(door)
        await batch(door, identify("ann", "m1"), signature=signed("ann"))
        await enforce(door)
    async with running(tmp_path) as door:
        assert "rejected" in await batch(door, identify("bob", "m2"))
        assert await batch(door, identify("ann", "m3"), signature=signed("ann")) == {"success": True}
        assert (tmp_path / "secrets.key").stat().st_mode & 0o777 == 0o600
