"""What a browser sends is refused by the name of the member at fault."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.installation import KEY, PUBLIC_ID, Running

ASKED: dict[str, Any] = {
    "project": PUBLIC_ID,
    "key": KEY,
    "page": {"url": "https://app.example.com/"},
    "sdk": "0.1.0",
    "anonymousId": "device",
}


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"project": None}, "bad_boot", "project"),
        ({"page": {"url": 7}}, "bad_boot", "page.url"),
        ({"device": "watch"}, "bad_boot", "device"),
        ({"have": ["v", 1]}, "bad_boot", "have[1]"),
        ({"userId": True}, "bad_boot", "userId"),
        ({"userId": "undefined"}, "bad_id", "userId"),
        ({"anonymousId": ""}, "bad_id", "anonymousId"),
    ],
)
async def test_a_bad_boot_is_refused_by_the_members_name(
    door: Running, change: dict[str, Any], code: str, path: str
) -> None:
    origin = {"origin": "https://app.example.com"}
    answer = await door.client.post("/sdk/v1/boot", json=ASKED | change, headers=origin)
    told = answer.json()
    assert (answer.status_code, told["code"], told["path"]) == (400, code, path), told
    assert "$" not in told["message"]
    assert (await door.client.post("/sdk/v1/boot", json=ASKED, headers=origin)).status_code == 200
