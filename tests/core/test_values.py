"""Values: what an attribute may hold, what a user id may be, and where a day begins."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.values import (
    DAY,
    Refused,
    check_attribute,
    check_user_id,
    day_of,
    day_start,
    instant_of,
    is_date_only,
    remembered_instant,
)


@pytest.mark.parametrize(
    "value",
    [None, True, False, "", "x", "x" * 700, "🚀" * 700, 0, -1.5, 2**53, [], ["a"], [1, 2.5], [True], ["x" * 696]],
)
def test_an_attribute_may_hold(value: object) -> None:
    kept = check_attribute(value)
    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("x" * 701, "text of 701 characters"),
        ("🚀" * 701, "text of 701 characters"),
        (["x" * 697], "a list of 701 characters as JSON"),
        (list(range(1000)), "characters as JSON"),
        (math.nan, "not a finite number"),
        (math.inf, "not a finite number"),
        (10**400, "not a finite number"),
        ([1.0, math.nan], "a number that is not finite"),
        ([10**400], "a number that is not finite"),
        (["a", 1], "mixed types"),
        ([True, 1], "mixed types"),
        ([None], "something else than text"),
        ([["a"]], "something else than text"),
        ({"a": 1}, "a nested object"),
        (datetime(2026, 1, 1, tzinfo=UTC), "a value of type 'datetime'"),
    ],
)
def test_an_attribute_may_not_hold_and_says_why(value: object, reason: str) -> None:
    kept = check_attribute(value)
    assert isinstance(kept, Refused)
    assert reason in kept.reason


def test_an_attribute_is_kept_as_every_engine_compares_it() -> None:
    assert check_attribute("cafe\u0301") == "caf\u00e9"
    assert check_attribute(["e\u0301"]) == ["\u00e9"]
    assert check_attribute(2**53 + 1) == float(2**53)
    assert check_attribute([2**70]) == [float(2**70)]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("ann", "ann"),
        (15, "15"),
        (0, "0"),
        (-3, "-3"),
        (15.0, "15"),
        (1.5, "1.5"),
        (1e-7, "0.0000001"),
        ("x" * 512, "x" * 512),
        ("NULL", "NULL"),
        (" a", " a"),
    ],
)
def test_a_user_id_is_text(value: object, kept: str) -> None:
    assert check_user_id(value) == kept


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "\t\n",
        "null",
        " undefined ",
        "[object Object]",
        None,
        True,
        [],
        ["a"],
        {},
        "x" * 513,
        math.nan,
        math.inf,
    ],
)
def test_what_is_no_user_id_is_refused(value: object) -> None:
    assert isinstance(check_user_id(value), Refused)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("1970-01-01T02:00:00+02:00", 0),
        ("2026-11-24T12:00:00.123456789-00:30", 1_795_523_400_123),
        ("0001-01-01", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ],
)
def test_a_strict_date_names_an_instant(text: str, instant: int) -> None:
    assert instant_of(text, "UTC") == instant
    assert is_date_only(text) is ("T" not in text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_python_writes_is_read_to_the_millisecond(moment: datetime) -> None:
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert instant_of(moment.isoformat(), "UTC") == expected


@pytest.mark.parametrize(
    "value", ["1970-01-01", "1970-01-01T02:00+02:00", "1970-02-30", "", None, 1, True, ["1970-01-01"]]
)
def test_what_is_remembered_is_what_was_read(value: object) -> None:
    for zone in ("Europe/Berlin", "America/New_York", "Europe/Berlin"):
        assert remembered_instant(value, zone) == instant_of(value, zone)


ZONES = st.sampled_from(
    (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "America/Toronto",
        "Asia/Kolkata",
        "Asia/Beirut",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kiritimati",
    )
)


@given(zone=ZONES, day=st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_a_day_starts_at_its_first_instant(zone: str, day: date) -> None:
    start = day_start(day.toordinal(), zone)
    # Samoa skipped a whole day; its start is the next one's.
    assert day_of(start, zone) >= day.toordinal()
    assert day_of(start - 1, zone) < day.toordinal()


def test_a_day_that_began_in_the_middle_of_a_jump_began_with_it() -> None:
    # Toronto went from 23:30 to 00:30.
    zone, day = "America/Toronto", date(1919, 3, 31)
    start = day_start(day.toordinal(), zone)
    assert datetime.fromtimestamp(start / 1000, ZoneInfo(zone)).strftime("%d %H:%M") == "31 00:30"


@given(zone=ZONES, instant=st.integers(-2_000_000_000_000, 4_000_000_000_000))
def test_days_follow_each_other(zone: str, instant: int) -> None:
    day = day_of(instant, zone)
    assert day_start(day, zone) <= instant < day_start(day + 1, zone) or zone == "Pacific/Apia"


def test_days_beyond_the_calendar_are_counted_in_utc() -> None:
    assert day_start(10**7, "Europe/Berlin") - day_start(10**7 - 1, "Europe/Berlin") == DAY
    assert day_of(10**18, "Europe/Berlin") > 10**7
