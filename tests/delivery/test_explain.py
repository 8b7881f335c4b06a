"""Explain: a verdict and a reason on every line, the same verdict that boot came to."""

from __future__ import annotations

from typing import Any

import pytest

from handrail.core.fold import person
from handrail.core.people import ExperienceState, Subject
from handrail.delivery.boot import known_now
from handrail.delivery.explain import Asked, Explained, as_text, explain
from handrail.delivery.published import Ready
from tests.delivery.test_boot import DAY, NOW, PRO, Site, a_banner, a_user, keys

PAGE = "https://app.example.com/orders?tab=open"


async def explained(
    site: Site, subject: Subject | None = None, *, url: str = PAGE, now: int = NOW
) -> dict[str, Explained]:
    state = await ready(site)
    known = known_now(person(subject or Subject(), None), now, "UTC")
    return {each.key: each for each in explain(state, subject or Subject(), known, Asked(url=url))}


async def ready(site: Site) -> Ready:
    [production, _] = await site.workspace.all_environments()
    return await site.delivery.ready(production.id)


def line(told: Explained, start: str) -> tuple[bool | None, object]:
    """The verdict and the value of the line that begins so."""
    return next((each.verdict, each.actual) for each in told.lines if each.text.startswith(start))


def a_tour(key: str, **more: Any) -> dict[str, Any]:
    blocks = [{"type": "paragraph", "text": "Hello"}]
    steps = [{"key": "one", "form": "modal", "blocks": blocks}]
    return {"kind": "tour", "key": key, "name": key, "content": {"steps": steps}} | more


@pytest.mark.parametrize(
    ("document", "subject", "because"),
    [
        (a_banner("b"), None, ""),
        (a_banner("b", audience=PRO), None, "audience"),
        (a_banner("b", audience=PRO), a_user(plan="pro"), ""),
        (a_banner("b", when={"start": "2027-01-01T00:00:00", "zone": "UTC"}), None, "not_started"),
        (a_banner("b", when={"end": "2026-01-01T00:00:00", "zone": "UTC"}), None, "ended"),
        (a_banner("b", where={"include": [{"part": "path", "operator": "equals", "value": "/home"}]}), None, "where"),
    ],
)
async def test_the_line_that_decided_is_named(document: dict[str, Any], subject: Subject | None, because: str) -> None:
    site = Site()
    await site.publish(document)
    told = (await explained(site, subject))["b"]
    assert (told.because, told.shows) == (because, not because)


async def test_every_line_carries_a_verdict_and_what_was_there() -> None:
    site = Site()
    await site.publish(a_banner("b", audience=PRO))
    told = (await explained(site, a_user(plan="trial")))["b"]
    assert line(told, "audience")[0] is False
    assert "trial" in as_text([told])
    assert line(told, "frequency") == (True, "never seen")
    assert line(told, "published") == (True, "live")


async def test_once_is_once() -> None:
    site = Site()
    await site.publish(a_banner("b"))
    seen = Subject(experiences={"b": ExperienceState(first_seen=NOW - DAY, last_seen=NOW - DAY)})
    told = (await explained(site, seen))["b"]
    assert told.shows is False
    assert told.because.startswith("frequency")
    assert line(told, "frequency")[0] is False


async def test_what_only_a_browser_knows_is_neither_yes_nor_no() -> None:
    site = Site()
    element = {"element": "#cart", "fact": "visible"}
    await site.publish(a_banner("b", audience=element))
    told = (await explained(site))["b"]
    assert told.shows is None
    assert as_text([told]).startswith("? b: may show")


async def test_the_second_of_two_that_interrupt_is_told_who_goes_first() -> None:
    site = Site()
    await site.publish(a_tour("first", priority=5), a_tour("second"), a_banner("beside"))
    told = await explained(site)
    assert (told["first"].shows, told["beside"].shows) == (True, True)
    assert told["second"].because == "outranked"
    assert "first goes first" in as_text([told["second"]])


async def test_what_waits_for_another_way_in_takes_no_turn_as_the_page_opens() -> None:
    site = Site()
    await site.publish(a_tour("waits", priority=5, show_on={"on": "none"}), a_tour("opens"))
    told = await explained(site)
    assert (told["waits"].shows, told["opens"].shows) == (None, True)


async def test_whoever_only_a_browser_can_rule_out_leaves_the_next_one_open() -> None:
    site = Site()
    element = {"element": "#cart", "fact": "visible"}
    await site.publish(a_tour("maybe", priority=5, audience=element), a_tour("surely"), a_tour("last", priority=1))
    told = await explained(site)
    assert [told[key].shows for key in ("maybe", "surely", "last")] == [None, None, False]
    assert "maybe goes first where it shows" in as_text([told["surely"]])


async def test_the_rate_limit_holds_back_and_says_until_when() -> None:
    site = Site()
    await site.publish(a_tour("other"), a_tour("held"))
    seen = Subject(experiences={"other": ExperienceState(first_seen=NOW - 60_000, last_seen=NOW - 60_000)})
    told = (await explained(site, seen))["held"]
    assert told.because == "rate_limit"
    assert "again 2026-" in as_text([told])


async def test_explain_and_boot_agree() -> None:
    site = Site()
    await site.publish(a_banner("everyone"), a_banner("pro", audience=PRO), a_banner("not-pro", audience={"not": PRO}))
    for subject in (a_user(), a_user(plan="pro"), a_user(plan="trial")):
        shown = sorted(key for key, each in (await explained(site, subject)).items() if each.shows)
        assert shown == keys(await site.boot(subject))


async def test_a_user_that_nobody_knows_is_explained_as_one_without_attributes() -> None:
    site = Site()
    await site.publish(a_banner("b", audience=PRO))
    told = (await explained(site))["b"]
    audience = next(each for each in told.lines if each.text.startswith("audience"))
    assert "missing" in (audience.note + as_text([told]))
