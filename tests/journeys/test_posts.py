"""Posts in a real browser: the feed and its unread badge, one post, likes and comments that count once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.axe import violations
from tests.support.demo import Demo
from tests.support.events import logged
from tests.support.gallery import GALLERY, listen, published, told, until
from tests.support.waiting import eventually

Open = Callable[..., Page]


def a_post(key: str, **content: Any) -> dict[str, Any]:
    blocks = [{"type": "paragraph", "text": f"All about {key}."}]
    return {"kind": "post", "key": key, "name": key, "content": {"title": key.title(), "blocks": blocks} | content}


def news(page: Page) -> Locator:
    return page.locator("handrail-root .news")


def entries(page: Page) -> Locator:
    return page.locator("handrail-root .entry")


@pytest.fixture
def opened(quiet: Demo, visit: Open, tmp_path: Path) -> Iterator[Open]:
    """Publishes documents and opens a page that may show them; paused again at the end."""
    live: list[Any] = []

    def open_page(*documents: Any, persona: str | None = None, **options: Any) -> Page:
        shown = published(quiet, tmp_path, *documents)
        shown.__enter__()
        live.append(shown)
        page = visit(persona, host=quiet, **{"reduced_motion": "reduce", **options})
        listen(page)
        page.reload()
        until(page, "window.handrail?.decisions")
        return page

    yield open_page
    for each in live:
        each.__exit__(None, None, None)


def push(page: Page, *command: Any) -> None:
    page.evaluate("command => void handrail.push(command)", list(command))


def unread(page: Page) -> int:
    return page.evaluate("() => handrail.push(['get', 'widget:unreadCount'])")


def test_posts_wait_in_the_feed_and_are_read_by_keyboard(opened: Open) -> None:
    page = opened(a_post("older"), a_post("newer"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/contents/" in request.url else None)
    assert unread(page) == 2
    expect(page.locator("handrail-root")).to_have_count(0)
    ours = "<i data-handrail-badge></i><button data-handrail-feed>News</button>"
    page.evaluate("ours => document.body.insertAdjacentHTML('beforeend', ours)", ours)
    push(page, "do", "badge:find")
    expect(page.locator("[data-handrail-badge]")).to_have_text("2")
    page.locator("[data-handrail-feed]").focus()
    page.keyboard.press("Enter")
    expect(news(page)).to_be_focused()
    expect(news(page)).to_have_accessible_name("What is new")
    expect(entries(page)).to_have_count(2)
    assert len(asked) == 1
    assert violations(page) == []
    expect(page.locator("[data-handrail-badge]")).to_be_hidden()
    assert unread(page) == 0
    entries(page).first.focus()
    page.keyboard.press("Enter")
    expect(news(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Like")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="What is new").click()
    expect(entries(page)).to_have_count(2)
    expect(entries(page).first).to_be_focused()
    page.keyboard.press("Escape")
    expect(news(page)).to_have_count(0)
    expect(page.locator("[data-handrail-feed]")).to_be_focused()
    assert page.evaluate("async () => (await handrail.push(['get', 'widget:lastOpenDate'])) instanceof Date")
    page.reload()
    until(page, "window.handrail?.decisions")
    assert unread(page) == 0
    push(page, "do", "widget:resetLastOpenDate")
    assert page.evaluate("() => handrail.push(['get', 'widget:lastOpenDate'])") is None
    names = [each["event"] for each in told(page)]
    assert "feed_opened" in names
    assert page.faults == []  # type: ignore[attr-defined]


def test_a_like_is_kept_over_a_reload_and_a_comment_is_sent_once(opened: Open) -> None:
    page = opened(a_post("liked"))
    push(page, "do", "widget:open", ["liked"])
    like = page.get_by_role("button", name="Like")
    expect(like).to_have_attribute("aria-pressed", "false")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Comment").fill("  Very good.  ")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_have_text("Thank you, your comment was sent.")
    assert violations(page) == []
    expect(page.get_by_role("button", name="Send")).to_have_count(0)
    eventually(page, lambda: "post_seen" in [each["event"] for each in told(page)])
    page.keyboard.press("Escape")
    expect(news(page)).to_have_count(0)
    said = told(page)
    assert [each["properties"]["text"] for each in said if each["event"] == "post_commented"] == ["Very good."]
    assert [each["event"] for each in said if each["event"] in ("post_seen", "experience_completed")] == [
        "post_seen", "experience_completed",
    ]  # fmt: skip
    page.evaluate(
        "Object.keys(localStorage).filter(k => k.includes('ledger')).forEach(k => localStorage.removeItem(k))"
    )
    page.reload()
    until(page, "window.handrail?.decisions")
    push(page, "do", "widget:open", ["liked"])
    # The server knows, with the browser's own account gone.
    expect(like).to_have_attribute("aria-pressed", "true")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "false")
    push(page, "do", "widget:close")
    expect(news(page)).to_have_count(0)
    push(page, "do", "widget:open", ["liked"])
    expect(like).to_have_attribute("aria-pressed", "false")


def test_a_tour_opens_a_post_and_nothing_is_left_after_shutdown(opened: Open) -> None:
    show = {"type": "button", "label": "Read", "actions": [{"type": "open_post", "post": "told"}]}
    tour = {
        "kind": "tour", "key": "telling", "name": "Telling", "respects_rate_limit": False,
        "content": {"steps": [{"key": "only", "form": "snippet", "blocks": [show]}]},
    }  # fmt: skip
    page = opened(a_post("told"), tour)
    page.get_by_role("button", name="Read").click()
    expect(news(page)).to_have_accessible_name("Told")
    page.evaluate("handrail.shutdown()")
    expect(page.locator("handrail-root")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "width", "title"),
    [("en", 1280, "Exports are ten times faster"), ("fr", 640, "Les exports sont dix fois plus rapides"),
     ("ar", 320, "التصدير أسرع بعشر مرات"), ("it", 1280, "Exports are ten times faster")],
)  # fmt: skip
def test_the_gallery_reads_in_every_language(opened: Open, language: str, width: int, title: str) -> None:
    page = opened(GALLERY / "posts.yaml", GALLERY / "posts-short.yaml")
    page.set_viewport_size({"width": width, "height": 700})
    push(page, "set", "user:language", [language])
    if language == "ar":
        page.evaluate("document.documentElement.dir = 'rtl'")
    push(page, "do", "widget:open")
    expect(entries(page).filter(has_text=title)).to_be_visible()
    assert violations(page) == []
    entries(page).filter(has_text=title).click()
    expect(news(page)).to_have_accessible_name(title)
    assert violations(page) == []
    box = news(page).bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


WAITING = "Object.entries(localStorage).some(([name, kept]) => name.endsWith(':outbox') && kept !== '[]')"
AWAY = "This post could not be loaded. You may be offline."
SOME_AWAY = "Not all posts could be loaded. You may be offline."


def test_a_post_that_was_read_opens_offline_and_its_like_arrives_once(opened: Open, quiet: Demo) -> None:
    page = opened(a_post("read"), a_post("other"), persona="ada")
    push(page, "do", "widget:open", ["read"])
    expect(news(page)).to_have_accessible_name("Read")
    page.keyboard.press("Escape")
    expect(news(page)).to_have_count(0)
    until(page, f"!{WAITING}")
    page.context.set_offline(True)
    push(page, "do", "widget:open", ["read"])
    expect(news(page)).to_contain_text("All about read.")
    page.get_by_role("button", name="Like").click()
    page.keyboard.press("Escape")
    expect(news(page)).to_have_count(0)
    page.context.set_offline(False)
    until(page, f"!{WAITING}")
    likes = Counter(each.message_id for each in logged(quiet.folder, "ada") if each.name == "post_liked")
    assert list(likes.values()) == [1]
    assert page.faults == []  # type: ignore[attr-defined]


def test_a_feed_that_was_read_before_the_reload_opens_offline(opened: Open) -> None:
    page = opened(a_post("older"), a_post("newer"))
    push(page, "do", "widget:open", ["newer"])
    expect(news(page)).to_contain_text("All about newer.")
    push(page, "do", "widget:open")
    expect(entries(page)).to_have_count(2)
    push(page, "do", "widget:close")
    expect(news(page)).to_have_count(0)
    # Of what the page fetched the browser alone knows now.
    page.reload()
    until(page, "window.handrail?.decisions")
    assert unread(page) == 0
    page.context.set_offline(True)
    push(page, "do", "widget:open")
    expect(entries(page)).to_have_count(2)
    entries(page).filter(has_text="Older").click()
    expect(news(page)).to_contain_text("All about older.")
    assert page.faults == []  # type: ignore[attr-defined]


def test_what_was_never_fetched_says_so_offline_and_comes_when_asked_again(opened: Open) -> None:
    page = opened(a_post("known"), a_post("other"))
    push(page, "do", "widget:open", ["known"])
    expect(news(page)).to_have_accessible_name("Known")
    page.context.set_offline(True)
    button = page.get_by_role("button", name="Try again")
    # One post: what was open gives way.
    assert page.evaluate("handrail.start('other')") == {"started": False, "because": "failed"}
    expect(news(page)).to_have_count(1)
    expect(news(page)).to_contain_text(AWAY)
    expect(news(page)).to_be_focused()
    assert violations(page) == []
    button.click()
    expect(news(page)).to_contain_text(AWAY)
    push(page, "do", "widget:close")
    # The feed: what is known is there, and nothing counts as read that could not be.
    push(page, "do", "widget:open")
    expect(entries(page)).to_have_count(1)
    expect(entries(page)).to_contain_text("Known")
    expect(news(page)).to_contain_text(SOME_AWAY)
    assert violations(page) == []
    assert unread(page) == 1
    page.context.set_offline(False)
    button.click()
    expect(entries(page)).to_have_count(2)
    expect(news(page)).not_to_contain_text(SOME_AWAY)
    assert unread(page) == 0
    push(page, "do", "widget:close")
    assert page.faults == []  # type: ignore[attr-defined]


def test_a_post_that_was_closed_ends_once(opened: Open) -> None:
    page = opened(a_post("one"), a_post("two"))
    page.evaluate(
        "window.ended = []; void handrail.push(['on', 'experience:ended', [(it) => ended.push(it.experience)]])"
    )
    for key in ("one", "two", "one"):
        push(page, "do", "widget:open", [key])
        expect(news(page)).to_have_accessible_name(key.title())
        page.keyboard.press("Escape")
        expect(news(page)).to_have_count(0)
    assert page.evaluate("ended") == ["one", "two", "one"]
