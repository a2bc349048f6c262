"""Saying a job on another platform, and how faithful that is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrator.cron import Once, Recurring, parse, translate
from tests.cron.moving import NEW_YORK, NOVEMBER, WEEK, move, said
from tests.cron.walk import walk

MARCH = datetime(2027, 3, 10, tzinfo=UTC)
FALL_BACK = datetime(2026, 10, 30, tzinfo=UTC)

FOR_EVER = [
    ("0 9 * * 1-5", "vixie>eventbridge@UTC", "UTC", ["0 9 ? * MON-FRI *"]),
    ("0 9 ? * MON *", "eventbridge>robfig", NEW_YORK, ["0 9 * * 1"]),
    ("0 9 ? * MON-FRI *", "eventbridge>vixie@UTC", "Asia/Tokyo", ["0 0 * * 1-5"]),
    ("0 3 ? * MON-FRI *", "eventbridge>vixie@UTC", "Asia/Kolkata", ["30 21 * * 0-4"]),
    ("0 9 * * ? *", "eventbridge>vixie@UTC", "Asia/Kathmandu", ["15 3 * * *"]),
    ("0 9 * * ? *", "eventbridge>vixie@UTC", "America/Sao_Paulo", ["0 12 * * *"]),
    ("0 9 * * *", "robfig>vixie@Etc/UTC", "UTC", ["0 9 * * *"]),
    ("0 9 * * *", "robfig>github@US/Eastern", NEW_YORK, ["0 9 * * *"]),
    ("*/15 * * * *", "robfig>vixie@UTC", NEW_YORK, ["*/15 * * * *"]),
    ("0 * * * *", "robfig>vixie@UTC", NEW_YORK, ["0 * * * *"]),
    ("30 * * * *", "robfig>vixie@UTC", "Asia/Kolkata", ["0 * * * *"]),
    ("0 20 30 6 *", "robfig>vixie@UTC", NEW_YORK, ["0 0 1 7 *"]),
    ("0 9 ? 6-8 MON-FRI *", "eventbridge>vixie@UTC", NEW_YORK, ["0 13 * 6-8 1-5"]),
    ("0 9 1 1 *", "robfig>vixie@UTC", "Australia/Sydney", ["0 22 31 12 *"]),
    ("0 3 1 * *", "robfig>eventbridge@UTC", "Asia/Kolkata", ["30 21 L * ? *"]),
    ("0 20 L * ? *", "eventbridge>vixie@UTC", "Etc/GMT+5", ["0 1 1 * *"]),
    ("0 0 * * 0-6", "github>posix", "Europe/Berlin", ["0 0 * * *"]),
    ("30 4 1,15 * 5", "vixie>robfig", "UTC", ["30 4 1,15 * 5"]),
    ("0 0 10 ? * MON#1", "quartz>eventbridge", "UTC", ["0 10 ? * MON#1 *"]),
    ("0 0 15,28 * 1", "vixie>robfig@UTC", "Etc/GMT-3", ["0 21 14,27 * 0"]),
]


@pytest.mark.parametrize(("text", "route", "zone", "expected"), FOR_EVER)
def test_exact(text: str, route: str, zone: str, expected: list[str]) -> None:
    """One expression says it for ever, and needs no renewal."""
    found = move(text, route, zone)
    assert (found.verdict.kind, said(found), found.verdict.until) == ("exact", expected, None)


SPLITS = [
    ("0,45 9-11 * * *", "robfig>vixie@UTC", "Asia/Kolkata", ["15 4-6 * * *", "30 3-5 * * *"]),
    (
        "0,30 18-21 * * 1-5",
        "robfig>vixie@UTC",
        "Etc/GMT+5",
        ["*/30 0-2 * * 2-6", "*/30 23 * * 1-5"],
    ),
    (
        "0 0 1-7 * 1",
        "cronie>eventbridge",
        "UTC",
        ["0 0 1-7 * ? *", "0 0 ? * MON#2 *", "0 0 ? * MON#3 *", "0 0 ? * MON#4 *", "0 0 ? * MON#5 *"],
    ),
    ("0 3 30,31 * *", "robfig>vixie@UTC", "Asia/Kolkata", ["30 21 29 4,6,9,11 *", "30 21 29,30 1,3,5,7,8,10,12 *"]),
    ("0 0 9 1,L * ?", "quartz>eventbridge", "UTC", ["0 9 1 * ? *", "0 9 L * ? *"]),
    ("0 3 1,15 * *", "robfig>eventbridge@UTC", "Asia/Kolkata", ["30 21 14 * ? *", "30 21 L * ? *"]),
]


@pytest.mark.parametrize(("text", "route", "zone", "expected"), SPLITS)
def test_exact_split(text: str, route: str, zone: str, expected: list[str]) -> None:
    """Several disjoint expressions say it for ever."""
    found = move(text, route, zone)
    assert (found.verdict.kind, said(found)) == ("exact_split", expected)


WINDOWS = [
    ("0 9 ? * MON-FRI *", "eventbridge>vixie@UTC", NEW_YORK, NOVEMBER, ["0 14 * * 1-5"]),
    ("0 9 * * ? *", "eventbridge>vixie@UTC", NEW_YORK, MARCH, ["0 13 14-31 3 *", "0 14 10-13 3 *"]),
    ("0 9 ? * SAT *", "eventbridge>vixie@UTC", NEW_YORK, MARCH, ["0 14 * * 6"]),
    ("0 9 ? * MON *", "eventbridge>vixie@UTC", NEW_YORK, MARCH, ["0 13 * * 1"]),
    ("0 0 L * ? *", "eventbridge>vixie@UTC", "UTC", NOVEMBER, ["0 0 30 11 *"]),
    ("0 12 15W * ? *", "eventbridge>vixie@UTC", "UTC", NOVEMBER, ["0 12 15 1,2,12 *"]),
    ("0 3 1 * ? *", "eventbridge>vixie@UTC", "Asia/Kolkata", NOVEMBER, ["30 21 30 11 *"]),
    ("0 9 ? * MON 2027", "eventbridge>vixie@UTC", "UTC", NOVEMBER, ["0 9 * 1-6 1"]),
    ("30 4 1,15 * 5", "vixie>eventbridge@UTC", "UTC", NOVEMBER, ["30 4 27 11 ? 2026"]),
    ("30 1 * * *", "robfig>eventbridge", NEW_YORK, FALL_BACK, ["30 1 * * ? *", "30 6 1 11 ? 2026"]),
    ("30 1 * * ? *", "eventbridge>robfig", NEW_YORK, FALL_BACK, ["30 5 1,30,31 10,11 *", "30 6 2-6 11 *"]),
    ("0 0 29 2 ? *", "eventbridge>vixie@UTC", "Australia/Sydney", NOVEMBER, ["2028-02-28T13:00Z"]),
]


@pytest.mark.parametrize(("text", "route", "zone", "now", "expected"), WINDOWS)
def test_exact_until(text: str, route: str, zone: str, now: datetime, expected: list[str]) -> None:
    """Where nothing says it for ever, the fewest expressions that are exact in the window, with the date of renewal."""
    found = move(text, route, zone, now=now)
    assert (found.verdict.kind, said(found)) == ("exact_until", expected)
    assert found.verdict.until is not None
    assert found.verdict.until >= now + WEEK
    assert "needs_resync_by" in found.verdict.flags


def test_a_window_lasts_until_clocks_change() -> None:
    """A projection with today's offset is right until the next change of clocks, and says so."""
    found = move("0 9 * * ? *", "eventbridge>vixie@UTC", NEW_YORK)
    assert found.verdict.until == datetime(2027, 3, 14, 7, tzinfo=UTC)


def test_a_promise_ends_before_an_hour_that_is_lost() -> None:
    """Quartz loses the first pass of a repeated hour, so a promise ends when that pass begins."""
    found = move("0 7 * * * ?", "quartz>posix@UTC", "Africa/Casablanca", now=datetime(2026, 3, 24, tzinfo=UTC))
    assert found.verdict.until == datetime(2026, 9, 20, tzinfo=UTC)


def test_both_day_fields_together() -> None:
    """A star makes Vixie demand both fields, which five fields cannot say elsewhere: the dates are listed."""
    found = move("0 0 */2 * 1", "cronie>robfig")
    assert (found.verdict.kind, said(found)) == ("exact_until", ["0 0 23 11 *"])


@pytest.mark.parametrize(
    ("text", "source", "reason"),
    [
        ("15 14 1 * ? 2025", "eventbridge", "last year was 2025"),
        ("0 9 1 1 ? 2026", "eventbridge", "all of its dates have passed"),
        ("0 0 30 2 *", "vixie", "no date and time"),
        ("0 0 * * FRI-MON", "cronie", "no date and time"),
        ("0 22-2 * * *", "cronie", "no date and time"),
    ],
)
def test_dead(text: str, source: str, reason: str) -> None:
    """What never fires again is reported, and nothing is made of it."""
    found = move(text, f"{source}>robfig")
    assert (found.verdict.kind, found.pieces) == ("dead", ())
    assert reason in found.verdict.reason


@pytest.mark.parametrize(
    ("text", "route", "zone", "reason"),
    [
        ("30 0 9 * * ?", "quartz>vixie@UTC", "UTC", "no seconds"),
        ("@reboot", "vixie>robfig", "UTC", "not a calendar schedule"),
        ("H 9 * * *", "vixie>robfig", "UTC", "Jenkins"),
        ("0 9 * * *", "vixie>robfig", "Mars/Olympus", "unknown time zone 'Mars/Olympus'"),
        ("0 9 * * *", "vixie>robfig@Mars/Olympus", "UTC", "unknown time zone 'Mars/Olympus'"),
        ("0 9 * *", "vixie>robfig", "UTC", "4 fields"),
    ],
)
def test_impossible(text: str, route: str, zone: str, reason: str) -> None:
    """What cannot be moved says why, in words."""
    found = move(text, route, zone)
    assert (found.verdict.kind, found.pieces) == ("impossible", ())
    assert reason in found.verdict.reason


def test_policies_that_differ_are_named() -> None:
    """Omni runs a repeated hour once, Scrip twice: a job inside that hour is exact only until it comes."""
    found = move("30 1 * * ? *", "eventbridge>robfig", NEW_YORK)
    assert (found.verdict.kind, said(found)) == ("exact_until", ["30 1 * * *"])
    assert found.verdict.until == datetime(2027, 11, 7, 6, 30, tzinfo=UTC)
    assert "dst_policy_assumed" in found.verdict.flags


def test_policies_do_not_matter_elsewhere() -> None:
    """A job far from any clock change is exact for ever, whatever the platforms do then."""
    found = move("0 9 * * ? *", "eventbridge>robfig", NEW_YORK)
    assert (found.verdict.kind, found.verdict.flags) == ("exact", ())


@pytest.mark.parametrize(
    ("text", "route", "zone", "oddity"),
    [
        ("0 9 * * ? *", "eventbridge>robfig", "Australia/Lord_Howe", "Lord Howe"),
        ("0 9 * * ? *", "eventbridge>robfig", "Pacific/Chatham", "Chatham"),
        ("0 0,30 9 15W * ?", "quartz>vixie", "UTC", "Quartz runs only the first"),
    ],
)
def test_engine_faults_are_flagged(text: str, route: str, zone: str, oddity: str) -> None:
    """Known faults of real engines are named where a schedule may meet them, not imitated."""
    verdict = move(text, route, zone).verdict
    assert "engine_oddity" in verdict.flags
    assert oddity in verdict.evidence["oddities"][0]


def test_values_and_texts_are_both_taken() -> None:
    """A trigger may hold a parsed schedule or its text."""
    options: dict[str, Any] = {"source": "eventbridge", "target": "vixie", "now": NOVEMBER, "horizon": WEEK}
    by_text = translate(Recurring(cron="0 9 ? * 2 *", timezone="UTC"), **options)
    assert translate(Recurring(parse("0 9 ? * 2 *", "eventbridge"), "UTC"), **options) == by_text


def test_evidence_is_json() -> None:
    """A verdict carries what proves it, as plain JSON."""
    evidence = move("0 9 ? * MON-FRI *", "eventbridge>vixie@UTC", NEW_YORK).verdict.evidence
    known = json.loads(json.dumps(evidence))
    assert known["horizon"] == ["2026-11-22T00:00:00+00:00", "2026-11-30T00:00:00+00:00"]
    assert (known["source_fires"], known["target_fires"], known["differing"]) == (5, 5, [])
    assert known["tzdata"][:2] == "20"


def test_renewals_agree_where_they_overlap() -> None:
    """However a year's nightly renewals fall, every instant has exactly one fire: edits may come at any moment."""
    text, zone = "30 1,9 * * ? *", NEW_YORK
    start = datetime(2027, 2, 20, 5, 17, tzinfo=UTC)
    for night in range(30):
        now = start + timedelta(days=night)
        found = move(text, "eventbridge>vixie@UTC", zone, now=now)
        fires = sorted(
            t for p in found.pieces for t in walk(p.text or "", "vixie", "UTC", now, now + timedelta(days=2))
        )
        assert fires == walk(text, "eventbridge", zone, now, now + timedelta(days=2))


@pytest.mark.parametrize(
    ("text", "route", "zone"),
    [
        ("30 2 * * ? *", "eventbridge>robfig", NEW_YORK),
        ("0 0 * * ? *", "eventbridge>robfig", "Africa/Cairo"),
        ("0 */6 * * *", "robfig>eventbridge", "Asia/Beirut"),
        ("0 2,3 * * *", "robfig>vixie", NEW_YORK),
        ("30 1 * * *", "github>eventbridge", NEW_YORK),
    ],
)
def test_gap_and_overlap_are_compared_apart(text: str, route: str, zone: str) -> None:
    """Where a schedule meets only gaps, or only overlaps, and both platforms treat those alike, it is exact."""
    found = move(text, route, zone, mode="exact")
    assert (found.verdict.kind, found.verdict.until, len(found.pieces)) == ("exact", None, 1)


@pytest.mark.parametrize(
    ("text", "route", "zone"),
    [
        ("30 1 * * ? *", "eventbridge>robfig", NEW_YORK),
        ("30 2 * * *", "robfig>vixie", NEW_YORK),
        ("0 0 * * *", "vixie>eventbridge", "Africa/Cairo"),
    ],
)
def test_rules_that_differ_where_it_matters_are_seen(text: str, route: str, zone: str) -> None:
    """A schedule that meets the kind of change which the platforms treat apart is not exact for ever."""
    assert move(text, route, zone, mode="exact").verdict.kind == "impossible"


def test_a_difference_before_the_window_ends_its_promise() -> None:
    """The first difference is looked for from now on, not from where the plan's own dates end."""
    now = datetime(2027, 10, 12, tzinfo=UTC)
    found = move("0 2 L * ? *", "eventbridge>robfig", "Europe/Berlin", now=now, mode="window")
    assert (found.verdict.kind, found.verdict.until) == ("exact_until", datetime(2027, 10, 31, 1, tzinfo=UTC))


@pytest.mark.parametrize("mode", ["auto", "exact", "window", "year", "single"])
@pytest.mark.parametrize("target", ["vixie", "eventbridge", "robfig", "quartz", "github", "croniter", "croner"])
def test_the_ends_of_time_are_verdicts(mode: str, target: str) -> None:
    """Whatever parses has a verdict: the last minute of the last year, instants before and after all calendars."""
    for text, zone in (
        ("59 23 31 12 ? 2199", NEW_YORK),
        ("0 0 1 1 ? 1970", "Pacific/Kiritimati"),
        ("0 0 ? * SUN#5 2109-2199", "UTC"),
    ):
        for zone_there in (None, "UTC"):
            assert translate(
                Recurring(text, zone),
                source="eventbridge",
                target=target,
                target_timezone=zone_there,
                now=NOVEMBER,
                horizon=WEEK,
                mode=mode,
            ).verdict.reason
    for year in (1, 1969, 2200, 9000, 9999):
        for now in (NOVEMBER, datetime(1970, 1, 1, tzinfo=UTC)):
            trigger = Once(datetime(year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
            assert translate(trigger, source="vixie", target=target, now=now, horizon=WEEK, mode=mode).verdict.reason
