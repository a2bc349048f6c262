"""Text to meaning."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from migrator.cron.dialects import DIALECTS, Dialect
from migrator.cron.fields import AMBIGUOUS, Fault, Field
from migrator.cron.grammar import read_field
from migrator.cron.model import ON_THE_MINUTE, Cron, Dates, dates_of
from migrator.errors import ScheduleError

MAX_LENGTH: Final = 2000
"""The longest expression that is looked at; the longest useful one, every year listed, stays far below it."""

_PREFIX: Final = re.compile(r"\s*(CRON_TZ|TZ)=")


def dialect_named(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        ScheduleError: there is none.
    """
    try:
        return DIALECTS[name]
    except (KeyError, TypeError):
        raise ScheduleError(f"there is no cron dialect {name!r}", dialect=str(name), allowed=DIALECTS) from None


def parse(text: str, dialect: str) -> Cron:
    """The meaning of a cron expression, as the dialect's platform reads it.

    Raises:
        ScheduleError: names dialect, field and column.
    """
    rules = dialect_named(dialect)
    tokens = _body(text, rules).split()
    most = len(rules.fields)
    if not most - rules.optional <= len(tokens) <= most:
        raise _wrong_count(text, tokens, rules)
    seconds = ON_THE_MINUTE
    first = 0
    try:
        if rules.fields[0] == "second":
            seconds, first = read_field(tokens[0], "second", dialect).values, 1
        minutes, hours, follows_clock, doubts = _times(dialect, tokens[first], tokens[first + 1])
        dates, flags = _dates(dialect, *tokens[first + 2 :])
    except Fault as fault:
        raise _located(fault, text, rules) from None
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
    flags = days.flags | months.flags | weekdays.flags | years.flags
    dates = dates_of(
        months=months.values,
        days=days.values,
        nearest=days.nearest,
        weekdays=weekdays.values,
        nth=weekdays.nth,
        day_rule="and" if starred or rules.star == "forbidden" else "or",
        years=None if len(years.values) > rules.max_year - rules.min_year else years.values,
    )
    if rules.star_doubtful and starred and not dates.any_day and not dates.any_weekday:
        flags = AMBIGUOUS
    return dates, flags


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
    ):
        return text
    return _checked(text, rules)


def _checked(text: object, rules: Dialect) -> str:
    """The body of a text that is not plain.

    Raises:
        ScheduleError: it is no text, too long, holds a character that never belongs there, or a foreign prefix.
    """
    if not isinstance(text, str):
        raise ScheduleError("a cron expression is text", dialect=rules.name, allowed="text such as '0 9 * * *'")
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
    body = text.strip()
    if body.startswith("@"):
        return _macro(text, body, rules)
    if _PREFIX.match(text):
        raise ScheduleError(
            "a time zone inside the expression is not read",
            dialect=rules.name,
            text=text,
            field="timezone",
            column=len(text) - len(text.lstrip()) + 1,
            hint="give the zone beside the expression",
        )
    return body


def _macro(text: str, body: str, rules: Dialect) -> str:
    if body in rules.macros:
        return rules.macros[body]
    if body.startswith(("@reboot", "@every")):
        what = f"{body.split(maxsplit=1)[0]} is no calendar schedule: its fires depend on when the server started"
    elif body.lower() in rules.macros:
        what = "macros are read in lower case only"
    else:
        what = "there is no such macro here"
    raise ScheduleError(
        what,
        dialect=rules.name,
        text=text,
        field=rules.fields[0],
        column=text.index("@") + 1,
        allowed=rules.macros or "no macros, fields only",
    )


def _wrong_count(text: str, tokens: list[str], rules: Dialect) -> ScheduleError:
    least, most = len(rules.fields) - rules.optional, len(rules.fields)
    wanted = f"{most}" if least == most else f"{least} or {most}"
    starts = [m.start() + 1 for m in re.finditer(r"\S+", text)]
    surplus = len(tokens) > most
    return ScheduleError(
        f"the expression has {len(tokens)} fields, and {rules.name} has {wanted}",
        dialect=rules.name,
        text=text,
        field="" if surplus else rules.fields[len(tokens)],
        column=starts[most] if surplus else len(text.rstrip()) + 1,
        allowed=" ".join(rules.fields),
    )


def _located(fault: Fault, text: str, rules: Dialect) -> ScheduleError:
    index = rules.fields.index(fault.field)
    starts = [m.start() for m in re.finditer(r"\S+", text)]
    column = starts[index] + fault.offset + 1
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
