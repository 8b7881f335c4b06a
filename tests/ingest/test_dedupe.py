"""Exact ids: what was seen is known, nothing else is, and a day is forgotten whole."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.ingest import dedupe
from handrail.ingest.dedupe import ID_SIZE, SeenIds, dedupe_id


def test_an_id_belongs_to_one_environment() -> None:
    assert dedupe_id("production", "m1") == dedupe_id("production", "m1")
    assert len({dedupe_id(*each) for each in (("a", "bc"), ("ab", "c"), ("a", "b"), ("b", "a"))}) == 4
    assert len(dedupe_id("production", "m1")) == ID_SIZE


def test_a_message_id_of_any_characters_has_an_id() -> None:
    for message_id in ("", "é", "\ud800", "x" * 10_000):
        assert len(dedupe_id("production", message_id)) == ID_SIZE


def an_id(number: int) -> bytes:
    """One of few prefixes, so that ids share buckets as they do when there are millions."""
    return bytes([number % 3, 0]) + dedupe_id("production", str(number))[2:]


@settings(max_examples=40)
@given(days=st.lists(st.lists(st.integers(0, 500), max_size=60), min_size=1, max_size=6), drop=st.integers(0, 6))
def test_ids_are_known_from_their_day_until_it_is_forgotten(days: list[list[int]], drop: int) -> None:
    seen, known = SeenIds(), [set[bytes]() for _ in days]
    for day, numbers in enumerate(days):
        if day:
            seen.seal_day()
        for number in numbers:
            identity = an_id(number)
            assert (identity in seen) == any(identity in each for each in known)
            if identity not in seen:
                seen.add([identity])
                known[day].add(identity)
    for _ in range(min(drop, len(days) - 1)):
        seen.forget_day()
        known.pop(0)
    for number in range(501):
        identity = an_id(number)
        assert (identity in seen) == any(identity in each for each in known)
    assert len(seen) == sum(map(len, known))


def test_nothing_new_is_taken_for_a_repeat_among_many() -> None:
    choose = random.Random(5)
    ids = [choose.randbytes(ID_SIZE) for _ in range(200_000)]
    seen = SeenIds()
    seen.add(ids[:100_000])
    assert all(identity in seen for identity in ids[:100_000])
    assert not any(identity in seen for identity in ids[100_000:])


def test_ids_outlive_wider_buckets_and_go_with_their_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dedupe, "BUCKETS", 8)
    choose = random.Random(6)
    days = [[choose.randbytes(ID_SIZE) for _ in range(900)] for _ in range(4)]
    seen = SeenIds()
    for day in days:
        for start in range(0, len(day), 100):
            seen.add(day[start : start + 100])
        seen.seal_day()
    assert len(seen) == 3600, "more than eight buckets of 255 hold"
    while days:
        assert all(identity in seen for day in days for identity in day)
        seen.forget_day()
        assert not any(identity in seen for identity in days.pop(0))
    assert len(seen) == 0
