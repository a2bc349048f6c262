"""Do these jobs fire when those do? The question that a migration has to answer, answered on exact sets of instants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Final

from attrs import frozen

from migrator.cron.firesets import FireSet, Window, add, fires_of, instants, minus, size
from migrator.cron.model import Cron, Once, Recurring
from migrator.cron.parser import parse
from migrator.cron.zones import DAY, from_minutes, to_minutes

SHOWN: Final = 10
"""How many differing instants are listed; all are counted."""


@frozen(kw_only=True)
class Timed:
    """A trigger and the dialect whose rules its platform follows."""

    trigger: Recurring | Once
    dialect: str


@frozen(kw_only=True)
class Difference:
    """Instants that one side has and the other has not.

    Attributes:
        count: how many.
        first: the first `SHOWN` of them, UTC.
    """

    count: int
    first: tuple[datetime, ...] = ()


@frozen(kw_only=True)
class Comparison:
    """How the instants of some jobs compare with those of others.

    Attributes:
        start: first instant looked at.
        end: the instant after the last.
        wanted: instants of the one side.
        got: instants of the other, those that several of its jobs share counted once.
        missing: wanted and not got.
        extra: got and not wanted.
        twice: got from more than one job.
    """

    start: datetime
    end: datetime
    wanted: int
    got: int
    missing: Difference
    extra: Difference
    twice: Difference

    @property
    def equal(self) -> bool:
        """Whether both sides fire at the same instants, each once."""
        return not (self.missing.count or self.extra.count or self.twice.count)


def compare(wanted: Iterable[Timed], got: Iterable[Timed], start: datetime, end: datetime) -> Comparison:
    """Compare the instants at which the jobs of two sides fire in [start, end), to the minute.

    Raises:
        ScheduleError: a text cannot be read, or a zone is unknown.
    """
    window = Window(to_minutes(start), to_minutes(end))
    one, _ = _union(wanted, window)
    other, twice = _union(got, window)
    missing, extra = minus(one, other), minus(other, one)
    return Comparison(
        start=start,
        end=end,
        wanted=size(one),
        got=size(other),
        missing=_told(missing, window),
        extra=_told(extra, window),
        twice=_told(twice, window),
    )


def fires_between(jobs: Iterable[Timed], start: datetime, end: datetime) -> tuple[datetime, ...]:
    """The instants in [start, end) at which any of these jobs fires, in order, to the minute.

    Raises:
        ScheduleError: a text cannot be read, or a zone is unknown.
    """
    window = Window(to_minutes(start), to_minutes(end))
    union, _ = _union(jobs, window)
    return tuple(from_minutes(minute) for minute in instants(union, window))


def _union(jobs: Iterable[Timed], window: Window) -> tuple[FireSet, FireSet]:
    """Every instant of the jobs, and those that more than one of them has."""
    union: FireSet = {}
    twice: FireSet = {}
    for job in jobs:
        fires = _fires(job, window)
        for days, minutes in minus(fires, minus(fires, union)).items():
            add(twice, days, minutes)
        for days, minutes in fires.items():
            add(union, days, minutes)
    return union, twice


def _fires(job: Timed, window: Window) -> FireSet:
    trigger = job.trigger
    if isinstance(trigger, Once):
        minute = to_minutes(trigger.at)
        day = minute // DAY - window.base
        return {1 << day: 1 << minute % DAY} if window.start <= minute < window.end else {}
    cron = trigger.cron if isinstance(trigger.cron, Cron) else parse(trigger.cron, job.dialect)
    return fires_of(cron, job.dialect, trigger.timezone, window)


def _told(fires: FireSet, window: Window) -> Difference:
    first = tuple(from_minutes(minute) for minute in islice(instants(fires, window), SHOWN))
    return Difference(count=size(fires), first=first)
