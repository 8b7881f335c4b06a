"""The page's signature goes where it proves something, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.journeys.test_commands import answered
from tests.support.demo import Demo
from tests.support.waiting import eventually

Visit = Callable[..., Page]


def test_a_signature_goes_with_boot_and_batches_of_its_user_and_is_never_stored(visit: Visit, demo: Demo) -> None:
    page = visit(None)
    page.wait_for_function("handrail?.decisions?.().length")
    answered(page)
    sent: list[tuple[str, dict[str, Any]]] = []

    def note(request: Any) -> None:
        if request.method == "POST" and request.post_data:
            sent.append((request.url.rsplit("/", 1)[-1], json.loads(request.post_data)))

    page.on("request", note)
    page.evaluate("jimo.push(['do', 'identify', ['signed-ann', null, 'a.signed.token']])")
    eventually(page, lambda: any(door == "boot" for door, _ in sent))
    boots = [body for door, body in sent if door == "boot"]
    assert [(body["userId"], body["signature"]) for body in boots] == [("signed-ann", "a.signed.token")]
    page.evaluate("jimo.push(['do', 'segmentio:track', [{event: 'Order', messageId: 'signed-order'}]])")
    eventually(page, lambda: any("signed-order" in json.dumps(body["batch"]) for _, body in sent))
    carried = [body for _, body in sent if "signed-order" in json.dumps(body["batch"])]
    assert all(body["signature"] == "a.signed.token" for body in carried)
    stored = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert "a.signed.token" not in stored

    sent.clear()
    page.evaluate("jimo.push(['do', 'reset'])")
    eventually(page, lambda: any(door == "boot" for door, _ in sent))
    boots = [body for door, body in sent if door == "boot"]
    assert not any("signature" in body for body in boots), "whoever comes next is not proven by it"
    page.evaluate("jimo.push(['do', 'identify', ['bob']])")
    eventually(page, lambda: any(body.get("userId") == "bob" for _, body in sent))
    assert not any("signature" in body for _, body in sent)
