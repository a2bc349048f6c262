"""The four date fields together: which dates they leave, where engines combine them differently."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from attrs import evolve

from migrator.cron.answers import Decided, rules_of
from migrator.cron.dialect import Dialect
from migrator.cron.fields import Fault, Field
from migrator.cron.grammar import read_field
from migrator.cron.model import EVERY_DAY, EVERY_WEEKDAY, FEBRUARY, LONGEST, Dates, dates_of

_STAR: Final = re.compile(r"[*?](?:/0*1)?")


@lru_cache(maxsize=4096)
def read_dates(
    dialect: str, decided: Decided, dom: str, month: str, dow: str, year: str = "*"
) -> tuple[Dates, frozenset[str]]:
    """The date set of the four date fields, and the questions that it may depend on."""
    rules = rules_of(dialect, decided)
    days = read_field(dom, "day_of_month", dialect, decided)
    months = read_field(month, "month", dialect, decided)
    weekdays = read_field(dow, "day_of_week", dialect, decided)
    years = read_field(year, "year", dialect, decided)
    _check_day_fields(dom, dow, days, weekdays, rules)
    starred = days.star or weekdays.star
    if rules.star == "item" and not starred:
        starred = _whole_and_star(dom, dow, days, weekdays)
        days, weekdays = _one_decides(days, weekdays)
    doubts = days.doubts | months.doubts | weekdays.doubts | years.doubts
    if "day_rule" in rules.doubtful and _star_disputed(dom, dow):
        doubts |= {"day_rule"}
        starred = rules.day_rule == "and" if rules.day_rule else starred
    dates = dates_of(
        months=months.values,
        days=days.values,
        nearest=_clamped(days.nearest, months.values) if rules.clamps else days.nearest,
        weekdays=weekdays.values,
        nth=weekdays.nth,
        day_rule="and" if starred or weekdays.both or rules.star == "forbidden" else "or",
        years=None if len(years.values) > rules.max_year - rules.min_year else years.values,
    )
    return dates, doubts


def _star_disputed(dom: str, dow: str) -> bool:
    """Whether engines disagree that a star makes one of the day fields decide alone.

    One rule looks at the field's first character, one at items without a step above 1, one at items that are a star.
    """
    if dom == "*" or dow == "*":
        return False
    items = [*dom.split(","), *dow.split(",")]
    first = dom[0] == "*" or dow[0] == "*"
    return not first == any(_STAR.fullmatch(item) for item in items) == any(item in {"*", "?"} for item in items)


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
