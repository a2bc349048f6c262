"""The rolling exact window: the fewest expressions that are exact for a while, to be renewed before that ends.

Where no clock change lies in the window this is one expression, the source moved by today's offset. Near a change it
is lists of dates on either side. Old and new sets agree where they overlap, so it does not matter when the edit is made.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import evolve

from migrator.cron.dialects import DIALECTS
from migrator.cron.firesets import FireSet, Window, instants, minus, size
from migrator.cron.plan import Plan, Said, Task, by_dates, by_offset, never_together, plan_fires, source_fires
from migrator.cron.zones import DAY, from_minutes, to_minutes

_REPAIRS: Final = 4
_NO_LIMIT: Final = 1_000
_EXTENSIONS: Final = (31, 62, 93, 185, 366)


def window_plan(task: Task, fires: FireSet, first: datetime | None) -> Plan | None:
    """The fewest expressions that are exact in the window; among equals those that stay right longest.

    Args:
        task: what to translate.
        fires: the source's fires in the window.
        first: the next fire, when the window has none: the plan then reaches that far.
    """
    if first is not None:
        minute = to_minutes(first)
        wide = evolve(task, window=Window(task.window.start, minute + 1))
        return _fewest(wide, source_fires(wide, wide.window)) or _only(task, first)
    return _fewest(task, fires)


def _fewest(task: Task, fires: FireSet) -> Plan | None:
    best: Plan | None = None
    for plan in by_offset(task):
        if _exact(task, plan, fires) and (best is None or len(plan.said) < len(best.said)):
            best = plan
        if best and len(best.said) == 1:
            return best
    if task.free_zone and (found := _repaired(task, fires)) and (best is None or len(found.said) < len(best.said)):
        best = found
    zones = {task.target_zone, "UTC"} if task.free_zone else {task.target_zone}
    for zone in sorted(zones, key=task.target_zone.__ne__):
        there = evolve(task, target_zone=zone)
        if found := _dated(there, fires, below=len(best.said) if best else _NO_LIMIT):
            best = found
    return best


def _exact(task: Task, plan: Plan, fires: FireSet) -> bool:
    return plan_fires(task, plan.said, task.window) == fires and never_together(plan.said)


def _dated(task: Task, fires: FireSet, *, below: int) -> Plan | None:
    """Lists of dates, reaching as far beyond the window as the same number of expressions can."""
    best = by_dates(task, task.window.end, below=below)
    if best is None or not _exact(task, best, fires):
        return None
    for days in _EXTENSIONS:
        end = _month_end(task.window.end, days)
        longer = by_dates(task, end, below=len(best.said) + 1)
        if longer is None or not _exact(task, longer, fires):
            break
        best = longer
    return best


def _month_end(minute: int, days: int) -> int:
    """The start of the month after the one that lies some days ahead."""
    at = from_minutes(minute + (days - 31) * DAY)
    return to_minutes(at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1, day=1, hour=0, minute=0))


def _repaired(task: Task, fires: FireSet) -> Plan | None:
    """The source's own expression and one-time jobs for the few instants that it misses on the target."""
    one_time = DIALECTS[task.target].one_time
    if one_time == "not":
        return None
    for plan in by_offset(task):
        got = plan_fires(task, plan.said, task.window)
        if got is None or minus(got, fires):
            continue
        missing = minus(fires, got)
        if not 0 < size(missing) <= _REPAIRS:
            continue
        said = [*plan.said, *(_one(task, from_minutes(m)) for m in instants(missing, task.window))]
        repaired = Plan(said=tuple(said), until=task.window.end)
        if plan_fires(task, repaired.said, task.window) == fires:
            return repaired
    return None


def _one(task: Task, at: datetime) -> Said:
    """A job for one instant."""
    from migrator.cron.one_time import dated  # noqa: PLC0415
    from migrator.cron.parse import parse  # noqa: PLC0415
    from migrator.cron.render import render  # noqa: PLC0415

    if DIALECTS[task.target].one_time == "trigger":
        return Said(cron=None, zone="UTC", at=at)
    text = render(dated(at, year=DIALECTS[task.target].one_time == "year"), task.target)
    return Said(cron=parse(text, task.target), zone="UTC", text=text, at=at)


def _only(task: Task, first: datetime) -> Plan | None:
    """A job for the next fire alone, for schedules too sparse for lists of dates."""
    if task.target_zone != "UTC" and not task.free_zone and DIALECTS[task.target].one_time != "trigger":
        return None
    plan = Plan(said=(_one(task, first),), until=to_minutes(first) + 1)
    return plan if plan_fires(task, plan.said, task.window) == {} else None
