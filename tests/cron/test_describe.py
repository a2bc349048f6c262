"""Schedules in plain words."""

import pytest

from migrator.cron import describe, parse


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("* * * * *", "vixie", "Every minute every day, UTC."),
        ("*/15 * * * *", "vixie", "Every 15 minutes every day, UTC."),
        ("0 * * * *", "vixie", "Every hour at minute 0 every day, UTC."),
        ("7,9 * * * 1-5", "vixie", "Every hour at minutes 7 and 9 on Monday to Friday, UTC."),
        ("0 9 * * 1-5", "vixie", "At 09:00 on Monday to Friday, UTC."),
        ("0 9 * * 0,6", "vixie", "At 09:00 on Saturday and Sunday, UTC."),
        ("0 9 * * 0-2", "vixie", "At 09:00 on Monday, Tuesday and Sunday, UTC."),
        ("30 8,20 * * *", "vixie", "At 08:30 and 20:30 every day, UTC."),
        ("0 */6 * * *", "vixie", "At 00:00, 06:00, 12:00 and 18:00 every day, UTC."),
        ("5 */2 * * *", "vixie", "Every 2 hours from midnight at minute 5 every day, UTC."),
        ("0 9-17 * * *", "vixie", "At minute 0 of the hours 9 to 17 every day, UTC."),
        ("*/10 9-17 * * *", "vixie", "Every 10 minutes of the hours 9 to 17 every day, UTC."),
        ("* 9 * * *", "vixie", "Every minute of the hour 9 every day, UTC."),
        ("0 9 1 * *", "vixie", "At 09:00 on day 1 of the month, UTC."),
        ("0 9 1,15 6-8 *", "vixie", "At 09:00 on days 1 and 15 of the month, in June to August, UTC."),
        ("0 9 1 * 1", "vixie", "At 09:00 on day 1 of the month, and also on every Monday, UTC."),
        ("0 9 */10 * 1", "vixie", "At 09:00 on days 1, 11, 21 and 31 of the month if that is a Monday, UTC."),
        ("0 9 L * ? *", "eventbridge", "At 09:00 on the last day of the month, UTC."),
        ("0 9 L-3 * ? *", "eventbridge", "At 09:00 on the day 3 before the last of the month, UTC."),
        (
            "0 9 15W * ? *",
            "eventbridge",
            "At 09:00 on the working day (Monday to Friday) nearest to day 15 of the month, UTC.",
        ),
        ("0 9 ? * MON#2 *", "eventbridge", "At 09:00 on the second Monday of the month, UTC."),
        ("0 9 ? * FRIL 2027", "eventbridge", "At 09:00 on the last Friday of the month, in 2027, UTC."),
        ("15 0 9 * * ?", "quartz", "At 09:00, at second 15 of the minute, every day, UTC."),
        ("0 9 * * FRI-MON", "cronie", "Never: no time fits every field."),
        ("0 9 30 2 *", "cronie", "Never: no time fits every field."),
        ("0 22-2 * * *", "cronie", "Never: no time fits every field."),
    ],
)
def test_in_words(text: str, dialect: str, expected: str) -> None:
    """A schedule is said in words that leave nothing out and add nothing."""
    assert describe(parse(text, dialect), "UTC") == expected


def test_the_zone_is_named() -> None:
    """A wall clock is named by its zone."""
    found = describe(parse("0 9 * * *", "robfig"), "America/New_York")
    assert found == "At 09:00 every day, by the clock of America/New_York."
