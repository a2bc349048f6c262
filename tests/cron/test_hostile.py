"""Input that means harm: refused at once, with its place, never misread."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.cron import DIALECTS, parse
from migrator.errors import ScheduleError

HOSTILE = [
    ("*/99999999999999999999 * * * *", "minute", 3),
    ("99999999999999999999 * * * *", "minute", 1),
    ("0-99999999999999999999 * * * *", "minute", 3),
    ("0 0 " + ",".join(["1"] * 5000) + " * *", "minute", 2001),
    ("0 0 " + ",".join(["1"] * 500) + " * *", "day_of_month", 5),
    ("0 " * 900, "", 11),
    ("*" * 1999, "hour", 2000),
    ("*" * 100_000_000, "minute", 2001),
    ("\u0660 \u0669 * * *", "minute", 1),
    ("0 \uff19 * * *", "hour", 3),
    ("0 9 * * \u2460", "day_of_week", 9),
    ("0 9 * * 1\x00", "day_of_week", 10),
    ("0 9 * * 1\n0 0 * * *", "day_of_week", 10),
    ("0 9 * * 1; rm -rf /", "", 12),
    ("0 9 * * \u0661-\u0665", "day_of_week", 9),
    ("0\u00a09 * * *", "minute", 2),
    ("0 9 * * MON\u200b", "day_of_week", 12),
    ("-5 * * * *", "minute", 1),
    ("+5 * * * *", "minute", 1),
    ("1e1 * * * *", "minute", 1),
    ("0x5 * * * *", "minute", 1),
    ("5_0 * * * *", "minute", 1),
    ("1-2-3 * * * *", "minute", 1),
    ("1/2/3 * * * *", "minute", 1),
    ("/5 * * * *", "minute", 1),
    ("*/ * * * *", "minute", 1),
    ("*/-1 * * * *", "minute", 1),
    ("*/0.5 * * * *", "minute", 1),
    (", * * * *", "minute", 1),
    ("** * * * *", "minute", 1),
    ("0 9 * * $(id)", "day_of_week", 9),
]


@pytest.mark.parametrize(("text", "field", "column"), HOSTILE, ids=[ascii(t[0][:24]) for t in HOSTILE])
def test_refused_at_once(text: str, field: str, column: int) -> None:
    """Refused without a long search, with field and column, and a message of bounded length."""
    started = time.process_time()
    with pytest.raises(ScheduleError) as caught:
        parse(text, "vixie")
    assert time.process_time() - started < 0.1  # of this process alone; such a text takes under a millisecond
    assert (caught.value.field, caught.value.column) == (field, column)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", [None, 5, b"0 9 * * *", ["0 9 * * *"]])
def test_only_text_is_read(text: object) -> None:
    """What is no text is refused as such."""
    with pytest.raises(ScheduleError, match="a cron expression is text"):
        parse(text, "vixie")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("dialect", [None, "", "VIXIE", [], "__class__"])
def test_only_known_dialects_are_read(dialect: object) -> None:
    """What is no dialect is refused as such."""
    with pytest.raises(ScheduleError, match="unknown cron dialect"):
        parse("0 9 * * *", dialect)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@given(text=st.text(max_size=60) | st.text(alphabet="0123456789*/,-?LW#@HMONJAN \t", max_size=40))
def test_any_text_is_read_or_refused(dialect: str, text: str) -> None:
    """Nothing but a ScheduleError ever comes out, and its column lies in the text or just behind it."""
    try:
        cron = parse(text, dialect)
    except ScheduleError as error:
        column = error.column
    else:
        column = 0
        assert cron.minutes <= set(range(60))
        assert cron.weekdays <= set(range(7))
    assert 0 <= column <= len(text) + 1
