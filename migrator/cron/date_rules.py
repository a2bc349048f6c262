"""Say a date set in a dialect, perpetually: rules that follow the calendar, never lists of one year's dates.

Every answer is proved against the 400-year cycle of the Gregorian calendar (146,097 days, a whole number of weeks),
after which dates and weekdays repeat. So what is equal there is always equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from migrator.cron.cover import group_months
from migrator.cron.days import CYCLE_START, GREGORIAN_CYCLE, day_bits, month_bits
from migrator.cron.dialects import DIALECTS
from migrator.cron.model import EVERY_DAY, EVERY_WEEKDAY, NO_NTH, NOTHING, Dates, dates_of
from migrator.cron.renderer import can_say
from migrator.cron.zones import month_days

_FEBRUARY: Final = 2
_WEEK_BLOCKS: Final = tuple(frozenset(range(7 * k - 6, min(7 * k, 31) + 1)) for k in range(1, 6))
"""Days 1-7, 8-14, 15-21, 22-28, 29-31: those on which the k-th weekday of a month can fall."""


@lru_cache(maxsize=8192)
def say_dates(dates: Dates, shift: int, dialect: str) -> tuple[Dates, ...] | None:
    """Disjoint date sets that the dialect can say, together exactly `dates` moved by `shift` days; the fewest found.

    None when no rule says it for every year.
    """
    if not shift and can_say(dates, dialect):
        return (dates,)
    found = [
        tuple(candidate)
        for candidate in _candidates(dates, shift, dialect)
        if candidate and all(can_say(d, dialect) for d in candidate) and is_partition(candidate, dates, shift)
    ]
    return min(found, key=len, default=None)


def is_partition(parts: Iterable[Dates], dates: Dates, shift: int = 0) -> bool:
    """Whether the parts are disjoint and together are `dates` moved by `shift` days, in every year."""
    first, span = _proof_span(dates)
    wanted = day_bits(dates, first - shift, span)
    got = 0
    for part in parts:
        bits = day_bits(part, first, span)
        if got & bits:
            return False
        got |= bits
    return got == wanted


@lru_cache(maxsize=8192)
def disjoint(left: Dates, right: Dates) -> bool:
    """Whether no date of any year belongs to both."""
    if not left.months & right.months:
        return True
    first, span = _proof_span(left)
    return not day_bits(left, first, span) & day_bits(right, first, span)


def _proof_span(dates: Dates) -> tuple[int, int]:
    """Return the first ordinal and the length of the calendar that decides about a perpetual date set."""
    if dates.years is None:
        return CYCLE_START, GREGORIAN_CYCLE
    first = date(min(dates.years) - 1, 1, 1).toordinal()
    return first, date(max(dates.years) + 2, 1, 1).toordinal() - first


def _candidates(dates: Dates, shift: int, dialect: str) -> Iterator[list[Dates]]:
    """Ways to say the dates moved by `shift` days, not all of them right."""
    moved = _moved(dates, shift)
    yield moved
    yield [part for whole in moved for part in _parts(whole)]
    if dates.any_weekday and not dates.nearest:
        yield _by_months(dates, shift, last="L" in DIALECTS[dialect].specials)
    if len(moved) == 1 and not moved[0].any_day and not moved[0].any_weekday:
        yield _by_week(moved[0])


def _moved(dates: Dates, shift: int) -> list[Dates]:
    """The dates moved by `shift` days as far as plain rules go; the proof decides whether that was far enough."""
    if not shift:
        return [dates]
    if dates.nth or dates.nearest:
        return []
    base = dates.but(weekdays=frozenset((w + shift) % 7 for w in dates.weekdays))
    if dates.any_day:
        return [base]
    same = frozenset(d + shift for d in dates.days if d * (d + shift) > 0)
    crossing = frozenset(-1 if d > 0 else 1 for d in dates.days if d + shift == 0)
    months = frozenset((m - 1 + shift) % 12 + 1 for m in dates.months)
    if months == dates.months:
        return [base.but(days=same | crossing)]
    return [base.but(days=d, months=m) for d, m in ((same, dates.months), (crossing, months)) if d]


def _parts(dates: Dates) -> list[Dates]:
    """One date set for each kind of rule it mixes: plain days, days from the end, working days, n-th weekdays."""
    if dates.any_day:
        plain = [dates.but(nth=NO_NTH)] if dates.weekdays else []
        return [*plain, *(dates.but(weekdays=NOTHING, nth=frozenset({n})) for n in sorted(dates.nth))]
    if not dates.any_weekday:
        return []
    positive = frozenset(d for d in dates.days if d > 0)
    plain = [dates.but(days=positive, nearest=NOTHING)] if positive else []
    last = [dates.but(days=frozenset({d}), nearest=NOTHING) for d in sorted(dates.days - positive)]
    return [*plain, *last, *(dates.but(days=NOTHING, nearest=frozenset({n})) for n in sorted(dates.nearest))]


def _by_months(dates: Dates, shift: int, *, last: bool) -> list[Dates]:
    """Day-of-month rules as lists of days per month; February's end as `L` where the dialect has it."""
    common, leap = _year_days(dates, shift, leap=False), _year_days(dates, shift, leap=True)
    found: list[Dates] = []
    if common[_FEBRUARY] != leap[_FEBRUARY] & month_days(1) >> 3:
        if not last or not (common[_FEBRUARY] >> 27 & 1 and leap[_FEBRUARY] >> 28 & 1):
            return []
        found.append(dates_of(months=frozenset({_FEBRUARY}), days=frozenset({-1}), years=dates.years))
        leap[_FEBRUARY] &= month_days(1) >> 4
    return found + group_months({m: (days, month_days(m)) for m, days in leap.items() if days}, dates.years)


def _year_days(dates: Dates, shift: int, *, leap: bool) -> dict[int, int]:
    """The days of each month, moved by `shift`, in a common or a leap year."""
    lengths = [month_days(m).bit_length() - (m == _FEBRUARY and not leap) for m in range(1, 13)]
    year, at = 0, 0
    for month, length in enumerate(lengths, 1):
        if month in dates.months:
            year |= month_bits(dates, length, 0) << at
        at += length
    year = (year << shift | year >> (at - shift)) if shift > 0 else (year >> -shift | year << (at + shift))
    found = {}
    for month, length in enumerate(lengths, 1):
        found[month] = year & (1 << length) - 1
        year >>= length
    return found


def _by_week(dates: Dates) -> list[Dates]:
    """Day of month with day of week, as n-th weekdays: for days that fill whole week blocks (1-7, 8-14, ...)."""
    inside = [k for k, block in enumerate(_WEEK_BLOCKS, 1) if block <= dates.days]
    if frozenset().union(*(_WEEK_BLOCKS[k - 1] for k in inside)) != dates.days or dates.nth or dates.nearest:
        return []
    weeks = inside if dates.day_rule == "and" else [k for k in range(1, 6) if k not in inside]
    base = dates.but(weekdays=EVERY_WEEKDAY, day_rule="and")
    days = [base] if dates.day_rule == "or" else []
    nth = (frozenset({(k, w)}) for k in weeks for w in sorted(dates.weekdays))
    return days + [base.but(days=EVERY_DAY, weekdays=NOTHING, nth=n) for n in nth]
