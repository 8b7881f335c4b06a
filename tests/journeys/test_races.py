"""Races: two tabs that meet the same user at one instant, and users that change while something stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.journeys.test_commands import PLAIN, TOUR, publish, ready
from tests.support.demo import Demo
from tests.support.gallery import listen, told
from tests.support.soak import times
from tests.support.waiting import eventually

ROUNDS = times(3, 50)
CARD = "handrail-root [role=dialog]"
BECOME = """([user, at]) => void setTimeout(() => jimo.push(['do', 'identify', [user, () => jimo.push(
  ['set', 'user:attributes', [{ cohort: 'racers' }, true]])]]), at - Date.now())"""
DECIDED = "(since) => handrail.decisions().some((each) => each.key === 'raced' && each.at >= since)"


def was_seen(page: Page, user: str) -> bool:
    """Whether the tab has told the server that this user saw the tour."""
    said: list[dict[str, object]] = page.said  # pyright: ignore[reportAttributeAccessIssue]
    return any(each.get("event") == "experience_seen" and each.get("userId") == user for each in said)


def race(tabs: Sequence[Page], user: str) -> Page:
    """Lets the tabs become a user at one instant; gives the only one that shows the tour, once it was seen."""
    at: float = tabs[0].evaluate("Date.now() + 150")
    for page in tabs:
        page.evaluate(BECOME, [user, at])
    eventually(tabs[0], lambda: all(page.evaluate(DECIDED, at) for page in tabs), seconds=60)
    eventually(tabs[0], lambda: any(was_seen(page, user) for page in tabs), seconds=60)
    assert [page.locator(CARD).count() for page in tabs] in ([0, 1], [1, 0])
    return next(page for page in tabs if page.locator(CARD).count())


@pytest.mark.slow
def test_two_tabs_of_a_user_who_changes_show_it_once_and_each_run_is_one_persons(
    visit: Callable[..., Page], demo: Demo, tmp_path: Path
) -> None:
    publish(demo, tmp_path, "raced", "racers", form=TOUR.replace("every: time", "every: once"))
    one = visit(None, path=PLAIN)
    tabs = (one, one.context.new_page())
    tabs[1].goto(demo.host + PLAIN)
    for page in tabs:
        ready(page)
        listen(page)
    users = [f"racer-{turn}" for turn in range(ROUNDS)]
    for turn, user in enumerate(users):
        holder = race(tabs, user)
        # Every other run is dismissed, the rest end with the next user.
        if turn % 2:
            holder.keyboard.press("Escape")
            holder.locator(CARD).wait_for(state="detached")
    runs: dict[str, list[str]] = defaultdict(list)
    for page in tabs:
        for message in told(page):
            said = message["properties"]
            if said.get("experience") == "raced":
                runs[said["run"]].append(message.get("userId", "nobody"))
    assert sorted({user for told_of in runs.values() for user in told_of}) == sorted(users)
    assert len(runs) == ROUNDS, "one run for each user"
    assert all(len(set(told_of)) == 1 for told_of in runs.values()), "no run was told of as somebody else's"
