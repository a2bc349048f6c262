"""When a schedule fires."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfoNotFoundError

from migrator.cron.days import is_empty
from migrator.cron.firesets import FireSet, Window, fires_of, instants
from migrator.cron.model import ON_THE_MINUTE, Cron, as_utc
from migrator.cron.parser import dialect_named, parse
from migrator.cron.zone_names import suggestion, what_is_wrong
from migrator.cron.zones import DAY, from_minutes, load_zone, to_minutes, tzdata_version, zone_names
from migrator.errors import ScheduleError

_SPANS: Final = (40, 400, 4_000, 40_000, 110_000)
"""Days to look ahead at a time, growing; together they exceed the 400 years after which calendars repeat."""

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9_000


def next_fires(cron: Cron | str, timezone: str, after: datetime, count: int, *, dialect: str) -> list[datetime]:
    """The first `count` instants strictly after `after` at which a job fires, aware, in UTC.

    The list is shorter if the schedule ends. A text is read in `dialect`, whose clock rule applies.

    Raises:
        ScheduleError: an unreadable text, an unknown dialect or zone, or `after` without a zone.
    """
    dialect_named(dialect)
    if isinstance(cron, str):
        cron = parse(cron, dialect)
    check_zone(timezone, dialect)
    start = as_utc(after, field_name="after")
    if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
        allowed = f"{_FIRST_YEAR} to {_LAST_YEAR}"
        raise ScheduleError("the year is out of range", dialect=dialect, field="after", allowed=allowed)
    return list(islice(fires_after(cron, timezone, start, dialect), max(count, 0)))


def check_zone(timezone: str, dialect: str) -> None:
    """Does nothing for a zone that exists.

    Raises:
        ScheduleError: the time zone is unknown.
    """
    try:
        load_zone(timezone)
    except (ZoneInfoNotFoundError, TypeError, AttributeError):
        raise ScheduleError(
            what_is_wrong(timezone),
            dialect=dialect,
            field="timezone",
            allowed=f"a name of the tz database, release {tzdata_version()}, such as America/New_York or UTC",
            hint=suggestion(timezone, zone_names()),
        ) from None


def fires_after(cron: Cron, timezone: str, after: datetime, dialect: str) -> Iterator[datetime]:
    """Every instant strictly after `after`, in order; ends when the schedule does."""
    if not (cron.minutes and cron.hours) or is_empty(cron.dates):
        return
    seconds = [timedelta(seconds=s) for s in sorted(cron.seconds)]
    start = to_minutes(after)
    for fires, window in _windows(cron, timezone, start, dialect):
        for minute in instants(fires, window):
            at = from_minutes(minute)
            if cron.seconds == ON_THE_MINUTE:
                if at > after:
                    yield at
            else:
                yield from (at + s for s in seconds if at + s > after)


def _windows(cron: Cron, timezone: str, start: int, dialect: str) -> Iterator[tuple[FireSet, Window]]:
    span = 0
    until = start + sum(_SPANS) * DAY
    if cron.years is not None:
        years = [y for y in cron.years if y >= from_minutes(start).year - 1]
        if not years:
            return
        start = max(start, to_minutes(datetime(min(years), 1, 1, tzinfo=UTC)) - 2 * DAY)
        until = min(until, to_minutes(datetime(max(years) + 1, 1, 3, tzinfo=UTC)))
    while start < until and from_minutes(start).year < _LAST_YEAR:
        days = _SPANS[min(span, len(_SPANS) - 1)]
        window = Window(start, min(start + days * DAY, until))
        yield fires_of(cron, dialect, timezone, window), window
        start, span = window.end, span + 1
