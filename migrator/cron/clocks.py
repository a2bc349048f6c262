"""What clock changes do to a schedule: which times they skip or repeat, and whether the schedule meets one."""

from __future__ import annotations

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


def meets_change(cron: Cron, zone: str, start: int, end: int) -> bool:
    """Whether the job has a time that a clock change skips or repeats in [start, end)."""
    first, last = from_minutes(start).year, from_minutes(end).year
    times = times_of_day(cron.minutes, cron.hours)
    if not times & disturbed_times(zone, first, last):
        return False
    base = start // DAY - 2
    days = day_bits(cron.dates, EPOCH_ORDINAL + base, (end - start) // DAY + 6)
    return any(
        at - max(before - after, 0) < end
        and at + max(before - after, 1) > start
        and _fires_within(days, times, at + min(before, after) - base * DAY, abs(after - before))
        for at, before, after in changes(zone, first, last)
    )


def ever_meets_change(cron: Cron, zone: str, start: int) -> bool:
    """Whether the job ever has a time that a clock change skips or repeats: in 400 years, after which rules repeat."""
    if not times_of_day(cron.minutes, cron.hours) & disturbed_times(zone, from_minutes(start).year, FAR_YEAR):
        return False
    return meets_change(cron, zone, start, start + CYCLE_YEARS * 366 * DAY)


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
