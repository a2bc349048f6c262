"""What a schedule means, as a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from migrator.cron import Cron, Dates

_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS: Final = (
    "",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ORDINALS: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_RUN: Final = 3
_LISTED: Final = 8
"""Times of the day that are listed one by one."""
_HOUR: Final = 60
_DAY: Final = 24


def meaning(cron: Cron) -> str:
    """What a schedule means: "At 09:00 on Monday to Friday, in March."."""
    parts = [_times(cron), _dates(cron.dates), *_span(cron.dates)]
    sentence = ", ".join([" ".join(part for part in parts[:2] if part), *parts[2:]])
    return f"{sentence[0].upper()}{sentence[1:]}."


def _times(cron: Cron) -> str:
    hours, minutes, seconds = sorted(cron.hours), sorted(cron.minutes), sorted(cron.seconds)
    said = "" if seconds == [0] else f" and {_and(map(str, seconds))} seconds"
    if len(hours) == _DAY:
        if len(minutes) == _HOUR:
            return f"every minute{said}"
        if (step := _step(minutes)) and len(minutes) > 1:
            return f"every {step} minutes{said}"
        return f"at {_numbers(minutes)} minutes past every hour{said}"
    if len(hours) * len(minutes) <= _LISTED:
        return f"at {_and(f'{hour:02}:{minute:02}' for hour in hours for minute in minutes)}{said}"
    each = "every minute" if len(minutes) == _HOUR else f"at {_numbers(minutes)} minutes past the hour"
    if (step := _step(minutes)) and 1 < len(minutes) < _HOUR:
        each = f"every {step} minutes"
    return f"{each} of the hours {_numbers(hours)}{said}"


def _step(minutes: Sequence[int]) -> int:
    """The n of every n minutes; 0 when it is not that regular."""
    step = _HOUR // len(minutes)
    return step if list(minutes) == list(range(0, _HOUR, step)) else 0


def _dates(dates: Dates) -> str:
    days, weekdays = list(_month_days(dates)), list(_week_days(dates))
    if days and weekdays:
        both = (f"{_and(days)}, if it is {_and(weekdays, 'or')}", f"{_and(days)}, and on every {_and(weekdays)}")
        return f"on {both[dates.day_rule == 'or']}"
    said = _and(days or weekdays)
    return (f"on {said}" if " to " not in said or days else said) if said else "every day"


def _month_days(dates: Dates) -> Iterator[str]:
    if not dates.any_day:
        plain = sorted(day for day in dates.days if day > 0)
        if plain:
            yield f"day {_numbers(plain)} of the month"
        for day in sorted((day for day in dates.days if day < 0), reverse=True):
            yield "the last day of the month" if day == -1 else f"day {-1 - day} before the last of the month"
        for day in sorted(dates.nearest):
            yield "the last working day of the month" if day == -1 else f"the working day nearest to day {day}"


def _week_days(dates: Dates) -> Iterator[str]:
    if not dates.any_weekday:
        yield from _runs(sorted(dates.weekdays, key=lambda day: (day - 1) % 7), _WEEKDAYS, first=1)
        for number, day in sorted(dates.nth):
            yield f"the {_ORDINALS[number]} {_WEEKDAYS[day]} of the month"


def _span(dates: Dates) -> Iterator[str]:
    if len(dates.months) < len(_MONTHS) - 1:
        yield f"in {_and(_runs(sorted(dates.months), _MONTHS))}"
    if dates.years is not None:
        yield f"in {_numbers(sorted(dates.years))}"


def _numbers(values: Sequence[int]) -> str:
    return _and(_runs(values, None))


def _runs(values: Sequence[int], names: Sequence[str] | None, *, first: int = 0) -> Iterator[str]:
    """Values with runs of three and more as ranges; weekdays count from `first` on."""
    say = (lambda value: names[value]) if names else str
    place = {value: (value - first) % 7 if first else value for value in values}
    start = 0
    for end in range(1, len(values) + 1):
        if end < len(values) and place[values[end]] == place[values[end - 1]] + 1:
            continue
        run = values[start:end]
        yield from [f"{say(run[0])} to {say(run[-1])}"] if len(run) >= _RUN else map(say, run)
        start = end


def _and(parts: Iterable[str], word: str = "and") -> str:
    said = list(parts)
    return f" {word} ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
