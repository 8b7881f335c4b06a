"""Boot: requests a second with one worker, 100 live experiences of which 10 become candidates, the user known.

Beside it, in the same run and in turns: a bare ASGI handler on the same server that answers the same bytes to the same
request (the limit: what HTTP alone costs here), and GrowthBook's proxy evaluation (`@growthbook/proxy-eval`) behind
Node's http server, deciding 100 features of five conditions for one user (the peer). Load comes from wrk.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from tests.support.network import find_free_port

from handrail.app import Installation, milliseconds
from handrail.core.conditions.model import parse_condition
from handrail.core.experiences.codec import decode_experience
from handrail.ingest.accept import Door, accept_batch
from handrail.settings import Settings
from handrail.workspace.apply import Placed, apply
from handrail.workspace.seed import NewEnvironment, NewProject

BENCH = Path(__file__).parent
ROUNDS = 3
SECONDS = 3
EXPERIENCES = 100
CANDIDATES = 10
PUBLIC_ID = "00000000-0000-4000-8000-000000000001"

PEER = """
import { createServer } from 'node:http'
import { evaluateFeatures } from '@growthbook/proxy-eval'
const condition = (number) => ({ plan: number < 10 ? 'pro' : 'other', seats: { $gt: 3 }, country: { $in: ['FR', 'DE'] },
  email: { $regex: 'example' }, created: { $lt: '2026-12-01' } })
const features = Object.fromEntries(Array.from({ length: 100 }, (_, number) =>
  [`f${number}`, { defaultValue: false, rules: [{ condition: condition(number), force: true }] }]))
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


def document(number: int) -> dict[str, object]:
    """One live tour; the first ten fit the bench's user, the others fail on their first condition."""
    audience = [
        {"attribute": "custom.plan", "operator": "is", "value": "pro" if number < CANDIDATES else f"other-{number}"},
        {"attribute": "custom.seats", "operator": ">", "value": 3},
        {"attribute": "custom.country", "operator": "one_of", "value": ["FR", "DE"]},
        {"attribute": "native.email", "operator": "contains", "value": "example"},
        {"attribute": "custom.created", "operator": "before", "value": "2026-12-01"},
    ]
    button = {"type": "button", "label": "Next", "actions": [{"type": "go_to_step"}]}
    blocks = [{"type": "heading", "text": f"Tour {number}"}, button]
    steps = [{"key": "one", "form": "modal", "blocks": blocks}]
    where = {"include": [{"part": "path", "operator": "starts_with", "value": f"/area-{number}"}]}
    words = {"kind": "tour", "key": f"tour-{number}", "name": f"Tour {number}", "where": where}
    return words | {"audience": {"all": audience}, "content": {"steps": steps}}


async def prepare(folder: str) -> None:
    """Publish the experiences and make the user known, then let go of the folder."""
    installation = await Installation.open(Settings(data=folder))
    try:
        environment = NewEnvironment("production", "Production", ("localhost",), "wk_bench")
        project = NewProject(id="p_bench", public_id=PUBLIC_ID, name="Bench", environments=(environment,))
        await installation.seeded(project)
        documents = [Placed(decode_experience(document(number))) for number in range(EXPERIENCES)]
        async with installation.works("p_bench") as work:
            await apply(work, "production", documents, milliseconds())
        settings = await installation.publications.environment_by_key("wk_bench")
        assert settings is not None
        traits = {"plan": "pro", "seats": 5, "country": "FR", "email": "ann@example.com", "created": "2026-01-01"}
        call = {"type": "identify", "userId": "ann", "anonymousId": "a1", "traits": traits}
        accepted = accept_batch(json.dumps({"batch": [call]}).encode(), Door(settings.id, "wk_bench", milliseconds()))
        await installation.log.folded((await installation.log.append(accepted.events)).position)
    finally:
        await installation.close()
    assert parse_condition(document(0)["audience"])


def request_body() -> str:
    """The boot that a known user's browser sends."""
    page = {"url": "http://localhost/area-x", "title": "Area"}
    said = {"project": PUBLIC_ID, "key": "wk_bench", "sdk": "0.1.0", "page": page, "anonymousId": "a1", "userId": "ann"}
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


def load(address: str, body: str, connections: int) -> tuple[float, float]:
    """Requests a second and the 99th percentile in milliseconds, as wrk counts them."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f"wrk.method = 'POST'\nwrk.headers['content-type'] = 'text/plain'\nwrk.body = {json.dumps(body)}\n"
        )
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", script.name, address]
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
    body = request_body()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        asyncio.run(prepare(folder))
        ports = [find_free_port() for _ in range(3)]
        python = sys.executable
        ours = stack.enter_context(
            process(
                [python, "-m", "handrail.cli", "serve"],
                ports[0],
                "/sdk/v1/boot",
                HANDRAIL_DATA=folder,
                HANDRAIL_PORT=str(ports[0]),
            )
        )
        answer = httpx.post(ours, content=body)
        assert len(answer.json()["candidates"]) == CANDIDATES, answer.text
        file = Path(folder) / "answer"
        file.write_bytes(answer.content)
        limit = stack.enter_context(
            process([python, "-m", "bench.bare", str(file), str(ports[1])], ports[1], "/", PYTHONPATH=str(BENCH.parent))
        )
        script = BENCH / "node_modules" / "boot-peer.mjs"
        script.write_text(PEER)
        peer = stack.enter_context(process(["node", str(script)], ports[2], "/", PORT=str(ports[2])))
        attributes = {"plan": "pro", "seats": 5, "country": "FR", "email": "ann@example.com", "created": "2026-01-01"}
        asked = json.dumps({"attributes": attributes})
        decided = httpx.post(peer, content=asked).json()
        assert (
            sum(bool(each.get("defaultValue")) or bool(each.get("rules")) for each in decided["features"].values())
            >= CANDIDATES
        )
        found: list[dict[str, object]] = []
        for connections in (1, 32):
            samples: dict[str, list[tuple[float, float]]] = {"ours": [], "limit": [], "peer": []}
            for _ in range(ROUNDS):
                for name, address, said in (("ours", ours, body), ("limit", limit, body), ("peer", peer, asked)):
                    samples[name].append(load(address, said, connections))
            rate = {name: statistics.median(each[0] for each in taken) for name, taken in samples.items()}
            late = {name: statistics.median(each[1] for each in taken) for name, taken in samples.items()}
            met = rate["ours"] >= 3 * rate["peer"] and rate["ours"] >= 0.4 * rate["limit"]
            found.append(row(f"boots/s, {connections} connections", rate, ">= 3x the peer, >= 40% of the limit", met))
            found.append(row(f"boot p99 ms, {connections} connections", late, "", None))
        return found


def row(what: str, figures: dict[str, float], goal: str, met: bool | None) -> dict[str, object]:
    """One line of the table."""
    return {
        "bench": "boot",
        "what": what,
        "ours": round(figures["ours"], 2),
        "peer": round(figures["peer"], 2),
        "limit": round(figures["limit"], 2),
        "ratio_to_peer": round(figures["ours"] / figures["peer"], 2),
        "ratio_to_limit": round(figures["ours"] / figures["limit"], 2),
        "goal": goal,
        "met": met,
    }


if __name__ == "__main__":
    from bench.__main__ import table

    print(table(rows()))
