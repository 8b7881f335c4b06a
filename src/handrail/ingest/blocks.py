"""Blocks: many events of a log in one row, as the text of a JSON list. Where an event was cut, null keeps its place."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from handrail.core.events import Event
from handrail.ingest.erasure import Cut

BLOCK = 500
"""Events that a block holds at most."""

_NOTHING = msgspec.Raw(b"null")
_EVENTS = msgspec.json.Decoder(list[Event | None])
_EVENT = msgspec.json.Decoder(Event | None)
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])


def write_block(events: Sequence[Event]) -> str:
    """The text of a block."""
    return msgspec.json.encode(events).decode()


def read_block(text: str) -> list[Event | None]:
    """A block's events in their places. None is one that was cut or cannot be read, which costs only itself."""
    try:
        return _EVENTS.decode(text)
    except msgspec.MsgspecError:
        pass
    try:
        return [_read(raw) for raw in _RAWS.decode(text)]
    except msgspec.MsgspecError:
        return []


def cut_block(text: str, cut: Cut) -> tuple[str, int]:
    """A block as it stays, and how many of its events were changed or removed. What cannot be read stays as it is."""
    raws = _RAWS.decode(text)
    changed = 0
    for at, raw in enumerate(raws):
        event = _read(raw)
        if event is not None and (kept := cut(event)) is not event:
            raws[at] = _NOTHING if kept is None else msgspec.Raw(msgspec.json.encode(kept))
            changed += 1
    return msgspec.json.encode(raws).decode(), changed


def needles(subjects: Collection[str]) -> list[str]:
    """Texts of which one stands in every block that speaks of a subject (`u:` or `a:` and an id)."""
    return sorted({msgspec.json.encode(each[2:]).decode() for each in subjects})


def _read(raw: msgspec.Raw) -> Event | None:
    try:
        return _EVENT.decode(raw)
    except msgspec.MsgspecError:
        return None
