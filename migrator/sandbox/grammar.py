"""What each platform accepts as cron text, read into the values that croniter is given.

Where the rules come from; which platform reads which dialect, and why, is said at the head of its simulator:
    eventbridge  AWS, "Cron expressions reference". Guesses: LW, L-3, wrapped ranges and steps between weekdays are
                 refused, because the page does not spell them out.
    vixie        crontab(5) of Vixie cron, with its rule for two day fields.
    robfig       the Go package robfig/cron v3: ParseStandard without descriptors such as @daily.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from attrs import field, frozen

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS: Final = {n: i for i, n in enumerate(_MONTHS, 1)}
DAYS: Final = {n: i for i, n in enumerate(_DAYS)}


class BadCron(ValueError):  # noqa: N818 (the providers' messages call it a bad cron expression)
    """A text that the platform would refuse."""


@frozen(kw_only=True, eq=False)
class CronField:
    """One field of a dialect: its name, its lowest and highest value, the number behind each name."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = field(factory=dict)


@frozen(kw_only=True, eq=False)
class CronDialect:
    """What a platform accepts.

    Attributes:
        fields: in the order of the text.
        sunday: the number of Sunday; where it is 0, a high of 7 means that 7 is Sunday as well.
        question: fields that may be `?`.
        open_step: whether `5/15` means from 5 to the end.
        widest_step: whether a step may exceed the field's highest value.
        special: whether L, W and # are understood.
        repeated: whether a wall time that occurs twice fires twice.
    """

    fields: tuple[CronField, ...]
    sunday: int
    question: frozenset[str]
    open_step: bool
    widest_step: bool
    special: bool
    repeated: bool


def _fields(weekday_low: int, weekday_high: int) -> tuple[CronField, ...]:
    return (
        CronField(name="minute", low=0, high=59),
        CronField(name="hour", low=0, high=23),
        CronField(name="day-of-month", low=1, high=31),
        CronField(name="month", low=1, high=12, names=MONTHS),
        CronField(
            name="day-of-week", low=weekday_low, high=weekday_high, names={n: v + weekday_low for n, v in DAYS.items()}
        ),
    )


EVENTBRIDGE: Final = CronDialect(
    fields=(*_fields(1, 7), CronField(name="year", low=1970, high=2199)),
    sunday=1,
    question=frozenset({"day-of-month", "day-of-week"}),
    open_step=True,
    widest_step=False,
    special=True,
    repeated=False,
)
VIXIE: Final = CronDialect(
    fields=_fields(0, 7),
    sunday=0,
    question=frozenset(),
    open_step=False,
    widest_step=True,
    special=False,
    repeated=False,
)
ROBFIG: Final = CronDialect(
    fields=_fields(0, 6),
    sunday=0,
    question=frozenset(f.name for f in _fields(0, 6)),
    open_step=True,
    widest_step=True,
    special=False,
    repeated=True,
)


@frozen(kw_only=True)
class Timetable:
    """A parsed expression, as croniter texts.

    Attributes:
        texts: five-field texts; it fires where any of them does.
        minutes: the minutes of the hour at which it fires.
        years: the years in which it fires; None for every year.
        nearest: the n of nW, else 0.
        repeated: whether a wall time that occurs twice fires twice.
    """

    texts: tuple[str, ...]
    minutes: tuple[int, ...]
    years: tuple[int, ...] | None
    nearest: int
    repeated: bool


@lru_cache(maxsize=4096)
def parse(text: str, dialect: CronDialect) -> Timetable:
    """Check and read an expression.

    Raises:
        BadCron: the platform would refuse it.
    """
    words = text.split()
    if len(words) != len(dialect.fields):
        raise BadCron(f"expected {len(dialect.fields)} fields, found {len(words)}: {text!r}")
    by_name = {f.name: (f, word.upper()) for f, word in zip(dialect.fields, words, strict=True)}
    (_, dom_word), (_, dow_word) = by_name["day-of-month"], by_name["day-of-week"]
    special_dom = _special_day(dom_word, dialect)
    special_dow = _special_weekday(*by_name["day-of-week"], dialect)
    minutes, hours, months = (_values(*by_name[name], dialect) for name in ("minute", "hour", "month"))
    dom = special_dom or _text(_values(*by_name["day-of-month"], dialect), 31)
    dow = special_dow or _text(sorted({(v - dialect.sunday) % 7 for v in _values(*by_name["day-of-week"], dialect)}), 7)
    years = _values(*by_name["year"], dialect) if "year" in by_name and by_name["year"][1] != "*" else None
    head, month = f"{_text(minutes, 60)} {_text(hours, 24)}", _text(months, 12)
    days = [(dom, "*"), ("*", dow)] if _either(dom_word, dow_word, dialect) else [(dom, dow)]
    return Timetable(
        texts=tuple(f"{head} {day} {month} {weekday}" for day, weekday in days),
        minutes=tuple(minutes),
        years=tuple(years) if years else None,
        nearest=int(special_dom[:-1]) if special_dom.endswith("W") else 0,
        repeated=dialect.repeated,
    )


def _values(spec: CronField, text: str, dialect: CronDialect) -> list[int]:
    """The values that a field selects, ascending."""
    found: set[int] = set()
    for item in text.split(","):
        base, slash, step_text = item.partition("/")
        if slash and dialect.special and spec.name == "day-of-week":
            raise BadCron(f"{spec.name}: steps are not supported: {text!r}")
        low, high = _range(spec, base, dialect, stepped=bool(slash))
        step = _number(spec, step_text, names=False) if slash else 1
        if step < 1 or (step > spec.high and not dialect.widest_step):
            raise BadCron(f"{spec.name}: bad step in {text!r}")
        found.update(range(low, high + 1, step))
    return sorted(found)


def _range(spec: CronField, base: str, dialect: CronDialect, *, stepped: bool) -> tuple[int, int]:
    if base == "*" or (base == "?" and spec.name in dialect.question):
        return spec.low, spec.high
    start, dash, end = base.partition("-")
    low = _number(spec, start)
    if not dash:
        if stepped and not dialect.open_step:
            raise BadCron(f"{spec.name}: a step needs a range or *: {base!r}")
        high = spec.high if stepped else low
    else:
        high = _number(spec, end)
    if not spec.low <= low <= high <= spec.high:
        raise BadCron(f"{spec.name}: {base!r} is not within {spec.low}-{spec.high}, or runs backwards")
    return low, high


def _number(spec: CronField, text: str, *, names: bool = True) -> int:
    if names and text in spec.names:
        return spec.names[text]
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise BadCron(f"{spec.name}: cannot read {text!r}")
    return int(text)


def _text(values: list[int], whole: int) -> str:
    return "*" if len(values) == whole else ",".join(map(str, values))


def _special_day(word: str, dialect: CronDialect) -> str:
    """The croniter form of L and nW, "" for an ordinary day of the month."""
    if not dialect.special:
        return ""
    if word == "L":
        return word
    nearest = re.fullmatch(r"([1-9]|[12][0-9]|3[01])W", word)
    return word if nearest else ""


def _special_weekday(spec: CronField, word: str, dialect: CronDialect) -> str:
    """The croniter form of L, nL and n#k, "" for an ordinary weekday."""
    if not dialect.special:
        return ""
    if word == "L":
        return str(DAYS["SAT"])
    last = re.fullmatch(r"([1-7]|[A-Z]{3})L", word)
    if last:
        return f"L{_number(spec, last[1]) - dialect.sunday}"
    nth = re.fullmatch(r"([1-7]|[A-Z]{3})#([1-5])", word)
    return f"{_number(spec, nth[1]) - dialect.sunday}#{nth[2]}" if nth else ""


def _either(dom: str, dow: str, dialect: CronDialect) -> bool:
    """Whether a day that matches one of the two day fields is enough.

    Vixie cron: unless one of them begins with a star. robfig/cron: unless one of them holds a star or a question mark
    whose step is at most 1. EventBridge never gets here with both restricted.
    """
    if dialect is VIXIE:
        return not dom.startswith("*") and not dow.startswith("*")
    if dialect is ROBFIG:
        plain = re.compile(r"(^|,)[*?](/1)?(,|$)")
        return not plain.search(dom) and not plain.search(dow)
    return False
