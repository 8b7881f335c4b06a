"""JSON Schema of what boot says and hears. The browser's types are generated from it."""

from __future__ import annotations

from handrail.core.experiences.banners import BannerContent
from handrail.core.experiences.checklists import ChecklistContent
from handrail.core.experiences.hints import HintContent
from handrail.core.experiences.posts import PostContent
from handrail.core.experiences.resource_centers import ResourceCenterContent
from handrail.core.experiences.schema import NAMED
from handrail.core.experiences.surveys import SurveyContent
from handrail.core.experiences.themes import Theme
from handrail.core.experiences.tours import TourContent
from handrail.core.people import AttributeValue
from handrail.core.schema import Node, any_of, one_of, schema_of, tuple_of
from handrail.delivery.wire import BootReply, BootRequest, Content, Revision

NUMBER: Node = {"type": "integer"}
NUMBERS: Node = {"type": "array", "items": NUMBER}

CONTENTS = (
    TourContent,
    BannerContent,
    SurveyContent,
    HintContent,
    ChecklistContent,
    ResourceCenterContent,
    PostContent,
)
"""What each kind's content may be."""

INSTRUCTION = any_of(
    [
        tuple_of(one_of("char"), NUMBERS, one_of(0, 1)),
        tuple_of(one_of("any")),
        tuple_of(one_of("all")),
        tuple_of(one_of("split"), NUMBER, NUMBER),
        tuple_of(one_of("jump"), NUMBER),
        tuple_of(one_of("start")),
        tuple_of(one_of("end")),
        tuple_of(one_of("word"), one_of(0, 1)),
        tuple_of(one_of("match")),
    ]
)
PROGRAM: Node = {
    "title": "Program",
    "description": "A pattern as `handrail.compile.patterns` compiles it.",
    "type": "object",
    "properties": {"v": {"enum": [1]}, "code": {"type": "array", "items": {"$ref": "#/$defs/Instruction"}}},
    "required": ["v", "code"],
    "additionalProperties": False,
}


def wire_schemas() -> dict[str, Node]:
    """The schema of each document on the wire, by the name of its file."""
    content = any_of([{"$ref": f"#/$defs/{kind.__name__}"} for kind in CONTENTS])
    programs: Node = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Program"}}
    theme: Node = {"$ref": "#/$defs/Theme"}
    contents: Node = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Content"}}
    value: Node = {"$ref": "#/$defs/AttributeValue"}
    values: Node = {"type": "object", "additionalProperties": value}
    drawn = {"Content": {"content": content, "theme": theme}}
    # First, so that a condition's values, which look the same, keep their own name.
    named = {"AttributeValue": AttributeValue, **NAMED}
    return {
        "boot_request": schema_of(BootRequest, "What boot hears", named=named),
        "boot_reply": schema_of(
            BootReply,
            "What boot says",
            named=named,
            also=(Content, *CONTENTS, Theme),
            given={"Program": PROGRAM, "Instruction": INSTRUCTION},
            members={
                **drawn,
                "Candidate": {"patterns": programs},
                "BootReply": {"content": contents, "attributes": values},
            },
            always={"BootReply": ("candidates", "content")},
        ),
        "content": schema_of(Content, "One frozen version", named=named, also=(*CONTENTS, Theme), members=drawn),
        "revision": schema_of(Revision, "What is live now", named={}),
    }
