"""What a caller may ask of a translation: for ever, for a year, in one expression, in so many pieces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrator.cron import Recurring, parse, translate
from migrator.errors import ScheduleError
from tests.cron.moving import NEW_YORK, NOVEMBER, WEEK, move, said


@pytest.mark.parametrize(
    ("text", "zone", "count"),
    [
        ("0 9 * * ? *", NEW_YORK, 6),
        ("0 9 ? * MON-FRI *", NEW_YORK, 6),
        ("0 9 ? * FRIL *", "Europe/London", 10),
        ("0 9 * * ? *", "Australia/Lord_Howe", 6),
    ],
)
def test_a_year_at_once(text: str, zone: str, count: int) -> None:
    """Without renewals it takes a handful of expressions for a whole year."""
    found = move(text, "eventbridge>vixie@UTC", zone, mode="year")
    assert (found.verdict.kind, len(found.pieces)) == ("exact_until", count)
    assert found.verdict.until >= NOVEMBER + timedelta(days=365)


def test_day_of_month_or_week_for_a_year() -> None:
    """Either-or schedules have no single EventBridge expression; a year of them is at most one list per month."""
    found = move("30 4 1,15 * 1", "cronie>eventbridge", mode="year")
    assert found.verdict.kind == "exact_until"
    assert len(found.pieces) <= 13


def test_exact_mode_takes_nothing_less() -> None:
    """With mode "exact", what would have to be renewed is impossible."""
    assert move("0 9 * * ? *", "eventbridge>vixie@UTC", NEW_YORK, mode="exact").verdict.kind == "impossible"
    assert move("0 9 * * ? *", "eventbridge>vixie@UTC", "Asia/Tokyo", mode="exact").verdict.kind == "exact"


def test_single_mode_counts_what_goes_wrong() -> None:
    """One expression for a New York working day is an hour off for most of the year, and the verdict counts it."""
    found = move("0 9 ? * MON-FRI *", "eventbridge>vixie@UTC", NEW_YORK, mode="single", horizon=timedelta(days=365))
    evidence = found.verdict.evidence
    assert (found.verdict.kind, said(found)) == ("approximate", ["0 13 * * 1-5"])
    assert (evidence["missing"], evidence["extra"], evidence["shift_minutes"]) == (90, 90, 60)
    assert evidence["differing"][0] == "2026-11-23T13:00:00+00:00"


def test_single_mode_is_exact_where_it_can_be() -> None:
    """Asking for one expression does not make a schedule worse than it need be."""
    assert move("0 9 * * *", "robfig>vixie@UTC", "Asia/Tokyo", mode="single").verdict.kind == "exact"


def test_single_mode_loosens_the_day_rule() -> None:
    """An either-or schedule as one EventBridge expression loses the rarer half."""
    found = move("0 9 1 * 1", "cronie>eventbridge", mode="single", horizon=timedelta(days=365))
    assert (found.verdict.kind, said(found)) == ("approximate", ["0 9 ? * MON *"])
    assert found.verdict.evidence["missing"] == 9


def test_too_many_pieces_are_refused() -> None:
    """A limit on pieces is kept."""
    found = move("30 4 1,15 * 1", "cronie>eventbridge", mode="year", max_pieces=5)
    assert found.verdict.kind == "impossible"
    assert "5 are allowed" in found.verdict.reason


def test_a_limit_below_the_split_falls_back_to_the_window() -> None:
    """Where a split for ever is too long, fewer pieces for a while are taken."""
    found = move("0 0 1-7 * 1", "cronie>eventbridge", max_pieces=2)
    assert (found.verdict.kind, len(found.pieces)) == ("exact_until", 1)


@pytest.mark.parametrize(
    "options",
    [
        {"source": "jenkins"},
        {"target": "jenkins"},
        {"mode": "guess"},
        {"horizon": timedelta(0)},
        {"horizon": timedelta(days=100_000)},
        {"now": datetime(2026, 11, 22)},  # noqa: DTZ001 (the point of the test)
        {"now": datetime(2101, 11, 22, tzinfo=UTC)},
    ],
)
def test_a_wrong_call_is_an_error(options: dict[str, Any]) -> None:
    """What the caller got wrong is an error, not a verdict."""
    call: dict[str, Any] = {"source": "vixie", "target": "robfig", "now": NOVEMBER, "horizon": WEEK, **options}
    with pytest.raises(ScheduleError):
        translate(Recurring(parse("0 9 * * *", "vixie"), "UTC"), **call)
