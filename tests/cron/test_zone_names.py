"""Names of time zones: those of one release of the database, and what to say of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

import pytest

from migrator.cron import Recurring, next_fires, translate, zones
from migrator.cron.caveats import young_rule
from migrator.cron.zones import from_minutes, load_zone, offset_at, to_minutes, tzdata_version, zone_names
from migrator.errors import ScheduleError

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("localtime", "depends on the machine"),
        ("posixrules", "depends on the machine"),
        ("Factory", "depends on the machine"),
        ("posix/Africa/Casablanca", "did you mean Africa/Casablanca?"),
        ("posix/America/Vancouver", "did you mean America/Vancouver?"),
        ("right/UTC", "did you mean UTC?"),
        ("Eastern Standard Time", "did you mean America/New_York?"),
        ("W. Europe Standard Time", "did you mean Europe/Berlin?"),
        ("america/new_york", "did you mean America/New_York?"),
        ("utc", "did you mean UTC?"),
        ("New_York", "did you mean America/New_York?"),
        ("new york", "did you mean America/New_York?"),
        ("PST", "did you mean America/Los_Angeles?"),
        ("Europe/Berln", "did you mean Europe/Berlin?"),
        ("UTC+2", "did you mean Etc/GMT-2"),
        ("GMT-5", "did you mean Etc/GMT+5"),
        ("+05:30", "Asia/Kolkata"),
        ("Mars/Base", "unknown time zone"),
        ("../UTC", "unknown time zone"),
        ("", "unknown time zone"),
    ],
)
def test_other_names_are_refused(name: str, what: str) -> None:
    """A name that is no name of the database is refused, and the right one is proposed where it can be told."""
    with pytest.raises(ScheduleError) as caught:
        next_fires("0 9 * * *", name, NOW, 1, dialect="vixie")
    assert what in str(caught.value)
    assert caught.value.field == "timezone"
    options = {"source": "robfig", "target": "robfig", "now": NOW, "horizon": timedelta(days=8)}
    assert translate(Recurring("0 9 * * *", name), **options).verdict.kind == "impossible"
    assert translate(Recurring("0 9 * * *", "UTC"), target_timezone=name or "?", **options).verdict.kind == "impossible"


def test_every_name_is_of_the_release_that_is_named() -> None:
    """Every name of the database loads, links among them, and the evidence names the release."""
    assert {"UTC", "America/New_York", "US/Eastern", "EST5EDT", "Etc/GMT+5", "GB"} <= zone_names()
    for name in zone_names():
        assert load_zone(name).key == name
    found = translate(
        Recurring("0 9 * * *", "US/Eastern"), source="robfig", target="robfig", now=NOW, horizon=timedelta(days=8)
    )
    assert found.verdict.evidence["tzdata"] == tzdata_version()


def test_a_system_without_files_for_links_is_read_by_its_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system's copy is the newer one, its own index says which names there are."""
    monkeypatch.setattr(zones, "_package_release", lambda: "2020a")
    monkeypatch.setattr(zones, "_system_release", lambda: "2030a")
    load_zone.cache_clear()
    try:
        assert {"America/New_York", "US/Eastern"} <= zone_names()
        for name in ("localtime", "posix/UTC", "Factory"):
            with pytest.raises(ZoneInfoNotFoundError):
                load_zone(name)
        assert load_zone("America/New_York").key == "America/New_York"
    finally:
        load_zone.cache_clear()


def irregular(zone: str, year: int) -> bool:
    """Whether some day of the year has another offset at noon than the same weekday of the year before."""
    for day in range(20, 345, 7):
        then = datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
        around = [offset_at(zone, to_minutes(then - timedelta(days=364 + n))) for n in (-8, 0, 8)]
        if offset_at(zone, to_minutes(then)) not in around:
            return True
    return False


@pytest.mark.parametrize(
    "zone",
    [
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Africa/Cairo",
        "Asia/Kolkata",
        "UTC",
    ],
)
def test_old_rules_are_not_young(zone: str) -> None:
    """A zone that follows one rule for years is never named, whatever day it is."""
    assert [young_rule(zone, to_minutes(NOW + timedelta(days=n))) for n in range(0, 800, 97)] == [None] * 9


@pytest.mark.parametrize("zone", ["America/Asuncion", "Africa/Casablanca", "America/Vancouver", "Asia/Almaty"])
def test_young_rules(zone: str) -> None:
    """A zone whose clocks go otherwise than the year before is named, in the verdict and with the day."""
    years = [year for year in range(2025, 2028) if irregular(zone, year)]
    assert years
    since = young_rule(zone, to_minutes(datetime(years[0], 12, 1, tzinfo=UTC)))
    assert since is not None
    assert abs(from_minutes(since).year - years[0]) <= 1
    now = datetime(years[0], 12, 1, tzinfo=UTC)
    verdict = translate(
        Recurring("0 9 * * *", zone), source="robfig", target="robfig", now=now, horizon=timedelta(days=8)
    ).verdict
    assert "young_zone_rule" in verdict.flags
    assert verdict.evidence["young_zone_rules"] == {zone: f"{from_minutes(since):%Y-%m-%d}"}
