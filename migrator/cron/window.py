"""The rolling exact window: the fewest expressions that are exact for a while, to be renewed before that ends.

Where no clock change lies in the window this is one expression, the source moved by today's offset. Near a change it
is lists of dates on either side. Old and new sets agree where they overlap, so the moment of the edit does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final

from attrs import evolve

from migrator.cron.date_lists import by_dates
from migrator.cron.dialects import DIALECTS
from migrator.cron.firesets import FireSet, Window, instants, minus, size
from migrator.cron.one_time import dated
from migrator.cron.perpetual import moved
from migrator.cron.task import Rendered, TranslationPlan, TranslationTask, is_exact, plan_fires, say, source_fires
from migrator.cron.zones import from_minutes, next_change, offset_at, stretches_around, to_minutes

_REPAIRS: Final = 4
_NO_LIMIT: Final = 1_000
_MONTHS_AHEAD: Final = (0, 1, 2, 5, 11)


def window_plan(task: TranslationTask, fires: FireSet, first: datetime | None) -> TranslationPlan | None:
    """The fewest pieces that are exact in the window; among equals those that stay right longest.

    Args:
        task: what to translate.
        fires: the source's fires in the window.
        first: the next fire, when the window has none: the plan then reaches that far.
    """
    if first is None:
        return _fewest(task, fires)
    wide = evolve(task, window=Window(task.window.start, to_minutes(first) + 1))
    return _fewest(wide, source_fires(wide, wide.window)) or _next_only(task, first)


def by_offset(task: TranslationTask) -> Iterator[TranslationPlan]:
    """For each difference of offsets in the window, the source moved by it: right until clocks change, if at all."""
    cron = task.cron
    bounded = cron.years is not None and "year" not in DIALECTS[task.target].fields
    if bounded:
        cron = evolve(cron, dates=evolve(cron.dates, years=None))
    start, end = task.window.start, task.window.end
    until = _undisturbed(task.source, task.zone, task.target, task.target_zone, start)
    tight = until is not None and until >= end and not bounded and task.zone != task.target_zone
    for difference in differences(task):
        crons = moved(cron, difference, task.target)
        if crons:
            yield TranslationPlan(said=say(task, crons), until=until if tight else end, tight=tight)


@lru_cache(maxsize=4096)
def _undisturbed(source: str, zone: str, target: str, target_zone: str, start: int) -> int | None:
    """The minute up to which today's offsets decide alone; None without an end."""
    sides = (_first_disturbance(source, zone, start), _first_disturbance(target, target_zone, start))
    return min((at for at in sides if at is not None), default=None)


def _first_disturbance(dialect: str, zone: str, start: int) -> int | None:
    """The next change of clocks, or the first pass of the hour that it repeats where only the second one runs."""
    at = next_change(zone, start)
    if at is None or DIALECTS[dialect].clock.overlap != "second":
        return at
    return at - max(offset_at(zone, at - 1) - offset_at(zone, at), 0)


def differences(task: TranslationTask) -> tuple[int, ...]:
    """The source's offset minus the target's, for every stretch of the window, in order of appearance."""
    return _differences(task.zone, task.target_zone, task.window.start, task.window.end)


@lru_cache(maxsize=4096)
def _differences(zone: str, target_zone: str, start: int, end: int) -> tuple[int, ...]:
    if zone == target_zone:
        return (0,)
    here, there = (
        [s for s in stretches_around(name, start, end) if s.start < end and s.end > start]
        for name in (zone, target_zone)
    )
    found = (a.offset - b.offset for a in here for b in there if a.start < b.end and b.start < a.end)
    return tuple(dict.fromkeys(found))


def _fewest(task: TranslationTask, fires: FireSet) -> TranslationPlan | None:
    best: TranslationPlan | None = None
    for plan in by_offset(task):
        if (best is None or len(plan.said) < len(best.said)) and is_exact(task, plan.said, fires):
            best = plan
        if best and len(best.said) == 1:
            return best
    found = _repaired(task, fires, below=_count(best)) if task.free_zone else None
    best = found or best
    zones = [task.target_zone, "UTC"] if task.free_zone and task.target_zone != "UTC" else [task.target_zone]
    for zone in zones:
        found = _reaching(evolve(task, target_zone=zone), fires, below=_count(best))
        best = found or best
    return best


def _count(plan: TranslationPlan | None) -> int:
    return len(plan.said) if plan else _NO_LIMIT


def _reaching(task: TranslationTask, fires: FireSet, *, below: int) -> TranslationPlan | None:
    """Lists of dates, reaching as far beyond the window as the same number of pieces can."""
    plans: list[TranslationPlan] = []
    least = below
    for months in _MONTHS_AHEAD:
        plan = by_dates(task, _month_end(task.window.end, months), below=least + 1 if plans else below)
        if plan is None:
            break
        plans.append(plan)
        least = len(plan.said)
    if least > 1 and (plan := by_dates(task, task.window.end, below=least)):
        plans = [plan]
    return next((plan for plan in reversed(plans) if is_exact(task, plan.said, fires)), None)


def _month_end(minute: int, months: int) -> int:
    """The end of the month that lies some months ahead."""
    at = from_minutes(minute)
    year, month = divmod(at.month + months, 12)
    return to_minutes(at.replace(year=at.year + year, month=month + 1, day=1, hour=0, minute=0))


def _repaired(task: TranslationTask, fires: FireSet, *, below: int) -> TranslationPlan | None:
    """The source's own expression, and jobs for the few instants that it misses on the target."""
    if DIALECTS[task.target].one_time == "not":
        return None
    for plan in by_offset(task):
        got = plan_fires(task, plan.said, task.window)
        if got is None or minus(got, fires):
            continue
        missing = minus(fires, got)
        if size(missing) > min(_REPAIRS, below - 1 - len(plan.said)):
            continue
        once = (_once(task, from_minutes(minute)) for minute in instants(missing, task.window))
        said = (*plan.said, *once)
        if is_exact(task, said, fires):
            return TranslationPlan(said=said, until=task.window.end)
    return None


def _next_only(task: TranslationTask, first: datetime) -> TranslationPlan | None:
    """A job for the next fire alone, for schedules too sparse for lists of dates."""
    if not (task.free_zone or task.target_zone == "UTC" or DIALECTS[task.target].one_time == "trigger"):
        return None
    said = (_once(task, first),)
    # Without a year the job comes round again, perhaps before `first`: then nothing is known beyond the window.
    until = task.window.end if DIALECTS[task.target].one_time == "not" else to_minutes(first) + 1
    return TranslationPlan(said=said, until=until) if is_exact(task, said, {}) else None


def _once(task: TranslationTask, at: datetime) -> Rendered:
    """A job for one instant, in UTC."""
    one_time = DIALECTS[task.target].one_time
    if one_time == "trigger":
        return Rendered(cron=None, zone="UTC", at=at)
    ((cron, text),) = [(s.cron, s.text) for s in say(task, [dated(at, year=one_time == "year")])]
    return Rendered(cron=cron, zone="UTC", text=text, at=at if one_time == "year" else None)
