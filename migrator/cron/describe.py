"""A schedule as a sentence that somebody who never saw cron understands, and that is true.

Idioms are used only where they say exactly the set; otherwise the values are listed. cron-descriptor reads one dialect:
it says Tuesday for the 2 of EventBridge's Monday, "every 90 minutes" for */90, and February 30 as if it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from migrator.cron.days import is_empty
from migrator.cron.model import EVERY_HOUR, EVERY_MINUTE, EVERY_MONTH, ON_THE_MINUTE, Cron, Dates

_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
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
_MANY: Final = 6
"""More times a day than that are not listed one by one where a rule says them."""
_RUN: Final = 3


def describe(cron: Cron, timezone: str) -> str:
    """When a schedule fires, in words: "At 09:00 from Monday to Friday, by the clock of Europe/Berlin."."""
    if not (cron.minutes and cron.hours) or is_empty(cron.dates):
        return "Never: no time fits every field."
    parts = [f"{_times(cron)} {_dates(cron.dates)}", *_seasons(cron.dates)]
    parts.append("UTC" if timezone == "UTC" else f"by the clock of {timezone}")
    sentence = ", ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _times(cron: Cron) -> str:
    text = _minutes(cron.minutes, cron.hours)
    if cron.seconds == ON_THE_MINUTE:
        return text
    return f"{text}, at {_numbered('second', cron.seconds)} of the minute,"


def _minutes(minutes: frozenset[int], hours: frozenset[int]) -> str:
    """The times of the day."""
    every = "every minute" if minutes == EVERY_MINUTE else ""
    if not every and len(minutes) > 1 and (step := _step(minutes, 60)):
        every = f"every {step} minutes"
    if hours == EVERY_HOUR:
        return every or f"every hour at {_numbered('minute', minutes)}"
    if len(minutes) * len(hours) <= _MANY:
        return f"at {_and(f'{h:02}:{m:02}' for h in sorted(hours) for m in sorted(minutes))}"
    if (step := _step(hours, 24)) and not every:
        return f"every {step} hours from midnight at {_numbered('minute', minutes)}"
    of_hours = f"of the {_numbered('hour', hours)}"
    return f"{every} {of_hours}" if every else f"at {_numbered('minute', minutes)} {of_hours}"


def _step(values: frozenset[int], size: int) -> int:
    """The n of values that are every n-th from 0, evenly round the clock; 0 if they are not."""
    step, rest = divmod(size, len(values))
    return step if not rest and values == frozenset(range(0, size, step)) else 0


def _dates(dates: Dates) -> str:
    days, weekdays = list(_month_days(dates)), list(_week_days(dates))
    if dates.any_day and dates.any_weekday:
        return "every day"
    if dates.any_day:
        return f"on {_and(weekdays)}"
    if dates.any_weekday:
        return f"on {_and(days)} of the month"
    if dates.day_rule == "or":
        return f"on {_and(days)} of the month, and also on every {_and(weekdays)}"
    return f"on {_and(days)} of the month if that is a {_and(weekdays, 'or')}"


def _month_days(dates: Dates) -> Iterator[str]:
    plain = frozenset(d for d in dates.days if d > 0)
    if plain:
        yield _numbered("day", plain)
    for day in sorted(dates.days - plain, reverse=True):
        yield "the last day" if day == -1 else f"the day {-1 - day} before the last"
    for day in sorted(dates.nearest):
        where = f"day {day}" if day > 0 else "the last day" if day == -1 else f"the day {-1 - day} before the last"
        yield f"the working day (Monday to Friday) nearest to {where}"


def _week_days(dates: Dates) -> Iterator[str]:
    # Counted from Monday, so that a weekend stays together.
    yield from _runs(((d - 1) % 7 for d in dates.weekdays), _WEEKDAYS[1:])
    for k, day in sorted(dates.nth):
        yield f"the {_ORDINALS[k]} {_WEEKDAYS[day]} of the month"


def _seasons(dates: Dates) -> Iterator[str]:
    if dates.months != EVERY_MONTH:
        yield f"in {_and(_runs((m - 1 for m in dates.months), _MONTHS))}"
    if dates.years is not None:
        yield f"in {_and(_runs(dates.years))}"


def _numbered(noun: str, values: frozenset[int]) -> str:
    return f"{noun}{'s' if len(values) > 1 else ''} {_and(_runs(values))}"


def _runs(values: Iterable[int], names: tuple[str, ...] = ()) -> list[str]:
    """Values in order, three and more in a row as "a to b"."""
    ordered = sorted(values)
    said = [names[v] if names else str(v) for v in ordered]
    items: list[str] = []
    start = 0
    for i in range(1, len(ordered) + 1):
        if i == len(ordered) or ordered[i] != ordered[i - 1] + 1:
            items += [f"{said[start]} to {said[i - 1]}"] if i - start >= _RUN else said[start:i]
            start = i
    return items


def _and(items: Iterable[str], word: str = "and") -> str:
    *rest, last = items
    return f"{', '.join(rest)} {word} {last}" if rest else last
