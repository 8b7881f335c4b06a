"""Several server processes on one PostgreSQL: what one publishes all serve, and a killed one loses nothing it told."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.fernet import Fernet

from tests.support.serving import PATIENCE, Serving, handrail, serving

BANNER = "kind: banner\nkey: {key}\nname: {key}\ncontent:\n  blocks:\n    - type: paragraph\n      text: Hello\n"


@pytest.mark.parametrize("settings", [{}, {"database": "postgresql://127.0.0.1:1/none"}])
def test_files_of_one_process_refuse_several_workers_in_one_sentence(tmp_path: Path, settings: dict[str, str]) -> None:
    told = handrail("serve", "--workers", "3", data=tmp_path / "data", **settings)
    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr.count("\n") == 1
    assert ("DuckDB" if settings else "SQLite") in told.stderr
    assert not (tmp_path / "data").exists()


class Load:
    """Threads that send numbered batches until told to stop, and the ids that were answered 200."""

    def __init__(self, address: str, key: str, senders: int = 4) -> None:
        self.acknowledged: set[str] = set()
        self.cut = 0
        self._address, self._key = address, key
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(senders)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < count:
            assert time.monotonic() < deadline, f"only {len(self.acknowledged)} of {count} were acknowledged"
            time.sleep(0.02)

    def send_again(self, ids: list[str]) -> int:
        """Send these once more; the status."""
        calls = [{"type": "track", "event": "Order", "userId": "ann", "messageId": each} for each in ids[:2000]]
        body = msgspec.json.encode({"writeKey": self._key, "batch": calls})
        return httpx.post(f"{self._address}/v1/batch", content=body).status_code

    def _send(self, sender: int) -> None:
        batch = 0
        while not self._stop.is_set():
            ids = [f"s{sender}b{batch}e{number}" for number in range(20)]
            calls = [{"type": "track", "event": "Order", "userId": "ann", "messageId": each} for each in ids]
            batch += 1
            try:
                # A connection for each batch, so that every worker gets some.
                answer = httpx.post(
                    f"{self._address}/v1/batch", content=msgspec.json.encode({"writeKey": self._key, "batch": calls})
                )
                with self._lock:
                    if answer.status_code == 200:
                        self.acknowledged |= set(ids)
            except httpx.HTTPError:
                with self._lock:
                    self.cut += 1


def test_workers_killed_under_load_lose_nothing_acknowledged(postgres_dsn: str, tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--workers", "3", database=postgres_dsn, analytics="none") as server:
        with Load(server.address, server.key()) as load:
            for _ in range(3):
                load.wait_for(len(load.acknowledged) + 400)
                victim = next(pid for pid in reversed(server.workers()) if _alive(pid))
                os.kill(victim, signal.SIGKILL)
            load.wait_for(len(load.acknowledged) + 400)
        report = server.ask("POST", "/api/v1/rebuild").json()
        assert report["differences"] == []
        assert report["events"] >= len(load.acknowledged)
        deadline = time.monotonic() + 30
        while len(server.workers()) < 6:
            assert time.monotonic() < deadline, "a worker that ends is replaced"
            time.sleep(0.05)
    kept = _kept(postgres_dsn)
    assert load.acknowledged <= set(kept)
    assert len(kept) == len(set(kept)), "an event counts once"


def test_workers_end_when_their_supervisor_is_killed(postgres_dsn: str, tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--workers", "2", database=postgres_dsn, analytics="none") as server:
        workers = server.workers()
        assert all(map(_alive, workers))
        server.process.kill()
        server.process.wait()
        deadline = time.monotonic() + 20
        while any(map(_alive, workers)):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_what_one_process_publishes_every_other_serves_within_a_second(postgres_dsn: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        servers = [
            stack.enter_context(serving(tmp_path / f"data{number}", database=postgres_dsn)) for number in range(3)
        ]
        assert len({server.key() for server in servers}) == 1, "processes that start together make one project"
        revision = servers[0].ask("GET", "/api/v1/documents").json()["revision"]
        for turn, publisher in enumerate(servers):
            file = tmp_path / f"hello{turn}.yaml"
            file.write_text(BANNER.format(key=f"hello{turn}"))
            before = [_revision(server) for server in servers]
            assert before == [f"r{revision}"] * 3
            done = handrail("apply", str(file), data=publisher.data, database=postgres_dsn)
            assert done.returncode == 0, done.stderr
            revision += 1
            took, held_up = _until_all_serve(servers, f"r{revision}")
            assert took < 1.0 + held_up, "a publication reaches every process within a second"


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Return once it holds. Nothing else is published meanwhile, so only being told can have brought it about."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"{what} reaches every process"
        time.sleep(0.02)


def test_keys_settings_and_erasures_reach_every_process(postgres_dsn: str, tmp_path: Path) -> None:
    secret = Fernet.generate_key().decode()
    with (
        serving(tmp_path / "one", database=postgres_dsn, analytics="none", secret_keys=secret) as one,
        serving(tmp_path / "two", database=postgres_dsn, analytics="none", secret_keys=secret) as two,
    ):
        write_key, number = one.key(), count()
        project = one.ask("GET", "/api/v1/project").json()

        def refused(server: Serving, user: str, **more: Any) -> bool:
            event = {"type": "identify", "userId": user, "messageId": f"m{next(number)}"} | more
            told = httpx.post(f"{server.address}/v1/batch", json={"writeKey": write_key, "batch": [event]})
            return "rejected" in told.json()

        wrong = {"context": {"handrail": {"signature": "0" * 64}}}
        privacy = "/api/v1/environments/production/privacy"
        # Each process has read what it will have to forget.
        assert not refused(one, "ann", **wrong)
        assert not refused(two, "ann", **wrong)
        key = one.ask("POST", "/api/v1/identity/keys", json={"method": "hmac"}).json()
        wait_until(lambda: refused(two, "ann", **wrong), "a key")
        assert two.ask("PUT", privacy, json={"verify_identity": True, "insist": True}).is_success
        wait_until(lambda: refused(one, "ann"), "enforcement")
        assert one.ask("PUT", privacy, json={"verify_identity": False}).is_success
        wait_until(lambda: not refused(two, "ann"), "a setting")
        assert two.ask("DELETE", f"/api/v1/identity/keys/{key['id']}").is_success
        wait_until(lambda: not refused(one, "ann", **wrong), "the end of a key")
        assert one.ask("DELETE", "/api/v1/user", params={"user": "ann"}).is_success
        wait_until(lambda: refused(two, "ann"), "an erasure")

        origin = {"origin": "https://more.example.com"}
        body = {"project": project["public_id"], "sdk": "t", "anonymousId": "a", "page": {"url": origin["origin"]}}
        assert httpx.post(f"{one.address}/sdk/v1/boot", json=body, headers=origin).status_code == 403
        more = {"key": "more", "name": "More", "origins": ["more.example.com"]}
        assert two.ask("POST", "/api/v1/environments", json=more).status_code == 201
        wait_until(
            lambda: httpx.post(f"{one.address}/sdk/v1/boot", json=body, headers=origin).status_code == 200, "an origin"
        )


def test_a_process_counts_what_another_one_s_publication_asks(postgres_dsn: str, tmp_path: Path) -> None:
    with (
        serving(tmp_path / "one", database=postgres_dsn, analytics="none") as one,
        serving(tmp_path / "two", database=postgres_dsn, analytics="none") as two,
    ):
        key = one.key()
        audience = "audience:\n  event: Order\n  operator: '>='\n  value: 2\n"
        file = tmp_path / "buyers.yaml"
        file.write_text(BANNER.format(key="buyers") + audience)
        for number, server in enumerate((one, two)):
            call = {"writeKey": key, "userId": "ann", "event": "Order", "messageId": f"before{number}"}
            httpx.post(f"{server.address}/v1/track", json=call)
        assert handrail("apply", str(file), data=one.data, database=postgres_dsn).returncode == 0
        for server in (one, two):
            assert _candidates(server, key) == ["buyers"]


def test_accounts_add_up_over_processes_kills_and_restarts(postgres_dsn: str, tmp_path: Path) -> None:
    def total(server: Serving) -> dict[str, Any]:
        told = server.ask("GET", "/api/v1/accounting", params={"minutes": 60}).json()["total"]
        # From when on it counts is the time of asking.
        return {name: number for name, number in told.items() if name != "at"}

    with (
        serving(tmp_path / "one", database=postgres_dsn, analytics="none") as one,
        serving(tmp_path / "two", database=postgres_dsn, analytics="none") as two,
    ):
        key = one.key()
        for number, server in enumerate((one, two, one)):
            repeated = {"type": "track", "userId": "ann", "event": "Order", "messageId": "same"}
            fresh = repeated | {"messageId": f"m{number}"}
            batch = {"writeKey": key, "batch": [repeated, fresh, {"type": "dance", "userId": "ann"}]}
            httpx.post(f"{server.address}/v1/batch", json=batch)
        wait_until(lambda: total(one).get("received") == 9, "what another process counted")
        assert total(one) == total(two)
        two.process.kill()
        two.process.wait()
        assert total(one)["received"] == 9
    with serving(tmp_path / "three", database=postgres_dsn, analytics="none") as three:
        kept = total(three)
        assert (kept["received"], kept["stored"], kept["duplicate"]) == (9, 4, 2)
        assert kept["rejected"] == {"unknown_type": 3}


def test_tail_shows_the_events_of_every_process(postgres_dsn: str, tmp_path: Path) -> None:
    with (
        serving(tmp_path / "one", database=postgres_dsn, analytics="none") as one,
        serving(tmp_path / "two", database=postgres_dsn, analytics="none") as two,
        httpx.Client(transport=httpx.HTTPTransport(uds=str(one.data / "socket")), timeout=20) as client,
        client.stream("GET", "http://handrail/api/v1/tail") as tail,
    ):
        lines = tail.iter_lines()
        note: dict[str, Any] = msgspec.json.decode(next(lines))
        assert note["what"] == "note"
        assert str(one.process.pid) in note["told"]
        for number, server in enumerate((two, one)):
            call = {"writeKey": one.key(), "userId": f"u{number}", "event": "Order", "messageId": f"m{number}"}
            httpx.post(f"{server.address}/v1/track", json=call)
        told = [msgspec.json.decode(next(lines))["user"] for _ in range(2)]
        assert told == ["u0", "u1"]


def test_processes_that_start_together_make_one_project(postgres_dsn: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = list(
            pool.map(
                lambda number: handrail("pull", str(tmp_path), data=tmp_path / f"d{number}", database=postgres_dsn),
                range(3),
            )
        )
    assert [each.returncode for each in done] == [0, 0, 0], done


def _alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # A zombie is dead; its new parent has yet to notice.
    return status.rpartition(")")[2].split()[0] != "Z"


def _revision(server: Serving) -> str:
    """What its tabs are told, from what the process keeps in memory."""
    body = {"project": "x", "key": server.key(), "sdk": "test", "page": {"url": "http://localhost/"}}
    boot = httpx.post(f"{server.address}/sdk/v1/boot", json=body | {"anonymousId": "anon"}).json()
    return httpx.get(server.address + boot["revisionUrl"]).json()["revision"]


def _until_all_serve(servers: list[Serving], revision: str) -> tuple[float, float]:
    """How many seconds it took until all serve a revision, and the longest time that one look at all of them took."""
    looks: list[float] = []

    def look() -> bool:
        start = time.monotonic()
        found = {_revision(server) for server in servers}
        looks.append(time.monotonic() - start)
        return found == {revision}

    start = time.monotonic()
    wait_until(look, "a publication")
    return time.monotonic() - start, max(looks)


def _candidates(server: Serving, key: str) -> list[str]:
    body = {"project": "x", "key": key, "sdk": "test", "userId": "ann", "page": {"url": "http://localhost/"}}
    boot = httpx.post(f"{server.address}/sdk/v1/boot", json=body | {"anonymousId": "anon"}).json()
    return sorted(each["key"] for each in boot["candidates"])


def _kept(dsn: str) -> list[str]:
    """Every message id in the log."""
    import asyncio

    import asyncpg

    async def read() -> list[str]:
        connection = await asyncpg.connect(dsn)
        rows = await connection.fetch(
            "SELECT json_array_elements(events::json) ->> 'message_id' AS id FROM ingest.blocks"
        )
        await connection.close()
        return [row["id"] for row in rows]

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, read()).result()
