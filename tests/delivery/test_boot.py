"""Boot: which experiences a user may meet, what the browser is still asked, and when to ask again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from handrail.core.errors import Forbidden, HandrailError, Invalid
from handrail.core.events import Stamp
from handrail.core.experiences.codec import decode_experience
from handrail.core.fold import person
from handrail.core.people import ExperienceState, Snoozed, Subject, Written
from handrail.delivery.boot import Decision, Delivery, checked, known_now
from handrail.delivery.wire import BootRequest, Page
from handrail.testing.workspace import MemoryWorkspace
from handrail.workspace.apply import Placed, apply
from handrail.workspace.seed import NewEnvironment, NewProject

NOW = 1_795_521_600_000
DAY = 86_400_000
PUBLIC = "00000000-0000-4000-8000-000000000001"
PRO = {"attribute": "custom.plan", "operator": "is", "value": "pro"}


class Site:
    """Published banners, and one browser that boots."""

    def __init__(self) -> None:
        self.workspace = MemoryWorkspace()
        self.decisions: list[Decision] = []
        self.delivery = Delivery(self.workspace, self.decisions.append)

    async def publish(self, *documents: dict[str, Any]) -> None:
        await self.workspace.add_first(a_project(), NOW)
        async with self.workspace("p") as work:
            placed = [Placed(decode_experience(msgspec.json.encode(each))) for each in documents]
            await apply(work, "production", placed, NOW - DAY)

    async def boot(self, subject: Subject | None = None, now: int = NOW, **more: Any) -> dict[str, Any]:
        said = {"project": PUBLIC, "page": {"url": "https://app.example.com/"}, "sdk": "test", "anonymousId": "anon"}
        request = checked(msgspec.convert(said | more, BootRequest))
        settings = await self.delivery.environment(request, "https://app.example.com")
        state = await self.delivery.ready(settings.id)
        who = subject or Subject()
        facts = known_now(person(who, None), now, settings.zone)
        return msgspec.json.decode(self.delivery.reply(request, state, who, facts, accepted=[], rejected={}))


def a_project() -> NewProject:
    places = (
        NewEnvironment("production", "Production", ("app.example.com",), "wk_production"),
        NewEnvironment("staging", "Staging", ("staging.example.com",), "wk_staging"),
    )
    return NewProject(id="p", public_id=PUBLIC, name="Test", environments=places)


def a_banner(key: str, **more: Any) -> dict[str, Any]:
    blocks = [{"type": "paragraph", "text": "Hello"}]
    return {"kind": "banner", "key": key, "name": key, "content": {"blocks": blocks}} | more


def a_user(**custom: Any) -> Subject:
    return Subject(custom={name: Written(value, Stamp(1, "m")) for name, value in custom.items()})


def keys(reply: dict[str, Any]) -> list[str]:
    return sorted(each["key"] for each in reply["candidates"])


async def test_only_those_whose_audience_may_hold_are_candidates() -> None:
    site = Site()
    await site.publish(a_banner("everyone"), a_banner("pro", audience=PRO))
    assert keys(await site.boot()) == ["everyone"]
    assert keys(await site.boot(a_user(plan="pro"))) == ["everyone", "pro"]


async def test_what_only_the_browser_can_answer_is_left_to_it() -> None:
    page = {"page": "path", "operator": "starts_with", "value": "/orders"}
    site = Site()
    await site.publish(a_banner("orders", audience={"all": [PRO, page]}))
    [candidate] = (await site.boot(a_user(plan="pro")))["candidates"]
    assert candidate["residual"] == page
    assert (await site.boot())["candidates"] == [], "no page can make up for the plan"


async def test_watch_keys_are_what_could_change_a_verdict() -> None:
    site = Site()
    await site.publish(
        a_banner("pro", audience=PRO), a_banner("buyers", audience={"event": "Order", "operator": ">=", "value": 1})
    )
    watch = (await site.boot())["watch"]
    assert (watch["attributes"], watch["events"]) == (["custom.plan", "native.language"], ["Order"])


async def test_content_comes_along_for_this_page_only_and_once() -> None:
    site = Site()
    elsewhere = {"include": [{"part": "path", "operator": "equals", "value": "/elsewhere"}]}
    await site.publish(a_banner("here"), a_banner("there", where=elsewhere))
    reply = await site.boot()
    versions = {each["key"]: each["version"] for each in reply["candidates"]}
    assert list(reply["content"]) == [versions["here"]]
    assert (await site.boot(have=[versions["here"]]))["content"] == {}


async def test_the_next_instant_that_changes_anything_is_told() -> None:
    site = Site()
    await site.publish(a_banner("soon", when={"start": "2026-11-25T00:00:00", "zone": "UTC"}))
    reply = await site.boot()
    start = NOW // DAY * DAY + (DAY if NOW % DAY else 0)
    [candidate] = reply["candidates"]
    assert candidate["starts"] == reply["validUntil"]
    assert candidate["starts"] >= start


async def test_what_has_ended_is_no_candidate() -> None:
    site = Site()
    await site.publish(a_banner("over", when={"end": "2026-11-01T00:00:00", "zone": "UTC"}))
    assert keys(await site.boot()) == []


async def test_a_snooze_is_told_with_its_end() -> None:
    site = Site()
    await site.publish(a_banner("hello"))
    snooze = Snoozed(NOW - 10, "m", NOW + 3_600_000)
    snoozed = ExperienceState(first_seen=NOW - 10, last_seen=NOW - 10, snoozes=[snooze])
    reply = await site.boot(Subject(experiences={"hello": snoozed}))
    assert reply["validUntil"] == NOW + 3_600_000
    assert reply["candidates"][0]["state"]["snoozes"]


def a_tour(key: str, *when: dict[str, Any]) -> dict[str, Any]:
    done = {"type": "go_to_step", "step": "complete"}
    blocks = [{"type": "button", "label": "Done", "actions": [done]}]
    step = {"key": "only", "form": "modal", "blocks": blocks, "triggers": [{"when": list(when), "then": [done]}]}
    return {"kind": "tour", "key": key, "name": key, "content": {"steps": [step]}}


async def test_what_a_trigger_waits_for_is_asked_or_told() -> None:
    site = Site()
    promotes = {"on": "survey_answered", "survey": "opinion", "question": "score", "operator": ">=", "value": 9}
    pays = {"on": "attribute", "attribute": "company.plan", "operator": "matches", "value": "^pro"}
    await site.publish(a_tour("waits", {"on": "delay", "seconds": 5}, promotes, pays))
    reply = await site.boot()
    [candidate] = reply["candidates"]
    assert candidate["tasks"] == {"only/0/1": {"any": []}}, "nobody answered"
    assert list(candidate["patterns"]) == ["^pro"]
    assert (reply["watch"]["experiences"], reply["watch"]["attributes"]) == (["opinion"], ["native.language"])
    answered = ExperienceState(answered=NOW, answers={"score": Written(9, Stamp(NOW, "m"))})
    [candidate] = (await site.boot(Subject(experiences={"opinion": answered})))["candidates"]
    assert candidate["tasks"] == {"only/0/1": {"all": []}}


async def test_attributes_that_triggers_wait_for_are_told() -> None:
    site = Site()
    await site.publish(a_tour("waits", {"on": "attribute", "attribute": "custom.plan", "operator": "is_set"}))
    assert (await site.boot(a_user(plan="pro", shoe=3)))["attributes"] == {"custom.plan": "pro"}


async def test_what_is_paused_is_gone_from_the_next_boot() -> None:
    site = Site()
    await site.publish(a_banner("hello"))
    first = await site.boot()
    async with site.workspace("p") as work:
        await work.pause(first["environment"], "hello", True)
        await work.announce(first["environment"])
    second = await site.boot()
    assert (keys(second), second["revision"]) == ([], "r2")


async def test_a_key_wins_over_the_origin_and_an_unknown_one_is_refused() -> None:
    site = Site()
    await site.publish(a_banner("hello"))
    assert (await site.boot(key="wk_staging"))["candidates"] == []
    with pytest.raises(Forbidden):
        await site.boot(key="wk_nobody")


async def test_a_page_of_no_environment_is_refused_with_its_origin() -> None:
    site = Site()
    await site.publish(a_banner("hello"))
    request = BootRequest(project=PUBLIC, page=Page("https://evil.example/"), sdk="test")
    with pytest.raises(HandrailError, match=r"evil\.example"):
        await site.delivery.environment(request, "https://evil.example")


async def test_each_decision_is_told_to_whoever_watches() -> None:
    site = Site()
    await site.publish(a_banner("hello"))
    await site.boot(userId="ann")
    [decision] = site.decisions
    assert (decision.user, decision.candidates, decision.at) == ("ann", ["hello"], NOW)


@pytest.mark.parametrize("value", ["", "null", "undefined", "[object Object]", "x" * 513])
def test_an_id_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(Invalid, match="userId"):
        checked(BootRequest(project=PUBLIC, page=Page("https://a/"), sdk="test", user_id=value))
