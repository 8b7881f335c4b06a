"""One user against 100 audiences of about five mixed conditions, beside two peers and hand-written generated source.

Everybody answers the same audiences over the same users, and has to give the same answers before anything is timed.
The peers are given what they like best: contexts prepared beforehand, no tracking, segments without features.
The limit is Python source written for just these audiences, with the operator table's semantics spelled out by hand
for the types that occur; whichever of its two forms (shared tests first, or each audience on its own) is quicker
counts. Ours gets `Facts` as boot does, and reads dates from their text, as the limit does; both remember the latest.
"""

from __future__ import annotations

import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from handrail.compile.predicates import compile_audiences
from handrail.core.conditions.model import parse_condition
from handrail.core.people import AttributeValue, Facts
from handrail.core.values import check_attribute, instant_of, remembered_instant

USERS = 400
AUDIENCES = 100
ROUNDS = 7
GOAL_PEER = 45
GOAL_LIMIT = 0.6

PLANS = ["trial", "pro", "team", "enterprise"]
ROLES = ["viewer", "editor", "admin", "owner"]
COUNTRIES = [f"C{at:02}" for at in range(30)]
HOSTS = ["acme.example", "globex.example", "initech.example", "hooli.example"]

Attributes = dict[str, AttributeValue]
Answers = Callable[[Any], Sequence[int]]


def rows() -> list[dict[str, object]]:
    """The table's rows."""
    found: list[dict[str, object]] = []
    for name, share in (("most audiences fail part-way", 0.0), ("every condition true", 1.0)):
        found.append(_row(name, *_measured(share)))
    return found


def _row(name: str, ours: float, peers: dict[str, float], limit: float) -> dict[str, object]:
    peer = max(peers, key=lambda each: peers[each])
    other = min(peers, key=lambda each: peers[each])
    return {
        "bench": "evaluator",
        "what": f"users/s against {AUDIENCES} audiences, {name} (peer: {peer}; {other} {peers[other]:,.0f})",
        "ours": ours,
        "peer": peers[peer],
        "limit": limit,
        "ratio_to_peer": ours / peers[peer],
        "ratio_to_limit": ours / limit,
        "goal": f">= {GOAL_PEER}x the peer, >= {GOAL_LIMIT:.0%} of the limit",
        "met": ours >= GOAL_PEER * peers[peer] and ours >= GOAL_LIMIT * limit,
    }


def _measured(share: float) -> tuple[float, dict[str, float], float]:
    draw = random.Random(2026)
    users = [make_user(draw) for _ in range(USERS)]
    audiences = make_audiences(draw, users[0] if share else None)
    if share:
        users = users[:1] * USERS
    facts = [Facts(custom=user, today=1, zone="UTC") for user in users]
    predicate = compile_audiences([parse_condition(each) for each in audiences], {}, "UTC")
    entries: dict[str, tuple[Answers, list[Any]]] = {
        "ours": (predicate, facts),
        "limit, shared": (by_hand(audiences, shared=True), users),
        "limit, each alone": (by_hand(audiences, shared=False), users),
        "growthbook": growthbook(audiences, users),
        "flagsmith-flag-engine": flagsmith(audiences, users),
    }
    expected = [predicate(each) for each in facts]
    for name, (answers, subjects) in entries.items():
        count = 40 if name in ("growthbook", "flagsmith-flag-engine") else USERS
        got = [list(answers(each)) for each in subjects[:count]]
        if got != expected[:count]:
            at = next(at for at in range(count) if got[at] != expected[at])
            raise AssertionError(f"{name} answers {got[at]} for {users[at]}, ours {expected[at]}")
    times: dict[str, list[float]] = {name: [] for name in entries}
    for _ in range(ROUNDS):
        for name, (answers, subjects) in entries.items():
            times[name].append(_users_a_second(answers, subjects))
    median = {name: statistics.median(each) for name, each in times.items()}
    limit = max(median["limit, shared"], median["limit, each alone"])
    return median["ours"], {name: median[name] for name in ("growthbook", "flagsmith-flag-engine")}, limit


def _users_a_second(answers: Answers, subjects: list[Any]) -> float:
    """Users answered in one CPU second, from at least a tenth of one."""
    answered, started = 0, time.process_time()
    while (spent := time.process_time() - started) < 0.1:
        for each in subjects[:20]:
            answers(each)
        answered += 20
        subjects = subjects[20:] + subjects[:20]
    return answered / spent


# What is asked, and of whom.


def make_user(draw: random.Random) -> Attributes:
    """A user with ten attributes, of which some may be missing. Numbers are always there: the peers differ on those."""
    user: dict[str, object] = {
        "plan": draw.choice(PLANS),
        "role": draw.choice(ROLES),
        "country": draw.choice(COUNTRIES),
        "email": f"user{draw.randrange(10_000)}@{draw.choice(HOSTS)}",
        "language": draw.choice(["en", "de", "fr", "ja"]),
        "seats": draw.randrange(500),
        "visits": draw.randrange(200),
        "is_admin": draw.random() < 0.3,
        "created": _date(draw),
        "last_seen": _date(draw),
    }
    for name in ("plan", "role", "country", "email", "language", "created"):
        if draw.random() < 0.1:
            del user[name]
    kept: Attributes = {}
    for name, value in user.items():
        checked = check_attribute(value)
        assert isinstance(checked, str | int | float | bool)
        kept[name] = checked
    return kept


def _date(draw: random.Random) -> str:
    day = f"20{draw.randrange(20, 27)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
    return f"{day}T{draw.randrange(24):02}:30:00Z"


def make_audiences(draw: random.Random, of: Attributes | None) -> list[dict[str, Any]]:
    """A hundred audiences of three to seven conditions; one in five holds a group. With `of`, all true for it."""
    return [{"all": list(_members(draw, of))} for _ in range(AUDIENCES)]


def _members(draw: random.Random, of: Attributes | None) -> Iterator[dict[str, Any]]:
    grouped = draw.random() < 0.2
    for at in range(draw.randrange(3, 8)):
        if grouped and at == 1:
            yield {"any": [_leaf(draw, of), _leaf(draw, of)]}
        else:
            yield _leaf(draw, of)


def _leaf(draw: random.Random, of: Attributes | None) -> dict[str, Any]:
    while True:
        leaf = _any_leaf(draw)
        if of is None or compile_audiences([parse_condition(leaf)], {}, "UTC")(Facts(custom=of)):
            return leaf


def _any_leaf(draw: random.Random) -> dict[str, Any]:
    match draw.randrange(9):
        case 0:
            return _asked("plan", draw.choice(["is", "is_not"]), draw.choice(PLANS))
        case 1:
            return _asked("role", "one_of", draw.sample(ROLES, 2))
        case 2:
            return _asked("country", draw.choice(["one_of", "none_of"]), draw.sample(COUNTRIES, 8))
        case 3:
            return _asked("email", "contains", draw.choice(["acme", "globex", "@", ".example", "user1"]))
        case 4:
            return _asked("seats", draw.choice([">", ">=", "<"]), draw.randrange(0, 500, 25))
        case 5:
            return _asked("visits", draw.choice([">", "<="]), draw.randrange(0, 200, 10))
        case 6:
            return _asked("is_admin", "is", draw.random() < 0.5)
        case 7:
            return _asked("created", "after", _date(draw))
        case _:
            return _asked("last_seen", draw.choice(["before", "after"]), _date(draw))


def _asked(name: str, operator: str, value: object) -> dict[str, Any]:
    return {"attribute": f"custom.{name}", "operator": operator, "value": value}


# The peers.


def growthbook(audiences: list[dict[str, Any]], users: list[Attributes]) -> tuple[Answers, list[Any]]:
    """GrowthBook's `eval_feature`, one feature with one forced rule an audience."""
    from growthbook.common_types import EvaluationContext, Feature, GlobalContext, Options, StackContext, UserContext
    from growthbook.core import eval_feature

    features = {
        f"audience{at}": Feature(defaultValue=False, rules=[{"condition": for_growthbook(each), "force": True}])
        for at, each in enumerate(audiences)
    }
    shared = GlobalContext(options=Options(), features=features)
    contexts = [
        EvaluationContext(
            user=UserContext(attributes=user), global_ctx=shared, stack=StackContext(evaluated_features=set())
        )
        for user in users
    ]
    keys = list(enumerate(features))

    def answers(context: Any) -> list[int]:
        matched: list[int] = []
        for at, key in keys:
            # The client makes a fresh set for each feature; clearing one is cheaper still.
            context.stack.evaluated_features.clear()
            if eval_feature(key, context).on:
                matched.append(at)
        return matched

    return answers, contexts


def for_growthbook(condition: dict[str, Any]) -> dict[str, Any]:
    """A condition in GrowthBook's words."""
    if "all" in condition:
        parts = [for_growthbook(each) for each in condition["all"]]
        # One mapping is its quickest form; attributes that are asked twice need a list.
        flat = {name: value for part in parts for name, value in part.items()}
        return flat if len(flat) == len(parts) else {"$and": parts}
    if "any" in condition:
        return {"$or": [for_growthbook(each) for each in condition["any"]]}
    name, operator, value = condition["attribute"].partition(".")[2], condition["operator"], condition["value"]
    words = {"is_not": "$ne", "one_of": "$in", "none_of": "$nin", ">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte"}
    words |= {"before": "$lt", "after": "$gt"}
    if operator == "is":
        return {name: value}
    if operator == "contains":
        return {name: {"$regex": re.escape(value)}}
    return {name: {words[operator]: value}}


def flagsmith(audiences: list[dict[str, Any]], users: list[Attributes]) -> tuple[Answers, list[Any]]:
    """Flagsmith's engine, one segment an audience and no features."""
    from flag_engine.engine import get_evaluation_result

    segments = {
        str(at): {"key": str(at), "name": str(at), "rules": [_for_flagsmith(each)]} for at, each in enumerate(audiences)
    }
    contexts = [
        {
            "environment": {"key": "e", "name": "e"},
            "identity": {"identifier": "u", "key": "e_u", "traits": user},
            "segments": segments,
            "features": {},
        }
        for user in users
    ]

    def answers(context: Any) -> list[int]:
        return [int(each["name"]) for each in get_evaluation_result(context)["segments"]]

    return answers, contexts


def _for_flagsmith(condition: dict[str, Any]) -> dict[str, Any]:
    if "all" not in condition and "any" not in condition:
        return _leaf_for_flagsmith(condition)
    kind, members = ("ALL", condition["all"]) if "all" in condition else ("ANY", condition["any"])
    made = [_for_flagsmith(each) for each in members]
    rule: dict[str, Any] = {"type": kind}
    if conditions := [each for each in made if "operator" in each]:
        rule["conditions"] = conditions
    if rules := [each for each in made if "type" in each]:
        rule["rules"] = rules
        if kind == "ANY" and conditions:
            # A rule wants both its conditions and its rules; inside "any" each stands as a rule of its own.
            rule = {"type": "ANY", "rules": [*rules, *({"type": "ALL", "conditions": [each]} for each in conditions)]}
    return rule


def _leaf_for_flagsmith(condition: dict[str, Any]) -> dict[str, Any]:
    name, operator, value = condition["attribute"].partition(".")[2], condition["operator"], condition["value"]
    words = {"is": "EQUAL", "one_of": "IN", "contains": "CONTAINS", ">": "GREATER_THAN", ">=": "GREATER_THAN_INCLUSIVE"}
    words |= {"<": "LESS_THAN", "<=": "LESS_THAN_INCLUSIVE", "before": "LESS_THAN", "after": "GREATER_THAN"}
    if operator in ("is_not", "none_of"):
        positive = {"property": name, "operator": "EQUAL" if operator == "is_not" else "IN", "value": value}
        return {"type": "NONE", "conditions": [positive]}
    written = value if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)
    return {"property": name, "operator": words[operator], "value": written}


# The limit.


def by_hand(audiences: list[dict[str, Any]], *, shared: bool) -> Answers:
    """Source for exactly these audiences. `shared` answers tests that several audiences ask once, at the head."""
    constants: dict[str, object] = {"instant_of": remembered_instant, "nan": float("nan")}
    uses: Counter[str] = Counter()
    tests = [_source(each, constants, uses) for each in audiences]
    names = {test: f"t{at}" for at, (test, times) in enumerate(uses.items()) if shared and times > 1}
    lines = ["def answers(user):", "    get = user.get", "    out = []", "    keep = out.append"]
    for name in ("plan", "role", "country", "is_admin"):
        lines.append(f"    {name} = get({name!r})")
    lines += [
        "    email = get('email')",
        "    if email.__class__ is not str: email = ''",
    ]
    for name in ("seats", "visits"):
        lines += [
            f"    {name} = get({name!r})",
            f"    if {name}.__class__ is not int and {name}.__class__ is not float: {name} = nan",
        ]
    for name in ("created", "last_seen"):
        lines += [f"    {name} = instant_of(get({name!r}), 'UTC')", f"    if {name} is None: {name} = nan"]
    lines += [f"    {name} = {test}" for test, name in names.items()]
    for at, written in enumerate(tests):
        test = written
        for known, name in names.items():
            test = test.replace(f"({known})", name)
        lines.append(f"    if {test}: keep({at})")
    lines.append("    return out")
    exec("\n".join(lines), constants)
    return constants["answers"]  # type: ignore[return-value]


def _source(condition: dict[str, Any], constants: dict[str, object], uses: Counter[str]) -> str:
    for word, sign in (("all", " and "), ("any", " or ")):
        if word in condition:
            return "(" + sign.join(_source(each, constants, uses) for each in condition[word]) + ")"
    name, operator, value = condition["attribute"].partition(".")[2], condition["operator"], condition["value"]
    signs = {"is": "==", "is_not": "!=", "before": "<", "after": ">"}
    if operator in ("one_of", "none_of"):
        constant = "set_" + "_".join(sorted(value))
        constants[constant] = frozenset(value)
        test = f"{name} {'in' if operator == 'one_of' else 'not in'} {constant}"
    elif operator == "contains":
        test = f"{value!r} in {name}"
    elif isinstance(value, bool):
        test = f"{name} is {value}"
    elif operator in ("before", "after"):
        test = f"{name} {signs[operator]} {instant_of(value, 'UTC')}"
    else:
        test = f"{name} {signs.get(operator, operator)} {value!r}"
    uses[test] += 1
    return f"({test})"


if __name__ == "__main__":
    for each in rows():
        print(each)
