"""analytics.js in a real browser: our plugin through our settings document, and Segment's own destination unchanged."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Page, sync_playwright

from handrail.app import Installation
from handrail.core.events import Event
from handrail.serving import Trusted
from handrail.settings import Settings
from handrail.workspace.seed import NewEnvironment, NewProject
from tests.support.chromium import chromium_arguments, find_chromium
from tests.support.hosts import ROOT, folder_server
from tests.support.network import find_free_port

HERE = Path(__file__).parent
UMD = HERE / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd"
PUBLIC_ID = "00000000-0000-4000-8000-00000000000b"
KEY = "wk_browser"
PRESETS = [
    ("sendUserData", "identify", {"userId": "$.userId", "email": "$.traits.email", "traits": "$.traits"}),
    (
        "sendTrackEvent",
        "track",
        {
            "messageId": "$.messageId",
            "timestamp": "$.timestamp",
            "event_name": "$.event",
            "userId": "$.userId",
            "anonymousId": "$.anonymousId",
            "properties": "$.properties",
        },
    ),
    ("sendGroupData", "group", {"groupId": "$.groupId", "traits": "$.traits"}),
]

# Writes down what the page pushed, whichever way the queue comes to be, before anybody takes it over.
WATCH = """
window.pushed = []
window.told = []
for (const name of ['Order', 'Second'])
  addEventListener(`jimo-segmentio-track:${name}`, ({ type, detail }) => told.push([type, detail]))
const plain = (_, value) => (typeof value === 'function' ? 'function' : value)
let queue
Object.defineProperty(window, 'jimo', { configurable: true, get: () => queue, set(made) {
  queue = made
  let push = made.push.bind(made)
  Object.defineProperty(made, 'push', { configurable: true, set: (taken) => (push = taken),
    get: () => (...commands) => {
      for (const each of commands) pushed.push(JSON.parse(JSON.stringify(each, plain)))
      return push(...commands)
    } })
} })
"""


class Door:
    """One installation, and a host page on `localhost`."""

    def __init__(self, installation: Installation, port: int, folder: Path) -> None:
        self.installation = installation
        self.server = f"http://127.0.0.1:{port}"
        self.folder = folder

    async def apply(self, **settings: object) -> None:
        document = {"kind": "destination", "key": "jimo", "settings": {"projectId": PUBLIC_ID, **settings}}
        transport = httpx.ASGITransport(Trusted(self.installation.application()))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as api:
            body = {"documents": [{"sort": "destination", "document": document}]}
            answer = await api.post("/api/v1/apply", json=body)
            assert answer.status_code == 200, answer.text

    async def kept(self) -> list[Event]:
        """Every event on disk, folded."""
        log = self.installation.log
        read = [(position, event) async for position, event in log.read(0, 100_000)]
        if read:
            await log.folded(read[-1][0])
        return [event for _, event in read]

    async def browse(self, act: Callable[[Page], Any], head: str, *, direct: bool = True) -> Any:
        """What `act` gives for a page with this in its head; `direct` false keeps Segment's own copies away."""
        (self.folder / "index.html").write_text(
            f"<!doctype html><title>Host</title><script src='/umd/index.js'></script>{head}<p>Host"
        )
        shutil.copy(HERE / "segment_jimo.js", self.folder)

        def run() -> Any:
            with folder_server(self.folder, also={"/umd/": UMD}) as host, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=find_chromium(), args=chromium_arguments())
                page = browser.new_page()
                faults: list[str] = []
                page.on("pageerror", lambda fault: faults.append(str(fault)))
                page.add_init_script(WATCH)
                if not direct:
                    page.route(re.compile(r"/v1/[itpga]$"), lambda route: route.fulfill(json={"success": True}))
                page.goto(f"{host}/index.html".replace("127.0.0.1", "localhost"))
                made = act(page)
                assert faults == []
                browser.close()
                return made

        return await asyncio.to_thread(run)


@asynccontextmanager
async def served(folder: Path) -> AsyncGenerator[Door]:
    installation = await Installation.open(Settings(data=str(folder)))
    environment = NewEnvironment("production", "Production", ("localhost",), KEY)
    await installation.seeded(NewProject(id="p_test", public_id=PUBLIC_ID, name="T", environments=(environment,)))
    port = find_free_port()
    application = installation.application()
    server = uvicorn.Server(uvicorn.Config(application, port=port, lifespan="off", log_level="warning"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 the server has no event to wait for
        await asyncio.sleep(0.01)
    try:
        host = folder / "host"
        host.mkdir()
        yield Door(installation, port, host)
    finally:
        server.should_exit = True
        await task
        await installation.close()


def load(door: Door, more: str = "") -> str:
    """Segment's snippet for modules, with our server for its network."""
    options = {
        "integrations": {"Segment.io": {"apiHost": f"{door.server.removeprefix('http://')}/v1", "protocol": "http"}}
    }
    settings = f"{{ writeKey: {KEY!r}, cdnURL: {door.server!r}{more} }}"
    return f"<script>analytics = AnalyticsNext.AnalyticsBrowser.load({settings}, {json.dumps(options)})</script>"


def stand_in(door: Door, **settings: object) -> str:
    """analytics.js with Segment's settings for a source that has Segment's own destination."""
    subscriptions = [
        {"partnerAction": action, "name": action, "enabled": True, "subscribe": f'type = "{kind}"',
         "mapping": {field: {"@path": path} for field, path in fields.items()}}
        for action, kind, fields in PRESETS
    ]  # fmt: skip
    plugin = {
        "name": "Jimo (Actions)", "creationName": "Jimo (Actions)", "libraryName": "segmentJimoStandIn",
        "url": "/segment_jimo.js",
        "settings": {"projectId": PUBLIC_ID, "scriptUrl": f"{door.server}/sdk/v1/handrail.js",
                     "refetchExperiencesOnTraitsUpdate": False, "manualInit": False, "subscriptions": subscriptions}
        | settings,
    }  # fmt: skip
    told = {"integrations": {"Segment.io": {"apiKey": KEY}}, "plan": {}, "remotePlugins": [plugin]}
    return load(door, f", cdnSettings: {json.dumps(told)}")


def snippet(door: Door) -> str:
    text = (ROOT / "src/handrail/static/sdk/snippet.js").read_text()
    made = text.replace("PROJECT_ID`", f"{PUBLIC_ID}`").replace('"PROJECT_ID"', f'"{PUBLIC_ID}"')
    return f"<script>{made.replace('SDK_URL', door.server + '/sdk/v1/handrail.js')}</script>"


NOTHING_WAITS = """() => {
  const key = Object.keys(localStorage).find((each) => each.endsWith(':outbox'))
  return !!key && !JSON.parse(localStorage.getItem(key)).length
}"""
CALLS = """async () => {
  const [instance] = await analytics
  await analytics.identify('ann', { email: 'ann@x.test', plan: 'pro' })
  const context = await analytics.track('Order', { total: 5 })
  await analytics.group('acme', { tier: 'gold' })
  return context.event.messageId
}"""


def act(page: Page) -> dict[str, Any]:
    """Identify, track and group; gives what was pushed and told, and the tracked event's message id."""
    message_id = page.evaluate(CALLS)
    page.wait_for_function("window.handrail?.version && jimo.push(['get', 'user:id']) === 'ann'")
    pushed, told = page.evaluate("[pushed.filter((each) => each[0] !== 'get'), told]")
    page.wait_for_function(NOTHING_WAITS)
    return {"message_id": message_id, "pushed": pushed, "told": told}


def commands(pushed: list[list[Any]]) -> list[list[Any]]:
    """What was pushed, without what differs from run to run."""
    made: list[list[Any]] = []
    for verb, name, args in pushed:
        if name == "segmentio:track":
            told: Mapping[str, Any] = args[0]
            assert told["receivedAt"] == told["timestamp"]
            made.append([verb, name, [{key: told[key] for key in ("event", "userId", "properties")}]])
        else:
            made.append([verb, name, args])
    return made


EXPECTED = [
    ["do", "identify", ["ann", "function"]],
    ["set", "user:email", ["ann@x.test"]],
    ["set", "user:attributes", [{"email": "ann@x.test", "plan": "pro"}, False, True]],
    ["do", "segmentio:track", [{"event": "Order", "userId": "ann", "properties": {"total": 5}}]],
    ["set", "user:group", [{"groupId": "acme", "traits": {"tier": "gold"}}, {"fromSegment": True}]],
]


async def check_person(door: Door, message_id: str) -> None:
    kept = await door.kept()
    assert [each.message_id for each in kept if each.name == "Order"] == [message_id], "the copies count once"
    subject = await door.installation.log.people(kept[0].environment).user(None, "ann")
    assert subject.native["email"].value == "ann@x.test"
    assert {key: each.value for key, each in subject.custom.items()} == {"email": "ann@x.test", "plan": "pro"}
    assert subject.company is not None
    assert subject.company.value == "acme"


@pytest.mark.parametrize("direct", [True, False], ids=["with Segment's own copies", "from the browser alone"])
async def test_our_settings_document_brings_our_plugin(tmp_path: Path, direct: bool) -> None:
    async with served(tmp_path) as door:
        await door.apply()
        made = await door.browse(act, load(door), direct=direct)
        assert commands(made["pushed"]) == EXPECTED
        assert made["told"] == [["jimo-segmentio-track:Order", None]]
        await check_person(door, made["message_id"])


@pytest.mark.parametrize("has_snippet", [False, True], ids=["alone", "on a page with the snippet"])
async def test_segments_own_destination_drives_our_sdk(tmp_path: Path, has_snippet: bool) -> None:
    async with served(tmp_path) as door:
        head = (snippet(door) if has_snippet else "") + stand_in(door)
        made = await door.browse(act, head, direct=False)
        assert commands(made["pushed"]) == EXPECTED
        assert made["told"] == [["jimo-segmentio-track:Order", None]]
        await check_person(door, made["message_id"])


async def test_segments_copies_and_those_of_its_destination_count_once(tmp_path: Path) -> None:
    async with served(tmp_path) as door:
        made = await door.browse(act, stand_in(door))
        await check_person(door, made["message_id"])


@pytest.mark.parametrize("ours", [True, False], ids=["our plugin", "Segment's destination"])
async def test_for_identified_users_only_nothing_is_asked_or_kept_before(tmp_path: Path, ours: bool) -> None:
    async with served(tmp_path) as door:
        if ours:
            await door.apply(manualInit=True)
        head = load(door) if ours else stand_in(door, manualInit=True)

        def wait(page: Page) -> tuple[list[str], bool, bool]:
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url) if "/boot" in request.url else None)
            page.evaluate("async () => { await analytics; await analytics.track('Order', { total: 5 }) }")
            page.wait_for_function("window.handrail?.version")
            before = list(asked), page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('handrail:'))")
            with page.expect_response("**/sdk/v1/boot", timeout=20_000):
                page.evaluate("analytics.identify('ann', { plan: 'pro' })")
            return *before, page.evaluate("segmentJimo.initialized")

        asked, stored, initialised = await door.browse(wait, head, direct=False)
        assert (asked, stored, initialised) == ([], False, True)
        # What was held ran in its order: the event before the identify, both of one person.
        kept = await door.kept()
        assert {each.user_id for each in kept if each.type == "identify"} == {"ann"}
        assert len({each.anonymous_id for each in kept}) == 1
        subject = await door.installation.log.people(kept[0].environment).user(None, "ann")
        assert subject.custom["plan"].value == "pro"


async def test_integrations_switch_our_plugin_off(tmp_path: Path) -> None:
    async with served(tmp_path) as door:
        await door.apply()

        def off(page: Page) -> list[list[Any]]:
            page.evaluate(
                """async () => {
                  await analytics
                  await analytics.track('Order', {}, { integrations: { 'Jimo (Actions)': false } })
                  await analytics.track('Order', {}, { integrations: { 'Jimo (Actions) sendTrackEvent': false } })
                  await analytics.track('Second', {}, { integrations: { All: false, 'Jimo (Actions)': true } })
                }"""
            )
            return page.evaluate("pushed.map(([, , [told]]) => told.event)")

        assert await door.browse(off, load(door)) == ["Second"]
        assert {each.name for each in await door.kept()} <= {"Second"}
