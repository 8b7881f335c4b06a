"""Questions answered by going through every event in Python: slow, short, and asked beside both stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise, product

import msgspec

from handrail.core.people import AttributeValue


class Deed(msgspec.Struct, frozen=True):
    """One event: who did it, what, on which day and at which instant, with which properties."""

    person: str
    name: str
    day: int
    instant: int
    properties: dict[str, AttributeValue]


Passes = Callable[[Deed], bool]


def within(deeds: Sequence[Deed], passes: Passes, first: int, last: int) -> list[Deed]:
    """The deeds of some days that pass."""
    return [each for each in deeds if first <= each.day <= last and passes(each)]


def uniques(deeds: Sequence[Deed], passes: Passes, first: int, last: int) -> list[tuple[int, int, int]]:
    """Day, persons, times."""
    kept = within(deeds, passes, first, last)
    days = sorted({each.day for each in kept})
    return [
        (day, len({each.person for each in kept if each.day == day}), sum(each.day == day for each in kept))
        for day in days
    ]


def funnel(deeds: Sequence[Deed], steps: Sequence[Passes], first: int, last: int, limit: int | None) -> list[int]:
    """How many persons reached each step: every choice of one deed a step is tried."""
    reached = [0] * len(steps)
    for person in {each.person for each in deeds}:
        mine = [within([each for each in deeds if each.person == person], step, first, last) for step in steps]
        for count in range(1, len(steps) + 1):
            reached[count - 1] += any(_in_order(chain, limit) for chain in product(*mine[:count]))
    return reached


def _in_order(chain: Sequence[Deed], limit: int | None) -> bool:
    times = [each.instant for each in chain]
    rising = all(one < other for one, other in pairwise(times))
    return rising and (limit is None or times[-1] - times[0] <= limit)


def breakdown(deeds: Sequence[Deed], passes: Passes, name: str, first: int, last: int) -> dict[object, tuple[int, int]]:
    """Times and persons by value; lists and what is missing under None."""
    times: Counter[object] = Counter()
    people: dict[object, set[str]] = {}
    for each in within(deeds, passes, first, last):
        value = each.properties.get(name)
        key: object = None if value is None or isinstance(value, list) else (type(value) is bool, value)
        times[key] += 1
        people.setdefault(key, set()).add(each.person)
    return {key: (count, len(people[key])) for key, count in times.items()}


def retention(
    deeds: Sequence[Deed], start: Passes, back: Passes, first: int, last: int, size: int, stretches: int
) -> dict[tuple[int, int], int]:
    """Persons by cohort and stretch; -1 is the cohort's size."""
    counts: Counter[tuple[int, int]] = Counter()
    for person in {each.person for each in deeds}:
        mine = [each for each in deeds if each.person == person]
        days = [each.day for each in mine if start(each)]
        if not days or not first <= min(days) <= last:
            continue
        begun = min(days)
        cohort = (begun - first) // size
        counts[cohort, -1] += 1
        for stretch in {(each.day - begun) // size for each in mine if back(each) and each.day >= begun}:
            if stretch < stretches:
                counts[cohort, stretch] += 1
    return dict(counts)


def times(deeds: Sequence[Deed], start: Passes, end: Passes, first: int, last: int) -> list[int]:
    """How long each person who came through took, sorted."""
    found: list[int] = []
    for person in {each.person for each in deeds}:
        mine = [each for each in deeds if each.person == person]
        begun = [each.instant for each in within(mine, start, first, last)]
        if begun:
            ends = [each.instant for each in within(mine, end, first, last) if each.instant >= min(begun)]
            found += [min(ends) - min(begun)] if ends else []
    return sorted(found)
