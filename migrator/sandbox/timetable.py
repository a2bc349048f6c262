"""When a simulated job fires: the calendar is croniter's, an engine that shares nothing with the rest of the package.

croniter is handed explicit lists of values (see `grammar`), because it reads some texts in its own way: an equal range
as the whole cycle, a sixth field as seconds. It counts in wall clock time; where a zone's clock jumps, the dialect's
rule decides.

Where the rules come from: AWS, "Schedule types in EventBridge Scheduler" (guess: a repeated hour fires in its first
pass; guess: a month without an nth day has no nW); the documentation of the Go package robfig/cron v3 (a repeated hour
fires twice).
"""

from __future__ import annotations

import heapq
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from attrs import define, frozen
from croniter import CroniterBadDateError, croniter

from migrator.sandbox.grammar import BadCron, CronDialect, Timetable, parse

_LONGEST_JUMP: Final = timedelta(hours=3)  # no zone in use moves its clock further


@frozen(kw_only=True)
class Recurs:
    """Fires by a timetable that is read in a zone."""

    table: Timetable
    timezone: str


When = Recurs | datetime | None
"""When a record fires: again and again, once, or not at all."""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: object) -> bool:
    """Whether a value is the name of an IANA time zone."""
    return isinstance(name, str) and name in _zones()


def recurs(text: object, dialect: CronDialect, timezone: object) -> Recurs | None:
    """The recurrence that a stored record states; None where no server could evaluate it."""
    if not isinstance(text, str) or not is_zone(timezone):
        return None
    try:
        return Recurs(table=parse(text, dialect), timezone=str(timezone))
    except BadCron:
        return None


def instants(when: When, after: datetime) -> Iterator[datetime]:
    """Every instant at which a record fires, strictly after `after`, ascending."""
    if isinstance(when, Recurs):
        return fires(when.table, when.timezone, after)
    return iter([when] if when and when > after else [])


@define
class Ticker:
    """The coming instants of one record."""

    when: When
    coming: Iterator[datetime]
    head: datetime | None

    @classmethod
    def start(cls, when: When, after: datetime) -> Ticker:
        """From the first instant after `after` on."""
        coming = instants(when, after)
        return cls(when, coming, next(coming, None))

    def until(self, moment: datetime) -> Iterator[tuple[datetime, datetime | None]]:
        """Take every instant up to and including `moment`, each with the one after it."""
        while self.head is not None and self.head <= moment:
            at, self.head = self.head, next(self.coming, None)
            yield at, self.head


def fires(table: Timetable, timezone: str, after: datetime) -> Iterator[datetime]:
    """Every instant at which it fires, strictly after `after`, ascending, in UTC.

    A wall time that the clock jumps over does not fire. A repeated one fires in the first pass, and in the second as
    well where the dialect says so.
    """
    zone = ZoneInfo(timezone)
    waiting: list[datetime] = []
    for wall in _walls(table, after.astimezone(zone).replace(tzinfo=None) - _LONGEST_JUMP):
        first = wall.replace(tzinfo=zone).astimezone(UTC)
        if first.astimezone(zone).replace(tzinfo=None) != wall:
            continue
        while waiting and waiting[0] <= first:
            yield heapq.heappop(waiting)
        passes = {first, wall.replace(tzinfo=zone, fold=1).astimezone(UTC)} if table.repeated else {first}
        for instant in passes:
            if instant > after:
                heapq.heappush(waiting, instant)
    while waiting:
        yield heapq.heappop(waiting)


def _walls(table: Timetable, after: datetime) -> Iterator[datetime]:
    """Wall clock times after `after`, ascending, each once."""
    if table.years is None:
        yield from _every_year(table, after)
        return
    for year in (year for year in table.years if year >= after.year):
        new_year = after.replace(year=year, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        for wall in _every_year(table, max(after, new_year - timedelta(minutes=1))):
            if wall.year != year:
                break
            yield wall


def _every_year(table: Timetable, after: datetime) -> Iterator[datetime]:
    last = after
    for wall in heapq.merge(*(_croniter(text, after) for text in table.texts)):
        if wall != last and table.nearest <= monthrange(wall.year, wall.month)[1]:
            yield wall
        last = wall


def _croniter(text: str, after: datetime) -> Iterator[datetime]:
    upcoming = croniter(text, after, ret_type=datetime, day_or=False)
    while True:
        try:
            yield upcoming.get_next()
        except CroniterBadDateError:  # croniter's word for: no such day exists
            return
