"""Perpetual translations: no list of dates, nothing to renew.

That rests on two proofs. Dates: the Gregorian calendar repeats after 400 years, and sets that are equal there are
equal always. Zones: with the time zone database in use, what holds until 2140 holds always (see `zones.FAR_YEAR`).
"""

from __future__ import annotations

from migrator.cron.clocks import changes_ever_met, clock_rule
from migrator.cron.cover import products
from migrator.cron.date_rules import say_dates
from migrator.cron.dialects import DIALECTS
from migrator.cron.firesets import Window, rotate, times_of_day
from migrator.cron.model import EVERY_MONTH, Cron, Dates
from migrator.cron.task import Rendered, TranslationTask, plan_fires, say, source_fires
from migrator.cron.zones import FAR_YEAR, fixed_offset, from_minutes, month_days, same_zone, steady_dates, stretches


def for_ever(task: TranslationTask) -> tuple[Rendered, ...] | None:
    """Return parts that always equal the source; None if no rule does."""
    start = task.window.start
    if same_zone(task.zone, task.target_zone, start):
        return _same_wall_clock(task)
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
    return None if crons is None else say(task, crons)


def moved(cron: Cron, by: int, target: str) -> tuple[Cron, ...] | None:
    """Return a schedule `by` minutes earlier, as perpetual schedules of the target; None if there are none."""
    times: dict[tuple[Dates, ...], int] = {}
    for days, minutes in rotate(times_of_day(cron.minutes, cron.hours), by):
        dates = say_dates(cron.dates, days, target)
        if dates is None:
            return None
        times[dates] = times.get(dates, 0) | minutes
    return tuple(
        [
            Cron(minutes=minutes, hours=hours, dates=part, seconds=cron.seconds)
            for dates, some in times.items()
            for minutes, hours in products(some)
            for part in dates
        ]
    )


def _same_wall_clock(task: TranslationTask) -> tuple[Rendered, ...] | None:
    """The same wall-clock times; exact if both platforms fire alike at every clock change that the schedule meets."""
    crons = moved(task.cron, 0, task.target)
    if crons is None:
        return None
    choices = (True, False) if DIALECTS[task.target].clock.follow == "star" else (True,)
    ways = (say(task, crons, stars=stars) for stars in choices)
    return next((said for said in ways if _alike_at_changes(task, said)), None)


def _alike_at_changes(task: TranslationTask, said: tuple[Rendered, ...]) -> bool:
    """Whether source and pieces fire alike at every clock change; the gap and the overlap rule are compared apart."""
    gap, overlap = clock_rule(task.cron, task.source)
    rules = [clock_rule(piece.cron, task.target) for piece in said if piece.cron]
    same_gap = all(rule[0] == gap for rule in rules)
    same_overlap = all(rule[1] == overlap for rule in rules)
    if same_gap and same_overlap:
        return True
    for at, before, after in changes_ever_met(task.cron, task.zone, task.window.start):
        if same_gap if after > before else same_overlap:
            continue
        around = Window(at - abs(after - before), at + abs(after - before))
        if plan_fires(task, said, around) != source_fires(task, around):
            return False
    return True


def _steady_offset(dates: Dates, zone: str, year: int) -> int | None:
    """The offset that holds on all these dates in every year; None if it varies."""
    if dates.months == EVERY_MONTH:
        return None
    plain = dates.any_weekday and min(dates.days, default=0) > 0 and not dates.nearest
    days = sum(1 << (d - 1) for d in dates.days) if plain else -1
    for offset, steady in steady_dates(zone, year).items():
        if not any(days & month_days(m) & ~steady[m] for m in dates.months):
            return offset
    return None


def _indifferent_offset(task: TranslationTask) -> int | None:
    """Any offset of the source's zone, if the fires are the same whichever holds: every quarter of an hour, say."""
    if not task.cron.dates.every_date or clock_rule(task.cron, task.source) != ("skip", "both"):
        return None
    times = times_of_day(task.cron.minutes, task.cron.hours)
    start = task.window.start
    offsets = {s.offset for s in stretches(task.zone, from_minutes(start).year, FAR_YEAR) if s.end > start}
    results = {sum(minutes for _, minutes in rotate(times, offset)) for offset in offsets}
    return min(offsets) if len(results) == 1 else None
