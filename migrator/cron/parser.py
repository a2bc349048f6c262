"""Text to meaning."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from attrs import evolve

from migrator.cron.dialects import DIALECTS, Dialect, Layout
from migrator.cron.fields import AMBIGUOUS, Fault, Field
from migrator.cron.grammar import read_field
from migrator.cron.model import EVERY_DAY, EVERY_WEEKDAY, FEBRUARY, LONGEST, ON_THE_MINUTE, Cron, Dates, dates_of
from migrator.cron.readings import check_blanks, rewritten, wrong_count
from migrator.errors import ScheduleError

MAX_LENGTH: Final = 2000
"""The longest expression that is looked at; the longest useful one, every year listed, stays far below it."""


def dialect_named(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        ScheduleError: there is none.
    """
    try:
        return DIALECTS[name]
    except (KeyError, TypeError):
        raise ScheduleError(
            f"there is no cron dialect {name!r}", dialect=str(name), allowed=", ".join(DIALECTS)
        ) from None


def parse(text: str, dialect: str) -> Cron:
    """The meaning of a cron expression, as the dialect's platform reads it.

    Raises:
        ScheduleError: names dialect, field and column.
    """
    rules = dialect_named(dialect)
    body = _body(text, rules)
    tokens = body.split()
    layout = rules.layouts.get(len(tokens))
    if layout is None:
        raise wrong_count(text, body, rules, _readable_in(dialect))
    first, seconds = layout.first, ON_THE_MINUTE
    try:
        if layout.second is not None:
            seconds = read_field(tokens[layout.second], "second", dialect).values
        minutes, hours, follows_clock, doubts = _times(dialect, tokens[first], tokens[first + 1])
        year = "*" if layout.year is None else tokens[layout.year]
        dates, flags = _dates(dialect, tokens[first + 2], tokens[first + 3], tokens[first + 4], year)
    except Fault as fault:
        raise _located(fault, text, body, layout, rules) from None
    return Cron(
        minutes=minutes,
        hours=hours,
        dates=dates,
        seconds=seconds,
        text=text,
        dialect=dialect,
        follows_clock=follows_clock,
        flags=flags or doubts,
    )


@lru_cache(maxsize=8192)
def _times(dialect: str, minute: str, hour: str) -> tuple[frozenset[int], frozenset[int], bool, frozenset[str]]:
    """Minutes, hours, whether they make an interval job, and what is doubtful about them."""
    minutes, hours = read_field(minute, "minute", dialect), read_field(hour, "hour", dialect)
    return minutes.values, hours.values, "*" in {minute[0], hour[0]}, minutes.flags | hours.flags


@lru_cache(maxsize=4096)
def _dates(dialect: str, dom: str, month: str, dow: str, year: str = "*") -> tuple[Dates, frozenset[str]]:
    """The date set of the four date fields, and what is doubtful about them."""
    rules = DIALECTS[dialect]
    days = read_field(dom, "day_of_month", dialect)
    months = read_field(month, "month", dialect)
    weekdays = read_field(dow, "day_of_week", dialect)
    years = read_field(year, "year", dialect)
    _check_day_fields(dom, dow, days, weekdays, rules)
    starred = days.star or weekdays.star
    if rules.star == "item" and not starred:
        starred = _whole_and_star(dom, dow, days, weekdays)
        days, weekdays = _one_decides(days, weekdays)
    flags = days.flags | months.flags | weekdays.flags | years.flags
    dates = dates_of(
        months=months.values,
        days=days.values,
        nearest=_clamped(days.nearest, months.values) if rules.clamps else days.nearest,
        weekdays=weekdays.values,
        nth=weekdays.nth,
        day_rule="and" if starred or weekdays.both or rules.star == "forbidden" else "or",
        years=None if len(years.values) > rules.max_year - rules.min_year else years.values,
    )
    if rules.star_doubtful and starred and not dates.any_day and not dates.any_weekday:
        flags = AMBIGUOUS
    return dates, flags


def _whole_and_star(dom: str, dow: str, days: Field, weekdays: Field) -> bool:
    """Whether one day field has every value and the other one a star, which croniter takes for a star in both."""
    return (days.values == EVERY_DAY and "*" in dow) or (weekdays.values == EVERY_WEEKDAY and "*" in dom)


def _one_decides(days: Field, weekdays: Field) -> tuple[Field, Field]:
    """Two restricted day fields as croniter reads them: `#` and `W` are asked for on both sides of its "either"."""
    if weekdays.nth:
        return days if days.nearest else evolve(days, values=EVERY_DAY), evolve(weekdays, both=True)
    return days, evolve(weekdays, values=EVERY_WEEKDAY, both=True) if days.nearest else weekdays


def _clamped(nearest: frozenset[int], months: frozenset[int]) -> frozenset[int]:
    """Working days nearest to a day, or to the end of a month that has no such day."""
    shortest = min(LONGEST[m] - (m == FEBRUARY) for m in months)
    longest = max(LONGEST[m] for m in months)
    found = set()
    for day in nearest:
        if shortest < day < longest:
            raise Fault(
                f"{day}W is the end of the month where a month has no day {day}",
                field="day_of_month",
                allowed="1W-28W, or 31W for the last working day",
            )
        found.add(-1 if day > shortest else day)
    return frozenset(found)


def _check_day_fields(dom: str, dow: str, days: Field, weekdays: Field, rules: Dialect) -> None:
    if rules.star != "forbidden":
        return
    if rules.one_question and (dom == "?") == (dow == "?"):
        raise Fault("exactly one of the two day fields must be ?", field="day_of_week", allowed="?")
    if not days.star and not weekdays.star:
        raise Fault(
            "day of month and day of week cannot both be restricted",
            field="day_of_week",
            allowed="? in one of the two",
            hint="make two jobs of it",
        )


def _body(text: object, rules: Dialect) -> str:
    """The text to read: of bounded length, free of control characters and other alphabets, a macro written out."""
    if (
        isinstance(text, str)
        and len(text) <= MAX_LENGTH
        and text.isascii()
        and text.isprintable()
        and "@" not in text
        and "=" not in text
        and "(" not in text
        and ":" not in text
        and rules.blanks == "any"
    ):
        return text
    return _checked(text, rules)


def _checked(text: object, rules: Dialect) -> str:
    """The body of a text that is not plain.

    Raises:
        ScheduleError: it is no text, too long, holds a character that never belongs there, or a foreign prefix.
    """
    if not isinstance(text, str):
        raise ScheduleError(
            "a cron expression is text",
            dialect=rules.name,
            field=rules.fields[0],
            column=1,
            allowed="text such as '0 9 * * *'",
        )
    if len(text) > MAX_LENGTH:
        raise ScheduleError(
            f"the expression has {len(text)} characters",
            dialect=rules.name,
            text=text,
            field=rules.fields[0],
            column=MAX_LENGTH + 1,
            allowed=f"at most {MAX_LENGTH}",
        )
    if not (text.isascii() and text.isprintable()):
        for column, char in enumerate(text.rstrip("\r\n"), 1):
            if not (" " <= char <= "~" or char == "\t"):
                raise ScheduleError(
                    f"the character {char!r} has no place in a cron expression",
                    dialect=rules.name,
                    text=text,
                    field=_field_at(text, column, rules),
                    column=column,
                    allowed="ASCII letters, digits, and * ? , - / # $",
                )
    if rules.blanks == "spaces":
        check_blanks(text, rules)
    return rewritten(text, rules, _readable_in(rules.name))


def _readable_in(dialect: str) -> Callable[[str], bool]:
    """Whether a text can be read in a dialect, as a function."""

    def readable(text: str) -> bool:
        try:
            parse(text, dialect)
        except ScheduleError:
            return False
        return True

    return readable


def _located(fault: Fault, text: str, body: str, layout: Layout, rules: Dialect) -> ScheduleError:
    index = layout.fields.index(fault.field)
    starts = [m.start() for m in re.finditer(r"\S+", body)]
    column = starts[index] + fault.offset + 1 if len(body) == len(text) else 1
    return ScheduleError(
        fault.what,
        dialect=rules.name,
        text=text,
        field=fault.field,
        column=column,
        allowed=fault.allowed,
        hint=fault.hint,
    )


def _field_at(text: str, column: int, rules: Dialect) -> str:
    """The field that a column lies in, "" beyond the last one."""
    index = max(len(text[:column].split()) - 1, 0)
    return rules.fields[index] if index < len(rules.fields) else ""
