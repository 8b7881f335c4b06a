"""launch_agent: the panel, the message as the user's first turn, and the keyboard."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.journeys.test_run_js import DONE, page_on, start
from tests.support.axe import violations
from tests.support.demo import Demo


def test_the_agent_opens_with_the_message_and_says_politely_that_it_is_away(
    quiet: Demo, browser: Browser, tmp_path: Path
) -> None:
    action = {"type": "launch_agent", "message": "How do I export on {{custom.plan|any}}?"}
    button = {"type": "button", "label": "Go", "actions": [action, DONE]}
    steps = [{"key": "only", "form": "modal", "blocks": [{"type": "heading", "text": "Ask"}, button]}]
    tour = {"kind": "tour", "key": "asks", "name": "asks", "show_on": {"on": "manual"}, "content": {"steps": steps}}
    tour |= {"frequency": {"every": "time"}, "respects_rate_limit": False}
    quiet.ask("POST", "/api/v1/apply", json={"documents": [{"sort": "experience", "document": tour}]})
    with page_on(quiet, browser, tmp_path) as page:
        start(page, "asks").click()
        panel = page.locator("handrail-root [role=dialog]")
        expect(panel).to_contain_text('How do I export on "pro"?')
        expect(panel.get_by_role("status")).to_have_text("The assistant is not available here yet.")
        expect(panel).to_be_focused()
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        start(page, "asks").click()
        expect(panel).to_contain_text("How do I export")
        page.evaluate("handrail.shutdown()")
        expect(page.locator("handrail-root")).to_have_count(0)
    quiet.ask("POST", "/api/v1/experiences/asks/pause")
