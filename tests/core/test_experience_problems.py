"""Problems of experiences: one small document for each code, with the path and the severity it is told with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.support.documents import a_document

import handrail.core.experiences as experiences
from handrail.compile.patterns import why_not
from handrail.core.actions import ORDER
from handrail.core.actions import __file__ as actions_file
from handrail.core.conditions.model import Condition, parse_condition
from handrail.core.experiences import release
from handrail.core.experiences.codec import decode_experience
from handrail.core.experiences.model import Kind, ShowOn
from handrail.core.experiences.problems import (
    MAX_CARDS,
    MAX_FEED,
    MAX_MARKS,
    MAX_OPTIONS,
    MAX_STEPS,
    MAX_TASKS,
    Surroundings,
    find_problems,
)
from handrail.core.experiences.texts import MAX_TEXT
from handrail.core.problems import Problem

SEGMENTS: Mapping[str, Condition] = {"admins": parse_condition({"attribute": "custom.role", "operator": "is_set"})}
AROUND = Surroundings(
    experiences=frozenset({"tips"}), segments=SEGMENTS, themes=frozenset({"night"}), check_pattern=why_not
)
DONE = {"type": "go_to_step", "step": "complete"}
NEXT = {"type": "go_to_step"}


def a_button(*actions: object, **members: object) -> dict[str, object]:
    return {"type": "button", "label": "Go on", "actions": list(actions)} | members


def a_step(key: str = "only", *blocks: object, **members: object) -> dict[str, object]:
    return {"key": key, "form": "modal", "blocks": list(blocks) or [a_button(DONE)]} | members


def a_tour(*steps: object, **members: object) -> dict[str, object]:
    return {"kind": "tour", "key": "hello", "name": "Hello", "content": {"steps": list(steps) or [a_step()]}} | members


def a_banner(*blocks: object, **members: object) -> dict[str, object]:
    content = {"blocks": list(blocks) or [a_button({"type": "dismiss"})]} | members
    return {"kind": "banner", "key": "hello", "name": "Hello", "content": content}


def a_mark(key: str = "only", **members: object) -> dict[str, object]:
    return {"key": key, "target": TARGET, "label": "About", "blocks": [{"type": "paragraph", "text": "x"}]} | members


def a_hint(*marks: object, **members: object) -> dict[str, object]:
    content = {"hints": list(marks)}
    return {"kind": "hint", "key": "hello", "name": "Hello", "content": content} | members


def a_post(**content: object) -> dict[str, Any]:
    said = {"title": "News", "blocks": [{"type": "paragraph", "text": "x"}]} | content
    return {"kind": "post", "key": "hello", "name": "Hello", "content": said}


def a_question(kind: str = "nps", key: str = "score", **members: object) -> dict[str, object]:
    return {"type": kind, "key": key, "title": "How was it?"} | members


def a_survey(*steps: object, **members: object) -> dict[str, object]:
    content = {"steps": list(steps) or [a_question()]}
    return {"kind": "survey", "key": "hello", "name": "Hello", "content": content} | members


THANKS = {"type": "thank_you", "key": "thanks", "blocks": [{"type": "paragraph", "text": "Thank you."}]}
OPTIONS = [{"key": "price", "label": "Price"}, {"key": "speed", "label": "Speed"}]


def a_choice(kind: str = "single_choice", **members: object) -> dict[str, object]:
    return a_question(kind, "why") | {"options": OPTIONS} | members


def asking(question: dict[str, object], *tests: object, then: object = (NEXT,), **members: object) -> dict[str, object]:
    """A survey whose first question has one condition."""
    condition = {"when": list(tests), "then": then}
    return a_survey(question | {"conditions": [condition]} | members, THANKS)


def booking(*actions: object, link: str = "https://calendly.com/ada/intro", **members: object) -> dict[str, object]:
    step = {"type": "book_interview", "key": "book", "provider": "calendly", "link": link,
            "blocks": [a_button(*(actions or ({"type": "book_interview"}, NEXT)))]}  # fmt: skip
    return a_survey(step | members, THANKS)


def with_actions(*actions: object) -> dict[str, object]:
    return a_tour(a_step("first", a_button(*actions)), a_step("last"))


def later(*actions: object) -> dict[str, object]:
    return a_tour(a_step("first", a_button(NEXT)), a_step("last", a_button(*actions)))


def with_block(**block: object) -> dict[str, object]:
    return a_tour(a_step("only", block, a_button(DONE)))


def text(words: object) -> dict[str, object]:
    return with_block(type="paragraph", text=words)


def to(url: str) -> dict[str, object]:
    return with_actions({"type": "navigate_to", "url": url}, NEXT)


def where(**rule: object) -> dict[str, object]:
    return a_tour(where={"include": [rule]})


def triggered(when: object, *then: object, **members: object) -> dict[str, object]:
    return a_tour(a_step("only", triggers=[{"when": when, "then": list(then) or [DONE]}], **members))


def waiting_for(attribute: str, operator: str, value: object) -> dict[str, object]:
    return {"on": "attribute", "attribute": attribute, "operator": operator, "value": value}


def pointing(target: object) -> dict[str, object]:
    return a_tour(a_step(form="tooltip", target=target))


def fingerprinted(**members: object) -> dict[str, object]:
    return pointing({"fingerprint": {"tag": "button"} | members})


def a_task(key: str = "look", **members: object) -> dict[str, object]:
    return {"key": key, "title": "Look", "action": {"type": "navigate_to", "url": "/"}} | members


def a_checklist(*tasks: object, **members: object) -> dict[str, object]:
    content = {"title": "First steps", "tasks": list(tasks) or [a_task()]} | members
    return {"kind": "checklist", "key": "hello", "name": "Hello", "content": content}


def done_when(condition: object) -> dict[str, object]:
    return a_checklist(a_task(done_when=condition))


def launched(**members: object) -> dict[str, object]:
    return a_checklist(launcher=members)


def a_card(key: str = "docs", **members: object) -> dict[str, object]:
    return {"type": "card", "key": key, "title": "Docs", "actions": [{"type": "navigate_to", "url": "/"}]} | members


def a_center(*cards: object, **members: object) -> dict[str, object]:
    content = {"title": "Help", "cards": list(cards) or [a_card()]} | members
    return {"kind": "resource_center", "key": "hello", "name": "Hello", "content": content}


def links(**link: object) -> dict[str, object]:
    return a_center({"type": "links", "links": [{"label": "Docs", "url": "/docs"} | link]})


STEP = "content.steps[0]"
TASK = "content.tasks[0]"
CARD = "content.cards[0]"
COMPLETION = "content.completion.blocks"
MARK = "content.hints[0]"
PRINT = f"{STEP}.target.fingerprint"
BUTTON = f"{STEP}.blocks[0]"
FIRST = f"{BUTTON}.actions[0]"
SECOND = f"{BUTTON}.actions[1]"
PARAGRAPH = f"{BUTTON}.text"
TRIGGER = f"{STEP}.triggers[0]"
TARGET = {"id": "menu"}
LOOP = a_tour(
    a_step("a", a_button({"type": "go_to_step", "step": "b"})),
    a_step("b", a_button({"type": "go_to_step", "step": "a"})),
)

PROBLEMS: list[tuple[str, str, dict[str, Any]]] = [
    # the envelope
    *(("unsupported_kind", "kind", a_document(kind)) for kind in get_args(Kind) if kind not in release.KINDS),
    ("key", "key", a_tour(key="../hello")),
    ("key", "key", a_tour(key="")),
    ("no_name", "name", a_tour(name=" ")),
    ("unknown_segment", "audience.all[0].segment", a_tour(audience={"all": [{"segment": "nobody"}]})),
    ("attribute_source", "audience.attribute", a_tour(audience={"attribute": "plan", "operator": "is_set"})),
    ("pattern", "where.include[0].value", where(part="path", operator="matches", value="(")),
    ("query_name", "where.include[0].name", where(part="query", operator="equals", value="x")),
    ("query_name", "where.include[0].name", where(part="path", operator="equals", value="/x", name="tab")),
    ("glob", "where.include[0].value", where(part="path", operator="glob", value="")),
    ("glob_sign", "where.include[0].value", where(part="path", operator="glob", value="/{a,b}")),
    ("host", "where.include[0].value", where(part="host", operator="equals", value="bücher.example")),
    ("host", "where.include[0].value", where(part="host", operator="equals", value="app.example:8443")),
    ("host", "where.include[0].value", where(part="host", operator="equals", value="app.example/x")),
    ("empty_name", "show_on.event", a_tour(show_on={"on": "event", "event": ""})),
    ("seconds", "show_on.delay_seconds", a_tour(show_on={"on": "page_opening", "delay_seconds": -1})),
    ("date", "when.start", a_tour(when={"start": "tomorrow"})),
    ("date", "when.end", a_tour(when={"end": "2026-02-30T09:00"})),
    ("date", "when.start", a_tour(when={"start": "2026-12-01T09:00+01:00"})),
    ("end_before_start", "when.end", a_tour(when={"start": "2026-12-02T09:00", "end": "2026-12-01T09:00"})),
    ("end_before_start", "when.end", a_tour(when={"start": "2026-12-01T09:00", "end": "2026-12-01T09:00"})),
    ("zone", "when.zone", a_tour(when={"zone": "Mars/Olympus"})),
    ("zone", "when.zone", a_tour(when={"zone": ""})),
    ("days", "frequency.days", a_tour(frequency={"every": "days", "days": 0})),
    ("strict", "frequency.strict", a_post() | {"frequency": {"every": "once", "strict": True}}),
    ("strict", "frequency.strict", a_post() | {"frequency": {"every": "days", "days": 7, "strict": True}}),
    ("unknown_theme", "theme", a_tour(theme="day")),
    ("locale", "default_locale", a_tour(default_locale="English please")),
    # steps
    ("no_steps", "content.steps", {"kind": "tour", "key": "hello", "name": "Hello", "content": {"steps": []}}),
    ("too_many_steps", "content.steps", a_tour(*(a_step(f"s{n}", a_button(NEXT)) for n in range(MAX_STEPS + 1)))),
    ("key", f"{STEP}.key", a_tour(a_step("a b"))),
    ("duplicate_step", "content.steps[1].key", a_tour(a_step("a", a_button(NEXT)), a_step("a"))),
    ("reserved_step", f"{STEP}.key", a_tour(a_step("next"))),
    ("missing_target", f"{STEP}.target", a_tour(a_step(form="tooltip"))),
    ("missing_target", f"{STEP}.target", a_tour(a_step(form="badge"))),
    ("target_signals", f"{STEP}.target", a_tour(a_step(form="tooltip", target={"nth": 1}))),
    ("target_nth", f"{STEP}.target.nth", a_tour(a_step(form="tooltip", target={"id": "a", "nth": -1}))),
    ("unused_target", f"{STEP}.target", a_tour(a_step(target=TARGET))),
    ("target_role", f"{STEP}.target.role", pointing({"role": "Save button"})),
    ("unused_strictness", f"{STEP}.target.strictness", pointing({"id": "a", "strictness": "loose"})),
    ("fingerprint_tag", f"{PRINT}.tag", fingerprinted(tag="Button!")),
    ("fingerprint_index", f"{PRINT}.index", fingerprinted(index=-1)),
    ("long_signal", f"{PRINT}.href", fingerprinted(href="/" * 201)),
    ("long_signal", f"{PRINT}.chain[1]", fingerprinted(chain=["main", "x" * 201])),
    ("long_signal", f"{PRINT}.words.fr.row", fingerprinted(words={"en": {}, "fr": {"row": "x" * 201}})),
    ("many_signals", f"{PRINT}.classes", fingerprinted(classes=[f"c{n}" for n in range(21)])),
    ("many_signals", f"{PRINT}.chain", fingerprinted(chain=["div"] * 31)),
    ("locale", f"{PRINT}.words.e", fingerprinted(words={"e": {"text": "Go"}})),
    ("unknown_signal", f"{PRINT}.shares.colour", fingerprinted(shares={"colour": 0.5})),
    ("unknown_signal", f"{PRINT}.rival.colour", fingerprinted(rival={"colour": -1})),
    ("share", f"{PRINT}.shares.text", fingerprinted(shares={"text": 0})),
    ("share", f"{PRINT}.shares.id", fingerprinted(shares={"id": 1.5})),
    ("seconds", f"{STEP}.missing.wait_seconds", a_tour(a_step(missing={"wait_seconds": -1}))),
    ("unknown_step", f"{STEP}.missing.step", a_tour(a_step(missing={"then": "go_to_step", "step": "x"}))),
    ("unknown_step", f"{STEP}.missing.step", a_tour(a_step(missing={"then": "go_to_step"}))),
    ("empty_step", f"{STEP}.blocks", a_tour({"key": "only", "form": "modal"})),
    ("unreachable_step", "content.steps[1]", a_tour(a_step("a"), a_step("b"))),
    ("unreachable_step", "content.steps[1]", a_tour(a_step("a", {"type": "divider"}), a_step("b"))),
    ("no_exit", STEP, LOOP),
    ("no_exit", "content.steps[1]", LOOP),
    ("no_exit", STEP, a_tour(a_step("a", a_button({"type": "go_to_step", "step": "a"})))),
    ("no_exit", STEP, a_tour(a_step("a", {"type": "divider"}, cross={"show": False}))),
    # triggers
    ("empty_trigger", f"{TRIGGER}.when", triggered([])),
    ("no_action", f"{TRIGGER}.then", a_tour(a_step(triggers=[{"when": [{"on": "delay", "seconds": 1}], "then": []}]))),
    ("empty_name", f"{TRIGGER}.when[0].event", triggered([{"on": "event", "event": " "}])),
    ("seconds", f"{TRIGGER}.when[0].seconds", triggered([{"on": "delay", "seconds": 1e9}])),
    ("missing_target", f"{TRIGGER}.when[0].target", triggered([{"on": "element_clicked"}])),
    ("missing_target", f"{TRIGGER}.when[0].target", triggered([{"on": "element_hovered"}])),
    ("target_signals", f"{TRIGGER}.when[0].target", triggered([{"on": "element_hovered", "target": {}}])),
    ("percent", f"{TRIGGER}.when[0].percent", triggered([{"on": "scroll_depth", "percent": 0}])),
    ("percent", f"{TRIGGER}.when[0].percent", triggered([{"on": "scroll_depth", "percent": 101}])),
    ("target_signals", f"{TRIGGER}.when[0].target", triggered([{"on": "scroll_depth", "percent": 5, "target": {}}])),
    ("attribute_source", f"{TRIGGER}.when[0].attribute", triggered([waiting_for("plan", "is", "pro")])),
    ("unknown_operator", f"{TRIGGER}.when[0].operator", triggered([waiting_for("custom.plan", "equals", "pro")])),
    ("operator_value", f"{TRIGGER}.when[0].value", triggered([waiting_for("custom.seats", ">", "15")])),
    ("pattern", f"{TRIGGER}.when[0].value", triggered([waiting_for("custom.plan", "matches", "[a")])),
    ("unknown_survey", f"{TRIGGER}.when[0].survey", triggered([{"on": "survey_answered", "survey": "gone"}])),
    ("answer", f"{TRIGGER}.when[0].value", triggered([{"on": "survey_answered", "survey": "tips", "value": 9}])),
    ("answer_operator", f"{TRIGGER}.when[0].operator", triggered([
        {"on": "survey_answered", "survey": "tips", "question": "score", "operator": "is_not", "value": "price"}])),
    (
        "target_signals",
        f"{TRIGGER}.when[0].target",
        triggered([{"on": "element_state", "target": {"near": "Menu"}, "fact": "visible"}]),
    ),
    (
        "pattern",
        f"{TRIGGER}.when[0].rule.value",
        triggered([{"on": "url", "rule": {"part": "path", "operator": "matches", "value": "[a"}}]),
    ),
    ("previous_outside_cta", f"{TRIGGER}.then[0].step", triggered([], {"type": "go_to_step", "step": "previous"})),
    # actions
    ("no_action", f"{BUTTON}.actions", a_tour(a_step("only", a_button(), a_button(DONE)))),
    ("needs_agreement", FIRST, with_actions({"type": "run_js", "code": "x"}, NEXT)),
    ("not_allowed_here", FIRST, with_actions({"type": "book_interview"}, NEXT)),
    ("not_allowed_here", f"{STEP}.cross.action", a_tour(a_step(cross={"action": DONE}))),
    ("first_step_only", "content.steps[1].blocks[0].actions[0]", later({"type": "snooze"})),
    ("first_step_only", "content.steps[1].cross.action",
     a_tour(a_step("a", a_button(NEXT)), a_step("b", cross={"action": {"type": "snooze"}}))),
    ("twice", SECOND, with_actions(NEXT, DONE)),
    ("forbidden_pair", SECOND, with_actions(NEXT, {"type": "dismiss"})),
    ("many_actions", f"{BUTTON}.actions[3]", with_actions(
        {"type": "snooze"}, {"type": "run_js", "code": "x"}, {"type": "navigate_to", "url": "/"}, NEXT)),
    ("navigate_beside_launch", SECOND, with_actions(
        {"type": "launch_experience", "experience": "tips"}, {"type": "navigate_to", "url": "/"}, NEXT)),
    ("two_views", SECOND, with_actions(
        {"type": "navigate_to", "url": "/"}, {"type": "open_post", "post": "news"}, NEXT)),
    ("unknown_step", f"{FIRST}.step", with_actions({"type": "go_to_step", "step": "nowhere"})),
    ("no_other_step", "content.blocks[0].actions[0].step", a_banner(a_button(NEXT))),
    ("no_other_step", "content.blocks[0].actions[0].step", a_banner(a_button({"type": "go_to_step", "step": "x"}))),
    ("self_launch", f"{FIRST}.experience", with_actions({"type": "launch_experience", "experience": "hello"}, NEXT)),
    ("unknown_experience", f"{FIRST}.experience", with_actions(
        {"type": "launch_experience", "experience": "gone"}, NEXT)),
    ("unknown_post", f"{FIRST}.post", with_actions({"type": "open_post", "post": "gone"}, NEXT)),
    ("snooze_hours", f"{FIRST}.hours", with_actions({"type": "snooze", "hours": 0}, NEXT)),
    ("snooze_times", f"{FIRST}.up_to", with_actions({"type": "snooze", "up_to": 6}, NEXT)),
    ("snooze_times", f"{FIRST}.up_to", with_actions({"type": "snooze", "up_to": 0}, NEXT)),
    # addresses
    ("unsafe_url", f"{FIRST}.url", to("javascript:alert(1)")),
    ("unsafe_url", f"{FIRST}.url", to("JaVaScRiPt:alert(1)")),
    ("unsafe_url", f"{FIRST}.url", to("data:text/html,x")),
    ("unsafe_url", f"{FIRST}.url", to("//evil.test/x")),
    ("unsafe_url", f"{FIRST}.url", to("/\\evil.test")),
    ("unsafe_url", f"{FIRST}.url", to("https://{{custom.tenant}}.app.example/")),
    ("unsafe_url", f"{FIRST}.url", to("{{custom.url}}")),
    ("unsafe_url", f"{FIRST}.url", to("")),
    ("chip", f"{FIRST}.url", to("/users/{plan")),
    ("attribute_source", f"{FIRST}.url", to("/users/{{user.id}}")),
    ("attribute_source", f"{FIRST}.url", to("/users/{user.id}")),
    ("attribute_source", f"{FIRST}.url", to("/users/{{id}}")),
    ("unsafe_url", f"{BUTTON}.src", with_block(type="image", src="javascript:x", alt="")),
    ("unsafe_url", f"{BUTTON}.src", with_block(type="image", src="mailto:a@b.test", alt="")),
    ("unsafe_url", f"{BUTTON}.poster", with_block(
        type="video", src="/a.mp4", title="A", poster="data:image/png,x")),
    ("unsafe_url", f"{PARAGRAPH}[0].link", text([{"text": "here", "link": "vbscript:x"}])),
    # texts
    ("empty_text", f"{BUTTON}.label", a_tour(a_step("only", a_button(DONE, label=" ")))),
    ("empty_text", f"{BUTTON}.label.fr", a_tour(a_step("only", a_button(DONE, label={"en": "Go", "fr": ""})))),
    ("empty_text", f"{BUTTON}.title", with_block(type="video", src="/a.mp4", title="")),
    ("no_text", PARAGRAPH, text({})),
    ("locale", f"{PARAGRAPH}.e", text({"en": "Hello", "e": "x"})),
    ("locale", f"{PARAGRAPH}.en_GB", text({"en": "Hello", "en_GB": "x"})),
    ("no_default_text", PARAGRAPH, text({"fr": "Salut"})),
    ("long_text", PARAGRAPH, text("x" * (MAX_TEXT + 1))),
    ("long_text", f"{BUTTON}.columns[1][0].text", with_block(type="columns", columns=[
        [{"type": "divider"}], [{"type": "heading", "text": "x" * (MAX_TEXT + 1)}]])),
    ("long_text", f"{BUTTON}.lines[1]", with_block(type="list", lines=["a", "x" * (MAX_TEXT + 1)])),
    ("attribute_source", PARAGRAPH, text("Hello {{user.name}}")),
    ("attribute_source", PARAGRAPH, text("Hello {{name|there}}")),
    ("attribute_source", f"{PARAGRAPH}.fr", text({"en": "Hello", "fr": "Salut {{nom}}"})),
    ("chip", PARAGRAPH, text("Hello {{native.name")),
    # checklists
    ("empty_text", "content.title", a_checklist(title=" ")),
    ("long_text", "content.text", a_checklist(text="x" * (MAX_TEXT + 1))),
    ("no_tasks", "content.tasks",
     {"kind": "checklist", "key": "hello", "name": "Hello", "content": {"title": "A", "tasks": []}}),
    ("too_many_tasks", "content.tasks", a_checklist(*(a_task(f"t{n}") for n in range(MAX_TASKS + 1)))),
    ("unused_order", "content.order", a_checklist(order="in_order")),
    ("duplicate_task", "content.tasks[1].key", a_checklist(a_task(), a_task())),
    ("key", f"{TASK}.key", a_checklist(a_task("a b"))),
    ("empty_text", f"{TASK}.title.fr", a_checklist(a_task(title={"en": "Look", "fr": " "}))),
    ("attribute_source", f"{TASK}.text", a_checklist(a_task(text="Hello {{name}}"))),
    ("endless_task", TASK, a_checklist({"key": "look", "title": "Look"})),
    ("task_without_action", TASK, a_checklist({"key": "look", "title": "Look", "skippable": True})),
    ("task_without_action", TASK, a_checklist(a_task(action=None, done_when={"event": "Looked"}))),
    ("not_allowed_here", f"{TASK}.action", a_checklist(a_task(action={"type": "dismiss"}))),
    ("unknown_experience", f"{TASK}.action.experience",
     a_checklist(a_task(action={"type": "launch_experience", "experience": "gone"}))),
    ("unsafe_url", f"{TASK}.action.url", a_checklist(a_task(action={"type": "navigate_to", "url": "javascript:x"}))),
    ("empty_text", f"{TASK}.primary.label", a_checklist(a_task(primary=a_button({"type": "dismiss"}, label="")))),
    ("no_action", f"{TASK}.secondary.actions", a_checklist(a_task(secondary=a_button()))),
    ("not_allowed_here", f"{TASK}.primary.actions[0]", a_checklist(a_task(primary=a_button({"type": "snooze"})))),
    ("attribute_source", f"{TASK}.done_when.attribute", done_when({"attribute": "plan", "operator": "is_set"})),
    ("unknown_segment", f"{TASK}.done_when.any[0].segment", done_when({"any": [{"segment": "nobody"}]})),
    ("pattern", f"{TASK}.done_when.value", done_when({"page": "path", "operator": "matches", "value": "("})),
    ("unknown_experience", f"{TASK}.done_when.experience", done_when({"experience": "gone", "fact": "completed"})),
    ("unknown_experience", f"{TASK}.done_when.all[1].not.experience",
     done_when({"all": [{"experience": "tips", "fact": "seen"}, {"not": {"experience": "gone", "fact": "seen"}}]})),
    ("own_completion", f"{TASK}.done_when.experience", done_when({"experience": "hello", "fact": "completed"})),
    ("empty_completion", COMPLETION, a_checklist(completion={"blocks": []})),
    ("many_buttons", COMPLETION,
     a_checklist(completion={"blocks": [a_button({"type": "dismiss"}), a_button({"type": "dismiss"})]})),
    ("empty_text", f"{COMPLETION}[0].label",
     a_checklist(completion={"blocks": [a_button({"type": "dismiss"}, label="")]})),
    # launchers
    ("empty_launcher", "content.launcher", launched(icon="none")),
    ("locale", "content.launcher.label.e", launched(label={"en": "Go", "e": "x"})),
    ("target_signals", "content.launcher.target", launched(target={"nth": 1})),
    ("unused_target", "content.launcher.target", launched(target=TARGET, show=False)),
    ("unused_draggable", "content.launcher.draggable", launched(target=TARGET, draggable=True)),
    ("target_signals", "content.launcher.target", a_center(launcher={"target": {"near": "Menu"}})),
    # resource centers
    ("empty_text", "content.title", a_center(title="")),
    ("long_text", "content.text", a_center(text="x" * (MAX_TEXT + 1))),
    ("no_cards", "content.cards",
     {"kind": "resource_center", "key": "hello", "name": "Hello", "content": {"title": "A", "cards": []}}),
    ("too_many_cards", "content.cards", a_center(*(a_card(f"c{n}") for n in range(MAX_CARDS + 1)))),
    ("duplicate_card", "content.cards[1].key", a_center(a_card(), a_card())),
    ("key", f"{CARD}.key", a_center(a_card("a b"))),
    ("empty_text", f"{CARD}.title", a_center(a_card(title=" "))),
    ("no_action", f"{CARD}.actions", a_center(a_card(actions=[]))),
    ("needs_agreement", f"{CARD}.actions[0]", a_center(a_card(actions=[{"type": "run_js", "code": "x"}]))),
    ("not_allowed_here", f"{CARD}.actions[0]", a_center(a_card(actions=[{"type": "dismiss"}]))),
    ("two_searches", "content.cards[1]", a_center({"type": "search"}, {"type": "search"})),
    ("no_text", f"{CARD}.placeholder", a_center({"type": "search", "placeholder": {}})),
    ("feed_most", f"{CARD}.most", a_center({"type": "feed", "most": 0})),
    ("feed_most", f"{CARD}.most", a_center({"type": "feed", "most": MAX_FEED + 1})),
    ("attribute_source", f"{CARD}.message", a_center({"type": "agent", "message": "I am {{name}}"})),
    ("no_links", f"{CARD}.links", a_center({"type": "links", "links": []})),
    ("empty_text", f"{CARD}.links[0].label", links(label="")),
    ("unsafe_url", f"{CARD}.links[0].url", links(url="javascript:x")),
    ("empty_text", f"{CARD}.text", a_center({"type": "heading", "text": ""})),
]  # fmt: skip

TEST = f"{STEP}.conditions[0].when[0]"
PROBLEMS += [
    # surveys
    ("no_steps", "content.steps", {"kind": "survey", "key": "hello", "name": "Hello", "content": {"steps": []}}),
    ("too_many_steps", "content.steps", a_survey(*(a_question(key=f"q{n}") for n in range(MAX_STEPS + 1)))),
    ("duplicate_step", "content.steps[1].key", a_survey(a_question(), a_question())),
    ("reserved_step", f"{STEP}.key", a_survey(a_question(key="complete"))),
    ("empty_text", f"{STEP}.title", a_survey(a_question(title=" "))),
    ("empty_text", f"{STEP}.submit", a_survey(a_question(submit=""))),
    ("attribute_source", f"{STEP}.text", a_survey(a_question(text="Dear {{name}}"))),
    ("attribute_source", f"{STEP}.low", a_survey(a_question(low="{{name}}"))),
    ("attribute_source", f"{STEP}.high", a_survey(a_question("slider", high="{{name}}"))),
    ("attribute_source", f"{STEP}.placeholder", a_survey(a_question("open_text", placeholder="{{name}}"))),
    ("attribute_source", f"{STEP}.options[1].label", a_survey(
        a_choice(options=[OPTIONS[0], {"key": "x", "label": "{{name}}"}]))),
    ("empty_step", f"{STEP}.blocks", a_survey({"type": "text_block", "key": "words"}, THANKS)),
    ("empty_step", "content.steps[1].blocks", a_survey(a_question(), {"type": "thank_you", "key": "thanks"})),
    ("not_allowed_here", f"{STEP}.cross.action", a_survey(a_question(cross={"action": DONE}))),
    ("first_step_only", "content.steps[1].cross.action",
     a_survey(a_question(), a_question(key="b", cross={"action": {"type": "snooze"}}))),
    ("answer_limit", f"{STEP}.limit", a_survey(a_question("open_text", limit=0))),
    ("answer_limit", f"{STEP}.limit", a_survey(a_question("open_text", limit=4001))),
    ("scale_bounds", f"{STEP}.most", a_survey(a_question("opinion_scale", least=5, most=5))),
    ("scale_bounds", f"{STEP}.most", a_survey(a_question("opinion_scale", least=0, most=11))),
    ("scale_bounds", f"{STEP}.most", a_survey(a_question("rating", most=1))),
    ("scale_bounds", f"{STEP}.most", a_survey(a_question("slider", least=3, most=3))),
    ("scale_bounds", f"{STEP}.step", a_survey(a_question("slider", step=0))),
    ("scale_bounds", f"{STEP}.step", a_survey(a_question("slider", step=101))),
    ("no_options", f"{STEP}.options", a_survey(a_choice(options=[]))),
    ("many_options", f"{STEP}.options", a_survey(
        a_choice(options=[{"key": f"o{n}", "label": "x"} for n in range(MAX_OPTIONS + 1)]))),
    ("key", f"{STEP}.options[0].key", a_survey(a_choice(options=[{"key": "a b", "label": "x"}]))),
    ("empty_text", f"{STEP}.options[0].label", a_survey(a_choice(options=[{"key": "a", "label": ""}]))),
    ("duplicate_option", f"{STEP}.options[1].key", a_survey(a_choice(options=[OPTIONS[0], OPTIONS[0]]))),
    ("reserved_option", f"{STEP}.options[0].key", a_survey(
        a_choice(options=[{"key": "other", "label": "x"}], other=True))),
    ("choice_bounds", f"{STEP}.least", a_survey(a_choice("multiple_choice", least=3))),
    ("choice_bounds", f"{STEP}.most", a_survey(a_choice("multiple_choice", most=3))),
    ("choice_bounds", f"{STEP}.most", a_survey(a_choice("multiple_choice", least=2, most=1))),
    # hints
    ("no_marks", "content.hints", a_hint()),
    ("too_many_marks", "content.hints", a_hint(*(a_mark(f"m{n}") for n in range(MAX_MARKS + 1)))),
    ("key", f"{MARK}.key", a_hint(a_mark("a b"))),
    ("duplicate_mark", "content.hints[1].key", a_hint(a_mark(), a_mark())),
    ("target_signals", f"{MARK}.target", a_hint(a_mark(target={}))),
    ("empty_text", f"{MARK}.label", a_hint(a_mark(mark="label", label=""))),
    ("no_action", MARK, a_hint(a_mark(blocks=[]))),
    ("unused_actions", f"{MARK}.actions", a_hint(a_mark(actions=[{"type": "dismiss"}]))),
    ("unnamed_mark", f"{MARK}.label", a_hint(a_mark(label=""))),
    ("not_allowed_here", f"{MARK}.actions[0]", a_hint(a_mark(blocks=[], actions=[{"type": "snooze"}]))),
    ("no_action", f"{MARK}.blocks[0].actions", a_hint(a_mark(blocks=[a_button()]))),
    # posts
    ("post_shows_itself", "show_on.on", a_post() | {"show_on": {"on": "event", "event": "Opened"}}),
    ("post_shows_itself", "show_on.on", a_post() | {"show_on": {"on": "page_exit"}}),
    ("empty_text", "content.title", a_post(title="")),
    ("locale", "content.label.english", a_post(label={"en": "New", "english": "New"})),
    ("empty_post", "content.blocks", a_post(blocks=[])),
    ("unsafe_url", "content.cover.src", a_post(cover={"type": "image", "src": "data:x", "alt": "x"})),
    ("not_allowed_here", "content.cta.actions[0]", a_post(cta=a_button({"type": "dismiss"}))),
    ("too_many", "content.cta.actions[1]", a_post(cta=a_button(
        {"type": "navigate_to", "url": "/"}, {"type": "launch_experience", "experience": "tips"}))),
    # conditions of surveys
    ("empty_condition", f"{STEP}.conditions[0].when", asking(a_question())),
    ("no_action", f"{STEP}.conditions[0].then", asking(a_question(), {"operator": "is_set"}, then=[])),
    ("unknown_question", f"{TEST}.question", asking(a_question(), {"question": "x", "operator": "is_set"})),
    ("unknown_question", f"{TEST}.question", asking(a_question(), {"question": "thanks", "operator": "is_set"})),
    ("unknown_question", TEST, asking({"type": "text_block", "key": "words"}, {"operator": "is_set"})),
    ("later_question", f"{TEST}.question", a_survey(
        a_question(conditions=[{"when": [{"question": "why", "operator": "is", "value": "price"}], "then": [NEXT]}]),
        a_choice())),
    ("answer_operator", f"{TEST}.operator", asking(a_question(), {"operator": "contains", "value": "9"})),
    ("answer_operator", f"{TEST}.operator", asking(a_choice(), {"operator": ">=", "value": 9})),
    ("answer_operator", f"{TEST}.operator", asking(a_choice(), {"operator": "has_any", "value": ["price"]})),
    ("answer_operator", f"{TEST}.operator", asking(a_choice("multiple_choice"), {"operator": "is", "value": "price"})),
    ("answer_operator", f"{TEST}.operator", asking(a_question("open_text"), {"operator": "<", "value": 9})),
    ("answer_value", f"{TEST}.value", asking(a_question(), {"operator": ">=", "value": "9"})),
    ("answer_value", f"{TEST}.value", asking(a_question(), {"operator": "between", "value": [9]})),
    ("answer_value", f"{TEST}.value", asking(a_question(), {"operator": "is_set", "value": True})),
    ("unknown_option", f"{TEST}.value", asking(a_choice(), {"operator": "is", "value": "colour"})),
    ("unknown_option", f"{TEST}.value", asking(a_choice(), {"operator": "is", "value": "other"})),
    ("unknown_option", f"{TEST}.value", asking(
        a_choice("multiple_choice"), {"operator": "has_all", "value": ["price", "colour"]})),
    ("answer_range", f"{TEST}.value", asking(a_question(), {"operator": ">=", "value": 11})),
    ("answer_range", f"{TEST}.value", asking(a_question("rating"), {"operator": "between", "value": [0, 3]})),
    ("unused_conditions", f"{STEP}.conditions", asking(
        {"type": "text_block", "key": "words", "blocks": [a_button(NEXT)]},
        {"question": "words", "operator": "is_set"})),
    ("thank_you_leads_on", "content.steps[1].conditions", a_survey(
        a_question(), THANKS | {"conditions": [{"when": [{"question": "score", "operator": "is_set"}], "then": []}]})),
    ("thank_you_leads_on", "content.steps[1].otherwise", a_survey(a_question(), THANKS | {"otherwise": DONE})),
    ("previous_outside_cta", f"{STEP}.otherwise.step", a_survey(
        a_question(otherwise={"type": "go_to_step", "step": "previous"}))),
    ("previous_outside_cta", f"{STEP}.conditions[0].then[0].step", asking(
        a_question(), {"operator": "is_set"}, then=[{"type": "go_to_step", "step": "previous"}])),
    ("unknown_step", f"{STEP}.otherwise.step", a_survey(a_question(otherwise={"type": "go_to_step", "step": "x"}))),
    ("not_allowed_here", f"{STEP}.conditions[0].then[0]", asking(
        a_question(), {"operator": "is_set"}, then=[{"type": "open_post", "post": "news"}])),
    ("first_step_only", "content.steps[1].conditions[0].then[0]", a_survey(
        a_question(), a_question(key="b", conditions=[
            {"when": [{"operator": "is_set"}], "then": [{"type": "snooze"}]}]))),
    ("forbidden_pair", f"{STEP}.conditions[0].then[1]", asking(
        a_question(), {"operator": "is_set"}, then=[NEXT, {"type": "dismiss"}])),
    ("unreachable_step", "content.steps[1]", a_survey(
        a_question(otherwise={"type": "go_to_step", "step": "thanks"}), a_question(key="b"), THANKS)),
    ("no_exit", STEP, a_survey(
        a_question(otherwise={"type": "go_to_step", "step": "b"}),
        a_question(key="b", otherwise={"type": "go_to_step", "step": "score"}))),
    # booking
    ("booking_missing", f"{BUTTON}.actions", booking(NEXT)),
    ("booking_missing", f"{BUTTON}.actions", booking({"type": "run_js", "code": "x"}, {"type": "book_interview"})),
    ("booking_missing", f"{STEP}.blocks", booking(blocks=[a_button(NEXT, style="secondary")])),
    ("booking_elsewhere", SECOND, booking(NEXT, {"type": "book_interview"})),
    ("forbidden_pair", SECOND, booking(NEXT, {"type": "book_interview"})),
    ("forbidden_pair", SECOND, booking({"type": "book_interview"}, {"type": "dismiss"})),
    ("booking_elsewhere", f"{STEP}.blocks[1].actions[0]", booking(blocks=[
        a_button({"type": "book_interview"}, NEXT), a_button({"type": "book_interview"}, style="secondary")])),
    ("booking_elsewhere", f"{STEP}.blocks[0].columns[1][0].actions[0]", a_survey(a_question(blocks=[
        {"type": "columns", "columns": [[], [a_button({"type": "book_interview"})]]}]))),
    ("not_allowed_here", f"{STEP}.cross.action", booking(cross={"action": {"type": "book_interview"}})),
    *(
        ("booking_link", f"{STEP}.link", booking(link=link, provider=provider))
        for provider, link in [
            ("calendly", "http://calendly.com/ada"),
            ("calendly", "https://calendly.com/"),
            ("calendly", "https://calendly.com"),
            ("calendly", "https://calendly.com.evil.test/ada"),
            ("calendly", "https://evil.test\\@calendly.com/ada"),
            ("calendly", "https://calendly.com\\@evil.test/ada"),
            ("calendly", "https://calendly.com:8443/ada"),
            ("calendly", "https://ada@calendly.com/ada"),
            ("calendly", "https://zcal.co/ada"),
            ("calendly", "//calendly.com/ada"),
            ("calendly", "javascript:alert(1)"),
            ("google_calendar", "https://calendar.google.com/calendar/u/0/r"),
            ("google_calendar", "https://calendar.google.com/calendar/appointments/"),
            ("google_calendar", "https://google.com/calendar/appointments/x"),
            ("google_calendar", "https://calendar.app.google/"),
            ("zcal", "https://zcal.co/"),
            ("zcal", "https://www.zcal.com/ada"),
        ]
    ),
    ("attribute_source", f"{STEP}.link", booking(link="https://calendly.com/ada?name={{name}}")),
]  # fmt: skip

WARNINGS = {
    "glob_sign", "unused_target", "empty_step", "no_action", "many_actions", "navigate_beside_launch", "two_views",
    "no_default_text", "unused_strictness", "later_question", "answer_range", "unused_conditions",
    "unused_order", "task_without_action", "empty_completion",
    "unused_draggable",
    "unnamed_mark", "empty_post", "unknown_survey",
}  # fmt: skip


def problems_of(document: object, around: Surroundings = AROUND) -> list[Problem]:
    return find_problems(decode_experience(document), around)


@pytest.mark.parametrize(
    ("code", "path", "document"), PROBLEMS, ids=[f"{code}-{at}" for at, (code, *_) in enumerate(PROBLEMS)]
)
def test_a_problem_is_told_with_its_place(code: str, path: str, document: dict[str, Any]) -> None:
    found = problems_of(document)
    here = [problem for problem in found if (problem.code, problem.path) == (code, path)]
    assert len(here) == 1, found
    in_an_address = code == "chip" and path.endswith(".url")
    assert (here[0].severity == "warning") is (code in WARNINGS or (code == "chip" and not in_an_address))
    assert here[0].message.endswith(".")


def test_every_code_has_a_document() -> None:
    folder = Path(str(experiences.__file__)).parent
    sources = [
        *sorted((folder / "problems").glob("*.py")),
        *(folder / f"{name}.py" for name in ("reach", "targets", "texts")),
    ]
    written = "".join(path.read_text() for path in (*sources, Path(actions_file)))
    codes = set(re.findall(r'(?:Problem|Refusal)\(\s*(?:\w+, )?"(\w+)"', written))
    # A document of these kinds cannot hold these; spec/cases/actions asks for them.
    unasked = {"no_such_place"} | ({"unsupported_kind"} if set(get_args(Kind)) == release.KINDS else set())
    ways = {str(each.__struct_config__.tag) for each in get_args(ShowOn)}
    unasked |= {"unsupported_show_on"} if ways == release.SHOW_ON else set()
    unasked |= {"unsupported_action"} if frozenset(ORDER) == release.ACTIONS else set()
    unasked |= {"unsupported_form"} if release.POINTING | release.STANDING == release.FORMS else set()
    assert codes - {code for code, *_ in PROBLEMS} == unasked


@pytest.mark.parametrize(
    "document",
    [
        a_tour(),
        a_banner(),
        a_banner(a_button(DONE), a_button({"type": "snooze"}), cross={"action": {"type": "snooze", "hours": 1}}),
        with_actions({"type": "launch_experience", "experience": "tips"}, NEXT),
        a_tour(a_step(form="tooltip", target=TARGET), theme="night", audience={"segment": "admins"}),
        pointing(
            {"fingerprint": {"tag": "a", "words": {"": {"text": "Go"}}, "shares": {"text": 1}}, "strictness": "loose"}
        ),
        to("https://app.example/u/{id}?plan={{custom.plan|free}}"),
        to("mailto:{{native.email}}"),
        text({"en": "Hello {{native.name|there}}", "fr": "Bonjour", "pt-BR": "Oi"}),
        a_tour(when={"start": "2026-12-01T09:00", "end": "2026-12-01T09:01", "zone": "Europe/Paris"}),
        a_checklist(a_task("a"), a_task("b", done_when={"segment": "admins"}), order="in_order"),
        done_when({"all": [{"experience": "tips", "fact": "completed"}, {"element": "#team", "fact": "clicked"}]}),
        done_when({"experience": "hello", "fact": "seen"}),
        launched(icon="none", label="Start"),
        launched(icon="none", target=TARGET),
        a_center(
            {"type": "heading", "text": "A"},
            {"type": "search"},
            {"type": "feed"},
            {"type": "checklists"},
            {"type": "agent", "message": "I am {{native.name|new}}"},
            a_card(),
        ),
        # a card that is only there to be closed
        a_tour(a_step("only", {"type": "paragraph", "text": "Good to know."})),
        # back and forth, with a way out
        a_tour(
            a_step("a", a_button(NEXT)),
            a_step("b", a_button({"type": "go_to_step", "step": "previous"}), a_button(NEXT)),
            a_step("c"),
        ),
        # a step whose only button goes back to one that leads out
        a_tour(
            a_step("a", a_button({"type": "go_to_step", "step": "c"}), a_button({"type": "go_to_step", "step": "b"})),
            a_step("b", a_button({"type": "go_to_step", "step": "previous"})),
            a_step("c"),
        ),
        # using the target goes on
        a_tour(a_step("a", {"type": "divider"}, form="tooltip", target=TARGET, on_target="advance"), a_step("b")),
        a_survey(),
        a_survey(a_question(submit={"en": "Go", "fr": "Allez"}, required=True), THANKS),
        a_survey(
            a_question(
                conditions=[
                    {
                        "when": [{"operator": "between", "value": [0, 6]}],
                        "then": [{"type": "go_to_step", "step": "why"}],
                    },
                    {"when": [{"operator": ">=", "value": 9}], "then": [{"type": "go_to_step", "step": "book"}]},
                ],
                otherwise={"type": "go_to_step", "step": "thanks"},
            ),
            a_choice(
                "multiple_choice",
                other=True,
                least=1,
                most=3,
                conditions=[{"when": [{"operator": "has_any", "value": ["other"]}], "then": [DONE]}],
                otherwise={"type": "go_to_step", "step": "thanks"},
            ),
            {
                "type": "book_interview",
                "key": "book",
                "provider": "google_calendar",
                "link": "https://calendar.google.com/calendar/u/0/appointments/schedules/AcZ_1-x?email={{native.email}}",
                "blocks": [a_button({"type": "book_interview"}, NEXT), a_button(NEXT, style="secondary")],
            },
            THANKS,
        ),
        booking(provider="zcal", link="https://zcal.co/i/AbC"),
        booking(provider="google_calendar", link="https://calendar.app.google/AbC"),
        # words without a button go on by ours, which asks the conditions
        a_survey(
            a_choice(),
            {
                "type": "text_block",
                "key": "words",
                "blocks": [{"type": "paragraph", "text": "Well."}],
                "conditions": [
                    {
                        "when": [{"question": "why", "operator": "is", "value": "price"}],
                        "then": [{"type": "launch_experience", "experience": "tips"}],
                    }
                ],
            },
            THANKS,
        ),
        # back and forth between questions
        a_survey(
            a_question(), a_choice(blocks=[a_button({"type": "go_to_step", "step": "previous"}, style="secondary")])
        ),
        # a trigger goes on
        a_tour(
            a_step("a", {"type": "divider"}, triggers=[{"when": [{"on": "delay", "seconds": 3}], "then": [NEXT]}]),
            a_step("b"),
        ),
    ],
)
def test_a_sound_document_has_no_problem(document: dict[str, Any]) -> None:
    assert [
        problem for problem in problems_of(document) if problem.code not in ("no_default_text", "unsupported_kind")
    ] == []


def test_all_problems_of_a_document_come_at_once() -> None:
    document = a_tour(
        a_step("a", a_button({"type": "go_to_step", "step": "gone"}, label="")),
        a_step("a", a_button({"type": "snooze", "hours": 0})),
        theme="day",
        frequency={"every": "days", "days": -1},
    )
    codes = {problem.code for problem in problems_of(document)}
    assert codes >= {"unknown_step", "empty_text", "duplicate_step", "snooze_hours", "first_step_only"}
    assert codes >= {"unknown_theme", "days"}


def test_a_forbidden_pair_names_both_and_the_row_that_refuses() -> None:
    (problem,) = [
        each for each in problems_of(with_actions(NEXT, {"type": "dismiss"})) if each.code == "forbidden_pair"
    ]
    assert problem.message == "dismiss may not be added to go_to_step: the row of go_to_step refuses it."


def test_a_chip_of_user_is_told_to_say_native() -> None:
    (problem,) = problems_of(text("Hello {{user.name|there}}"))
    assert "native.name" in problem.message


def test_code_is_asked_about_once_the_agreement_is_signed() -> None:
    document = with_actions({"type": "run_js", "code": "x"}, NEXT)
    assert problems_of(document, Surroundings(run_js=True)) == []
    around = Surroundings(run_js=True, check_code=lambda code: ("unapproved_code", f"{code!r} is not approved."))
    (problem,) = problems_of(document, around)
    assert (problem.code, problem.path) == ("unapproved_code", f"{FIRST}.code")


def test_a_host_in_another_script_is_told_how_browsers_write_it() -> None:
    (problem,) = problems_of(where(part="host", operator="equals", value="bücher.example"))
    assert "xn--bcher-kva.example" in problem.message


def test_a_step_beside_a_dismissal_is_not_reached() -> None:
    document = a_tour(
        a_step("a", a_button({"type": "dismiss"}, {"type": "go_to_step", "step": "b"})),
        a_step("b"),
    )
    assert [problem.code for problem in problems_of(document)] == ["unreachable_step"]
