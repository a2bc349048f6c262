"""When jobs fire before and after a move, as pictures need it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from migrator.cron import Once, Recurring, Timed, compare, fires_between, next_fires
from migrator.forecast import SPAN, Forecast, forecast, week
from tests.report.bench import NOW


def cron(text: str, timezone: str = "UTC", dialect: str = "vixie") -> Timed:
    """A recurring trigger."""
    return Timed(trigger=Recurring(cron=text, timezone=timezone), dialect=dialect)


def seen(before: Timed, *after: Timed, **rest: Any) -> Forecast:
    """The forecast, which there is."""
    found = forecast([before], list(after), start=NOW, **rest)
    assert found
    return found


def test_two_weeks_are_shown_and_the_first_difference_after_them() -> None:
    """A job in New York that goes to UTC agrees until clocks change, and that day is shown too."""
    found = seen(cron("0 9 * * 1", "America/New_York"), cron("0 14 * * 1"))

    assert (
        found.coming.before
        == found.coming.after
        == (datetime(2026, 11, 23, 14, tzinfo=UTC), datetime(2026, 11, 30, 14, tzinfo=UTC))
    )
    assert (found.later, found.differs) == (None, datetime(2027, 3, 15, 13, tzinfo=UTC))
    assert found.around
    assert (found.around.missing[0], found.around.extra[0]) == (found.differs, found.differs + timedelta(hours=1))


def test_a_rare_job_is_shown_where_it_fires() -> None:
    """No empty picture alone: the days around its next fire come with it."""
    found = seen(Timed(trigger=Once(at=datetime(2027, 3, 15, 9, tzinfo=UTC)), dialect="vixie"), cron("0 9 15 3 *"))

    assert found.coming.before == ()
    assert found.later
    assert found.next in found.later.before


def test_what_stays_behind_has_no_differences() -> None:
    """A job that does not go fires at the source alone, and that is no divergence."""
    found = seen(cron("0 9 * * *"), cron("0 9 * * *"), migrates=False)

    assert (len(found.coming.before), found.coming.after, found.differs) == (14, (), None)


def test_what_never_fires_again_has_no_next() -> None:
    """A trigger of the past."""
    found = seen(Timed(trigger=Once(at=datetime(2020, 1, 1, tzinfo=UTC)), dialect="vixie"))

    assert (found.next, found.coming.before, found.later) == (None, (), None)


def test_no_calendar_no_forecast() -> None:
    """Nothing is drawn of a job that no calendar can evaluate."""
    assert forecast([], [], start=NOW) is None


def test_the_week_counts_every_fire_once() -> None:
    """Each weekday stands for two of its kind; Monday 00:00 UTC comes first."""
    found = week([seen(cron("30 9 * * 1"), cron("30 9 * * 1")), seen(cron("0 * * * *"), cron("0 * * * *"))])

    assert (found.before[9], found.before[0], sum(found.before)) == (4, 2, 2 + 14 * 24)
    assert found.before == found.after


TEXTS = st.sampled_from(["0 9 * * 1", "*/7 3 * * *", "30 2 * * 0", "0 0 1 * *", "5 * 29 2 *", "0 12 * 3 1-5"])
ZONES = st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])


@given(TEXTS, ZONES, TEXTS, ZONES, st.integers(0, 400))
def test_pictures_and_proofs_agree(one: str, there: str, other: str, here: str, days: int) -> None:
    """What is drawn is what the engine compares, and what it says fires next."""
    start = NOW + timedelta(days=days)
    left, right = cron(one, there), cron(other, here)
    found, proof = forecast([left], [right], start=start), compare([left], [right], start, start + SPAN)
    assert found

    assert (len(found.coming.before), len(found.coming.after)) == (proof.wanted, proof.got)
    assert (len(found.coming.missing), len(found.coming.extra)) == (proof.missing.count, proof.extra.count)
    coming = next_fires(one, there, start - timedelta(minutes=1), len(found.coming.before), dialect="vixie")
    assert list(fires_between([left], start, start + SPAN)) == coming
