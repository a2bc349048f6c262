"""Minimum intervals: how close two fires come, and jobs that keep a platform's interval together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.cron import Recurring, Translation, next_fires, parse, translate
from migrator.cron.interval import shortest_interval
from tests.cron.texts import five_fields

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WEEK = timedelta(days=8)


def divided(
    text: str, target: str, zone: str, interval: int | None, most: int, source: str = "robfig", now: datetime = NOW
) -> Translation:
    return translate(
        Recurring(text, zone),
        source=source,
        target=target,
        now=now,
        horizon=WEEK,
        min_interval=interval,
        split_for_interval=most,
    )


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("* * * * *", 1),
        ("*/15 9-17 * * *", 15),
        ("0,30 9 * * *", 30),
        ("0 * * * *", 60),
        ("*/7 * * * *", 4),
        ("0 9 * * *", 1440),
        ("59 23 * * 1", 1440),
        ("0 0,23 * * *", 60),
        ("0 0,23 * * 1", 1380),
        ("0,59 0,23 * * 1,3", 59),
        ("0 0,23 1,15 * *", 1380),
        ("0 0,23 1,2 * *", 60),
    ],
)
def test_the_shortest_interval(text: str, minutes: int) -> None:
    """Two fires come that close, over midnight only where days follow each other."""
    assert shortest_interval(parse(text, "robfig")) == minutes


@pytest.mark.parametrize(
    ("text", "target", "zone", "interval", "texts"),
    [
        ("0,30 9 * * *", "eventbridge", "America/New_York", 60, ["0 9 * * ? *", "30 9 * * ? *"]),
        ("*/15 9-17 * * *", "eventbridge", "UTC", 60, [f"{m} 9-17 * * ? *" for m in (0, 15, 30, 45)]),
        ("0,20 */12 * * 1-5", "eventbridge", "UTC", 60, ["0 */12 ? * MON-FRI *", "20 */12 ? * MON-FRI *"]),
        ("0 */6 * * *", "eventbridge", "UTC", 720, ["0 */12 * * ? *", "0 6,18 * * ? *"]),
        ("0 * * * *", "eventbridge", "UTC", 60, ["0 * * * ? *"]),
        ("0,3 9 * * *", "github", "UTC", None, ["0 9 * * *", "3 9 * * *"]),
    ],
)
def test_a_short_interval_is_met_by_several_jobs(
    text: str, target: str, zone: str, interval: int | None, texts: list[str]
) -> None:
    """Each of the jobs keeps the interval, and together they are exact; one job fewer is refused."""
    found = divided(text, target, zone, interval, len(texts))
    assert [piece.text for piece in found.pieces] == texts
    assert found.verdict.kind == ("exact_split" if len(texts) > 1 else "exact")
    if len(texts) > 1:
        refused = divided(text, target, zone, interval, len(texts) - 1)
        assert (refused.verdict.kind, refused.pieces) == ("impossible", ())
        assert f"{len(texts)} jobs together" in refused.verdict.reason
        assert refused.verdict.evidence["split_for_interval"] == len(texts)


def test_a_dialect_has_an_interval_of_its_own() -> None:
    """GitHub takes nothing more often than every five minutes, asked or not."""
    found = divided("* * * * *", "github", "UTC", None, 1, source="debian")
    assert found.verdict.kind == "impossible"
    assert "at least 5 min" in found.verdict.reason
    assert divided("*/5 * * * *", "github", "UTC", None, 1, source="debian").verdict.kind == "exact"
    assert len(divided("* * * * *", "github", "UTC", None, 5, source="debian").pieces) == 5


def test_nothing_is_divided_where_clocks_would_tell_the_parts_apart() -> None:
    """Skipped times that fire together once would fire once for each part: there the division is refused."""
    whole = divided("0,30 2 * * *", "debian", "America/New_York", 60, 4, source="debian")
    assert whole.verdict.kind == "impossible"
    assert "proved" in whole.verdict.reason
    assert divided("0,30 2 * * *", "debian", "Asia/Kolkata", 60, 4, source="debian").verdict.kind == "exact_split"


@given(text=five_fields("robfig"), interval=st.sampled_from([5, 10, 30, 60, 120]))
@settings(max_examples=20, deadline=None)
def test_parts_keep_the_interval_and_are_exact(text: str, interval: int) -> None:
    """Whatever is divided fires at the source's instants, each once, no part more often than it may."""
    now = datetime(2027, 3, 27, 12, tzinfo=UTC)
    found = divided(text, "robfig", "Europe/Berlin", interval, 64, now=now)
    if not found.verdict.faithful:
        return
    start, end = now - timedelta(seconds=1), now + timedelta(days=1)
    wanted = [at for at in next_fires(text, "Europe/Berlin", start, 1_500, dialect="robfig") if at < end]
    got: list[datetime] = []
    for piece in found.pieces:
        assert piece.text
        fires = [at for at in next_fires(piece.text, piece.timezone, start, 1_500, dialect="robfig") if at < end]
        got += fires
    assert sorted(got) == wanted
    assert all(shortest_interval(parse(piece.text or "", "robfig")) >= interval for piece in found.pieces)
