"""When schedules fire."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.cron import DIALECTS, next_fires, parse
from migrator.errors import ScheduleError
from tests.cron.texts import ZONES, texts
from tests.cron.walk import walk

NEW_YORK = "America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(text: str, dialect: str, zone: str, after: str, count: int = 3) -> list[str]:
    found = next_fires(text, zone, at(after), count, dialect=dialect)
    return [f"{t:%Y-%m-%dT%H:%M}" for t in found]


@pytest.mark.parametrize(
    ("text", "dialect", "zone", "after", "expected"),
    [
        ("0 9 * * 1-5", "robfig", NEW_YORK, "2026-11-20T15:00", ["2026-11-23T14:00", "2026-11-24T14:00"]),
        ("0 9 ? * 2 *", "eventbridge", "UTC", "2026-11-22", ["2026-11-23T09:00", "2026-11-30T09:00"]),
        ("0 9 * * 0", "vixie", "UTC", "2026-11-22T09:00", ["2026-11-29T09:00", "2026-12-06T09:00"]),
        ("0 0 29 2 ? *", "eventbridge", "UTC", "2096-03-01", ["2104-02-29T00:00", "2108-02-29T00:00"]),
        ("0 0 L * ? *", "eventbridge", "UTC", "2028-02-01", ["2028-02-29T00:00", "2028-03-31T00:00"]),
        ("0 0 L-30 * ? *", "eventbridge", "UTC", "2026-01-02", ["2026-03-01T00:00", "2026-05-01T00:00"]),
        ("0 0 0 LW * ?", "quartz", "UTC", "2027-01-01", ["2027-01-29T00:00", "2027-02-26T00:00"]),
        ("0 0 1W * ? *", "eventbridge", "UTC", "2027-05-01", ["2027-05-03T00:00", "2027-06-01T00:00"]),
        ("0 0 31W * ? *", "eventbridge", "UTC", "2027-01-01", ["2027-01-29T00:00", "2027-03-31T00:00"]),
        ("0 0 7W FEB ? *", "eventbridge", "UTC", "2027-01-01", ["2027-02-08T00:00", "2028-02-07T00:00"]),
        ("0 0 ? * FRIL *", "eventbridge", "UTC", "2027-01-01", ["2027-01-29T00:00", "2027-02-26T00:00"]),
        ("0 0 ? * MON#5 *", "eventbridge", "UTC", "2027-01-01", ["2027-03-29T00:00", "2027-05-31T00:00"]),
        ("0 0 1,15 * 5", "vixie", "UTC", "2027-01-02", ["2027-01-08T00:00", "2027-01-15T00:00"]),
        ("0 0 */2 * 1", "vixie", "UTC", "2027-01-01", ["2027-01-11T00:00", "2027-01-25T00:00"]),
        ("0 0 */2 * 1", "robfig", "UTC", "2027-01-01", ["2027-01-03T00:00", "2027-01-04T00:00"]),
        ("0 9 ? * MON 2027", "eventbridge", "UTC", "2027-12-20T09:00", ["2027-12-27T09:00"]),
        ("0 9 ? * MON 2027", "eventbridge", "UTC", "2028-01-01", []),
        ("0 9 1 1 ? 2199", "eventbridge", "UTC", "2026-01-01", ["2199-01-01T09:00"]),
        ("0 9 30 2 *", "robfig", NEW_YORK, "2026-01-01", []),
        ("0 9 * * FRI-MON", "cronie", "UTC", "2026-01-01", []),
        ("30 3 * * *", "vixie", "Asia/Kolkata", "2026-11-22", ["2026-11-22T22:00", "2026-11-23T22:00"]),
        ("0 0 * * *", "vixie", "Pacific/Kiritimati", "2026-11-22", ["2026-11-22T10:00", "2026-11-23T10:00"]),
        ("0 0 * * *", "vixie", "Pacific/Apia", "2011-12-29", ["2011-12-29T10:00", "2011-12-30T10:00"]),
    ],
)
def test_next_fires(text: str, dialect: str, zone: str, after: str, expected: list[str]) -> None:
    """The next instants, strictly after the given one."""
    assert fires(text, dialect, zone, after, 2) == expected


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("30 2 * * ? *", "eventbridge", []),
        ("30 2 * * *", "robfig", []),
        ("0 30 2 * * ?", "quartz", []),
        ("30 2 * * *", "vixie", ["07:00"]),
        ("30 2 * * *", "cronie", ["07:00"]),
        ("30 2 * * *", "github", ["07:00"]),
        ("15,45 2 * * *", "vixie", ["07:00"]),
        ("0 2,3 * * *", "vixie", ["07:00"]),
        ("30 2 14 3 0", "posix", ["07:00"]),
        ("*/30 2 * * *", "vixie", []),
        ("30 */2 * * *", "vixie", ["05:30", "08:30", "10:30"]),
        ("0 * * * *", "vixie", ["05:00", "06:00", "07:00", "08:00", "09:00", "10:00"]),
        ("0 1-3 * * *", "robfig", ["06:00", "07:00"]),
    ],
)
def test_skipped_times(text: str, dialect: str, expected: list[str]) -> None:
    """New York, 14 March 2027: 02:00 to 03:00 does not exist (07:00 UTC is 03:00)."""
    found = next_fires(text, NEW_YORK, at("2027-03-14T04:59"), 10, dialect=dialect)
    assert [f"{t:%H:%M}" for t in found if t < at("2027-03-14T11:00")] == expected


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("30 1 * * ? *", "eventbridge", ["05:30"]),
        ("30 1 * * *", "vixie", ["05:30"]),
        ("0 30 1 * * ?", "quartz", ["06:30"]),
        ("30 1 * * *", "robfig", ["05:30", "06:30"]),
        ("0 * * * ? *", "eventbridge", ["05:00", "07:00", "08:00"]),
        ("0 0 * * * ?", "quartz", ["06:00", "07:00", "08:00"]),
        ("0 * * * *", "robfig", ["05:00", "06:00", "07:00", "08:00"]),
        ("0 * * * *", "vixie", ["05:00", "06:00", "07:00", "08:00"]),
        ("*/30 1 * * *", "vixie", ["05:00", "05:30", "06:00", "06:30"]),
        ("0,30 1 * * *", "vixie", ["05:00", "05:30"]),
        ("0 0-3 * * *", "vixie", ["05:00", "07:00", "08:00"]),
    ],
)
def test_repeated_times(text: str, dialect: str, expected: list[str]) -> None:
    """New York, 7 November 2027: 01:00 to 02:00 occurs at 05:00 and again at 06:00 UTC."""
    found = next_fires(text, NEW_YORK, at("2027-11-07T04:30"), 10, dialect=dialect)
    assert [f"{t:%H:%M}" for t in found if t <= at("2027-11-07T08:00")] == expected


def test_a_window_may_begin_inside_repeated_time() -> None:
    """A job that ran in the first pass does not run again because somebody asks between the passes."""
    assert fires("45 1 * * ? *", "eventbridge", NEW_YORK, "2027-11-07T06:10", 1) == ["2027-11-08T06:45"]


def test_half_hour_changes() -> None:
    """Lord Howe moves by half an hour: 02:15 is skipped in October and repeated in April."""
    zone = "Australia/Lord_Howe"
    assert fires("15 2 * * ? *", "eventbridge", zone, "2026-10-02T16:00", 2) == ["2026-10-04T15:15", "2026-10-05T15:15"]
    assert fires("45 1 * * *", "robfig", zone, "2027-04-03T14:00", 2) == ["2027-04-03T14:45", "2027-04-03T15:15"]


def test_seconds() -> None:
    """Quartz has seconds, and they are compared exactly."""
    found = next_fires("15,45 30 1 * * ?", "UTC", at("2026-11-22T01:30:15"), 2, dialect="quartz")
    assert found == [at("2026-11-22T01:30:45"), at("2026-11-23T01:30:15")]


def test_strictly_after_any_offset() -> None:
    """`after` may be in any zone, and a fire at that very instant is not after it."""
    after = datetime(2026, 11, 22, 11, 0, tzinfo=timezone(timedelta(hours=2)))
    assert next_fires("0 9 * * *", "UTC", after, 1, dialect="vixie") == [at("2026-11-23T09:00")]
    assert next_fires("0 9 * * *", "UTC", after - timedelta(microseconds=1), 1, dialect="vixie") == [after]


def test_results_are_aware_utc() -> None:
    """Instants come in UTC."""
    (found,) = next_fires(parse("0 9 * * *", "robfig"), NEW_YORK, at("2026-11-22"), 1, dialect="robfig")
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "after", "field"),
    [
        ("Mars/Olympus", at("2026-11-22"), "timezone"),
        ("../../etc/passwd", at("2026-11-22"), "timezone"),
        ("", at("2026-11-22"), "timezone"),
        ("UTC", datetime(2026, 11, 22), "after"),  # noqa: DTZ001 (a time without a zone is the point)
        ("UTC", at("1850-01-01"), "after"),
    ],
)
def test_refused(zone: str, after: datetime, field: str) -> None:
    """Unknown zones and times without a zone are refused."""
    with pytest.raises(ScheduleError) as caught:
        next_fires("0 9 * * *", zone, after, 1, dialect="vixie")
    assert caught.value.field == field


@pytest.mark.parametrize("count", [0, -1])
def test_no_fires_asked_for(count: int) -> None:
    """Asking for nothing gives nothing."""
    assert next_fires("* * * * *", "UTC", at("2026-11-22"), count, dialect="vixie") == []


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_agrees_with_a_minute_by_minute_walk(dialect: str, data: st.DataObject) -> None:
    """The next fires are those that a look at every minute finds, clock changes included."""
    text, zone = data.draw(texts(dialect)), data.draw(ZONES)
    day = data.draw(st.sampled_from([73, 87, 277, 305, 311, 60, 366]) | st.integers(0, 730))
    start = at("2026-12-31") + timedelta(days=day, minutes=data.draw(st.integers(0, 1439)))
    end = start + timedelta(days=2)
    expected = walk(text, dialect, zone, start, end)
    found = next_fires(text, zone, start - timedelta(microseconds=1), len(expected) + 1, dialect=dialect)
    assert [t for t in found if t < end] == expected
