"""`serve` that cannot run says so in one sentence and ends with 3 (RULES 42); `doctor` finds it before."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from handrail.serving import plain_logs
from tests.support.network import find_free_port
from tests.support.serving import ROOT, environment, handrail, serving


def sentence(told: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that it said, as an operator reads it."""
    assert (told.returncode, told.stdout) == (3, ""), told
    [line] = told.stderr.splitlines()
    assert line.startswith("handrail: ")
    assert line.endswith(".")
    return line


def a_folder(data: Path) -> Path:
    """A data folder that a server has used."""
    assert handrail("pull", str(data.parent / "pulled"), data=data).returncode == 0
    return data


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = sentence(handrail("serve", data=tmp_path / "data", port=str(port)))
        assert f"Port {port} is taken" in told
        assert "HANDRAIL_PORT" in told
        doctor = handrail("doctor", data=tmp_path / "data", port=str(port))
    assert doctor.returncode == 3
    assert f"bad   port {port} is taken" in doctor.stdout


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    told = sentence(handrail("serve", data=tmp_path / "data", port=str(find_free_port())))
    assert "HANDRAIL_DATA" in told


def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    data = a_folder(tmp_path / "data")
    words = [sys.executable, "-m", "handrail.cli", "serve"]
    if os.geteuid() == 0:
        # Root may write anywhere; without this right it is bound by the folder's mode like anybody.
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv")
        words = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-all", *words]
    data.chmod(0o555)
    try:
        settings = environment(data=str(data), port=str(find_free_port()))
        told = subprocess.run(words, env=settings, cwd=ROOT, capture_output=True, text=True, timeout=60)
    finally:
        data.chmod(0o755)
    assert f"{data} cannot be written" in sentence(told)


def test_a_second_server_on_the_folder(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as first:
        told = sentence(handrail("serve", data=tmp_path / "data", port=str(find_free_port())))
        assert f"in use by another Handrail process (pid {first.process.pid})" in told
        assert first.ask("GET", "/readyz").status_code == 200, "the first one goes on"


@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("control.db", "UPDATE alembic_version SET version_num = '9999'"),
        ("state.db", "PRAGMA user_version = 99"),
    ],
)
def test_a_schema_of_a_newer_release(tmp_path: Path, file: str, statement: str) -> None:
    data = a_folder(tmp_path / "data")
    with sqlite3.connect(data / file) as connection:
        connection.execute(statement)
    connection.close()
    assert "newer Handrail" in sentence(handrail("serve", data=data, port=str(find_free_port())))


@pytest.mark.parametrize("file", ["control.db", "state.db"])
def test_a_file_that_is_no_database(tmp_path: Path, file: str) -> None:
    data = a_folder(tmp_path / "data")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{data / file}{suffix}").unlink(missing_ok=True)
    (data / file).write_bytes(b"these are not the bytes of a database, whatever its name says\n" * 100)
    sentence(handrail("serve", data=data, port=str(find_free_port())))


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    told = handrail("serve", data=tmp_path / "data", database="postgresql://me:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in sentence(told)


@pytest.mark.parametrize(
    "settings",
    [
        {"port": "http"},
        {"port": "99999"},
        {"log_days": "3"},
        {"database": "mysql://somewhere"},
        {"analytics": "elsewhere"},
        {"config": "/nowhere.toml"},
    ],
)
def test_settings_that_cannot_be_meant(tmp_path: Path, settings: dict[str, str]) -> None:
    told = handrail("serve", data=tmp_path / "data", **settings)
    assert told.returncode == 3
    assert len(told.stderr.splitlines()) == 1
    assert handrail("doctor", data=tmp_path / "data", **settings).returncode == 3


def test_a_setting_that_cannot_be_meant_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert "HANDRAIL_PORT: Expected `int`" in sentence(handrail("serve", data=data, port="http"))
    (tmp_path / "settings.toml").write_text("prot = 8000\n")
    assert "'prot'" in sentence(handrail("serve", data=data, config=str(tmp_path / "settings.toml")))
    doctor = handrail("doctor", data=data, port=str(find_free_port()), prot="8000")
    assert "note  HANDRAIL_PROT is set and is no setting" in doctor.stdout
    assert doctor.returncode == 0


@pytest.mark.parametrize("host", ["203.0.113.9", "::", "no host"])
def test_an_address_that_is_not_this_machine_s(tmp_path: Path, host: str) -> None:
    told = handrail("serve", data=tmp_path / "data", host=host, port=str(find_free_port()))
    assert "HANDRAIL_HOST" in sentence(told)


def test_doctor_asks_the_database(tmp_path: Path, postgres_dsn: str) -> None:
    port = str(find_free_port())
    away = handrail("doctor", data=tmp_path / "data", database="postgresql://me:hunter2@127.0.0.1:1/none", port=port)
    assert (away.returncode, "hunter2" in away.stdout, "bad   The control database" in away.stdout) == (3, False, True)
    there = handrail("doctor", data=tmp_path / "data", database=postgres_dsn, port=port)
    assert (there.returncode, "ok    PostgreSQL " in there.stdout) == (0, True), there.stdout


def test_exceptions_are_logged_without_the_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(password: str) -> None:
        raise ValueError("it failed")

    before = structlog.get_config()["processors"]
    try:
        plain_logs()
        try:
            fails("hunter2")
        except ValueError:
            structlog.get_logger().exception("at_the_edge")
    finally:
        structlog.configure(processors=before)
    said = capsys.readouterr().out
    assert "it failed" in said
    assert "hunter2" not in said.replace('fails("hunter2")', "")


def test_a_command_that_makes_an_installation_says_so(tmp_path: Path) -> None:
    made = handrail("users", data=tmp_path / "data")
    assert f"A new installation was made in {tmp_path / 'data'}" in made.stderr
    assert handrail("users", data=tmp_path / "data").stderr == ""
