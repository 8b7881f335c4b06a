"""What other origins may read: `*` never stands beside credentials, and the API speaks to no foreign page."""

from __future__ import annotations

import pytest

from tests.support.installation import Running


@pytest.mark.parametrize("origin", ["https://evil.test", "null"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/sdk/v1/boot", "/sdk/v1/contents/none.json", "/v1/batch", "/v1/track", "/api/v1/users", "/api/v1/keys"]
)
async def test_no_answer_lets_every_origin_read_what_is_private(
    door: Running, path: str, method: str, origin: str
) -> None:
    answer = await door.client.request(method, path, headers={"origin": origin})
    allowed = answer.headers.get("access-control-allow-origin")
    assert not (allowed == "*" and "access-control-allow-credentials" in answer.headers)
    if path.startswith("/api/"):
        assert allowed is None
