"""The tables of `spec/tables` and the numbers and words in the code are the same."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.support.cases import SPEC

from handrail.compile import patterns
from handrail.core import actions, fold, pages, values
from handrail.core.conditions import operators
from handrail.core.conditions import problems as condition_problems
from handrail.core.environments import RateLimit
from handrail.core.experiences import model, problems, release, texts, tours
from handrail.core.retention import LEAST_DAYS
from handrail.http.public.sdk import MAX_CONTENTS
from handrail.ingest import accept
from handrail.segmentio import wire
from handrail.segmentio.destination import actions as destination
from handrail.segmentio.fql import tokens
from handrail.segmentio.mapping import budget
from handrail.segmentio.mapping import problems as mapping

SDK = Path(__file__).parents[2] / "web" / "packages" / "sdk" / "src"
WEB = SDK.parents[1]


def table(name: str) -> Any:
    return json.loads((SPEC / "tables" / f"{name}.json").read_text())


@pytest.mark.parametrize("path", sorted((SPEC / "tables").glob("*.json")), ids=lambda path: path.stem)
def test_a_table_says_what_it_is_about(path: Path) -> None:
    assert json.loads(path.read_text())["about"].endswith(".")


def test_kinds_are_the_table() -> None:
    rows = table("kinds")["kinds"]
    assert [row["kind"] for row in rows] == ["tour", "survey", "banner", "hint", "checklist", "resource_center", "post"]
    assert {row["kind"] for row in rows} == set(get_args(model.Kind))
    assert {row["kind"] for row in rows if row["runs"]} == release.KINDS
    assert {row["kind"] for row in rows if row["interrupts"]} == release.INTERRUPTING
    assert all(row["counts"] is row["interrupts"] for row in rows)
    assert {row["kind"] for row in rows if row["stays"]} == release.STAYING
    assert {row["kind"] for row in rows if row["returns"]} == release.RETURNING


def test_forms_and_ways_to_show_are_the_table() -> None:
    said = table("kinds")
    forms = get_args(inspect.get_annotations(tours.Step, eval_str=True)["form"])
    assert {row["form"] for row in said["forms"]} == set(forms) == release.POINTING | release.STANDING
    assert {row["form"] for row in said["forms"] if row["runs"]} == release.FORMS
    assert {row["form"] for row in said["forms"] if row["target"] == "required"} == release.POINTING
    tags = {str(each.__struct_config__.tag) for each in get_args(model.ShowOn)}
    assert {row["show_on"] for row in said["show_on"]} == tags
    assert {row["show_on"] for row in said["show_on"] if row["runs"]} == release.SHOW_ON


def test_the_actions_that_this_release_runs_are_the_table() -> None:
    assert {row["action"] for row in table("actions")["actions"] if row["runs"]} == release.ACTIONS


def test_the_ways_in_that_this_release_knows_fit_what_it_shows_on() -> None:
    runs = {row["entry"] for row in table("entry")["entries"] if row["runs"]}
    assert runs == (release.SHOW_ON - {"none"}) | {"launch_experience", "resume", "preview"}


LIMITS: dict[str, float] = {
    "attribute_length": values.MAX_CHARACTERS,
    "attributes_per_event": accept.MAX_TRAITS,
    "user_id_length": values.MAX_USER_ID,
    "message_id_length": accept.MAX_MESSAGE_ID,
    "event_name_length": accept.MAX_NAME,
    "event_bytes": wire.MAX_EVENT,
    "batch_bytes": wire.MAX_BODY,
    "batch_events": wire.MAX_EVENTS,
    "nesting": wire.MAX_DEPTH,
    "trigger_bytes": tokens.MAX_LENGTH,
    "mappings": destination.MOST_MAPPINGS,
    "mapping_depth": mapping.MAX_DEPTH,
    "mapping_values": mapping.MAX_NODES,
    "mapping_text": mapping.MAX_TEXT,
    "mapping_replace": mapping.MAX_PATTERN,
    "mapping_makes": budget.BUDGET,
    "liquid_length": mapping.MAX_LIQUID,
    "dedupe_days": LEAST_DAYS,
    "pattern_length": patterns.MAX_PATTERN,
    "pattern_repeat": patterns.MAX_REPEAT,
    "pattern_program": patterns.MAX_PROGRAM,
    "pattern_input": patterns.MAX_INPUT,
    "condition_depth": condition_problems.MAX_DEPTH,
    "condition_nodes": condition_problems.MAX_NODES,
    "window_days": operators.MAX_DAYS,
    "steps": problems.MAX_STEPS,
    "tasks": problems.MAX_TASKS,
    "tasks_kept": fold.TASKS_KEPT,
    "cards": problems.MAX_CARDS,
    "feed": problems.MAX_FEED,
    "marks": problems.MAX_MARKS,
    "contents": MAX_CONTENTS,
    "text_length": texts.MAX_TEXT,
    "snooze_hours_default": actions.Snooze().hours,
    "snooze_times_default": actions.Snooze().up_to,
    "snooze_times_most": problems.MAX_SNOOZES,
    "snoozes_kept": fold.SNOOZES_KEPT,
    "answers_kept": fold.ANSWERS_KEPT,
    "answer_length": fold.MAX_ANSWER,
    "options": problems.MAX_OPTIONS,
    "actions_advised": actions.ADVISED,
    "rate_limit_count_default": RateLimit().count,
    "rate_limit_every_default": RateLimit().every,
}
"""Numbers that the server holds. Those of the browser are looked for in its sources."""

IN_THE_BROWSER: dict[str, tuple[str, str]] = {
    "outbox_age_days": ("sdk/src/outbox.ts", r"SIX_DAYS = (\d+) \* 86_400_000"),
    "comment_length": ("renderers/src/post.ts", r"maxLength = (\d+)"),
    "launch_chain": ("sdk/src/runtime.ts", r"MOST_CHAINED = (\d+)"),
    "moves_per_minute": ("engine/src/run.ts", r"MOST_MOVES = (\d+)"),
    "boot_gap_seconds": ("sdk/src/sdk.ts", r"BOOT_GAP = (\d)000\b"),
    "faults": ("sdk/src/scene.ts", r"\+\+faults >= (\d+)"),
    "pattern_input": ("engine/src/characters.ts", r"MAX_INPUT = (\d+)"),
    "user_id_length": ("engine/src/identity.ts", r"MAX_USER_ID = (\d+)"),
    "snoozes_kept": ("engine/src/ledger.ts", r"SNOOZES_KEPT = (\d+)"),
}


def test_limits_are_the_table() -> None:
    said = {row["limit"]: row["value"] for row in table("limits")["limits"]}
    assert {name: said[name] for name in LIMITS} == LIMITS
    priorities = get_args(inspect.get_annotations(model.Envelope, eval_str=True)["priority"])
    assert (min(priorities), max(priorities)) == (said["priority_least"], said["priority_most"])
    assert said["priority_default"] == 3
    assert RateLimit().unit == "hour"
    assert pages.MAX_INPUT == patterns.MAX_INPUT
    elsewhere = {"priority_least", "priority_most", "priority_default", "frequency_days_least", "snooze_hours_least",
                 "seen_seconds"}  # fmt: skip
    assert set(said) == set(LIMITS) | set(IN_THE_BROWSER) | elsewhere


@pytest.mark.parametrize("name", IN_THE_BROWSER)
def test_the_browser_holds_the_same_limit(name: str) -> None:
    said = {row["limit"]: row["value"] for row in table("limits")["limits"]}
    file, pattern = IN_THE_BROWSER[name]
    found = re.search(pattern, (WEB / file).read_text())
    assert found is not None, f"{file} no longer says {pattern!r}"
    assert int(found[1]) == said[name]


def test_every_lifecycle_event_that_is_said_is_in_the_table() -> None:
    sources = "".join(path.read_text() for path in SDK.rglob("*.ts"))
    said = set(re.findall(r"(?:tell|lifecycle)\(\s*'(\w+)'", sources))
    ends = {f"experience_{reason}" for reason in ("completed", "dismissed")}
    known = {row["event"] for row in table("events")["events"]}
    assert said | ends <= known
    assert len(said) >= 8


def test_the_fold_knows_the_events_that_the_table_says_it_folds() -> None:
    folds = {row["event"] for row in table("events")["events"] if row["folds"] != "nothing"}
    assert folds == set(re.findall(r'"((?:experience|question|task|step|post|feed)_\w+)"', inspect.getsource(fold)))


def test_every_property_of_an_event_is_explained() -> None:
    said = table("events")
    named = {name for row in said["events"] for name in (*row["properties"], *row["optional"])}
    assert named == set(said["properties"])
