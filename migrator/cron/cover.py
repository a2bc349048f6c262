"""Saying a set of instants with few expressions: hours x minutes for times, months x days for dates.

An expression's times are always a product of hours and minutes, its dates a product of months and days, so a set that
is no product needs several. All covers here are disjoint: nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from migrator.cron.days import month_bits
from migrator.cron.model import Dates, dates_of

_MINUTES = 60
_HOURS = 24
Product = tuple[frozenset[int], frozenset[int]]
"""Minutes and hours."""

MonthDays = tuple[int, int]
"""The chosen days of a month and the days that matter, as bits (bit 0 is day 1)."""


def members(bits: int) -> frozenset[int]:
    """The positions of the set bits."""
    found = []
    while bits:
        found.append((bits & -bits).bit_length() - 1)
        bits &= bits - 1
    return frozenset(found)


@lru_cache(maxsize=16384)
def products(times: int) -> tuple[Product, ...]:
    """Minutes of the day as disjoint products of minutes and hours.

    Hours with the same minutes share a product, or minutes with the same hours, whichever needs fewer.
    """
    by_minutes: dict[int, int] = {}
    for hour in range(_HOURS):
        row = times >> (_MINUTES * hour) & ((1 << _MINUTES) - 1)
        if row:
            by_minutes[row] = by_minutes.get(row, 0) | 1 << hour
    if len(by_minutes) > 1:
        hours_of: dict[int, int] = {}
        for row, hours in by_minutes.items():
            for minute in members(row):
                hours_of[minute] = hours_of.get(minute, 0) | hours
        by_hours: dict[int, int] = {}
        for minute, hours in hours_of.items():
            by_hours[hours] = by_hours.get(hours, 0) | 1 << minute
        if len(by_hours) < len(by_minutes):
            by_minutes = {minutes: hours for hours, minutes in by_hours.items()}
    return tuple((members(minutes), members(hours)) for minutes, hours in by_minutes.items())


@lru_cache(maxsize=4096)
def cover_days(
    days: int, first: int, span: int, *, shapes: tuple[Dates, ...] = (), years: bool = False
) -> tuple[Dates, ...] | None:
    """Disjoint date sets that hold exactly `days` among `span` days from ordinal `first`; other dates do not matter.

    Whole months that follow one of `shapes` (date sets for any month) are said that way, the rest by their days.
    With `years`, each date set is bound to its year. None if a day of the year would have to be both in and out.
    """
    months = _by_month(days, first, span)
    if years:
        found: list[Dates] = []
        for year in sorted({y for y, _ in months}):
            inside = {m: v for (y, m), v in months.items() if y == year}
            found += _cover_months(inside, dict.fromkeys(inside, year), shapes, frozenset({year}))
        return tuple(found)
    merged: dict[int, MonthDays] = {}
    a_year: dict[int, int] = {}  # 0 for a month that two years share: no rule is tried on it
    for (year, month), (chosen, known) in months.items():
        before, seen = merged.get(month, (0, 0))
        if (before ^ chosen) & seen & known:
            return None
        merged[month] = (before | chosen, seen | known)
        a_year[month] = 0 if seen else year
    return tuple(_cover_months(merged, a_year, shapes, None))


def _by_month(days: int, first: int, span: int) -> dict[tuple[int, int], MonthDays]:
    """Per (year, month): the chosen days and the days that lie in the window, as bits (bit 0 is day 1)."""
    found: dict[tuple[int, int], MonthDays] = {}
    at = 0
    while at < span:
        day = date.fromordinal(first + at)
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1).toordinal()
        length = min(following - first - at, span - at)
        known = (1 << length) - 1
        found[day.year, day.month] = ((days >> at & known) << (day.day - 1), known << (day.day - 1))
        at += length
    return found


def _cover_months(
    months: Mapping[int, MonthDays],
    a_year: Mapping[int, int],
    shapes: tuple[Dates, ...],
    years: frozenset[int] | None,
) -> list[Dates]:
    wanted = {m: v for m, v in months.items() if v[0]}
    best = group_months(wanted, years)
    if len(best) == 1:
        return best
    for shape in shapes:
        shaped = {m for m, v in wanted.items() if a_year[m] and _follows(shape, a_year[m], m, v)}
        if not shaped:
            continue
        rest = group_months({m: v for m, v in wanted.items() if m not in shaped}, years)
        if len(rest) + 1 < len(best):
            best = [shape.but(months=frozenset(shaped), years=years), *rest]
    return best


def _follows(shape: Dates, year: int, month: int, value: MonthDays) -> bool:
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    bits = month_bits(shape, (following - first).days, first.isoweekday() % 7)
    return bits & value[1] == value[0]


def group_months(months: Mapping[int, MonthDays], years: frozenset[int] | None) -> list[Dates]:
    """Disjoint date sets that hold exactly the chosen days of each month.

    Months with compatible days share a date set, or days with the same months do, whichever needs fewer.
    """
    groups: list[tuple[list[int], int]] = []
    for month, (chosen, _) in sorted(months.items()):
        for i, (group, days) in enumerate(groups):
            joint = days | chosen
            if all(joint & months[m][1] == months[m][0] for m in (*group, month)):
                groups[i] = ([*group, month], joint)
                break
        else:
            groups.append(([month], chosen))
    if len(groups) > 1:
        by_day = _by_day(months)
        groups = by_day if len(by_day) < len(groups) else groups
    return [
        dates_of(months=frozenset(group), days=frozenset(d + 1 for d in members(days)), years=years)
        for group, days in groups
    ]


def _by_day(months: Mapping[int, MonthDays]) -> list[tuple[list[int], int]]:
    """Days that the same months have, as (months, days)."""
    days = 0
    for chosen, _ in months.values():
        days |= chosen
    found: dict[tuple[int, ...], int] = {}
    for day in members(days):
        with_day = tuple(m for m, (chosen, _) in months.items() if chosen >> day & 1)
        found[with_day] = found.get(with_day, 0) | 1 << day
    return [(list(group), some) for group, some in found.items()]
