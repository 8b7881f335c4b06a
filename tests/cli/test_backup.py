"""Backup and restore: online, whole, and every changed byte noticed."""

from __future__ import annotations

import http.server
import random
import socketserver
import threading
import tracemalloc
from pathlib import Path

import httpx
import pytest

from handrail.adapters.files.archive import read_archive
from handrail.cli.client import PIECE, download
from handrail.core.errors import Conflict, Invalid
from handrail.settings import Settings
from handrail.storage import restore
from tests.cli.test_workers import BANNER, Load
from tests.support.serving import handrail, serving


def test_a_backup_under_load_restores_everything_acknowledged_before_it(tmp_path: Path) -> None:
    file = tmp_path / "saved.tar"
    (tmp_path / "hello.yaml").write_text(BANNER.format(key="hello"))
    with serving(tmp_path / "data") as server:
        assert handrail("apply", str(tmp_path / "hello.yaml"), data=server.data).returncode == 0
        key = server.key()
        with Load(server.address, key) as load:
            load.wait_for(300)
            before = set(load.acknowledged)
            saved = handrail("backup", str(file), data=server.data)
            assert saved.returncode == 0, saved.stderr
            load.wait_for(len(load.acknowledged) + 100)
        assert list(server.data.glob("backup-*")) == []
        twice = handrail("backup", str(file), data=server.data)
        assert (twice.returncode, "already" in twice.stderr) == (3, True)
        documents = server.ask("GET", "/api/v1/documents").json()
    done = handrail("restore", str(file), data=tmp_path / "restored")
    assert done.returncode == 0, done.stderr
    again = handrail("restore", str(file), data=tmp_path / "restored")
    assert (again.returncode, "name an empty one" in again.stderr) == (3, True)
    with serving(tmp_path / "restored") as restored:
        assert restored.ask("GET", "/api/v1/documents").json() == documents
        assert restored.key() == key
        report = restored.ask("POST", "/api/v1/rebuild").json()
        assert report["differences"] == []
        assert report["events"] >= len(before)
        # What was counted once stays counted once: everything sent again is known.
        assert Load(restored.address, key, senders=0).send_again(sorted(before)) == 200
        assert restored.ask("POST", "/api/v1/rebuild").json()["events"] == report["events"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a small installation."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "hello.yaml").write_text(BANNER.format(key="hello"))
    assert handrail("apply", str(folder / "hello.yaml"), data=folder / "data").returncode == 0
    made = handrail("backup", str(folder / "saved.tar"), data=folder / "data")
    assert made.returncode == 0, made.stderr
    return folder / "saved.tar"


def test_every_changed_byte_is_noticed_and_nothing_is_restored(saved: Path, tmp_path: Path) -> None:
    whole, draw = saved.read_bytes(), random.Random(29)
    places = [0, len(whole) - 1, len(whole) - 66, *(draw.randrange(len(whole)) for _ in range(100))]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << draw.randrange(8)
        (tmp_path / "changed.tar").write_bytes(changed)
        with pytest.raises(Invalid, match="Nothing was restored"):
            restore(Settings(data=str(tmp_path / "data")), tmp_path / "changed.tar")
        assert [each.name for each in (tmp_path / "data").iterdir()] == ["lock"]
    for length in (0, 10, 65, 66, len(whole) - 1):
        (tmp_path / "short.tar").write_bytes(whole[:length])
        with pytest.raises(Invalid):
            read_archive(tmp_path / "short.tar", tmp_path)
    told = handrail("restore", str(tmp_path / "changed.tar"), data=tmp_path / "data")
    assert (told.returncode, len(told.stderr.splitlines())) == (3, 1)
    assert handrail("restore", str(saved), data=tmp_path / "data").returncode == 0


def test_a_folder_in_use_is_not_restored_into(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "control.db").touch()
    with pytest.raises(Conflict, match=r"control\.db"):
        restore(Settings(data=str(tmp_path / "data")), saved)


def test_postgresql_is_left_to_its_own_tools(postgres_dsn: str, tmp_path: Path) -> None:
    told = handrail("backup", str(tmp_path / "x.tar"), data=tmp_path / "data", database=postgres_dsn)
    assert (told.returncode, "pg_dump" in told.stderr) == (3, True)
    assert not (tmp_path / "x.tar").exists()


def test_who_was_erased_after_a_backup_does_not_come_back_with_it(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "saved.tar"
    canaries = [f"canary-{number}-x7q" for number in range(8)]
    with serving(data) as server:
        key = server.key()

        def sent(user: str, device: str, words: list[str]) -> int:
            traits = {f"trait_{at}": word for at, word in enumerate(words)}
            batch = [
                {"type": "identify", "userId": user, "anonymousId": device, "traits": traits},
                {"type": "track", "userId": user, "event": "Order", "properties": traits},
                {"type": "alias", "userId": f"{user}-new", "previousId": user},
            ]
            return httpx.post(f"{server.address}/v1/batch", json={"writeKey": key, "batch": batch}).status_code

        assert sent(canaries[0], canaries[1], canaries[2:]) == 200
        assert sent("bob", "bobs-device", ["stays-z3k"]) == 200
        assert handrail("backup", str(file), data=data).returncode == 0
        assert all(word.encode() in file.read_bytes() for word in canaries)
        receipt = server.ask("DELETE", "/api/v1/user", params={"user": canaries[0]}).json()
    restored = tmp_path / "restored"
    done = handrail("restore", str(file), "--carry", str(data), data=restored)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    with serving(restored) as server:
        assert [each["id"] for each in server.ask("GET", "/api/v1/erasures").json()] == [receipt["id"]]
        assert server.ask("GET", "/api/v1/user", params={"user": canaries[0]}).json()["attributes"] == []
        again = {"writeKey": key, "batch": [{"type": "track", "userId": canaries[0], "event": "Order"}]}
        told = httpx.post(f"{server.address}/v1/batch", json=again).json()
        assert [each["code"] for each in told["rejected"]] == ["suppressed"]
        assert server.ask("POST", "/api/v1/rebuild").json()["differences"] == []
    kept = b"".join(each.read_bytes() for each in restored.rglob("*") if each.is_file())
    assert [word for word in canaries if word.encode() in kept] == []
    assert b"stays-z3k" in kept
    # Once is enough: the next start finds it done.
    with serving(restored) as server:
        assert "erased_again" not in server.said()
    bare = handrail("restore", str(file), data=tmp_path / "bare")
    assert bare.returncode == 0
    assert "erasures.jsonl" in bare.stderr


def test_a_download_holds_one_piece_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDRAIL_DATA", str(tmp_path))
    size = 64 * PIECE

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(size))
            self.end_headers()
            for _ in range(64):
                self.wfile.write(b"x" * PIECE)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def address_string(self) -> str:
            return "socket"

    class Server(socketserver.UnixStreamServer):
        pass

    with Server(str(tmp_path / "socket"), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        tracemalloc.start()
        with (tmp_path / "got").open("wb") as file:
            download("/api/v1/backup", file)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        thread.join()
    assert (tmp_path / "got").stat().st_size == size
    assert peak < 8 * PIECE
