"""When jobs fire before and after a migration, for people to compare.

Pure: the instants come from the cron engine's exact sets. Nothing is decided here; what a translation is worth, its
verdict says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from attrs import frozen

from migrator.canonical import Fields
from migrator.convert.schedule import ConvertedSchedule
from migrator.cron import Cron, Once, Recurring, Timed, compare, fires_between, next_fires
from migrator.mapping.codecs import read_time

SPAN: Final = timedelta(days=14)
"""How far ahead fires are shown: two whole weeks, so that no weekday counts more than another."""

CELLS: Final = 7 * 24
"""The hours of a week."""

_AHEAD: Final = timedelta(days=400)
"""How far ahead the first difference is looked for: over every change of clocks of a year."""
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


@frozen(kw_only=True, slots=False)
class Stretch:
    """What fires in a stretch of time.

    Attributes:
        start: first instant.
        end: the instant after the last.
        before: when the source fires, UTC.
        after: when the target fires, UTC.
    """

    start: datetime
    end: datetime
    before: tuple[datetime, ...]
    after: tuple[datetime, ...]

    @cached_property
    def missing(self) -> tuple[datetime, ...]:
        """Fires of the source that the target has not."""
        there = frozenset(self.after)
        return tuple(at for at in self.before if at not in there)

    @cached_property
    def extra(self) -> tuple[datetime, ...]:
        """Fires of the target that the source has not."""
        there = frozenset(self.before)
        return tuple(at for at in self.after if at not in there)


@frozen(kw_only=True)
class Forecast:
    """When one job fires.

    Attributes:
        coming: the coming `SPAN`.
        next: the source's next fire, None when it has none.
        later: the days around that fire, where the coming ones are without.
        differs: the first instant at which the two sides differ, None when they agree for as long as was looked.
        around: the days around that instant, where they are not among the coming ones.
        migrates: whether the target fires at all; a job that stays behind has no `after`.
    """

    coming: Stretch
    next: datetime | None = None
    later: Stretch | None = None
    differs: datetime | None = None
    around: Stretch | None = None
    migrates: bool = True


@frozen(kw_only=True)
class Week:
    """How many fires each hour of the week has, Monday 00:00 UTC first.

    Attributes:
        before: at the source.
        after: at the target.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]


def timed(pieces: Iterable[Mapping[str, Any]]) -> list[Timed]:
    """Schedules as plans hold them (text, dialect and timezone, or at) as triggers."""
    return [
        Timed(trigger=Recurring(cron=piece["text"], timezone=piece["timezone"]), dialect=piece["dialect"])
        if piece.get("text")
        else Timed(trigger=Once(at=read_time(piece["at"])), dialect="vixie")
        for piece in pieces
    ]


def sides(schedule: ConvertedSchedule, fields: Fields) -> tuple[list[Timed], list[Timed]]:
    """The triggers of a job before and after it migrates; empty where no calendar can evaluate them.

    Args:
        schedule: what became of its schedule.
        fields: the target job's fields, which say when it fires where the target takes every dialect.
    """
    source = schedule.evidence.get("source")
    if source:
        return timed([source]), timed(schedule.pieces)
    cron = fields.get("trigger.cron")
    if isinstance(cron, Cron):
        same = [Timed(trigger=Recurring(cron=cron, timezone=fields["trigger.timezone"]), dialect=cron.dialect)]
    else:
        same = [Timed(trigger=Once(at=fields["trigger.at"]), dialect="vixie")] if "trigger.at" in fields else []
    return same, same


def forecast(before: list[Timed], after: list[Timed], *, start: datetime, migrates: bool = True) -> Forecast | None:
    """When a job fires from `start` on; None when no calendar can say.

    Args:
        before: its trigger at the source.
        after: its triggers at the target.
        start: now.
        migrates: whether it goes at all.
    """
    if not before:
        return None
    after = after if migrates else []
    start = start.replace(second=0, microsecond=0)
    coming = _stretch(before, after, start, start + SPAN)
    following = coming.before[0] if coming.before else _next(before, start)
    differs = _first_difference(before, after, start) if migrates else None
    is_later = following is not None and following >= coming.end
    is_beyond = differs is not None and differs >= coming.end
    return Forecast(
        coming=coming,
        next=following,
        later=_around(before, after, following) if following and is_later else None,
        differs=differs,
        around=_around(before, after, differs) if differs and is_beyond else None,
        migrates=migrates,
    )


def week(forecasts: Iterable[Forecast]) -> Week:
    """The fires of the coming days, by hour of the week."""
    before: Counter[int] = Counter()
    after: Counter[int] = Counter()
    for one in forecasts:
        before.update(map(_hour, one.coming.before))
        after.update(map(_hour, one.coming.after))
    return Week(before=tuple(before[n] for n in range(CELLS)), after=tuple(after[n] for n in range(CELLS)))


def _hour(at: datetime) -> int:
    return at.weekday() * 24 + at.hour


def _stretch(before: list[Timed], after: list[Timed], start: datetime, end: datetime) -> Stretch:
    return Stretch(
        start=start, end=end, before=fires_between(before, start, end), after=fires_between(after, start, end)
    )


def _around(before: list[Timed], after: list[Timed], at: datetime) -> Stretch:
    """The same length of time with an instant in its middle."""
    start = at.replace(hour=0, minute=0) - SPAN // 2 + _DAY
    return _stretch(before, after, start, start + SPAN)


def _next(jobs: list[Timed], start: datetime) -> datetime | None:
    found = []
    for job in jobs:
        trigger = job.trigger
        if isinstance(trigger, Once):
            found += [trigger.at] if trigger.at >= start else []
        else:
            found += next_fires(trigger.cron, trigger.timezone, start - _MINUTE, 1, dialect=job.dialect)
    return min(found, default=None)


def _first_difference(before: list[Timed], after: list[Timed], start: datetime) -> datetime | None:
    found = compare(before, after, start, start + _AHEAD)
    return min((*found.missing.first[:1], *found.extra.first[:1], *found.twice.first[:1]), default=None)
