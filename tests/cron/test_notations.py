"""Texts that are no list of fields: read with the meaning that their platform gives them, or answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migrator.cron import DIALECTS, Recurring, parse, render, translate
from migrator.errors import ScheduleError


@pytest.mark.parametrize(
    ("text", "dialect", "said"),
    [
        ("cron(0 9 * * ? *)", "eventbridge", "0 9 * * ? *"),
        (" CRON(15 10 ? * 6L 2027-2028) ", "eventbridge", "15 10 ? * FRIL 2027,2028"),
        ("at(2027-03-15T09:00:00)", "eventbridge", "0 9 15 3 ? 2027"),
        ("2027-03-15T09:00:30", "croner", "30 0 9 15 3 * 2027"),
        ("2027-03-15T09:00", "croner", "0 0 9 15 3 * 2027"),
        ("@DAILY", "croner", "0 0 * * *"),
        ("@Weekly", "croniter", "0 0 * * 0"),
        ("@hourly", "debian", "0 * * * *"),
        ("0 9 * * 1 30", "croniter", "0 9 * * 1 30"),
        ("0 9 15 3 * 0 2027", "croniter", "0 9 15 3 * 0 2027"),
        ("30 0 9 * * 1", "croner", "30 0 9 * * 1"),
        ("0 0 9 15 3 * 2027", "croner", "0 0 9 15 3 * 2027"),
        ("0 9 13 * +5", "croner", "0 9 13 * +5"),
        ("0 9 * * L5", "croniter", "0 9 * * L5"),
        ("0 9 31W * *", "croniter", "0 9 31W * *"),
        ("0 9 W15 * *", "croniter", "0 9 15W * *"),
        ("20/15 * * * *", "github", "20,35,50 * * * *"),
    ],
)
def test_forms_that_are_read(text: str, dialect: str, said: str) -> None:
    """A wrapper, a macro, an instant, and five to seven fields in each platform's own order."""
    cron = parse(text, dialect)
    assert render(cron, dialect) == said
    assert cron == parse(said, dialect)


@pytest.mark.parametrize(
    ("text", "dialect", "field", "column", "told"),
    [
        ("cron(0 99 * * ? *)", "eventbridge", "hour", 8, "out of range"),
        ("cron(0 9 * * ? *)", "vixie", "minute", 1, "of the dialect eventbridge"),
        ("at(2027-03-15T09:00:00)", "vixie", "minute", 1, "how AWS EventBridge writes"),
        ("at(2027-03-15T09:00:30)", "eventbridge", "minute", 1, "whole minutes"),
        ("at(2027-03-15T09:00:00Z)", "eventbridge", "minute", 1, "an offset of its own"),
        ("at(soon)", "eventbridge", "minute", 1, "not a date and time"),
        ("rate(1 hour)", "eventbridge", "minute", 1, "counts from the moment"),
        ("rate(1 hour)", "eventbridge", "minute", 1, "0 * * * ? *"),
        ("rate(5 minutes)", "vixie", "minute", 1, "*/5 * * * *"),
        ("rate(7 minutes)", "eventbridge", "minute", 1, "not time-based"),
        ("every 2h", "croniter", "minute", 1, "0 */2 * * *"),
        ("30m", "croniter", "minute", 1, "counts from a moment"),
        ("H H * * *", "vixie", "minute", 1, "Jenkins computes from the full name of the job"),
        ("H/15 * * * *", "robfig", "minute", 1, "Jenkins shows the times"),
        ("0 H(0-7) * * *", "debian", "hour", 3, "Jenkins"),
        ("R * * * *", "croniter", "minute", 1, "random"),
        ("@daily", "eventbridge", "minute", 1, "0 0 * * ? *"),
        ("@weekly", "github", "minute", 1, "0 0 * * 0"),
        ("daily", "eventbridge", "minute", 1, "says no time of day"),
        ("daily", "eventbridge", "minute", 1, "0 0 * * ? *"),
        ("weekly", "eventbridge", "minute", 1, "0 0 ? * SUN *"),
        ("hourly", "robfig", "minute", 1, "0 * * * *"),
        ("0 9 * * *", "eventbridge", "year", 10, "with every year: 0 9 * * ? *"),
        ("0 0 L * ?", "quartz", "day_of_week", 10, "at second 0: 0 0 0 L * ?"),
        ("0 9 * * MON", "eventbridge", "year", 12, "with every year: 0 9 ? * MON *"),
        ("0 9 * * 1", "eventbridge", "year", 10, "0 9 ? * MON * if its weekdays count from 0=SUN"),
        ("0 9 * * 1", "eventbridge", "year", 10, "0 9 ? * SUN * if from 1=SUN"),
        ("0 0 9 * * 1", "vixie", "", 11, "seconds first (Quartz, croner) or seconds last (croniter)"),
        ("2027-03-15T09:00:00Z", "vixie", "minute", 1, "one instant"),
        ("2027-03-15T09:00:00Z", "croner", "second", 1, "an offset of its own"),
        (" 0 9 * * *", "github", "minute", 1, "blank"),
        ("0 9 * * * ", "github", "minute", 10, "blank"),
        ("0 9\t* * *", "github", "minute", 4, "blank"),
        ("1.5 9 * * *", "github", "minute", 1, "cannot be read"),
        ("@reboot", "debian", "minute", 1, "when the server started"),
        ("0 9 30W * *", "croniter", "day_of_month", 5, "31W for the last working day"),
        ("0 9 * * 1,5#2", "croniter", "day_of_week", 9, "in one list"),
        ("0 9 * * 5L", "croniter", "day_of_week", 10, "L (last) is not read here"),
        ("*/61 * * * *", "croner", "minute", 3, "larger than the field"),
        ("0 0 9 1 1 * */2", "croner", "year", 14, "no step after *"),
    ],
)
def test_forms_that_are_answered(text: str, dialect: str, field: str, column: int, told: str) -> None:
    """What is not read says why, what is missing, and what may be meant; it names dialect, field and column."""
    with pytest.raises(ScheduleError) as caught:
        parse(text, dialect)
    error = caught.value
    assert (error.dialect, error.field, error.column) == (dialect, field, column)
    assert told in str(error)


@pytest.mark.parametrize(("text", "told"), [("9", "has 1 field,"), ("0 9", "has 2 fields,"), ("", "has 0 fields,")])
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_the_number_of_fields_is_counted_in_english(dialect: str, text: str, told: str) -> None:
    """One field, two fields."""
    with pytest.raises(ScheduleError, match=told):
        parse(text, dialect)


def test_an_at_is_one_instant_elsewhere() -> None:
    """AWS's one-time form becomes a one-time job, by the clock of the zone beside it."""
    found = translate(
        Recurring("at(2027-03-15T09:00:00)", "Europe/Madrid"),
        source="eventbridge",
        target="vixie",
        target_timezone="UTC",
        now=datetime(2026, 11, 22, tzinfo=UTC),
        horizon=timedelta(days=8),
    )
    assert found.verdict.kind == "one_time"
    assert [piece.at for piece in found.pieces] == [datetime(2027, 3, 15, 8, tzinfo=UTC)]


@pytest.mark.parametrize("name", ["croniter", "croner", "debian", "claude", "openai", "github", "cronie"])
def test_a_dialect_names_its_source(name: str) -> None:
    """Every entry says where it is from, and those of an engine which release is meant."""
    dialect = DIALECTS[name]
    assert dialect.source
    assert bool(dialect.release) == (name not in {"claude", "openai"})
    assert dialect.clock.evidence == {
        "croniter": "measured",
        "croner": "measured",
        "debian": "measured",
        "cronie": "measured",
        "claude": "documented",
    }.get(name, "assumed")


def test_seconds_need_a_platform_that_has_them() -> None:
    """Seconds are read where the platform has them, carried between two such platforms, and refused elsewhere."""
    now, horizon = datetime(2026, 11, 22, tzinfo=UTC), timedelta(days=8)
    trigger = Recurring("0 9 * * 1 30", "UTC")
    moved = translate(trigger, source="croniter", target="croner", now=now, horizon=horizon)
    assert (moved.verdict.kind, [p.text for p in moved.pieces]) == ("exact", ["30 0 9 * * 1"])
    refused = translate(trigger, source="croniter", target="vixie", now=now, horizon=horizon)
    assert (refused.verdict.kind, "seconds" in refused.verdict.reason) == ("impossible", True)
