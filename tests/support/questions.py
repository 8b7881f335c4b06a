"""Generated questions: conditions and users in the form of the case files, close to each other in what they hold.

The same generator serves Hypothesis (whose `Random` shrinks) and the cross-language fuzz run (a seeded one). Values
come from small pools, so that comparisons meet their edges: the same letters composed and decomposed, numbers around
2^53, dates around midnight and around changes of the clock, types that look like one another.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "America/Sao_Paulo")
CLOCKS = (
    "2026-11-24T12:00:00Z",
    "2026-03-29T00:30:00Z",
    "2026-10-25T22:59:59.999Z",
    "2026-11-01T05:59:00Z",
    "2028-02-29T23:30:00Z",
)
TEXTS = (
    "", " ", "a", "A", "pro", "Pro", "pro ", "prose", "enterprise", "15", "true", "null", "caf\u00e9", "cafe\u0301",
    "e\u0301", "\u00e9", "\u212b", "\u00c5", "stra\u00dfe", "\U0001f680", "a\U0001f680b", "a\nb", "100%", "1000",
    "a_b", "a\\b", "a'b", 'a"b', "$1", "__proto__", "jo@acme.example", "\u1100\u1161", "\uac00", "\ufb01",
)  # fmt: skip
NUMBERS = (0, -0.0, 1, -1, 2, 2.5, 3, 15, 100, 1e-7, 5e-324, 0.1, 0.30000000000000004, 1e308, -1e308,
           9007199254740991, 9007199254740992, 9007199254740993, 1e21)  # fmt: skip
NO_DATES = ("2026-02-29", "2026-11-24T24:00:00Z", "2026-11-24T12:00:00", "2026-11-24 12:00Z", "2026-1-1", "0000-01-01",
            "2026-11-24T12:00:00+24:00", "2026-11-24t12:00:00z", "\u0662\u0660\u0662\u0666-01-01")  # fmt: skip
PATTERNS = ("", "pro", "^pro$", "o|5", "^[a-z]+$", "(a|b)+", "\\d{2}", "e\\b", "^.$", "[^a]", "caf\u00e9", "cafe\u0301",
            "\\W", "a.b", "(pr)?o", "x{0,2}$", "^\\S+@\\S+$", "[\\d-]", "\\u0041", "(")  # fmt: skip
TEXT_OPERATORS = ("is", "is_not", "contains", "not_contains", "starts_with", "ends_with", "matches", "one_of",
                  "none_of")  # fmt: skip
NATIVE = ("email", "name", "language", "first_seen")
CUSTOM = ("plan", "seats", "tags", "renewal", "__proto__", "constructor", "a.b")
COMPANY = ("plan", "size", "toString")
PROPERTIES = ("total", "plan", "tags", "due", "__proto__", "cart.total")
EVENTS = ("Order Completed", "Saved", "__proto__")
EXPERIENCES = ("welcome", "tips", "constructor")
QUESTIONS = ("score", "reason", "__proto__")
PATHS = ("/", "/home", "/home/users/17", "/billing?tab=plans", "/billing?tab=a&tab=b#top", "/caf%C3%A9")
ELEMENTS = ("#save", "[data-test=a]")
ELEMENT_FACTS = ("present", "visible", "clicked", "hovered", "filled")


class Questions:
    """A source of users and conditions, in the form of `spec/cases/conditions`."""

    def __init__(self, draw: Random) -> None:
        self._draw = draw

    def world(self) -> dict[str, Any]:
        """When and where a question is asked."""
        draw = self._draw
        return {
            "now": draw.choice(CLOCKS),
            "zone": draw.choice(ZONES),
            "page": f"https://app.example{draw.choice(PATHS)}",
            "device": draw.choice(("desktop", "tablet", "mobile")),
            "viewport": {"width": draw.choice((320, 1024, 1440)), "height": draw.choice((480, 800))},
            "elements": {
                element: draw.sample(ELEMENT_FACTS, draw.randrange(4)) for element in ELEMENTS if draw.random() < 0.5
            },
        }

    def user(self, now: str, number: int = 0) -> dict[str, Any]:
        """A user of whom anything may be missing or of an unexpected type. No two numbers share a user id."""
        draw = self._draw
        return {
            "native": {key: self._value(now) for key in NATIVE if draw.random() < 0.7},
            "custom": {key: self._value(now) for key in CUSTOM if draw.random() < 0.7},
            "ids": [f"id{number}{letter}" for letter in "ab" if draw.random() < 0.6],
            "company": {key: self._value(now) for key in COMPANY if draw.random() < 0.5},
            "events": [
                {
                    "event": draw.choice(EVENTS),
                    "at": self._near(now, instants_only=True),
                    "properties": {key: self._property(now) for key in PROPERTIES if draw.random() < 0.5},
                }
                for _ in range(draw.randrange(4))
            ],
            "experiences": {key: self._experience(now) for key in EXPERIENCES if draw.random() < 0.5},
        }

    def condition(self, now: str, depth: int = 3) -> dict[str, Any]:
        """A condition of a few levels over everything that can be asked."""
        draw = self._draw
        if depth > 0 and draw.random() < 0.45:
            match draw.randrange(3):
                case 0:
                    return {"all": [self.condition(now, depth - 1) for _ in range(draw.randrange(4))]}
                case 1:
                    return {"any": [self.condition(now, depth - 1) for _ in range(draw.randrange(4))]}
                case _:
                    return {"not": self.condition(now, depth - 1)}
        match draw.randrange(14):
            case 0 | 1:
                return self._event(now)
            case 12:
                return self._event_time(now)
            case 13:
                return {"users": [f"id{draw.randrange(6)}{draw.choice('ab')}" for _ in range(draw.randrange(4))]}
            case 2:
                return self._experience_leaf(now)
            case 3:
                leaf: dict[str, Any] = {"segment": draw.choice(("customers", "nested", "gone"))}
                return leaf if draw.random() < 0.7 else {**leaf, "member": draw.random() < 0.5}
            case 4:
                return self._browser()
            case _:
                source, keys = draw.choice((("native", NATIVE), ("custom", CUSTOM), ("company", COMPANY)))
                return self._attribute(f"{source}.{draw.choice(keys)}", now)

    def segments(self, now: str) -> dict[str, Any]:
        """Two segments, one of which asks for the other."""
        return {
            "customers": self._attribute("custom.plan", now),
            "nested": {"all": [{"segment": "customers", "member": self._draw.random() < 0.5}, self._browser_or(now)]},
        }

    def _browser_or(self, now: str) -> dict[str, Any]:
        return self._browser() if self._draw.random() < 0.2 else self._attribute("custom.seats", now)

    def _attribute(self, name: str, now: str, *, windows: bool = True) -> dict[str, Any]:
        draw = self._draw
        row = draw.choice(("text", "text", "number", "boolean", "array", "date", "any"))
        match row:
            case "text":
                operator = draw.choice(TEXT_OPERATORS)
                if operator in ("one_of", "none_of"):
                    value: object = [draw.choice(TEXTS) for _ in range(draw.randrange(4))]
                else:
                    value = draw.choice(PATTERNS) if operator == "matches" else draw.choice(TEXTS)
            case "number":
                operator = draw.choice(("=", "!=", "<", "<=", ">", ">=", "between"))
                value = [draw.choice(NUMBERS), draw.choice(NUMBERS)] if operator == "between" else draw.choice(NUMBERS)
            case "boolean":
                operator, value = "is", draw.random() < 0.5
            case "array":
                operator = draw.choice(("has_any", "has_all", "has_none"))
                value = [draw.choice((*TEXTS[:14], *NUMBERS[:6], True, False)) for _ in range(draw.randrange(3))]
            case "date":
                choices = ("before", "after", "between", "within_last", "more_than_ago")
                operator = draw.choice(choices if windows else choices[:3])
                if operator == "between":
                    value = [self._near(now), self._near(now)]
                else:
                    value = draw.choice((1, 2, 7, 30)) if "_" in operator else self._near(now)
            case _:
                return {"attribute": name, "operator": draw.choice(("is_set", "is_empty"))}
        return {"attribute": name, "operator": operator, "value": value}

    def _event(self, now: str) -> dict[str, Any]:
        draw = self._draw
        leaf: dict[str, Any] = {"event": draw.choice(EVENTS)}
        if draw.random() < 0.6:
            leaf |= {"operator": draw.choice(("=", "!=", "<", "<=", ">", ">=")), "value": draw.randrange(4)}
        if draw.random() < 0.5:
            leaf["within_days"] = draw.choice((1, 2, 7, 30))
        if draw.random() < 0.5:
            leaf["where"] = self._filter(now, 2)
        return leaf

    def _event_time(self, now: str) -> dict[str, Any]:
        draw = self._draw
        operator = draw.choice(("before", "after", "between", "within_last", "more_than_ago"))
        value: object = self._near(now)
        if operator == "between":
            value = [self._near(now), self._near(now)]
        elif "_" in operator:
            value = draw.choice((0, 1, 2, 7, 30))
        leaf = {"event_time": draw.choice(EVENTS), "which": draw.choice(("first", "last"))}
        where = {"where": self._filter(now, 2)} if draw.random() < 0.3 else {}
        return {**leaf, "operator": operator, "value": value, **where}

    def _filter(self, now: str, depth: int) -> dict[str, Any]:
        draw = self._draw
        if depth > 0 and draw.random() < 0.4:
            word = draw.choice(("all", "any", "not"))
            if word == "not":
                return {"not": self._filter(now, depth - 1)}
            return {word: [self._filter(now, depth - 1) for _ in range(draw.randrange(3))]}
        return self._attribute(f"property.{draw.choice(PROPERTIES)}", now, windows=False)

    def _experience_leaf(self, now: str) -> dict[str, Any]:
        draw = self._draw
        leaf: dict[str, Any] = {
            "experience": draw.choice(EXPERIENCES),
            "fact": draw.choice(("seen", "completed", "dismissed", "snoozed", "answered")),
        }
        if draw.random() < 0.5:
            leaf["within_days"] = draw.choice((1, 2, 7, 30))
        if leaf["fact"] == "answered" and draw.random() < 0.6:
            leaf["question"] = draw.choice(QUESTIONS)
            if draw.random() < 0.7:
                pool = (*TEXTS[:14], *NUMBERS[:8], True, False)
                leaf["value"] = draw.choice(pool) if draw.random() < 0.5 else [draw.choice(pool), draw.choice(pool)]
            if draw.random() < 0.5:
                compared = self._attribute("custom.answer", now)
                leaf |= {key: compared[key] for key in ("operator", "value") if key in compared}
        return leaf

    def _browser(self) -> dict[str, Any]:
        draw = self._draw
        match draw.randrange(4):
            case 0:
                part = draw.choice(("url", "host", "path", "query", "hash"))
                operator = draw.choice(("equals", "contains", "starts_with", "ends_with", "glob", "matches"))
                pool = {"glob": ("*", "/home*", "*users/??", "plans"), "matches": PATTERNS[:12]}
                value = draw.choice(pool.get(operator, ("/home", "app.example", "plans", "a", "top", "/", "")))
                name = {"name": draw.choice(("tab", "none"))} if part == "query" else {}
                return {"page": part, "operator": operator, "value": value, **name}
            case 1:
                return {"element": draw.choice(ELEMENTS), "fact": draw.choice(ELEMENT_FACTS)}
            case 2:
                return {"device": draw.sample(("desktop", "tablet", "mobile"), draw.randrange(3))}
            case _:
                return {
                    "viewport": draw.choice(("width", "height")),
                    "operator": draw.choice(("<", "<=", ">", ">=")),
                    "value": draw.choice((480, 800, 1024)),
                }

    def _value(self, now: str) -> object:
        draw = self._draw
        match draw.randrange(8):
            case 0 | 1:
                return draw.choice(TEXTS)
            case 2:
                return draw.choice(NUMBERS)
            case 3:
                return draw.random() < 0.5
            case 4:
                pool = draw.choice((TEXTS[:14], NUMBERS[:6], (True, False)))
                return [draw.choice(pool) for _ in range(draw.randrange(4))]
            case 5 | 6:
                return self._near(now)
            case _:
                return draw.choice((None, *NO_DATES))

    def _property(self, now: str) -> object:
        """As an attribute, or something that no attribute may hold."""
        return self._value(now) if self._draw.random() < 0.9 else self._draw.choice(({"a": 1}, ["a", 1], "x" * 701))

    def _experience(self, now: str) -> dict[str, Any]:
        draw = self._draw
        state: dict[str, Any] = {}
        if draw.random() < 0.8:
            first, last = sorted((self._near(now, instants_only=True), self._near(now, instants_only=True)))
            state |= {"first_seen": first, "last_seen": last}
        for fact in ("completed", "dismissed", "answered"):
            if draw.random() < 0.4:
                state[fact] = self._near(now, instants_only=True)
        if draw.random() < 0.4:
            at = sorted(self._near(now, instants_only=True) for _ in range(2))
            state["snoozes"] = [{"at": each, "until": each} for each in at]
        if draw.random() < 0.6:
            answer = self._value(now)
            state["answers"] = {
                draw.choice(QUESTIONS): {"value": answer, "at": self._near(now, instants_only=True)}
            } if answer is not None else {}  # fmt: skip
        return state

    def _near(self, now: str, *, instants_only: bool = False) -> str:
        """A date some days or milliseconds away from now, mostly where a day begins or ends."""
        draw = self._draw
        moment = datetime.fromisoformat(now).astimezone(UTC) - timedelta(days=draw.choice((-1, 0, 1, 2, 6, 7, 8, 30)))
        if not instants_only and draw.random() < 0.4:
            return moment.date().isoformat()
        if draw.random() < 0.6:
            moment = moment.replace(hour=draw.choice((0, 3, 4, 5, 18, 22, 23)), minute=0, second=0, microsecond=0)
            moment += timedelta(milliseconds=draw.choice((-1, 0, 1, 1_800_000)))
        written = moment.isoformat(timespec="milliseconds")
        return written.replace("+00:00", "Z") if instants_only or draw.random() < 0.7 else written
