"""Time zones as stretches of constant offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError, available_timezones

import pytest

from migrator.cron import zones
from migrator.cron.zones import (
    fixed_offset,
    from_minutes,
    load_zone,
    next_change,
    offset_at,
    same_zone,
    steady_dates,
    stretches,
    to_minutes,
    tzdata_version,
)

NOVEMBER = to_minutes(datetime(2026, 11, 22, tzinfo=UTC))
SAMPLE = sorted(available_timezones())[::15]


def changes(zone: str, first: int, last: int) -> list[tuple[str, int]]:
    return [(f"{from_minutes(s.start):%Y-%m-%dT%H:%M}", s.offset) for s in stretches(zone, first, last)[1:]]


@pytest.mark.parametrize(
    ("zone", "year", "expected"),
    [
        ("America/New_York", 2027, [("2027-03-14T07:00", -240), ("2027-11-07T06:00", -300)]),
        ("Australia/Lord_Howe", 2027, [("2027-04-03T15:00", 630), ("2027-10-02T15:30", 660)]),
        ("Pacific/Chatham", 2027, [("2027-04-03T14:00", 765), ("2027-09-25T14:00", 825)]),
        ("Asia/Kolkata", 2027, []),
        ("Pacific/Apia", 2011, [("2011-04-02T14:00", -660), ("2011-09-24T14:00", -600), ("2011-12-30T10:00", 840)]),
        ("America/New_York", 2427, [("2427-03-14T07:00", -240), ("2427-11-07T06:00", -300)]),
    ],
)
def test_changes(zone: str, year: int, expected: list[tuple[str, int]]) -> None:
    """Changes are found to the minute, also long after the listed ones end."""
    assert changes(zone, year, year) == expected


@pytest.mark.parametrize("zone", SAMPLE)
def test_offsets_are_those_of_the_database(zone: str) -> None:
    """At any minute the stretch found has the zone's own offset."""
    for minute in range(to_minutes(datetime(1975, 1, 1, tzinfo=UTC)), NOVEMBER * 2, 199_999):
        utcoffset = from_minutes(minute).astimezone(load_zone(zone)).utcoffset()
        assert timedelta(minutes=offset_at(zone, minute)) == utcoffset


def test_a_change_at_new_year_is_seen_from_both_years() -> None:
    """A change at the first instant of a year belongs to that year."""
    # Kwajalein skipped 21 August 1993; Samoa's neighbour Fakaofo skipped 30 December 2011 at 11:00 UTC.
    assert changes("Pacific/Fakaofo", 2011, 2012) == [("2011-12-30T11:00", 780)]


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("UTC", 0), ("Asia/Kolkata", 330), ("America/Sao_Paulo", -180), ("America/New_York", None), ("Asia/Gaza", None)],
)
def test_fixed_offset(zone: str, offset: int | None) -> None:
    """A zone without further changes has one offset; past changes do not matter."""
    assert fixed_offset(zone, NOVEMBER) == offset


def test_next_change() -> None:
    """The next change lies strictly after the minute asked for."""
    spring = to_minutes(datetime(2027, 3, 14, 7, tzinfo=UTC))
    assert next_change("America/New_York", NOVEMBER) == spring
    assert next_change("America/New_York", spring) == to_minutes(datetime(2027, 11, 7, 6, tzinfo=UTC))
    assert next_change("Asia/Tokyo", NOVEMBER) is None


def test_same_zone() -> None:
    """Other names, and zones that have come to agree, are the same; others are not."""
    assert same_zone("America/New_York", "US/Eastern", NOVEMBER)
    assert same_zone("Europe/Berlin", "Europe/Paris", NOVEMBER)
    assert same_zone("Asia/Kolkata", "Etc/GMT-5", NOVEMBER) is False
    assert not same_zone("America/New_York", "America/Havana", NOVEMBER)


def test_steady_dates() -> None:
    """In New York the second Sunday of March may fall on the 8th to the 14th: those days have no steady offset."""
    steady = steady_dates("America/New_York", 2026)
    march = [[d for d in range(1, 32) if steady[offset][3] >> (d - 1) & 1] for offset in (-300, -240)]
    assert march == [list(range(1, 7)), list(range(16, 32))]


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "..", "../UTC", "/etc/passwd", "America", "UTC\0", "a" * 5000])
def test_unknown_zones(name: str) -> None:
    """Names that are no zone, paths among them, are refused."""
    with pytest.raises(ZoneInfoNotFoundError):
        load_zone(name)


def test_the_newer_copy_of_the_database_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's release counts where it is newer than the system's, and the other way round."""
    releases = {"package": "2026f", "system": "2025b"}
    monkeypatch.setattr(zones, "_package_release", lambda: releases["package"])
    monkeypatch.setattr(zones, "_system_release", lambda: releases["system"])
    for newer, expected in (("2025a", "2026f"), ("2027a", "2027a"), ("", "2026f")):
        releases["system"] = newer
        tzdata_version.cache_clear()
        assert tzdata_version() == expected
    tzdata_version.cache_clear()
