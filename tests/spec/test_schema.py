"""`spec/schema` is what our types say: the files are current, and they accept and refuse what the types do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator
from tests.support.cases import SPEC

from handrail.adapters.files.yaml import read_yaml
from handrail.cli.schema import files, main
from handrail.core.errors import Invalid
from handrail.core.experiences.codec import decode_experience
from handrail.core.experiences.model import Kind
from handrail.core.experiences.themes import Theme
from handrail.delivery.wire import (
    BootHead,
    BootReply,
    BootRequest,
    BootUser,
    Candidate,
    Content,
    Page,
    RateLimit,
    Revision,
)

DEMO = Path(__file__).parents[2] / "examples" / "demo" / "experiences"


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SPEC / "schema" / f"{name}.json").read_text()))


def problems(name: str, document: object) -> list[str]:
    plain = json.loads(document if isinstance(document, bytes) else json.dumps(document))
    return [error.message for error in validator(name).iter_errors(plain)]


def test_the_files_are_what_the_types_say(tmp_path: Path) -> None:
    main(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {each.name for each in (SPEC / "schema").iterdir()}
    for name, content in files().items():
        current = (SPEC / "schema" / name).read_bytes()
        assert current == content, f"{name} is old: run python -m handrail.cli.schema"


@pytest.mark.parametrize("name", [name.removesuffix(".json") for name in files()])
def test_a_schema_is_sound_and_refers_to_itself_only(name: str) -> None:
    schema = json.loads((SPEC / "schema" / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


@pytest.mark.parametrize("path", sorted(DEMO.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_demo_is_written_by_the_schema(path: Path) -> None:
    value = read_yaml(path.read_bytes(), path.name).value
    if isinstance(value, list):
        schema = "segment" if path.stem == "segments" else "theme"
        assert [problems(schema, each) for each in value] == [[]] * len(value)
    else:
        assert problems("experience", value) == []


BASE: Mapping[str, Any] = {
    "kind": "tour",
    "key": "hello",
    "name": "Hello",
    "content": {"steps": [{"key": "only", "form": "modal", "blocks": [{"type": "paragraph", "text": "Hi"}]}]},
}


@pytest.mark.parametrize(
    "document",
    [
        BASE,
        {**BASE, "audience": {"all": [{"not": {"segment": "a"}}, {"event": "b", "where": {"any": []}}]}},
        {**BASE, "audience": {"attribute": "custom.a", "operator": "one_of", "value": ["a", 1, True]}},
        {**BASE, "audience": {"plan": "pro"}},
        {**BASE, "audience": {"all": [{"plan": "pro"}]}},
        {**BASE, "audience": {"segment": "a", "members": True}},
        {**BASE, "audience": None},
        {**BASE, "priority": 6},
        {**BASE, "priority": 5},
        {**BASE, "colour": "red"},
        {**BASE, "show_on": {"on": "hover"}},
        {**BASE, "show_on": {"on": "event"}},
        {**BASE, "show_on": {"on": "event", "event": "Order Completed"}},
        {**BASE, "frequency": {"every": "days"}},
        {**BASE, "frequency": {"every": "days", "days": "2"}},
        {**BASE, "where": {"include": [{"part": "path", "operator": "equals", "value": "/", "name": None}]}},
        {**BASE, "where": {"include": [{"part": "path", "operator": "is", "value": "/"}]}},
        {**BASE, "content": {"steps": [{"key": "a", "blocks": [{"type": "image", "src": "/a.png"}]}]}},
        {**BASE, "content": {"steps": [{"key": "a", "blocks": [{"type": "html", "html": "<b>"}]}]}},
        {**BASE, "content": {"steps": [{"key": "a", "target": {"text": {"en": "Menu"}}}]}},
        {**BASE, "content": {"steps": [{"key": "a", "target": {"selector": "#a"}}]}},
        {**BASE, "kind": "poster"},
        {**BASE, "kind": "survey", "content": {"steps": 5}},
        {"kind": "banner", "key": "a", "name": "A", "content": {"blocks": [], "position": "left"}},
        {"kind": "banner", "key": "a", "name": "A", "content": {"blocks": [], "cross": {"action": {"type": "snooze"}}}},
    ],
)
def test_the_schema_and_the_decoder_agree(document: Mapping[str, Any]) -> None:
    try:
        decode_experience(dict(document))
        reads = True
    except Invalid:
        reads = False
    assert (problems("experience", document) == []) is reads


def test_what_is_said_on_the_wire_is_in_the_schema() -> None:
    content = Content(
        "v_1", "hello", "tour", "Hello", "en",
        msgspec.Raw(json.dumps(BASE["content"]).encode()), msgspec.Raw(msgspec.json.encode(Theme("default"))),
    )  # fmt: skip
    document = decode_experience(dict(BASE))
    candidate = Candidate(
        "x_1", "hello", "tour", "v_1", "/sdk/v1/content/v_1.json", 3, 0, document.show_on, document.where,
        document.frequency, patterns={"a": msgspec.Raw(b'{"v":1,"code":[["char",[97,97],0],["match"]]}')},
    )  # fmt: skip
    reply = BootReply(
        environment="e", key="wk_1", project="p", now=0, zone="UTC", alias=True, revision="1", revision_url="/r",
        candidates=[candidate], rate_limit=RateLimit(1, 4, "hour", [1]), attributes={"custom.tags": ["a"]},
        content={"v_1": msgspec.Raw(msgspec.json.encode(content))},
    )  # fmt: skip
    assert problems("content", msgspec.json.encode(content)) == []
    assert problems("boot_reply", msgspec.json.encode(reply)) == []
    assert problems("revision", msgspec.json.encode(Revision("1", ["v_1"]))) == []
    assert problems("boot_request", msgspec.json.encode(BootRequest("p", Page("https://app.example/"), "0.1.0"))) == []
    assert problems("boot_reply", msgspec.json.encode(reply).replace(b'"match"', b'"maybe"')) != []
    assert problems("boot_reply", msgspec.json.encode(reply).replace(b'"modal"', b'"pop-up"')) != []


def test_a_reply_s_two_parts_are_the_reply() -> None:
    whole = {field.name: field.type for field in msgspec.structs.fields(BootReply)}
    parts = {field.name: field.type for part in (BootHead, BootUser) for field in msgspec.structs.fields(part)}
    assert parts == {name: whole[name] for name in whole if name not in ("candidates", "content", "themes_url")}


def test_every_kind_has_a_definition() -> None:
    schema = json.loads((SPEC / "schema" / "experience.json").read_text())
    defined = (schema["$defs"][each["$ref"].removeprefix("#/$defs/")] for each in schema["anyOf"])
    assert {each["properties"]["kind"]["enum"][0] for each in defined} == set(get_args(Kind))


def test_the_example_in_the_docs_is_written_by_the_schema() -> None:
    text = (Path(__file__).parents[2] / "docs" / "experiences.md").read_text()
    assert "spec/schema/experience.json" in text
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert problems("experience", read_yaml(example.encode(), "example").value) == []
