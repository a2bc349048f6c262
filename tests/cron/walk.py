"""The slow way: look at every minute and ask whether the expression matches it.

It reads expressions and applies clock rules by itself; only the time zone data is the engine's, so that both speak of
the same release.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from migrator.cron.zones import load_zone

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MINUTE = timedelta(minutes=1)

CLOCKS = {
    "eventbridge": ("skip", "first", False),
    "vixie": ("end", "first", True),
    "cronie": ("end", "first", True),
    "cronie_zones": ("skip", "both", False),
    "github": ("end", "first", True),
    "posix": ("end", "first", True),
    "robfig": ("skip", "both", False),
    "quartz": ("skip", "second", False),
    "debian": ("end", "first", True),
    "croniter": ("end", "both", True),
    "croner": ("shift", "first", False),
    "claude": ("skip", "both", False),
    "openai": ("end", "first", True),
}
SUNDAY_IS_ONE = {"eventbridge", "quartz"}
SUNDAY_IS_SEVEN = {"vixie", "cronie", "cronie_zones", "debian", "croner", "claude", "openai"}


def walk(text: str, dialect: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    """Every minute in [start, end) at which the dialect's platform fires the expression."""
    return [t for t in minutes(start, end) if fires_at(text, dialect, zone, t)]


def minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    at = start.astimezone(UTC).replace(second=0, microsecond=0)
    at += MINUTE if at < start else timedelta(0)
    while at < end:
        yield at
        at += MINUTE


def fires_at(text: str, dialect: str, zone: str, at: datetime) -> bool:
    gap, overlap, follows = CLOCKS[dialect]
    fields = text.split()
    if dialect == "quartz":
        fields = fields[1:]
    natural = follows and (fields[0][0] == "*" or fields[1][0] == "*")
    if dialect == "croniter":
        natural = all(in_list(fields[1], hour, 0, 23) for hour in range(24))
    info = load_zone(zone)
    local = at.astimezone(info)
    wall = local.replace(tzinfo=None)
    if gap == "end" and not natural and wall.minute % 15 == 0:
        jump = wall - (at - MINUTE).astimezone(info).replace(tzinfo=None) - MINUTE
        if timedelta(0) < jump < timedelta(hours=3):
            skipped = (wall - MINUTE * n for n in range(1, jump // MINUTE + 1))
            if any(matches(fields, dialect, time) for time in skipped):
                return True
    made_up = shifted(fields, dialect, zone, at) if gap == "shift" else None
    if made_up is not None:
        return at == made_up
    if not matches(fields, dialect, wall):
        return False
    passes = {wall.replace(tzinfo=info, fold=f).astimezone(UTC) for f in (0, 1)}
    twice = len(passes) == 2
    if not twice or natural or overlap == "both":
        return True
    return at == (min(passes) if overlap == "first" else max(passes))


def shifted(fields: list[str], dialect: str, zone: str, at: datetime) -> datetime | None:
    """When the first skipped time fires, if `at` is not after that; None otherwise."""
    for end, before, jump in gaps(zone, at.replace(minute=0)):
        first = next((n for n in range(jump) if matches(fields, dialect, before + MINUTE * n)), None)
        if first is not None and end <= at <= end + MINUTE * first:
            return end + MINUTE * first
    return None


@lru_cache(maxsize=4096)
def gaps(zone: str, hour: datetime) -> tuple[tuple[datetime, datetime, int], ...]:
    """Gaps that end within three hours before the end of this hour: when, the first skipped time, and how many."""
    info, found = load_zone(zone), []
    for n in range(-12, 4):
        end = hour + 15 * n * MINUTE
        before = (end - MINUTE).astimezone(info).replace(tzinfo=None) + MINUTE
        jump = (end.astimezone(info).replace(tzinfo=None) - before) // MINUTE
        if 0 < jump < 180:
            found.append((end, before, jump))
    return tuple(found)


def matches(fields: list[str], dialect: str, wall: datetime) -> bool:
    if dialect == "vixie":
        fields = [",".join(without_wide_step(item) for item in field.split(",")) for field in fields]
    minute, hour, dom, month, dow, *year = fields
    if not (in_list(minute, wall.minute, 0, 59) and in_list(hour, wall.hour, 0, 23)):
        return False
    if not in_list(month, wall.month, 1, 12, MONTHS):
        return False
    if year and not in_list(year[0], wall.year, 1970, 2199):
        return False
    by_day = in_days(dom, wall.date())
    by_weekday = in_weekdays(dow, wall.date(), dialect)
    if dialect == "robfig":
        either = not any(is_star(item) for field in (dom, dow) for item in field.split(","))
    elif dialect in {"posix", "croner", "croniter"}:
        either = "*" not in (dom, dow)
    else:
        either = not (dom[0] in "*?" or dow[0] in "*?")
    return by_day or by_weekday if either else by_day and by_weekday


def without_wide_step(item: str) -> str:
    """ISC cron takes a step that is wider than its range for 1 (the fields' own steps are never that wide here)."""
    base, _, step = item.partition("/")
    first, dash, last = base.partition("-")
    if step and dash and first.isdigit() and int(step) > int(last) - int(first):
        return base
    return item


def is_star(item: str) -> bool:
    base, _, step = item.partition("/")
    return base in {"*", "?"} and step in {"", "1"}


@lru_cache(maxsize=100_000)
def in_list(field: str, value: int, low: int, high: int, names: tuple[str, ...] | None = None) -> bool:
    return any(in_item(item, value, low, high, names) for item in field.upper().split(","))


def in_item(item: str, value: int, low: int, high: int, names: tuple[str, ...] | None) -> bool:
    base, _, step = item.partition("/")

    def number(word: str) -> int:
        return names.index(word) + low if names and word in names else int(word)

    if base in {"*", "?"}:
        first, last = low, high
    elif "-" in base:
        first, last = (number(word) for word in base.split("-"))
    else:
        first = number(base)
        last = high if step else first
    size = high - low + 1
    if last < first:
        last += size
    return any(at % size == value % size for at in range(first, last + 1, int(step or 1)))


def in_days(field: str, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]

    def one(item: str) -> bool:
        if item == "L":
            return day.day == length
        if item == "LW":
            return day == nearest(length, day)
        if item.endswith("W"):
            return int(item[:-1]) <= length and day == nearest(int(item[:-1]), day)
        if item.startswith("L-"):
            return day.day == length - int(item[2:])
        return in_item(item, day.day, 1, 31, None)

    return any(one(item) for item in field.upper().split(","))


def nearest(number: int, day: date) -> date:
    """The working day nearest to that day of `day`'s month, within the month."""
    wanted = day.replace(day=number)
    candidates = [wanted + timedelta(days=n) for n in (0, -1, 1, -2, 2)]
    return next(d for d in candidates if d.month == day.month and d.isoweekday() <= 5)


def in_weekdays(field: str, day: date, dialect: str) -> bool:
    field = field.upper()
    base = 1 if dialect in SUNDAY_IS_ONE else 0
    today = day.isoweekday() % 7

    def number(word: str) -> int:
        return DAYS.index(word) if word in DAYS else (int(word) - base) % 7

    if "#" in field:
        word, _, nth = field.partition("#")
        return today == number(word) and (day.day - 1) // 7 + 1 == int(nth)
    if field == "L":
        return today == 6
    if field.endswith("L"):
        return today == number(field[:-1]) and (day + timedelta(days=7)).month != day.month
    high = 7 if base or dialect in SUNDAY_IS_SEVEN else 6
    return any(
        in_list(field, value, base, high, DAYS)
        for value in {today + base, 7 if not today and not base else today + base}
    )
