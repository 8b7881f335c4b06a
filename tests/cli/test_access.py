"""key, member and jobs on a folder that no server has."""

from __future__ import annotations

from tests.cli.test_exit_codes import Run, run

at_a_folder = run


def test_a_key_is_made_listed_and_revoked(at_a_folder: Run) -> None:
    made = at_a_folder("key", "create", "ci", "--scope", "experiences:read")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert secret.startswith("hk_")
    assert len(secret) > 40
    listed = at_a_folder("key", "list").stdout
    assert "ci" in listed
    assert secret not in listed
    assert at_a_folder("key", "revoke", listed.split()[0]).exit_code == 0
    assert at_a_folder("key", "list").stdout == ""
    assert at_a_folder("key", "revoke", "nothing").exit_code == 3
    assert at_a_folder("key", "create", "ci", "--scope", "moon").exit_code == 3


def test_a_member_is_added_sets_a_password_and_is_removed(at_a_folder: Run) -> None:
    added = at_a_folder("member", "add", "ann@example.com", "--role", "owner")
    assert added.exit_code == 0, added.output
    token = added.stdout.strip()
    assert "(no password yet)" in at_a_folder("member", "list").stdout
    assert at_a_folder("member", "password", token, "--password", "correct horse").exit_code == 0
    assert "(no password yet)" not in at_a_folder("member", "list").stdout
    assert at_a_folder("member", "password", token, "--password", "correct horse").exit_code == 3
    last = at_a_folder("member", "remove", "ann@example.com")
    assert (last.exit_code, "last owner" in last.stderr) == (3, True)
    assert at_a_folder("member", "add", "bob@example.com").exit_code == 0
    assert at_a_folder("member", "remove", "bob@example.com").exit_code == 0


def test_jobs_are_listed_and_one_that_is_not_there_cannot_be_replayed(at_a_folder: Run) -> None:
    assert (at_a_folder("jobs", "list").exit_code, at_a_folder("jobs", "list", "--status", "dead").stdout) == (0, "")
    assert at_a_folder("jobs", "replay", "nothing").exit_code == 3
