"""What clock changes do to a schedule: which times they skip or repeat, and whether the schedule meets one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from migrator.cron.days import day_bits
from migrator.cron.dialects import DIALECTS
from migrator.cron.firesets import EPOCH_ORDINAL, times_of_day
from migrator.cron.model import Cron
from migrator.cron.zones import DAY, FAR_YEAR, from_minutes, stretches

CYCLE_YEARS: Final = 400


Change = tuple[int, int, int]
"""When clocks change (minutes since 1970, UTC), and the offsets before and after."""


@lru_cache(maxsize=4096)
def changes(zone: str, first_year: int, last_year: int) -> tuple[Change, ...]:
    """The changes of a zone's clocks in those years."""
    return tuple((a.end, a.offset, b.offset) for a, b in pairwise(stretches(zone, first_year, last_year)))


@lru_cache(maxsize=1024)
def disturbed_times(zone: str, first_year: int, last_year: int) -> int:
    """Minutes of the day that any clock change of those years skips or repeats."""
    bits = 0
    for at, before, after in changes(zone, first_year, last_year):
        start, length = at + min(before, after), abs(after - before)
        if length >= DAY:
            return (1 << DAY) - 1
        for minute in range(start, start + length):
            bits |= 1 << minute % DAY
    return bits


@lru_cache(maxsize=4096)
def _disturbed_between(zone: str, start: int, end: int) -> int:
    """Minutes of the day that a clock change of the years from `start` to `end` skips or repeats."""
    first, last = from_minutes(start).year, from_minutes(end).year
    return disturbed_times(zone, first, min(last, max(first, FAR_YEAR)))


def meets_change(cron: Cron, zone: str, start: int, end: int) -> bool:
    """Whether the job has a time that a clock change skips or repeats in [start, end)."""
    disturbed = times_of_day(cron.minutes, cron.hours) & _disturbed_between(zone, start, end)
    return bool(disturbed) and next(changes_met(cron, zone, start, end), None) is not None


def changes_met(cron: Cron, zone: str, start: int, end: int) -> Iterator[Change]:
    """Yield the clock changes in [start, end) that skip or repeat a time of the job."""
    times = times_of_day(cron.minutes, cron.hours)
    if not times & _disturbed_between(zone, start, end):
        return
    first, last = from_minutes(start).year, from_minutes(end).year
    base = start // DAY - 2
    days = day_bits(cron.dates, EPOCH_ORDINAL + base, (end - start) // DAY + 6)
    for at, before, after in changes(zone, first, last):
        if (
            at - max(before - after, 0) < end
            and at + max(before - after, 1) > start
            and _fires_within(days, times, at + min(before, after) - base * DAY, abs(after - before))
        ):
            yield at, before, after


def changes_ever_met(cron: Cron, zone: str, start: int) -> Iterator[Change]:
    """Yield those clock changes of the coming 400 years, after which rules repeat."""
    return changes_met(cron, zone, start, start + CYCLE_YEARS * 366 * DAY)


def _fires_within(days: int, times: int, start: int, length: int) -> bool:
    day, minute = divmod(start, DAY)
    today = times >> minute & (1 << min(length, DAY - minute)) - 1
    over = minute + length - DAY
    tomorrow = times & (1 << over) - 1 if over > 0 else 0
    return bool(days >> day & 1 and today) or bool(days >> (day + 1) & 1 and tomorrow)


def clock_rule(cron: Cron, dialect: str) -> tuple[str, str]:
    """The gap and the overlap rule that a platform applies to a job; following the wall clock is "skip" and "both"."""
    clock = DIALECTS[dialect].clock
    follows = clock.follows(starred=cron.follows_clock, hours=len(cron.hours))
    return ("skip", "both") if follows else (clock.gap, clock.overlap)
