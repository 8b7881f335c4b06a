"""The control database: its schema on both engines, and what every workspace promises, the one in memory included."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from handrail.adapters.control.access import ControlAccess
from handrail.adapters.control.database import ControlDatabase, configuration
from handrail.adapters.control.projects import ControlProjects
from handrail.adapters.control.publications import ControlPublications
from handrail.adapters.control.tables import metadata
from handrail.adapters.control.work import ControlWorks
from handrail.core.conditions.model import parse_condition
from handrail.core.errors import Conflict, NotFound, Unavailable
from handrail.core.experiences.codec import decode_experience
from handrail.core.experiences.model import Experience
from handrail.core.experiences.themes import Theme
from handrail.core.previews import Persona
from handrail.core.segments import Segment
from handrail.delivery.ports import Publications
from handrail.testing.workspace import MemoryWorkspace
from handrail.workspace.apply import NotPublishable, Placed, apply
from handrail.workspace.ports import Works
from handrail.workspace.previews import NewPreview, create
from handrail.workspace.seed import NewEnvironment, NewProject, Projects, seed
from tests.support.earlier import first_control

ROOT = Path(__file__).parents[2]
NOW = 1_795_521_600_000
PRO = parse_condition({"attribute": "custom.plan", "operator": "is", "value": "pro"})


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty control database."""
    return request.getfixturevalue("postgres_dsn") if request.param == "postgres" else str(tmp_path / "control.db")


@asynccontextmanager
async def opened(address: str) -> AsyncGenerator[ControlDatabase]:
    database = ControlDatabase(address)
    try:
        await database.open()
        yield database
    finally:
        await database.close()


# The schema.


def described(connection: Connection) -> dict[str, Any]:
    """Everything a schema says: columns, keys, constraints and indexes, with their names."""
    inspector = inspect(connection)

    def constraint(each: Any) -> str:
        return repr(sorted((name, repr(value)) for name, value in each.items() if name != "comment"))

    return {
        table: {
            "columns": [
                (each["name"], each["type"].compile(connection.dialect), each["nullable"], each.get("default"))
                for each in sorted(inspector.get_columns(table), key=lambda each: each["name"])
            ],
            "primary": inspector.get_pk_constraint(table),
            "foreign": sorted(map(constraint, inspector.get_foreign_keys(table))),
            "unique": sorted(map(constraint, inspector.get_unique_constraints(table))),
            "indexes": sorted(map(constraint, inspector.get_indexes(table))),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


async def test_migrations_lead_from_nothing_to_the_declared_schema(address: str) -> None:
    async with opened(address) as database:
        async with database.transaction() as connection:
            migrated = await connection.run_sync(described)
        async with database.transaction() as connection:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(text(f'DROP TABLE "{table.name}"'))
            await connection.run_sync(metadata.create_all)
            declared = await connection.run_sync(described)
    assert migrated == declared
    assert set(migrated) == set(metadata.tables)


async def test_opening_again_changes_nothing(address: str) -> None:
    async with opened(address) as database, database.transaction() as connection:
        first = await connection.run_sync(described)
    async with opened(address) as database, database.transaction() as connection:
        assert await connection.run_sync(described) == first


async def test_a_schema_of_a_newer_release_is_refused_by_name(address: str) -> None:
    async with opened(address) as database, database.transaction() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match=r"newer Handrail .*9999"):
        async with opened(address):
            pass


async def test_processes_that_open_together_migrate_once(address: str) -> None:
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(opened(address)) for _ in range(3)))


async def test_a_database_that_does_not_answer_is_said_in_one_sentence_without_its_password() -> None:
    with pytest.raises(Unavailable, match=r"cannot be used") as told:
        async with opened("postgresql://someone:secret@127.0.0.1:1/none"):
            pass
    assert "secret" not in told.value.message
    assert "\n" not in told.value.message


# What every workspace promises.


class Workspace(msgspec.Struct):
    """One installation's projects, transactions and published state."""

    projects: Projects
    works: Works
    publications: Publications


def in_memory() -> Workspace:
    one = MemoryWorkspace()
    return Workspace(one, one, one)


def in_database(database: ControlDatabase) -> Workspace:
    publications = ControlPublications(database)
    return Workspace(ControlProjects(database), ControlWorks(database, publications.forget), publications)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Workspace]:
    """A workspace with one project."""
    if request.param == "memory":
        made = in_memory()
        await seed(made.projects, a_project(), NOW)
        yield made
        return
    dsn = request.getfixturevalue("postgres_dsn") if request.param == "postgres" else str(tmp_path / "control.db")
    async with opened(dsn) as database:
        made = in_database(database)
        await seed(made.projects, a_project(), NOW)
        yield made


def a_project(name: str = "one") -> NewProject:
    places = ("production", "staging")
    return NewProject(
        id=f"p_{name}",
        public_id=f"{name:0<8}-0000-4000-8000-000000000000",
        name=name,
        environments=tuple(NewEnvironment(each, each.title(), ("localhost",), f"wk_{name}_{each}") for each in places),
    )


def a_banner(key: str, words: str = "Hello", **more: Any) -> Experience:
    blocks = [{"type": "paragraph", "text": words}]
    return decode_experience(
        msgspec.json.encode({"kind": "banner", "key": key, "name": key, "content": {"blocks": blocks}} | more)
    )


async def applied(workspace: Workspace, *documents: Any, now: int = NOW, **more: Any) -> list[tuple[str, str]]:
    async with workspace.works("p_one") as work:
        done = await apply(work, "production", [Placed(each) for each in documents], now, **more)
    return [(each.key, each.change) for each in done.changes]


async def place(workspace: Workspace) -> str:
    found = await workspace.publications.environment_by_key("wk_one_production")
    assert found is not None
    return found.id


async def test_seeding_twice_keeps_the_first_project(workspace: Workspace) -> None:
    assert await seed(workspace.projects, a_project("two"), NOW) == "p_one"
    assert await workspace.projects.add_first(a_project("two"), NOW) == "p_one"
    assert await workspace.publications.environment_by_key("wk_two_production") is None


async def test_what_was_applied_is_what_delivery_reads(workspace: Workspace) -> None:
    pro = Segment(key="pro", name="Pro", condition=PRO)
    first = await applied(workspace, a_banner("a"), a_banner("b"), Theme(key="default"), pro)
    assert first == [(key, "created") for key in ("a", "b", "default", "pro")]
    snapshot = await workspace.publications.snapshot(await place(workspace))
    assert snapshot.revision == "r1"
    found = sorted(snapshot.experiences, key=lambda each: each.document.key)
    assert [each.document for each in found] == [a_banner("a"), a_banner("b")]
    assert snapshot.segments == {"pro": PRO}
    assert (await workspace.publications.environments(snapshot.environment.public_id))[0] == snapshot.environment


async def test_a_second_version_leaves_the_first_as_it_was(workspace: Workspace) -> None:
    await applied(workspace, a_banner("a", "First"))
    before = (await workspace.publications.snapshot(await place(workspace))).experiences[0]
    assert await applied(workspace, a_banner("a", "Second"), now=NOW + 5) == [("a", "updated")]
    after = (await workspace.publications.snapshot(await place(workspace))).experiences[0]
    assert (after.id, after.published_at) == (before.id, NOW), "a new version keeps its experience's place"
    assert after.version != before.version
    old = await workspace.publications.content(before.version)
    assert old is not None
    assert (old.document, old.paused) == (before.document, True)
    assert await workspace.publications.content("v_unknown") is None


async def test_what_is_the_same_is_not_published_again(workspace: Workspace) -> None:
    await applied(workspace, a_banner("a"))
    assert await applied(workspace, a_banner("a")) == [("a", "unchanged")]
    assert (await workspace.publications.snapshot(await place(workspace))).revision == "r1"


async def test_pruning_pauses_and_applying_again_resumes(workspace: Workspace) -> None:
    await applied(workspace, a_banner("a"), a_banner("b"))
    assert await applied(workspace, a_banner("a"), prune=True) == [("a", "unchanged"), ("b", "paused")]
    snapshot = await workspace.publications.snapshot(await place(workspace))
    assert {each.document.key: each.paused for each in snapshot.experiences} == {"a": False, "b": True}
    assert await applied(workspace, a_banner("b")) == [("b", "resumed")]


async def test_a_theme_that_changes_makes_new_versions_of_what_wears_it(workspace: Workspace) -> None:
    await applied(workspace, a_banner("a"))
    before = (await workspace.publications.snapshot(await place(workspace))).experiences[0]
    changes = await applied(workspace, Theme(key="default", name="Ours"))
    assert changes == [("default", "created"), ("a", "updated")]
    after = (await workspace.publications.snapshot(await place(workspace))).experiences[0]
    assert after.version != before.version
    assert after.theme.name == "Ours"


async def test_one_problem_keeps_everything_out(workspace: Workspace) -> None:
    with pytest.raises(NotPublishable):
        await applied(workspace, a_banner("a"), a_banner("b", theme="missing"))
    snapshot = await workspace.publications.snapshot(await place(workspace))
    assert (snapshot.revision, snapshot.experiences) == ("r0", ())


async def test_a_preview_is_kept_until_it_is_taken_back(workspace: Workspace) -> None:
    where = await place(workspace)
    asked = NewPreview(document=a_banner("a"), url="https://app.example/", persona=Persona(custom={"plan": "pro"}))
    async with workspace.works("p_one") as work:
        made = await create(work, "production", asked, NOW, lambda: "token")
    found = await workspace.publications.preview("token")
    assert found is not None
    assert (found.environment, found.published.version, found.persona) == (where, made.version, asked.persona)
    assert (found.published.document, found.published.paused) == (asked.document, False)
    assert found.expires_at == made.expires_at == NOW + 86_400_000
    assert await workspace.publications.preview("another") is None
    async with workspace.works("p_one") as work:
        assert await work.end_previews(where, "nothing") == 0
        assert await work.end_previews(where, "a") == 1
    assert await workspace.publications.preview("token") is None


async def test_a_stale_base_is_told_and_changes_nothing(workspace: Workspace) -> None:
    await applied(workspace, a_banner("a"), base=0)
    with pytest.raises(Conflict, match="since revision 0"):
        await applied(workspace, a_banner("b"), base=0)
    assert await applied(workspace, a_banner("b"), base=1) == [("b", "created")]


async def test_a_failure_inside_a_transaction_leaves_nothing(workspace: Workspace) -> None:
    async def stop_half_way() -> None:
        async with workspace.works("p_one") as work:
            await apply(work, "production", [Placed(a_banner("a"))], NOW)
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError):
        await stop_half_way()
    production = await place(workspace)
    async with workspace.works("p_one") as work:
        assert await work.live(production) == {}
        assert await work.revision(production) == 0


async def test_what_is_not_there_is_said(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        await workspace.publications.snapshot("e_nowhere")
    production = await place(workspace)
    async with workspace.works("p_one") as work:
        with pytest.raises(NotFound):
            await work.environment("nowhere")
        with pytest.raises(NotFound):
            await work.pause(production, "nothing", True)


# Several at once, and killed ones, which only a database can have.


async def test_of_two_applies_on_one_base_one_wins_and_the_other_is_told(address: str) -> None:
    async with opened(address) as one, opened(address) as other:
        first, second = in_database(one), in_database(other)
        await seed(first.projects, a_project(), NOW)
        results = await asyncio.gather(
            *(applied(each, a_banner(key), base=0) for each, key in ((first, "a"), (second, "b"))),
            return_exceptions=True,
        )
        assert sorted(type(each).__name__ for each in results) == ["Conflict", "list"]
        snapshot = await in_database(one).publications.snapshot(await place(first))
        assert (snapshot.revision, len(snapshot.experiences)) == ("r1", 1)


async def test_applies_without_a_base_follow_each_other(address: str) -> None:
    async with opened(address) as one, opened(address) as other:
        workspaces = [in_database(one), in_database(other)]
        await seed(workspaces[0].projects, a_project(), NOW)
        await asyncio.gather(*(applied(workspaces[turn % 2], a_banner("a", f"words {turn}")) for turn in range(8)))
        snapshot = await in_database(one).publications.snapshot(await place(workspaces[0]))
        assert (snapshot.revision, len(snapshot.experiences)) == ("r8", 1)


KILLED = """
import asyncio, os, signal, sys
from handrail.adapters.control.work import ControlWork
from tests.adapters import test_control as t

address, at = sys.argv[1], int(sys.argv[2])
calls = 0

async def counted(self, *words):
    global calls
    calls += 1
    if calls == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return await publish(self, *words)

publish = ControlWork.publish
ControlWork.publish = counted

async def main():
    async with t.opened(address) as database:
        workspace = t.in_database(database)
        await t.seed(workspace.projects, t.a_project(), t.NOW)
        if at:
            await t.applied(workspace, *(t.a_banner(f"b{number}") for number in range(5)))

asyncio.run(main())
"""


@pytest.mark.parametrize("at", [1, 3, 5, 6])
def test_an_apply_that_is_killed_leaves_all_or_nothing(address: str, at: int) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    for turn in (0, at):
        done = subprocess.run([sys.executable, "-c", KILLED, address, str(turn)], env=environment, cwd=ROOT)
    assert done.returncode == (-signal.SIGKILL if at <= 5 else 0)

    async def look() -> tuple[str, int]:
        async with opened(address) as database:
            workspace = in_database(database)
            snapshot = await workspace.publications.snapshot(await place(workspace))
            return snapshot.revision, len(snapshot.experiences)

    assert asyncio.run(look()) == (("r0", 0) if at <= 5 else ("r1", 5))


async def test_an_earlier_schema_is_brought_up_to_date_with_its_data(address: str) -> None:
    await first_control(address)
    async with opened(address) as upgraded:
        workspace = in_database(upgraded)
        snapshot = await workspace.publications.snapshot(await place(workspace))
        found = {each.document.key: each for each in snapshot.experiences}
        assert (snapshot.revision, sorted(found)) == ("r2", ["a", "b"])
        assert found["a"].document == a_banner("a", "Second")
        assert snapshot.segments == {"pro": PRO}
        assert await applied(workspace, a_banner("a", "Third")) == [("a", "updated")]
        access = ControlAccess(upgraded)
        actor = await access.actor("0" * 64, NOW)
        assert actor is not None
        assert actor.scopes == {"experiences:read", "users:read"}
        [owner] = await access.members("p_one", (-1, ""), 10)
        assert (owner.email, owner.role, owner.signs_in) == ("ann@example.com", "owner", False)


def test_migrations_stand_in_one_line() -> None:
    with create_engine("sqlite://").connect() as connection:
        script = ScriptDirectory.from_config(configuration(connection))
    heads = script.get_heads()
    assert len(heads) == 1, f"{heads} follow the same migration: let each name the one before it as its down_revision"
