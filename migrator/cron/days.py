"""Dates as bitsets: bit i of an int is the i-th day of a calendar.

A month of a given length that starts on a given weekday has one pattern per date set, so a calendar of any length is
a concatenation of at most 28 patterns, found once.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date
from functools import lru_cache
from typing import Final

from migrator.cron.model import Dates

GREGORIAN_CYCLE: Final = 146_097
"""Days in 400 years: a whole number of weeks, after which every calendar repeats."""

CYCLE_START: Final = date(2000, 1, 1).toordinal()
_FEW: Final = 4_000

Month = tuple[int, int, int, int]
"""Year, month, length, weekday of day 1 (0=SUN)."""


@lru_cache(maxsize=64)
def months_between(first: int, days: int) -> tuple[int, tuple[Month, ...]]:
    """The whole months that cover `days` days from ordinal `first`, and how many days they start before it."""
    start, end = date.fromordinal(first), date.fromordinal(first + days - 1)
    months: list[Month] = []
    year, month = start.year, start.month
    while (year, month) <= (end.year, end.month):
        monday_based, length = monthrange(year, month)
        months.append((year, month, length, (monday_based + 1) % 7))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 (December)
    return start.day - 1, tuple(months)


def day_bits(dates: Dates, first: int, days: int) -> int:
    """The dates among `days` days from ordinal `first`."""
    return _few_days(dates, first, days) if days <= _FEW else _many_days(dates, first, days)


@lru_cache(maxsize=8192)
def _few_days(dates: Dates, first: int, days: int) -> int:
    return _bits(dates, first, days)


@lru_cache(maxsize=256)
def _many_days(dates: Dates, first: int, days: int) -> int:  # 18 kB each for 400 years: fewer are kept
    return _bits(dates, first, days)


def _bits(dates: Dates, first: int, days: int) -> int:
    before, months = months_between(first, days)
    patterns: dict[tuple[int, int], str] = {}
    parts: list[str] = []
    for year, month, length, weekday in reversed(months):
        if month not in dates.months or (dates.years is not None and year not in dates.years):
            parts.append("0" * length)
            continue
        shape = (length, weekday)
        if shape not in patterns:
            patterns[shape] = format(month_bits(dates, length, weekday), f"0{length}b")
        parts.append(patterns[shape])
    return (int("".join(parts), 2) >> before) & ((1 << days) - 1)


@lru_cache(maxsize=16384)
def month_bits(dates: Dates, length: int, weekday: int) -> int:
    """The chosen days (bit 0 is day 1) of any month of `length` days that starts on `weekday`."""
    by_day = _chosen_days(dates, length, weekday)
    by_weekday = _chosen_weekdays(dates, length, weekday)
    return by_day | by_weekday if dates.day_rule == "or" else by_day & by_weekday


def _chosen_days(dates: Dates, length: int, weekday: int) -> int:
    bits = 0
    for day in dates.days:
        actual = day if day > 0 else length + 1 + day
        if 1 <= actual <= length:
            bits |= 1 << (actual - 1)
    for day in dates.nearest:
        actual = day if day > 0 else length + 1 + day
        if 1 <= actual <= length:
            bits |= 1 << (_working_day(actual, length, weekday) - 1)
    return bits


def _working_day(day: int, length: int, weekday: int) -> int:
    """The working day nearest to `day` within the month."""
    match (weekday + day - 1) % 7:
        case 6:  # Saturday: the Friday before, unless that is last month's
            return day - 1 if day > 1 else day + 2
        case 0:  # Sunday: the Monday after, unless that is next month's
            return day + 1 if day < length else day - 2
        case _:
            return day


def _chosen_weekdays(dates: Dates, length: int, weekday: int) -> int:
    bits = 0
    for chosen in dates.weekdays:
        for day in range((chosen - weekday) % 7, length, 7):
            bits |= 1 << day
    for k, chosen in dates.nth:
        found = range((chosen - weekday) % 7, length, 7)
        if k == -1 or k <= len(found):
            bits |= 1 << found[k if k == -1 else k - 1]
    return bits


@lru_cache(maxsize=8192)
def is_empty(dates: Dates) -> bool:
    """Whether no date of any year belongs to it: the 30th of February, or nothing at all."""
    if dates.years is not None:
        return not any(
            day_bits(dates, date(year, 1, 1).toordinal(), 365 + isleap(year)) for year in sorted(dates.years)
        )
    return not day_bits(dates, CYCLE_START, GREGORIAN_CYCLE)
