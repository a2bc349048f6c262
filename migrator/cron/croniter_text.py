"""A job's text as croniter is given it: as it stands at the platform, changed only where croniter spells it apart.

Nothing here goes through our own parser: what it misreads, croniter must be able to contradict.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from migrator.cron.answers import Decided
from migrator.cron.dialect import Dialect
from migrator.cron.dialects import DIALECTS

_FIVE: Final = ("minute", "hour", "day_of_month", "month", "day_of_week")
_ITSELF: Final = "croniter"
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ONE_VALUE: Final = re.compile(r"(?<![\w-])(\w+)-\1(?![\w/-])", re.IGNORECASE)
_STEPPED_VALUE: Final = re.compile(r"(?<![\w-])(\w+)-\1/", re.IGNORECASE)
_RANGE: Final = re.compile(r"(\d+)-(\d+)(/\d+)?")
_LATE_STAR: Final = re.compile(r",[*?]")
_WHOLE: Final = frozenset({"1-31", "0-6", "0-7", "1-7", "SUN-SAT"})
_LAST_YEAR: Final = 2099


@frozen
class Asked:
    """What croniter is given.

    Attributes:
        text: the expression.
        bug: whether a star as first character of a day field makes both of them bind, as in ISC cron.
    """

    text: str
    bug: bool = False


class UnaskableError(Exception):
    """croniter reads such a text in a way of its own, so that its answer would say nothing."""


def ask(text: str, dialect: str, decided: Decided = ()) -> Asked | None:
    """Return what to give croniter for a text; None for dialects that it has no form of.

    Raises:
        UnaskableError: it reads such a text in a way of its own.
    """
    rules, answers = DIALECTS[dialect], dict(decided)
    fields = text.split()
    if dialect == _ITSELF:
        return Asked(text)
    if "never" in (answers.get("wrap"), rules.wrap) or rules.wrap == "cronie":
        _check_order(fields)
    if answers.get("wide_step") == "every":
        raise UnaskableError("a step wider than its range")
    if "named_step" in answers:
        raise UnaskableError("a step after names")
    if rules.fields == _FIVE:
        return _five(text, fields, rules, answers)
    if rules.fields == (*_FIVE, "year"):
        return Asked(_six(fields, rules, answers))
    return None


def _check_order(fields: list[str]) -> None:
    if any(int(low) > int(high) for f in fields for low, high, _ in _RANGE.findall(f)) or "-" in fields[-1]:
        raise UnaskableError("a range that runs backwards")


def _five(text: str, fields: list[str], rules: Dialect, answers: dict[str, str]) -> Asked:
    if text.strip().startswith("@"):
        return Asked(text.strip())
    dom, dow = fields[2], fields[4]
    bug = (answers["day_rule"] == "and") if "day_rule" in answers else rules.star == "first character"
    both = dom not in {"*", "?"} and dow not in {"*", "?"}
    if both and not bug and "*" in f"{dom}{dow}" and {dom, dow.upper()} & _WHOLE:
        raise UnaskableError("a stepped star in one day field beside all days in the other")
    if both and (_LATE_STAR.search(f"{dom} {dow}") or (not bug and re.search(r"\*/0*1(?!\d)", f"{dom} {dow}"))):
        raise UnaskableError("a star in a list of days")
    return Asked(" ".join(_plain(field, answers) for field in fields), bug)


def _plain(field: str, answers: dict[str, str]) -> str:
    """A field with what croniter reads as all values put in another way."""
    if answers.get("equal_range") != "all":
        if _STEPPED_VALUE.search(field):
            raise UnaskableError("a step after a range of one value")
        field = _ONE_VALUE.sub(r"\1", field)
    if any(int(low) > int(high) and step for low, high, step in _RANGE.findall(field)):
        raise UnaskableError("a step in a range that runs backwards")
    return field.replace("?", "*")


def _six(fields: list[str], rules: Dialect, answers: dict[str, str]) -> str:
    """Six fields with the year last: croniter takes the sixth for seconds, and counts weekdays from 0=SUN."""
    minute, hour, dom, month, dow, year = (_plain(field, answers) for field in fields)
    if any(int(y) > _LAST_YEAR for y in re.findall(r"\d{4}", year)):
        raise UnaskableError(f"years after {_LAST_YEAR}")
    base = 0 if answers.get("weekday_base") == "0=SUN" else rules.sunday
    lone = {"saturday": "SAT", "last_saturday": "L6", "sunday": "SUN"}[answers.get("weekday_l", "saturday")]
    dow = lone if dow.upper() == "L" else ",".join(_weekday(item, base) for item in dow.upper().split(","))
    text = f"{minute} {hour} {dom} {month} {dow}"
    return text if year == "*" else f"{text} 0 {year}"


def _weekday(item: str, base: int) -> str:
    if found := re.fullmatch(r"(\w+)L", item):
        return f"L{_number(found[1], base)}"
    if found := re.fullmatch(r"(\w+)#(\d)", item):
        return f"{_number(found[1], base)}#{found[2]}"
    return re.sub(r"\d+", lambda number: _DAYS[(int(number[0]) - base) % 7], item)


def _number(day: str, base: int) -> int:
    return (int(day) - base) % 7 if day.isdigit() else _DAYS.index(day)
