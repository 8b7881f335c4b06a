"""Previews: a version that is looked at before it is live, as somebody would meet it. Nothing in one is counted."""

from __future__ import annotations

import msgspec

from handrail.core.people import AttributeValue, Facts, Subject


class Persona(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who a preview pretends that its viewer is."""

    name: str = ""
    native: dict[str, AttributeValue] = {}
    custom: dict[str, AttributeValue] = {}
    company: dict[str, AttributeValue] = {}

    def facts(self, today: int, now: int, zone: str) -> Facts:
        """What conditions may ask of the persona: attributes, and no history."""
        return Facts(native=self.native, custom=self.custom, company=self.company, today=today, now=now, zone=zone)


NOBODY = Subject()
"""A persona has seen nothing yet."""
