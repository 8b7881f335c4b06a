"""JSON Schema of the documents that authors write. `spec/schema` holds it; editors complete and check by it."""

from __future__ import annotations

from collections.abc import Mapping

from handrail.core.actions import Action
from handrail.core.conditions.model import Device, ElementFact, Expected, ExperienceFact, PagePart, Scalar
from handrail.core.experiences.blocks import Block, Mark, RichText, Text
from handrail.core.experiences.model import Experience, Frequency, Kind, ShowOn
from handrail.core.experiences.resource_centers import Card
from handrail.core.experiences.surveys import AnswerOperator, Provider, SurveyStep
from handrail.core.experiences.themes import Theme
from handrail.core.experiences.tours import Placement
from handrail.core.experiences.triggers import ProgressCondition
from handrail.core.pages import UrlOperator
from handrail.core.schema import Node, schema_of
from handrail.core.segments import Segment

NAMED: Mapping[str, object] = {
    "Action": Action,
    "AnswerOperator": AnswerOperator,
    "Block": Block,
    "Card": Card,
    "Device": Device,
    "ElementFact": ElementFact,
    "Expected": Expected,
    "ExperienceFact": ExperienceFact,
    "Frequency": Frequency,
    "Kind": Kind,
    "Mark": Mark,
    "PagePart": PagePart,
    "Placement": Placement,
    "ProgressCondition": ProgressCondition,
    "Provider": Provider,
    "RichText": RichText,
    "Scalar": Scalar,
    "ShowOn": ShowOn,
    "SurveyStep": SurveyStep,
    "Text": Text,
    "UrlOperator": UrlOperator,
}
"""Unions that people know by name."""


def document_schemas() -> dict[str, Node]:
    """The schema of each document, by the name of its file."""
    return {
        "experience": schema_of(Experience, "An experience of Handrail", named=NAMED),
        "segment": schema_of(Segment, "A segment of Handrail", named=NAMED),
        "theme": schema_of(Theme, "A theme of Handrail", named=NAMED),
    }
