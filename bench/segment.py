"""Events through two presets of a Segment destination, beside a function that somebody wrote for just these two.

Both get what the door hands over, accepted events, and give the events to keep; they have to give the same before
anything is timed. The limit knows at writing which fields there are, so it compiles nothing and checks only those.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b

import msgspec

from handrail.core.events import Event
from handrail.core.values import Refused, check_user_id
from handrail.segmentio.destination.actions import NAME
from handrail.segmentio.destination.model import Destination, DestinationSettings, SegmentMapping
from handrail.segmentio.destination.run import compile_destination, payload_of, run

EVENTS = 4_000
ROUNDS = 9
GOAL = 100_000
GOAL_LIMIT = 0.4
NOW = 1_793_000_000_000
KEY = "jimo"

Made = Callable[[Event], Event | None]


def rows() -> list[dict[str, object]]:
    """The table's row."""
    events = make_events(random.Random(2026))
    ours = through_mappings()
    for event in events:
        if ours(event) != by_hand(event):
            raise AssertionError(f"ours makes {ours(event)} of {event}, by hand {by_hand(event)}")
    times: dict[str, list[float]] = {"ours": [], "limit": []}
    for _ in range(ROUNDS):
        times["ours"].append(events_a_second(ours, events))
        times["limit"].append(events_a_second(by_hand, events))
    rate, limit = statistics.median(times["ours"]), statistics.median(times["limit"])
    share = statistics.median(one / other for one, other in zip(times["ours"], times["limit"], strict=True))
    return [
        {
            "bench": "segment",
            "what": "events/s through two presets on one core, FQL and mappings (limit: written by hand)",
            "ours": rate,
            "limit": limit,
            "ratio_to_limit": share,
            "goal": f">= {GOAL:,}, >= {GOAL_LIMIT:.0%} of the limit",
            "met": rate >= GOAL and share >= GOAL_LIMIT,
        }
    ]


def events_a_second(make: Made, events: Sequence[Event]) -> float:
    """Events made in one CPU second."""
    started = time.process_time()
    for event in events:
        make(event)
    return len(events) / (time.process_time() - started)


def make_events(draw: random.Random) -> list[Event]:
    """Accepted events as libraries send them: four tracks to an identify."""
    made: list[Event] = []
    for at in range(EVENTS):
        person = f"user-{draw.randrange(1000)}"
        context = {
            "library": {"name": "analytics.js", "version": "1.84.3"},
            "page": {"path": "/", "url": "https://a.test/"},
        }
        if at % 5:
            body = {"properties": {"total": draw.randrange(500), "plan": draw.choice("abc"), "items": ["x", "y"]}}
            kind, name = "track", draw.choice(("Order Completed", "Page Left", "Report Opened"))
        else:
            body = {"traits": {"email": f"{person}@a.test", "plan": draw.choice("abc"), "seats": draw.randrange(50)}}
            kind, name = "identify", None
        made.append(
            Event(
                environment="e",
                message_id=f"ajs-next-{draw.getrandbits(64):x}",
                type=kind,
                anonymous_id=f"anonymous-{draw.getrandbits(64):x}",
                user_id=person,
                name=name,
                timestamp=NOW - draw.randrange(10_000),
                received_at=NOW,
                body=msgspec.Raw(msgspec.json.encode({**body, "context": context, "integrations": {}})),
            )
        )
    return made


def through_mappings() -> Made:
    """The presets Send User Data and Send Track Event as a destination has them."""
    mappings = (SegmentMapping("sendUserData"), SegmentMapping("sendTrackEvent"))
    instance = compile_destination(Destination(KEY, DestinationSettings("p"), mappings=mappings))

    def make(event: Event) -> Event | None:
        made = run(instance, event, payload_of(event))
        return made[0].event if made else None

    return make


_body = msgspec.json.Decoder(dict[str, object])


def by_hand(event: Event) -> Event | None:
    """The same two presets, and nothing that they do not need."""
    body = _body.decode(event.body)
    integrations = body.get("integrations")
    if integrations and isinstance(integrations, dict):
        action = "sendUserData" if event.type == "identify" else "sendTrackEvent"
        for name in (NAME, f"{NAME} {action}", "All"):
            if integrations.get(name) is not None:
                if integrations[name] is False:
                    return None
                break
    user_id = event.user_id
    if user_id is not None and isinstance(check_user_id(user_id), Refused):
        return None
    if event.type == "track":
        if not event.name or len(event.name) > 200 or not event.message_id or len(event.message_id) > 100:
            return None
        properties = body.get("properties")
        if properties is not None and not isinstance(properties, dict):
            return None
        return Event(
            environment=event.environment,
            message_id=event.message_id,
            type="track",
            anonymous_id=event.anonymous_id,
            user_id=user_id,
            name=event.name,
            timestamp=event.timestamp,
            received_at=event.received_at,
            body=event.body,
        )
    if event.type == "identify":
        traits = body.get("traits")
        if traits is None:
            traits = {}
        if not isinstance(traits, dict):
            return None
        email = traits.get("email")
        if email is not None and not isinstance(email, str):
            return None
        native = {} if email is None else {"email": email}
        context = body.get("context")
        mark = {"native": native, "visit": False}
        whole = {**context, "handrail": mark} if isinstance(context, dict) else {"handrail": mark}
        encoded = msgspec.json.encode({"traits": traits, "context": whole})
        if len(encoded) > 32 * 1024:
            return None
        said = f"{event.message_id}\0{KEY}\0{0}"
        return Event(
            environment=event.environment,
            message_id="made-" + blake2b(said.encode(), digest_size=16).hexdigest(),
            type="identify",
            anonymous_id=event.anonymous_id,
            user_id=user_id,
            timestamp=event.timestamp,
            received_at=event.received_at,
            body=msgspec.Raw(encoded),
        )
    return None
