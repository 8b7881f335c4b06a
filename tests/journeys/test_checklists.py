"""Checklists in a real browser, on a page whose policy allows scripts and requests of ours and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.axe import violations
from tests.support.guest import KEPT
from tests.support.panels import Host, launcher, panel, until
from tests.support.waiting import eventually

TO = {"type": "navigate_to", "url": "#/there"}


def a_task(key: str, **members: Any) -> dict[str, Any]:
    return {"key": key, "title": key.title(), "action": TO} | members


def a_checklist(
    *tasks: Any, key: str = "start", envelope: dict[str, Any] | None = None, **members: Any
) -> dict[str, Any]:
    content = {"title": "First steps", "tasks": list(tasks), "launcher": {"label": "Start", "icon": "check"}} | members
    return {"kind": "checklist", "key": key, "name": "First steps", "content": content} | (envelope or {})


def task(page: Page, name: str) -> Locator:
    return panel(page).get_by_role("button", name=name, exact=True)


def said(page: Page, name: str, state: str) -> Locator:
    """A task's button by its title and the state that is said with it."""
    return panel(page).get_by_role("button", name=re.compile(f"^{name} ?, {state}"))


def is_done(page: Page, name: str) -> None:
    expect(said(page, name, "done")).to_be_visible()


def test_a_whole_list_by_keyboard_alone(host: Host, tmp_path: Path) -> None:
    more = {"text": "Good to know.", "skippable": True}
    completion = {"blocks": [{"type": "heading", "text": "You are set"}]}
    host.publish(tmp_path, a_checklist(a_task("look"), a_task("invite", **more), expand="never", completion=completion))
    page = host.visit("kay")
    expect(launcher(page)).to_have_accessible_name(re.compile("Start ?, 2 left"))
    assert violations(page) == []
    page.locator("#help").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.localName") == "handrail-root"
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_focused()
    expect(panel(page)).to_have_attribute("role", "dialog")
    bar = panel(page).get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuetext", "0 of 2 done")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    expect(launcher(page)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    is_done(page, "Look")
    expect(said(page, "Look", "done")).to_be_focused()
    expect(bar).to_have_attribute("aria-valuetext", "1 of 2 done")
    assert page.url.endswith("#/there")
    # The next open task is unfolded; the way to Skip leads over its own buttons.
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(panel(page).get_by_role("button", name="Skip")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(panel(page)).to_contain_text("You are set")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("handrail-root")).to_have_count(0)
    page.reload()
    until(page, "window.handrail?.decisions?.().length")
    expect(page.locator("handrail-root")).to_have_count(0)
    assert host.faults(page) == []


def test_tasks_in_order_open_one_after_the_other(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_checklist(a_task("first"), a_task("second"), order="in_order"))
    page = host.visit("ori")
    second = said(page, "Second", "locked")
    expect(second).to_have_attribute("aria-disabled", "true")
    second.click(force=True)
    expect(second).to_be_visible()
    assert violations(page) == []
    task(page, "First").click()
    is_done(page, "First")
    task(page, "Second").click()
    expect(panel(page)).to_contain_text("All done!")
    assert violations(page) == []


def test_what_a_task_waits_for_gets_it_done(host: Host, tmp_path: Path) -> None:
    waits = {
        "plan": {"attribute": "custom.plan", "operator": "is_set"},
        "invited": {"event": "Teammate Invited"},
        "orders": {"page": "path", "operator": "contains", "value": "orders"},
        "menu": {"element": "#menu", "fact": "clicked"},
        "team": {"element": "#team", "fact": "filled"},
        "never": {"all": [{"page": "path", "operator": "contains", "value": "orders"}, {"event": "Nothing"}]},
    }
    host.publish(tmp_path, a_checklist(*(a_task(key, done_when=each) for key, each in waits.items())))
    page = host.visit("wim")
    task(page, "Plan").click()
    expect(task(page, "Plan")).to_be_visible()
    page.evaluate("handrail.push(['set', 'user:attributes', [{plan: 'pro'}]])")
    is_done(page, "Plan")
    page.evaluate("handrail.push(['do', 'segmentio:track', [{event: 'Teammate Invited'}]])")
    is_done(page, "Invited")
    page.locator("#menu").click()
    is_done(page, "Menu")
    page.locator("#team").fill("blue")
    page.locator("#team").press("Enter")
    is_done(page, "Team")
    page.evaluate("history.pushState({}, '', '/app/orders')")
    is_done(page, "Orders")
    page.evaluate("history.pushState({}, '', '/')")
    page.get_by_role("link", name="Orders").click()
    # In the next load everything is still so, and what only the server can say is not so.
    expect(panel(page).get_by_role("progressbar")).to_have_attribute("aria-valuetext", "5 of 6 done")
    expect(task(page, "Never")).to_be_visible()
    assert host.faults(page) == []


def test_another_experience_that_was_completed_gets_a_task_done_without_a_reload(host: Host, tmp_path: Path) -> None:
    tour = {
        "kind": "tour", "key": "visit", "name": "Visit", "show_on": {"on": "none"},
        "content": {"steps": [{"key": "only", "form": "snippet", "blocks": [
            {"type": "heading", "text": "Welcome"},
            {"type": "button", "label": "Fine", "actions": [{"type": "go_to_step", "step": "complete"}]},
        ]}]},
    }  # fmt: skip
    launch = {"type": "launch_experience", "experience": "visit"}
    waits = {"experience": "visit", "fact": "completed"}
    host.publish(tmp_path, a_checklist(a_task("tour", action=launch, done_when=waits), a_task("other")), tour)
    page = host.visit("tom")
    task(page, "Tour").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    # RULES 28: its panel is closed, its launcher stays, and it is back when the launched run ends.
    expect(panel(page)).to_have_count(0)
    expect(launcher(page)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(launcher(page)).to_be_visible()
    expect(panel(page)).to_have_count(0)
    page.get_by_role("button", name="Fine").click()
    expect(panel(page)).to_be_visible()
    is_done(page, "Tour")
    assert host.faults(page) == []


def test_a_refused_launch_leaves_the_panel_and_the_task_as_they_are(host: Host, tmp_path: Path) -> None:
    tour = {
        "kind": "tour", "key": "visit", "name": "Visit", "show_on": {"on": "none"},
        "where": {"include": [{"part": "path", "operator": "equals", "value": "/elsewhere"}]},
        "content": {"steps": [{"key": "only", "form": "snippet", "blocks": [{"type": "heading", "text": "Welcome"}]}]},
    }  # fmt: skip
    host.publish(
        tmp_path, a_checklist(a_task("tour", action={"type": "launch_experience", "experience": "visit"})), tour
    )
    page = host.visit("rea")
    task(page, "Tour").click()
    until(page, "handrail.decisions().some(d => d.key === 'visit' && d.because === 'where')")
    expect(task(page, "Tour")).to_be_visible()
    expect(launcher(page)).to_have_accessible_name(re.compile("Start ?, 1 left"))


def test_the_launcher_is_moved_by_keyboard_and_by_pointer_and_stays_there(host: Host, tmp_path: Path) -> None:
    moves = {"label": "Start", "icon": "check", "draggable": True}
    host.publish(tmp_path, a_checklist(a_task("look"), launcher=moves, expand="never"))
    page = host.visit("mov")
    expect(launcher(page)).to_be_visible()

    def at() -> float:
        box = launcher(page).bounding_box()
        assert box is not None
        return box["x"]

    start = at()
    launcher(page).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert at() < start - 60
    page.keyboard.press("Home")
    assert at() < 40
    page.keyboard.press("ArrowRight")
    moved = at()
    page.reload()
    expect(launcher(page)).to_be_visible()
    assert abs(at() - moved) < 2
    box = launcher(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 420, box["y"] - 40, steps=6)
    page.mouse.up()
    assert abs(at() - moved - 400) < 4
    # A drag is no click.
    expect(panel(page)).to_have_count(0)
    launcher(page).click()
    expect(panel(page)).to_be_visible()
    assert violations(page) == []


def test_a_dismissal_can_be_taken_back_and_is_kept_when_it_is_not(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_checklist(a_task("look")))
    page = host.visit("dee")
    panel(page).get_by_role("button", name="Dismiss this list").click()
    expect(panel(page)).to_contain_text("This list is put away.")
    expect(panel(page).get_by_role("button", name="Undo")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(task(page, "Look")).to_be_visible()
    panel(page).get_by_role("button", name="Dismiss this list").click()
    page.keyboard.press("Escape")
    expect(page.locator("handrail-root")).to_have_count(0)
    page.reload()
    until(page, "handrail.decisions?.().some(d => d.key === 'start' && d.because === 'frequency_once')")
    expect(page.locator("handrail-root")).to_have_count(0)
    # It can be asked for again, and knows what was done.
    assert page.evaluate("handrail.start('start')") == {"started": True}
    expect(panel(page)).to_be_visible()


def test_open_and_closed_outlive_a_load_and_routes_that_it_does_not_cover_hide_it(host: Host, tmp_path: Path) -> None:
    where = {"where": {"exclude": [{"part": "path", "operator": "contains", "value": "secret"}]}}
    host.publish(tmp_path, a_checklist(a_task("look"), envelope=where))
    page = host.visit("ray")
    expect(panel(page)).to_be_visible()
    page.reload()
    expect(panel(page)).to_be_visible()
    page.evaluate("history.pushState({}, '', '/secret')")
    expect(page.locator("handrail-root")).to_have_count(0)
    page.evaluate("history.back()")
    expect(panel(page)).to_be_visible()
    panel(page).get_by_role("button", name="Close").click()
    expect(panel(page)).to_have_count(0)
    page.reload()
    expect(launcher(page)).to_be_visible()
    expect(panel(page)).to_have_count(0)


def test_an_element_of_the_page_opens_it_and_is_not_touched(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_checklist(a_task("look"), expand="never", launcher={"target": {"css": "#help"}}))
    page = host.visit("eli")
    until(page, "window.handrail?.decisions?.().some(d => d.shown)")
    before = page.evaluate("document.querySelector('#help').outerHTML")
    expect(page.locator("handrail-root")).to_have_count(0)

    def opens() -> bool:
        # The element is looked for once what finds it is loaded; a click that is heard opens the panel at once.
        page.locator("#help").click()
        return panel(page).count() == 1

    eventually(page, opens)
    expect(panel(page)).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_focused()
    assert page.evaluate("document.querySelector('#help').outerHTML") == before


def test_a_phone_has_a_sheet_that_keeps_the_focus(host: Host, tmp_path: Path) -> None:
    host.publish(tmp_path, a_checklist(*(a_task(key) for key in "abcdefghij"), expand="never"))
    page = host.visit("pho", viewport={"width": 320, "height": 568}, has_touch=True, is_mobile=True)
    launcher(page).click()
    box = panel(page).bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (8, 304)
    assert 24 < box["y"] < 568 - box["height"] + 1
    expect(panel(page)).to_have_attribute("aria-modal", "true")
    until(page, KEPT)
    for _ in range(14):
        page.keyboard.press("Tab")
        assert panel(page).evaluate("each => each.matches(':focus-within')")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_in_arabic_and_in_the_dark(host: Host, tmp_path: Path, scheme: str) -> None:
    texts = {"en": "First steps", "ar": "البداية"}
    list_ = a_checklist(a_task("look", title=texts, text=texts, skippable=True), a_task("b"), title=texts)
    host.publish(tmp_path, {**list_, "theme": "own"}, scheme=scheme)
    page = host.visit("")
    page.evaluate("document.documentElement.dir = 'rtl'; document.documentElement.lang = 'ar'")
    page.reload()
    page.evaluate("document.documentElement.dir = 'rtl'; document.documentElement.lang = 'ar'")
    page.evaluate("handrail.push(['do', 'identify', ['ara']], ['set', 'core:language', ['ar', true]])")
    expect(panel(page)).to_contain_text("البداية")
    expect(panel(page)).to_contain_text("اكتمل 0 من 2")
    expect(panel(page)).to_have_css("direction", "rtl")
    box = panel(page).bounding_box()
    assert box is not None
    assert box["x"] < 100
    assert violations(page) == []


def test_shutdown_leaves_nothing_behind(host: Host, tmp_path: Path) -> None:
    waits = {"element": "#team", "fact": "filled"}
    host.publish(tmp_path, a_checklist(a_task("look", done_when=waits), a_task("b")))
    page = host.visit("sue")
    expect(panel(page)).to_be_visible()
    panel(page).get_by_role("button", name="Close").click()
    launcher(page).click()
    expect(panel(page)).to_be_visible()
    page.evaluate("handrail.shutdown()")
    expect(page.locator("handrail-root")).to_have_count(0)
    client = page.context.new_cdp_session(page)
    listeners = sum(
        len(client.send("DOMDebugger.getEventListeners", {"objectId": client.send(
            "Runtime.evaluate", {"expression": target})["result"]["objectId"]})["listeners"])
        for target in ("document", "window", "document.body", "document.documentElement", "window.help")
    )  # fmt: skip
    assert listeners == 0
    assert page.evaluate("document.documentElement.getAttributeNames()") == ["lang"]
    assert host.faults(page) == []
