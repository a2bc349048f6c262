"""Meaning to text: only what every engine of the dialect's family reads alike.

Lists and ascending ranges; `*`; `*/n` only where n divides the field and never in a day field; weekdays as 0-6, or as
names where the platform's numbers are doubtful; both day fields only where they mean "either", never starting with a
star. Everything else that an engine may read is never written.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from migrator.cron.dialects import Dialect
from migrator.cron.grammar import WEEKDAY_NAMES
from migrator.cron.model import EVERY_HOUR, EVERY_MINUTE, EVERY_MONTH, ON_THE_MINUTE, Cron, Dates
from migrator.cron.parse import dialect_named, parse
from migrator.errors import ScheduleError

_RUN: Final = 3  # a shorter run reads better as a list


def render(cron: Cron | str, dialect: str) -> str:
    """The canonical text of a schedule in a dialect; a text is read in that dialect first.

    Raises:
        ScheduleError: the dialect cannot say it in one expression.
    """
    rules = dialect_named(dialect)
    if isinstance(cron, str):
        cron = parse(cron, dialect)
    if not (cron.minutes and cron.hours and cron.months):
        raise _unsayable("it never fires", "", rules)
    if cron.seconds != ON_THE_MINUTE and rules.fields[0] != "second":
        raise _unsayable("it fires at seconds other than 0", "second", rules)
    seconds = [_cycle(cron.seconds, EVERY_MINUTE, rules)] if rules.fields[0] == "second" else []
    days, weekdays = _day_fields(cron.dates, rules)
    return " ".join(
        [
            *seconds,
            _cycle(cron.minutes, EVERY_MINUTE, rules),
            _cycle(cron.hours, EVERY_HOUR, rules),
            days,
            _cycle(cron.months, EVERY_MONTH, rules),
            weekdays,
            *_year_field(cron.years, rules),
        ]
    )


@lru_cache(maxsize=8192)
def can_say(dates: Dates, dialect: str) -> bool:
    """Whether one expression of the dialect can name exactly these dates."""
    rules = dialect_named(dialect)
    try:
        _day_fields(dates, rules)
        _year_field(dates.years, rules)
    except ScheduleError:
        return False
    return bool(dates.months)


def _year_field(years: frozenset[int] | None, rules: Dialect) -> list[str]:
    if "year" not in rules.fields:
        if years is not None:
            raise _unsayable("it is limited to certain years", "year", rules)
        return []
    if years is None:
        return [] if rules.optional else ["*"]
    if not years:
        raise _unsayable("it never fires", "year", rules)
    return [_runs(sorted(years))]


def _day_fields(dates: Dates, rules: Dialect) -> tuple[str, str]:
    days = "*" if dates.any_day else _month_days(dates, rules)
    weekdays = "*" if dates.any_weekday else _weekdays(dates, rules)
    if rules.star == "forbidden":
        if days != "*" and weekdays != "*":
            raise _unsayable("it restricts both day of month and day of week", "day_of_week", rules)
        return ("?", weekdays) if weekdays != "*" else (days, "?")
    if days != "*" and weekdays != "*" and dates.day_rule == "and":
        raise _unsayable("it needs day of month and day of week to hold together", "day_of_week", rules)
    return days, weekdays


def _month_days(dates: Dates, rules: Dialect) -> str:
    last = sorted((d for d in dates.days if d < 0), reverse=True)
    plain = sorted(d for d in dates.days if d > 0)
    if not last and not dates.nearest:
        if not plain:
            raise _unsayable("it never fires", "day_of_month", rules)
        return _runs(plain)
    if plain or len(last) + len(dates.nearest) > 1:
        raise _unsayable("it mixes kinds of days of the month", "day_of_month", rules)
    day, nearest = (last[0], False) if last else (min(dates.nearest), True)
    special = {(True, False): "L" if day == -1 else "L-n", (True, True): "LW" if day == -1 else "L-nW"}.get(
        (day < 0, nearest), "nW"
    )
    needed = {"L-nW"} if special == "L-nW" else {special}
    if special in {"LW", "L-n", "L-nW"} and rules.name == "eventbridge" or not needed <= _writable(rules):
        raise _unsayable(f"it needs {special} in the day of the month", "day_of_month", rules)
    return {"L": "L", "L-n": f"L-{-1 - day}", "LW": "LW", "L-nW": f"L-{-1 - day}W", "nW": f"{day}W"}[special]


def _writable(rules: Dialect) -> set[str]:
    """The special signs that are safe to write: those documented, and what follows from them."""
    signs = set(rules.specials) - {"$", "dow L"}
    return signs | {"L-nW"} if {"L-n", "LW"} <= signs else signs


def _weekdays(dates: Dates, rules: Dialect) -> str:
    if dates.nth:
        if dates.weekdays or len(dates.nth) > 1:
            raise _unsayable("it names more than one n-th weekday", "day_of_week", rules)
        ((k, day),) = dates.nth
        if not {"nL", "n#k"} <= rules.specials:
            raise _unsayable("it needs an n-th or last weekday of the month", "day_of_week", rules)
        return f"{WEEKDAY_NAMES[day]}L" if k == -1 else f"{WEEKDAY_NAMES[day]}#{k}"
    if not dates.weekdays:
        raise _unsayable("it never fires", "day_of_week", rules)
    return _runs(sorted(dates.weekdays), WEEKDAY_NAMES if rules.sunday == 1 else None)


def _cycle(values: frozenset[int], whole: frozenset[int], rules: Dialect) -> str:
    """A field that starts anew each hour, day or year: `*`, `*/n` where n divides it, or a list."""
    if len(values) == len(whole):
        return "*"
    size, count = len(whole), len(values)
    if rules.steps and count > 1 and size % count == 0:
        step = size // count
        if values == frozenset(range(min(whole), max(whole) + 1, step)):
            return f"*/{step}"
    return _runs(sorted(values))


def _runs(values: list[int], names: tuple[str, ...] | None = None) -> str:
    """Ascending values as a list of values and ranges."""
    say = [names[v] for v in values] if names else [str(v) for v in values]
    items: list[str] = []
    start = 0
    for i in range(1, len(values) + 1):
        if i < len(values) and values[i] == values[i - 1] + 1:
            continue
        items += [f"{say[start]}-{say[i - 1]}"] if i - start >= _RUN else say[start:i]
        start = i
    return ",".join(items)


def _unsayable(why: str, field: str, rules: Dialect) -> ScheduleError:
    return ScheduleError(f"{rules.name} cannot say this schedule: {why}", dialect=rules.name, field=field)
