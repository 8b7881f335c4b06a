"""Scrubbing: what is cut out of an event before it is kept. spec/cases/scrub is the authority.

Addresses lose their query but for the parameters that are allowed, and a fragment that carries values; the network
address of whoever sent the event is dropped; so is every member that the rules name.
"""

from __future__ import annotations

import re
from typing import cast

import msgspec

from handrail.core.events import Event

SCRUBBED = rb'[?#\\]|"ip"'
"""A pattern without which no text holds anything to cut, unless members are dropped by name."""
_HAS_IP = b'"ip"'
_ESCAPED = re.compile(rb"\\u00[2-7]")
"""A letter of ASCII written as an escape: what is looked for may be spelt so."""
_PLACES = frozenset({"url", "referrer", "referer", "search", "href", "link", "path", "initial_referrer"})
"""Members of `context.page` and `properties` that hold an address, or a query alone."""


class ScrubRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one environment keeps. `allow`: query parameters; `drop`: names of traits and properties, any case."""

    allow: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    keep_ip: bool = False


def may_hold_any(body: bytes, rules: ScrubRules) -> bool:
    """Whether anything that was sent in this body may have to be cut; asked once, it spares asking for each event."""
    if b"?" in body or b"#" in body or rules.drop or (not rules.keep_ip and _HAS_IP in body):
        return True
    return b"\\" in body and _ESCAPED.search(body) is not None


def scrub(event: Event, rules: ScrubRules) -> Event:
    """The event as it may be kept; the same one when there is nothing to cut."""
    body = bytes(event.body)
    if not may_hold_any(body, rules):
        return event
    try:
        told = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError:
        return event
    if not _cut(told, rules):
        return event
    return msgspec.structs.replace(event, body=msgspec.Raw(msgspec.json.encode(told)))


def scrub_address(text: str, allow: tuple[str, ...]) -> str:
    """An address, or the query of one, with the parameters that are allowed."""
    before, hash_mark, fragment = text.partition("#")
    base, question, query = before.partition("?")
    if question:
        kept = [part for part in query.split("&") if part.partition("=")[0] in allow]
        base += f"?{'&'.join(kept)}" if kept else ""
    if not hash_mark:
        return base
    route = fragment.partition("?")[0]
    return base if "=" in route else f"{base}#{route}"


def _cut(body: dict[str, object], rules: ScrubRules) -> bool:
    changed = False
    context = body.get("context")
    if isinstance(context, dict):
        context = cast("dict[str, object]", context)
        if not rules.keep_ip and "ip" in context:
            del context["ip"]
            changed = True
        changed |= _cut_addresses(context.get("page"), rules)
    changed |= _cut_addresses(body.get("properties"), rules)
    gone = {name.lower() for name in rules.drop}
    for member in ("traits", "properties"):
        held = body.get(member)
        if gone and isinstance(held, dict):
            held = cast("dict[str, object]", held)
            for name in [name for name in held if name.lower() in gone]:
                del held[name]
                changed = True
    return changed


def _cut_addresses(held: object, rules: ScrubRules) -> bool:
    if not isinstance(held, dict):
        return False
    members = cast("dict[str, object]", held)
    changed = False
    for name, value in members.items():
        if isinstance(value, str) and ("?" in value or "#" in value) and name.lower() in _PLACES:
            kept = scrub_address(value, rules.allow)
            if kept != value:
                members[name] = kept
                changed = True
    return changed
