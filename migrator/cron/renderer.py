"""Meaning to text: only what every engine of the dialect's family reads alike.

Lists and ascending ranges; `*`; `*/n` only where n divides the field and never in a day field; weekdays as 0-6, or as
names where the platform's numbers are doubtful; both day fields only where they mean "either", never starting with a
star. Other forms that an engine may read are never written.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from migrator.cron.dialect import FIVE, Dialect, FieldOrder
from migrator.cron.dialects import DIALECTS
from migrator.cron.fields import WEEKDAY_NAMES
from migrator.cron.model import (
    EVERY_HOUR,
    EVERY_MINUTE,
    EVERY_MONTH,
    FEBRUARY,
    LONGEST,
    ON_THE_MINUTE,
    Cron,
    Dates,
)
from migrator.cron.parser import dialect_named, parse
from migrator.errors import ScheduleError

_RUN: Final = 3  # a shorter run reads better as a list


def render(cron: Cron | str, dialect: str, *, stars: bool = True) -> str:
    """The canonical text of a schedule in a dialect; a text is read in that dialect first.

    Args:
        cron: the schedule.
        dialect: the dialect.
        stars: whether minutes and hours may start with a star, which makes some daemons treat a job apart when clocks
            change. A text that had none in such a dialect gets none.

    Raises:
        ScheduleError: the dialect cannot say it in one expression.
    """
    rules = dialect_named(dialect)
    if isinstance(cron, str):
        cron = parse(cron, dialect)
    if cron.seconds != ON_THE_MINUTE and "second" not in rules.fields:
        raise _unsayable("it fires at seconds other than 0", "second", dialect)
    stars = stars and not (cron.text and not cron.follows_clock and _stars_matter(cron.dialect, dialect))
    minutes = _cycle(cron.minutes, EVERY_MINUTE, dialect) if stars else _runs(cron.minutes, dialect)
    hours = _cycle(cron.hours, EVERY_HOUR, dialect) if stars else _runs(cron.hours, dialect)
    days, year = _date_fields(cron.dates, dialect)
    text = f"{minutes} {hours} {days}"
    if len(rules.fields) == len(FIVE):
        return text
    seconds = _cycle(cron.seconds, EVERY_MINUTE, dialect)
    layout = _layout(dialect, seconds=seconds != "0", years=year != "*")
    if layout.second is not None:
        text = f"{text} {seconds}" if layout.second else f"{seconds} {text}"
    return text if layout.year is None else f"{text} {year}"


def _stars_matter(source: str, target: str) -> bool:
    """Whether both dialects treat jobs with a leading star apart when clocks change."""
    return source in DIALECTS and all(DIALECTS[name].clock.follow == "star" for name in (source, target))


@lru_cache(maxsize=256)
def _layout(dialect: str, *, seconds: bool, years: bool) -> FieldOrder:
    """The shortest layout that has the fields which are needed."""
    needed = {name for name, wanted in (("second", seconds), ("year", years)) if wanted}
    return next(layout for _, layout in sorted(DIALECTS[dialect].layouts.items()) if needed <= set(layout.fields))


@lru_cache(maxsize=8192)
def can_say(dates: Dates, dialect: str) -> bool:
    """Whether one expression of the dialect can name exactly these dates."""
    try:
        _date_fields(dates, dialect)
    except ScheduleError:
        return False
    return True


@lru_cache(maxsize=8192)
def _date_fields(dates: Dates, dialect: str) -> tuple[str, str]:
    """Day of month, month and day of week, and the year."""
    rules = DIALECTS[dialect]
    days, weekdays = _day_fields(dates, rules)
    return f"{days} {_cycle(dates.months, EVERY_MONTH, dialect)} {weekdays}", _year_field(dates, rules)


def _year_field(dates: Dates, rules: Dialect) -> str:
    if dates.years is None:
        return "*"
    if "year" not in rules.fields:
        raise _unsayable("it is limited to certain years", "year", rules.name)
    if dates.years and not rules.min_year <= min(dates.years) <= max(dates.years) <= rules.max_year:
        raise _unsayable(f"its years go beyond {rules.min_year} to {rules.max_year}", "year", rules.name)
    return _runs(dates.years, rules.name)


def _day_fields(dates: Dates, rules: Dialect) -> tuple[str, str]:
    days = "*" if dates.any_day else _month_days(dates, rules)
    weekdays = "*" if dates.any_weekday else _weekdays(dates, rules)
    both = days != "*" and weekdays != "*"
    if rules.star == "forbidden":
        if both:
            raise _unsayable("it restricts both day of month and day of week", "day_of_week", rules.name)
        return (days, "?") if weekdays == "*" else ("?", weekdays)
    if both and rules.star == "item" and (dates.nth or dates.nearest):
        raise _unsayable("beside # or W it does not look at the other day field", "day_of_week", rules.name)
    if both and dates.day_rule == "and":
        if rules.both:
            return days, f"+{weekdays}"
        raise _unsayable("it needs day of month and day of week to hold together", "day_of_week", rules.name)
    return days, weekdays


def _month_days(dates: Dates, rules: Dialect) -> str:
    """Plain days, or one of `L`, `L-n`, `nW`, `LW`, `L-nW`, each of which stands alone."""
    plain = frozenset(d for d in dates.days if d > 0)
    special = [*((d, "") for d in dates.days - plain), *((n, "W") for n in dates.nearest)]
    if not special:
        return _runs(plain, rules.name)
    if plain or len(special) > 1:
        raise _unsayable("it mixes kinds of days of the month", "day_of_month", rules.name)
    ((day, work),) = special
    if work:
        day = _working_day(day, dates.months, rules)
    text = f"{day}{work}" if day > 0 else f"L{work}" if day == -1 else f"L-{-1 - day}{work}"
    kind = "nW" if day > 0 else f"L{work}" if day == -1 else "L-n"
    if kind not in rules.writes:
        raise _unsayable(f"it needs {text} in the day of the month", "day_of_month", rules.name)
    return text


def _working_day(day: int, months: frozenset[int], rules: Dialect) -> int:
    """The day whose nearest working day is meant: by a number where the platform has no `LW`."""
    lengths = {LONGEST[m] for m in months}
    if day == -1 and "LW" not in rules.writes and (rules.clamps or (len(lengths) == 1 and FEBRUARY not in months)):
        return max(lengths)
    if rules.clamps and any(day > LONGEST[m] - (m == FEBRUARY) for m in months):
        raise _unsayable(f"it has no working day in months without a day {day}", "day_of_month", rules.name)
    return day


def _weekdays(dates: Dates, rules: Dialect) -> str:
    """Plain weekdays, or one `nL` or `n#k`, which stands alone."""
    if not dates.nth:
        return _runs(dates.weekdays, rules.name, WEEKDAY_NAMES if rules.sunday else ())
    if dates.weekdays or len(dates.nth) > 1:
        raise _unsayable("it names more than one n-th weekday", "day_of_week", rules.name)
    ((k, day),) = dates.nth
    if k == -1 and "Ln" in rules.writes:
        return f"L{day}"
    if ("nL" if k == -1 else "n#k") not in rules.writes:
        raise _unsayable("it needs an n-th or last weekday of the month", "day_of_week", rules.name)
    return f"{WEEKDAY_NAMES[day]}L" if k == -1 else f"{WEEKDAY_NAMES[day]}#{k}"


@lru_cache(maxsize=8192)
def _cycle(values: frozenset[int], whole: frozenset[int], dialect: str) -> str:
    """Return a field that starts again each hour, day or year: `*`, `*/n` where n divides it, or a list."""
    if values == whole:
        return "*"
    step, rest = divmod(len(whole), len(values) or 1)
    if DIALECTS[dialect].steps and len(values) > 1 and not rest:
        first = min(whole)
        if values == frozenset(range(first, first + len(whole), step)):
            return f"*/{step}"
    return _runs(values, dialect)


def _runs(values: frozenset[int], dialect: str, names: tuple[str, ...] = ()) -> str:
    """Values in ascending order as a list of values and ranges.

    Raises:
        ScheduleError: there are none.
    """
    if not values:
        raise _unsayable("it never fires", "", dialect)
    ordered = sorted(values)
    said = [names[v] if names else str(v) for v in ordered]
    items: list[str] = []
    start = 0
    for i in range(1, len(ordered) + 1):
        if i == len(ordered) or ordered[i] != ordered[i - 1] + 1:
            items += [f"{said[start]}-{said[i - 1]}"] if i - start >= _RUN else said[start:i]
            start = i
    return ",".join(items)


def _unsayable(why: str, field: str, dialect: str) -> ScheduleError:
    return ScheduleError(f"{dialect} cannot say this schedule: {why}", dialect=dialect, field=field)
