"""Finding expressions of the target that fire when the source does.

Three ways, from the best to the most general: rules that are equal for ever; the rule of the offset that holds now,
which is right until the clocks change; and lists of dates, which can say anything for up to a year.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final

from attrs import evolve, frozen

from migrator.cron.clocks import clock_rule, ever_meets_change
from migrator.cron.cover import cover_days, products
from migrator.cron.days import month_bits
from migrator.cron.dialects import DIALECTS
from migrator.cron.firesets import (
    EPOCH_ORDINAL,
    FireSet,
    Window,
    add,
    add_clipped,
    fires_of,
    instants,
    minus,
    rotate,
    shifted,
    size,
    times_of_day,
)
from migrator.cron.model import EVERY_MONTH, Cron, Dates
from migrator.cron.parse import parse
from migrator.cron.render import render
from migrator.cron.saying import disjoint, say_dates
from migrator.cron.zones import (
    DAY,
    FAR_YEAR,
    fixed_offset,
    from_minutes,
    next_change,
    steady_dates,
    stretches,
    stretches_around,
    to_minutes,
)

_YEAR: Final = 366 * DAY


@frozen(kw_only=True)
class Task:
    """What is to be translated.

    Attributes:
        cron: the schedule.
        zone: its zone.
        source: its dialect.
        target: the dialect to say it in.
        target_zone: the zone to say it in.
        free_zone: whether single pieces may name another zone.
        window: the time in which the pieces must be exact.
    """

    cron: Cron
    zone: str
    source: str
    target: str
    target_zone: str
    free_zone: bool
    window: Window


@frozen(kw_only=True)
class Said:
    """One expression of a plan: as it will be read back by the target."""

    cron: Cron | None
    zone: str
    text: str | None = None
    at: datetime | None = None


@frozen(kw_only=True)
class Plan:
    """Expressions that say a schedule.

    Attributes:
        said: the expressions.
        until: the minute up to which they are known to be exact, None for ever.
        tight: whether looking further than `until` is pointless, because a clock change comes then.
    """

    said: tuple[Said, ...]
    until: int | None = None
    tight: bool = False


def source_fires(task: Task, window: Window) -> FireSet:
    """When the source fires."""
    return fires_of(task.cron, task.source, task.zone, window)


def plan_fires(task: Task, said: Sequence[Said], window: Window) -> FireSet | None:
    """When the pieces fire, None if two of them fire at one instant."""
    if len(said) == 1 and said[0].cron:
        return fires_of(said[0].cron, task.target, said[0].zone, window)
    found: FireSet = {}
    count = 0
    for piece in said:
        if piece.at is not None:
            minute = to_minutes(piece.at)
            fires = {1 << (minute // DAY - window.base): 1 << minute % DAY} if window.start <= minute < window.end else {}
        else:
            assert piece.cron is not None
            fires = fires_of(piece.cron, task.target, piece.zone, window)
        for days, minutes in fires.items():
            add(found, days, minutes)
        count += size(fires)
        if size(found) != count:
            return None
    return found


def say(task: Task, crons: Sequence[Cron], zone: str) -> tuple[Said, ...]:
    """The pieces in the target's words, read back as the target will read them."""
    texts = [render(c, task.target) for c in crons]
    return tuple(Said(cron=parse(text, task.target), zone=zone, text=text) for text in texts)


def never_together(said: Sequence[Said]) -> bool:
    """Whether no two pieces of one zone can ever fire at one instant."""
    crons = [p.cron for p in said if p.cron is not None]
    return all(
        not (times_of_day(a.minutes, a.hours) & times_of_day(b.minutes, b.hours)) or disjoint(a.dates, b.dates)
        for i, a in enumerate(crons)
        for b in crons[i + 1 :]
    )


def for_ever(task: Task) -> tuple[Said, ...] | None:
    """Pieces that equal the source for ever, None if no rule does."""
    start = task.window.start
    if task.zone == task.target_zone:
        crons = moved(task.cron, 0, task.target)
        if crons is None:
            return None
        said = say(task, crons, task.target_zone)
        rule = clock_rule(task.cron, task.source)
        alike = all(p.cron and clock_rule(p.cron, task.target) == rule for p in said)
        return said if alike or not ever_meets_change(task.cron, task.zone, start) else None
    there = fixed_offset(task.target_zone, start)
    if there is None:
        return None
    here = fixed_offset(task.zone, start)
    if here is None:
        here = _steady_offset(task.cron.dates, task.zone, from_minutes(start).year)
    if here is None:
        here = _indifferent_offset(task)
    if here is None:
        return None
    crons = moved(task.cron, here - there, task.target)
    return None if crons is None else say(task, crons, task.target_zone)


def moved(cron: Cron, by: int, target: str) -> tuple[Cron, ...] | None:
    """The schedule `by` minutes earlier, as crons that the target can say and that hold for ever; None if there are none."""
    times: dict[tuple[Dates, ...], int] = {}
    for days, minutes in rotate(times_of_day(cron.minutes, cron.hours), by):
        dates = say_dates(cron.dates, days, target)
        if dates is None:
            return None
        times[dates] = times.get(dates, 0) | minutes
    return tuple(
        Cron(minutes=minutes, hours=hours, dates=d, seconds=cron.seconds)
        for dates, some in times.items()
        for minutes, hours in products(some)
        for d in dates
    )


def _steady_offset(dates: Dates, zone: str, year: int) -> int | None:
    """The offset that holds on all these dates in every year, None if it changes."""
    if len(dates.months) == len(EVERY_MONTH) and len(dates.days) > 1:
        return None
    plain = dates.any_weekday and all(d > 0 for d in dates.days) and not dates.nearest
    days = sum(1 << (d - 1) for d in dates.days) if plain else (1 << 31) - 1
    for offset, steady in steady_dates(zone, year).items():
        if all(not days & _month_mask(m) & ~steady[m] for m in dates.months):
            return offset
    return None


@lru_cache(maxsize=16)
def _month_mask(month: int) -> int:
    length = 29 if month == 2 else 30 if month in {4, 6, 9, 11} else 31  # noqa: PLR2004 (February)
    return (1 << length) - 1


def _indifferent_offset(task: Task) -> int | None:
    """An offset of the source's zone, if the fires come out the same whichever of its offsets holds."""
    if not task.cron.dates.every_date or clock_rule(task.cron, task.source) != ("skip", "both"):
        return None
    times = times_of_day(task.cron.minutes, task.cron.hours)
    year = from_minutes(task.window.start).year
    offsets = {s.offset for s in stretches(task.zone, year, FAR_YEAR) if s.end > task.window.start}
    results = {sum(minutes for _, minutes in rotate(times, o)) for o in offsets}
    return min(offsets) if len(results) == 1 else None


def by_offset(task: Task) -> Iterator[Plan]:
    """For each difference of offsets in the window: the source moved by it. Right until the next change, if at all."""
    cron = task.cron
    if cron.years is not None and "year" not in DIALECTS[task.target].fields:
        cron = evolve(cron, dates=evolve(cron.dates, years=None))
    changes = [c for z in (task.zone, task.target_zone) if (c := next_change(z, task.window.start)) is not None]
    until = min(changes, default=None)
    for difference in differences(task):
        crons = moved(cron, difference, task.target)
        if crons:
            said = say(task, crons, task.target_zone)
            if cron is task.cron and until is not None and until >= task.window.end and task.zone != task.target_zone:
                yield Plan(said=said, until=until, tight=True)
            else:
                yield Plan(said=said, until=task.window.end)


def differences(task: Task) -> list[int]:
    """The source's offset minus the target's, for every stretch of the window, in order of appearance."""
    start, end = task.window.start, task.window.end
    if task.zone == task.target_zone:
        return [0]
    here = [s for s in stretches_around(task.zone, start, end) if s.start < end and s.end > start]
    there = [s for s in stretches_around(task.target_zone, start, end) if s.start < end and s.end > start]
    found = {a.offset - b.offset: None for a in here for b in there if a.start < b.end and b.start < a.end}
    return list(found)


def by_dates(task: Task, end: int, *, below: int) -> Plan | None:
    """The fires up to `end` as lists of dates; None if they cannot be told apart that way, in less than `below` pieces."""
    years = "year" in DIALECTS[task.target].fields
    window = Window(task.window.start // DAY * DAY, -(-end // DAY) * DAY)
    if task.target_zone != "UTC":
        window = Window(window.start - DAY, window.end + DAY)
    local = _to_local(source_fires(task, window), task.target_zone, window)
    if sum(len(products(minutes)) for minutes in local.values()) >= below:
        return None
    crons = _dated(task, local, window, end, years=years)
    if crons is None or len(crons) >= below:
        return None
    said = say(task, crons, task.target_zone)
    return Plan(said=said, until=end) if never_together(said) else None


def _to_local(fires: FireSet, zone: str, window: Window) -> FireSet:
    """UTC fires by the wall clock of a zone."""
    found: FireSet = {}
    for stretch in stretches_around(zone, window.start, window.end):
        part: FireSet = {}
        for days, minutes in fires.items():
            add_clipped(part, days, minutes, window, max(stretch.start, window.start), min(stretch.end, window.end))
        for days, minutes in part.items():
            for by, some in rotate(minutes, -stretch.offset):
                add(found, shifted(days, by), some)
    return found


def _dated(task: Task, fires: FireSet, window: Window, end: int, *, years: bool) -> list[Cron] | None:
    offset = stretches_around(task.target_zone, task.window.start, task.window.start)[-1].offset
    start, stop = task.window.start + offset, end + offset
    found: list[Cron] = []
    for days, minutes in fires.items():
        crons = _dated_part(task, days, minutes, window, (start, stop), years=years)
        if crons is None:
            at = start % DAY
            early, late = minutes & (1 << at) - 1, minutes >> at << at
            for some in (early, late):
                crons = _dated_part(task, days, some, window, (start, stop), years=years)
                if crons is None:
                    return None
                found += crons
        else:
            found += crons
    return found


def _dated_part(
    task: Task, days: int, minutes: int, window: Window, bounds: tuple[int, int], *, years: bool
) -> list[Cron] | None:
    """One product of days and times; days on which none of the times lies within `bounds` do not matter."""
    if not minutes:
        return []
    (first, from_minute), (last, to_minute) = divmod(bounds[0], DAY), divmod(bounds[1], DAY)
    first += not minutes >> from_minute
    last += bool(minutes & (1 << to_minute) - 1)
    span = last - first
    chosen = days >> (first - window.base) & (1 << span) - 1
    if not chosen:
        return []
    shapes = [s for by in (0, -1, 1) if (s := _shape(task.cron.dates, by, task.target))]
    dates = cover_days(chosen, first + EPOCH_ORDINAL, span, shapes=shapes, years=years)
    if dates is None:
        return None
    return [
        Cron(minutes=m, hours=h, dates=d, seconds=task.cron.seconds) for m, h in products(minutes) for d in dates
    ]


def _shape(dates: Dates, by: int, target: str) -> Dates | None:
    """The source's dates as a rule for any month, moved by some days, if the target can say that at once."""
    found = say_dates(evolve(dates, months=EVERY_MONTH, years=None), by, target)
    return found[0] if found and len(found) == 1 and not found[0].every_date else None


def first_difference(task: Task, said: Sequence[Said], start: int, end: int) -> int | None:
    """The first minute in [start, end) at which source and pieces differ, None if they agree."""
    for a, b in pairwise((start, min(start + 40 * DAY, end), end)):
        if a >= b:
            continue
        window = Window(a, b)
        wanted, got = source_fires(task, window), plan_fires(task, said, window)
        if got is None:
            return a
        found = [next(instants(d, window)) for d in (minus(wanted, got), minus(got, wanted)) if d]
        if found:
            return min(found)
    return None
