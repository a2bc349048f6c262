"""When a move begins: between two fires, with the room that was asked for where there is any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.canonical import JobRef
from migrator.cron import parse
from migrator.cutover.gaps import next_gap
from migrator.cutover.switches import Calendar

NOW: Final = datetime(2026, 11, 23, 8, 57, 30, tzinfo=UTC)
GUARD: Final = timedelta(minutes=5)
JOB: Final = JobRef(provider="devin", scope="org-1", id="1")


def calendar(text: str) -> Calendar:
    """A job with that schedule."""
    fields = {"trigger.cron": parse(text, "vixie"), "trigger.timezone": "UTC"}
    return Calendar(job=JOB, fields=fields, dialect="vixie")


def at(text: str) -> datetime:
    """A time of that morning."""
    return datetime.fromisoformat(f"2026-11-23T{text}+00:00")


@pytest.mark.parametrize(
    ("schedules", "start", "end"),
    [
        ([], "08:57:30", None),
        (["0 17 * * *"], "08:57:30", "none within an hour"),
        (["0 9 * * *"], "09:05:00", None),
        (["0 9 * * *", "7 9 * * *"], "09:12:00", None),
        (["50 8 * * *"], "08:57:30", None),
        (["55 8 * * *"], "09:00:00", None),
        (["*/10 * * * *"], "09:05:00", "09:10:00"),
        (["0 9 * * *", "4 9 * * *", "30 9 * * *"], "09:09:00", "09:30:00"),
    ],
)
def test_a_gap_has_room_before_and_after(schedules: list[str], start: str, end: str | None) -> None:
    """The first time with five minutes without a fire on both sides; nothing has to be waited for when there is now."""
    gap = next_gap([calendar(text) for text in schedules], now=NOW, guard=GUARD, after=GUARD)

    assert at(start) == gap.start
    assert gap.end == (at(end) if end and ":" in end else None)
    assert not gap.is_narrow


@pytest.mark.parametrize(
    ("schedule", "start", "room"),
    [("* * * * *", "08:58:12", 48), ("*/2 * * * *", "08:58:24", 96), ("*/8 * * * *", "09:03:00", 300)],
)
def test_frequent_jobs_get_the_widest_gap_there_is(schedule: str, start: str, room: int) -> None:
    """Where fires are closer together than the guards, a fifth of the time goes to what was due, the rest is used."""
    gap = next_gap([calendar(schedule)], now=NOW, guard=GUARD, after=GUARD)

    assert (at(start), timedelta(seconds=room)) == (gap.start, gap.room)
    assert gap.is_narrow == (room < GUARD.total_seconds())


def test_a_wide_gap_within_the_hour_is_waited_for() -> None:
    """A job that fires every minute until nine moves after that, with all the room that it wants."""
    gap = next_gap([calendar("* 8 * * *")], now=NOW, guard=GUARD, after=GUARD)

    assert (at("09:04:00"), None) == (gap.start, gap.end)


MINUTES: Final = st.lists(st.integers(0, 59), min_size=1, max_size=12, unique=True)


@given(minutes=MINUTES, second=st.integers(0, 3599), guard=st.integers(1, 1800), after=st.integers(0, 1800))
def test_nothing_fires_in_a_gap(minutes: list[int], second: int, guard: int, after: int) -> None:
    """Whatever the schedule: no fire between a gap's start and its end; and one that is not narrow has its guards."""
    now = at("08:00:00") + timedelta(seconds=second)
    one = calendar(f"{','.join(map(str, sorted(minutes)))} * * * *")
    gap = next_gap([one], now=now, guard=timedelta(seconds=guard), after=timedelta(seconds=after))

    assert now <= gap.start
    end = gap.end or gap.start + gap.asked
    assert one.between(gap.start, end) in ([], [end])
    if not gap.is_narrow:
        assert gap.start + timedelta(seconds=guard) <= end
    last = one.between(gap.start - timedelta(hours=2), gap.start)[-1]
    room = one.between(gap.start, gap.start + timedelta(hours=2))[0] - last
    assert gap.start - last >= min(timedelta(seconds=after), room / 5)
