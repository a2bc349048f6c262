"""Exact sets of instants, factorised: {bitset of days: bitset of minutes of the day}.

A cron job fires on (dates) x (times); under one offset from UTC that stays a union of at most two such products. So a
set of thousands of instants is a few machine words, and union, difference and equality are a few big-int operations.
The keys' minute sets are disjoint, which makes the form unique: equal sets are equal dicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from attrs import Factory, field, frozen

from migrator.cron.days import day_bits
from migrator.cron.dialect import ClockRule
from migrator.cron.dialects import DIALECTS
from migrator.cron.model import Cron
from migrator.cron.zones import DAY, OffsetPeriod, stretches_around

FireSet = dict[int, int]
"""Bitset of days (bit 0 is the window's base day) to bitset of minutes of the UTC day; minute sets are disjoint."""

WHOLE_DAY: Final = (1 << DAY) - 1
EPOCH_ORDINAL: Final = 719_163  # date(1970, 1, 1).toordinal()
_MARGIN: Final = 2  # days on each side that an offset can reach over
_DAYLIGHT_LIMIT: Final = 180  # a larger jump is a clock that was set


@frozen(eq=False, slots=False)
class Window:
    """A stretch of time and the calendar for its bitsets.

    Attributes:
        start: first minute since 1970.
        end: the minute after the last.
        base: days from 1970-01-01 to bit 0.
        days: days that the bitsets span: the window's, and those that an offset can reach over.
    """

    start: int
    end: int
    base: int = field(init=False, default=Factory(lambda self: self.start // DAY - _MARGIN, takes_self=True))
    days: int = field(
        init=False, default=Factory(lambda self: self.end // DAY - self.base + 1 + _MARGIN, takes_self=True)
    )


@lru_cache(maxsize=8192)
def times_of_day(minutes: frozenset[int], hours: frozenset[int]) -> int:
    """Minutes of the day as a bitset."""
    return sum(1 << m for m in minutes) * sum(1 << (60 * h) for h in hours)


def add(fires: FireSet, days: int, minutes: int) -> None:
    """Adds the product days x minutes to a set."""
    if not days or not minutes:
        return
    for known in list(fires):
        common = fires[known] & minutes
        if not common:
            continue
        minutes ^= common
        joined = known | days
        if joined != known:
            left = fires[known] ^ common
            if left:
                fires[known] = left
            else:
                del fires[known]
            fires[joined] = fires.get(joined, 0) | common
        if not minutes:
            return
    fires[days] = fires.get(days, 0) | minutes


def fires_of(cron: Cron, dialect: str, zone: str, window: Window) -> FireSet:
    """The minutes of `window` in which a platform of that dialect fires a job, its seconds aside."""
    return fires_in(cron, DIALECTS[dialect].clock, stretches_around(zone, window.start, window.end), window)


def fires_in(cron: Cron, clock: ClockRule, zone: tuple[OffsetPeriod, ...], window: Window) -> FireSet:
    """The same, given the clock rule and the zone's stretches in and around the window."""
    found: FireSet = {}
    days = day_bits(cron.dates, EPOCH_ORDINAL + window.base, window.days)
    minutes = times_of_day(cron.minutes, cron.hours)
    if not days or not minutes:
        return found
    if len(zone) == 1:
        for by, some in rotate(minutes, zone[0].offset):
            add_clipped(found, shifted(days, by), some, window, window.start, window.end)
        return found
    follow = clock.follow != "none" and clock.follows(starred=cron.follows_clock, hours=len(cron.hours))
    for i, stretch in enumerate(zone):
        start, end = stretch.start, stretch.end
        if not follow:
            start, end = _once(clock, zone, i)
            made_up = _made_up(clock, days, minutes, zone[i - 1].offset, stretch, window) if i else None
            if made_up is not None:
                start = max(start, made_up)
                if window.start <= made_up < window.end:
                    add(found, 1 << made_up // DAY - window.base, 1 << made_up % DAY)
        start, end = max(start, window.start), min(end, window.end)
        if start >= end:
            continue
        for by, some in rotate(minutes, stretch.offset):
            add_clipped(found, shifted(days, by), some, window, start, end)
    return found


def _once(clock: ClockRule, zone: tuple[OffsetPeriod, ...], i: int) -> tuple[int, int]:
    """The part of a stretch in which times that come twice fire."""
    start, end = zone[i].start, zone[i].end
    if i and clock.overlap == "first":
        start += max(zone[i - 1].offset - zone[i].offset, 0)
    if i + 1 < len(zone) and clock.overlap == "second":
        end -= max(zone[i].offset - zone[i + 1].offset, 0)
    return start, end


@lru_cache(maxsize=16384)
def rotate(minutes: int, offset: int) -> tuple[tuple[int, int], ...]:
    """Times of the day `offset` minutes earlier, as (days they move by, times): at most two, neither empty."""
    days, by = divmod(-offset, DAY)
    stay = minutes & ((1 << (DAY - by)) - 1)
    over = minutes >> (DAY - by)
    return tuple((d, m) for d, m in ((days, stay << by), (days + 1, over)) if m)


def shifted(days: int, by: int) -> int:
    """A set of days, each moved by a number of days."""
    return days << by if by >= 0 else days >> -by


def add_clipped(fires: FireSet, days: int, minutes: int, window: Window, start: int, end: int) -> None:
    """Adds the part of days x minutes that lies in [start, end)."""
    if start >= end or not days or not minutes:
        return
    origin = window.base * DAY
    first, from_minute = divmod(start - origin, DAY)
    last, to_minute = divmod(end - origin, DAY)
    before_end = minutes & ((1 << to_minute) - 1)
    if first == last:
        add(fires, days & (1 << first), before_end >> from_minute << from_minute)
        return
    whole_from = first + 1 if from_minute else first
    if last > whole_from:
        add(fires, days & ((1 << last) - (1 << whole_from)), minutes)
    if from_minute:
        add(fires, days & (1 << first), minutes >> from_minute << from_minute)
    add(fires, days & (1 << last), before_end)


def _made_up(
    clock: ClockRule, days: int, minutes: int, before: int, stretch: OffsetPeriod, window: Window
) -> int | None:
    """When a job fires for the times that fall into the gap before a stretch; None if it does not."""
    jump = stretch.offset - before
    if clock.gap == "skip" or not 0 < jump < _DAYLIGHT_LIMIT:
        return None
    if not window.start - jump < stretch.start < window.end:
        return None
    skipped: FireSet = {}
    for by, some in rotate(minutes, before):
        add_clipped(skipped, shifted(days, by), some, window, stretch.start, stretch.start + jump)
    if not skipped:
        return None
    return stretch.start if clock.gap == "end" else next(instants(skipped, window))


def minus(left: FireSet, right: FireSet) -> FireSet:
    """The instants of `left` that are not in `right`."""
    found: FireSet = {}
    for days, minutes in left.items():
        rest = minutes
        for other, others in right.items():
            common = rest & others
            if common:
                rest ^= common
                add(found, days & ~other, common)
        add(found, days, rest)
    return found


def size(fires: FireSet) -> int:
    """How many instants a set holds."""
    return sum([days.bit_count() * minutes.bit_count() for days, minutes in fires.items()])


def instants(fires: FireSet, window: Window) -> Iterator[int]:
    """The set's instants in ascending order, minutes since 1970."""
    remaining = 0
    for days in fires:
        remaining |= days
    while remaining:
        day = (remaining & -remaining).bit_length() - 1
        remaining &= remaining - 1
        minutes = 0
        for days, some in fires.items():
            if days >> day & 1:
                minutes |= some
        start = (window.base + day) * DAY
        while minutes:
            yield start + (minutes & -minutes).bit_length() - 1
            minutes &= minutes - 1
