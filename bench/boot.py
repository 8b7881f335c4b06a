"""Boot: requests a second with one worker, 100 live experiences of which 10 become candidates, the users known.

Everybody decides the same hundred audiences of about five mixed conditions (`bench.evaluator` draws them), for the same
users in turn, and must find the same ten. Ours knows the users by their id and reads the rest from its own state; the
peer, GrowthBook's proxy evaluation (`@growthbook/proxy-eval`) behind Node's http server, is told the ten attributes it
needs with each request, and holds its features in memory. The limit is a bare ASGI handler on the same server that
answers our bytes to our request: what HTTP alone costs here. Load comes from wrk, in interleaved rounds.

HANDRAIL_DATABASE, when set, is the address of an empty PostgreSQL database; a second server of ours, which keeps
everything in it, then takes its turn in every round.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.support.network import find_free_port

from bench.evaluator import Attributes, for_growthbook, make_audiences, make_user
from handrail.app import Installation, milliseconds
from handrail.compile.predicates import compile_audiences
from handrail.core.conditions.model import parse_condition
from handrail.core.experiences.codec import decode_experience
from handrail.core.people import Facts
from handrail.ingest.accept import Door, accept_batch
from handrail.settings import Settings
from handrail.workspace.apply import Placed, apply
from handrail.workspace.seed import NewEnvironment, NewProject

BENCH = Path(__file__).parent
ROUNDS = 3
SECONDS = 3
EXPERIENCES = 100
CANDIDATES = 10
ATTRIBUTES = 10
USERS = 500
DATABASE = os.environ.get("HANDRAIL_DATABASE", "")
PUBLIC_ID = "00000000-0000-4000-8000-000000000001"

PEER = """
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { evaluateFeatures } from '@growthbook/proxy-eval'
const conditions = JSON.parse(readFileSync(process.env.CONDITIONS, 'utf8'))
const features = Object.fromEntries(conditions.map((condition, number) =>
  [`tour-${number}`, { defaultValue: false, rules: [{ condition, force: true }] }]))
const payload = { features, experiments: [] }
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (part) => { body += part })
  request.on('end', async () => {
    const { attributes } = JSON.parse(body)
    const asked = { payload, attributes, forcedVariations: {}, forcedFeatures: new Map(), url: "" }
    const answer = await evaluateFeatures(asked)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer))
  })
})
server.listen(Number(process.env.PORT), '127.0.0.1')
"""


def make_case() -> tuple[Attributes, list[dict[str, Any]]]:
    """What every user's attributes are, and a hundred audiences, of which ten hold for them and the others do not."""
    draw = random.Random(2026)
    while len(attributes := make_user(draw)) < ATTRIBUTES:
        pass
    fitting = make_audiences(draw, attributes)[:CANDIDATES]
    others: list[dict[str, Any]] = []
    while len(others) < EXPERIENCES - CANDIDATES:
        for each in make_audiences(draw, None):
            if not compile_audiences([parse_condition(each)], {}, "UTC")(Facts(custom=attributes, today=1, zone="UTC")):
                others.append(each)
    audiences = [*fitting, *others[: EXPERIENCES - CANDIDATES]]
    draw.shuffle(audiences)
    return attributes, audiences


def document(number: int, audience: dict[str, Any]) -> dict[str, object]:
    """One live tour that shows on pages of its own."""
    button = {"type": "button", "label": "Next", "actions": [{"type": "go_to_step"}]}
    blocks = [{"type": "heading", "text": f"Tour {number}"}, button]
    steps = [{"key": "one", "form": "modal", "blocks": blocks}]
    where = {"include": [{"part": "path", "operator": "starts_with", "value": f"/area-{number}/"}]}
    words = {"kind": "tour", "key": f"tour-{number}", "name": f"Tour {number}", "where": where}
    return words | {"audience": audience, "content": {"steps": steps}}


async def prepare(folder: str, database: str) -> None:
    """Publish the experiences and make the users known, then let go of the folder."""
    attributes, audiences = make_case()
    installation = await Installation.open(Settings(data=folder, database=database))
    try:
        environment = NewEnvironment("production", "Production", ("localhost",), "wk_bench")
        project = NewProject(id="p_bench", public_id=PUBLIC_ID, name="Bench", environments=(environment,))
        await installation.seeded(project)
        documents = [Placed(decode_experience(document(at, audience))) for at, audience in enumerate(audiences)]
        async with installation.works("p_bench") as work:
            await apply(work, "production", documents, milliseconds())
        settings = await installation.publications.environment_by_key("wk_bench")
        assert settings is not None
        calls = [
            {"type": "identify", "userId": f"user-{at}", "anonymousId": f"browser-{at}", "traits": attributes}
            for at in range(USERS)
        ]
        accepted = accept_batch(json.dumps({"batch": calls}).encode(), Door(settings.id, "wk_bench", milliseconds()))
        await installation.log.folded((await installation.log.append(accepted.events)).position)
    finally:
        await installation.close()


def request_body(user: int = 0) -> str:
    """The boot that a known user's browser sends."""
    page = {"url": "http://localhost/area-x", "title": "Area"}
    who = {"anonymousId": f"browser-{user}", "userId": f"user-{user}"}
    said = {"project": PUBLIC_ID, "key": "wk_bench", "sdk": "0.1.0", "page": page, **who}
    return json.dumps(said | {"device": "desktop", "locale": "en", "zone": "Europe/Paris", "batch": [], "have": []})


@contextmanager
def process(command: list[str], port: int, path: str, **environment: str) -> Iterator[str]:
    """A server in a process of its own, from its first answer to its end; gives the address under load."""
    running = subprocess.Popen(command, env={**os.environ, **environment}, cwd=BENCH, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}{path}"
    try:
        for _ in range(200):
            try:
                httpx.post(address, content=b"{}")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield address
    finally:
        running.terminate()
        running.wait(20)


LUA = """
wrk.method = 'POST'
wrk.headers['content-type'] = 'text/plain'
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do requests[#requests + 1] = wrk.format(nil, nil, nil, line) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
"""


def load(address: str, bodies: Sequence[str], connections: int) -> tuple[float, float]:
    """Requests a second and the 99th percentile in milliseconds, as wrk counts them. Bodies go round in turn."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script, tempfile.NamedTemporaryFile("w") as lines:
        script.write(LUA)
        script.flush()
        lines.write("\n".join(bodies))
        lines.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", script.name, address]
        command += ["--", lines.name]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert late is not None
    assert rate is not None
    return float(rate[1]), float(late[1]) * {"us": 0.001, "ms": 1, "s": 1000}[late[2]]


def rows() -> list[dict[str, object]]:
    """Boot's rows of the table."""
    if shutil.which("wrk") is None:
        raise SystemExit("The boot bench needs wrk (Debian and Ubuntu: apt-get install wrk).")
    attributes, audiences = make_case()
    bodies = [request_body(user) for user in range(USERS)]
    asked = [json.dumps({"attributes": attributes | {"id": f"user-{user}"}}) for user in range(USERS)]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ours = {"SQLite": stack.enter_context(handrail(f"{folder}/files", ""))}
        if DATABASE:
            ours["PostgreSQL"] = stack.enter_context(handrail(f"{folder}/beside", DATABASE))
        answer = httpx.post(ours["SQLite"], content=bodies[0])
        candidates = candidates_of(answer)
        assert len(candidates) == CANDIDATES, answer.text
        assert all(candidates_of(httpx.post(each, content=bodies[0])) == candidates for each in ours.values())
        ports = [find_free_port() for _ in range(2)]
        python = sys.executable
        file = Path(folder) / "answer"
        file.write_bytes(answer.content)
        limit = stack.enter_context(
            process([python, "-m", "bench.bare", str(file), str(ports[0])], ports[0], "/", PYTHONPATH=str(BENCH.parent))
        )
        script = BENCH / "node_modules" / "boot-peer.mjs"
        script.write_text(PEER)
        conditions = Path(folder) / "conditions.json"
        conditions.write_text(json.dumps([for_growthbook(each) for each in audiences]))
        told = {"PORT": str(ports[1]), "CONDITIONS": str(conditions)}
        peer = stack.enter_context(process(["node", str(script)], ports[1], "/", **told))
        decided = httpx.post(peer, content=asked[0]).json()["features"]
        assert {key for key, each in decided.items() if each["defaultValue"]} == candidates
        found: list[dict[str, object]] = []
        for connections in (1, 32):
            turns = {name: (address, bodies) for name, address in ours.items()}
            turns |= {"limit": (limit, bodies), "peer": (peer, asked)}
            samples: dict[str, list[tuple[float, float]]] = {name: [] for name in turns}
            for _ in range(ROUNDS):
                for name, (address, said) in turns.items():
                    samples[name].append(load(address, said, connections))
            rate = {name: statistics.median(each[0] for each in taken) for name, taken in samples.items()}
            late = {name: statistics.median(each[1] for each in taken) for name, taken in samples.items()}
            for store in ours:
                held = store == "SQLite"
                met = rate[store] >= 3 * rate["peer"] and rate[store] >= 0.4 * rate["limit"]
                goal = ">= 3x the peer, >= 40% of the limit" if held else ""
                said = f"{connections} connections, {store}"
                found.append(row(f"boots/s, {said}", store, rate, goal, met if held else None))
                found.append(row(f"boot p99 ms, {said}", store, late, "", None))
        return found


def candidates_of(answer: httpx.Response) -> set[str]:
    """Keys of the experiences that the user may meet."""
    return {each["key"] for each in answer.json()["candidates"]}


@contextmanager
def handrail(folder: str, database: str) -> Iterator[str]:
    """Our server over what `prepare` left, in `database` or on files; gives the address under load."""
    asyncio.run(prepare(folder, database))
    port = find_free_port()
    settings = {"HANDRAIL_DATA": folder, "HANDRAIL_DATABASE": database, "HANDRAIL_PORT": str(port)}
    command = [sys.executable, "-m", "handrail.cli", "serve"]
    with process(command, port, "/sdk/v1/boot", **settings, HANDRAIL_LIMIT_ADDRESS="1000000") as address:
        yield address


def row(what: str, store: str, figures: dict[str, float], goal: str, met: bool | None) -> dict[str, object]:
    """One line of the table."""
    ours = figures[store]
    return {
        "bench": "boot",
        "what": what,
        "ours": round(ours, 2),
        "peer": round(figures["peer"], 2),
        "limit": round(figures["limit"], 2),
        "ratio_to_peer": round(ours / figures["peer"], 2),
        "ratio_to_limit": round(ours / figures["limit"], 2),
        "goal": goal,
        "met": met,
    }


if __name__ == "__main__":
    from bench.__main__ import table

    print(table(rows()))
