"""Whatever stands in the place of one value of a call, the answer is never a 5xx and a refusal names the place."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.installation import KEY, Running
from tests.support.routes import SAMPLES, Sample, ask, filled, filled_project

ODD: list[Any] = [
    None,
    True,
    -1,
    2**63,
    1e308,
    "",
    "a\0b",
    "\ud800",
    "x" * 70_000,
    "../<b>${x}",
    [],
    {},
    {"": {"": None}},
]
ROUTES = [route for route, samples in SAMPLES.items() if any(query or body for _, query, body in samples)]
REFUSED = (400, 413, 422)
TEXT = {"content-type": "application/json"}


def places(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a value of a body stands: every one, the whole of it first."""
    yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*way, name))


def with_odd(value: Any, way: tuple[str | int, ...], odd: Any) -> Any:
    """A copy of it with something else at one place."""
    if not way:
        return odd
    changed = copy.deepcopy(value)
    holder = changed
    for name in way[:-1]:
        holder = holder[name]
    holder[way[-1]] = odd
    return changed


def odd_ones(sample: Sample) -> Iterator[tuple[bool, Sample]]:
    """The sample with one value of its query or its body odd, each in its turn; whether that is the whole body."""
    address, query, body = sample
    for name in query:
        for odd in ODD:
            if isinstance(odd, int | float | str) and odd != "\ud800":
                yield False, (address, {**query, name: str(odd)[:2000]}, body)
    if isinstance(body, dict):
        for way in places(body):
            for odd in ODD:
                yield not way, (address, query, json.dumps(with_odd(body, way, odd)))


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_an_odd_value_is_refused_by_its_name_or_taken(door: Running, route: tuple[str, str]) -> None:
    header, ids = await filled_project(door, "p_test", KEY, "a")
    ids = {**ids, "environment": "production"}
    for sample in SAMPLES[route]:
        for whole, each in odd_ones(filled(sample, ids)):
            answer = await ask(door.client, route[0], each, header | TEXT)
            assert answer.status_code < 500, (each, answer.text)
            if answer.status_code in REFUSED and not whole:
                told = answer.json()
                assert told.get("path") or told["title"].startswith("Not JSON: "), (each, told)
